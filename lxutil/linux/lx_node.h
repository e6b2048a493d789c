/* SPDX-License-Identifier: MIT */
/*
 * lx_node.h - the three nouns on a Linux host; private to lxutil/linux.
 *
 * A node is a descriptor and not a path: opened with O_PATH it pins the inode
 * without opening the file, so it can be had for FIFOs, devices and symlinks
 * too, needs no permission, and cannot block.  Renames and unlinks do not
 * matter to it.  Most calls take it as the directory of an *at call, or with
 * AT_EMPTY_PATH as the thing itself.  Where descriptors are short it becomes
 * a file handle (or the name by which it was found: lx_hint.h), and a
 * descriptor again when it is used (lx_fds.h), so every function begins with
 * lx_node_fd_get() and ends with lx_node_fd_put().
 *
 * What O_PATH cannot do (I/O, chmod, xattrs) goes through the descriptor's
 * entry in /proc/self/fd.  That is a magic link: it leads to the inode that
 * the descriptor holds, whatever its names are now, and for a symlink to the
 * symlink itself.  Only nodes of regular files and directories are opened so;
 * an inode's type never changes, hence what was seen at the lookup still is.
 *
 * All functions here return 0 (or a descriptor) or -LX_E...
 */
#ifndef LXUTIL_LINUX_LX_NODE_H
#define LXUTIL_LINUX_LX_NODE_H

#include "common/limits.h"
#include "lxutil/linux/lx_fds.h"
#include "lxutil/linux/lx_handle.h"
#include "lxutil/linux/lx_hint.h"
#include "lxutil/linux/lx_removal.h"
#include "lxutil/lx_errno.h"
#include "lxutil/lx_volume.h"

#include <errno.h>

#define LX_SPARES 8                     /* descriptors kept by a volume */

/* The open files, by which nodes come back that have no name any more. */
struct lx_files {
	pthread_mutex_t lock;           /* held while one is opened again */
	struct lx_link list;
};

struct lx_volume {
	int root_fd;
	int proc_fd;                    /* /proc/self/fd */
	bool read_only;
	enum lx_handles handles;
	const struct log *log;
	struct lx_fds fds;
	struct lx_files files;
	struct lx_removals removals;
	struct lx_hints hints;
	struct lx_mounts mounts;
	struct lx_mount *mount;         /* of the root */
	uint64_t mount_id;              /* of it; 0: not known */
	_Atomic int spare[LX_SPARES];   /* descriptors, or -1 */
	_Atomic unsigned blind;         /* lx_io.c: of files opened from now */
};

/* There may be a million of them. */
struct lx_node {
	/* Counted pins << 32 | the descriptor + 1 (0: none). */
	_Atomic uint64_t pinned_fd;
	uint64_t ino;
	struct lx_mount *mount;         /* NULL: none with handles */
	union {
		struct file_handle *handle; /* NULL until it is evicted first */
		struct lx_hint *hint;   /* protected by lx_hints' lock */
	};
	/* These four: see lx_fds.h. */
	struct lx_link link;
	uint8_t place : 2;              /* enum lx_place */
	uint8_t closed : 1;             /* while it was leaving */
	_Atomic bool used;              /* since the hand came by */
	/* What it will always be: */
	uint8_t dt;                     /* LX_DT() of the mode */
	bool by_name : 1;               /* it has a hint and no handle */
	bool root : 1;                  /* of the volume */
	_Atomic uint32_t refs;          /* its owner's, and of hints */
};

/* With malloc()'s own word, a line of the cache. */
_Static_assert(sizeof(struct lx_node) <= 56, "small");

/* LX_S_IFMT of the mode. */
static inline uint32_t lx_node_type(const struct lx_node *node)
{
	return (uint32_t)node->dt << 12;
}

/* Where a directory is read; protected by its caller. */
struct lx_dir {
	uint64_t offset;                /* of the entry at `pos` */
	size_t pos, len;                /* bytes in buf, used and read */
	_Alignas(8) char buf[LX_DIR_BUFFER];
};

struct lx_file {
	struct lx_volume *vol;
	struct lx_node *node;           /* referenced */
	struct lx_link link;            /* of the volume's open files */
	int fd;
	bool writable;
	bool read_only;                 /* the volume is */
	_Atomic unsigned blind;         /* lx_io.c: it cannot tell... */
	unsigned direct;                /* ...but need not wait: O_DIRECT */
	struct lx_dir *dir;             /* NULL: a regular file */
};

/* ---- lx_node.c --------------------------------------------------------- */

/* The error of a call that failed: errno's, and never 0. */
static inline int lx_error(void)
{
	int err = -lx_errno_from_host(errno);

	return err < 0 ? err : -LX_EIO;
}

/*
 * A node of a descriptor, which was found by `name` in dir (or by no name:
 * NULL), and its attributes.  The node takes fd and what lx_fds_reserve() has
 * counted for it; both are given up on failure.  fd may be an error, -LX_E...,
 * which is returned.
 */
int lx_node_new(struct lx_volume *vol, int fd, struct lx_node *dir,
		const char *name, struct lx_node **ret_node,
		struct lx_stat *ret_st);
/* NULL is allowed. */
void lx_node_unref(struct lx_volume *vol, struct lx_node *node);
/* For lx_fds.c: all but its descriptor. */
void lx_node_free(struct lx_volume *vol, struct lx_node *node);

/* May `name` be looked up in `dir`? */
int lx_check_at(const struct lx_node *dir, const char *name);

/* The entry of fd in /proc/self/fd, and its path. */
struct lx_fd_name {
	char s[12];
};
struct lx_fd_name lx_fd_name(int fd);
struct lx_fd_path {
	char s[32];
};
struct lx_fd_path lx_fd_path(int fd);

/* Open the inode of fd again; flags are the host's.  A descriptor. */
int lx_reopen(struct lx_volume *vol, int fd, int flags);

/* ---- lx_attr.c --------------------------------------------------------- */

int lx_fd_stat(int fd, struct lx_stat *ret_st);
/* What the kernel knows, without asking the server of a file system. */
int lx_fd_stat_known(int fd, struct lx_stat *ret_st);

/* ---- lx_file.c --------------------------------------------------------- */

/*
 * The host's open(2) flags for the guest's: only those that lx_open() knows.
 * -LX_EINVAL: no access mode; -LX_EROFS.
 */
int lx_open_flags(const struct lx_volume *vol, uint32_t flags);
/* The guest's for the host's, of which those count. */
uint32_t lx_open_flags_from_host(int flags);

/*
 * A file in two steps, so that nothing is opened (or created) that there is no
 * memory or no room for: make it, then say what descriptor it was opened as, by
 * these flags of the host's.  That may be an error, -LX_E..., which is returned
 * and ends the file.
 */
int lx_file_new(struct lx_volume *vol, struct lx_file **ret_file);
int lx_file_opened(struct lx_file *file, int fd, int flags);

/* It is open for this node.  Once. */
void lx_file_attach(struct lx_file *file, struct lx_node *node);
/* A descriptor (O_PATH) of a node that is open, or -LX_ESTALE. */
int lx_files_reopen(struct lx_volume *vol, const struct lx_node *node);
void lx_files_init(struct lx_files *files);
void lx_files_done(struct lx_files *files);

/* ---- lx_io.c ----------------------------------------------------------- */

/* The file was opened with these flags of the host's. */
void lx_io_init(struct lx_file *file, int flags);
/*
 * Do transfers go on without a thread that waits for them?  Those that cannot
 * tell whether they would wait do not, but for O_DIRECT on some file systems.
 */
bool lx_io_goes_on(const struct lx_file *file, bool write);

/* ---- lx_spare.c -------------------------------------------------------- */

/*
 * A descriptor in reserve, for what must not fail once a name was created.
 * From the volume's, or a new one; -LX_EMFILE or so when there is none.
 */
int lx_spare_take(struct lx_volume *vol);
/* Give it back, if it is still there (not -1). */
void lx_spare_put(struct lx_volume *vol, int spare);
/* openat(2) that gives *spare up (it becomes -1) where it has to. */
int lx_spare_openat(int *spare, int dir_fd, const char *name, int flags);
void lx_spare_init(struct lx_volume *vol);
void lx_spare_close(struct lx_volume *vol);

#endif
