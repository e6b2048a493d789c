/* SPDX-License-Identifier: MIT */
/*
 * vfs_save.c - what a guest knows and has open, written as records.
 *
 * Nodes are written so that the directory in which one is named comes before
 * it: the directories by their depth, then all else.
 *
 * No request runs meanwhile, but the host's tree may change: a name is written
 * only if it leads to its node when it is looked at.
 */
#include "virtio/fs/vfs_private.h"
#include "virtio/fs/vfs_saved.h"

#include "common/bytes.h"

#include <stdlib.h>
#include <string.h>

/* A node to be written. */
struct item {
	uint32_t index;                 /* of its slot */
	uint32_t depth;
};

#define DEPTH_UNKNOWN (UINT32_MAX - 1)
#define DEPTH_LEAF UINT32_MAX           /* it is no directory */

struct saving {
	struct vfs_server *s;
	struct save_writer *w;
	struct item *item;
	size_t count, room;
	/* The directory that the last name was in, and its node or NULL. */
	const struct vfs_share *share;
	char dir[LX_PATH_MAX];
	struct vfs_inode *parent;
};

/* ---- shares ------------------------------------------------------------ */

static void save_shares(const struct vfs_server *s, struct save_writer *w)
{
	save_begin(w, VFS_TAG_SERVER);
	save_u32(w, (uint32_t)s->share_count);
	save_u8(w, s->own_root);
	save_end(w);
	for (size_t i = 0; i < s->share_count; i++) {
		const struct vfs_share *share = &s->shares[i];

		save_begin(w, VFS_TAG_SHARE);
		save_blob(w, share->name, strlen(share->name));
		save_blob(w, share->file, strlen(share->file));
		save_u8(w, share->options.read_only);
		save_u64(w, share->top_st.ino);
		save_u64(w, vfs_btime(&share->top_st));
		save_end(w);
	}
}

/* ---- in what order ----------------------------------------------------- */

static uint32_t depth_of(const struct vfs_inode *inode)
{
	char path[LX_PATH_MAX];
	uint32_t depth = 0;

	if (!LX_S_ISDIR(inode->key.type))
		return DEPTH_LEAF;
	if (lx_node_path(vfs_vol(inode), inode->node, path))
		return DEPTH_UNKNOWN;
	for (const char *p = path; *p; p++)
		depth += *p == '/';
	return *path ? depth + 1 : 0;
}

static int add_item(struct saving *v, const struct vfs_inode *inode)
{
	struct item *item;
	size_t room;

	if (v->count == v->room) {
		room = v->room ? v->room * 2 : 64;
		item = realloc(v->item, room * sizeof(*item));
		if (!item)
			return -LX_ENOMEM;
		v->item = item;
		v->room = room;
	}
	v->item[v->count++] = (struct item){ inode->slot.index,
					     depth_of(inode) };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static struct vfs_inode *next(struct vfs_server *s, uint32_t *index)
{
	struct vfs_slot *slot = vfs_slots_next(vfs_inodes_slots(s->inodes),
					       index);

	return slot ? container_of(slot, struct vfs_inode, slot) : NULL;
}

static int collect(struct saving *v)
{
	uint32_t index = FUSE_ROOT_ID;  /* start behind the root */
	struct vfs_inode *inode;
	int err = 0;

	while (!err && (inode = next(v->s, &index))) {
		err = add_item(v, inode);
		vfs_inode_put(v->s->inodes, inode);
	}
	if (!err && v->count)
		qsort(v->item, v->count, sizeof(*v->item), compare);
	return err;
}

/* ---- names ------------------------------------------------------------- */

static bool is(const struct vfs_inode *inode, const struct lx_stat *st)
{
	return st->ino == inode->key.ino && st->dev == inode->key.dev &&
	       st->mount == inode->key.mount;
}

/* The node of this directory of the share becomes v->parent, if it is known. */
static void enter(struct saving *v, struct vfs_share *share, const char *dir)
{
	struct lx_stat st;

	if (v->share == share && !strcmp(v->dir, dir))
		return;
	if (v->parent)
		vfs_inode_put(v->s->inodes, v->parent);
	v->parent = NULL;
	if (!lx_stat_path(share->vol, dir, &st))
		v->parent = vfs_inodes_peek(v->s->inodes, share, &st);
	v->share = share;
	strcpy(v->dir, dir);
}

/* By what name is it found?  False: by none. */
static bool find_name(struct saving *v, const struct vfs_inode *inode,
		      char path[LX_PATH_MAX], const char **ret_name,
		      uint64_t *ret_parent)
{
	struct vfs_share *share = inode->key.share;
	char dir[LX_PATH_MAX] = "";
	struct lx_stat st;
	char *slash;

	if (lx_node_path(share->vol, inode->node, path))
		return false;
	slash = strrchr(path, '/');
	*ret_name = slash ? slash + 1 : path;
	*ret_parent = 0;
	if (slash)
		memcpy(dir, path, (size_t)(slash - path));
	if (*path && !vfs_share_is_file(share)) {
		enter(v, share, dir);
		if (v->parent &&
		    !lx_stat_name(share->vol, v->parent->node, *ret_name,
				  &st) && is(inode, &st)) {
			*ret_parent = vfs_inode_id(v->parent);
			return true;
		}
	}
	*ret_name = path;
	return !lx_stat_path(share->vol, path, &st) && is(inode, &st);
}

/* ---- nodes ------------------------------------------------------------- */

static void save_node(struct saving *v, struct vfs_inode *inode)
{
	const struct vfs_identity *key = &inode->key;
	struct lx_handle handle = { .len = 0 };
	struct save_writer *w = v->w;
	char path[LX_PATH_MAX];
	const char *name = "";
	uint64_t parent = 0;
	bool named = find_name(v, inode, path, &name, &parent);

	if (lx_node_handle(key->share->vol, inode->node, &handle))
		handle.len = 0;
	if (!named && !handle.len)
		return;         /* it answers ESTALE, here or there */
	save_begin(w, VFS_TAG_NODE);
	save_u64(w, vfs_inode_id(inode));
	save_u64(w, inode->state == VFS_INODE_KNOWN ? inode->lookups : 0);
	save_u32(w, (uint32_t)(key->share - v->s->shares));
	save_u32(w, key->type);
	save_u64(w, key->ino);
	save_u64(w, key->btime);
	save_u8(w, key->dev == key->share->top_st.dev);
	save_u8(w, named);
	save_u64(w, named ? parent : 0);
	save_blob(w, name, named ? strlen(name) : 0);
	save_u32(w, handle.type);
	save_blob(w, handle.bytes, handle.len);
	save_end(w);
}

static int save_nodes(struct saving *v)
{
	int err = collect(v);

	vfs_slots_save(vfs_inodes_slots(v->s->inodes), v->w);
	for (size_t i = 0; i < v->count && !err; i++) {
		uint32_t index = v->item[i].index - 1;
		struct vfs_inode *inode = next(v->s, &index);

		if (!inode)
			break;
		save_node(v, inode);
		vfs_inode_put(v->s->inodes, inode);
		err = v->w->error;
	}
	if (v->parent)
		vfs_inode_put(v->s->inodes, v->parent);
	free(v->item);
	return err;
}

/* ---- open files -------------------------------------------------------- */

static void save_handle(struct save_writer *w, const struct vfs_handle *handle)
{
	save_begin(w, VFS_TAG_FILE);
	save_u64(w, vfs_slot_id(&handle->slot));
	save_u64(w, handle->node);
	save_u8(w, (uint8_t)handle->kind);
	save_u32(w, handle->file ? lx_file_flags(handle->file) : 0);
	save_u8(w, (uint8_t)handle->flock);
	save_end(w);
}

static void save_handles(struct vfs_server *s, struct save_writer *w)
{
	struct vfs_slot *slot;
	uint32_t index = 0;

	vfs_slots_save(&s->handles.slots, w);
	while ((slot = vfs_slots_next(&s->handles.slots, &index))) {
		struct vfs_handle *handle = container_of(slot,
							 struct vfs_handle,
							 slot);

		if (atomic_load(&handle->open))
			save_handle(w, handle);
		vfs_handle_put(&s->handles, handle);
	}
}

/* ---- locks ------------------------------------------------------------- */

static int save_owner(struct vfs_server *s, struct save_writer *w,
		      const struct vfs_lock_owner *o)
{
	if (o->held.count > VFS_SAVED_RANGES_MAX) {
		log_warn(s->log, LOG_VIRTIOFS,
			 "node %llu: a process has locked more than %u ranges, which cannot be saved",
			 (unsigned long long)o->node, VFS_SAVED_RANGES_MAX);
		return -LX_E2BIG;
	}
	save_begin(w, VFS_TAG_LOCK);
	save_u64(w, o->node);
	save_u64(w, o->owner);
	save_u64(w, atomic_load(&o->handle));
	save_u32(w, atomic_load(&o->pid));
	for (uint32_t i = 0; i < o->held.count; i++) {
		save_u64(w, o->held.range[i].start);
		save_u64(w, o->held.range[i].end);
		save_u32(w, o->held.range[i].type);
	}
	save_end(w);
	return 0;
}

static int save_locks(struct vfs_server *s, struct save_writer *w)
{
	int err = 0;

	pthread_mutex_lock(&s->locks.lock);
	for (size_t i = 0; i < VFS_LOCK_BUCKETS; i++) {
		const struct vfs_lock_owner *o = s->locks.bucket[i];

		for (; o && !err; o = o->next)
			err = save_owner(s, w, o);
	}
	pthread_mutex_unlock(&s->locks.lock);
	return err;
}

int vfs_save(void *fs, struct save_writer *w)
{
	struct saving *v = calloc(1, sizeof(*v));
	struct vfs_server *s = fs;
	int err;

	if (!v)
		return -LX_ENOMEM;
	v->s = s;
	v->w = w;
	save_shares(s, w);
	err = save_nodes(v);
	free(v);
	if (!err) {
		save_handles(s, w);
		err = save_locks(s, w);
	}
	return err ? err : w->error;
}
