/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_node.h"

#include "lxutil/lx_path.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int lx_node_new(struct lx_volume *vol, int fd, struct lx_node *dir,
		const char *name, struct lx_node **ret_node,
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
		.by_name = !mount || !lx_mount_opens(mount, fd, &st),
		.dt = (uint8_t)LX_DT(st.mode),
		.refs = 1,
	};
	lx_hint_new(vol, node, &st, dir, name);
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

/* Free a node without a descriptor; returns its reference to another one. */
static struct lx_node *destroy(struct lx_volume *vol, struct lx_node *node)
{
	struct lx_node *parent = NULL;

	atomic_fetch_sub(&vol->hints.orphans, 1);
	lx_mount_put(vol, node->mount);
	if (node->by_name)
		parent = lx_hint_free(node->hint);
	else
		free(node->handle);
	free(node);
	return parent;
}

/* Not by recursion: a guest decides how long the chain is. */
void lx_node_unref(struct lx_volume *vol, struct lx_node *node)
{
	while (node && atomic_fetch_sub(&node->refs, 1) == 1) {
		if (!lx_fds_remove(vol, node))
			break;
		node = destroy(vol, node);
	}
}

void lx_node_free(struct lx_volume *vol, struct lx_node *node)
{
	lx_node_unref(vol, destroy(vol, node));
}

void lx_node_close(struct lx_volume *vol, struct lx_node *node)
{
	if (!node)
		return;
	atomic_fetch_add(&vol->hints.orphans, 1);
	lx_node_unref(vol, node);
}

int lx_check_at(const struct lx_node *dir, const char *name)
{
	return LX_S_ISDIR(lx_node_type(dir)) ? lx_check_name(name) :
					       -LX_ENOTDIR;
}

struct lx_fd_name lx_fd_name(int fd)
{
	unsigned left = (unsigned)fd, digits = 1;
	struct lx_fd_name name;

	/* Each open file passes here; printf() would take longer than this. */
	for (unsigned rest = left / 10; rest; rest /= 10)
		digits++;
	name.s[digits] = '\0';
	do {
		name.s[--digits] = (char)('0' + left % 10);
		left /= 10;
	} while (digits);
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
