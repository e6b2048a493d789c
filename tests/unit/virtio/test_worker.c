/* SPDX-License-Identifier: MIT */
/*
 * Workers at work, seen through the core that owns them.  What they do by the
 * clock is tested with one that stands still, so that it does not depend on how
 * busy the machine is.
 */
#include "tests/unit/virtio/core_fixture.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static atomic_bool clock_stands;
static struct timespec stands_at;

/* The linker's names: __real_ is the call, __wrap_ what is called instead. */
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	if (clock != CLOCK_MONOTONIC || !atomic_load(&clock_stands))
		return __real_clock_gettime(clock, now);
	*now = stands_at;
	return 0;
}

static void stop_clock(void)
{
	clock_gettime(CLOCK_MONOTONIC, &stands_at);
	atomic_store(&clock_stands, true);
}

static int core_teardown_clock(void **state)
{
	atomic_store(&clock_stands, false);
	return core_teardown(state);
}

static void serves_each_queue_on_its_thread(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head[QUEUES];

	assert_int_equal(virtio_core_start(f->core), 0);
	await(f, &f->threads, QUEUES);
	drive(f, V1);
	set(f, &f->hold, true);
	for (unsigned i = 0; i < QUEUES; i++) {
		head[i] = add(f, i);
		virtio_core_kick(f->core, i);
	}
	await(f, &f->entered, QUEUES);  /* at a time */
	set(f, &f->hold, false);
	for (unsigned i = 0; i < QUEUES; i++) {
		await(f, &f->interrupts[i], 1);
		assert_used(f, i, head[i], 4);
	}
}

static void looks_at_its_ring_at_driver_ok(void **state)
{
	struct core_fixture *f = *state;

	assert_int_equal(virtio_core_start(f->core), 0);
	negotiate(f, V1);
	set_up_queue(f, 0, V1);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	pause_ms(20);
	assert_int_equal(get(f, &f->entered), 0);
	virtio_core_set_status(f->core, READY);
	await(f, &f->handled, 1);
}

static void serves_nothing_until_started(void **state)
{
	struct core_fixture *f = *state;

	drive(f, V1);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	pause_ms(20);
	assert_int_equal(get(f, &f->entered), 0);
	assert_int_equal(virtio_core_start(f->core), 0);
	await(f, &f->handled, 1);
}

static void keeps_its_progress_over_stop_and_start(void **state)
{
	struct core_fixture *f = *state;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1 | EVENT_IDX);
	for (unsigned i = 1; i <= 10; i++) {
		uint16_t head = add(f, 0);

		virtio_core_kick(f->core, 0);
		await(f, &f->handled, i);
		virtio_core_stop(f->core);
		assert_used(f, 0, head, 4);
		assert_int_equal(virtio_core_status(f->core), READY);
		assert_int_equal(virtio_core_start(f->core), 0);
	}
	virtio_core_stop(f->core);
	assert_int_equal(get(f, &f->handled), 10);
	assert_int_equal(get(f, &f->device_resets), 0);
}

static void *stop_core(void *arg)
{
	struct core_fixture *f = arg;

	virtio_core_stop(f->core);
	return NULL;
}

static void stop_waits_for_the_request_and_leaves_the_next(void **state)
{
	struct core_fixture *f = *state;
	pthread_t stopper;
	uint16_t head;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	set(f, &f->hold, true);
	head = add(f, 0);
	/* More than one, so that the driver is not told at once. */
	add(f, 0);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->entered, 1);
	pthread_create(&stopper, NULL, stop_core, f);
	pause_ms(20);
	set(f, &f->hold, false);
	pthread_join(stopper, NULL);
	/*
	 * The request in flight was finished.  The stop may have come too late
	 * to hold back the others, but nothing is half done.
	 */
	assert_used(f, 0, head, 4);
	assert_int_equal(fake_ring_used_idx(&f->ring[0]), get(f, &f->handled));
	assert_true(get(f, &f->interrupts[0]));
	assert_int_equal(virtio_core_start(f->core), 0);
	await(f, &f->handled, 3);
}

/*
 * Make `n` requests available while one is held up, let them go, and collect
 * all.  How often was the driver interrupted?
 */
static unsigned batch(struct core_fixture *f, unsigned n)
{
	unsigned before = get(f, &f->interrupts[0]);
	unsigned done = get(f, &f->handled);
	size_t mark = fake_ram_mark(&f->ram);
	uint16_t head;
	uint32_t len;

	set(f, &f->hold, true);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->entered, done + 1);
	for (unsigned i = 1; i < n; i++)
		add(f, 0);
	set(f, &f->hold, false);
	for (unsigned i = 0; i < n; i++) {
		await_true(fake_ring_has_used(&f->ring[0]));
		assert_true(fake_ring_collect(&f->ring[0], &head, &len));
	}
	/* It is the last thing that happens. */
	await(f, &f->interrupts[0], before + 1);
	virtio_core_stop(f->core);
	assert_int_equal(virtio_core_start(f->core), 0);
	fake_ram_release(&f->ram, mark);
	return get(f, &f->interrupts[0]) - before;
}

/* Of four when four are left, and of these; not of one by one. */
static void tells_of_several_together(void **state)
{
	struct core_fixture *f = *state;

	stop_clock();                   /* no request is slow */
	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	assert_int_equal(batch(f, 8), 2);
	assert_int_equal(batch(f, 8), 2);
}

static void tells_at_once_when_requests_are_slow(void **state)
{
	struct core_fixture *f = *state;

	f->slow_ms = 2;
	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	/* The first waits for the second, which is found to be slow. */
	assert_int_equal(batch(f, 6), 5);
	assert_int_equal(batch(f, 6), 6);
}

/*
 * While the clock stands still no sleep is long, and no try ends in vain: so it
 * sleeps VIRTIO_POLL_SLEEPS_MIN times, and never again.
 */
static void serves_what_comes_while_it_polls(void **state)
{
	struct core_fixture *f = *state;
	unsigned n = 2;

	stop_clock();
	drive(f, V1 | EVENT_IDX);
	add(f, 0);
	assert_int_equal(virtio_core_start(f->core), 0);
	/* It has been woken once, and wants to be told of the second. */
	await_true(fake_ring_avail_event(&f->ring[0]) == 1);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->handled, n);
	for (; n < QUEUE_SIZE; n++) {
		add(f, 0);
		await(f, &f->handled, n + 1);
	}
	/* Its time is up. */
	atomic_store(&clock_stands, false);
	await_true(fake_ring_avail_event(&f->ring[0]) == n);
}

static void breaks_alone(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	fake_ring_publish(&f->ring[0], 60000);
	virtio_core_kick(f->core, 0);
	await(f, &f->config_interrupts, 1);
	assert_int_equal(virtio_core_status(f->core),
			 READY | VIRTIO_STATUS_NEEDS_RESET);
	/* It is parked ... */
	virtio_core_kick(f->core, 0);
	/* ... and the other goes on. */
	head = add(f, 1);
	virtio_core_kick(f->core, 1);
	await(f, &f->interrupts[1], 1);
	assert_used(f, 1, head, 4);
	assert_int_equal(get(f, &f->config_interrupts), 1);
	assert_int_equal(get(f, &f->interrupts[0]), 0);
	/* A reset mends it. */
	virtio_core_set_status(f->core, 0);
	await_true(virtio_core_status(f->core) == 0);
	drive(f, V1);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->interrupts[0], 1);
}

static void breaks_on_a_request_that_makes_no_sense(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head;

	f->answer = -22;
	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	head = add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->config_interrupts, 1);
	assert_used(f, 0, head, 0);
	assert_int_equal(get(f, &f->interrupts[0]), 1);
	assert_int_equal(virtio_core_status(f->core),
			 READY | VIRTIO_STATUS_NEEDS_RESET);
}

static void breaks_on_a_misaligned_ring_at_driver_ok(void **state)
{
	struct core_fixture *f = *state;
	const struct virtio_queue_regs regs = {
		.size = 8, .desc = RAM_GPA + 8, .driver = RAM_GPA + 4096,
		.device = RAM_GPA + 8192,
	};

	assert_int_equal(virtio_core_start(f->core), 0);
	negotiate(f, V1);
	virtio_core_set_queue(f->core, 0, &regs);
	virtio_core_enable_queue(f->core, 0);
	virtio_core_set_status(f->core, READY);
	await(f, &f->config_interrupts, 1);
	assert_true(virtio_core_status(f->core) & VIRTIO_STATUS_NEEDS_RESET);
}

static void resets_one_queue_alone(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1 | RING_RESET);
	set(f, &f->hold, true);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->entered, 1);
	virtio_core_reset_queue(f->core, 0);
	pause_ms(10);
	assert_true(virtio_core_queue_resetting(f->core, 0));
	assert_true(virtio_core_queue(f->core, 0).enabled);
	set(f, &f->hold, false);
	await_true(!virtio_core_queue_resetting(f->core, 0));
	assert_false(virtio_core_queue(f->core, 0).enabled);
	assert_int_equal(virtio_core_queue(f->core, 0).desc, 0);
	assert_int_equal(virtio_core_status(f->core), READY);
	assert_int_equal(get(f, &f->device_resets), 0);
	/* Nothing of it is served any more. */
	add(f, 0);
	virtio_core_kick(f->core, 0);
	pause_ms(10);
	assert_int_equal(get(f, &f->handled), 1);
	/* The other one never noticed, and this one can be used again. */
	head = add(f, 1);
	virtio_core_kick(f->core, 1);
	await(f, &f->interrupts[1], 1);
	assert_used(f, 1, head, 4);
	set_up_queue(f, 0, V1);
	head = add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->handled, 3);
	await(f, &f->interrupts[0], 2);
	assert_used(f, 0, head, 4);
}

static void resets_no_queue_without_the_feature(void **state)
{
	struct core_fixture *f = *state;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	virtio_core_reset_queue(f->core, 0);
	assert_false(virtio_core_queue_resetting(f->core, 0));
	assert_true(virtio_core_queue(f->core, 0).enabled);
}

/* PCI: Bus Master Enable is off. */
static void touches_no_memory_without_dma(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head;

	assert_int_equal(virtio_core_start(f->core), 0);
	virtio_core_set_dma(f->core, false);
	drive(f, V1);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	pause_ms(20);
	assert_int_equal(get(f, &f->entered), 0);
	/* Nor has it said that it needs no kicks. */
	assert_true(fake_ring_must_kick(&f->ring[0]));
	/* A reset needs none. */
	virtio_core_set_status(f->core, 0);
	await_true(virtio_core_status(f->core) == 0);
	drive(f, V1);
	head = add(f, 0);
	virtio_core_kick(f->core, 0);
	pause_ms(20);
	assert_int_equal(get(f, &f->entered), 0);
	/* What came meanwhile is found. */
	virtio_core_set_dma(f->core, true);
	await(f, &f->interrupts[0], 1);
	assert_used(f, 0, head, 4);
}

static void finishes_what_was_begun_without_dma(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head[2];

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	set(f, &f->hold, true);
	head[0] = add(f, 0);
	head[1] = add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->entered, 1);
	virtio_core_set_dma(f->core, false);
	set(f, &f->hold, false);
	await(f, &f->interrupts[0], 1);
	virtio_core_kick(f->core, 0);
	pause_ms(20);
	assert_int_equal(get(f, &f->entered), 1);
	assert_used(f, 0, head[0], 4);
	virtio_core_set_dma(f->core, true);
	await(f, &f->interrupts[0], 2);
	assert_used(f, 0, head[1], 4);
}

/* It goes and comes back while the queue is called off for a reset. */
static void dma_calls_back_nobody_who_is_to_be_reset(void **state)
{
	struct core_fixture *f = *state;

	assert_int_equal(virtio_core_start(f->core), 0);
	for (unsigned i = 1; i <= 4; i++) {
		drive(f, V1 | RING_RESET);
		set(f, &f->hold, true);
		add(f, 0);
		add(f, 0);
		virtio_core_kick(f->core, 0);
		await(f, &f->entered, i);
		if (i & 1)
			virtio_core_set_status(f->core, 0);
		else
			virtio_core_reset_queue(f->core, 0);
		virtio_core_set_dma(f->core, false);
		virtio_core_set_dma(f->core, true);
		set(f, &f->hold, false);
		await_true(i & 1 ? !virtio_core_status(f->core) :
				   !virtio_core_queue_resetting(f->core, 0));
		assert_int_equal(get(f, &f->entered), i);
		virtio_core_set_status(f->core, 0);
		await_true(!virtio_core_status(f->core));
	}
}

static void *remove_memory(void *arg)
{
	struct core_fixture *f = arg;

	assert_int_equal(gmem_remove(&f->mem, RAM_GPA, RAM_SIZE), 0);
	change(f, &f->transport_resets);        /* any counter will do */
	return NULL;
}

static void memory_stays_while_a_request_uses_it(void **state)
{
	struct core_fixture *f = *state;
	pthread_t remover;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	set(f, &f->hold, true);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->entered, 1);
	pthread_create(&remover, NULL, remove_memory, f);
	pause_ms(20);
	assert_int_equal(get(f, &f->transport_resets), 0);
	set(f, &f->hold, false);
	pthread_join(remover, NULL);
	assert_int_equal(get(f, &f->transport_resets), 1);
	assert_int_equal(fake_ring_used_idx(&f->ring[0]), 1);
}

/* A driver that kicks only when asked, and waits for its interrupts. */
static void ping_pong(struct core_fixture *f, uint64_t features)
{
	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, features);
	for (unsigned i = 0; i < 5000; i++) {
		size_t mark = fake_ram_mark(&f->ram);
		unsigned seen = get(f, &f->interrupts[0]);
		uint16_t head = add(f, 0);

		if (fake_ring_must_kick(&f->ring[0]))
			virtio_core_kick(f->core, 0);
		/* One for the round before may come late. */
		while (fake_ring_arm(&f->ring[0]))
			await(f, &f->interrupts[0], ++seen);
		assert_used(f, 0, head, 4);
		fake_ram_release(&f->ram, mark);
	}
}

static void loses_no_wakeup_with_flags(void **state)
{
	ping_pong(*state, V1);
}

static void loses_no_wakeup_with_event_idx(void **state)
{
	ping_pong(*state, V1 | EVENT_IDX);
}

/* How many threads have this name, and does (one of) them block SIGTERM? */
static unsigned threads_named(const char *name, bool *ret_blocked)
{
	char path[300], line[256];
	unsigned count = 0;
	struct dirent *e;
	DIR *dir = opendir("/proc/self/task");

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		unsigned long long blocked = 0;
		bool match = false;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status",
			 e->d_name);
		file = fopen(path, "r");
		while (file && fgets(line, sizeof(line), file)) {
			line[strcspn(line, "\n")] = '\0';
			if (!strncmp(line, "Name:\t", 6))
				match = !strcmp(line + 6, name);
			(void)sscanf(line, "SigBlk: %llx", &blocked);
		}
		if (file)
			fclose(file);
		if (match) {
			count++;
			*ret_blocked = blocked >> (SIGTERM - 1) & 1;
		}
	}
	closedir(dir);
	return count;
}

static void names_its_threads_and_blocks_their_signals(void **state)
{
	struct core_fixture *f = *state;
	bool blocked = false;
	sigset_t mask;

	assert_int_equal(virtio_core_start(f->core), 0);
	assert_int_equal(threads_named("a-very-long/0", &blocked), 1);
	assert_int_equal(threads_named("a-very-long/1", &blocked), 1);
	assert_true(blocked);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGTERM));
	virtio_core_stop(f->core);
	assert_int_equal(threads_named("a-very-long/0", &blocked), 0);
}

/* A test that may stop the clock. */
#define clock_test(prefix, name, setup) \
	{ prefix #name, name, setup, core_teardown_clock, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		core_test(serves_each_queue_on_its_thread),
		core_packed_test(serves_each_queue_on_its_thread),
		core_test(looks_at_its_ring_at_driver_ok),
		core_test(serves_nothing_until_started),
		core_test(keeps_its_progress_over_stop_and_start),
		core_packed_test(keeps_its_progress_over_stop_and_start),
		core_test(stop_waits_for_the_request_and_leaves_the_next),
		clock_test("", tells_of_several_together, core_setup),
		clock_test("packed: ", tells_of_several_together,
			   core_setup_packed),
		core_test(tells_at_once_when_requests_are_slow),
		core_test(breaks_alone),
		core_test(breaks_on_a_request_that_makes_no_sense),
		core_packed_test(breaks_on_a_request_that_makes_no_sense),
		core_test(breaks_on_a_misaligned_ring_at_driver_ok),
		core_test(resets_one_queue_alone),
		core_packed_test(resets_one_queue_alone),
		core_test(resets_no_queue_without_the_feature),
		core_test(touches_no_memory_without_dma),
		core_packed_test(touches_no_memory_without_dma),
		core_test(finishes_what_was_begun_without_dma),
		core_test(dma_calls_back_nobody_who_is_to_be_reset),
		core_test(memory_stays_while_a_request_uses_it),
		core_test(loses_no_wakeup_with_flags),
		core_packed_test(loses_no_wakeup_with_flags),
		core_test(loses_no_wakeup_with_event_idx),
		core_packed_test(loses_no_wakeup_with_event_idx),
		clock_test("polling: ", serves_what_comes_while_it_polls,
			   core_setup_polling),
		core_polling_test(loses_no_wakeup_with_flags),
		core_polling_test(loses_no_wakeup_with_event_idx),
		core_test(names_its_threads_and_blocks_their_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
