/* SPDX-License-Identifier: MIT */
/*
 * vfs_syncfs.c - SYNCFS: write out what the guest may have changed.
 *
 * The root of the guest's mount stands for the whole share: its file system
 * and those mounted below it, as far as the guest knows a node there (what it
 * has changed, it has looked up).  A submount that the guest mounts by itself
 * (FUSE_SUBMOUNTS) sends a request of its own.
 */
#include "virtio/fs/vfs_private.h"

#include <stdlib.h>

/* File systems that are synced already; few, however many nodes there are. */
struct synced {
	uint64_t *dev;
	size_t count, room;
};

static bool is_synced(const struct synced *done, uint64_t dev)
{
	/* The last one first: neighbours tend to be on one file system. */
	for (size_t i = done->count; i; i--)
		if (done->dev[i - 1] == dev)
			return true;
	return false;
}

static int remember(struct synced *done, uint64_t dev)
{
	size_t room = done->room ? done->room * 2 : 16;
	uint64_t *more;

	if (done->count == done->room) {
		more = realloc(done->dev, room * sizeof(*more));
		if (!more)
			return -LX_ENOMEM;
		done->dev = more;
		done->room = room;
	}
	done->dev[done->count++] = dev;
	return 0;
}

/* Only these can be opened, which syncfs(2) needs. */
static bool can_sync(const struct vfs_inode *inode)
{
	return LX_S_ISDIR(inode->key.type) || LX_S_ISREG(inode->key.type);
}

/* All of them, whatever fails; the first error counts. */
static int sync_all(struct vfs_server *s)
{
	struct synced done = { .count = 0 };
	struct vfs_inode *inode;
	uint32_t index = 0;
	int err = 0, one;

	while ((inode = vfs_inodes_next(s->inodes, &index))) {
		if (can_sync(inode) && !is_synced(&done, inode->key.dev)) {
			one = remember(&done, inode->key.dev);
			if (!one)
				one = lx_syncfs(vfs_vol(inode), inode->node);
			if (!err)
				err = one;
		}
		vfs_inode_put(s->inodes, inode);
	}
	free(done.dev);
	return err;
}

int vfs_syncfs(void *fs, const struct fuse_request *req)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode;
	int err;

	if (req->node == FUSE_ROOT_ID)
		return vfs_note(s, "SYNCFS", sync_all(s));
	inode = vfs_inode_get(s->inodes, req->node);
	if (!inode)
		return -LX_ESTALE;
	err = can_sync(inode) ? lx_syncfs(vfs_vol(inode), inode->node) :
				-LX_EINVAL;
	vfs_inode_put(s->inodes, inode);
	return vfs_note(s, "SYNCFS", err);
}
