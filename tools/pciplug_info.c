/* SPDX-License-Identifier: MIT */
/*
 * pciplug-info - print what a pciplug plugin offers, and what a device of it
 * looks like to a guest.
 *
 * One JSON object holds it all; without --json the same is printed as lines.
 */
#include "config.h"

#include "common/bytes.h"
#include "tools/info_device.h"
#include "tools/plugin_load.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "pciplug-info"
#define ERR_MAX 1024

enum { EXIT_OK, EXIT_RUN, EXIT_USAGE };

struct arguments {
	const char *plugin;
	const char *value;
	bool json;
	bool help;
	bool version;
};

static const char help[] =
	"Usage: " PROGRAM " [OPTION...] [VALUE]\n"
	"Print what a pciplug plugin offers. With the VALUE of its option (such as\n"
	"myfs:/srv/a), also make a device of it and print what a guest would see.\n"
	"\n"
	"  --json         as JSON\n"
	"  --plugin PATH  the plugin, instead of the installed virtiofs.so\n"
	"  --help         this text\n"
	"  --version      the version\n";

/* ---- lines ------------------------------------------------------------ */

static void print_value(json_object *value, int depth);

/* "key: value", or the key and what it holds below. */
/* NOLINTNEXTLINE(misc-no-recursion): a device describes itself */
static void print_member(const char *key, json_object *value, int depth)
{
	printf("%*s%s:", depth * 2, "", key);
	print_value(value, depth + 1);
}

/* Text of several lines is set below its key. */
static void print_text(const char *text, int depth)
{
	if (!strchr(text, '\n')) {
		printf(" %s\n", text);
		return;
	}
	putchar('\n');
	while (*text) {
		int len = (int)strcspn(text, "\n");

		printf("%*s%.*s\n", depth * 2, "", len, text);
		text += len;
		text += *text == '\n';
	}
}

/* An object in one line. */
static void print_item(json_object *item)
{
	const char *separator = "";

	json_object_object_foreach(item, key, value) {
		printf("%s %s %s", separator, key,
		       json_object_get_string(value));
		separator = ",";
	}
	putchar('\n');
}

/* A list of plain values is one line; one of objects, a line each. */
static void print_list(json_object *list, int depth)
{
	size_t n = json_object_array_length(list);
	bool nested = n && json_object_is_type(
		json_object_array_get_idx(list, 0), json_type_object);

	for (size_t i = 0; i < n; i++) {
		json_object *item = json_object_array_get_idx(list, i);

		if (!nested) {
			printf(" %s", json_object_get_string(item));
			continue;
		}
		printf("%s%*s-", i ? "" : "\n", depth * 2, "");
		print_item(item);
	}
	if (!nested)
		putchar('\n');
}

/* NOLINTNEXTLINE(misc-no-recursion): a device describes itself */
static void print_value(json_object *value, int depth)
{
	switch (json_object_get_type(value)) {
	case json_type_object:
		putchar('\n');
		json_object_object_foreach(value, key, member)
			print_member(key, member, depth);
		break;
	case json_type_array:
		print_list(value, depth);
		break;
	default:
		print_text(json_object_get_string(value), depth);
	}
}

static void print_lines(json_object *info)
{
	json_object_object_foreach(info, key, value)
		print_member(key, value, 0);
}

/* ---- the device ------------------------------------------------------- */

static void ignore_msix(void *ctx, uint16_t vector, uint64_t addr,
			uint32_t data)
{
	(void)ctx;
	(void)vector;
	(void)addr;
	(void)data;
}

static void ignore_intx(void *ctx, int asserted)
{
	(void)ctx;
	(void)asserted;
}

/* Only what is wrong: the device's own line at start is no news here. */
static void print_log(void *ctx, int level, const char *target,
		      const char *message)
{
	(void)ctx;
	if (level <= PCIPLUG_LOG_WARN)
		fprintf(stderr, PROGRAM ": %s: %s\n", target, message);
}

static bool add_device(json_object *info, const struct pciplug_plugin *plugin,
		       const char *value)
{
	const struct pciplug_host host = {
		.size = sizeof(host),
		.msix_signal = ignore_msix,
		.intx_set = ignore_intx,
		.log = print_log,
	};
	struct pciplug_device *dev;
	char err[ERR_MAX] = "";
	int ret = plugin->create(&host, value, err, sizeof(err), &dev);

	if (ret) {
		fprintf(stderr, PROGRAM ": %s: %s\n", value,
			*err ? err : strerror(-ret));
		return false;
	}
	json_object_object_add(info, "device", info_device(plugin, dev));
	plugin->destroy(dev);
	return true;
}

static int print_info(const struct arguments *args,
		      const struct pciplug_plugin *plugin)
{
	json_object *info = json_object_new_object();
	int status = EXIT_OK;

	json_object_object_add(info, "plugin", info_plugin(plugin));
	if (args->value && !add_device(info, plugin, args->value))
		status = EXIT_USAGE;
	else if (args->json)
		puts(json_object_to_json_string_ext(
			info, JSON_C_TO_STRING_PRETTY |
			      JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		print_lines(info);
	json_object_put(info);
	if (!status && (fflush(stdout) || ferror(stdout))) {
		fprintf(stderr, PROGRAM ": cannot write the output\n");
		status = EXIT_RUN;
	}
	return status;
}

static bool parse(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "plugin", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		args->json |= c == 'j';
		args->help |= c == 'h';
		args->version |= c == 'v';
		if (c == 'p')
			args->plugin = optarg;
		if (c == '?')
			return false;
	}
	if (optind < argc)
		args->value = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, PROGRAM ": unexpected argument '%s'; see --help\n",
			argv[optind]);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct arguments args = { .plugin = NULL };
	struct plugin_load plugin;
	char err[ERR_MAX];
	int status;

	if (!parse(argc, argv, &args))
		return EXIT_USAGE;
	if (args.help || args.version) {
		fputs(args.help ? help : PROGRAM " " PACKAGE_VERSION "\n",
		      stdout);
		return EXIT_OK;
	}
	if (plugin_load_open(args.plugin, &plugin, err, sizeof(err))) {
		fprintf(stderr, PROGRAM ": %s\n", err);
		return EXIT_USAGE;
	}
	status = print_info(&args, &plugin.table);
	plugin_load_close(&plugin);
	return status;
}
