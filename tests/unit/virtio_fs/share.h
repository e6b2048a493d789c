/* SPDX-License-Identifier: MIT */
/*
 * share.h - the fixture of these tests: a temporary directory that a real
 * server and session share, mounted by one client.
 *
 * share_up(), share_up_read_only() and share_down() are cmocka's setup and
 * teardown; *state is the struct share.
 */
#ifndef TESTS_UNIT_VIRTIO_FS_SHARE_H
#define TESTS_UNIT_VIRTIO_FS_SHARE_H

#include "tests/lib/count_fds.h"
#include "tests/unit/virtio_fs/client.h"
#include "virtio/fs/vfs_server.h"

struct share {
	char root[64];
	int root_fd;            /* to do things behind the server's back */
	size_t log_lines;       /* of warnings and errors */
	struct log log;
	struct vfs_server *server;
	struct fuse_session *session;
	struct client *client;
};

int share_up(void **state);
/*
 * With these options, to a guest that offers so much (0: the client's usual
 * flags); make() puts things into the root first, and may be NULL.
 */
int share_up_with(void **state, const struct vfs_options *options,
		  uint64_t offered, void (*make)(int root_fd));
/*
 * In two steps, for another server than one of this root: make the directory,
 * and, when s->server is there, mount it.  (The log counts from the first on.)
 */
struct share *share_new(void);
int share_mount(struct share *s, uint64_t offered);
/* Whatever make() puts into the root, shared read-only; make may be NULL. */
int share_up_read_only(void **state, void (*make)(int root_fd));
int share_down(void **state);

/* On the host: a file with this text, or a directory. */
void host_file(int dir_fd, const char *name, const char *text);
void host_dir(int dir_fd, const char *name);

/* The node id of a name, which must exist; counts a lookup. */
uint64_t node_of(struct share *s, uint64_t dir, const char *name);

#endif
