/* SPDX-License-Identifier: MIT */
/* vfs_namei.c: "." and "..", by which file handles work in the guest. */
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"
#include "virtio/fs/vfs_private.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static uint64_t lookup(struct share *s, uint64_t node, const char *name)
{
	struct fuse_entry_out entry;

	assert_int_equal(client_lookup(s->client, node, name, &entry), 0);
	return entry.nodeid;
}

static void dots_lead_to_the_node_and_its_parent(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	uint64_t a, b, file;

	host_dir(s->root_fd, "a");
	host_dir(s->root_fd, "a/b");
	host_file(s->root_fd, "a/f", "");
	a = node_of(s, FUSE_ROOT_ID, "a");
	b = node_of(s, a, "b");
	file = node_of(s, a, "f");
	assert_int_equal(lookup(s, b, "."), b);
	assert_int_equal(lookup(s, file, "."), file);
	assert_int_equal(lookup(s, b, ".."), a);
	assert_int_equal(lookup(s, a, ".."), FUSE_ROOT_ID);
	assert_int_equal(lookup(s, FUSE_ROOT_ID, "."), FUSE_ROOT_ID);
	assert_int_equal(lookup(s, FUSE_ROOT_ID, ".."), FUSE_ROOT_ID);
	assert_int_equal(client_lookup(s->client, file, "..", &entry),
			 -LX_ENOTDIR);
	/* Each counts as a lookup. */
	client_forget(s->client, b, 1);
	assert_int_equal(lookup(s, b, "."), b);
	client_forget(s->client, b, 1);
	assert_int_equal(client_getattr(s->client, b, &attr), 0);
	client_forget(s->client, b, 1);
	assert_int_equal(client_getattr(s->client, b, &attr), -LX_ESTALE);
}

/* Until its time of birth is past, nothing is found again by its name. */
static void grow_old(void)
{
	usleep(30000);
}

static void forgotten_nodes_can_be_asked_for(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	uint64_t d, f, link;
	unsigned fds = count_fds();

	host_dir(s->root_fd, "d");
	host_file(s->root_fd, "d/f", "text");
	assert_int_equal(symlinkat("f", s->root_fd, "d/l"), 0);
	grow_old();
	d = node_of(s, FUSE_ROOT_ID, "d");
	f = node_of(s, d, "f");
	link = node_of(s, d, "l");
	client_forget(s->client, f, 1);
	client_forget(s->client, link, 1);
	client_forget(s->client, d, 1);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	assert_int_equal(count_fds(), fds);
	/* For nothing else. */
	assert_int_equal(client_getattr(s->client, f, &attr), -LX_ESTALE);
	assert_int_equal(client_lookup(s->client, d, "f", &entry), -LX_ESTALE);
	assert_int_equal(client_lookup(s->client, d, "..", &entry),
			 -LX_ESTALE);
	client_forget(s->client, f, 1);
	assert_int_equal(renameat(s->root_fd, "d/f", s->root_fd, "moved"), 0);
	assert_int_equal(lookup(s, f, "."), f);
	assert_int_equal(lookup(s, link, "."), link);
	assert_int_equal(client_getattr(s->client, f, &attr), 0);
	assert_int_equal(attr.size, 4);
	assert_int_equal(lookup(s, d, "."), d);
	assert_int_equal(lookup(s, d, "l"), link);
	assert_int_equal(vfs_server_stats(s->server).nodes, 4);
	/* By its name it is the node that it was, too. */
	client_forget(s->client, f, 1);
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "moved"), f);
	/* The parent, by which an NFS server goes on. */
	client_forget(s->client, d, 1);
	assert_int_equal(client_lookup(s->client, d, "..", &entry),
			 -LX_ESTALE);
	assert_int_equal(lookup(s, d, "."), d);
	assert_int_equal(lookup(s, d, ".."), FUSE_ROOT_ID);
}

/* An NFS server forgets what it has made, and asks for it at once. */
static void what_is_new_can_be_asked_for(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;

	if (geteuid() != 0)
		skip();                 /* it takes handles */
	for (int i = 0; i < 20; i++) {
		char name[] = { (char)('a' + i), 0 };

		assert_int_equal(client_mkdir(s->client, FUSE_ROOT_ID, name,
					      0755, &entry), 0);
		client_forget(s->client, entry.nodeid, 1);
		assert_int_equal(lookup(s, entry.nodeid, "."), entry.nodeid);
		assert_int_equal(node_of(s, FUSE_ROOT_ID, name), entry.nodeid);
	}
}

static void what_is_gone_cannot_be_asked_for(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	uint64_t f, g;

	host_file(s->root_fd, "f", "");
	host_file(s->root_fd, "g", "");
	grow_old();
	f = node_of(s, FUSE_ROOT_ID, "f");
	g = node_of(s, FUSE_ROOT_ID, "g");
	client_forget(s->client, f, 1);
	assert_int_equal(unlinkat(s->root_fd, "f", 0), 0);
	assert_int_equal(client_lookup(s->client, f, ".", &entry), -LX_ESTALE);
	/* Nothing keeps what the guest has removed. */
	assert_int_equal(client_remove(s->client, FUSE_UNLINK, FUSE_ROOT_ID,
				       "g"), 0);
	client_forget(s->client, g, 1);
	assert_int_equal(client_lookup(s->client, g, ".", &entry), -LX_ESTALE);
	/* Nor anything over the end of a mount. */
	host_file(s->root_fd, "f", "");
	grow_old();
	f = node_of(s, FUSE_ROOT_ID, "f");
	client_forget(s->client, f, 1);
	assert_int_equal(client_destroy(s->client), 0);
	assert_int_equal(client_init(s->client), 0);
	assert_int_equal(client_lookup(s->client, f, ".", &entry), -LX_ESTALE);
}

/* Its number is used again; what is in the table must not be taken for it. */
static void a_forgotten_node_is_never_another_inode(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out a, b;
	int again = 0;

	for (int i = 0; i < 100; i++) {
		host_file(s->root_fd, "f", "");
		if (i % 2)
			grow_old();
		assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, "f",
					       &a), 0);
		client_forget(s->client, a.nodeid, 1);
		assert_int_equal(unlinkat(s->root_fd, "f", 0), 0);
		host_file(s->root_fd, "f", "other");
		assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, "f",
					       &b), 0);
		again += a.attr.ino == b.attr.ino;
		assert_int_not_equal(a.nodeid, b.nodeid);
		assert_int_equal(b.attr.size, 5);
		assert_int_equal(client_lookup(s->client, a.nodeid, ".", &a),
				 -LX_ESTALE);
		assert_int_equal(unlinkat(s->root_fd, "f", 0), 0);
		client_forget(s->client, b.nodeid, 1);
		if (again > 6)
			return;
	}
	skip();                 /* this file system uses no number again */
}

static void no_node_is_kept_without_agreement(void **state)
{
	struct share *s = *state;
	struct vfs_inode *inode;
	uint64_t f;

	assert_int_equal(client_destroy(s->client), 0);
	s->client->offered &= ~FUSE_EXPORT_SUPPORT;
	assert_int_equal(client_init(s->client), 0);
	host_file(s->root_fd, "f", "");
	grow_old();
	f = node_of(s, FUSE_ROOT_ID, "f");
	client_forget(s->client, f, 1);
	inode = vfs_inode_recall(s->server->inodes, f);
	assert_null(inode);
}

static void no_dots_without_agreement(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;

	assert_int_equal(client_destroy(s->client), 0);
	s->client->offered &= ~FUSE_EXPORT_SUPPORT;
	assert_int_equal(client_init(s->client), 0);
	assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, ".", &entry),
			 -LX_EINVAL);
	assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, "..", &entry),
			 -LX_EINVAL);
}

/* The host moves a directory that the guest holds next to the root. */
static void no_way_leads_above_the_root(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	char away[80];
	uint64_t dir;

	host_dir(s->root_fd, "d");
	host_dir(s->root_fd, "d/e");
	dir = node_of(s, node_of(s, FUSE_ROOT_ID, "d"), "e");
	snprintf(away, sizeof(away), "%s-away", s->root);
	assert_int_equal(renameat(s->root_fd, "d", AT_FDCWD, away), 0);
	assert_int_equal(client_lookup(s->client, dir, "..", &entry),
			 -LX_ESTALE);
	assert_int_equal(renameat(AT_FDCWD, away, s->root_fd, "d"), 0);
	assert_int_equal(client_lookup(s->client, dir, "..", &entry), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dots_lead_to_the_node_and_its_parent),
		TEST(forgotten_nodes_can_be_asked_for),
		TEST(what_is_new_can_be_asked_for),
		TEST(what_is_gone_cannot_be_asked_for),
		TEST(a_forgotten_node_is_never_another_inode),
		TEST(no_node_is_kept_without_agreement),
		TEST(no_dots_without_agreement),
		TEST(no_way_leads_above_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
