/* SPDX-License-Identifier: MIT */
#include "plugin/plugin_config.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

static struct plugin_config config;
static struct log quiet;

static int set_up(void **state)
{
	(void)state;
	log_init(&quiet, -1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	plugin_config_done(&config);
	return 0;
}

static void parse(const char *text)
{
	g_autoptr(GError) error = NULL;

	if (!plugin_config_parse(text, &config, &error))
		fail_msg("%s: %s", text, error->message);
}

/* What serving says is wrong; "": nothing. */
static const char *serve(const char *text)
{
	static char line[256];
	struct vfs_server *server = NULL;
	g_autoptr(GError) error = NULL;

	parse(text);
	line[0] = '\0';
	if (plugin_config_serve(&config, &quiet, &server, &error))
		assert_int_equal(vfs_server_stats(server).nodes, 1);
	else
		g_strlcpy(line, error->message, sizeof(line));
	vfs_server_free(server);
	plugin_config_done(&config);
	return line;
}

static void serves_what_there_is(void **state)
{
	(void)state;
	assert_string_equal(serve("t:/"), "");
	assert_string_equal(serve("t:/proc/self/status"), "");
	assert_string_equal(serve("t:folder=a:/,folder=b:/proc"), "");
	assert_string_equal(serve("t:,rlimit-nofile=200,folder=a:/"), "");
}

static void says_which_root_is_wrong(void **state)
{
	(void)state;
	assert_string_equal(serve("t:/none"),
			    "root '/none': No such file or directory");
	assert_string_equal(serve("t:folder=a:/,folder=b:/none"),
			    "folder 'b': root '/none': No such file or directory");
	assert_string_equal(serve("t:folder=a:/dev/null,folder=b:/"),
			    "folder 'a': root '/dev/null': expected a directory or a regular file");
}

/* What a share, one of so many, may hold. */
static unsigned part(const char *text, unsigned shares)
{
	struct vfs_folder folder;
	unsigned max;

	parse(text);
	plugin_config_divide(&config, shares);
	assert_true(plugin_config_folder(&config, 0, &folder));
	max = folder.options.max_descriptors;
	/* Of a share's folders, each has the same written down. */
	if (plugin_config_folder(&config, 1, &folder))
		assert_int_equal(folder.options.max_descriptors, max);
	plugin_config_done(&config);
	return max;
}

static void shares_of_a_process_divide_its_descriptors(void **state)
{
	struct rlimit was, limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	limit = (struct rlimit){ 1024, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	/* 256 are not theirs. */
	assert_int_equal(part("t:/", 5), 153);
	assert_int_equal(part("t:folder=a:/,folder=b:/", 5), 153);
	/* Alone, or told how many: nothing to divide. */
	assert_int_equal(part("t:/", 0), 0);
	assert_int_equal(part("t:/", 1), 0);
	assert_int_equal(part("t:/,rlimit-nofile=200", 5), 200);
	/* Each root is to work. */
	assert_int_equal(part("t:/", 100), 64);
	assert_int_equal(part("t:folder=a:/,folder=b:/", 100), 128);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
}

static void describes_a_share(void **state)
{
	static const char *const texts[][2] = {
		{ "t:/srv/a", "/srv/a" },
		{ "t:/srv/a,ro", "/srv/a (read-only)" },
		{ "t:folder=a:/x,folder=b:/y,ro", "a=/x, b=/y (read-only)" },
	};

	for (int i = 0; i < 3; i++) {
		g_autofree char *what = NULL;

		parse(texts[i][0]);
		what = plugin_config_describe(&config);
		assert_string_equal(what, texts[i][1]);
		tear_down(state);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(serves_what_there_is),
		TEST(says_which_root_is_wrong),
		TEST(shares_of_a_process_divide_its_descriptors),
		TEST(describes_a_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
