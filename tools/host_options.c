/* SPDX-License-Identifier: MIT */
#include "tools/host_options.h"

#include <stdio.h>
#include <string.h>

static void free_share(void *data)
{
	struct host_share *share = data;

	g_free(share->option);
	g_free(share);
}

/* Our own options that take a value: where it goes, or NULL. */
static const char **find_value(struct host_options *options, const char *name)
{
	if (!strcmp(name, "plugin"))
		return &options->plugin;
	if (!strcmp(name, "socket-dir"))
		return &options->socket_dir;
	if (!strcmp(name, "log-file"))
		return &options->log_file;
	return NULL;
}

static bool find_flag(struct host_options *options, const char *name)
{
	options->help |= !strcmp(name, "help");
	options->version |= !strcmp(name, "version");
	return !strcmp(name, "help") || !strcmp(name, "version");
}

/* --NAME=VALUE, or --NAME followed by VALUE, which `next` is (or NULL). */
static bool parse_option(struct host_options *options, const char *arg,
			 const char *next, bool *ret_used_next, char *err,
			 size_t err_size)
{
	const char *equals = strchr(arg, '=');
	g_autofree char *name = equals ? g_strndup(arg, (gsize)(equals - arg)) :
					 g_strdup(arg);
	const char *value = equals ? equals + 1 : next;
	const char **own;
	struct host_share *share;

	if (!equals && value && !strcmp(value, "--"))
		value = NULL;
	*ret_used_next = false;
	if (!equals && find_flag(options, name))
		return true;
	own = find_value(options, name);
	if ((own || sandbox_has_option(name)) && (!value || !*value)) {
		snprintf(err, err_size, "option '--%s' needs a value", name);
		return false;
	}
	*ret_used_next = !equals && value;
	if (sandbox_has_option(name))
		return sandbox_set_option(&options->sandbox, name, value, err,
					  err_size);
	if (own) {
		*own = value;
		return true;
	}
	share = g_new(struct host_share, 1);
	share->option = g_steal_pointer(&name);
	share->value = value;
	g_ptr_array_add(options->shares, share);
	return true;
}

static bool parse(int argc, char **argv, struct host_options *options,
		  char *err, size_t err_size)
{
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		bool used_next;

		if (!strcmp(arg, "--")) {
			options->command = argv + i + 1;
			if (*options->command)
				return true;
			snprintf(err, err_size,
				 "there is no command after '--'");
			return false;
		}
		if (!strcmp(arg, "-h"))
			arg = "--help";
		if (strncmp(arg, "--", 2)) {
			snprintf(err, err_size,
				 "unexpected argument '%s'; a command to run follows '--'",
				 arg);
			return false;
		}
		if (!parse_option(options, arg + 2, argv[i + 1], &used_next,
				  err, err_size))
			return false;
		i += used_next;
	}
	return true;
}

bool host_options_parse(int argc, char **argv, struct host_options *ret_options,
			char *err, size_t err_size)
{
	struct host_options options = {
		.shares = g_ptr_array_new_with_free_func(free_share),
	};

	if (!parse(argc, argv, &options, err, err_size)) {
		host_options_done(&options);
		return false;
	}
	*ret_options = options;
	return true;
}

void host_options_done(struct host_options *options)
{
	g_ptr_array_unref(options->shares);
}

bool host_options_check(const struct host_options *options,
			const struct pciplug_plugin *plugin, char *err,
			size_t err_size)
{
	for (guint i = 0; i < options->shares->len; i++) {
		const struct host_share *share = options->shares->pdata[i];

		if (strcmp(share->option, plugin->option)) {
			snprintf(err, err_size,
				 "unknown option '--%s'; see --help",
				 share->option);
			return false;
		}
		if (!share->value) {
			snprintf(err, err_size,
				 "option '--%s' needs a value: %s",
				 plugin->option, plugin->option_value);
			return false;
		}
	}
	if (!options->shares->len) {
		snprintf(err, err_size,
			 "nothing to serve; expected --%s %s (see --help)",
			 plugin->option, plugin->option_value);
		return false;
	}
	if (!options->socket_dir && !options->command) {
		snprintf(err, err_size,
			 "expected --socket-dir DIR, or -- COMMAND");
		return false;
	}
	return true;
}
