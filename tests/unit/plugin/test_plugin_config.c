/* SPDX-License-Identifier: MIT */
#include "plugin/plugin_config.h"

#include "common/bytes.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct good {
	const char *text, *tag, *root;
	bool ro;
	unsigned queues, queue_size;    /* 0: the default */
};

static const struct good goods[] = {
	{ "myfs:/srv/a", "myfs", "/srv/a", false, 0, 0 },
	{ "myfs,/srv/a", "myfs", "/srv/a", false, 0, 0 },
	{ "home:/home,ro", "home", "/home", true, 0, 0 },
	{ "t:/a,queues=3,queue-size=128", "t", "/a", false, 3, 128 },
	{ "t,/a:b:c", "t", "/a:b:c", false, 0, 0 },
	{ "t:/a:b:c,ro", "t", "/a:b:c", true, 0, 0 },
	{ "t:C:\\dir\\,ro", "t", "C:\\dir\\", true, 0, 0 },
	{ "t:/a,,b,,,ro", "t", "/a,b,", true, 0, 0 },
	{ "a,,b:/r", "a,b", "/r", false, 0, 0 },
	{ "t:/a,ro=false", "t", "/a", false, 0, 0 },
	{ "123456789012345678901234567890123456:/",
	  "123456789012345678901234567890123456", "/", false, 0, 0 },
	{ "{\"tag\":\"a:b\",\"root\":\"/x,y\",\"ro\":true,\"queues\":2,"
	  "\"queue-size\":16}", "a:b", "/x,y", true, 2, 16 },
	{ " {\"root\":\"/\",\"tag\":\"t\"}", "t", "/", false, 0, 0 },
};

static void reads_every_form_of_a_share(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(goods); i++) {
		const struct good *g = &goods[i];
		struct plugin_config c;
		g_autoptr(GError) error = NULL;

		if (!plugin_config_parse(g->text, &c, &error))
			fail_msg("%s: %s", g->text, error->message);
		assert_string_equal(c.tag, g->tag);
		assert_string_equal(c.root, g->root);
		assert_int_equal(c.fs.read_only, g->ro);
		if (g->queues)
			assert_int_equal(c.queues, g->queues);
		else
			assert_in_range(c.queues, 1, 4);
		assert_int_equal(c.queue_size,
				 g->queue_size ? g->queue_size : 1024);
		plugin_config_done(&c);
	}
}

static unsigned poll_us(const char *text)
{
	struct plugin_config c;
	unsigned us;

	assert_true(plugin_config_parse(text, &c, NULL));
	us = c.poll_us;
	plugin_config_done(&c);
	return us;
}

static void polls_for_as_long_as_it_is_told(void **state)
{
	(void)state;
	assert_int_equal(poll_us("t:/"), 30);
	assert_int_equal(poll_us("t:/,poll-us=0"), 0);
	assert_int_equal(poll_us("{\"tag\":\"t\",\"root\":\"/\",\"poll-us\":1000}"),
			 1000);
}

/* ---- options of the file system ------------------------------------------ */

static struct vfs_options parsed(const char *text)
{
	struct plugin_config c;
	g_autoptr(GError) error = NULL;

	if (!plugin_config_parse(text, &c, &error))
		fail_msg("%s: %s", text, error->message);
	plugin_config_done(&c);
	return c.fs;
}

static void defaults_are_the_servers(void **state)
{
	struct vfs_options o, d;

	(void)state;
	vfs_options_default(&d);
	o = parsed("t:/");
	assert_int_equal(o.cache, VFS_CACHE_AUTO);
	assert_true(o.xattr && o.readdirplus && o.announce_submounts &&
		    o.killpriv_v2);
	assert_false(o.read_only || o.has_timeout || o.writeback ||
		     o.allow_mmap || o.direct_io || o.preserve_noatime ||
		     o.posix_acl || o.security_label);
	assert_int_equal(o.cache, d.cache);
	assert_int_equal(o.killpriv_v2, d.killpriv_v2);
	assert_int_equal(o.negative_timeout.sec, 0);
}

struct flag {
	const char *name;
	size_t at;                      /* of the field it sets... */
	bool value;                     /* ...to this */
};

#define FLAG(name, field) { name, offsetof(struct vfs_options, field), true }
#define NO_FLAG(name, field) \
	{ name, offsetof(struct vfs_options, field), false }

static const struct flag flags[] = {
	FLAG("ro", read_only),
	FLAG("writeback", writeback),
	FLAG("allow-mmap", allow_mmap),
	FLAG("direct-io", direct_io),
	FLAG("readdirplus", readdirplus),
	NO_FLAG("no-readdirplus", readdirplus),
	FLAG("preserve-noatime", preserve_noatime),
	FLAG("xattr", xattr),
	NO_FLAG("no-xattr", xattr),
	FLAG("posix-acl", posix_acl),
	FLAG("security-label", security_label),
	FLAG("announce-submounts", announce_submounts),
	NO_FLAG("no-announce-submounts", announce_submounts),
	FLAG("locks", locks),
	NO_FLAG("no-locks", locks),
	FLAG("killpriv-v2", killpriv_v2),
	NO_FLAG("no-killpriv-v2", killpriv_v2),
};

static bool field_of(const char *text, size_t at)
{
	struct vfs_options o = parsed(text);

	return *((bool *)((char *)&o + at));
}

#define JSON "{\"tag\":\"t\",\"root\":\"/\",\""

static void reads_every_flag_in_every_form(void **state)
{
	static const struct {
		const char *before, *after;
		bool yes;
	} forms[] = {
		{ "t:/,", "", true },
		{ "t:/,", "=true", true },
		{ "t:/,", "=false", false },
		{ JSON, "\":true}", true },
		{ JSON, "\":false}", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(flags) * ARRAY_LEN(forms); i++) {
		const struct flag *f = &flags[i / ARRAY_LEN(forms)];
		size_t form = i % ARRAY_LEN(forms);
		g_autofree char *text = g_strconcat(forms[form].before,
						    f->name,
						    forms[form].after, NULL);

		if (field_of(text, f->at) != (f->value == forms[form].yes))
			fail_msg("%s", text);
	}
}

static void reads_policies_and_times(void **state)
{
	struct vfs_options o;

	(void)state;
	assert_int_equal(parsed("t:/,cache=never").cache, VFS_CACHE_NEVER);
	assert_int_equal(parsed("t:/,cache=metadata").cache,
			 VFS_CACHE_METADATA);
	assert_int_equal(parsed("t:/,cache=auto").cache, VFS_CACHE_AUTO);
	assert_int_equal(parsed("t:/,cache=always").cache, VFS_CACHE_ALWAYS);
	o = parsed("t:/,timeout=2.5,negative-timeout=0.000000001");
	assert_true(o.has_timeout);
	assert_int_equal(o.timeout.sec, 2);
	assert_int_equal(o.timeout.nsec, 500000000);
	assert_int_equal(o.negative_timeout.sec, 0);
	assert_int_equal(o.negative_timeout.nsec, 1);
	o = parsed("t:/,timeout=0");
	assert_true(o.has_timeout);
	assert_int_equal(o.timeout.sec, 0);
	o = parsed("{\"tag\":\"t\",\"root\":\"/\",\"cache\":\"always\","
		   "\"timeout\":1.25,\"negative-timeout\":60}");
	assert_int_equal(o.cache, VFS_CACHE_ALWAYS);
	assert_int_equal(o.timeout.sec, 1);
	assert_int_equal(o.timeout.nsec, 250000000);
	assert_int_equal(o.negative_timeout.sec, 60);
	assert_int_equal(parsed("t:/").inode_file_handles, LX_HANDLES_PREFER);
	assert_int_equal(parsed("t:/,inode-file-handles=never")
				 .inode_file_handles, LX_HANDLES_NEVER);
	assert_int_equal(parsed("{\"tag\":\"t\",\"root\":\"/\","
				"\"inode-file-handles\":\"mandatory\"}")
				 .inode_file_handles, LX_HANDLES_MANDATORY);
	/* The last word counts. */
	assert_true(parsed("t:/,no-xattr,xattr").xattr);
	assert_int_equal(parsed("t:/,cache=never,cache=auto").cache,
			 VFS_CACHE_AUTO);
}

/* ---- maps ---------------------------------------------------------------- */

static const struct {
	const char *text;
	const char *host_name;          /* of the guest's user.x */
	uint32_t user, group;           /* the host's, of the guest's 0 and 1 */
} maps[] = {
	{ "t:/", "user.x", 0, 1 },
	{ "t:/,translate-uid=map:0:1000:1", "user.x", 1000, 1 },
	{ "t:/,translate-gid=squash-guest:0:5:9", "user.x", 0, 5 },
	{ "t:/,translate-uid=guest:5:9:1,translate-uid=guest:0:7:1,ro",
	  "user.x", 7, 1 },
	{ "t:/,translate-uid=guest:5:9:1 guest:0:7:1", "user.x", 7, 1 },
	{ "t:/,xattrmap=:map::user.virtiofs.:", "user.virtiofs.user.x", 0, 1 },
	{ "t:/,xattrmap=,,map,,,,user.virtiofs.,,,posix-acl=false",
	  "user.virtiofs.user.x", 0, 1 },
	{ "t:/,posix-acl,xattrmap=:map:trusted.:user.t.:", "user.x", 0, 1 },
	{ "t:/,posix-acl,translate-uid=map:0:1000:1", "user.x", 1000, 1 },
	{ JSON "translate-uid\":\"map:0:3:1\\nforbid-guest:9:1\","
	  "\"translate-gid\":\"map:1:4:1\",\"xattrmap\":\"/map//user.a./\"}",
	  "user.a.user.x", 3, 4 },
};

static void reads_maps(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
		char name[LX_XATTR_NAME_MAX + 1];
		struct plugin_config c;
		g_autoptr(GError) error = NULL;
		uint32_t user, group;

		if (!plugin_config_parse(maps[i].text, &c, &error))
			fail_msg("%s: %s", maps[i].text, error->message);
		assert_int_equal(vfs_idmap_to_host(c.fs.uid_map, 0, &user), 0);
		assert_int_equal(vfs_idmap_to_host(c.fs.gid_map, 1, &group),
				 0);
		assert_int_equal(vfs_xattrmap_to_host(c.fs.xattrmap, "user.x",
						      name), 0);
		if (user != maps[i].user || group != maps[i].group)
			fail_msg("%s: %u %u", maps[i].text, user, group);
		assert_string_equal(name, maps[i].host_name);
		plugin_config_done(&c);
	}
}

/* ---- errors -------------------------------------------------------------- */

/* The text, and what its error must name. */
static const char *const bads[][2] = {
	{ "", "TAG:ROOT" },
	{ "myfs", "TAG:ROOT" },
	{ "a,,b", "TAG:ROOT" },
	{ ":/srv", "empty tag" },
	{ ",/srv", "empty tag" },
	{ "t:", "empty root" },
	{ "t:,ro", "empty root" },
	{ "1234567890123456789012345678901234567:/", "at most 36" },
	{ "t:/,rw", "unknown option 'rw'" },
	{ "t:/,", "unknown option ''" },
	{ "t:/,ro=1", "ro=1" },
	{ "t:/,inode-file-handles=fallback", "never, prefer or mandatory" },
	{ "t:/,queues", "queues" },
	{ "t:/,queues=", "from 1 to 63" },
	{ "t:/,queues=0", "from 1 to 63" },
	{ "t:/,queues=64", "from 1 to 63" },
	{ "t:/,queues=-1", "from 1 to 63" },
	{ "t:/,queues=2x", "from 1 to 63" },
	{ "t:/,queues=99999999999999999999", "from 1 to 63" },
	{ "t:/,queue-size=4", "from 8 to 1024" },
	{ "t:/,queue-size=2048", "from 8 to 1024" },
	{ "t:/,queue-size=100", "power of 2" },
	{ "t:/,poll-us=1001", "from 0 to 1000" },
	{ "t:/,cache", "never, metadata, auto or always" },
	{ "t:/,cache=none", "cache=none" },
	{ "t:/,cache=", "expected never" },
	{ "t:/,timeout", "expected seconds" },
	{ "t:/,timeout=", "expected seconds" },
	{ "t:/,timeout=1s", "timeout=1s" },
	{ "t:/,timeout=-1", "expected seconds" },
	{ "t:/,timeout=.5", "expected seconds" },
	{ "t:/,timeout=1.", "expected seconds" },
	{ "t:/,timeout=1.0000000001", "expected seconds" },
	{ "t:/,timeout=1e3", "expected seconds" },
	{ "t:/,timeout=4294967296", "up to 4294967295" },
	{ "t:/,negative-timeout=x", "negative-timeout=x" },
	{ "t:/,writeback=yes", "writeback=yes" },
	{ "t:/,no-xattr=1", "no-xattr=1" },
	{ "t:/,posix-acl,no-xattr", "posix-acl and no-xattr" },
	{ "t:/,no-xattr,security-label", "security-label and no-xattr" },
	{ "t:/,writeback,cache=never", "writeback and cache=never" },
	{ "t:/,cache=metadata,writeback", "cache=metadata" },
	{ "t:/,translate-uid", "translate-uid: '': expected a rule" },
	{ "t:/,translate-uid=", "translate-uid: '': expected a rule" },
	{ "t:/,translate-uid=map:0:1", "translate-uid: 'map:0:1': expected" },
	{ "t:/,translate-gid=map:0:1:1,translate-gid=guest:0:2:1",
	  "translate-gid: 'guest:0:2:1': an earlier rule" },
	{ "t:/,xattrmap", "xattrmap: rule 1: expected ':TYPE" },
	{ "t:/,xattrmap=:ok:all:::,xattrmap=:ok:all:::", "given twice" },
	{ "t:/,xattrmap=:ok:every:::", "xattrmap: rule 1: scope 'every'" },
	{ "t:/,xattrmap=:ok:all:::,no-xattr", "xattrmap and no-xattr" },
	{ "t:/,posix-acl,xattrmap=:map::user.v.:", "posix-acl and xattrmap" },
	/* The root is what comes first, and nothing else. */
	{ "t:/,root=/etc", "unknown option 'root'" },
	{ "t:/,source=/etc", "unknown option 'source'" },
	{ "t:/,ro,t:/etc", "unknown option 't:/etc'" },
	{ "t:/,frobnicate", "no-killpriv-v2" },
	{ JSON "xattrmap\":true}", "a string" },
	{ JSON "xattrmap\":\":ok:all:::\\u0000x\"}", "NUL" },
	{ "{\"tag\":\"t\",\"root\":\"/\",\"cache\":1}", "a string" },
	{ "{\"tag\":\"t\",\"root\":\"/\",\"timeout\":\"1\"}",
	  "a number" },
	{ "{\"tag\":\"t\",\"root\":\"/\",\"xattr\":1}", "true or false" },
	{ "{", "JSON" },
	{ "{\"tag\":[{\"o\":true}]//}", "expected more" },
	{ "{\"tag\":\"t\"}", "\"root\"" },
	{ "{\"tag\":1,\"root\":\"/\"}", "\"tag\"" },
	{ "{\"tag\":\"t\\u0000u\",\"root\":\"/\"}", "NUL" },
	{ "{\"tag\":\"t\",\"root\":\"/\",\"x\":1}", "unknown option 'x'" },
	{ "{\"tag\":\"t\",\"root\":\"/\",\"queues\":\"2\"}", "\"queues\"" },
	{ "{\"tag\":\"t\",\"root\":\"/\",\"ro\":null}", "\"ro\"" },
	{ "{\"tag\":\"t\",\"root\":\"/\"} x", "JSON" },
};

static void says_what_is_wrong_in_one_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
		struct plugin_config c;
		g_autoptr(GError) error = NULL;

		if (plugin_config_parse(bads[i][0], &c, &error))
			fail_msg("accepted %s", bads[i][0]);
		if (!strstr(error->message, bads[i][1]) ||
		    strchr(error->message, '\n'))
			fail_msg("%s: %s", bads[i][0], error->message);
		plugin_config_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_form_of_a_share),
		cmocka_unit_test(polls_for_as_long_as_it_is_told),
		cmocka_unit_test(defaults_are_the_servers),
		cmocka_unit_test(reads_every_flag_in_every_form),
		cmocka_unit_test(reads_policies_and_times),
		cmocka_unit_test(reads_maps),
		cmocka_unit_test(says_what_is_wrong_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
