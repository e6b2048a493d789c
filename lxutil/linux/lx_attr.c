/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_cred.h"
#include "lxutil/linux/lx_node.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/xattr.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000u
#define MODE_BITS 07777u
#define OWNER (LX_SET_UID | LX_SET_GID)
#define TIMES \
	(LX_SET_ATIME | LX_SET_MTIME | LX_SET_ATIME_NOW | LX_SET_MTIME_NOW)

#ifdef STATX_DIOALIGN
#define DIOALIGN STATX_DIOALIGN
#define DIO_MEM_ALIGN(st) ((st)->stx_dio_mem_align)
#define DIO_OFFSET_ALIGN(st) ((st)->stx_dio_offset_align)
#else
#define DIOALIGN 0
#define DIO_MEM_ALIGN(st) 0
#define DIO_OFFSET_ALIGN(st) 0
#endif
#define STAT_MASK (STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID | DIOALIGN)

static struct lx_time time_from_host(const struct statx_timestamp *t)
{
	return (struct lx_time){ .sec = t->tv_sec, .nsec = t->tv_nsec };
}

static int stat_at(int fd, const char *name, int flags, struct lx_stat *ret_st)
{
	struct statx st;

	if (statx(fd, name, flags | AT_SYMLINK_NOFOLLOW, STAT_MASK, &st))
		return lx_error();
	*ret_st = (struct lx_stat){
		.ino = st.stx_ino,
		.dev = makedev(st.stx_dev_major, st.stx_dev_minor),
		.mount = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0,
		.size = st.stx_size,
		.blocks = st.stx_blocks,
		.atime = time_from_host(&st.stx_atime),
		.mtime = time_from_host(&st.stx_mtime),
		.ctime = time_from_host(&st.stx_ctime),
		.btime = time_from_host(&st.stx_btime),
		.mode = st.stx_mode,
		.nlink = st.stx_nlink,
		.uid = st.stx_uid,
		.gid = st.stx_gid,
		.rdev_major = st.stx_rdev_major,
		.rdev_minor = st.stx_rdev_minor,
		.blksize = st.stx_blksize,
		.has_btime = st.stx_mask & STATX_BTIME,
		.attributes = st.stx_attributes,
		.attributes_mask = st.stx_attributes_mask,
	};
	if (st.stx_mask & DIOALIGN) {
		ret_st->dio_mem_align = DIO_MEM_ALIGN(&st);
		ret_st->dio_offset_align = DIO_OFFSET_ALIGN(&st);
	}
	return 0;
}

int lx_fd_stat(int fd, struct lx_stat *ret_st)
{
	return stat_at(fd, "", AT_EMPTY_PATH, ret_st);
}

int lx_fd_stat_known(int fd, struct lx_stat *ret_st)
{
	return stat_at(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, ret_st);
}

int lx_stat_name(struct lx_volume *vol, struct lx_node *dir, const char *name,
		 struct lx_stat *ret_st)
{
	int err = lx_check_at(dir, name), fd;

	if (err)
		return err;
	fd = lx_node_fd_get(vol, dir);
	err = fd < 0 ? fd : stat_at(fd, name, 0, ret_st);
	lx_node_fd_put(vol, dir, fd);
	return err;
}

int lx_getattr(struct lx_volume *vol, struct lx_node *node,
	       struct lx_stat *ret_st)
{
	int fd = lx_node_fd_get(vol, node);
	int err = fd < 0 ? fd : lx_fd_stat(fd, ret_st);

	lx_node_fd_put(vol, node, fd);
	return err;
}

int lx_file_getattr(struct lx_file *file, struct lx_stat *ret_st)
{
	return lx_fd_stat(file->fd, ret_st);
}

/* ---- changes ----------------------------------------------------------- */

static bool time_ok(const struct lx_setattr *attr, uint32_t set, uint32_t now,
		    const struct lx_time *time)
{
	return !(attr->valid & set) || attr->valid & now ||
	       time->nsec < NSEC_PER_SEC;
}

/* Nothing is changed by a request of which a part makes no sense. */
static int check_setattr(const struct lx_node *node,
			 const struct lx_setattr *attr)
{
	uint32_t valid = attr->valid;

	/* chown(2) would take -1 for "leave it". */
	if ((valid & LX_SET_UID && attr->uid == UINT32_MAX) ||
	    (valid & LX_SET_GID && attr->gid == UINT32_MAX))
		return -LX_EINVAL;
	if (!time_ok(attr, LX_SET_ATIME, LX_SET_ATIME_NOW, &attr->atime) ||
	    !time_ok(attr, LX_SET_MTIME, LX_SET_MTIME_NOW, &attr->mtime))
		return -LX_EINVAL;
	if (valid & LX_SET_MODE && LX_S_ISLNK(lx_node_type(node)))
		return -LX_EOPNOTSUPP;
	if (valid & LX_SET_SIZE && LX_S_ISDIR(lx_node_type(node)))
		return -LX_EISDIR;
	if (valid & LX_SET_SIZE &&
	    (!LX_S_ISREG(lx_node_type(node)) || attr->size > INT64_MAX))
		return -LX_EINVAL;
	return 0;
}

/*
 * Takes S_ISUID and S_ISGID away whoever asks.  CAP_FSETID only saves an
 * S_ISGID that goes with no permission to execute: it is no privilege, and
 * mostly it is root who changes owners.
 */
static int set_owner(int fd, const struct lx_setattr *attr)
{
	uid_t uid = attr->valid & LX_SET_UID ? attr->uid : (uid_t)-1;
	gid_t gid = attr->valid & LX_SET_GID ? attr->gid : (gid_t)-1;
	int err = lx_cred_fsetid(true);

	if (!err && fchownat(fd, "", uid, gid, AT_EMPTY_PATH))
		err = lx_error();
	return err;
}

static int set_mode(const struct lx_volume *vol, int fd, uint32_t mode)
{
	int err = lx_cred_fsetid(true);

	if (!err && fchmodat(vol->proc_fd, lx_fd_name(fd).s, mode & MODE_BITS,
			     0))
		err = lx_error();
	return err;
}

static int set_size(int fd, const struct lx_file *file, uint64_t size,
		    bool kill_priv)
{
	int err = lx_cred_fsetid(!kill_priv);

	if (err)
		return err;
	/* A writable file may still be cut when its mode no longer allows. */
	if (file && file->writable)
		err = ftruncate(file->fd, (off_t)size);
	else
		err = truncate(lx_fd_path(fd).s, (off_t)size);
	return err ? lx_error() : 0;
}

static struct timespec time_to_host(uint32_t valid, uint32_t set, uint32_t now,
				    const struct lx_time *time)
{
	if (valid & now)
		return (struct timespec){ .tv_nsec = UTIME_NOW };
	if (valid & set)
		return (struct timespec){ .tv_sec = time->sec,
					  .tv_nsec = time->nsec };
	return (struct timespec){ .tv_nsec = UTIME_OMIT };
}

static int set_times(int fd, const struct lx_setattr *attr)
{
	const struct timespec times[2] = {
		time_to_host(attr->valid, LX_SET_ATIME, LX_SET_ATIME_NOW,
			     &attr->atime),
		time_to_host(attr->valid, LX_SET_MTIME, LX_SET_MTIME_NOW,
			     &attr->mtime),
	};

	return utimensat(fd, "", times, AT_EMPTY_PATH) ? lx_error() : 0;
}

/* What the host takes away when a file gets another owner or size. */
struct priv {
	uint32_t mode;
	char cap[XATTR_CAPS_SZ];
	ssize_t cap_size;               /* negative: there is none */
};

static int look_at_priv(int fd, struct priv *ret_priv)
{
	struct lx_stat st;
	int err = lx_fd_stat(fd, &st);

	if (err)
		return err;
	ret_priv->mode = st.mode;
	ret_priv->cap_size = getxattr(lx_fd_path(fd).s, XATTR_NAME_CAPS,
				      ret_priv->cap, sizeof(ret_priv->cap));
	if (ret_priv->cap_size < 0)
		err = lx_error();
	return err == -LX_ENODATA || err == -LX_EOPNOTSUPP ? 0 : err;
}

/*
 * Bits of the mode only after a change of owner alone: where a mode is set as
 * well, the new owner would have them for a moment.
 */
static int give_back_priv(const struct lx_volume *vol, int fd, uint32_t valid,
			  const struct priv *priv)
{
	int err = 0;

	if (valid & OWNER && !(valid & LX_SET_MODE) &&
	    priv->mode & (S_ISUID | S_ISGID))
		err = set_mode(vol, fd, priv->mode);
	if (!err && priv->cap_size > 0 &&
	    setxattr(lx_fd_path(fd).s, XATTR_NAME_CAPS, priv->cap,
		     (size_t)priv->cap_size, 0))
		err = lx_error();
	return err;
}

/*
 * A change that changes nothing makes ctime now.  Not a chown for all: that
 * takes S_ISUID and S_ISGID away, which a symlink cannot have.
 */
static int touch(const struct lx_volume *vol, int fd, uint32_t type)
{
	struct lx_stat st;
	int err;

	if (LX_S_ISLNK(type))
		return set_owner(fd, &(struct lx_setattr){ .valid = 0 });
	err = lx_fd_stat(fd, &st);
	return err ? err : set_mode(vol, fd, st.mode);
}

int lx_setattr(struct lx_volume *vol, struct lx_node *node,
	       struct lx_file *file, const struct lx_setattr *attr)
{
	const uint32_t privileges = LX_SET_KILL_PRIV | LX_SET_KEEP_PRIV;
	uint32_t valid = attr->valid & ~privileges;
	bool kill_priv = attr->valid & LX_SET_KILL_PRIV;
	bool keep_priv = attr->valid & LX_SET_KEEP_PRIV &&
			 valid & (OWNER | LX_SET_SIZE) &&
			 LX_S_ISREG(lx_node_type(node));
	struct priv kept;
	int err = check_setattr(node, attr);
	int fd;

	if (!err && vol->read_only)
		err = -LX_EROFS;
	if (err)
		return err;
	fd = lx_node_fd_get(vol, node);
	if (fd < 0)
		return fd;
	if (keep_priv)
		err = look_at_priv(fd, &kept);
	if (!err && valid & OWNER)
		err = set_owner(fd, attr);
	if (!err && valid & LX_SET_MODE)
		err = set_mode(vol, fd, attr->mode);
	if (!err && valid & LX_SET_SIZE)
		err = set_size(fd, file, attr->size, kill_priv);
	if (!err && valid & TIMES)
		err = set_times(fd, attr);
	if (!err && keep_priv)
		err = give_back_priv(vol, fd, valid, &kept);
	/* Every other change has touched ctime already. */
	if (!err && valid == LX_SET_CTIME)
		err = touch(vol, fd, lx_node_type(node));
	lx_node_fd_put(vol, node, fd);
	return err;
}

/* ---- the rest ---------------------------------------------------------- */

ssize_t lx_readlink(struct lx_volume *vol, struct lx_node *node, char *buf,
		    size_t size)
{
	ssize_t len;
	int fd;

	if (!LX_S_ISLNK(lx_node_type(node)))
		return -LX_EINVAL;
	fd = lx_node_fd_get(vol, node);
	if (fd < 0)
		return fd;
	len = readlinkat(fd, "", buf, size < LX_PATH_MAX ? size : LX_PATH_MAX);
	if (len < 0)
		len = lx_error();
	lx_node_fd_put(vol, node, fd);
	return len;
}

int lx_access(struct lx_volume *vol, struct lx_node *node,
	      const struct lx_caller *who, uint32_t mask)
{
	struct lx_stat st;
	uint32_t may;
	int err;

	if (mask & ~(LX_R_OK | LX_W_OK | LX_X_OK))
		return -LX_EINVAL;
	err = lx_getattr(vol, node, &st);
	if (err)
		return err;
	/* Devices, FIFOs and sockets are not written through the volume. */
	if (mask & LX_W_OK && vol->read_only &&
	    (LX_S_ISREG(st.mode) || LX_S_ISDIR(st.mode) ||
	     LX_S_ISLNK(st.mode)))
		return -LX_EROFS;
	if (who->uid == 0)
		may = LX_R_OK | LX_W_OK |
		      (LX_S_ISDIR(st.mode) || st.mode & 0111 ? LX_X_OK : 0);
	else if (who->uid == st.uid)
		may = st.mode >> 6;
	else if (who->gid == st.gid ||
		 (who->has_group && who->group == st.gid))
		may = st.mode >> 3;
	else
		may = st.mode;
	return mask & ~may ? -LX_EACCES : 0;
}
