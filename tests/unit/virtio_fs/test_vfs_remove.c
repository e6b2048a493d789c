/* SPDX-License-Identifier: MIT */
/*
 * What the guest removes or renames while it uses it, in a server with so few
 * descriptors that most of its nodes have none.
 */
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"

#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define FILES 200
/* The server leaves half of it to others: see LX_FDS_OTHERS. */
#define DESCRIPTORS 100

static struct rlimit old;

static int up(void **state, enum lx_handles handles)
{
	struct vfs_options options;
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &old);
	limit = old;
	limit.rlim_cur = DESCRIPTORS;
	setrlimit(RLIMIT_NOFILE, &limit);
	vfs_options_default(&options);
	options.inode_file_handles = handles;
	return share_up_with(state, &options, 0, NULL);
}

static int up_with_handles(void **state)
{
	return up(state, LX_HANDLES_PREFER);
}

static int up_without(void **state)
{
	return up(state, LX_HANDLES_NEVER);
}

static int down(void **state)
{
	int err = share_down(state);

	setrlimit(RLIMIT_NOFILE, &old);
	return err;
}

/* Make all others lose their descriptors. */
static void push_out(struct share *s)
{
	static unsigned round;
	char name[16];

	round++;
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "r%uf%d", round, i);
		host_file(s->root_fd, name, "");
		node_of(s, FUSE_ROOT_ID, name);
	}
}

/* Links of the node's inode, which is the one it was; or an error. */
static int links_of(struct share *s, const struct fuse_entry_out *entry)
{
	struct fuse_attr attr;
	int err = client_getattr(s->client, entry->nodeid, &attr);

	if (err)
		return err;
	assert_int_equal(attr.ino, entry->attr.ino);
	return (int)attr.nlink;
}

static struct fuse_entry_out look(struct share *s, uint64_t dir,
				  const char *name)
{
	struct fuse_entry_out entry;

	assert_int_equal(client_lookup(s->client, dir, name, &entry), 0);
	return entry;
}

/* ---- removal ----------------------------------------------------------- */

static void an_unlinked_inode_lives_until_it_is_forgotten(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out f;
	uint64_t fh;

	host_file(s->root_fd, "f", "text");
	f = look(s, FUSE_ROOT_ID, "f");
	push_out(s);
	assert_int_equal(client_remove(s->client, FUSE_UNLINK, FUSE_ROOT_ID,
				       "f"), 0);
	push_out(s);
	assert_int_equal(links_of(s, &f), 0);
	/* As by /proc/self/fd of an O_PATH descriptor. */
	assert_int_equal(client_open(s->client, FUSE_OPEN, f.nodeid, LX_O_RDWR,
				     &fh), 0);
	assert_int_equal(client_read(s->client, FUSE_READ, f.nodeid, fh, 0,
				     10), 4);
	assert_int_equal(client_release(s->client, FUSE_RELEASE, f.nodeid,
					fh), 0);
	client_forget(s->client, f.nodeid, 1);
	assert_int_equal(links_of(s, &f), -LX_ESTALE);
}

static void a_removed_directory_can_be_read_by_who_is_in_it(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out d, none;
	uint64_t fh;

	host_dir(s->root_fd, "d");
	d = look(s, FUSE_ROOT_ID, "d");
	push_out(s);
	assert_int_equal(client_remove(s->client, FUSE_RMDIR, FUSE_ROOT_ID,
				       "d"), 0);
	push_out(s);
	assert_int_equal(links_of(s, &d), 0);
	assert_int_equal(client_lookup(s->client, d.nodeid, "x", &none),
			 -LX_ENOENT);
	assert_int_equal(client_mkdir(s->client, d.nodeid, "x", 0755, &none),
			 -LX_ENOENT);
	assert_int_equal(client_open(s->client, FUSE_OPENDIR, d.nodeid, 0,
				     &fh), 0);
	assert_int_equal(client_release(s->client, FUSE_RELEASEDIR, d.nodeid,
					fh), 0);
}

static void what_a_rename_replaces_lives_on(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out f, g;

	host_file(s->root_fd, "f", "");
	host_file(s->root_fd, "g", "");
	f = look(s, FUSE_ROOT_ID, "f");
	g = look(s, FUSE_ROOT_ID, "g");
	push_out(s);
	assert_int_equal(client_rename(s->client, FUSE_ROOT_ID, "f",
				       FUSE_ROOT_ID, "g", 0), 0);
	push_out(s);
	assert_int_equal(links_of(s, &f), 1);
	assert_int_equal(links_of(s, &g), 0);
}

static void one_name_of_two_goes(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out f, g;

	host_file(s->root_fd, "f", "");
	f = look(s, FUSE_ROOT_ID, "f");
	assert_int_equal(client_link(s->client, f.nodeid, FUSE_ROOT_ID, "g",
				     &g), 0);
	assert_int_equal(g.nodeid, f.nodeid);
	push_out(s);
	assert_int_equal(client_rename(s->client, FUSE_ROOT_ID, "f",
				       FUSE_ROOT_ID, "g", 0), 0);
	push_out(s);
	assert_int_equal(links_of(s, &f), 2);
	assert_int_equal(client_remove(s->client, FUSE_UNLINK, FUSE_ROOT_ID,
				       "g"), 0);
	push_out(s);
	assert_int_equal(links_of(s, &f), 1);
}

/* ---- renaming ---------------------------------------------------------- */

static void renamed_inodes_are_found(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out d, e, f, g;

	host_dir(s->root_fd, "d");
	host_dir(s->root_fd, "e");
	host_file(s->root_fd, "d/f", "");
	host_file(s->root_fd, "e/g", "");
	d = look(s, FUSE_ROOT_ID, "d");
	e = look(s, FUSE_ROOT_ID, "e");
	f = look(s, d.nodeid, "f");
	g = look(s, e.nodeid, "g");
	push_out(s);
	assert_int_equal(client_rename(s->client, d.nodeid, "f", e.nodeid, "h",
				       0), 0);
	push_out(s);
	assert_int_equal(links_of(s, &f), 1);
	assert_int_equal(client_rename(s->client, e.nodeid, "g", e.nodeid, "h",
				       LX_RENAME_EXCHANGE), 0);
	push_out(s);
	assert_int_equal(links_of(s, &f), 1);
	assert_int_equal(links_of(s, &g), 1);
	/* A directory above them. */
	assert_int_equal(client_rename(s->client, FUSE_ROOT_ID, "e", d.nodeid,
				       "deep", 0), 0);
	push_out(s);
	assert_int_equal(links_of(s, &g), 1);
	assert_int_equal(links_of(s, &f), 1);
	assert_in_range(links_of(s, &e), 1, 2);
}

static void what_the_host_renamed_is_found_by_its_new_name(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out d, f;

	host_dir(s->root_fd, "d");
	host_file(s->root_fd, "d/f", "");
	d = look(s, FUSE_ROOT_ID, "d");
	f = look(s, d.nodeid, "f");
	push_out(s);
	assert_int_equal(renameat(s->root_fd, "d", s->root_fd, "e"), 0);
	assert_int_equal(renameat(s->root_fd, "e/f", s->root_fd, "e/g"), 0);
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "e"), d.nodeid);
	assert_int_equal(node_of(s, d.nodeid, "g"), f.nodeid);
	push_out(s);
	assert_int_equal(links_of(s, &f), 1);
}

#define BOTH(test) \
	{ #test " (handles)", test, up_with_handles, down, NULL }, \
	{ #test " (names)", test, up_without, down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(an_unlinked_inode_lives_until_it_is_forgotten),
		BOTH(a_removed_directory_can_be_read_by_who_is_in_it),
		BOTH(what_a_rename_replaces_lives_on),
		BOTH(one_name_of_two_goes),
		BOTH(renamed_inodes_are_found),
		BOTH(what_the_host_renamed_is_found_by_its_new_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
