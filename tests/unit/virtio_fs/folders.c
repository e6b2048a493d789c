/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/folders.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static char paths[FOLDERS][96];
struct vfs_folder folders[FOLDERS];

int folders_tree(void **state)
{
	static const char *const roots[] = { "a", "b", "f", "a/sub" };
	static const char *const names[] = { "a", "b", "file", "deep" };
	struct share *s = share_new();

	host_dir(s->root_fd, "a");
	host_file(s->root_fd, "a/x", "in a");
	host_dir(s->root_fd, "a/sub");
	host_file(s->root_fd, "a/sub/deep", "deep in a");
	host_dir(s->root_fd, "b");
	host_file(s->root_fd, "f", "alone");
	for (int i = 0; i < FOLDERS; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", s->root,
			 roots[i]);
		folders[i] = (struct vfs_folder){ .name = names[i],
						  .root = paths[i] };
		vfs_options_default(&folders[i].options);
	}
	folders[B].options.read_only = true;
	folders[B].options.cache = VFS_CACHE_NEVER;
	folders[F].options.has_timeout = true;
	folders[F].options.timeout = (struct lx_time){ 7, 5 };
	folders[DEEP].options.xattr = false;
	*state = s;
	return 0;
}

int folders_up(void **state, uint64_t offered)
{
	struct share *s;
	size_t failed;

	folders_tree(state);
	s = *state;
	return vfs_server_new_folders(folders, FOLDERS, &s->log, &failed,
				      &s->server) ||
	       share_mount(s, offered);
}

int look_up(struct share *s, uint64_t dir, const char *name,
	    struct fuse_entry_out *ret)
{
	return client_lookup(s->client, dir, name, ret);
}

uint64_t open_root(struct share *s)
{
	uint64_t fh = 0;

	assert_int_equal(client_open(s->client, FUSE_OPENDIR, FUSE_ROOT_ID, 0,
				     &fh), 0);
	return fh;
}

const char *list_root(struct share *s, bool plus, uint32_t size)
{
	static char names[256];
	struct client *c = s->client;
	uint64_t fh = open_root(s), offset = 0;
	ssize_t n;

	names[0] = '\0';
	while ((n = client_read(c, plus ? FUSE_READDIRPLUS : FUSE_READDIR,
				FUSE_ROOT_ID, fh, offset, size)) > 0) {
		struct client_dirent e;
		size_t at = 0;

		while (client_next_dirent(c, plus, &at, &e)) {
			bool dots = e.name[0] == '.';

			offset = e.next;
			strcat(strcat(names, e.name),
			       e.type == LX_DT(LX_S_IFDIR) ? "/ " : " ");
			if (!plus)
				continue;
			assert_int_equal(e.ino, e.entry.attr.ino);
			assert_true(dots == !e.entry.nodeid);
		}
	}
	assert_int_equal(n, 0);
	assert_int_equal(client_release(c, FUSE_RELEASEDIR, FUSE_ROOT_ID, fh),
			 0);
	return names;
}
