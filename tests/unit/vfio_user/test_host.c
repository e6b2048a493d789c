/* SPDX-License-Identifier: MIT */
/* The parts of the host-side programs: options, socket names, QEMU's line. */
#include "tests/unit/vfio_user/fake_plugin.h"

#include "common/bytes.h"
#include "tools/host_options.h"
#include "tools/host_socket.h"
#include "tools/plugin_load.h"
#include "tools/vmm_args.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define ARGS_MAX 12

static bool parse(const char *const *args, struct host_options *options,
		  char *err)
{
	char *argv[ARGS_MAX + 2] = { (char *)"prog" };
	int argc = 1;

	for (; *args; args++)
		argv[argc++] = (char *)*args;
	return host_options_parse(argc, argv, options, err, HOST_ERR_MAX);
}

static void takes_options_and_a_command(void **state)
{
	/* The command is what follows "--": the vector must live on. */
	char *argv[] = {
		(char *)"prog", (char *)"--fake", (char *)"a:/x",
		(char *)"--fake=b:/y", (char *)"--socket-dir", (char *)"d",
		(char *)"--log-file=l", (char *)"--plugin", (char *)"p",
		(char *)"--", (char *)"qemu", (char *)"--help", NULL,
	};
	struct host_options o;
	char err[HOST_ERR_MAX];
	const struct host_share *share;

	(void)state;
	assert_true(host_options_parse(ARRAY_LEN(argv) - 1, argv, &o, err,
				       sizeof(err)));
	assert_int_equal(o.shares->len, 2);
	share = o.shares->pdata[0];
	assert_string_equal(share->option, "fake");
	assert_string_equal(share->value, "a:/x");
	share = o.shares->pdata[1];
	assert_string_equal(share->value, "b:/y");
	assert_string_equal(o.socket_dir, "d");
	assert_string_equal(o.log_file, "l");
	assert_string_equal(o.plugin, "p");
	assert_string_equal(o.command[0], "qemu");
	assert_string_equal(o.command[1], "--help");
	assert_false(o.help);
	assert_true(host_options_check(&o, &fake_plugin, err, sizeof(err)));
	host_options_done(&o);
}

static void refuses_bad_command_lines(void **state)
{
	static const struct {
		const char *args[ARGS_MAX];
		const char *error;
	} bad[] = {
		{ { "x" }, "unexpected argument 'x'" },
		{ { "-x" }, "unexpected argument '-x'" },
		{ { "--fake", "a:/", "--" }, "no command after '--'" },
		{ { "--socket-dir" }, "'--socket-dir' needs a value" },
		{ { "--socket-dir=" }, "'--socket-dir' needs a value" },
		{ { "--plugin", "--", "q" }, "'--plugin' needs a value" },
		{ { "--log-file" }, "'--log-file' needs a value" },
		{ { "--fake" }, "'--fake' needs a value: TEXT" },
		{ { "--fake", "--", "q" }, "'--fake' needs a value: TEXT" },
		{ { "--nonsense", "a" }, "unknown option '--nonsense'" },
		{ { "--nonsense" }, "unknown option '--nonsense'" },
		{ { "--help=x" }, "unknown option '--help'" },
		{ { "--socket-dir", "d" }, "nothing to serve" },
		{ { "--", "q" }, "nothing to serve" },
		{ { "--fake", "a:/" }, "expected --socket-dir DIR" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct host_options o;
		char err[HOST_ERR_MAX] = "";

		if (parse(bad[i].args, &o, err)) {
			assert_false(host_options_check(&o, &fake_plugin, err,
							sizeof(err)));
			host_options_done(&o);
		}
		if (!strstr(err, bad[i].error))
			fail_msg("expected '%s', got '%s'", bad[i].error, err);
		assert_null(strchr(err, '\n'));
	}
}

/* The path of the second of two shares, or NULL; err as given. */
static char *second_path(const char *first, const char *second, char *err)
{
	struct host_share shares[] = {
		{ NULL, first }, { NULL, second },
	};
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	g_auto(GStrv) paths = NULL;

	g_ptr_array_add(list, &shares[0]);
	g_ptr_array_add(list, &shares[1]);
	paths = host_socket_paths(list, "d", err, HOST_ERR_MAX);
	return paths ? g_strdup(paths[1]) : NULL;
}

static void sockets_are_called_by_their_tags(void **state)
{
	static const struct {
		const char *value, *path;
	} shares[] = {
		{ "myfs:/srv", "d/myfs.sock" },
		{ "myfs,/srv,ro", "d/myfs.sock" },
		{ "my fs:/srv", "d/my fs.sock" },
		{ "x,,y:/srv,,a", "d/x,y.sock" },
		{ "x,,,/srv", "d/x,.sock" },
		{ "y,", "d/y.sock" },
		{ "a/b:/srv", "d/1.sock" },
		{ ":/srv", "d/1.sock" },
		{ "..:/srv", "d/1.sock" },
		{ "{\"tag\":\"j\",\"root\":\"/\"}", "d/j.sock" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shares); i++) {
		char err[HOST_ERR_MAX] = "";
		g_autofree char *path = second_path("x:/y", shares[i].value,
						    err);

		assert_string_equal(path, shares[i].path);
	}
}

static void the_same_tag_twice_is_refused(void **state)
{
	static const char *const same[][2] = {
		{ "a:/x", "a:/y" }, { "a:/x", "a,/y" },
		{ "a:/x", "{\"tag\":\"a\"}" }, { "a/b:/x", "a/b:/y" },
		{ "1:/x", "a/b:/y" },   /* the second would be 1.sock */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		char err[HOST_ERR_MAX] = "";

		assert_null(second_path(same[i][0], same[i][1], err));
		assert_non_null(strstr(err, "twice"));
	}
}

static void knows_qemus_memory_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "512", 512ull << 20 }, { "512M", 512ull << 20 },
		{ "512m", 512ull << 20 }, { "2G", 2ull << 30 },
		{ "1.5G", 3ull << 29 }, { "size=2G", 2ull << 30 },
		{ "2G,slots=2,maxmem=4G", 2ull << 30 },
		{ "size=1T,slots=2", 1ull << 40 }, { "1024K", 1 << 20 },
		{ "1048576B", 1 << 20 }, { "1048577b", (1 << 20) + 8192 },
	};
	static const char *const bad[] = {
		"", "x", "-1", "0", "2X", "2GB", "size=", "size=x", "2G;",
		"99999999999T", "nan", "inf",
	};
	uint64_t bytes = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(vmm_args_parse_memory(good[i].text, &bytes));
		assert_int_equal(bytes, good[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(vmm_args_parse_memory(bad[i], &bytes));
}

/* The command that is run, as one text. */
static char *build(const char *command)
{
	g_auto(GStrv) words = g_strsplit(command, " ", 0);
	char *sockets[] = { (char *)"/d/a.sock", (char *)"/d/b,\".sock", NULL };
	char err[HOST_ERR_MAX] = "";
	g_auto(GStrv) args = vmm_args_build(words, sockets, err, sizeof(err));

	return args ? g_strjoinv(" ", args) : g_strdup(err);
}

#define DEVICES \
	" -device {\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"/d/a.sock\"}}" \
	" -device {\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"/d/b,\\\".sock\"}}"
#define MEMORY(size) \
	" -object memory-backend-memfd,id=pciplug-ram,size=" size ",share=on" \
	" -machine memory-backend=pciplug-ram"

static void adds_shared_memory_and_the_devices(void **state)
{
	static const struct {
		const char *command, *added;
	} commands[] = {
		{ "qemu", MEMORY("134217728") DEVICES },
		{ "qemu -m 512", MEMORY("536870912") DEVICES },
		{ "qemu -m 1G -machine q35 -m 2G",
		  MEMORY("2147483648") DEVICES },
		{ "qemu -m 1G -m slots=2,maxmem=4G",
		  MEMORY("1073741824") DEVICES },
		{ "qemu --m 64", MEMORY("67108864") DEVICES },
		{ "qemu -machine q35,memory-backend=x", DEVICES },
		{ "qemu -M q35,memory-backend=x", DEVICES },
		{ "qemu -numa node,memdev=x", DEVICES },
		{ "qemu -object memory-backend-file,share=on,id=x", DEVICES },
		{ "qemu -mem-path /dev/hugepages", DEVICES },
		{ "qemu -object memory-backend-file,id=x",
		  MEMORY("134217728") DEVICES },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		g_autofree char *line = build(commands[i].command);
		g_autofree char *want = g_strconcat(commands[i].command,
						    commands[i].added, NULL);

		assert_string_equal(line, want);
	}
}

static void an_odd_memory_size_is_refused(void **state)
{
	g_autofree char *line = build("qemu -m lots");

	(void)state;
	assert_non_null(strstr(line, "'-m lots'"));
}

static void tells_why_a_plugin_is_none(void **state)
{
	static const struct {
		const char *path, *error;
	} bad[] = {
		{ "/nonexistent/x.so", "No such file" },
		{ "nonexistent.so", "'./nonexistent.so'" },
		{ "/etc/passwd", "cannot load the plugin '/etc/passwd'" },
		{ "libm.so.6", "'./libm.so.6'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct plugin_load plugin = { .handle = NULL };
		char err[HOST_ERR_MAX] = "";

		assert_true(plugin_load_open(bad[i].path, &plugin, err,
					     sizeof(err)) < 0);
		if (!strstr(err, bad[i].error))
			fail_msg("expected '%s', got '%s'", bad[i].error, err);
		assert_null(plugin.handle);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_options_and_a_command),
		cmocka_unit_test(refuses_bad_command_lines),
		cmocka_unit_test(sockets_are_called_by_their_tags),
		cmocka_unit_test(the_same_tag_twice_is_refused),
		cmocka_unit_test(knows_qemus_memory_sizes),
		cmocka_unit_test(adds_shared_memory_and_the_devices),
		cmocka_unit_test(an_odd_memory_size_is_refused),
		cmocka_unit_test(tells_why_a_plugin_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
