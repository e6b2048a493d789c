/* SPDX-License-Identifier: MIT */
/*
 * acl.c - POSIX ACLs: what they allow, how they and the mode change each
 * other, what a directory hands down, all through the raw attributes.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"
#define ENTRIES_MAX 16

struct acl {
	struct posix_acl_xattr_header head;
	struct posix_acl_xattr_entry entry[ENTRIES_MAX];
};

/* "u::rwx,u1000:rw-,g::r--,m::rw-,o::---" */
static size_t parse(const char *text, struct acl *ret_acl)
{
	size_t count = 0;

	ret_acl->head.a_version = POSIX_ACL_XATTR_VERSION;
	for (; *text && count < ENTRIES_MAX; count++) {
		struct posix_acl_xattr_entry *e = &ret_acl->entry[count];
		char tag = text[0], perm[4] = "";
		unsigned id = 0;
		int used = 0;

		if (sscanf(text + 1, "%u:%3[rwx-]%n", &id, perm, &used) == 2) {
			e->e_tag = tag == 'u' ? ACL_USER : ACL_GROUP;
			e->e_id = id;
		} else {
			sscanf(text + 1, "::%3[rwx-]%n", perm, &used);
			e->e_tag = tag == 'u' ? ACL_USER_OBJ :
				   tag == 'g' ? ACL_GROUP_OBJ :
				   tag == 'm' ? ACL_MASK : ACL_OTHER;
			e->e_id = ACL_UNDEFINED_ID;
		}
		e->e_perm = (perm[0] == 'r' ? ACL_READ : 0) |
			    (perm[1] == 'w' ? ACL_WRITE : 0) |
			    (perm[2] == 'x' ? ACL_EXECUTE : 0);
		text += 1 + used;
		text += *text == ',';
	}
	return sizeof(ret_acl->head) + count * sizeof(ret_acl->entry[0]);
}

static void say_acl(const char *path, const char *name)
{
	static const char *const tags[] = {
		[ACL_USER_OBJ] = "u:", [ACL_USER] = "u", [ACL_GROUP_OBJ] = "g:",
		[ACL_GROUP] = "g", [ACL_MASK] = "m:", [ACL_OTHER] = "o:",
	};
	char text[512] = "";
	struct acl acl;
	ssize_t len = lgetxattr(path, name, &acl, sizeof(acl));
	size_t at = 0;

	if (len < 0) {
		conf_say("%s %s: %s", path, name, conf_errname(errno));
		return;
	}
	for (size_t i = 0; sizeof(acl.head) + i * sizeof(acl.entry[0]) <
			   (size_t)len; i++) {
		const struct posix_acl_xattr_entry *e = &acl.entry[i];

		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "%s%d:%o,", tags[e->e_tag & 0x3f],
				       (int)e->e_id, e->e_perm);
	}
	conf_say("%s %s: %s", path, name, text);
}

static void set_acl(const char *path, const char *name, const char *text)
{
	struct acl acl;
	size_t size = parse(text, &acl);

	conf_say("setting %s of %s to %s", name, path, text);
	DO(lsetxattr(path, name, &acl, size, 0));
}

static void try_file(void)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };

	for (size_t i = 0; i < CONF_COUNT(modes); i++)
		close(FD(open("file", modes[i])));
	DO(access("file", R_OK));
	DO(access("file", W_OK));
	DO(access("file", X_OK));
}

static const char *const some_acls[] = {
	"u::rwx,u1000:rw-,g::r--,m::rwx,o::---",
	"u::rw-,u1000:rw-,g::r--,m::r--,o::---",
	"u::rw-,g::r--,g1000:-w-,g2000:r--,m::rwx,o::r--",
	"u::r--,u1000:---,g::rwx,m::rwx,o::rwx",
	"u::---,u1001:r--,g::---,g1000:rw-,m::rw-,o::---",
	"u::rwx,g::r-x,o::--x",
};

static void allows_what_the_entries_say(void)
{
	conf_file("file", 0644, "content");
	for (size_t i = 0; i < CONF_COUNT(some_acls); i++) {
		conf_on("%s", some_acls[i]);
		set_acl("file", ACCESS, some_acls[i]);
		conf_stat("file");
		say_acl("file", ACCESS);
		for (enum conf_who who = CONF_AS_USER; who <= CONF_AS_MEMBER;
		     who++) {
			conf_on("%s %s", some_acls[i], conf_who_name(who));
			conf_as(who, try_file);
		}
	}
}

static void change_with_the_mode(void)
{
	static const mode_t modes[] = { 0777, 0, 0640, 06755, 0707, 0070 };

	conf_file("file", 0644, "content");
	for (size_t i = 0; i < CONF_COUNT(some_acls); i++)
	for (size_t m = 0; m < CONF_COUNT(modes); m++) {
		conf_on("%s %04o", some_acls[i], modes[m]);
		set_acl("file", ACCESS, some_acls[i]);
		DO(chmod("file", modes[m]));
		conf_stat("file");
		say_acl("file", ACCESS);
	}
	conf_on("%s", "");
	DO(removexattr("file", ACCESS));
	conf_stat("file");
	say_acl("file", ACCESS);
	DO(removexattr("file", ACCESS));
}

static void make_below(mode_t mode)
{
	close(FD(open("dir/file", O_WRONLY | O_CREAT | O_EXCL, mode)));
	conf_stat("dir/file");
	say_acl("dir/file", ACCESS);
	DO(mkdir("dir/sub", mode));
	conf_stat("dir/sub");
	say_acl("dir/sub", ACCESS);
	say_acl("dir/sub", DEFAULT);
	DO(mknod("dir/fifo", S_IFIFO | mode, 0));
	conf_stat("dir/fifo");
	say_acl("dir/fifo", ACCESS);
	DO(symlink("x", "dir/link"));
	conf_stat("dir/link");
	say_acl("dir/link", ACCESS);
	conf_remove("dir/file");
	conf_remove("dir/sub");
	conf_remove("dir/fifo");
	conf_remove("dir/link");
}

static void directories_hand_them_down(void)
{
	static const mode_t modes[] = { 0777, 0666, 0600, 02755, 0, 0444 };
	static const mode_t masks[] = { 0, 022, 077, 0777 };

	conf_dir("dir", 0777);
	for (size_t i = 0; i < CONF_COUNT(some_acls); i++) {
		set_acl("dir", DEFAULT, some_acls[i]);
		say_acl("dir", DEFAULT);
		say_acl("dir", ACCESS);
		for (size_t m = 0; m < CONF_COUNT(modes); m++) {
			umask(masks[(m + i) % CONF_COUNT(masks)]);
			conf_on("%s mode %04o", some_acls[i], modes[m]);
			make_below(modes[m]);
		}
		conf_on("%s", "");
	}
	umask(027);
	DO(removexattr("dir", DEFAULT));
	make_below(0777);
	conf_stat("dir");
}

static void hand_down_deeply(void)
{
	conf_dir("dir", 02775);
	set_acl("dir", DEFAULT, "u::rwx,u1001:rwx,g::r-x,m::rwx,o::---");
	umask(077);
	DO(mkdir("dir/a", 0755));
	DO(mkdir("dir/a/b", 0700));
	close(FD(open("dir/a/b/file", O_WRONLY | O_CREAT, 0666)));
	say_acl("dir/a", ACCESS);
	say_acl("dir/a/b", DEFAULT);
	say_acl("dir/a/b/file", ACCESS);
	DO(rename("dir/a/b/file", "moved"));
	say_acl("moved", ACCESS);
	DO(link("moved", "dir/linked"));
	say_acl("dir/linked", ACCESS);
}

static void refuses_what_is_no_acl(void)
{
	static const char *const wrong[] = {
		"", "u::rwx", "u::rwx,g::r-x", "u::rwx,u1000:rw-,g::r--,o::r--",
		"g::r--,u::rwx,o::r--", "u::rwx,u::rwx,g::r--,o::r--",
		"u::rwx,u1000:rw-,u1000:r--,g::r--,m::rwx,o::r--",
	};
	struct acl acl;
	size_t size = parse(some_acls[0], &acl);

	conf_file("file", 0644, "");
	conf_dir("dir", 0755);
	MUST(symlink("file", "link"));
	for (size_t i = 0; i < CONF_COUNT(wrong); i++) {
		set_acl("file", ACCESS, wrong[i]);
		set_acl("dir", DEFAULT, wrong[i]);
		conf_stat("file");
		say_acl("dir", DEFAULT);
	}
	DO(setxattr("file", ACCESS, &acl, size - 1, 0));
	DO(setxattr("file", ACCESS, &acl, 3, 0));
	DO(setxattr("file", ACCESS, NULL, 0, 0));
	set_acl("file", DEFAULT, some_acls[0]);
	set_acl("link", ACCESS, some_acls[0]);
	set_acl("missing", ACCESS, some_acls[0]);
	acl.head.a_version = 3;
	DO(setxattr("file", ACCESS, &acl, size, 0));
	conf_stat("file");
}

static void set_foreign(void)
{
	set_acl("file", ACCESS, some_acls[0]);
	set_acl("mine", ACCESS, some_acls[0]);
	conf_stat("mine");
	say_acl("mine", ACCESS);
	say_acl("file", ACCESS);
	DO(removexattr("file", ACCESS));
}

static void prepare_foreign(void)
{
	conf_file("file", 0666, "");
	conf_file("mine", 02775, "");
	MUST(chown("mine", CONF_UID, 5));
	MUST(chmod("mine", 02775));
}

static void only_owners_set_them(void)
{
	conf_as(CONF_AS_USER, set_foreign);
	conf_as(CONF_AS_OTHER, set_foreign);
}

#define ACL_CASE(function, who, before) \
	{ #function, who, function, before, "*posix-acl*" }

static const struct conf_case cases[] = {
	ACL_CASE(allows_what_the_entries_say, CONF_ROOT, NULL),
	ACL_CASE(change_with_the_mode, CONF_BOTH, NULL),
	ACL_CASE(directories_hand_them_down, CONF_BOTH, NULL),
	ACL_CASE(hand_down_deeply, CONF_BOTH, NULL),
	ACL_CASE(refuses_what_is_no_acl, CONF_BOTH, NULL),
	ACL_CASE(only_owners_set_them, CONF_ROOT, prepare_foreign),
};
CONF_AREA(acl, cases);
