/* SPDX-License-Identifier: MIT */
/*
 * lx_volume.h - files of this host with Linux' semantics: THE contract that a
 * host port fulfils (lxutil/linux is the first).
 *
 * There are three nouns:
 *
 *   lx_volume  an opened share: a root directory and options.
 *   lx_node    a reference to one inode, whatever its type, that stays right
 *              when the host renames it.  Never a path.
 *   lx_file    an inode opened for I/O, or a directory opened for reading.
 *
 * Containment.  A name is always one component below a node; every function
 * that takes one refuses "", ".", "..", a '/' (-LX_EINVAL) and more than
 * LX_NAME_MAX bytes (-LX_ENAMETOOLONG), whoever has checked before.  Symbolic
 * links are never followed, and only regular files and directories are ever
 * opened.  So nothing outside the root can be reached, whatever the guest
 * sends and whatever the host's tree turns into meanwhile.
 *
 * Inodes without a descriptor.  A node that was used lately holds a descriptor
 * and so its inode, whatever becomes of its names.  One that was not, in a
 * volume that knows more inodes than it may have descriptors, has only a way
 * back: a file handle (see enum lx_handles), or else its last known name.  By
 * a handle, its inode is lost when its last name goes; by a name, also when
 * the host gives it another one, until it is looked up anew.  Then each
 * function answers -LX_ESTALE, as on NFS, and never with another inode.  What
 * is removed or renamed through the volume can be kept: see lx_removal_begin().
 * A node that has no name any more while it has its descriptor keeps that, as
 * long as another node can do without; and one of which an lx_file is open
 * finds its inode by that.  An lx_file is not touched by any of this.
 *
 * Unless said otherwise: functions return 0 or a negative -LX_E... number;
 * output arguments are last, named ret_*, and untouched on failure; pointers
 * are borrowed for the call; any function may block on the file system and may
 * be called from any thread, with the same volume, node or file from several
 * at a time.  Strings are NUL-terminated bytes, not UTF-8.
 *
 * A thread that calls functions which create (they take a lx_caller) or which
 * act without privilege (they take kill_priv, or a flag of that name) must
 * have called lx_thread_init(), or they act as the process.
 */
#ifndef LXUTIL_LX_VOLUME_H
#define LXUTIL_LX_VOLUME_H

#include "common/iov.h"
#include "common/log.h"
#include "lxutil/lx.h"

#include <sys/types.h>              /* ssize_t */

struct lx_volume;
struct lx_node;
struct lx_file;

/*
 * How nodes come back that have no descriptor (a guest may know more inodes
 * than the process may have files open).  A file handle finds the inode under
 * any name, but takes CAP_DAC_READ_SEARCH and a file system that has handles.
 */
enum lx_handles {
	LX_HANDLES_PREFER,              /* where they work */
	LX_HANDLES_NEVER,               /* by their names, as the others */
	LX_HANDLES_MANDATORY            /* or -LX_EOPNOTSUPP */
};

/* All zeros is a good default. */
struct lx_volume_options {
	bool read_only;                 /* changes answer -LX_EROFS */
	enum lx_handles inode_file_handles;
	/*
	 * How many descriptors the volume's nodes and open files (these: three
	 * quarters of it) may hold at a time; -LX_ENFILE where all are of
	 * files or in use right now.  0: lx_max_descriptors().
	 */
	unsigned max_descriptors;
};

/* What RLIMIT_NOFILE allows now, less some for the process itself. */
unsigned lx_max_descriptors(void);

/* ---- errors and threads ------------------------------------------------ */

/* "ENOENT" for 2 (the sign does not matter); "E?" for a number unknown. */
const char *lx_errname(int err);

/*
 * Prepare the calling thread: a umask and working directory of its own, the
 * umask being 0 (where the host forbids that, the process' umask stays and
 * takes bits from what is created), and no supplementary groups where the
 * process is privileged, as they are not the guest's; nor the privilege to go
 * beyond quotas, which are.  Later calls leave the thread with another umask,
 * or without the privilege that they were told to drop, until one asks for it.
 * For threads of the plugin only, never for the host's.
 */
void lx_thread_init(void);

/*
 * From now on the calling thread acts without privilege (see above) as a member
 * of this group: Linux leaves S_ISGID on a file that its group may not execute
 * to its members.  LX_GROUP_NONE: of the process' own.  Nothing happens where
 * the process may not, or where its thread needs groups for permissions.
 */
#define LX_GROUP_NONE UINT32_MAX
void lx_thread_group(uint32_t gid);

/* ---- volumes ----------------------------------------------------------- */

/*
 * Open the directory `root` (a host path).  -LX_ENOTDIR when it is none;
 * -LX_EOPNOTSUPP: LX_HANDLES_MANDATORY, and there are none.
 * Both log and options are borrowed until lx_volume_close().
 */
int lx_volume_open(const char *root, const struct lx_volume_options *options,
		   const struct log *log, struct lx_volume **ret_volume);

/*
 * Open the directory that a regular file is in, and tell the file's name there.
 * Links in the path are followed now and never again.  -LX_ENOTDIR when it is
 * no regular file; else as lx_volume_open().
 */
int lx_volume_open_file(const char *path,
			const struct lx_volume_options *options,
			const struct log *log, struct lx_volume **ret_volume,
			char ret_name[LX_NAME_MAX + 1]);

/* All nodes and files must be closed.  NULL is allowed. */
void lx_volume_close(struct lx_volume *vol);

bool lx_volume_read_only(const struct lx_volume *vol);

/* A new node for the root, and its attributes. */
int lx_volume_root(struct lx_volume *vol, struct lx_node **ret_node,
		   struct lx_stat *ret_st);

/* ---- nodes ------------------------------------------------------------- */

/* Never blocks for long; NULL is allowed. */
void lx_node_close(struct lx_volume *vol, struct lx_node *node);

/*
 * Attributes of what `name` is now, in one step and without a node.  Where
 * (dev, ino, mount), the type and, if both have one, btime are those of a node
 * that is held, it is that inode: a number can be used again while a node has
 * but a handle, and then by an inode born later.  (If the host's file system
 * keeps that time so roughly that they are the same, the node's functions
 * answer -LX_ESTALE.)  -LX_ENOTDIR: dir is no directory.
 */
int lx_stat_name(struct lx_volume *vol, struct lx_node *dir, const char *name,
		 struct lx_stat *ret_st);

/* A new node for what `name` is now, and its attributes, taken from it. */
int lx_lookup(struct lx_volume *vol, struct lx_node *dir, const char *name,
	      struct lx_node **ret_node, struct lx_stat *ret_st);

/*
 * A new node for the directory that `dir` is in, and its attributes; the root
 * for the root.  -LX_ESTALE: it is not below the root any more.  -LX_ENOTDIR:
 * dir is no directory.
 */
int lx_lookup_parent(struct lx_volume *vol, struct lx_node *dir,
		     struct lx_node **ret_node, struct lx_stat *ret_st);

int lx_getattr(struct lx_volume *vol, struct lx_node *node,
	       struct lx_stat *ret_st);

/* What lx_setattr() changes. */
enum {
	LX_SET_MODE = 1 << 0,
	LX_SET_UID = 1 << 1,
	LX_SET_GID = 1 << 2,
	LX_SET_SIZE = 1 << 3,
	LX_SET_ATIME = 1 << 4,
	LX_SET_MTIME = 1 << 5,
	LX_SET_ATIME_NOW = 1 << 6,      /* instead of LX_SET_ATIME */
	LX_SET_MTIME_NOW = 1 << 7,
	LX_SET_CTIME = 1 << 8,          /* touch: ctime becomes now */
	/* A size drops setuid and setgid as lx_write(); an owner always. */
	LX_SET_KILL_PRIV = 1 << 9,
	/* Neither drops anything, file capabilities included. */
	LX_SET_KEEP_PRIV = 1 << 10
};

struct lx_setattr {
	uint32_t valid;                 /* LX_SET_* */
	uint32_t mode;                  /* permission bits only count */
	uint32_t uid, gid;
	uint64_t size;
	struct lx_time atime, mtime;
};

/*
 * Change attributes, in the order owner, mode, size, times (so that a mode
 * with S_ISUID survives a change of owner); stops at the first that fails.
 * `file` is an open file of the node to use for the size, or NULL.
 * -LX_EINVAL: a time's nsec is not below 10^9.
 */
int lx_setattr(struct lx_volume *vol, struct lx_node *node,
	       struct lx_file *file, const struct lx_setattr *attr);

/* Target of a symlink into dst (not NUL-terminated); returns its length. */
ssize_t lx_readlink(struct lx_volume *vol, struct lx_node *node, char *buf,
		    size_t size);

/*
 * May a process with this uid, gid and group (and no more groups) do `mask`
 * (LX_R_OK...)?  -LX_EACCES when not.
 */
int lx_access(struct lx_volume *vol, struct lx_node *node,
	      const struct lx_caller *who, uint32_t mask);

int lx_statfs(struct lx_volume *vol, struct lx_node *node,
	      struct lx_statfs *ret_st);

/* ---- names ------------------------------------------------------------- */

/*
 * Each creates `name` in dir, owned by `who` where the process may do that,
 * else by the process, and then neither setuid nor setgid.  who->umask takes
 * bits from mode where the directory has no default ACL (where the thread has
 * no umask of its own, always).
 * They return a node and its attributes.  -LX_EEXIST when the name is taken.
 *
 * Where no descriptor is left (-LX_EMFILE, or -LX_ENFILE: see struct
 * lx_volume_options) they fail before they create, so that no name
 * stays behind an error (but for another thread's taking the last one just
 * then).
 */
int lx_mkdir(struct lx_volume *vol, struct lx_node *dir, const char *name,
	     uint32_t mode, const struct lx_caller *who,
	     struct lx_node **ret_node, struct lx_stat *ret_st);
/* mode holds the type: regular, FIFO, socket, character or block device. */
int lx_mknod(struct lx_volume *vol, struct lx_node *dir, const char *name,
	     uint32_t mode, uint32_t rdev_major, uint32_t rdev_minor,
	     const struct lx_caller *who,
	     struct lx_node **ret_node, struct lx_stat *ret_st);
int lx_symlink(struct lx_volume *vol, struct lx_node *dir, const char *name,
	       const char *target, const struct lx_caller *who,
	       struct lx_node **ret_node, struct lx_stat *ret_st);
/*
 * Create a regular file and open it with `flags` (LX_O_*).  An existing one
 * is opened, unless flags have LX_O_EXCL; see lx_open().
 */
int lx_create(struct lx_volume *vol, struct lx_node *dir, const char *name,
	      uint32_t flags, uint32_t mode, const struct lx_caller *who,
	      struct lx_file **ret_file,
	      struct lx_node **ret_node, struct lx_stat *ret_st);

/* A hard link to node; its new attributes are in *ret_st. */
int lx_link(struct lx_volume *vol, struct lx_node *node, struct lx_node *dir,
	    const char *name, struct lx_stat *ret_st);
int lx_unlink(struct lx_volume *vol, struct lx_node *dir, const char *name);
int lx_rmdir(struct lx_volume *vol, struct lx_node *dir, const char *name);
/*
 * flags are LX_RENAME_*, others -LX_EINVAL.  A whiteout belongs to `who`, as
 * what lx_mknod() makes.
 */
int lx_rename(struct lx_volume *vol, struct lx_node *dir, const char *name,
	      struct lx_node *new_dir, const char *new_name, uint32_t flags,
	      const struct lx_caller *who);

/*
 * What follows is for whoever keeps nodes while he removes names.
 *
 * lx_removal_begin(), before each lx_unlink(), lx_rmdir() and lx_rename(),
 * answers whether nodes matter: then lx_node_hold() those that the names lead
 * to, and tell afterwards what has become of their names.  lx_removal_end()
 * takes its answer.  It is false, and nothing has to be done, as long as all
 * nodes have descriptors.
 */
bool lx_removal_begin(struct lx_volume *vol);
void lx_removal_end(struct lx_volume *vol, bool told);
/* The node holds its inode until lx_node_release(), or on without a name. */
int lx_node_hold(struct lx_volume *vol, struct lx_node *node);
void lx_node_release(struct lx_volume *vol, struct lx_node *node);
/*
 * The node has (not any more) this name.  Nothing but a hint, and cheap where
 * the node does not need it; where no node does, names do not matter, and they
 * do nothing.
 */
bool lx_names_matter(const struct lx_volume *vol);
void lx_node_named(struct lx_volume *vol, struct lx_node *node,
		   struct lx_node *dir, const char *name);
void lx_node_unnamed(struct lx_volume *vol, struct lx_node *node,
		     struct lx_node *dir, const char *name);

/*
 * Give the node's descriptor up.  False, and it stays: the inode could not be
 * found again, or is not on the root's mount.  True: the node keeps neither the
 * inode nor any mount busy.
 */
bool lx_node_park(struct lx_volume *vol, struct lx_node *node);

/* ---- nodes that another process knew ------------------------------------ */

/*
 * Where a node is: its path from the root, "" for the root itself.  What the
 * host renames just then makes it another one's.  -LX_ENOENT or another error:
 * it is not known.  (Of a file without a name, a path that leads nowhere.)
 */
int lx_node_path(struct lx_volume *vol, struct lx_node *node,
		 char ret_path[LX_PATH_MAX]);
/* Attributes of what a path leads to, through no link and never out. */
int lx_stat_path(struct lx_volume *vol, const char *path,
		 struct lx_stat *ret_st);

/* A file handle of the root's file system, as the host has it. */
#define LX_HANDLE_MAX 128
struct lx_handle {
	uint32_t type;
	size_t len;
	uint8_t bytes[LX_HANDLE_MAX];
};

/* -LX_EOPNOTSUPP: it is on another mount than the root, or has none. */
int lx_node_handle(struct lx_volume *vol, struct lx_node *node,
		   struct lx_handle *ret_handle);
/*
 * A new node of this type (LX_S_IFMT) for what a handle names, if that is
 * proven to be below the root: nothing is trusted.  -LX_ESTALE: it is not.
 */
int lx_open_saved(struct lx_volume *vol, const struct lx_handle *saved,
		  uint32_t type, struct lx_node **ret_node,
		  struct lx_stat *ret_st);

/* ---- files ------------------------------------------------------------- */

/*
 * Open a regular file (-LX_EISDIR, -LX_ELOOP, -LX_ENXIO for others).  Of
 * flags the access mode, O_TRUNC, O_APPEND, O_DSYNC, O_SYNC, O_DIRECT,
 * O_NOATIME (dropped where the host refuses it), O_NONBLOCK and
 * LX_O_KILL_PRIV count.
 */
int lx_open(struct lx_volume *vol, struct lx_node *node, uint32_t flags,
	    struct lx_file **ret_file);
void lx_file_close(struct lx_file *file);

/* The flags to open it by again, for the same. */
uint32_t lx_file_flags(const struct lx_file *file);

/* Attributes of the open file. */
int lx_file_getattr(struct lx_file *file, struct lx_stat *ret_st);

/*
 * lx_read() and lx_write() shall not wait, for the disk or for anybody:
 * -LX_EAGAIN, and what was moved nevertheless does not count.  Where the host
 * cannot do that with the file, LX_NOWAIT lets them wait, and LX_NOWAIT_SURE
 * (in addition) does not.
 */
#define LX_NOWAIT 4u
#define LX_NOWAIT_SURE 8u

/*
 * Read at offset into the pieces; returns the bytes read, 0 at the end.  flags:
 * LX_NOWAIT, LX_NOWAIT_SURE.  -LX_EINVAL: offset is 2^63 or more.  A short
 * count may be the end of the file or not: the next call tells, by what it
 * reads, by 0 or by an error.
 */
ssize_t lx_read(struct lx_file *file, const struct iov *iov, size_t count,
		uint64_t offset, uint32_t flags);
/*
 * Write; with LX_WRITE_APPEND (or a file opened with LX_O_APPEND, which
 * lasts), at the end of the file.  LX_WRITE_KILL_PRIV: as by a process without
 * privilege, so that setuid and setgid bits are dropped.  (File capabilities
 * are dropped whoever writes.)  Or LX_NOWAIT, LX_NOWAIT_SURE; but what appends
 * can only wait.
 */
ssize_t lx_write(struct lx_file *file, const struct iov *iov, size_t count,
		 uint64_t offset, uint32_t flags);
/* What close(2) would report: delayed write errors of network hosts. */
int lx_flush(struct lx_file *file);
int lx_fsync(struct lx_file *file, bool data_only);

/*
 * fallocate(2), every mode (LX_FALLOC_*) that the host's file has, others
 * -LX_EOPNOTSUPP.
 */
int lx_fallocate(struct lx_file *file, uint32_t mode, uint64_t offset,
		 uint64_t len, bool kill_priv);
/*
 * -LX_ENXIO: no data (or hole) at or after offset, which is signed for
 * LX_SEEK_END.  -LX_EINVAL for LX_SEEK_CUR: a file has no position.
 */
int lx_lseek(struct lx_file *file, uint64_t offset, uint32_t whence,
	     uint64_t *ret_offset);
/*
 * Bytes copied, perhaps fewer than len; shares blocks where the host can.
 * What the host cannot copy is an error (-LX_EXDEV, -LX_EOPNOTSUPP...): the
 * guest then copies itself.
 */
int64_t lx_copy_range(struct lx_file *from, uint64_t from_offset,
		      struct lx_file *to, uint64_t to_offset, uint64_t len,
		      bool kill_priv);
/*
 * Write out the whole file system that the node, a regular file or directory,
 * is on; -LX_EINVAL for others.
 */
int lx_syncfs(struct lx_volume *vol, struct lx_node *node);
/*
 * An unnamed file of the directory's file system, opened for writing; see
 * lx_create().  lx_link() gives it its first name, unless flags have
 * LX_O_EXCL.  -LX_EOPNOTSUPP: the file system has no such files.
 */
int lx_tmpfile(struct lx_volume *vol, struct lx_node *dir, uint32_t flags,
	       uint32_t mode, const struct lx_caller *who,
	       struct lx_file **ret_file,
	       struct lx_node **ret_node, struct lx_stat *ret_st);

/*
 * The ioctls that are about a file's own attributes: FS_IOC_GETFLAGS,
 * SETFLAGS, FSGETXATTR, FSSETXATTR, GETVERSION, MEASURE_VERITY,
 * ENABLE_VERITY, GET_ENCRYPTION_POLICY(_EX); others -LX_ENOTTY.  data is
 * in_size bytes, the answer up to out_size bytes in out; returns its length.
 * -LX_EINVAL: these are not the command's sizes.  -LX_EROFS: it would change
 * something in a read-only volume.  -LX_EPERM: a file's project, by which a
 * host limits a share's space, is not the guest's to change.  What a Linux
 * guest sends for ENABLE_VERITY has the salt and the signature behind the
 * struct; no pointer in it is ever used.
 */
ssize_t lx_ioctl(struct lx_file *file, uint32_t cmd, const void *data,
		 size_t in_size, void *out, size_t out_size);

/* ---- locks ------------------------------------------------------------- */

/*
 * Locks belong to an lx_file (an open file description): whoever needs an
 * owner of his own opens one by lx_open_for_locks(), read-write where the
 * process may (a read-only volume: for reading).  They hold against the host's
 * other processes.  Closing drops them.  None of these waits: -LX_EAGAIN.
 * -LX_EBADF: a read lock needs a file that can be read, a write lock one that
 * can be written.  -LX_EINVAL: no type of a lock, or no range.
 */
int lx_open_for_locks(struct lx_volume *vol, struct lx_node *node,
		      struct lx_file **ret_file);
/* What stands against *lock, or type LX_F_UNLCK in *ret_lock. */
int lx_getlk(struct lx_file *file, const struct lx_lock *lock,
	     struct lx_lock *ret_lock);
int lx_setlk(struct lx_file *file, const struct lx_lock *lock);
/* type is LX_F_*; flock(2). */
int lx_flock(struct lx_file *file, uint32_t type);

/* ---- directories ------------------------------------------------------- */

int lx_opendir(struct lx_volume *vol, struct lx_node *node,
	       struct lx_file **ret_file);

struct lx_dirent {
	uint64_t ino;
	uint64_t next;                  /* offset of the entry after this one */
	uint32_t type;                  /* LX_DT(); 0: unknown */
	size_t namelen;
	const char *name;               /* NUL-terminated; "." and ".." too */
};

/*
 * Call fn for the entries from `offset` on (0, or a `next` that was given)
 * until it returns false: that entry will be given again.  Some entries are
 * given and not always all: the end is where fn is not called.  Offset 0
 * reads anew.  Calls with one file must not overlap.  -LX_ENOTDIR: it is no
 * directory.
 */
int lx_readdir(struct lx_file *file, uint64_t offset,
	       bool (*fn)(void *ctx, const struct lx_dirent *entry), void *ctx);

/* ---- extended attributes ----------------------------------------------- */

/*
 * As getxattr(2) and so on; size 0 asks for the size.  -LX_ENODATA: there is
 * none; -LX_ERANGE: it does not fit.  They work for every file type that has
 * them, without opening special files.  flags are LX_XATTR_*.
 */
int lx_setxattr(struct lx_volume *vol, struct lx_node *node, const char *name,
		const void *value, size_t size, uint32_t flags);
ssize_t lx_getxattr(struct lx_volume *vol, struct lx_node *node,
		    const char *name, void *value, size_t size);
ssize_t lx_listxattr(struct lx_volume *vol, struct lx_node *node, char *list,
		     size_t size);
int lx_removexattr(struct lx_volume *vol, struct lx_node *node,
		   const char *name);

#endif
