/* SPDX-License-Identifier: MIT */
/*
 * vfs_restore.c - a guest goes on with this server where another one was saved.
 *
 * Whoever has written the records is not trusted.  A node is looked up by one
 * name after the other, as a guest would do it, or opened by a handle that is
 * then proven to lie in the share (lx_open_saved()); it counts only if it is of
 * the type that it was and, where this is the tree that it was in, the same
 * inode.  All that a guest is limited to is the limit here, too.
 *
 * What cannot be found any more is left out: its node is ESTALE, its handle
 * EBADF, as if the host had taken it away.  What makes no sense, and what there
 * is no room for, ends it.
 */
#include "virtio/fs/vfs_private.h"
#include "virtio/fs/vfs_saved.h"

#include "common/bytes.h"

#include <stdlib.h>
#include <string.h>

struct restoring {
	struct vfs_server *s;
	struct save_reader *r;
	bool *same_tree;                /* of each share */
	size_t nodes, lost_nodes;
	size_t files, lost_files;
	size_t lost_locks;
};

/* A record of a node. */
struct saved_node {
	uint64_t id, lookups;
	struct vfs_share *share;
	bool same_tree;
	uint32_t type;
	uint64_t ino, btime;
	bool on_root, named;
	uint64_t parent;
	char path[LX_PATH_MAX];         /* from the parent, or from the root */
	struct lx_handle handle;
};

/* There is no room, and there would not be for what comes next. */
static bool is_fatal(int err)
{
	return err == -LX_ENOMEM || err == -LX_ENFILE || err == -LX_EMFILE;
}

/* A string of the record, shorter than size. */
static void get_string(struct save_reader *r, char *ret_string, size_t size)
{
	size_t len;
	const char *bytes = save_get_blob(r, size - 1, &len);

	if (memchr(bytes, '\0', len))
		save_refuse(r, -LX_EINVAL, "a name with a NUL in it");
	memcpy(ret_string, bytes, len);
	ret_string[len] = '\0';
}

/* ---- shares ------------------------------------------------------------ */

static void restore_share(struct restoring *v, size_t i)
{
	const struct vfs_share *share = &v->s->shares[i];
	char name[LX_NAME_MAX + 1], file[LX_NAME_MAX + 1];
	struct save_reader *r = v->r;
	uint64_t ino, btime;
	bool read_only;

	save_take(r, VFS_TAG_SHARE);
	get_string(r, name, sizeof(name));
	get_string(r, file, sizeof(file));
	read_only = save_get_bool(r);
	ino = save_get_u64(r);
	btime = save_get_u64(r);
	if (save_done(r))
		return;
	if (strcmp(name, share->name) || !*file != !*share->file)
		save_refuse(r, -LX_EINVAL,
			    "folder %zu is another one than was saved", i + 1);
	else if (read_only != share->options.read_only)
		save_refuse(r, -LX_EINVAL,
			    "folder %zu was %sread-only when it was saved",
			    i + 1, read_only ? "" : "not ");
	v->same_tree[i] = ino == share->top_st.ino && btime &&
			  btime == vfs_btime(&share->top_st);
}

static void restore_shares(struct restoring *v)
{
	struct save_reader *r = v->r;
	uint32_t count;
	bool own_root;

	save_take(r, VFS_TAG_SERVER);
	count = save_get_u32(r);
	own_root = save_get_bool(r);
	save_done(r);
	if (count != v->s->share_count || own_root != v->s->own_root)
		save_refuse(r, -LX_EINVAL,
			    "saved state of %u folders, there are %zu", count,
			    v->s->share_count);
	for (size_t i = 0; i < v->s->share_count && !r->error; i++)
		restore_share(v, i);
}

/* ---- finding nodes ----------------------------------------------------- */

/* By all names of a path from the root. */
static int walk(struct vfs_share *share, const char *path,
		struct lx_node **ret_node, struct lx_stat *ret_st)
{
	char names[LX_PATH_MAX], *next = names, *name;
	struct lx_node *node, *dir;
	struct lx_stat st;
	int err;

	strcpy(names, path);
	err = lx_volume_root(share->vol, &node, &st);
	while (!err && *next) {
		name = next;
		next += strcspn(name, "/");
		if (*next)
			*next++ = '\0';
		dir = node;
		err = lx_lookup(share->vol, dir, name, &node, &st);
		lx_node_close(share->vol, dir);
	}
	if (err)
		return err;
	*ret_node = node;
	*ret_st = st;
	return 0;
}

static int find_by_name(struct vfs_server *s, const struct saved_node *n,
			struct lx_node **ret_node, struct lx_stat *ret_st)
{
	struct vfs_inode *parent;
	int err = -LX_ESTALE;

	/* It has one name, whatever the record says. */
	if (vfs_share_is_file(n->share))
		return vfs_share_look_up(n->share, ret_node, ret_st);
	if (!n->parent)
		return walk(n->share, n->path, ret_node, ret_st);
	parent = vfs_inode_get(s->inodes, n->parent);
	if (!parent)
		return err;
	if (parent->key.share == n->share)
		err = lx_lookup(n->share->vol, parent->node, n->path, ret_node,
				ret_st);
	vfs_inode_put(s->inodes, parent);
	return err;
}

/* 0: what was found is what it was; else the node is given up. */
static int check(const struct saved_node *n, struct lx_node *node,
		 const struct lx_stat *st)
{
	bool on_root = st->dev == n->share->top_st.dev;

	if ((st->mode & LX_S_IFMT) == n->type &&
	    (!n->same_tree || (st->ino == n->ino && vfs_btime(st) == n->btime &&
			       on_root == n->on_root)))
		return 0;
	lx_node_close(n->share->vol, node);
	return -LX_ESTALE;
}

static int find_node(struct vfs_server *s, const struct saved_node *n,
		     struct lx_node **ret_node, struct lx_stat *ret_st)
{
	int err = -LX_ESTALE;

	if (n->named) {
		err = find_by_name(s, n, ret_node, ret_st);
		if (!err)
			err = check(n, *ret_node, ret_st);
		if (!err || is_fatal(err))
			return err;
	}
	if (!n->same_tree || !n->handle.len || vfs_share_is_file(n->share))
		return err;
	err = lx_open_saved(n->share->vol, &n->handle, n->type, ret_node,
			    ret_st);
	return err ? err : check(n, *ret_node, ret_st);
}

/* ---- nodes ------------------------------------------------------------- */

static void get_handle(struct save_reader *r, struct lx_handle *ret_handle)
{
	const void *bytes;

	ret_handle->type = save_get_u32(r);
	bytes = save_get_blob(r, LX_HANDLE_MAX, &ret_handle->len);
	memcpy(ret_handle->bytes, bytes, ret_handle->len);
}

/* 0, or the reader's error. */
static int get_node(struct restoring *v, struct saved_node *ret_node)
{
	struct save_reader *r = v->r;
	uint32_t share;

	save_take(r, VFS_TAG_NODE);
	ret_node->id = save_get_u64(r);
	ret_node->lookups = save_get_u64(r);
	share = save_get_u32(r);
	ret_node->type = save_get_u32(r);
	ret_node->ino = save_get_u64(r);
	ret_node->btime = save_get_u64(r);
	ret_node->on_root = save_get_bool(r);
	ret_node->named = save_get_bool(r);
	ret_node->parent = save_get_u64(r);
	get_string(r, ret_node->path, sizeof(ret_node->path));
	get_handle(r, &ret_node->handle);
	if (save_done(r))
		return r->error;
	if (share >= v->s->share_count)
		return save_refuse(r, -LX_EINVAL,
				   "a node in folder %u, there are %zu", share,
				   v->s->share_count);
	ret_node->share = &v->s->shares[share];
	ret_node->same_tree = v->same_tree[share];
	return 0;
}

static void restore_node(struct restoring *v, struct saved_node *n)
{
	struct lx_node *node = NULL;
	struct lx_stat st = { .mode = 0 };
	int err;

	if (get_node(v, n))
		return;
	err = find_node(v->s, n, &node, &st);
	if (!err)
		err = vfs_inodes_place(v->s->inodes, n->share, node, &st,
				       n->id, n->lookups);
	else if (!is_fatal(err))
		err = -LX_ESTALE;
	if (err == -LX_EINVAL || is_fatal(err))
		save_refuse(v->r, err, "node %llu cannot be restored: %s",
			    (unsigned long long)n->id, lx_errname(err));
	else if (err)
		v->lost_nodes++;
	else
		v->nodes++;
}

static void restore_nodes(struct restoring *v)
{
	struct vfs_slots *slots = vfs_inodes_slots(v->s->inodes);
	struct saved_node *n = malloc(sizeof(*n));

	if (!n) {
		save_refuse(v->r, -LX_ENOMEM, "no memory");
		return;
	}
	vfs_slots_restore(slots, v->r);
	while (save_next(v->r) == VFS_TAG_NODE)
		restore_node(v, n);
	vfs_slots_close(slots);
	free(n);
}

/* ---- open files -------------------------------------------------------- */

struct saved_file {
	uint64_t id, node;
	enum vfs_handle_kind kind;
	uint32_t flags;
	enum vfs_flock flock;
};

/* What of the flags a guest could have opened it by, and changes nothing. */
static uint32_t flags_of(const struct vfs_share *share, uint32_t flags)
{
	uint32_t count = LX_O_ACCMODE | LX_O_APPEND | LX_O_NONBLOCK |
			 LX_O_DSYNC | LX_O_SYNC;

	if (share->options.direct_io)
		count |= LX_O_DIRECT;
	if (share->options.preserve_noatime)
		count |= LX_O_NOATIME;
	return flags & count;
}

static int open_file(const struct vfs_inode *inode, const struct saved_file *f,
		     struct lx_file **ret_file)
{
	if (f->kind == VFS_HANDLE_DIR)
		return lx_opendir(vfs_vol(inode), inode->node, ret_file);
	return lx_open(vfs_vol(inode), inode->node,
		       flags_of(inode->key.share, f->flags), ret_file);
}

/* Open a handle that was reserved, as it was. */
static int open_handle(struct vfs_server *s, const struct saved_file *f,
		       struct vfs_handle *handle)
{
	struct vfs_inode *inode;
	struct lx_file *file;
	int err;

	if (s->own_root && f->node == FUSE_ROOT_ID) {
		if (f->kind != VFS_HANDLE_DIR)
			return -LX_EISDIR;
		vfs_handle_open(handle, NULL, NULL, f->node);
		return 0;
	}
	inode = vfs_inode_get(s->inodes, f->node);
	if (!inode)
		return -LX_ESTALE;
	err = open_file(inode, f, &file);
	if (!err)
		vfs_handle_open(handle, inode->key.share, file, f->node);
	vfs_inode_put(s->inodes, inode);
	return err;
}

static int get_file(struct save_reader *r, struct saved_file *ret_file)
{
	uint8_t kind, flock;

	save_take(r, VFS_TAG_FILE);
	ret_file->id = save_get_u64(r);
	ret_file->node = save_get_u64(r);
	kind = save_get_u8(r);
	ret_file->flags = save_get_u32(r);
	flock = save_get_u8(r);
	if (kind > VFS_HANDLE_DIR || flock > VFS_FLOCK_EXCLUSIVE ||
	    (kind == VFS_HANDLE_DIR && flock))
		save_refuse(r, -LX_EINVAL, "a handle of kind %u, flock %u",
			    kind, flock);
	ret_file->kind = kind;
	ret_file->flock = flock;
	return save_done(r);
}

/* Something is to be tried again, or is lost. */
static void note_lock(struct restoring *v, uint64_t node, uint64_t owner,
		      bool owner_is_handle, int err)
{
	const struct vfs_retake_lock lock = { node, owner, owner_is_handle };

	if (err != -LX_EAGAIN)
		v->lost_locks += err != 0;
	else if (vfs_retake_add(&v->s->retake, lock))
		save_refuse(v->r, -LX_ENOMEM, "no memory");
}

static void restore_flock(struct restoring *v, const struct saved_file *f)
{
	struct vfs_handle *handle;
	int err;

	if (!f->flock || vfs_handle_get(&v->s->handles, f->id, f->node,
					VFS_HANDLE_FILE, &handle))
		return;
	err = vfs_handle_restore_flock(handle, f->flock);
	vfs_handle_put(&v->s->handles, handle);
	note_lock(v, f->node, f->id, true, err);
}

static void restore_handle(struct restoring *v)
{
	struct vfs_handle *handle;
	struct saved_file f;
	int err;

	if (get_file(v->r, &f))
		return;
	err = vfs_handle_place(&v->s->handles, f.kind, f.id, &handle);
	if (!err) {
		err = open_handle(v->s, &f, handle);
		if (err)
			vfs_handle_cancel(&v->s->handles, handle);
		/* A number that makes no sense is another matter. */
		if (err == -LX_EINVAL)
			err = -LX_EBADF;
	}
	if (err == -LX_EINVAL || is_fatal(err))
		save_refuse(v->r, err, "handle %llu cannot be restored: %s",
			    (unsigned long long)f.id, lx_errname(err));
	else if (err)
		v->lost_files++;
	else
		v->files++;
	restore_flock(v, &f);
}

static void restore_handles(struct restoring *v)
{
	vfs_slots_restore(&v->s->handles.slots, v->r);
	while (save_next(v->r) == VFS_TAG_FILE)
		restore_handle(v);
	vfs_slots_close(&v->s->handles.slots);
}

/* ---- locks ------------------------------------------------------------- */

static void restore_owner(struct restoring *v)
{
	struct vfs_held_range range[VFS_SAVED_RANGES_MAX];
	struct fuse_lk_in in = { .fh = 0 };
	struct save_reader *r = v->r;
	size_t count = 0;
	uint64_t node;
	int err;

	save_take(r, VFS_TAG_LOCK);
	node = save_get_u64(r);
	in.owner = save_get_u64(r);
	in.fh = save_get_u64(r);
	in.lk.pid = save_get_u32(r);
	while (save_left(r) && count < VFS_SAVED_RANGES_MAX) {
		range[count].start = save_get_u64(r);
		range[count].end = save_get_u64(r);
		range[count].type = save_get_u32(r);
		count++;
	}
	if (save_done(r))
		return;
	err = vfs_locks_restore(v->s, node, &in, range, count);
	if (err == -LX_EINVAL || err == -LX_ENOLCK || is_fatal(err))
		save_refuse(r, err, "locks of node %llu cannot be restored: %s",
			    (unsigned long long)node, lx_errname(err));
	else
		note_lock(v, node, in.owner, false, err);
}

static void restore_locks(struct restoring *v)
{
	while (save_next(v->r) == VFS_TAG_LOCK)
		restore_owner(v);
	if (!v->r->error && vfs_retake_start(v->s))
		save_refuse(v->r, -LX_ENOMEM, "no thread to take locks");
}

int vfs_restore(void *fs, struct save_reader *r)
{
	struct restoring v = { .s = fs, .r = r };

	v.same_tree = calloc(v.s->share_count, sizeof(*v.same_tree));
	if (!v.same_tree)
		return save_refuse(r, -LX_ENOMEM, "no memory");
	restore_shares(&v);
	if (!r->error)
		restore_nodes(&v);
	if (!r->error)
		restore_handles(&v);
	if (!r->error)
		restore_locks(&v);
	free(v.same_tree);
	if (r->error)
		return r->error;
	log_info(v.s->log, LOG_VIRTIOFS,
		 "restored %zu nodes and %zu open files; %zu and %zu are not there any more, nor %zu locks",
		 v.nodes, v.files, v.lost_nodes, v.lost_files, v.lost_locks);
	return 0;
}
