/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench_driver.h"

#include "common/bytes.h"
#include "tools/bench/bench_fail.h"
#include "tools/bench/bench_session.h"
#include "tools/bench/bench_work.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A device that does not answer for so long has lost a request. */
#define LOST_MS 20000

struct bench_thread {
	struct bench_driver *driver;
	pthread_t id;
	unsigned queue;
	struct bench_ring *ring;
	int kick, call;
	struct bench_slot slot[BENCH_DEPTH_MAX];
	/* The run. */
	unsigned busy;
	bool added;
	uint64_t until;                 /* time, if ops is 0 */
	uint64_t ops_left;
	uint64_t cpu;                   /* this thread's own */
	struct bench_figures figures;
};

struct bench_driver {
	struct bench_session *session;
	uint32_t segment;
	unsigned threads, depth;
	const struct bench_work *work;
	struct bench_thread thread[];
};

/* ---- slots ------------------------------------------------------------- */

struct bench_session *bench_slot_session(const struct bench_slot *slot)
{
	return slot->thread->driver->session;
}

const struct bench_work *bench_slot_work(const struct bench_slot *slot)
{
	return slot->thread->driver->work;
}

uint32_t bench_slot_random(struct bench_slot *slot, uint32_t n)
{
	return bench_random(&slot->random, n);
}

static size_t put_name(unsigned char *at, const char *name)
{
	size_t len = name ? strlen(name) + 1 : 0;

	if (len)
		memcpy(at, name, len);
	return len;
}

/* The data in pieces of the segment's size, as pages of a guest come. */
static unsigned add_data(const struct bench_slot *slot,
			 struct bench_segment *seg, uint32_t len, bool writes)
{
	const uint32_t piece = slot->thread->driver->segment;
	unsigned n = 0;

	for (uint32_t at = 0; at < len; at += piece)
		seg[n++] = (struct bench_segment){
			slot->data + at, MIN(piece, len - at), writes,
		};
	return n;
}

void bench_slot_send(struct bench_slot *slot, const struct bench_request *req)
{
	struct bench_segment seg[BENCH_SEGMENTS];
	struct fuse_in_header *in = (void *)slot->request;
	size_t len = sizeof(*in);
	unsigned n = 1;

	if (req->arg_len)
		memcpy(slot->request + len, req->arg, req->arg_len);
	len += req->arg_len;
	len += put_name(slot->request + len, req->name);
	len += put_name(slot->request + len, req->name2);
	*in = (struct fuse_in_header){
		.len = (uint32_t)len + req->data_out,
		.opcode = req->opcode,
		.unique = ++slot->thread->driver->session->unique[
			slot->thread->queue],
		.nodeid = req->node,
		.pid = 1,
	};
	seg[0] = (struct bench_segment){ slot->request, (uint32_t)len, false };
	n += add_data(slot, seg + n, req->data_out, false);
	if (!req->no_reply) {
		seg[n++] = (struct bench_segment){
			slot->reply,
			(uint32_t)sizeof(struct fuse_out_header) +
				req->reply_len,
			true,
		};
		n += add_data(slot, seg + n, req->data_in, true);
	}
	slot->no_reply = req->no_reply;
	bench_ring_add(slot->thread->ring, slot->table, seg, n, slot);
	slot->thread->added = true;
}

static void begin(struct bench_slot *slot)
{
	struct bench_thread *t = slot->thread;

	/* At least one, however late the thread came to run. */
	slot->idle = t->until ? t->figures.ops && bench_now() >= t->until :
				!t->ops_left;
	if (slot->idle) {
		t->busy--;
		return;
	}
	if (!t->until)
		t->ops_left--;
	slot->step = 0;
	slot->units = 1;
	slot->begun = bench_now();
	t->driver->work->step(slot);
}

void bench_slot_done(struct bench_slot *slot)
{
	struct bench_thread *t = slot->thread;

	bench_latency_add(&t->figures.latency, bench_now() - slot->begun);
	t->figures.ops += slot->units;
	t->figures.bytes += t->driver->work->bytes;
	begin(slot);
}

/* ---- a thread ---------------------------------------------------------- */

static void receive(struct bench_slot *slot, uint32_t len)
{
	const struct fuse_out_header *out = (const void *)slot->reply;
	const struct fuse_in_header *in = (const void *)slot->request;

	slot->error = 0;
	slot->reply_len = 0;
	if (!slot->no_reply) {
		if (len < sizeof(*out) || out->unique != in->unique)
			bench_fail("a wrong answer to request %u", in->opcode);
		slot->error = out->error;
		slot->reply_len = len - sizeof(*out);
	}
	slot->step++;
	slot->thread->driver->work->step(slot);
}

static void sleep_until_called(struct bench_thread *t)
{
	struct pollfd fd = { .fd = t->call, .events = POLLIN };
	eventfd_t value;

	if (poll(&fd, 1, LOST_MS) <= 0)
		bench_fail("%s: no answer for %d s",
			   t->driver->work->name, LOST_MS / 1000);
	eventfd_read(t->call, &value);
}

static void publish(struct bench_thread *t)
{
	if (t->added && bench_ring_publish(t->ring))
		eventfd_write(t->kick, 1);
	t->added = false;
}

static void *drive(void *arg)
{
	struct bench_thread *t = arg;
	uint64_t cpu = bench_thread_cpu(), begun = bench_now();
	unsigned depth = t->busy;

	for (unsigned i = 0; i < depth; i++)
		begin(&t->slot[i]);
	while (t->busy) {
		struct bench_slot *slot;
		uint32_t len;

		publish(t);
		while ((slot = bench_ring_get(t->ring, &len)))
			receive(slot, len);
		if (!t->added && t->busy && bench_ring_arm(t->ring))
			sleep_until_called(t);
	}
	t->figures.wall = bench_now() - begun;
	t->cpu = bench_thread_cpu() - cpu;
	return NULL;
}

/* ---- the driver -------------------------------------------------------- */

static size_t slot_bytes(void)
{
	return 2 * BENCH_PAGE + bench_pages(BENCH_DATA_MAX) +
	       bench_pages(BENCH_SEGMENTS * sizeof(struct vring_desc));
}

size_t bench_driver_bytes(unsigned threads, unsigned depth)
{
	return threads * depth * slot_bytes();
}

struct bench_driver *bench_driver_new(struct bench_session *session,
				      unsigned threads, unsigned depth,
				      uint32_t segment)
{
	struct bench_device *dev = &session->dev;
	struct bench_driver *driver =
		calloc(1, sizeof(*driver) +
				  threads * sizeof(driver->thread[0]));

	if (!driver)
		bench_fail_errno("threads");
	driver->session = session;
	driver->segment = segment;
	driver->threads = threads;
	driver->depth = depth;
	for (unsigned i = 0; i < threads; i++) {
		struct bench_thread *t = &driver->thread[i];

		t->driver = driver;
		t->queue = i + 1;
		t->ring = &dev->ring[t->queue];
		t->kick = dev->kick[t->queue];
		t->call = dev->call[t->queue];
		for (unsigned k = 0; k < depth; k++) {
			struct bench_slot *slot = &t->slot[k];

			slot->thread = t;
			slot->number = i * BENCH_DEPTH_MAX + k;
			slot->random = slot->number;
			slot->request = bench_ram_take(&dev->ram, BENCH_PAGE);
			slot->reply = bench_ram_take(&dev->ram, BENCH_PAGE);
			slot->data = bench_ram_take(&dev->ram, BENCH_DATA_MAX);
			slot->table = bench_ram_take(
				&dev->ram,
				BENCH_SEGMENTS * sizeof(*slot->table));
		}
	}
	return driver;
}

void bench_driver_free(struct bench_driver *driver)
{
	free(driver);
}

void bench_driver_run(struct bench_driver *driver,
		      const struct bench_work *work, unsigned threads,
		      unsigned depth, unsigned ms, uint64_t ops,
		      struct bench_figures *ret_figures)
{
	pid_t server = driver->session->dev.server;
	uint64_t cpu = bench_process_cpu(server), own = 0;
	uint64_t main_cpu = bench_thread_cpu();
	uint64_t until = ms ? bench_now() + ms * 1000000ull : 0;

	driver->work = work;
	for (unsigned i = 0; i < threads; i++) {
		struct bench_thread *t = &driver->thread[i];

		memset(&t->figures, 0, sizeof(t->figures));
		t->until = until;
		t->ops_left = ops;
		t->busy = depth;
		if (pthread_create(&t->id, NULL, drive, t))
			bench_fail("no thread");
	}
	memset(ret_figures, 0, sizeof(*ret_figures));
	for (unsigned i = 0; i < threads; i++) {
		struct bench_thread *t = &driver->thread[i];

		pthread_join(t->id, NULL);
		bench_latency_merge(&ret_figures->latency, &t->figures.latency);
		ret_figures->ops += t->figures.ops;
		ret_figures->bytes += t->figures.bytes;
		ret_figures->wall = MAX(ret_figures->wall, t->figures.wall);
		own += t->cpu;
	}
	ret_figures->cpu = bench_process_cpu(server) - cpu;
	/* In this process it is what our own threads have not used. */
	if (!server)
		ret_figures->cpu -= own + bench_thread_cpu() - main_cpu;
}
