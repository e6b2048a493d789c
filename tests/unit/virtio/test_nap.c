/* SPDX-License-Identifier: MIT */
/*
 * Naps of a worker whose driver waits for no answers, seen through the core.
 * How long they last is up to the test.
 */
#include "tests/unit/virtio/core_fixture.h"

#include <sys/epoll.h>

/* Protected by the fixture's lock. */
static struct core_fixture *fixture;
static bool sleepless;                  /* naps end when this is set */
static unsigned naps;                   /* of both queues */
static unsigned sleeps;                 /* of queue 0 */

/* The linker's names: __real_ is the call, __wrap_ what is called instead. */
int __real_epoll_wait(int epfd, struct epoll_event *events, int max, int ms);
int __wrap_epoll_wait(int epfd, struct epoll_event *events, int max, int ms);
int __wrap_epoll_wait(int epfd, struct epoll_event *events, int max, int ms)
{
	bool longer;
	int n;

	pthread_mutex_lock(&fixture->lock);
	naps += ms >= 0;
	sleeps += ms < 0 && fixture->event[0] &&
		  epfd == fixture->event[0]->epoll;
	pthread_cond_broadcast(&fixture->changed);
	pthread_mutex_unlock(&fixture->lock);
	if (ms < 0)
		return __real_epoll_wait(epfd, events, max, ms);
	assert_int_equal(ms, VIRTIO_NAP_MS);
	do {
		n = __real_epoll_wait(epfd, events, max, ms);
		pthread_mutex_lock(&fixture->lock);
		longer = !n && !sleepless;
		pthread_mutex_unlock(&fixture->lock);
	} while (longer);
	return n;
}

static int nap_begin(void **state, uint64_t format, unsigned poll_us)
{
	int ret = core_begin(state, format, poll_us);

	fixture = *state;
	sleepless = false;
	naps = sleeps = 0;
	return ret;
}

static int nap_setup(void **state)
{
	return nap_begin(state, 0, VIRTIO_POLL_US_MAX);
}

static int nap_setup_packed(void **state)
{
	return nap_begin(state, PACKED, 0);
}

/* One that nothing can be written into, without a kick. */
static uint16_t add_unanswered(struct core_fixture *f)
{
	struct fake_buf buf = { fake_ram_alloc(&f->ram, 8, 8), 8 };

	return fake_ring_add(&f->ring[0], &buf, 1, 0, 0);
}

/* The driver kicks only if it must, and takes it back when it is used. */
static void kick(struct core_fixture *f, uint16_t head, uint32_t len)
{
	if (fake_ring_must_kick(&f->ring[0]))
		virtio_core_kick(f->core, 0);
	await_true(fake_ring_has_used(&f->ring[0]));
	assert_used(f, 0, head, len);
}

static void send_unanswered(struct core_fixture *f, unsigned n)
{
	while (n--)
		kick(f, add_unanswered(f), 0);
}

/* So many that it naps now. */
static void begin(struct core_fixture *f, uint64_t features)
{
	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, features);
	send_unanswered(f, VIRTIO_UNANSWERED_MIN);
	await(f, &naps, 1);
}

/* It sees what has come when it has slept, and then wants to be told. */
static void naps_where_nobody_waits(struct core_fixture *f, uint64_t features)
{
	unsigned slept;

	begin(f, features);
	for (unsigned i = 0; i < VIRTIO_NAP_FINDS; i++) {
		add_unanswered(f);
		assert_false(fake_ring_must_kick(&f->ring[0]));
	}
	pause_ms(5 * VIRTIO_NAP_MS);
	assert_int_equal(get(f, &f->handled), VIRTIO_UNANSWERED_MIN);
	slept = get(f, &sleeps);
	set(f, &sleepless, true);
	await(f, &f->handled, VIRTIO_UNANSWERED_MIN + VIRTIO_NAP_FINDS);
	await(f, &sleeps, slept + 1);
	add_unanswered(f);
	assert_true(fake_ring_must_kick(&f->ring[0]));
	assert_int_equal(get(f, &naps), 2);
}

static void naps_with_flags(void **state)
{
	naps_where_nobody_waits(*state, V1);
}

static void naps_with_event_idx(void **state)
{
	naps_where_nobody_waits(*state, V1 | EVENT_IDX);
}

/* The device says of queue 1 that its requests have answers. */
static void never_naps_for_other_queues(void **state)
{
	struct core_fixture *f = *state;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	for (unsigned i = 1; i <= 2 * VIRTIO_UNANSWERED_MIN; i++) {
		struct fake_buf buf = { fake_ram_alloc(&f->ram, 8, 8), 8 };

		fake_ring_add(&f->ring[1], &buf, 1, 0, 0);
		virtio_core_kick(f->core, 1);
		await(f, &f->handled, i);
	}
	assert_int_equal(get(f, &naps), 0);
}

static void never_naps_where_one_is_answered(void **state)
{
	struct core_fixture *f = *state;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	for (unsigned i = 0; i < 3; i++) {
		send_unanswered(f, VIRTIO_UNANSWERED_MIN - 1);
		kick(f, add(f, 0), 4);
	}
	assert_int_equal(get(f, &naps), 0);
}

static void answers_one_that_came_in_a_nap(void **state)
{
	struct core_fixture *f = *state;
	unsigned slept;

	begin(f, V1);
	slept = get(f, &sleeps);
	add(f, 0);
	set(f, &sleepless, true);
	await(f, &f->interrupts[0], 1);
	await(f, &sleeps, slept + 1);
	assert_int_equal(get(f, &naps), 1);
}

/* A driver may kick although it need not. */
static void wakes_up_when_kicked(void **state)
{
	struct core_fixture *f = *state;

	begin(f, V1);
	add_unanswered(f);
	virtio_core_kick(f->core, 0);
	await(f, &f->handled, VIRTIO_UNANSWERED_MIN + 1);
}

static void stops_and_goes_on_in_a_nap(void **state)
{
	struct core_fixture *f = *state;

	begin(f, V1);
	virtio_core_stop(f->core);
	add_unanswered(f);
	(void)fake_ring_must_kick(&f->ring[0]);
	assert_int_equal(virtio_core_start(f->core), 0);
	await(f, &f->handled, VIRTIO_UNANSWERED_MIN + 1);
}

static void is_reset_in_a_nap(void **state)
{
	struct core_fixture *f = *state;

	begin(f, V1);
	virtio_core_set_status(f->core, 0);
	await_true(virtio_core_status(f->core) == 0);
	assert_int_equal(get(f, &f->device_resets), 1);
}

static void loses_none(struct core_fixture *f, uint64_t features)
{
	set(f, &sleepless, true);
	begin(f, features);
	for (unsigned i = 0; i < 500; i++) {
		size_t mark = fake_ram_mark(&f->ram);

		send_unanswered(f, 1);
		fake_ram_release(&f->ram, mark);
	}
}

static void loses_none_with_flags(void **state)
{
	loses_none(*state, V1);
}

static void loses_none_with_event_idx(void **state)
{
	loses_none(*state, V1 | EVENT_IDX);
}

#define nap_test(name) \
	cmocka_unit_test_setup_teardown(name, nap_setup, core_teardown)
#define nap_packed_test(name) \
	{ "packed: " #name, name, nap_setup_packed, core_teardown, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		nap_test(naps_with_flags),
		nap_test(naps_with_event_idx),
		nap_packed_test(naps_with_flags),
		nap_packed_test(naps_with_event_idx),
		nap_test(never_naps_where_one_is_answered),
		nap_test(never_naps_for_other_queues),
		nap_test(answers_one_that_came_in_a_nap),
		nap_test(wakes_up_when_kicked),
		nap_test(stops_and_goes_on_in_a_nap),
		nap_test(is_reset_in_a_nap),
		nap_test(loses_none_with_flags),
		nap_test(loses_none_with_event_idx),
		nap_packed_test(loses_none_with_event_idx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
