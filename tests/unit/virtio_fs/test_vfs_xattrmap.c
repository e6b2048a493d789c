/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_xattrmap.h"

#include "common/bytes.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ALL_PREFIXED ":prefix:all::user.virtiofs.::bad:all:::"
#define TRUSTED "/prefix/all/trusted./user.virtiofs./\n" \
	"/bad/server//trusted./\n/bad/client/user.virtiofs.//\n/ok/all///"
#define MAP_ALL ":map::user.virtiofs.:"
#define MAP_TRUSTED "/map/trusted./user.virtiofs./"
#define NO_SECURITY "/bad/all/security./security./ /ok/all///"
#define NO_SELINUX \
	"/unsupported/all/security.selinux/security.selinux//ok/all///"

static struct vfs_xattrmap *map_of(const char *rules)
{
	struct vfs_xattrmap *map;
	char error[256] = "";

	if (vfs_xattrmap_new(rules, error, sizeof(error), &map))
		fail_msg("%s: %s", rules, error);
	return map;
}

static const struct {
	const char *rules;
	const char *guest;
	int err;
	const char *host;
} names[] = {
	{ ALL_PREFIXED, "user.a", 0, "user.virtiofs.user.a" },
	{ ALL_PREFIXED, "security.capability", 0,
	  "user.virtiofs.security.capability" },
	{ MAP_ALL, "user.a", 0, "user.virtiofs.user.a" },
	{ TRUSTED, "trusted.a", 0, "user.virtiofs.trusted.a" },
	{ TRUSTED, "user.a", 0, "user.a" },
	{ TRUSTED, "user.virtiofs.trusted.a", -LX_EPERM, NULL },
	{ MAP_TRUSTED, "trusted.a", 0, "user.virtiofs.trusted.a" },
	{ MAP_TRUSTED, "user.a", 0, "user.a" },
	{ MAP_TRUSTED, "user.virtiofs.x", -LX_EPERM, NULL },
	{ NO_SECURITY, "security.a", -LX_EPERM, NULL },
	{ NO_SECURITY, "user.a", 0, "user.a" },
	{ NO_SELINUX, "security.selinux", -LX_EOPNOTSUPP, NULL },
	{ NO_SELINUX, "security.a", 0, "security.a" },
	/* A rule about the host's names says nothing about the guest's. */
	{ ":bad:server::: :ok:client:user.::", "user.a", 0, "user.a" },
	{ ":bad:server::: :ok:client:user.::", "trusted.a", -LX_EPERM, NULL },
	/* The first that matches counts. */
	{ ":ok:client:a:::prefix:client:a:b:", "a", 0, "a" },
	{ ":prefix:client:a:b::ok:client:a::", "a", 0, "ba" },
	/* Shorter than the key. */
	{ ":ok:client:user.abc::", "user.a", -LX_EPERM, NULL },
	/* Each rule has a separator of its own. */
	{ "|ok|client|user.a||,bad,client,user.b,,\n:ok:all:::", "user.b",
	  -LX_EPERM, NULL },
};

static void maps_the_guests_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct vfs_xattrmap *map = map_of(names[i].rules);
		char host[LX_XATTR_NAME_MAX + 1] = "?";
		int err = vfs_xattrmap_to_host(map, names[i].guest, host);
		const char *expected = names[i].host ? names[i].host : "?";

		if (err != names[i].err || strcmp(host, expected))
			fail_msg("%s: %s: %d, %s", names[i].rules,
				 names[i].guest, err, host);
		vfs_xattrmap_free(map);
	}
}

static void names_keep_within_their_limit(void **state)
{
	struct vfs_xattrmap *map = map_of(MAP_ALL);
	char name[LX_XATTR_NAME_MAX + 1], host[LX_XATTR_NAME_MAX + 1];
	size_t most = LX_XATTR_NAME_MAX - strlen("user.virtiofs.");

	(void)state;
	memset(name, 'n', sizeof(name));
	name[most] = '\0';
	assert_int_equal(vfs_xattrmap_to_host(map, name, host), 0);
	assert_int_equal(strlen(host), LX_XATTR_NAME_MAX);
	name[most] = 'n';
	name[most + 1] = '\0';
	assert_int_equal(vfs_xattrmap_to_host(map, name, host), -LX_ERANGE);
	vfs_xattrmap_free(map);
}

/* Lists are written with | for NUL. */
static const struct {
	const char *rules;
	const char *host;
	const char *guest;
} lists[] = {
	{ ALL_PREFIXED, "user.virtiofs.user.a|user.b|user.virtiofs.c|",
	  "user.a|c|" },
	{ MAP_ALL, "user.virtiofs.user.a|user.b|", "user.a|" },
	{ TRUSTED, "user.virtiofs.trusted.a|trusted.b|user.c|",
	  "trusted.a|user.c|" },
	{ MAP_TRUSTED, "user.virtiofs.trusted.a|trusted.b|user.c|",
	  "trusted.a|user.c|" },
	{ NO_SECURITY, "security.a|user.a|security.b|", "user.a|" },
	{ NO_SELINUX, "security.selinux|security.a|", "security.a|" },
	/* A rule about the guest's names says nothing about the host's. */
	{ ":bad:client::::ok:server::a:", "a|ab|b|", "a|ab|" },
	/* No empty names. */
	{ MAP_ALL, "user.virtiofs.|user.virtiofs.a|", "a|" },
	{ MAP_ALL, "||", "" },
	{ MAP_ALL, "", "" },
	/* What is cut is left out. */
	{ ":ok:all:::", "user.a|user.b", "user.a|" },
	{ MAP_ALL, "user.virtiofs.a|user.virtiofs.b", "a|" },
};

static size_t nuls(const char *text, char *ret)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		ret[i] = text[i] == '|' ? '\0' : text[i];
	return len;
}

static void lists_what_the_guest_may_see(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct vfs_xattrmap *map = map_of(lists[i].rules);
		/* Exactly as long, for address sanitizers. */
		char *list = malloc(strlen(lists[i].host) + 1);
		char expected[256];
		size_t len, expected_len = nuls(lists[i].guest, expected);

		assert_non_null(list);
		len = vfs_xattrmap_list(map, list, nuls(lists[i].host, list));
		if (len != expected_len || memcmp(list, expected, len))
			fail_msg("%s: %s: %.*s", lists[i].rules, lists[i].host,
				 (int)len, list);
		free(list);
		vfs_xattrmap_free(map);
	}
}

static void no_map_changes_nothing(void **state)
{
	char host[LX_XATTR_NAME_MAX + 1], list[] = "security.a\0user.b";

	(void)state;
	assert_int_equal(vfs_xattrmap_to_host(NULL, "user.a", host), 0);
	assert_string_equal(host, "user.a");
	assert_int_equal(vfs_xattrmap_list(NULL, list, sizeof(list)),
			 sizeof(list));
	assert_null(vfs_xattrmap_capability_name(NULL));
	vfs_xattrmap_free(NULL);
}

static void knows_where_capabilities_are(void **state)
{
	static const struct {
		const char *rules, *name;
	} cases[] = {
		{ MAP_ALL, "user.virtiofs.security.capability" },
		{ ":map:security.:trusted.:", "trusted.security.capability" },
		{ MAP_TRUSTED, NULL },
		{ NO_SECURITY, NULL },
		{ ":unsupported:all:security.:: :ok:all:::", NULL },
		{ ":ok:client:security.c::" MAP_ALL, NULL },
		{ ":ok:server:::", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vfs_xattrmap *map = map_of(cases[i].rules);
		const char *name = vfs_xattrmap_capability_name(map);

		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
		vfs_xattrmap_free(map);
	}
}

static const struct {
	const char *rules;
	const char *error;
} refused[] = {
	{ "", "rule 1: expected ':TYPE:" },
	{ " \t\n", "rule 1: expected ':TYPE:" },
	{ ":", "rule 1: expected type and a ':' after it" },
	{ ":ok", "rule 1: expected type and a ':' after it" },
	{ ":ok:", "rule 1: expected scope and a ':' after it" },
	{ ":ok:all", "rule 1: expected scope and a ':' after it" },
	{ ":ok:all:", "rule 1: expected key and a ':' after it" },
	{ ":ok:all::", "rule 1: expected prepend and a ':' after it" },
	{ ":prefix:all:trusted.:user.", "rule 1: expected prepend and" },
	{ ":map:trusted.:", "rule 1: expected prepend and" },
	{ ":ok:all::: :no:all:::", "rule 2: type 'no': expected prefix" },
	{ "::all:::", "rule 1: type '': expected prefix" },
	{ ":OK:all:::", "rule 1: type 'OK': expected prefix" },
	{ ":ok:both:::", "rule 1: scope 'both': expected client" },
	{ ":ok::::", "rule 1: scope '': expected client" },
	{ ":o\nk:all:::", "rule 1: type 'o': expected prefix" },
	{ "ok:all:::", "rule 1: expected a separator" },
	{ "\x80ok\x80", "rule 1: expected a separator" },
	{ ":ok:all::::", "rule 2: expected type" },
	{ MAP_ALL MAP_ALL, "rule 1: is 'map': expected it to be the last" },
	{ MAP_ALL " :ok:all:::", "rule 1: is 'map'" },
};

static void refuses_what_is_no_map(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct vfs_xattrmap *map;
		char error[256] = "";

		if (vfs_xattrmap_new(refused[i].rules, error, sizeof(error),
				     &map) != -LX_EINVAL)
			fail_msg("'%s' is taken", refused[i].rules);
		if (!strstr(error, refused[i].error))
			fail_msg("'%s': %s", refused[i].rules, error);
		assert_null(strchr(error, '\n'));
	}
}

static void refuses_fields_longer_than_names(void **state)
{
	struct vfs_xattrmap *map;
	char rules[400], error[256], field[257];

	(void)state;
	memset(field, 'f', 256);
	field[256] = '\0';
	for (unsigned cut = 0; cut < 2; cut++) {
		snprintf(rules, sizeof(rules), ":ok:all:%s::", field + cut);
		assert_int_equal(vfs_xattrmap_new(rules, error, sizeof(error),
						  &map),
				 cut ? 0 : -LX_EINVAL);
	}
	vfs_xattrmap_free(map);
	snprintf(rules, sizeof(rules), ":%s:", field);
	assert_int_equal(vfs_xattrmap_new(rules, error, sizeof(error), &map),
			 -LX_EINVAL);
	assert_string_equal(error,
			    "rule 1: type has 256 bytes: expected at most 255");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_the_guests_names),
		cmocka_unit_test(names_keep_within_their_limit),
		cmocka_unit_test(lists_what_the_guest_may_see),
		cmocka_unit_test(no_map_changes_nothing),
		cmocka_unit_test(knows_where_capabilities_are),
		cmocka_unit_test(refuses_what_is_no_map),
		cmocka_unit_test(refuses_fields_longer_than_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
