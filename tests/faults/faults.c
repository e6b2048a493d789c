/* SPDX-License-Identifier: MIT */
#include "tests/faults/faults.h"

#include "fuse/fuse_session.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

bool faults_aged;

static _Thread_local struct {
	bool on;
	bool serving;                   /* a request */
	struct fault fault;
	unsigned count;
	const char *victim;
} self;

void faults_begin(const struct fault *fault)
{
	self.fault = *fault;
	self.count = 0;
	self.victim = NULL;
	self.on = true;
}

unsigned faults_end(void)
{
	self.on = false;
	return self.count;
}

const char *faults_victim(void)
{
	return self.victim;
}

bool faults_due(enum fault_kind kind, const char *name)
{
	const struct fault *f = &self.fault;

	if (!self.on || (f->requests && !self.serving) || f->kind != kind)
		return false;
	self.count++;
	if (!f->nth || self.count < f->nth ||
	    (self.count > f->nth && !f->on &&
	     (!f->again || self.count != f->nth + f->again)))
		return false;
	if (!self.victim)
		self.victim = name;
	errno = f->error;
	return true;
}

/* ---- the doubles ------------------------------------------------------- */

/* The linker's names: __real_ is the call, __wrap_ what is called instead. */
#define DOUBLE(kind, type, failure, name, params, args) \
	type __real_##name params; \
	type __wrap_##name params; \
	type __wrap_##name params \
	{ \
		return faults_due(kind, #name) ? failure : \
						 __real_##name args; \
	}
#define CALL(type, name, params, args) \
	DOUBLE(FAULT_CALL, type, -1, name, params, args)
#define MEMORY(name, params, args) \
	DOUBLE(FAULT_MEMORY, void *, NULL, name, params, args)

MEMORY(malloc, (size_t size), (size))
MEMORY(calloc, (size_t n, size_t size), (n, size))
MEMORY(realloc, (void *old, size_t size), (old, size))

CALL(int, fallocate, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
CALL(int, fchmodat, (int dir, const char *name, mode_t mode, int flags),
     (dir, name, mode, flags))
CALL(int, fchownat, (int dir, const char *name, uid_t u, gid_t g, int flags),
     (dir, name, u, g, flags))
CALL(int, flock, (int fd, int operation), (fd, operation))
CALL(int, fstat, (int fd, struct stat *st), (fd, st))
CALL(int, fstatat, (int dir, const char *name, struct stat *st, int flags),
     (dir, name, st, flags))
CALL(int, fstatfs, (int fd, struct statfs *st), (fd, st))
CALL(int, ftruncate, (int fd, off_t size), (fd, size))
CALL(ssize_t, getdents64, (int fd, void *buf, size_t size), (fd, buf, size))
CALL(ssize_t, getxattr,
     (const char *path, const char *name, void *value, size_t size),
     (path, name, value, size))
CALL(int, linkat,
     (int from, const char *old, int to, const char *name, int flags),
     (from, old, to, name, flags))
CALL(ssize_t, listxattr, (const char *path, char *list, size_t size),
     (path, list, size))
CALL(off_t, lseek, (int fd, off_t at, int whence), (fd, at, whence))
CALL(int, mkdirat, (int dir, const char *name, mode_t mode),
     (dir, name, mode))
CALL(int, mknodat, (int dir, const char *name, mode_t mode, dev_t dev),
     (dir, name, mode, dev))
CALL(int, name_to_handle_at,
     (int dir, const char *name, struct file_handle *h, int *id, int flags),
     (dir, name, h, id, flags))
CALL(int, open_by_handle_at, (int mount, struct file_handle *h, int flags),
     (mount, h, flags))
CALL(ssize_t, readlinkat, (int dir, const char *name, char *buf, size_t size),
     (dir, name, buf, size))
CALL(int, removexattr, (const char *path, const char *name), (path, name))
CALL(int, renameat2,
     (int from, const char *old, int to, const char *name, unsigned flags),
     (from, old, to, name, flags))
CALL(int, setxattr,
     (const char *path, const char *name, const void *value, size_t size,
      int flags),
     (path, name, value, size, flags))
CALL(int, statx,
     (int dir, const char *name, int flags, unsigned mask, struct statx *st),
     (dir, name, flags, mask, st))
CALL(int, symlinkat, (const char *target, int dir, const char *name),
     (target, dir, name))
CALL(int, truncate, (const char *path, off_t size), (path, size))
CALL(int, unlinkat, (int dir, const char *name, int flags),
     (dir, name, flags))
CALL(int, unshare, (int flags), (flags))
CALL(int, utimensat,
     (int dir, const char *name, const struct timespec times[2], int flags),
     (dir, name, times, flags))
CALL(int, epoll_create1, (int flags), (flags))
CALL(int, epoll_ctl, (int epoll, int op, int fd, struct epoll_event *event),
     (epoll, op, fd, event))
CALL(int, epoll_wait, (int epoll, struct epoll_event *e, int n, int ms),
     (epoll, e, n, ms))
CALL(int, eventfd, (unsigned value, int flags), (value, flags))
DOUBLE(FAULT_CALL, char *, NULL, realpath, (const char *path, char *real),
       (path, real))
DOUBLE(FAULT_CALL, void *, MAP_FAILED, mmap,
       (void *at, size_t n, int prot, int flags, int fd, off_t offset),
       (at, n, prot, flags, fd, offset))

/* They take long, and what they do cannot be seen. */
#define SYNC(name) \
	int __wrap_##name(int fd); \
	int __wrap_##name(int fd) \
	{ \
		(void)fd; \
		return faults_due(FAULT_CALL, #name) ? -1 : 0; \
	}

SYNC(fsync)
SYNC(fdatasync)
SYNC(syncfs)

/* It fails by what it returns; a thread that there is not is no thread. */
DOUBLE(FAULT_THREAD, int, self.fault.error, pthread_create,
       (pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
	void *arg),
       (thread, attr, fn, arg))

/*
 * Whatever it says, the descriptor is gone.  Who closes one that is not there
 * closes another's the next time.
 */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	bool fails = faults_due(FAULT_CALL, "close");
	int err = errno, ret = __real_close(fd);

	if (ret && errno == EBADF) {
		fprintf(stderr, "descriptor %d is closed, and is not open\n",
			fd);
		abort();
	}
	if (!fails)
		return ret;
	errno = err;
	return -1;
}

/* They tell what was before, and not whether they have changed it. */
#define SET_ID(name, type) \
	int __real_##name(type id); \
	int __wrap_##name(type id); \
	int __wrap_##name(type id) \
	{ \
		bool asks = id == (type)-1; \
	\
		if (!asks && faults_due(FAULT_CALL, #name)) \
			id = (type)-1; \
		return __real_##name(id); \
	}

SET_ID(setfsuid, uid_t)
SET_ID(setfsgid, gid_t)

/* ---- those that take more than they say -------------------------------- */

/* Nothing that is passed here is wider than a pointer. */
#define VARIADIC(type, name, params, args, last) \
	type __real_##name params; \
	type __wrap_##name params; \
	type __wrap_##name params \
	{ \
		uintptr_t arg; \
		va_list ap; \
	\
		va_start(ap, last); \
		arg = va_arg(ap, uintptr_t); \
		va_end(ap); \
		return faults_due(FAULT_CALL, #name) ? -1 : \
						       __real_##name args; \
	}

VARIADIC(int, open, (const char *path, int flags, ...), (path, flags, arg),
	 flags)
VARIADIC(int, openat, (int dir, const char *name, int flags, ...),
	 (dir, name, flags, arg), flags)
VARIADIC(int, fcntl, (int fd, int cmd, ...), (fd, cmd, arg), cmd)
VARIADIC(int, ioctl, (int fd, unsigned long cmd, ...), (fd, cmd, arg), cmd)

/* As open() and openat() are called where _FORTIFY_SOURCE looks at them. */
CALL(int, __open_2, (const char *path, int flags), (path, flags))
CALL(int, __openat_2, (int dir, const char *name, int flags),
     (dir, name, flags))

/* As many as come in registers: no call here has more. */
#define SYSCALL_ARGS 5

long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);
long __wrap_syscall(long nr, ...)
{
	long arg[SYSCALL_ARGS];
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < SYSCALL_ARGS; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (faults_due(FAULT_CALL, "syscall"))
		return -1;
	return __real_syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4]);
}

/* ---- transfers --------------------------------------------------------- */

/* How much of the pieces is moved, in the last of them. */
struct halved {
	struct iovec iov[IOV_MAX];
	int count;
};

static void halve(struct halved *h, const struct iovec *iov, int count)
{
	size_t left = 0;

	for (int i = 0; i < count; i++)
		left += iov[i].iov_len;
	left = left / 2 + left % 2;
	for (h->count = 0; left; h->count++) {
		h->iov[h->count] = iov[h->count];
		if (h->iov[h->count].iov_len > left)
			h->iov[h->count].iov_len = left;
		left -= h->iov[h->count].iov_len;
	}
}

#define VECTOR(name, params, whole, half) \
	ssize_t __real_##name params; \
	ssize_t __wrap_##name params; \
	ssize_t __wrap_##name params \
	{ \
		struct halved h; \
	\
		if (faults_due(FAULT_CALL, #name)) \
			return -1; \
		if (!faults_due(FAULT_SHORT, #name)) \
			return __real_##name whole; \
		halve(&h, iov, count); \
		return __real_##name half; \
	}

VECTOR(preadv, (int fd, const struct iovec *iov, int count, off_t at),
       (fd, iov, count, at), (fd, h.iov, h.count, at))
VECTOR(preadv2,
       (int fd, const struct iovec *iov, int count, off_t at, int flags),
       (fd, iov, count, at, flags), (fd, h.iov, h.count, at, flags))
VECTOR(pwritev, (int fd, const struct iovec *iov, int count, off_t at),
       (fd, iov, count, at), (fd, h.iov, h.count, at))
VECTOR(pwritev2,
       (int fd, const struct iovec *iov, int count, off_t at, int flags),
       (fd, iov, count, at, flags), (fd, h.iov, h.count, at, flags))

#define TRANSFER(name, params, args) \
	ssize_t __real_##name params; \
	ssize_t __wrap_##name params; \
	ssize_t __wrap_##name params \
	{ \
		if (faults_due(FAULT_CALL, #name)) \
			return -1; \
		if (faults_due(FAULT_SHORT, #name)) \
			size = size / 2 + size % 2; \
		return __real_##name args; \
	}

TRANSFER(copy_file_range,
	 (int from, off_t *at, int to, off_t *to_at, size_t size,
	  unsigned flags),
	 (from, at, to, to_at, size, flags))
TRANSFER(read, (int fd, void *buf, size_t size), (fd, buf, size))
TRANSFER(write, (int fd, const void *buf, size_t size), (fd, buf, size))

/* ---- requests ---------------------------------------------------------- */

ssize_t __real_fuse_session_dispatch(struct fuse_session *s,
				     struct iov_tail in, struct iov_tail out);
ssize_t __wrap_fuse_session_dispatch(struct fuse_session *s,
				     struct iov_tail in, struct iov_tail out);
ssize_t __wrap_fuse_session_dispatch(struct fuse_session *s,
				     struct iov_tail in, struct iov_tail out)
{
	ssize_t n;

	self.serving = true;
	n = __real_fuse_session_dispatch(s, in, out);
	self.serving = false;
	return n;
}

/* ---- time -------------------------------------------------------------- */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int ret = __real_clock_gettime(clock, now);

	if (faults_aged && clock == CLOCK_REALTIME_COARSE)
		now->tv_sec++;
	return ret;
}
