/* SPDX-License-Identifier: MIT */
/*
 * A node is a descriptor, so what creates a name needs one when the name is
 * there already; failing then would leave behind an error a name that nobody
 * wants, and to unlink it might take somebody else's file of that name.  So a
 * creating thread holds a descriptor in reserve, and closes it where the node
 * cannot be opened otherwise.  The volume keeps one, and as many more as
 * threads have created at a time, up to LX_SPARES: mostly it costs no system
 * call.
 *
 * What is left is another thread of the process that takes the descriptor in
 * the moment between: no call opens a file as a given descriptor.
 */
#include "lxutil/linux/lx_node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#define NONE (-1)

/* Not a dup(): the system's files are limited too. */
static int open_one(const struct lx_volume *vol)
{
	return openat(vol->root_fd, ".", O_PATH | O_CLOEXEC);
}

void lx_spare_init(struct lx_volume *vol)
{
	for (size_t i = 0; i < LX_SPARES; i++)
		atomic_init(&vol->spare[i], NONE);
	/* Without, the first that needs one sees to it. */
	lx_spare_put(vol, open_one(vol));
}

int lx_spare_take(struct lx_volume *vol)
{
	int fd;

	for (size_t i = 0; i < LX_SPARES; i++) {
		fd = atomic_exchange(&vol->spare[i], NONE);
		if (fd != NONE)
			return fd;
	}
	fd = open_one(vol);
	return fd < 0 ? lx_error() : fd;
}

void lx_spare_put(struct lx_volume *vol, int spare)
{
	if (spare == NONE)
		return;
	for (size_t i = 0; i < LX_SPARES; i++) {
		int none = NONE;

		if (atomic_compare_exchange_strong(&vol->spare[i], &none,
						   spare))
			return;
	}
	close(spare);
}

int lx_spare_openat(int *spare, int dir_fd, const char *name, int flags)
{
	int fd = openat(dir_fd, name, flags);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		close(*spare);
		*spare = NONE;
		fd = openat(dir_fd, name, flags);
	}
	/* cppcheck-suppress resourceLeak ; fd is what is returned */
	return fd < 0 ? lx_error() : fd;
}

void lx_spare_close(struct lx_volume *vol)
{
	for (size_t i = 0; i < LX_SPARES; i++) {
		int fd = atomic_load(&vol->spare[i]);

		if (fd != NONE)
			close(fd);
	}
}
