/* SPDX-License-Identifier: MIT */
#include "virtio/virtio_thread.h"

#include <signal.h>
#include <stdio.h>

#define THREAD_NAME_SIZE 16             /* the system's limit */

int virtio_thread_start(pthread_t *ret_thread, const char *name,
			const char *suffix, void *(*main)(void *), void *arg)
{
	char full[THREAD_NAME_SIZE];
	sigset_t all, old;
	pthread_t thread;
	int ret;

	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&thread, NULL, main, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return -ret;
	(void)snprintf(full, sizeof(full), "%.11s/%.3s", name, suffix);
	(void)pthread_setname_np(thread, full);
	*ret_thread = thread;
	return 0;
}
