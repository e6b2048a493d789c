/* SPDX-License-Identifier: MIT */
#include "plugin/plugin_folder.h"

#include "common/bytes.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct plugin_config config;

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

static const struct plugin_folder *folder(guint i)
{
	assert_true(i < config.folders->len);
	return config.folders->pdata[i];
}

/* The same share, as each form has it. */
static const char *const forms[] = {
	"t:,queues=3,cache=always,posix-acl"
	",folder=a:/srv/a,ro,folder=b c:/srv/x,,y:z,cache=never",
	"t,folder=a:/srv/a,ro,cache=always,folder=b c:/srv/x,,y:z,cache=never",
	"{\"folders\":[{\"ro\":true,\"root\":\"/srv/a\",\"name\":\"a\"},"
	"{\"name\":\"b c\",\"root\":\"/srv/x,y:z\",\"cache\":\"never\"}],"
	"\"posix-acl\":true,\"cache\":\"always\",\"tag\":\"t\"}",
};

static void reads_every_form(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		parse(forms[i]);
		assert_string_equal(config.tag, "t");
		assert_null(config.root);
		assert_int_equal(config.folders->len, 2);
		assert_string_equal(folder(0)->name, "a");
		assert_string_equal(folder(0)->root, "/srv/a");
		assert_true(folder(0)->fs.read_only);
		assert_int_equal(folder(0)->fs.cache, VFS_CACHE_ALWAYS);
		assert_string_equal(folder(1)->name, "b c");
		assert_string_equal(folder(1)->root, "/srv/x,y:z");
		assert_false(folder(1)->fs.read_only);
		assert_int_equal(folder(1)->fs.cache, VFS_CACHE_NEVER);
		tear_down(state);
	}
	parse(forms[0]);
	assert_int_equal(config.queues, 3);
	assert_true(folder(0)->fs.posix_acl && folder(1)->fs.posix_acl);
}

static void a_share_may_have_one_folder(void **state)
{
	(void)state;
	parse("t:folder=a:/");
	assert_int_equal(config.folders->len, 1);
}

static void options_of_the_share_hold_for_each_folder(void **state)
{
	uint32_t id;

	(void)state;
	parse("t:,no-xattr,timeout=3,translate-uid=map:0:1000:1,rlimit-nofile=256"
	      ",folder=a:/,folder=b:/,xattr,timeout=0,ro"
	      ",translate-uid=map:0:2000:1,translate-uid=map:1:3000:1");
	assert_false(folder(0)->fs.xattr);
	assert_true(folder(1)->fs.xattr);
	assert_int_equal(folder(0)->fs.timeout.sec, 3);
	assert_true(folder(1)->fs.has_timeout);
	assert_int_equal(folder(1)->fs.timeout.sec, 0);
	assert_int_equal(folder(0)->fs.max_descriptors, 256);
	assert_int_equal(folder(1)->fs.max_descriptors, 256);
	/* Rules of its own take the place of the share's. */
	assert_int_equal(vfs_idmap_to_host(folder(0)->fs.uid_map, 0, &id), 0);
	assert_int_equal(id, 1000);
	assert_int_equal(vfs_idmap_to_host(folder(1)->fs.uid_map, 0, &id), 0);
	assert_int_equal(id, 2000);
	assert_int_equal(vfs_idmap_to_host(folder(1)->fs.uid_map, 1, &id), 0);
	assert_int_equal(id, 3000);
}

static void a_root_that_looks_like_a_folder_can_be_said(void **state)
{
	(void)state;
	parse("t:./folder=a:/b");
	assert_string_equal(config.root, "./folder=a:/b");
	assert_int_equal(config.folders->len, 0);
}

#define LONG "0123456789012345678901234567890123456789012345678901234567890123"

/* The text, and what its error must say. */
static const char *const bads[][2] = {
	{ "t:/srv,folder=a:/a", "root '/srv' and folders" },
	{ "t:,folder=a", "folder=a: expected folder=NAME:ROOT" },
	{ "t:,folder", "folder=: expected folder=NAME:ROOT" },
	{ "t:folder=:/a", "folder '': expected a name of 1 to 255" },
	{ "t:folder=.:/a", "folder '.': expected a name" },
	{ "t:folder=..:/a", "folder '..': expected a name" },
	{ "t:folder=a/b:/a", "folder 'a/b': expected a name" },
	{ "t:folder=" LONG LONG LONG LONG ":/a", "expected a name" },
	{ "t:folder=a:", "folder 'a': empty root" },
	{ "t:folder=a:/,folder=b:/,folder=a:/x", "folder 'a': the name" },
	{ "t:folder=a:/,roo", "unknown option 'roo'" },
	{ "t:folder=a:/,cache=x", "folder 'a': cache=x" },
	{ "t:,cache=x,folder=a:/", "cache=x" },
	/* What cannot differ. */
	{ "t:folder=a:/,queues=2", "folder 'a': expected queues among" },
	{ "t:folder=a:/,posix-acl", "folder 'a': expected posix-acl among" },
	{ "t:folder=a:/,rlimit-nofile=99", "expected rlimit-nofile among" },
	{ "t:folder=a:/,folder=b:/,writeback", "folder 'b': expected writeb" },
	{ "t:folder=a:/,no-killpriv-v2", "expected no-killpriv-v2 among" },
	/* What does not go together, where it does not. */
	{ "t:,writeback,folder=a:/,folder=b:/,cache=never",
	  "folder 'b': writeback and cache=never" },
	{ "t:,posix-acl,folder=a:/,no-xattr", "folder 'a': posix-acl and" },
	{ "t:,rlimit-nofile=100,folder=a:/,folder=b:/",
	  "rlimit-nofile=100: expected 0, or at least 128 (64 for each root)" },
	{ "t:/,rlimit-nofile=63", "at least 64" },
	{ "t:/,max-inodes=63",
	  "max-inodes=63: expected a number from 64 to 1048576" },
	{ "t:/,max-locks=65537",
	  "max-locks=65537: expected a number from 64 to 65536" },
	{ "t:folder=a:/,max-open-files=99", "expected max-open-files among" },
	{ "t:/,rlimit-nofile=x", "rlimit-nofile=x: expected a number" },
	{ "{\"tag\":\"t\",\"folders\":[]}", "\"root\" or \"folders\"" },
	{ "{\"tag\":\"t\",\"folders\":{}}", "\"folders\": expected a list" },
	{ "{\"tag\":\"t\",\"folders\":[1]}", "expected a list of objects" },
	{ "{\"tag\":\"t\",\"folders\":[{\"name\":\"a\"}]}",
	  "\"name\" and \"root\" in each" },
	{ "{\"tag\":\"t\",\"folders\":[{\"root\":\"a\"}]}",
	  "\"name\" and \"root\" in each" },
	{ "{\"tag\":\"t\",\"folders\":[{\"name\":1,\"root\":\"/\"}]}",
	  "\"name\": expected a string" },
	{ "{\"tag\":\"t\",\"folders\":[{\"name\":\"a\",\"root\":\"/\","
	  "\"queues\":2}]}", "expected queues among" },
	{ "{\"tag\":\"t\",\"folders\":[{\"name\":\"a\",\"root\":\"/\","
	  "\"ro\":1}]}", "\"ro\": expected true or false" },
	{ "{\"tag\":\"t\",\"root\":\"/\",\"folders\":[{\"name\":\"a\","
	  "\"root\":\"/\"}]}", "root '/' and folders" },
};

static void says_what_is_wrong_in_one_line(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
		g_autoptr(GError) error = NULL;

		if (plugin_config_parse(bads[i][0], &config, &error))
			fail_msg("accepted %s", bads[i][0]);
		if (!strstr(error->message, bads[i][1]) ||
		    strchr(error->message, '\n'))
			fail_msg("%s: %s", bads[i][0], error->message);
		tear_down(state);
	}
}

#define TEST(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_every_form),
		TEST(a_share_may_have_one_folder),
		TEST(options_of_the_share_hold_for_each_folder),
		TEST(a_root_that_looks_like_a_folder_can_be_said),
		TEST(says_what_is_wrong_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
