/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_cred.h"
#include "lxutil/linux/lx_node.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MODE_BITS 07777u

_Static_assert(LX_RENAME_NOREPLACE == RENAME_NOREPLACE &&
	       LX_RENAME_EXCHANGE == RENAME_EXCHANGE &&
	       LX_RENAME_WHITEOUT == RENAME_WHITEOUT, "renameat2() flags");

static int node_at(struct lx_volume *vol, struct lx_node *dir,
		   const char *name, struct lx_node **ret_node,
		   struct lx_stat *ret_st)
{
	int err = lx_fds_reserve(vol);
	int dir_fd, fd;

	if (err)
		return err;
	dir_fd = lx_node_fd_get(vol, dir);
	fd = dir_fd < 0 ? dir_fd :
			  lx_openat(vol, dir_fd, name,
				    O_PATH | O_NOFOLLOW | O_CLOEXEC);
	lx_node_fd_put(vol, dir, dir_fd);
	return lx_node_new(vol, fd, dir, name, ret_node, ret_st);
}

int lx_lookup(struct lx_volume *vol, struct lx_node *dir, const char *name,
	      struct lx_node **ret_node, struct lx_stat *ret_st)
{
	int err = lx_check_at(dir, name);

	return err ? err : node_at(vol, dir, name, ret_node, ret_st);
}

/* May the entry `name` of dir be changed? */
static int check_change(const struct lx_volume *vol, const struct lx_node *dir,
			const char *name)
{
	int err = lx_check_at(dir, name);

	return !err && vol->read_only ? -LX_EROFS : err;
}

/* ---- creating ---------------------------------------------------------- */

/* What a call that creates needs at hand besides the name. */
struct creation {
	struct lx_node *dir;
	int dir_fd;
	struct lx_cred own;
	uint32_t umask;                 /* bits to take from the mode */
	int spare;                      /* a descriptor for the node */
};

/* The directory is reached before its caller's privilege is given up. */
static int begin(struct lx_volume *vol, struct lx_node *dir,
		 const struct lx_caller *who, struct creation *ret_new)
{
	struct creation *new = ret_new;
	int err = lx_fds_reserve(vol);

	if (err)
		return err;
	new->dir = dir;
	new->dir_fd = lx_node_fd_get(vol, dir);
	new->spare = new->dir_fd < 0 ? new->dir_fd : lx_spare_take(vol);
	err = new->spare < 0 ? new->spare :
			       lx_cred_enter(who, &new->umask, &new->own);
	if (!err)
		return 0;
	if (new->spare >= 0)
		lx_spare_put(vol, new->spare);
	lx_node_fd_put(vol, dir, new->dir_fd);
	lx_fds_release(vol);
	return err;
}

/*
 * What has just been created cannot be told, as the host fails; so it shall
 * not be there.  It is still what was made if it is of its type and as empty;
 * whoever could put something else there just now could as well remove it.
 */
static void undo(int dir_fd, const char *name, uint32_t type)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    (st.st_mode & LX_S_IFMT) != type ||
	    (type == LX_S_IFREG && (st.st_size || st.st_nlink != 1)))
		return;
	unlinkat(dir_fd, name, type == LX_S_IFDIR ? AT_REMOVEDIR : 0);
}

/* The node of the new `name`, unless the call that creates failed by err. */
static int finish(struct lx_volume *vol, const char *name, uint32_t type,
		  struct creation *new, int err, struct lx_node **ret_node,
		  struct lx_stat *ret_st)
{
	bool made = !err;
	int fd = err;

	lx_cred_leave(&new->own);
	if (made)
		fd = lx_spare_openat(&new->spare, new->dir_fd, name,
				     O_PATH | O_NOFOLLOW | O_CLOEXEC);
	lx_spare_put(vol, new->spare);
	err = lx_node_new(vol, fd, new->dir, name, ret_node, ret_st);
	if (err && made)
		undo(new->dir_fd, name, type);
	lx_node_fd_put(vol, new->dir, new->dir_fd);
	return err;
}

int lx_mkdir(struct lx_volume *vol, struct lx_node *dir, const char *name,
	     uint32_t mode, const struct lx_caller *who,
	     struct lx_node **ret_node, struct lx_stat *ret_st)
{
	int err = check_change(vol, dir, name);
	struct creation new;

	if (!err)
		err = begin(vol, dir, who, &new);
	if (err)
		return err;
	if (mkdirat(new.dir_fd, name, mode & MODE_BITS & ~new.umask))
		err = lx_error();
	return finish(vol, name, LX_S_IFDIR, &new, err, ret_node, ret_st);
}

int lx_mknod(struct lx_volume *vol, struct lx_node *dir, const char *name,
	     uint32_t mode, uint32_t rdev_major, uint32_t rdev_minor,
	     const struct lx_caller *who,
	     struct lx_node **ret_node, struct lx_stat *ret_st)
{
	int err = check_change(vol, dir, name);
	struct creation new;

	if (err)
		return err;
	switch (mode & LX_S_IFMT) {
	case LX_S_IFREG:
	case LX_S_IFIFO:
	case LX_S_IFSOCK:
	case LX_S_IFCHR:
	case LX_S_IFBLK:
		break;
	default:
		return -LX_EINVAL;
	}
	err = begin(vol, dir, who, &new);
	if (err)
		return err;
	if (mknodat(new.dir_fd, name,
		    mode & (LX_S_IFMT | MODE_BITS) & ~new.umask,
		    makedev(rdev_major, rdev_minor)))
		err = lx_error();
	return finish(vol, name, mode & LX_S_IFMT, &new, err, ret_node,
		      ret_st);
}

int lx_symlink(struct lx_volume *vol, struct lx_node *dir, const char *name,
	       const char *target, const struct lx_caller *who,
	       struct lx_node **ret_node, struct lx_stat *ret_st)
{
	int err = check_change(vol, dir, name);
	struct creation new;

	if (!err)
		err = begin(vol, dir, who, &new);
	if (err)
		return err;
	if (symlinkat(target, new.dir_fd, name))
		err = lx_error();
	return finish(vol, name, LX_S_IFLNK, &new, err, ret_node, ret_st);
}

/*
 * A new file, `name` and flags being the host's.  Its node comes from its
 * descriptor and not from its name, which may be another file's by now.
 */
static int create_new(struct lx_volume *vol, struct lx_node *dir,
		      const char *name, int flags, uint32_t mode,
		      const struct lx_caller *who, struct lx_file **ret_file,
		      struct lx_node **ret_node, struct lx_stat *ret_st)
{
	struct creation new;
	struct lx_file *file;
	bool made;
	int fd, err;

	err = lx_file_new(vol, &file);
	if (err)
		return err;
	err = begin(vol, dir, who, &new);
	if (err)
		return lx_file_opened(file, err, flags);
	fd = openat(new.dir_fd, name,
		    flags | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
		    mode & MODE_BITS & ~new.umask);
	made = fd >= 0 && flags & O_CREAT;
	if (fd < 0)
		fd = lx_error();
	lx_cred_leave(&new.own);
	err = lx_file_opened(file, fd, flags);
	if (err)
		file = NULL;
	fd = err;
	if (!err)
		fd = lx_spare_openat(&new.spare, vol->proc_fd,
				     lx_fd_name(file->fd).s,
				     O_PATH | O_CLOEXEC);
	lx_spare_put(vol, new.spare);
	err = lx_node_new(vol, fd, flags & O_CREAT ? dir : NULL, name,
			  ret_node, ret_st);
	if (err && made)
		undo(new.dir_fd, name, LX_S_IFREG);
	lx_node_fd_put(vol, dir, new.dir_fd);
	if (err) {
		lx_file_close(file);
		return err;
	}
	lx_file_attach(file, *ret_node);
	*ret_file = file;
	return 0;
}

int lx_tmpfile(struct lx_volume *vol, struct lx_node *dir, uint32_t flags,
	       uint32_t mode, const struct lx_caller *who,
	       struct lx_file **ret_file,
	       struct lx_node **ret_node, struct lx_stat *ret_st)
{
	int host;

	if (!LX_S_ISDIR(lx_node_type(dir)))
		return -LX_ENOTDIR;
	host = lx_open_flags(vol, flags);
	if (host < 0)
		return host;
	host |= O_TMPFILE | (flags & LX_O_EXCL ? O_EXCL : 0);
	return create_new(vol, dir, ".", host, mode, who, ret_file, ret_node,
			  ret_st);
}

static int open_existing(struct lx_volume *vol, struct lx_node *dir,
			 const char *name, uint32_t flags,
			 struct lx_file **ret_file, struct lx_node **ret_node,
			 struct lx_stat *ret_st)
{
	struct lx_node *node;
	struct lx_file *file;
	struct lx_stat st;
	int err;

	err = node_at(vol, dir, name, &node, &st);
	if (err)
		return err;
	err = lx_open(vol, node, flags, &file);
	if (err)
		goto close_node;
	if (flags & LX_O_TRUNC)
		err = lx_file_getattr(file, &st);
	if (err)
		goto close_file;
	*ret_file = file;
	*ret_node = node;
	*ret_st = st;
	return 0;
close_file:
	lx_file_close(file);
close_node:
	lx_node_close(vol, node);
	return err;
}

int lx_create(struct lx_volume *vol, struct lx_node *dir, const char *name,
	      uint32_t flags, uint32_t mode, const struct lx_caller *who,
	      struct lx_file **ret_file,
	      struct lx_node **ret_node, struct lx_stat *ret_st)
{
	int err = lx_check_at(dir, name);
	int host_flags;

	if (err)
		return err;
	if (!vol->read_only) {
		host_flags = lx_open_flags(vol, flags);
		if (host_flags < 0)
			return host_flags;
		host_flags = (host_flags & ~O_TRUNC) | O_CREAT | O_EXCL;
		err = create_new(vol, dir, name, host_flags, mode, who,
				 ret_file, ret_node, ret_st);
		if (err != -LX_EEXIST || flags & LX_O_EXCL)
			return err;
	} else if (flags & LX_O_EXCL) {
		struct lx_stat st;

		err = lx_stat_name(vol, dir, name, &st);
		return err == -LX_ENOENT ? -LX_EROFS : err ? err : -LX_EEXIST;
	}
	err = open_existing(vol, dir, name, flags, ret_file, ret_node, ret_st);
	/* It was there a moment ago: ESTALE makes Linux try again. */
	if (err == -LX_ENOENT)
		err = vol->read_only ? -LX_EROFS : -LX_ESTALE;
	return err;
}

/* ---- moving and removing ----------------------------------------------- */

static void undo_link(int dir_fd, const char *name, const struct lx_node *node)
{
	struct stat st;

	if (!fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) &&
	    st.st_ino == node->ino)
		unlinkat(dir_fd, name, 0);
}

int lx_link(struct lx_volume *vol, struct lx_node *node, struct lx_node *dir,
	    const char *name, struct lx_stat *ret_st)
{
	int err = check_change(vol, dir, name);
	int fd, dir_fd;
	bool made;

	if (err)
		return err;
	fd = lx_node_fd_get(vol, node);
	dir_fd = fd < 0 ? fd : lx_node_fd_get(vol, dir);
	err = dir_fd < 0 ? dir_fd : 0;
	/*
	 * Through /proc, as AT_EMPTY_PATH takes CAP_DAC_READ_SEARCH.  It gives
	 * lx_tmpfile()'s their first name, too.
	 */
	if (!err && linkat(vol->proc_fd, lx_fd_name(fd).s, dir_fd, name,
			   AT_SYMLINK_FOLLOW))
		err = lx_error();
	made = !err;
	if (made)
		err = lx_fd_stat(fd, ret_st);
	if (err && made)
		undo_link(dir_fd, name, node);
	lx_node_fd_put(vol, dir, dir_fd);
	lx_node_fd_put(vol, node, fd);
	lx_fds_linked(vol, node);
	return err;
}

static int remove_name(struct lx_volume *vol, struct lx_node *dir,
		       const char *name, int flags)
{
	int err = check_change(vol, dir, name), fd;

	if (err)
		return err;
	fd = lx_node_fd_get(vol, dir);
	if (fd < 0)
		return fd;
	err = unlinkat(fd, name, flags) ? lx_error() : 0;
	lx_node_fd_put(vol, dir, fd);
	return err;
}

int lx_unlink(struct lx_volume *vol, struct lx_node *dir, const char *name)
{
	return remove_name(vol, dir, name, 0);
}

int lx_rmdir(struct lx_volume *vol, struct lx_node *dir, const char *name)
{
	return remove_name(vol, dir, name, AT_REMOVEDIR);
}

int lx_rename(struct lx_volume *vol, struct lx_node *dir, const char *name,
	      struct lx_node *new_dir, const char *new_name, uint32_t flags,
	      const struct lx_caller *who)
{
	int err = check_change(vol, dir, name);
	struct lx_cred own = { .changed = false };
	uint32_t mask;
	int fd, new_fd;

	if (!err)
		err = lx_check_at(new_dir, new_name);
	if (err)
		return err;
	if (flags & ~(LX_RENAME_NOREPLACE | LX_RENAME_EXCHANGE |
		      LX_RENAME_WHITEOUT))
		return -LX_EINVAL;
	fd = lx_node_fd_get(vol, dir);
	new_fd = fd < 0 ? fd : lx_node_fd_get(vol, new_dir);
	err = new_fd < 0 ? new_fd : 0;
	if (!err && flags & LX_RENAME_WHITEOUT)
		err = lx_cred_enter(who, &mask, &own);
	if (!err && renameat2(fd, name, new_fd, new_name, flags))
		err = lx_error();
	lx_cred_leave(&own);
	lx_node_fd_put(vol, new_dir, new_fd);
	lx_node_fd_put(vol, dir, fd);
	return err;
}
