/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_node.h"

#include "common/bytes.h"
#include "lxutil/linux/lx_cred.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- opening ----------------------------------------------------------- */

static const struct {
	uint32_t lx;
	int host;
} flag_table[] = {
	{ LX_O_TRUNC, O_TRUNC },
	{ LX_O_APPEND, O_APPEND },
	{ LX_O_NONBLOCK, O_NONBLOCK },
	{ LX_O_DSYNC, O_DSYNC },
	{ LX_O_SYNC, O_SYNC },
	{ LX_O_DIRECT, O_DIRECT },
	{ LX_O_NOATIME, O_NOATIME },
};

int lx_open_flags(const struct lx_volume *vol, uint32_t flags)
{
	int host;

	switch (flags & LX_O_ACCMODE) {
	case LX_O_RDONLY:
		host = O_RDONLY;
		break;
	case LX_O_WRONLY:
		host = O_WRONLY;
		break;
	case LX_O_RDWR:
		host = O_RDWR;
		break;
	default:
		/* Linux': takes both permissions, and then does neither. */
		host = O_ACCMODE;
		break;
	}
	for (size_t i = 0; i < ARRAY_LEN(flag_table); i++) {
		if ((flags & flag_table[i].lx) == flag_table[i].lx)
			host |= flag_table[i].host;
	}
	if (vol->read_only &&
	    ((host & O_ACCMODE) != O_RDONLY || host & O_TRUNC))
		return -LX_EROFS;
	return host;
}

uint32_t lx_open_flags_from_host(int flags)
{
	static const uint32_t modes[] = {
		[O_RDONLY] = LX_O_RDONLY,
		[O_WRONLY] = LX_O_WRONLY,
		[O_RDWR] = LX_O_RDWR,
		[O_ACCMODE] = LX_O_ACCMODE,
	};
	uint32_t lx = modes[flags & O_ACCMODE];

	for (size_t i = 0; i < ARRAY_LEN(flag_table); i++) {
		if ((flags & flag_table[i].host) == flag_table[i].host)
			lx |= flag_table[i].lx;
	}
	return lx;
}

int lx_file_new(struct lx_volume *vol, struct lx_file **ret_file)
{
	struct lx_file *file;
	int err = lx_fds_reserve_file(vol);

	if (err)
		return err;
	file = malloc(sizeof(*file));
	if (!file) {
		lx_fds_release_file(vol);
		return -LX_ENOMEM;
	}
	*file = (struct lx_file){
		.vol = vol,
		.fd = -1,
		.read_only = vol->read_only,
	};
	*ret_file = file;
	return 0;
}

int lx_file_opened(struct lx_file *file, int fd, int flags)
{
	if (fd < 0) {
		lx_file_close(file);
		return fd;
	}
	file->fd = fd;
	file->writable = (flags & O_ACCMODE) == O_WRONLY ||
			 (flags & O_ACCMODE) == O_RDWR;
	lx_io_init(file, flags);
	return 0;
}

/* ---- open files of nodes ----------------------------------------------- */

void lx_files_init(struct lx_files *files)
{
	pthread_mutex_init(&files->lock, NULL);
	files->list = (struct lx_link){ &files->list, &files->list };
}

void lx_files_done(struct lx_files *files)
{
	pthread_mutex_destroy(&files->lock);
}

void lx_file_attach(struct lx_file *file, struct lx_node *node)
{
	struct lx_files *files = &file->vol->files;
	struct lx_link *first;

	atomic_fetch_add(&node->refs, 1);
	file->node = node;
	pthread_mutex_lock(&files->lock);
	first = files->list.next;
	file->link = (struct lx_link){ .prev = &files->list, .next = first };
	first->prev = files->list.next = &file->link;
	pthread_mutex_unlock(&files->lock);
}

static void detach(struct lx_file *file)
{
	struct lx_files *files = &file->vol->files;

	if (!file->node)
		return;
	pthread_mutex_lock(&files->lock);
	file->link.prev->next = file->link.next;
	file->link.next->prev = file->link.prev;
	pthread_mutex_unlock(&files->lock);
	lx_node_unref(file->vol, file->node);
}

int lx_files_reopen(struct lx_volume *vol, const struct lx_node *node)
{
	const struct lx_file *file;
	struct lx_link *link;
	int fd = -LX_ESTALE;

	pthread_mutex_lock(&vol->files.lock);
	link = vol->files.list.next;
	for (; link != &vol->files.list && fd == -LX_ESTALE;
	     link = link->next) {
		file = container_of(link, struct lx_file, link);
		if (file->node != node)
			continue;
		fd = openat(vol->proc_fd, lx_fd_name(file->fd).s,
			    O_PATH | O_CLOEXEC);
		if (fd < 0)
			fd = lx_error();
	}
	pthread_mutex_unlock(&vol->files.lock);
	return fd;
}

/* ---- opening and closing ----------------------------------------------- */

int lx_open(struct lx_volume *vol, struct lx_node *node, uint32_t flags,
	    struct lx_file **ret_file)
{
	int host, fd, path, err = 0;
	struct lx_file *file;

	if (LX_S_ISDIR(lx_node_type(node)))
		return -LX_EISDIR;
	if (LX_S_ISLNK(lx_node_type(node)))
		return -LX_ELOOP;
	if (!LX_S_ISREG(lx_node_type(node)))
		return -LX_ENXIO;
	host = lx_open_flags(vol, flags);
	if (host < 0)
		return host;
	if (host & O_TRUNC)
		err = lx_cred_fsetid(!(flags & LX_O_KILL_PRIV));
	/* What is cut by being opened cannot fail afterwards. */
	if (!err)
		err = lx_file_new(vol, &file);
	if (err)
		return err;
	path = lx_node_fd_get(vol, node);
	fd = path < 0 ? path : lx_reopen(vol, path, host);
	/* Only the owner may; it is a hint. */
	if (fd == -LX_EPERM && host & O_NOATIME)
		fd = lx_reopen(vol, path, host & ~O_NOATIME);
	lx_node_fd_put(vol, node, path);
	err = lx_file_opened(file, fd, host);
	if (err)
		return err;
	lx_file_attach(file, node);
	*ret_file = file;
	return 0;
}

void lx_file_close(struct lx_file *file)
{
	if (!file)
		return;
	detach(file);
	if (file->fd >= 0)
		close(file->fd);
	lx_fds_release_file(file->vol);
	free(file->dir);
	free(file);
}

/* ---- what was written --------------------------------------------------- */

int lx_fsync(struct lx_file *file, bool data_only)
{
	int err;

	do {
		err = data_only ? fdatasync(file->fd) : fsync(file->fd);
	} while (err && errno == EINTR);
	return err ? lx_error() : 0;
}

/*
 * close() of the guest never fails for want of descriptors.  Without one, what
 * a flush would tell is asked in the slower way.
 */
int lx_flush(struct lx_file *file)
{
	int fd;

	do {
		fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	} while (fd < 0 && lx_fds_make_room(file->vol));
	if (fd < 0)
		return lx_fsync(file, false);
	/* Interrupted or not, it is closed. */
	return close(fd) && errno != EINTR ? lx_error() : 0;
}
