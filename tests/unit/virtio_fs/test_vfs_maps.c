/* SPDX-License-Identifier: MIT */
/*
 * The maps in use: what a guest does and sees, and what the host has.  Owners
 * take a process that may change them.
 */
#include "tests/unit/virtio_fs/share.h"

#include "common/bytes.h"
#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

#define UIDS "map:0:1000:1 map:1000:0:1 map:10:1010:5 forbid-guest:50:10"
#define GIDS "map:0:2000:1 map:7:2007:1 forbid-guest:50:10"

/* ---- the shares ---------------------------------------------------------- */

static struct vfs_options options;

static int up(void **state, bool ids, const char *xattrmap,
	      uint64_t offered, void (*make)(int root_fd))
{
	char error[256];
	int err = 0;

	vfs_options_default(&options);
	options.posix_acl = offered & FUSE_POSIX_ACL;
	options.security_label = offered & FUSE_SECURITY_CTX;
	if (ids)
		err = vfs_idmap_add(&options.uid_map, UIDS, error,
				    sizeof(error)) ||
		      vfs_idmap_add(&options.gid_map, GIDS, error,
				    sizeof(error));
	if (xattrmap)
		err |= vfs_xattrmap_new(xattrmap, error, sizeof(error),
					&options.xattrmap);
	if (err) {
		print_error("%s\n", error);
		return -1;
	}
	return share_up_with(state, &options, offered, make);
}

static int down(void **state)
{
	int ret = share_down(state);

	vfs_options_done(&options);
	return ret;
}

/* The root belongs to the guest's root, by its map. */
static void own_root(int root_fd)
{
	if (!geteuid() && fchown(root_fd, 1000, 2000))
		abort();
}

static int ids_up(void **state)
{
	return up(state, true, NULL, 0, own_root);
}

static int acls_up(void **state)
{
	return up(state, true, NULL,
		  FUSE_POSIX_ACL | FUSE_DONT_MASK | FUSE_SETXATTR_EXT,
		  own_root);
}

static int names_up(void **state)
{
	return up(state, false,
		  ":prefix:all:trusted.:user.virtiofs.: :bad:server::trusted.:"
		  ":bad:client:user.virtiofs.:: :bad:all:user.bad.:user.bad.:"
		  ":unsupported:all:user.un.:user.un.::ok:all:::", 0, NULL);
}

static int prefixed_up(void **state)
{
	return up(state, false, ":map::user.virtiofs.:",
		  FUSE_SECURITY_CTX | FUSE_HANDLE_KILLPRIV_V2 | FUSE_INIT_EXT,
		  NULL);
}

static struct stat host_stat(struct share *s, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(s->root_fd, name, &st, AT_SYMLINK_NOFOLLOW),
			 0);
	return st;
}

static void host_is(struct share *s, const char *name, uid_t uid, gid_t gid)
{
	struct stat st = host_stat(s, name);

	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, gid);
}

static void need_root(void)
{
	if (geteuid())
		skip();
}

/* ---- owners -------------------------------------------------------------- */

static void what_is_created_belongs_to_the_mapped_caller(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e;
	uint64_t fh;

	need_root();
	c->uid = c->gid = 0;
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "file", LX_O_RDWR,
				       LX_S_IFREG | 0644, &e, &fh), 0);
	assert_int_equal(e.attr.uid, 0);
	assert_int_equal(e.attr.gid, 0);
	host_is(s, "file", 1000, 2000);
	assert_int_equal(client_mkdir(c, FUSE_ROOT_ID, "dir", 0777, &e), 0);
	host_is(s, "dir", 1000, 2000);
	assert_int_equal(client_mknod(c, FUSE_ROOT_ID, "fifo",
				      LX_S_IFIFO | 0600, 0, &e), 0);
	host_is(s, "fifo", 1000, 2000);
	assert_int_equal(client_symlink(c, FUSE_ROOT_ID, "link", "x", &e), 0);
	host_is(s, "link", 1000, 2000);
	assert_int_equal(e.attr.uid, 0);
	/* Each is who he is. */
	c->uid = 12;
	c->gid = 7;
	assert_int_equal(client_create(c, node_of(s, FUSE_ROOT_ID, "dir"),
				       "file", LX_O_RDWR, LX_S_IFREG | 0644,
				       &e, &fh), 0);
	assert_int_equal(e.attr.uid, 12);
	assert_int_equal(e.attr.gid, 7);
	host_is(s, "dir/file", 1012, 2007);
}

/* 1010 and 10 are one user of the host, whom the guest is shown as 10. */
static void what_becomes_anothers_is_not_setuid(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e;
	uint64_t fh;

	need_root();
	c->uid = 10;
	c->gid = 7;
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "own", LX_O_RDWR,
				       LX_S_IFREG | 06755, &e, &fh), 0);
	assert_int_equal(host_stat(s, "own").st_mode, S_IFREG | 06755);
	c->uid = 1010;
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "other", LX_O_RDWR,
				       LX_S_IFREG | 06755, &e, &fh), 0);
	assert_int_equal(e.attr.uid, 10);
	assert_int_equal(host_stat(s, "other").st_mode, S_IFREG | 0755);
}

/* Needs a file system that has whiteouts. */
static void a_whiteout_belongs_to_the_mapped_caller(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	int err;

	need_root();
	host_file(s->root_fd, "a", "");
	c->uid = c->gid = 50;
	assert_int_equal(client_rename(c, FUSE_ROOT_ID, "a", FUSE_ROOT_ID, "b",
				       LX_RENAME_WHITEOUT), -LX_EPERM);
	c->uid = c->gid = 0;
	err = client_rename(c, FUSE_ROOT_ID, "a", FUSE_ROOT_ID, "b",
			    LX_RENAME_WHITEOUT);
	if (err == -LX_EINVAL)
		skip();
	assert_int_equal(err, 0);
	host_is(s, "a", 1000, 2000);
}

static void a_forbidden_user_creates_nothing(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e;

	c->uid = 59;
	c->gid = 7;
	assert_int_equal(client_mkdir(c, FUSE_ROOT_ID, "dir", 0777, &e),
			 -LX_EPERM);
	assert_int_equal(client_access(c, FUSE_ROOT_ID, LX_R_OK), -LX_EPERM);
	c->uid = 7;
	c->gid = 50;
	assert_int_equal(client_symlink(c, FUSE_ROOT_ID, "dir", "x", &e),
			 -LX_EPERM);
	assert_int_equal(client_lookup(c, FUSE_ROOT_ID, "dir", &e),
			 -LX_ENOENT);
}

static void owners_are_shown_as_the_guest_knows_them(void **state)
{
	struct share *s = *state;
	const struct fuse_statx_in in = { .sx_mask = 0x7ff };
	struct fuse_statx_out stx;
	struct client_dirent d;
	struct fuse_attr attr;
	size_t offset = 0;
	bool seen = false;
	uint64_t node, fh;

	need_root();
	host_file(s->root_fd, "a", "");
	assert_int_equal(fchownat(s->root_fd, "a", 1000, 2007, 0), 0);
	node = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(client_getattr(s->client, node, &attr), 0);
	assert_int_equal(attr.uid, 0);
	assert_int_equal(attr.gid, 7);
	assert_int_equal(client_statx(s->client, node, &in, &stx), 0);
	assert_int_equal(stx.stat.uid, 0);
	assert_int_equal(stx.stat.gid, 7);
	assert_int_equal(client_open(s->client, FUSE_OPENDIR, FUSE_ROOT_ID, 0,
				     &fh), 0);
	assert_true(client_read(s->client, FUSE_READDIRPLUS, FUSE_ROOT_ID, fh,
				0, 8192) > 0);
	while (client_next_dirent(s->client, true, &offset, &d)) {
		if (strcmp(d.name, "a"))
			continue;
		seen = true;
		assert_int_equal(d.entry.attr.uid, 0);
		assert_int_equal(d.entry.attr.gid, 7);
	}
	assert_true(seen);
	/* The host's root is the guest's user 1000, others are themselves. */
	assert_int_equal(fchownat(s->root_fd, "a", 0, 55, 0), 0);
	assert_int_equal(client_getattr(s->client, node, &attr), 0);
	assert_int_equal(attr.uid, 1000);
	assert_int_equal(attr.gid, 55);
}

static void chown_takes_the_guests_ids(void **state)
{
	struct share *s = *state;
	struct fuse_setattr_in in = { .valid = FATTR_UID | FATTR_GID };
	struct fuse_attr attr;
	uint64_t node;

	need_root();
	host_file(s->root_fd, "a", "");
	node = node_of(s, FUSE_ROOT_ID, "a");
	in.uid = 10;
	in.gid = 7;
	assert_int_equal(client_setattr(s->client, node, &in, &attr), 0);
	assert_int_equal(attr.uid, 10);
	assert_int_equal(attr.gid, 7);
	host_is(s, "a", 1010, 2007);
	in.uid = 50;
	assert_int_equal(client_setattr(s->client, node, &in, &attr),
			 -LX_EPERM);
	in.uid = 10;
	in.gid = 59;
	assert_int_equal(client_setattr(s->client, node, &in, &attr),
			 -LX_EPERM);
	host_is(s, "a", 1010, 2007);
	/* What is not to be changed does not matter. */
	in.valid = FATTR_UID;
	in.uid = 14;
	assert_int_equal(client_setattr(s->client, node, &in, &attr), 0);
	host_is(s, "a", 1014, 2007);
}

/* ---- ACLs ---------------------------------------------------------------- */

#define ACL_SIZE 44

/* user::rw- user:A:r-- group::r-- mask::r-- other::--- */
static void put_acl(uint8_t acl[ACL_SIZE], uint32_t id)
{
	static const uint8_t entries[][2] = {
		{ 0x01, 6 }, { 0x02, 4 }, { 0x04, 4 }, { 0x10, 4 }, { 0x20, 0 }
	};

	le32_store(acl, 2);
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		le16_store(acl + 4 + i * 8, entries[i][0]);
		le16_store(acl + 6 + i * 8, entries[i][1]);
		le32_store(acl + 8 + i * 8,
			   entries[i][0] == 0x02 ? id : UINT32_MAX);
	}
}

static void acls_are_translated_both_ways(void **state)
{
	static const char name[] = "system.posix_acl_access";
	struct share *s = *state;
	struct client *c = s->client;
	uint8_t acl[ACL_SIZE], host[ACL_SIZE + 1], expected[ACL_SIZE];
	char path[128];
	uint64_t node;
	int err;

	host_file(s->root_fd, "a", "");
	snprintf(path, sizeof(path), "%s/a", s->root);
	node = node_of(s, FUSE_ROOT_ID, "a");
	put_acl(acl, 0);
	put_acl(expected, 1000);
	err = client_setxattr(c, node, name, acl, ACL_SIZE, 0);
	if (err == -LX_EOPNOTSUPP)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(getxattr(path, name, host, sizeof(host)), ACL_SIZE);
	assert_memory_equal(host, expected, ACL_SIZE);
	assert_int_equal(client_getxattr(c, node, name, 0), ACL_SIZE);
	assert_int_equal(client_getxattr(c, node, name, ACL_SIZE), ACL_SIZE);
	assert_memory_equal(c->reply, acl, ACL_SIZE);
	/* What the guest may not say, and what nobody can. */
	put_acl(acl, 50);
	assert_int_equal(client_setxattr(c, node, name, acl, ACL_SIZE, 0),
			 -LX_EPERM);
	assert_int_equal(client_setxattr(c, node, name, acl, ACL_SIZE - 1, 0),
			 -LX_EINVAL);
	assert_int_equal(getxattr(path, name, host, sizeof(host)), ACL_SIZE);
	assert_memory_equal(host, expected, ACL_SIZE);
	assert_int_equal(client_setxattr(c, node, name, "", 0, 0), 0);
	assert_int_equal(getxattr(path, name, host, sizeof(host)), -1);
}

/* ---- names --------------------------------------------------------------- */

static uint64_t make_file(struct share *s, char path[128])
{
	host_file(s->root_fd, "a", "hello");
	snprintf(path, 128, "%s/a", s->root);
	if (setxattr(path, "user.one", "1", 1, 0))
		skip();
	return node_of(s, FUSE_ROOT_ID, "a");
}

static bool listed(struct client *c, uint64_t node, const char *name)
{
	ssize_t len = client_getxattr(c, node, NULL, 4096);
	size_t size = strlen(name) + 1;

	assert_true(len >= 0);
	/* The size alone is the size of what is shown. */
	assert_int_equal(client_getxattr(c, node, NULL, 0), len);
	assert_int_equal(client_getxattr(c, node, NULL, 4096), len);
	for (size_t at = 0; at + size <= (size_t)len; at++)
		if ((!at || !c->reply[at - 1]) &&
		    !memcmp(c->reply + at, name, size))
			return true;
	return false;
}

static void names_are_kept_by_the_rules(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	char path[128], value[8];
	uint64_t node = make_file(s, path);

	assert_int_equal(client_setxattr(c, node, "trusted.x", "v", 1, 0), 0);
	assert_int_equal(getxattr(path, "user.virtiofs.trusted.x", value, 8),
			 1);
	assert_int_equal(client_getxattr(c, node, "trusted.x", 8), 1);
	assert_true(listed(c, node, "trusted.x"));
	assert_true(listed(c, node, "user.one"));
	assert_false(listed(c, node, "user.virtiofs.trusted.x"));
	assert_int_equal(client_removexattr(c, node, "trusted.x"), 0);
	assert_true(getxattr(path, "user.virtiofs.trusted.x", value, 8) < 0);
	assert_false(listed(c, node, "trusted.x"));
}

static void bad_names_are_refused_and_hidden(void **state)
{
	static const struct {
		const char *name;
		int set, get;
	} cases[] = {
		{ "user.virtiofs.x", -LX_EPERM, -LX_ENODATA },
		{ "user.bad.x", -LX_EPERM, -LX_ENODATA },
		{ "user.un.x", -LX_EOPNOTSUPP, -LX_EOPNOTSUPP },
	};
	struct share *s = *state;
	struct client *c = s->client;
	char path[128];
	uint64_t node = make_file(s, path);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *name = cases[i].name;

		assert_int_equal(setxattr(path, name, "v", 1, 0), 0);
		assert_int_equal(client_getxattr(c, node, name, 8),
				 cases[i].get);
		assert_int_equal(client_setxattr(c, node, name, "w", 1, 0),
				 cases[i].set);
		assert_int_equal(client_removexattr(c, node, name),
				 cases[i].set);
		assert_false(listed(c, node, name));
	}
}

static void labels_are_attributes_too(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e;
	char path[128], value[8];

	make_file(s, path);
	c->label_name = "security.selinux";
	c->label = "label";
	assert_int_equal(client_mkdir(c, FUSE_ROOT_ID, "dir", 0755, &e), 0);
	snprintf(path, sizeof(path), "%s/dir", s->root);
	assert_true(getxattr(path, "user.virtiofs.security.selinux", value,
			     8) > 0);
	assert_true(client_getxattr(c, e.nodeid, "security.selinux", 8) > 0);
}

/* ---- security.capability ------------------------------------------------- */

struct change {
	struct client *c;
	uint64_t node, fh;
};

static int do_write(struct change *t)
{
	return client_write(t->c, t->node, t->fh, 0, "x", 1) == 1 ? 0 : -1;
}

static int do_fallocate(struct change *t)
{
	return client_fallocate(t->c, t->node, t->fh, 0, 0, 4096);
}

static int do_copy(struct change *t)
{
	const struct fuse_copy_file_range_in in = {
		.fh_in = t->fh, .fh_out = t->fh, .nodeid_out = t->node,
		.off_out = 4096, .len = 1,
	};

	return client_copy(t->c, &in, t->node) == 1 ? 0 : -1;
}

static int do_open_truncate(struct change *t)
{
	uint64_t fh;

	return client_open(t->c, FUSE_OPEN, t->node, LX_O_RDWR | LX_O_TRUNC,
			   &fh);
}

static int set(struct change *t, uint32_t valid)
{
	const struct fuse_setattr_in in = {
		.valid = valid, .mode = 0600, .uid = geteuid(),
		.gid = getegid(), .size = 3,
	};
	struct fuse_attr attr;

	return client_setattr(t->c, t->node, &in, &attr);
}

static int do_truncate(struct change *t)
{
	return set(t, FATTR_SIZE);
}

static int do_chown(struct change *t)
{
	return set(t, FATTR_UID);
}

static int do_chgrp(struct change *t)
{
	return set(t, FATTR_GID);
}

static int do_chmod(struct change *t)
{
	return set(t, FATTR_MODE);
}

static int do_read(struct change *t)
{
	return client_read(t->c, FUSE_READ, t->node, t->fh, 0, 1) == 1 ? 0 : -1;
}

/* CVE-2021-20263: what Linux cannot see it does not drop. */
static void renamed_capabilities_are_dropped(void **state)
{
	static const struct {
		int (*run)(struct change *t);
		bool drops;
	} changes[] = {
		{ do_write, true }, { do_fallocate, true }, { do_copy, true },
		{ do_truncate, true }, { do_chown, true }, { do_chgrp, true },
		{ do_chmod, false }, { do_read, false },
		{ do_open_truncate, true },
	};
	struct share *s = *state;
	char path[128], value[8];
	struct change t = { s->client, make_file(s, path), 0 };

	assert_int_equal(client_open(t.c, FUSE_OPEN, t.node, LX_O_RDWR, &t.fh),
			 0);
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		ssize_t len;

		assert_int_equal(client_setxattr(t.c, t.node,
						 "security.capability", "cap",
						 3, 0), 0);
		assert_int_equal(changes[i].run(&t), 0);
		len = getxattr(path, "user.virtiofs.security.capability",
			       value, 8);
		if ((len < 0) != changes[i].drops)
			fail_msg("change %zu: %zd", i, len);
		/* Without one, it is no hindrance. */
		if (changes[i].drops)
			assert_int_equal(changes[i].run(&t), 0);
	}
}

/* ---- options ------------------------------------------------------------- */

static void acls_need_their_names(void **state)
{
	static const struct {
		const char *rules;
		bool keep;
	} cases[] = {
		{ ":ok:all:::", true },
		{ ":map:trusted.:user.virtiofs.:", true },
		{ ":map::user.virtiofs.:", false },
		{ ":bad:client:system.posix_acl_default:::ok:all:::", false },
	};

	(void)state;
	vfs_options_default(&options);
	assert_true(vfs_options_keep_acls(&options));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char error[256];

		assert_int_equal(vfs_xattrmap_new(cases[i].rules, error,
						  sizeof(error),
						  &options.xattrmap), 0);
		assert_int_equal(vfs_options_keep_acls(&options),
				 cases[i].keep);
		vfs_options_done(&options);
	}
}

#define TEST(f, up) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_created_belongs_to_the_mapped_caller, ids_up),
		TEST(what_becomes_anothers_is_not_setuid, ids_up),
		TEST(a_whiteout_belongs_to_the_mapped_caller, ids_up),
		TEST(a_forbidden_user_creates_nothing, ids_up),
		TEST(owners_are_shown_as_the_guest_knows_them, ids_up),
		TEST(chown_takes_the_guests_ids, ids_up),
		TEST(acls_are_translated_both_ways, acls_up),
		TEST(names_are_kept_by_the_rules, names_up),
		TEST(bad_names_are_refused_and_hidden, names_up),
		TEST(labels_are_attributes_too, prefixed_up),
		TEST(renamed_capabilities_are_dropped, prefixed_up),
		cmocka_unit_test(acls_need_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
