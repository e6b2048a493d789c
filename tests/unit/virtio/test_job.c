/* SPDX-License-Identifier: MIT */
/*
 * Requests that block, seen through the core: who goes on beside them.  They
 * are on another thread, or go on by themselves.
 */
#define QUEUE_SIZE 64
#include "tests/unit/virtio/core_fixture.h"
#include "virtio/virtio_job.h"

static char kind = BLOCKS;              /* or GOES_ON */

/* Make available, without a kick, one that blocks while *ret_byte says so. */
static uint16_t add_blocking(struct core_fixture *f, unsigned queue,
			     char **ret_byte)
{
	struct fake_buf buf = { fake_ram_alloc(&f->ram, 8, 8), 8 };

	*ret_byte = fake_ram_ptr(&f->ram, buf.gpa);
	**ret_byte = kind;
	return fake_ring_add(&f->ring[queue], &buf, 0, 1, 0);
}

static void let_go(struct core_fixture *f, char *byte)
{
	pthread_mutex_lock(&f->lock);
	*byte = 0;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	signal_queues(f);
}

/* The next that comes back. */
static void await_used(struct core_fixture *f, unsigned queue, uint16_t head)
{
	await_true(fake_ring_has_used(&f->ring[queue]));
	assert_used(f, queue, head, 4);
}

/* Make available one that blocks and one that does not, seen together. */
static uint16_t add_both(struct core_fixture *f, char **ret_byte)
{
	uint16_t head, first, other;
	unsigned entered = get(f, &f->entered);

	set(f, &f->hold, true);
	first = add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->entered, entered + 1);
	head = add_blocking(f, 0, ret_byte);
	other = add(f, 0);
	set(f, &f->hold, false);
	await_used(f, 0, first);
	await_used(f, 0, other);
	return head;
}

#define BOTH 2                          /* others, when one is detached */

/* A core that runs, and one of queue 0 that has been detached. */
static uint16_t start_blocking(struct core_fixture *f, uint64_t features,
			       char **ret_byte)
{
	uint16_t head;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, features);
	head = add_both(f, ret_byte);
	await(f, &f->blocked, 1);
	return head;
}

static void others_go_on_beside_it(void **state)
{
	struct core_fixture *f = *state;
	char *byte;
	uint16_t head = start_blocking(f, V1, &byte);

	for (unsigned i = 1; i < 40; i++) {
		uint16_t other = add(f, 0);

		virtio_core_kick(f->core, 0);
		await_used(f, 0, other);
		assert_int_equal(get(f, &f->handled), BOTH + i);
	}
	assert_int_equal(get(f, &f->blocked), 1);
	let_go(f, byte);
	await_used(f, 0, head);
	assert_false(fake_ring_has_used(&f->ring[0]));
	/* One for its own sake, as nothing else had come then. */
	virtio_core_stop(f->core);
	assert_true(get(f, &f->interrupts[0]) >= 2);
}

static void they_come_back_as_they_end(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head[3];
	char *byte[3];

	head[0] = start_blocking(f, V1, &byte[0]);
	for (unsigned i = 1; i < 3; i++) {
		head[i] = add_blocking(f, 0, &byte[i]);
		virtio_core_kick(f->core, 0);
		await(f, &f->blocked, i + 1);
	}
	assert_int_equal(get(f, &f->handled), BOTH);
	let_go(f, byte[1]);
	await_used(f, 0, head[1]);
	let_go(f, byte[2]);
	await_used(f, 0, head[2]);
	let_go(f, byte[0]);
	await_used(f, 0, head[0]);
	/* Their places are used again. */
	head[0] = add_both(f, &byte[0]);
	let_go(f, byte[0]);
	await_used(f, 0, head[0]);
}

/* Nobody would gain: it is on the queue's thread, as the next one shows. */
static void a_lone_one_stays_on_its_thread(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head[2];
	char *byte;

	assert_int_equal(virtio_core_start(f->core), 0);
	await(f, &f->threads, QUEUES);
	drive(f, V1);
	head[0] = add_blocking(f, 0, &byte);
	virtio_core_kick(f->core, 0);
	await(f, &f->blocked, 1);
	head[1] = add(f, 0);
	virtio_core_kick(f->core, 0);
	pause_ms(20);
	assert_int_equal(get(f, &f->entered), 1);
	assert_int_equal(get(f, &f->threads), QUEUES);
	let_go(f, byte);
	for (unsigned i = 0; i < 2; i++)
		await_used(f, 0, head[i]);
}

/*
 * It is the last of several, and leaves for the sake of the one before it, of
 * which the driver was to be told together with it.
 */
static void none_that_is_done_waits_for_it(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head[4];
	char *byte;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	set(f, &f->hold, true);
	head[0] = add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->entered, 1);
	head[1] = add(f, 0);
	head[2] = add(f, 0);
	head[3] = add_blocking(f, 0, &byte);
	set(f, &f->hold, false);
	await(f, &f->blocked, 1);
	for (unsigned i = 0; i < 3; i++)
		await_used(f, 0, head[i]);
	let_go(f, byte);
	await_used(f, 0, head[3]);
}

/* Nor one that waits for something else: it is tried again all the time. */
static void none_that_waits_waits_for_it(void **state)
{
	struct core_fixture *f = *state;
	const char blocking = kind;
	uint16_t head[2];
	char *byte[2];

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	kind = WAITS;
	head[0] = add_blocking(f, 0, &byte[0]);
	kind = blocking;
	virtio_core_kick(f->core, 0);
	await(f, &f->tries, 1);
	head[1] = add_blocking(f, 0, &byte[1]);
	virtio_core_kick(f->core, 0);
	await(f, &f->blocked, 1);
	let_go(f, byte[0]);
	await_used(f, 0, head[0]);
	let_go(f, byte[1]);
	await_used(f, 0, head[1]);
}

/* Used in order, it holds the queue up. */
static void none_leaves_in_order(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head[2];
	char *byte;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1 | IN_ORDER);
	head[0] = add_blocking(f, 0, &byte);
	head[1] = add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->blocked, 1);
	pause_ms(20);
	assert_int_equal(get(f, &f->entered), 1);
	let_go(f, byte);
	for (unsigned i = 0; i < 2; i++)
		await_used(f, 0, head[i]);
}

/* One more than there are threads holds the queue up, and all are answered. */
static void there_is_an_end_to_them(void **state)
{
	enum { N = VIRTIO_HELPERS_MAX + 1 };
	struct core_fixture *f = *state;
	char *byte[N];
	uint16_t head;
	uint32_t len;

	start_blocking(f, V1, &byte[0]);
	for (unsigned i = 1; i < N; i++)
		add_blocking(f, 0, &byte[i]);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->blocked, N);
	pause_ms(20);
	assert_int_equal(get(f, &f->entered), BOTH + N);
	await(f, &f->threads, QUEUES + VIRTIO_HELPERS_MAX);
	assert_false(fake_ring_has_used(&f->ring[0]));
	let_go(f, byte[N - 1]);
	await(f, &f->handled, BOTH + 2);
	for (unsigned i = 0; i < N - 1; i++)
		let_go(f, byte[i]);
	await(f, &f->handled, BOTH + N + 1);
	for (unsigned i = 0; i < N + 1; i++) {
		await_true(fake_ring_has_used(&f->ring[0]));
		assert_true(fake_ring_collect(&f->ring[0], &head, &len));
		assert_int_equal(len, 4);
	}
}

/* Without a core: all that there are, away at once, and back in order. */
static void there_is_an_end_to_jobs(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_job *away[VIRTIO_DETACHED_MAX], *job, *next;
	struct virtio_jobs jobs;
	struct gmem_reader reader;
	struct event event;
	unsigned n = 0;

	assert_int_equal(event_init(&event), 0);
	gmem_register(&f->mem, &reader);
	job = virtio_jobs_init(&jobs, &f->mem, &reader, &event);
	assert_non_null(job);
	gmem_enter(&f->mem, &reader);
	for (; virtio_jobs_spare(&jobs); n++) {
		assert_true(n < VIRTIO_DETACHED_MAX);
		away[n] = job;
		job = virtio_job_detach(job);
	}
	gmem_leave(&reader);
	assert_int_equal(n, VIRTIO_DETACHED_MAX);
	assert_int_equal(jobs.detached, VIRTIO_DETACHED_MAX);
	assert_false(virtio_jobs_any_ended(&jobs));
	for (unsigned i = 0; i < n; i++)
		virtio_job_end(away[i], (ssize_t)i);
	assert_true(event_wait_for(&event, 0));
	job = virtio_jobs_ended(&jobs);
	for (unsigned i = 0; i < n; i++, job = next) {
		assert_ptr_equal(job, away[i]);
		assert_int_equal(job->used, i);
		next = job->next;
		virtio_job_done(job);
	}
	assert_null(job);
	assert_int_equal(jobs.detached, 0);
	assert_true(virtio_jobs_spare(&jobs));
	virtio_jobs_done(&jobs);
	gmem_unregister(&f->mem, &reader);
	event_done(&event);
}

/* ---- they are waited for ----------------------------------------------- */

struct waiter {
	struct core_fixture *f;
	void (*act)(struct core_fixture *f);
	pthread_t thread;
	unsigned done;
};

static void *wait_for(void *arg)
{
	struct waiter *w = arg;

	w->act(w->f);
	change(w->f, &w->done);
	return NULL;
}

/* What it does takes until the one that is detached ends, which is used. */
static void assert_waits(struct core_fixture *f, char *byte,
			 void (*act)(struct core_fixture *f))
{
	struct waiter w = { .f = f, .act = act };

	assert_int_equal(pthread_create(&w.thread, NULL, wait_for, &w), 0);
	pause_ms(20);
	assert_int_equal(get(f, &w.done), 0);
	assert_false(fake_ring_has_used(&f->ring[0]));
	let_go(f, byte);
	pthread_join(w.thread, NULL);
	assert_int_equal(get(f, &f->handled), BOTH + 1);
	assert_true(fake_ring_has_used(&f->ring[0]));
}

static void stop(struct core_fixture *f)
{
	virtio_core_stop(f->core);
}

static void stop_waits_and_start_goes_on(void **state)
{
	struct core_fixture *f = *state;
	char *byte;
	uint16_t head = start_blocking(f, V1, &byte);

	assert_waits(f, byte, stop);
	assert_used(f, 0, head, 4);
	head = add(f, 0);
	virtio_core_kick(f->core, 0);
	assert_int_equal(virtio_core_start(f->core), 0);
	await_used(f, 0, head);
}

static void reset(struct core_fixture *f)
{
	virtio_core_reset(f->core);
}

static void a_reset_waits(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head;
	char *byte;

	start_blocking(f, V1, &byte);
	assert_waits(f, byte, reset);
	assert_int_equal(virtio_core_status(f->core), 0);
	assert_int_equal(get(f, &f->device_resets), 1);
	drive(f, V1);
	head = add(f, 0);
	virtio_core_kick(f->core, 0);
	await_used(f, 0, head);
}

static void reset_queue(struct core_fixture *f)
{
	virtio_core_reset_queue(f->core, 0);
	await_true(!virtio_core_queue_resetting(f->core, 0));
}

static void a_reset_of_the_queue_waits(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head;
	char *byte;

	start_blocking(f, V1 | RING_RESET, &byte);
	assert_waits(f, byte, reset_queue);
	assert_int_equal(get(f, &f->device_resets), 0);
	set_up_queue(f, 0, V1);
	head = add(f, 0);
	virtio_core_kick(f->core, 0);
	await_used(f, 0, head);
}

static void remove_memory(struct core_fixture *f)
{
	assert_int_equal(gmem_remove(&f->mem, RAM_GPA, RAM_SIZE), 0);
}

/* While it does, the queue has no memory to work with. */
static void memory_stays_for_it(void **state)
{
	struct core_fixture *f = *state;
	struct waiter w = { .f = f, .act = remove_memory };
	char *byte;
	uint16_t head = start_blocking(f, V1, &byte);

	assert_int_equal(pthread_create(&w.thread, NULL, wait_for, &w), 0);
	pause_ms(20);
	assert_int_equal(get(f, &w.done), 0);
	let_go(f, byte);
	pthread_join(w.thread, NULL);
	/* It was written to until then; that it was used cannot be told. */
	assert_int_equal(*byte, 'x');
	(void)head;
}

static void a_queue_that_breaks_gives_it_back(void **state)
{
	struct core_fixture *f = *state;
	char *byte;
	uint16_t head = start_blocking(f, V1, &byte);

	fake_ring_publish(&f->ring[0], 60000);
	virtio_core_kick(f->core, 0);
	await(f, &f->config_interrupts, 1);
	assert_false(fake_ring_has_used(&f->ring[0]));
	let_go(f, byte);
	await_used(f, 0, head);
	virtio_core_set_status(f->core, 0);
	await_true(virtio_core_status(f->core) == 0);
	drive(f, V1);
	head = add(f, 0);
	virtio_core_kick(f->core, 0);
	await_used(f, 0, head);
}

static void it_is_freed_with_the_core(void **state)
{
	struct core_fixture *f = *state;
	char *byte;

	start_blocking(f, V1, &byte);
	assert_waits(f, byte, stop);
	/* Teardown frees it: nothing is left, says the sanitizer. */
}

/* A result that makes no sense breaks the queue, wherever it comes from. */
static void it_may_make_no_sense(void **state)
{
	struct core_fixture *f = *state;
	char *byte;
	uint16_t head = start_blocking(f, V1, &byte);

	pthread_mutex_lock(&f->lock);
	f->answer = -22;
	pthread_mutex_unlock(&f->lock);
	let_go(f, byte);
	await(f, &f->config_interrupts, 1);
	await_true(fake_ring_has_used(&f->ring[0]));
	assert_used(f, 0, head, 0);
}

/* ---- both sides at once ------------------------------------------------ */

/* Some block for a moment, again and again, on both queues. */
static void none_is_lost(void **state)
{
	enum { ROUNDS = 200, BATCH = 8 };
	struct core_fixture *f = *state;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1 | EVENT_IDX);
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t mark = fake_ram_mark(&f->ram);
		unsigned seen = 0;
		char *byte[BATCH];
		uint32_t len;
		uint16_t head;

		for (unsigned i = 0; i < BATCH; i += 2) {
			add_blocking(f, 0, &byte[i]);
			add(f, 0);
		}
		virtio_core_kick(f->core, 0);
		for (unsigned i = 0; i < BATCH; i += 2)
			let_go(f, byte[i]);
		while (seen < BATCH) {
			await_true(fake_ring_has_used(&f->ring[0]));
			assert_true(fake_ring_collect(&f->ring[0], &head,
						      &len));
			assert_int_equal(len, 4);
			seen++;
		}
		fake_ram_release(&f->ram, mark);
	}
	assert_int_equal(get(f, &f->handled), ROUNDS * BATCH);
}

/* ---- by themselves ----------------------------------------------------- */

/* All are begun together, and none takes a thread. */
static void all_that_there_are_go_on(void **state)
{
	enum { N = VIRTIO_DETACHED_MAX / 2 };
	struct core_fixture *f = *state;
	uint16_t head[N];
	char *byte[N];

	head[0] = start_blocking(f, V1, &byte[0]);
	for (unsigned i = 1; i < N; i++)
		head[i] = add_blocking(f, 0, &byte[i]);
	virtio_core_kick(f->core, 0);
	await(f, &f->blocked, N);
	await(f, &f->threads, QUEUES);
	for (unsigned i = N; i--;) {
		let_go(f, byte[i]);
		await_used(f, 0, head[i]);
	}
	assert_int_equal(get(f, &f->threads), QUEUES);
}

/* What could not be done so is done by a thread. */
static void it_may_be_in_vain(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head, other;
	char *byte;

	head = start_blocking(f, V1, &byte);
	pthread_mutex_lock(&f->lock);
	*byte = FAILS;
	pthread_mutex_unlock(&f->lock);
	signal_queues(f);
	await(f, &f->blocked, 2);
	await(f, &f->threads, QUEUES + 1);
	other = add(f, 0);
	virtio_core_kick(f->core, 0);
	await_used(f, 0, other);
	let_go(f, byte);
	await_used(f, 0, head);
}

/* The last that is heard of it before the thread sleeps breaks the queue. */
static void it_may_break_the_queue_late(void **state)
{
	struct core_fixture *f = *state;
	char *byte;
	uint16_t head = start_blocking(f, V1, &byte);

	pthread_mutex_lock(&f->lock);
	*byte = LATE;
	f->answer = -22;
	pthread_mutex_unlock(&f->lock);
	signal_queues(f);
	await(f, &f->config_interrupts, 1);
	assert_used(f, 0, head, 0);
}

int main(void)
{
#define both(name) core_test(name), core_packed_test(name)
	const struct CMUnitTest tests[] = {
		both(others_go_on_beside_it),
		both(they_come_back_as_they_end),
		both(a_lone_one_stays_on_its_thread),
		both(none_that_is_done_waits_for_it),
		both(none_that_waits_waits_for_it),
		both(none_leaves_in_order),
		both(there_is_an_end_to_them),
		core_test(there_is_an_end_to_jobs),
		both(stop_waits_and_start_goes_on),
		both(a_reset_waits),
		both(a_reset_of_the_queue_waits),
		core_test(memory_stays_for_it),
		core_test(a_queue_that_breaks_gives_it_back),
		both(it_is_freed_with_the_core),
		both(it_may_make_no_sense),
		both(none_is_lost),
	};
	const struct CMUnitTest by_themselves[] = {
		both(others_go_on_beside_it),
		both(they_come_back_as_they_end),
		both(a_lone_one_stays_on_its_thread),
		both(none_that_is_done_waits_for_it),
		both(none_that_waits_waits_for_it),
		both(none_leaves_in_order),
		both(all_that_there_are_go_on),
		both(it_may_be_in_vain),
		both(it_may_break_the_queue_late),
		both(stop_waits_and_start_goes_on),
		both(a_reset_waits),
		both(a_reset_of_the_queue_waits),
		core_test(memory_stays_for_it),
		core_test(a_queue_that_breaks_gives_it_back),
		both(it_is_freed_with_the_core),
		both(it_may_make_no_sense),
		both(none_is_lost),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	kind = GOES_ON;
	return failed + cmocka_run_group_tests(by_themselves, NULL, NULL);
}
