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

int lx_node_new(int fd, struct lx_node **ret_node, struct lx_stat *ret_st)
{
	struct lx_node *node;
	struct lx_stat st;
	int err;

	if (fd < 0)
		return lx_error();
	err = lx_fd_stat(fd, &st);
	if (err)
		goto fail;
	err = -LX_ENOMEM;
	node = malloc(sizeof(*node));
	if (!node)
		goto fail;
	*node = (struct lx_node){ .fd = fd, .type = st.mode & LX_S_IFMT };
	*ret_node = node;
	*ret_st = st;
	return 0;
fail:
	close(fd);
	return err;
}

void lx_node_close(struct lx_volume *vol, struct lx_node *node)
{
	(void)vol;
	if (!node)
		return;
	close(node->fd);
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

int lx_reopen(const struct lx_volume *vol, int fd, int flags)
{
	int new_fd = openat(vol->proc_fd, lx_fd_name(fd).s,
			    flags | O_CLOEXEC | O_NOCTTY);

	return new_fd < 0 ? lx_error() : new_fd;
}
