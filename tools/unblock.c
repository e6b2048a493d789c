/* SPDX-License-Identifier: MIT */
#include "tools/unblock.h"

#include "common/event_fd.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

static void *unblock(void *arg)
{
	const struct timespec soon = { .tv_nsec = 10 * 1000 * 1000 };
	const struct timespec later = { .tv_sec = 1 };

	(void)arg;
	for (;;)
		nanosleep(event_free_signallers() ? &soon : &later, NULL);
	return NULL;
}

int unblock_start(void)
{
	pthread_t thread;
	int ret = pthread_create(&thread, NULL, unblock, NULL);

	if (!ret)
		ret = pthread_detach(thread);
	return -ret;
}
