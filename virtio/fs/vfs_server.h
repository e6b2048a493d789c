/* SPDX-License-Identifier: MIT */
/*
 * vfs_server.h - VirtioFs: a file system that serves host directories to a
 * fuse_session, on top of lxutil.
 *
 * It owns the volumes, the node table (node ids -> inodes, found again by
 * identity) and the handle table.  Node ids and handles are table keys with a
 * generation, never pointers, and never used for something else again while
 * the guest may hold them.
 */
#ifndef VIRTIO_FS_VFS_SERVER_H
#define VIRTIO_FS_VFS_SERVER_H

#include "common/log.h"
#include "fuse/fuse_ops.h"
#include "lxutil/lx_volume.h"
#include "virtio/fs/vfs_idmap.h"
#include "virtio/fs/vfs_xattrmap.h"

struct vfs_server;

/* What a guest may keep; virtiofsd's words and meanings. */
enum vfs_cache {
	VFS_CACHE_NEVER,                /* nothing: always what the host has */
	VFS_CACHE_METADATA,             /* names and attributes, no data */
	VFS_CACHE_AUTO,                 /* for a second; data until reopened */
	VFS_CACHE_ALWAYS                /* as if nobody else changed files */
};

/* How long names and attributes hold where no `timeout` is given. */
#define VFS_TIMEOUT_AUTO_S 1
#define VFS_TIMEOUT_ALWAYS_S 86400

/*
 * All zeros is not the default: see vfs_options_default().  What the guest's
 * kernel does not offer at INIT is not used, whatever stands here.
 */
struct vfs_options {
	bool read_only;
	enum vfs_cache cache;
	bool has_timeout;
	struct lx_time timeout;         /* of names and attributes */
	struct lx_time negative_timeout; /* of names that do not exist */
	enum lx_handles inode_file_handles;
	bool direct_io;                 /* O_DIRECT reaches the host's file */
	bool preserve_noatime;          /* so does O_NOATIME */
	bool xattr;
	/* Owned by the options; NULL: as on the host. */
	struct vfs_idmap *uid_map, *gid_map;
	struct vfs_xattrmap *xattrmap;
	/* Of a whole server: the same for all folders. */
	bool writeback;                 /* the guest buffers writes */
	bool allow_mmap;                /* shared mmap without a page cache */
	bool readdirplus;
	bool posix_acl;
	bool security_label;
	bool announce_submounts;
	bool killpriv_v2;               /* the server drops setuid bits */
	bool locks;                     /* stand against the host, too */
	/*
	 * Descriptors for inodes and open files, of all folders together; 0:
	 * as many as the process may have.
	 */
	unsigned max_descriptors;
	/*
	 * What the guest may have at a time: inodes that it knows, open files
	 * and directories, ranges that are locked; 0: as many as limits.h says.
	 */
	unsigned max_nodes, max_handles, max_locks;
};

void vfs_options_default(struct vfs_options *ret_options);
/* Free the maps. */
void vfs_options_done(struct vfs_options *options);

/*
 * Is every ACL where Linux looks for it?  What a xattrmap renames or hides
 * binds nobody on the host, so posix_acl needs it.
 */
bool vfs_options_keep_acls(const struct vfs_options *options);

/*
 * A server for the host directory `root`.  If it is a regular file, the guest
 * gets a read-only directory of our own that holds just this file.  log and the
 * maps of the options are borrowed until vfs_server_free().  0, or -LX_E...
 * from opening root.
 */
int vfs_server_new(const char *root, const struct vfs_options *options,
		   const struct log *log, struct vfs_server **ret_server);

/* A directory or regular file of the host, and its name in the guest's root. */
struct vfs_folder {
	const char *name;
	const char *root;
	struct vfs_options options;
};

/*
 * A server for these folders, which are copied but for the maps of the
 * options: the guest's root is a read-only directory of our own that leads to
 * them.  0, -LX_EINVAL (a name is none or given twice, or options of the whole
 * mount differ), or -LX_E... from opening a folder's root; *ret_failed is then
 * the index of that folder.
 */
int vfs_server_new_folders(const struct vfs_folder *folders, size_t count,
			   const struct log *log, size_t *ret_failed,
			   struct vfs_server **ret_server);

/* NULL is allowed. */
void vfs_server_free(struct vfs_server *server);

/* The operations of this server; their `fs` is the server. */
const struct fuse_ops *vfs_server_ops(struct vfs_server *server);

/* Numbers for inspection. */
struct vfs_server_stats {
	size_t nodes;                   /* inodes that the guest may know */
	size_t handles;                 /* open files and directories */
	size_t lock_owners;             /* who has record locks, on what file */
};
struct vfs_server_stats vfs_server_stats(struct vfs_server *server);

#endif
