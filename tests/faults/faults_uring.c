/* SPDX-License-Identifier: MIT */
/* The doubles of liburing's functions, which return a negative errno. */
#include "tests/faults/faults.h"

#include <errno.h>
#include <liburing.h>

#define DOUBLE(name, params, args) \
	int __real_##name params; \
	int __wrap_##name params; \
	int __wrap_##name params \
	{ \
		return faults_due(FAULT_CALL, #name) ? -errno : \
						       __real_##name args; \
	}

DOUBLE(io_uring_queue_init_params,
       (unsigned entries, struct io_uring *ring, struct io_uring_params *p),
       (entries, ring, p))
DOUBLE(io_uring_register_eventfd, (struct io_uring *ring, int fd), (ring, fd))
DOUBLE(io_uring_register_iowq_max_workers,
       (struct io_uring *ring, unsigned *values), (ring, values))
DOUBLE(io_uring_submit, (struct io_uring *ring), (ring))
