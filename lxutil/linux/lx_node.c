/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_node.h"

#include "lxutil/lx_errno.h"
#include "lxutil/lx_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int lx_error(void)
{
	return -lx_errno_from_host(errno);
}

int lx_node_new(struct lx_volume *vol, int fd, struct lx_node **ret_node,
		struct lx_stat *ret_st)
{
	struct lx_node *node = NULL;
	struct lx_mount *mount;
	struct lx_stat st;
	int err;

	err = fd < 0 ? fd : lx_fd_stat(fd, &st);
	if (!err)
		err = lx_mount_get(vol, fd, &st, &mount);
	if (err)
		goto fail;
	node = malloc(sizeof(*node));
	if (!node) {
		lx_mount_put(vol, mount);
		err = -LX_ENOMEM;
		goto fail;
	}
	*node = (struct lx_node){
		.pinned_fd = (uint64_t)fd + 1,
		.ino = st.ino,
		.mount = mount,
		.type = (uint16_t)(st.mode & LX_S_IFMT),
	};
	lx_fds_add(vol, node);
	*ret_node = node;
	*ret_st = st;
	return 0;
fail:
	if (fd >= 0)
		close(fd);
	lx_fds_release(vol);
	return err;
}

void lx_node_free(struct lx_volume *vol, struct lx_node *node)
{
	lx_mount_put(vol, node->mount);
	free(node->handle);
	free(node);
}

int lx_check_at(const struct lx_node *dir, const char *name)
{
	return LX_S_ISDIR(dir->type) ? lx_check_name(name) : -LX_ENOTDIR;
}

struct lx_fd_name lx_fd_name(int fd)
{
	struct lx_fd_name name;

	snprintf(name.s, sizeof(name.s), "%d", fd);
	return name;
}

struct lx_fd_path lx_fd_path(int fd)
{
	struct lx_fd_path path;

	snprintf(path.s, sizeof(path.s), "/proc/self/fd/%d", fd);
	return path;
}

int lx_reopen(struct lx_volume *vol, int fd, int flags)
{
	return lx_openat(vol, vol->proc_fd, lx_fd_name(fd).s,
			 flags | O_CLOEXEC | O_NOCTTY);
}
