/* SPDX-License-Identifier: MIT */
/*
 * core_fixture.h - a core with a device that can be held up, a transport that
 * counts, and a driver over plain memory.
 */
#ifndef TESTS_UNIT_VIRTIO_CORE_FIXTURE_H
#define TESTS_UNIT_VIRTIO_CORE_FIXTURE_H

#include "common/bytes.h"
#include "tests/lib/fake_ring.h"
#include "virtio/virtio_core.h"
#include "virtio/virtio_poll.h"
#include "virtio/virtio_spec.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define RAM_GPA 0x100000
#define RAM_SIZE 0x100000
#define QUEUES 2
#ifndef QUEUE_SIZE
#define QUEUE_SIZE 16
#endif
#define PATIENCE_S 20                   /* for what must come */

#define V1 VIRTIO_FEATURE(VIRTIO_F_VERSION_1)
#define EVENT_IDX VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX)
#define PACKED VIRTIO_FEATURE(VIRTIO_F_RING_PACKED)
#define IN_ORDER VIRTIO_FEATURE(VIRTIO_F_IN_ORDER)
#define RING_RESET VIRTIO_FEATURE(VIRTIO_F_RING_RESET)
#define NEGOTIATED \
	(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | \
	 VIRTIO_STATUS_FEATURES_OK)
#define READY (NEGOTIATED | VIRTIO_STATUS_DRIVER_OK)

struct core_fixture {
	uint64_t format;                /* of the driver's rings: PACKED or 0 */
	struct gmem mem;
	struct fake_ram ram;
	struct fake_ring ring[QUEUES];
	struct log log;
	struct virtio_core *core;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Protected by lock. */
	bool hold;                      /* requests wait while this is set */
	bool hold_reset;                /* and so does the device's reset */
	bool ending;                    /* nothing blocks any more */
	long slow_ms;                   /* how long a request takes */
	unsigned entered, handled;      /* requests; the latter: answered */
	ssize_t answer;                 /* what a request returns */
	unsigned tries;                 /* of those that wait */
	unsigned blocked;               /* requests that began to block */
	unsigned going;                 /* chains that go on by themselves */
	struct {
		struct virtio_chain *chain;
		unsigned queue;
	} goes[VIRTIO_DETACHED_MAX];
	struct event *event[QUEUES];    /* of the queues' threads */
	size_t order_len;
	char order[64];                 /* the first requests, one byte each */
	unsigned threads;               /* thread_init() calls */
	unsigned interrupts[QUEUES], config_interrupts, broken[QUEUES];
	unsigned device_resets, transport_resets;
	pthread_t reset_thread;
};

static inline void change(struct core_fixture *f, unsigned *what)
{
	pthread_mutex_lock(&f->lock);
	++*what;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

/* Set a flag that others wait for. */
static inline void set(struct core_fixture *f, bool *flag, bool value)
{
	pthread_mutex_lock(&f->lock);
	*flag = value;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static inline unsigned get(struct core_fixture *f, const unsigned *what)
{
	unsigned value;

	pthread_mutex_lock(&f->lock);
	value = *what;
	pthread_mutex_unlock(&f->lock);
	return value;
}

/* Wait until the counter is at least n. */
static inline void await(struct core_fixture *f, const unsigned *what,
			 unsigned n)
{
	struct timespec end;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&f->lock);
	while (*what < n && !ret)
		ret = pthread_cond_timedwait(&f->changed, &f->lock, &end);
	pthread_mutex_unlock(&f->lock);
	assert_int_equal(ret, 0);
}

static inline void pause_ms(long ms)
{
	const struct timespec t = { 0, ms * 1000000 };

	nanosleep(&t, NULL);
}

/* Poll a condition that no counter tells. */
#define await_true(cond) \
	do { \
		unsigned tries_ = 0; \
		while (!(cond) && tries_++ < PATIENCE_S * 1000) \
			pause_ms(1); \
		assert_true(cond); \
	} while (0)

/* ---- device and transport ---------------------------------------------- */

static inline void dev_config_read(void *dev, uint32_t offset, void *buf,
				   size_t len)
{
	(void)dev;
	memcpy(buf, &"configur"[offset], len);
}

/* The first byte of a request that does, until it is another. */
#define WAITS 'w'
#define BLOCKS 'b'
#define GOES_ON 'g'
#define FAILS 'f'                       /* goes on, in vain, and blocks then */
#define LATE 'l'                        /* goes on until its thread sleeps */

static inline bool blocks(char byte)
{
	return byte == BLOCKS || byte == GOES_ON || byte == FAILS ||
	       byte == LATE;
}

/* With the lock held. */
static inline ssize_t leave(struct core_fixture *f, unsigned queue,
			    struct virtio_chain *chain)
{
	const char *base = chain->writable[0].base;

	if (*base == BLOCKS)
		return VIRTIO_CHAIN_BLOCKS;
	f->goes[f->going].chain = chain;
	f->goes[f->going++].queue = queue;
	f->entered++;
	f->blocked++;
	pthread_cond_broadcast(&f->changed);
	return VIRTIO_CHAIN_GOES_ON;
}

/* With the lock held. */
static inline bool has_gone(const struct core_fixture *f, unsigned i,
			    unsigned queue)
{
	const char *base = f->goes[i].chain->writable[0].base;

	return f->goes[i].queue == queue && (*base != GOES_ON || f->ending);
}

static inline void dev_progress(void *dev, unsigned queue, bool sleeps)
{
	struct core_fixture *f = dev;
	unsigned left = 0;

	pthread_mutex_lock(&f->lock);
	for (unsigned i = 0; i < f->going; i++) {
		char *base = f->goes[i].chain->writable[0].base;

		if (!has_gone(f, i, queue) || (*base == LATE && !sleeps)) {
			f->goes[left++] = f->goes[i];
		} else if (*base == FAILS) {
			virtio_chain_end(f->goes[i].chain,
					 VIRTIO_CHAIN_BLOCKS);
		} else {
			*base = 'x';
			f->handled++;
			virtio_chain_end(f->goes[i].chain, f->answer);
		}
	}
	f->going = left;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static inline bool dev_progressed(void *dev, unsigned queue)
{
	struct core_fixture *f = dev;
	bool any = false;

	pthread_mutex_lock(&f->lock);
	for (unsigned i = 0; i < f->going; i++)
		any |= has_gone(f, i, queue);
	pthread_mutex_unlock(&f->lock);
	return any;
}

static inline ssize_t dev_request(void *dev, unsigned queue,
				  struct virtio_chain *chain)
{
	struct core_fixture *f = dev;
	char *base = chain->writable_count ? chain->writable[0].base :
		     chain->readable[0].base;
	ssize_t answer;

	pthread_mutex_lock(&f->lock);
	if (blocks(base[0]) && chain->may_leave) {
		answer = leave(f, queue, chain);
		pthread_mutex_unlock(&f->lock);
		return answer;
	}
	f->entered++;
	f->blocked += blocks(base[0]);
	pthread_cond_broadcast(&f->changed);
	while (blocks(base[0]) && !f->ending)
		pthread_cond_wait(&f->changed, &f->lock);
	while (f->hold)
		pthread_cond_wait(&f->changed, &f->lock);
	if (f->slow_ms)
		pause_ms(f->slow_ms);
	if (f->order_len < sizeof(f->order))
		f->order[f->order_len++] = base[0];
	answer = base[0] == WAITS ? VIRTIO_CHAIN_WAITS :
		 chain->writable_count ? f->answer : 0;
	if (answer == VIRTIO_CHAIN_WAITS)
		f->tries++;
	else
		f->handled++;
	if (answer > 0)
		memset(base, 'x', (size_t)answer);
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	return answer;
}

static inline void dev_thread_init(void *dev, unsigned queue,
				   struct event *event)
{
	struct core_fixture *f = dev;

	pthread_mutex_lock(&f->lock);
	if (event)
		f->event[queue] = event;
	pthread_mutex_unlock(&f->lock);
	change(f, &f->threads);
}

static inline void dev_thread_done(void *dev, unsigned queue)
{
	struct core_fixture *f = dev;

	pthread_mutex_lock(&f->lock);
	f->event[queue] = NULL;
	pthread_mutex_unlock(&f->lock);
}

/* Something has become of what goes on by itself. */
static inline void signal_queues(struct core_fixture *f)
{
	pthread_mutex_lock(&f->lock);
	for (unsigned i = 0; i < QUEUES; i++) {
		if (f->event[i])
			event_signal(f->event[i]);
	}
	pthread_mutex_unlock(&f->lock);
}

static inline void dev_reset(void *dev)
{
	struct core_fixture *f = dev;

	pthread_mutex_lock(&f->lock);
	f->device_resets++;
	f->reset_thread = pthread_self();
	pthread_cond_broadcast(&f->changed);
	while (f->hold_reset)
		pthread_cond_wait(&f->changed, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

static inline void tr_queue_interrupt(void *transport, unsigned queue)
{
	struct core_fixture *f = transport;

	change(f, &f->interrupts[queue]);
}

static inline void tr_config_interrupt(void *transport)
{
	struct core_fixture *f = transport;

	change(f, &f->config_interrupts);
}

static inline void tr_queue_broken(void *transport, unsigned queue)
{
	struct core_fixture *f = transport;

	change(f, &f->broken[queue]);
}

static inline void tr_reset(void *transport)
{
	struct core_fixture *f = transport;

	change(f, &f->transport_resets);
}

static const struct virtio_device_ops fixture_dev_ops = {
	.id = 26,
	.config_size = 8,
	.unanswered_queues = 1,
	.config_read = dev_config_read,
	.request = dev_request,
	.progress = dev_progress,
	.progressed = dev_progressed,
	.thread_init = dev_thread_init,
	.thread_done = dev_thread_done,
	.reset = dev_reset,
};

static const struct virtio_transport_ops fixture_transport_ops = {
	.queue_interrupt = tr_queue_interrupt,
	.config_interrupt = tr_config_interrupt,
	.queue_broken = tr_queue_broken,
	.reset = tr_reset,
};

static inline void fixture_log(void *ctx, enum log_level level,
			       const char *target, const char *message)
{
	(void)ctx;
	(void)level;
	(void)target;
	(void)message;
}

/* ---- the driver -------------------------------------------------------- */

static inline void set_up_queue(struct core_fixture *f, unsigned queue,
				uint64_t features)
{
	struct fake_ring *ring = &f->ring[queue];
	struct virtio_queue_regs regs = { .size = QUEUE_SIZE };

	if (f->format)
		fake_ring_init_packed(ring, &f->ram, QUEUE_SIZE,
				      features & EVENT_IDX);
	else
		fake_ring_init(ring, &f->ram, QUEUE_SIZE, features & EVENT_IDX);
	regs.desc = ring->desc;
	regs.driver = ring->avail;
	regs.device = ring->used;
	virtio_core_set_queue(f->core, queue, &regs);
	virtio_core_enable_queue(f->core, queue);
}

static inline void negotiate(struct core_fixture *f, uint64_t features)
{
	virtio_core_set_driver_features(f->core, 0, (uint32_t)features);
	virtio_core_set_driver_features(f->core, 1, (uint32_t)(features >> 32));
	virtio_core_set_status(f->core, NEGOTIATED);
	assert_int_equal(virtio_core_status(f->core), NEGOTIATED);
}

/* Everything up to DRIVER_OK, with both queues. */
static inline void drive(struct core_fixture *f, uint64_t features)
{
	negotiate(f, features | f->format);
	for (unsigned i = 0; i < QUEUES; i++)
		set_up_queue(f, i, features);
	virtio_core_set_status(f->core, READY);
	assert_int_equal(virtio_core_status(f->core), READY);
}

/* One writable buffer of 8 bytes, without a kick. */
static inline uint16_t add(struct core_fixture *f, unsigned queue)
{
	struct fake_buf buf = { fake_ram_alloc(&f->ram, 8, 8), 8 };

	return fake_ring_add(&f->ring[queue], &buf, 0, 1, 0);
}

static inline void assert_used(struct core_fixture *f, unsigned queue,
			       uint16_t head, uint32_t len)
{
	uint16_t got_head = 0xffff;
	uint32_t got_len = 0xffffffff;

	assert_true(fake_ring_collect(&f->ring[queue], &got_head, &got_len));
	assert_int_equal(got_head, head);
	assert_int_equal(got_len, len);
}

static inline int core_begin(void **state, uint64_t format, unsigned poll_us)
{
	static struct core_fixture f;
	const struct virtio_core_params params = {
		.queues = QUEUES,
		.queue_size = QUEUE_SIZE,
		.name = "a-very-long-name",
		.poll_us = poll_us,
		.in_order = true,
	};

	f = (struct core_fixture){ .answer = 4, .format = format };
	pthread_mutex_init(&f.lock, NULL);
	pthread_cond_init(&f.changed, NULL);
	log_init(&f.log, 2);
	log_set_sink(&f.log, fixture_log, NULL);
	fake_ram_init(&f.ram, RAM_GPA, RAM_SIZE);
	assert_int_equal(gmem_init(&f.mem, NULL, NULL), 0);
	assert_int_equal(gmem_add(&f.mem, RAM_GPA, RAM_SIZE, f.ram.base,
				  GMEM_READ | GMEM_WRITE), 0);
	assert_int_equal(virtio_core_new(&params, &fixture_dev_ops, &f,
					 &fixture_transport_ops, &f, &f.mem,
					 &f.log, &f.core), 0);
	*state = &f;
	return 0;
}

static inline int core_setup(void **state)
{
	return core_begin(state, 0, 0);
}

static inline int core_setup_packed(void **state)
{
	return core_begin(state, PACKED, 0);
}

static inline int core_setup_polling(void **state)
{
	return core_begin(state, 0, VIRTIO_POLL_US_MAX);
}

static inline int core_teardown(void **state)
{
	struct core_fixture *f = *state;

	set(f, &f->hold, false);
	set(f, &f->hold_reset, false);
	set(f, &f->ending, true);
	signal_queues(f);
	virtio_core_free(f->core);
	gmem_done(&f->mem);
	fake_ram_done(&f->ram);
	log_done(&f->log);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	return 0;
}

#define core_test(name) \
	cmocka_unit_test_setup_teardown(name, core_setup, core_teardown)

/* The same test with packed rings. */
#define core_packed_test(name) \
	{ "packed: " #name, name, core_setup_packed, core_teardown, NULL }

/* The same test with queues that are polled. */
#define core_polling_test(name) \
	{ "polling: " #name, name, core_setup_polling, core_teardown, NULL }

#endif
