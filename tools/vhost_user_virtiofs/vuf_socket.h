/* SPDX-License-Identifier: MIT */
/*
 * vuf_socket.h - the socket that a share is served on.
 *
 * As virtiofsd does, a program that listens on PATH holds a lock on PATH.pid,
 * which has its process id.  So one that is alive is recognized without being
 * connected to, which it would take for a front-end.
 */
#ifndef VUF_SOCKET_H
#define VUF_SOCKET_H

#include <stddef.h>

struct vuf_socket {
	int fd;                         /* listening */
	int lock_fd;                    /* -1: it was inherited */
	char *path;                     /* for the log, where it was */
	char *lock_path;
};

/*
 * Listen at `path`, for this user alone, or for `group` (a name; may be NULL)
 * too.  A socket that is left over is replaced, one that is in use is not.
 * 0 or -errno; then err holds one line for a person.
 */
int vuf_socket_open(const char *path, const char *group, char *err,
		    size_t err_size, struct vuf_socket *ret_socket);

/*
 * Take a listening socket that was inherited: `number` is its descriptor, in
 * digits.  0 or -errno, and err.
 */
int vuf_socket_inherit(const char *number, char *err, size_t err_size,
		       struct vuf_socket *ret_socket);

/* Close it, and remove what vuf_socket_open() has made. */
void vuf_socket_close(struct vuf_socket *socket);

#endif
