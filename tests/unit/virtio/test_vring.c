/* SPDX-License-Identifier: MIT */
/* Single queues that a transport starts and stops. */
#include "tests/unit/virtio/core_fixture.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Features, and a fresh ring. */
static struct virtio_queue_regs prepare(struct core_fixture *f, unsigned queue,
					uint64_t features)
{
	fake_ring_init(&f->ring[queue], &f->ram, QUEUE_SIZE,
		       features & EVENT_IDX);
	virtio_core_set_driver_features(f->core, 0, (uint32_t)features);
	virtio_core_set_driver_features(f->core, 1, (uint32_t)(features >> 32));
	return (struct virtio_queue_regs){
		.size = QUEUE_SIZE,
		.desc = f->ring[queue].desc,
		.driver = f->ring[queue].avail,
		.device = f->ring[queue].used,
	};
}

static void start(struct core_fixture *f, unsigned queue,
		  const struct virtio_queue_regs *regs, uint32_t base, int kick)
{
	assert_int_equal(virtio_core_start_queue(f->core, queue, regs, base,
						 kick), 0);
}

static void kick_and_wait(struct core_fixture *f, unsigned queue, int kick,
			  unsigned handled)
{
	uint16_t head = add(f, queue);

	assert_int_equal(eventfd_write(kick, 1), 0);
	await(f, &f->handled, handled);
	await_true(fake_ring_used_idx(&f->ring[queue]) ==
		   (uint16_t)(f->ring[queue].used_idx + 1));
	assert_used(f, queue, head, 4);
}

static void serves_the_kicks_of_its_driver(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = prepare(f, 1, V1);
	int kick = eventfd(0, EFD_CLOEXEC);

	start(f, 1, &regs, 0, kick);
	for (unsigned i = 1; i <= 20; i++)
		kick_and_wait(f, 1, kick, i);
	/* Only this queue has a thread. */
	assert_int_equal(get(f, &f->threads), 1);
	assert_int_equal(virtio_core_stop_queue(f->core, 1), 20);
	assert_int_equal(virtio_core_stop_queue(f->core, 1), 20);
	close(kick);
}

static void serves_kicks_of_its_owner_too(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = prepare(f, 0, V1);
	int kick = eventfd(0, EFD_CLOEXEC);

	start(f, 0, &regs, 0, kick);
	kick_and_wait(f, 0, kick, 1);
	(void)add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->handled, 2);
	(void)virtio_core_stop_queue(f->core, 0);
	close(kick);
}

static void refuses_what_it_cannot_start(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = prepare(f, 0, V1);
	int kick = eventfd(0, EFD_CLOEXEC);

	assert_int_equal(virtio_core_start_queue(f->core, QUEUES, &regs, 0,
						 kick), -ENOENT);
	start(f, 0, &regs, 0, kick);
	assert_int_equal(virtio_core_start_queue(f->core, 0, &regs, 0, kick),
			 -EBUSY);
	assert_int_equal(virtio_core_stop_queue(f->core, 0), 0);
	assert_int_equal(virtio_core_stop_queue(f->core, QUEUES), 0);
	close(kick);
}

/* A descriptor that is still waited for could not be waited for once more. */
static void leaves_the_kick_of_a_stopped_queue_alone(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = prepare(f, 0, V1);
	int kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	for (unsigned i = 0; i < 3; i++) {
		start(f, 0, &regs, i, kick);
		kick_and_wait(f, 0, kick, i + 1);
		if (i == 1)
			virtio_core_reset(f->core);
		assert_int_equal(virtio_core_stop_queue(f->core, 0),
				 i == 1 ? 0 : i + 1);
	}
	close(kick);
}

static void refuses_a_kick_that_never_comes(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = prepare(f, 0, V1);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int kick = eventfd(0, EFD_CLOEXEC);

	assert_int_equal(virtio_core_start_queue(f->core, 0, &regs, 0, null),
			 -EPERM);
	start(f, 0, &regs, 0, kick);
	kick_and_wait(f, 0, kick, 1);
	assert_int_equal(virtio_core_stop_queue(f->core, 0), 1);
	close(kick);
	close(null);
}

static void *release(void *arg)
{
	struct core_fixture *f = arg;

	pause_ms(20);
	set(f, &f->hold, false);
	return NULL;
}

static void waits_for_the_request_in_flight(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = prepare(f, 0, V1);
	int kick = eventfd(0, EFD_CLOEXEC);
	pthread_t thread;

	start(f, 0, &regs, 0, kick);
	set(f, &f->hold, true);
	(void)add(f, 0);
	assert_int_equal(eventfd_write(kick, 1), 0);
	await(f, &f->entered, 1);
	assert_int_equal(pthread_create(&thread, NULL, release, f), 0);
	assert_int_equal(virtio_core_stop_queue(f->core, 0), 1);
	assert_int_equal(get(f, &f->handled), 1);
	assert_int_equal(fake_ring_used_idx(&f->ring[0]), 1);
	pthread_join(thread, NULL);
	close(kick);
}

/* ---- where it begins --------------------------------------------------- */

static void begins_at_its_base(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = prepare(f, 0, V1);
	int kick = eventfd(0, EFD_CLOEXEC);

	start(f, 0, &regs, 0, kick);
	for (unsigned i = 1; i <= 3; i++)
		kick_and_wait(f, 0, kick, i);
	assert_int_equal(virtio_core_stop_queue(f->core, 0), 3);
	/* It knows nothing of that any more. */
	virtio_core_reset(f->core);
	assert_int_equal(virtio_core_stop_queue(f->core, 0), 0);
	regs.size = QUEUE_SIZE;
	virtio_core_set_driver_features(f->core, 1, (uint32_t)(V1 >> 32));
	start(f, 0, &regs, 3, kick);
	kick_and_wait(f, 0, kick, 4);
	assert_int_equal(virtio_core_stop_queue(f->core, 0), 4);
	close(kick);
}

static void is_broken_by_a_base_that_cannot_be(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = prepare(f, 0, V1);
	int kick = eventfd(0, EFD_CLOEXEC);

	start(f, 0, &regs, 1000, kick);
	await(f, &f->broken[0], 1);
	assert_int_equal(get(f, &f->broken[1]), 0);
	assert_int_equal(virtio_core_status(f->core) &
				 VIRTIO_STATUS_NEEDS_RESET,
			 VIRTIO_STATUS_NEEDS_RESET);
	(void)virtio_core_stop_queue(f->core, 0);
	/* Another place may be better. */
	start(f, 0, &regs, 0, kick);
	kick_and_wait(f, 0, kick, 1);
	(void)virtio_core_stop_queue(f->core, 0);
	close(kick);
}

/* ---- what waits -------------------------------------------------------- */

/* A request of queue 0 that waits, and the queue stopped. */
static uint16_t stop_waiting(struct core_fixture *f,
			     const struct virtio_queue_regs *regs, int kick,
			     char **ret_byte)
{
	struct fake_buf buf = { fake_ram_alloc(&f->ram, 8, 8), 8 };
	uint16_t head;
	unsigned tries;

	*ret_byte = fake_ram_ptr(&f->ram, buf.gpa);
	**ret_byte = WAITS;
	head = fake_ring_add(&f->ring[0], &buf, 0, 1, 0);
	start(f, 0, regs, 0, kick);
	await(f, &f->tries, 2);
	assert_int_equal(virtio_core_stop_queue(f->core, 0), 1);
	tries = get(f, &f->tries);
	pause_ms(2 * VIRTIO_WAIT_MAX_MS);
	assert_int_equal(get(f, &f->tries), tries);
	return head;
}

static void keeps_what_waits(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = prepare(f, 0, V1);
	int kick = eventfd(0, EFD_CLOEXEC);
	unsigned tries;
	char *byte;
	uint16_t head = stop_waiting(f, &regs, kick, &byte);

	for (unsigned i = 0; i < 3; i++) {
		tries = get(f, &f->tries);
		start(f, 0, &regs, 1, kick);
		await(f, &f->tries, tries + 1);
		assert_int_equal(virtio_core_stop_queue(f->core, 0), 1);
	}
	*byte = 0;
	start(f, 0, &regs, 1, kick);
	await(f, &f->handled, 1);
	assert_int_equal(virtio_core_stop_queue(f->core, 0), 1);
	assert_used(f, 0, head, 4);
	close(kick);
}

enum change { OTHER_BASE, OTHER_RING, OTHER_FEATURES, RESET };

static void drops_what_waits(struct core_fixture *f, enum change what)
{
	struct virtio_queue_regs regs = prepare(f, 0, V1);
	int kick = eventfd(0, EFD_CLOEXEC);
	uint32_t base = 1;
	unsigned handled;
	char *byte;

	pthread_mutex_lock(&f->lock);
	f->tries = 0;
	pthread_mutex_unlock(&f->lock);
	(void)stop_waiting(f, &regs, kick, &byte);
	*byte = 0;
	handled = get(f, &f->handled);
	if (what == OTHER_BASE) {
		base = 0;               /* serves the same one as a new one */
		handled++;
	} else if (what == OTHER_RING) {
		regs = prepare(f, 0, V1);
		base = 0;
	} else if (what == OTHER_FEATURES) {
		virtio_core_set_driver_features(f->core, 0,
						(uint32_t)EVENT_IDX);
	} else {
		virtio_core_reset(f->core);
		virtio_core_set_driver_features(f->core, 1,
						(uint32_t)(V1 >> 32));
	}
	start(f, 0, &regs, base, kick);
	pause_ms(20);
	(void)virtio_core_stop_queue(f->core, 0);
	assert_int_equal(get(f, &f->handled), handled);
	virtio_core_reset(f->core);
	close(kick);
}

static void drops_what_waits_elsewhere(void **state)
{
	drops_what_waits(*state, OTHER_BASE);
	drops_what_waits(*state, OTHER_RING);
	drops_what_waits(*state, OTHER_FEATURES);
	drops_what_waits(*state, RESET);
}

static void breaks_again_where_it_broke(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = prepare(f, 0, V1);
	int kick = eventfd(0, EFD_CLOEXEC);

	start(f, 0, &regs, 0, kick);
	kick_and_wait(f, 0, kick, 1);
	fake_ring_publish(&f->ring[0], 99);
	assert_int_equal(eventfd_write(kick, 1), 0);
	for (unsigned i = 1; i <= 3; i++) {
		await(f, &f->broken[0], i);
		assert_int_equal(virtio_core_stop_queue(f->core, 0), 1);
		start(f, 0, &regs, 1, kick);
	}
	(void)virtio_core_stop_queue(f->core, 0);
	close(kick);
}

/* The core stops with a queue that was not. */
static void ends_with_the_core(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = prepare(f, 0, V1);
	int kick = eventfd(0, EFD_CLOEXEC);

	start(f, 0, &regs, 0, kick);
	kick_and_wait(f, 0, kick, 1);
	virtio_core_stop(f->core);
	assert_int_equal(virtio_core_stop_queue(f->core, 0), 1);
	virtio_core_reset(f->core);
	assert_int_equal(get(f, &f->device_resets), 1);
	close(kick);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		core_test(serves_the_kicks_of_its_driver),
		core_test(serves_kicks_of_its_owner_too),
		core_test(refuses_what_it_cannot_start),
		core_test(leaves_the_kick_of_a_stopped_queue_alone),
		core_test(refuses_a_kick_that_never_comes),
		core_test(waits_for_the_request_in_flight),
		core_test(begins_at_its_base),
		core_test(is_broken_by_a_base_that_cannot_be),
		core_test(keeps_what_waits),
		core_test(drops_what_waits_elsewhere),
		core_test(breaks_again_where_it_broke),
		core_test(ends_with_the_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
