/* SPDX-License-Identifier: MIT */
/* host_call.h - a call of the host that waits, on a thread of its own. */
#ifndef TESTS_DEVICE_HOST_CALL_H
#define TESTS_DEVICE_HOST_CALL_H

#include "tests/device/hung.h"

#include <pthread.h>
#include <stdatomic.h>

struct host_call {
	struct device_fixture *f;
	void (*call)(struct device_fixture *f);
	pthread_t thread;
	atomic_bool done;
};

static inline void bus_reset(struct device_fixture *f)
{
	f->plugin->reset(f->dev);
}

static inline void stop(struct device_fixture *f)
{
	f->plugin->stop(f->dev);
}

static inline void destroy(struct device_fixture *f)
{
	f->plugin->destroy(f->dev);
}

static inline void *run_call(void *arg)
{
	struct host_call *h = arg;

	h->call(h->f);
	atomic_store(&h->done, true);
	return NULL;
}

/* It does wait. */
static inline void begin_call(struct device_fixture *f, struct host_call *h,
			      void (*call)(struct device_fixture *f))
{
	*h = (struct host_call){ .f = f, .call = call };
	assert_int_equal(pthread_create(&h->thread, NULL, run_call, h), 0);
	pause_ms(HUNG_MS);
	assert_false(atomic_load(&h->done));
}

#endif
