/* SPDX-License-Identifier: MIT */
/* virtio_thread.h - threads of ours in a process that is the host's. */
#ifndef VIRTIO_VIRTIO_THREAD_H
#define VIRTIO_VIRTIO_THREAD_H

#include <pthread.h>

/*
 * Start a thread that is named "name/suffix", with all signals blocked: they
 * are the host's.  But for SIGBUS, which guest memory that is gone raises on
 * the thread that touches it, and which the host may handle.  0 or -errno.
 */
int virtio_thread_start(pthread_t *ret_thread, const char *name,
			const char *suffix, void *(*main)(void *), void *arg);

#endif
