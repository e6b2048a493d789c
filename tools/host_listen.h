/* SPDX-License-Identifier: MIT */
/*
 * host_listen.h - the socket that a program listens on.
 */
#ifndef HOST_LISTEN_H
#define HOST_LISTEN_H

#include <stddef.h>
#include <sys/types.h>

/* Who may connect. */
struct host_access {
	mode_t mode;                    /* of the socket */
	gid_t group;                    /* (gid_t)-1: the process' own */
};

/*
 * Listen on a socket at `path`; without `access`, the umask says who may
 * connect.  A socket there that nobody listens on any more is replaced; to
 * see that, it is connected to.  0 or -errno; then err holds one line for a
 * person.
 */
int host_listen(const char *path, const struct host_access *access, char *err,
		size_t err_size, int *ret_fd);

#endif
