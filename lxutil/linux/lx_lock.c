/* SPDX-License-Identifier: MIT */
/*
 * Record locks are open file description locks (fcntl(2), F_OFD_*): those of
 * the process would be one owner for all of the guest's programs, and would
 * be lost when any descriptor of the file is closed.  They stand against the
 * host's locks of either kind.
 */
#include "lxutil/linux/lx_node.h"

#include "common/bytes.h"

#include <fcntl.h>
#include <sys/file.h>

/* The offset that stands for the end of the file. */
#define LX_OFFSET_MAX ((uint64_t)INT64_MAX)

static const short host_types[] = {
	[LX_F_RDLCK] = F_RDLCK,
	[LX_F_WRLCK] = F_WRLCK,
	[LX_F_UNLCK] = F_UNLCK,
};

int lx_open_for_locks(struct lx_volume *vol, struct lx_node *node,
		      struct lx_file **ret_file)
{
	static const uint32_t modes[] = {
		LX_O_RDWR, LX_O_RDONLY, LX_O_WRONLY,
	};
	int err = 0;

	/* Each has its reasons to fail: permission, a program that runs... */
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		err = lx_open(vol, node, modes[i], ret_file);
		if (err != -LX_EACCES && err != -LX_EPERM &&
		    err != -LX_EROFS && err != -LX_ETXTBSY)
			break;
	}
	return err;
}

static int lock_to_host(const struct lx_lock *lock, struct flock *ret_host)
{
	if (lock->type >= ARRAY_LEN(host_types) || lock->start > lock->end ||
	    lock->end > LX_OFFSET_MAX)
		return -LX_EINVAL;
	*ret_host = (struct flock){
		.l_type = host_types[lock->type],
		.l_whence = SEEK_SET,
		.l_start = (off_t)lock->start,
		/* 0: whatever comes after it. */
		.l_len = lock->end == LX_OFFSET_MAX ?
				 0 : (off_t)(lock->end - lock->start + 1),
	};
	return 0;
}

static int control(struct lx_file *file, int cmd, struct flock *host)
{
	int err;

	do {
		err = fcntl(file->fd, cmd, host) ? lx_error() : 0;
	} while (err == -LX_EINTR);
	return err;
}

int lx_getlk(struct lx_file *file, const struct lx_lock *lock,
	     struct lx_lock *ret_lock)
{
	struct flock host;
	int err = lock_to_host(lock, &host);

	/* Nothing stands against an unlock. */
	if (!err && lock->type == LX_F_UNLCK)
		err = -LX_EINVAL;
	if (!err)
		err = control(file, F_OFD_GETLK, &host);
	if (err)
		return err;
	if (host.l_type == F_UNLCK) {
		*ret_lock = *lock;
		ret_lock->type = LX_F_UNLCK;
		ret_lock->pid = 0;
		return 0;
	}
	*ret_lock = (struct lx_lock){
		.start = (uint64_t)host.l_start,
		.end = host.l_len == 0 ? LX_OFFSET_MAX :
			       (uint64_t)(host.l_start + host.l_len - 1),
		.type = host.l_type == F_WRLCK ? LX_F_WRLCK : LX_F_RDLCK,
		/* -1: it belongs to an open file and not to a process. */
		.pid = host.l_pid > 0 ? (uint32_t)host.l_pid : 0,
	};
	return 0;
}

int lx_setlk(struct lx_file *file, const struct lx_lock *lock)
{
	struct flock host;
	int err = lock_to_host(lock, &host);

	return err ? err : control(file, F_OFD_SETLK, &host);
}

int lx_flock(struct lx_file *file, uint32_t type)
{
	static const int operations[] = {
		[LX_F_RDLCK] = LOCK_SH,
		[LX_F_WRLCK] = LOCK_EX,
		[LX_F_UNLCK] = LOCK_UN,
	};
	int err;

	if (type >= ARRAY_LEN(operations))
		return -LX_EINVAL;
	do {
		err = flock(file->fd, operations[type] | LOCK_NB) ?
			      lx_error() : 0;
	} while (err == -LX_EINTR);
	return err;
}
