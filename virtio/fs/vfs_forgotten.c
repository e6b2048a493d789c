/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_forgotten.h"

#include "common/bytes.h"
#include "virtio/fs/vfs_inode.h"

void vfs_forgotten_init(struct vfs_forgotten *list, struct vfs_slots *slots,
			size_t max)
{
	list->slots = slots;
	list->max = max;
	list->oldest = list->newest = 0;
	atomic_init(&list->count, 0);
	pthread_mutex_init(&list->lock, NULL);
}

void vfs_forgotten_done(struct vfs_forgotten *list)
{
	pthread_mutex_destroy(&list->lock);
}

static struct vfs_inode *at(struct vfs_forgotten *list, uint32_t index)
{
	return container_of(vfs_slots_at(list->slots, index),
			    struct vfs_inode, slot);
}

void vfs_forgotten_add(struct vfs_forgotten *list, struct vfs_inode *inode)
{
	pthread_mutex_lock(&list->lock);
	inode->older = list->newest;
	inode->newer = 0;
	if (list->newest)
		at(list, list->newest)->newer = inode->slot.index;
	else
		list->oldest = inode->slot.index;
	list->newest = inode->slot.index;
	atomic_fetch_add(&list->count, 1);
	pthread_mutex_unlock(&list->lock);
}

void vfs_forgotten_remove(struct vfs_forgotten *list, struct vfs_inode *inode)
{
	pthread_mutex_lock(&list->lock);
	if (inode->older)
		at(list, inode->older)->newer = inode->newer;
	else
		list->oldest = inode->newer;
	if (inode->newer)
		at(list, inode->newer)->older = inode->older;
	else
		list->newest = inode->older;
	atomic_fetch_sub(&list->count, 1);
	pthread_mutex_unlock(&list->lock);
}

struct vfs_inode *vfs_forgotten_excess(struct vfs_forgotten *list)
{
	struct vfs_inode *inode = NULL;

	pthread_mutex_lock(&list->lock);
	if (atomic_load(&list->count) > list->max) {
		inode = at(list, list->oldest);
		/* The table has one as long as it is on the list. */
		vfs_slot_ref(&inode->slot);
	}
	pthread_mutex_unlock(&list->lock);
	return inode;
}
