/* SPDX-License-Identifier: MIT */
/*
 * WRITEs that go on by io_uring, past the page cache, to a file system that is
 * frozen: they are under way until it is thawed, while whoever waits for them
 * waits, and nobody else.
 */
#include "tests/device/host_call.h"
#include "tests/device/own_transfers.h"

#define OTHER_QUEUE 2                   /* the second request queue */
#define WRITES 6
#define PATIENCE_MS 30000

/* ---- what is under way ------------------------------------------------- */

/* Nothing that was posted is written yet, as far as the host sees. */
static void assert_under_way(struct device_fixture *f)
{
	assert_false(fake_ring_has_used(&f->guest.queue[REQUESTS].ring));
	assert_int_equal(own_rings(), REQUEST_QUEUES);
	assert_true(own_threads("iou-wrk-"));
	assert_true(own_threads("myfs/"));
	assert_int_equal(own_direct_files(), 1);
}

/* READs of the first pages and WRITEs of the next ones, and it is frozen. */
static void begin(struct device_fixture *f, unsigned reads, unsigned writes)
{
	open_file(f);
	assert_true(own_ext4_freeze(true));
	f->plugin->stop(f->dev);
	for (unsigned i = 0; i < reads + writes; i++)
		post(f, i, i >= reads);
	assert_int_equal(f->plugin->start(f->dev), 0);
	for (unsigned i = 0; i < reads; i++)
		collect(f, false);
	/* When it answers to what came later, they have left. */
	assert_goes_on(f, REQUESTS);
	for (unsigned i = 0; i < PATIENCE_MS && !own_threads("iou-wrk-"); i++)
		pause_ms(1);
	assert_under_way(f);
}

static void begin_writes(struct device_fixture *f)
{
	begin(f, 0, WRITES);
}

static void assert_written(unsigned first, unsigned count)
{
	char page[PAGE];

	for (unsigned i = 0; i < PAGES; i++) {
		assert_int_equal(pread(host_file, page, PAGE, i * PAGE), PAGE);
		assert_true(holds(page, i - first < count ? new_byte(i) :
							    old_byte(i)));
	}
}

static void collect_writes(struct device_fixture *f)
{
	for (unsigned i = 0; i < WRITES; i++)
		collect(f, true);
	assert_false(fake_ring_has_used(&f->guest.queue[REQUESTS].ring));
	assert_written(0, WRITES);
}

/* All was written, nothing is under way, and there may be a new mount. */
static void assert_over(struct device_fixture *f)
{
	assert_written(0, WRITES);
	device_mount(f);
	assert_int_equal(own_direct_files(), 0);
	open_file(f);
	assert_alive(f);
}

/* One that was joined may be there still for a moment. */
static void await_no_threads(const char *name)
{
	for (unsigned i = 0; own_threads(name); i++) {
		assert_true(i < PATIENCE_MS);
		pause_ms(1);
	}
}

/* ---- what the driver does ---------------------------------------------- */

static void they_end_when_it_thaws(void **state)
{
	struct device_fixture *f = *state;

	begin(f, 4, WRITES);
	assert_goes_on(f, REQUESTS);
	assert_goes_on(f, OTHER_QUEUE);
	pause_ms(HUNG_MS);
	assert_under_way(f);
	assert_true(own_ext4_freeze(false));
	for (unsigned i = 0; i < WRITES; i++)
		collect(f, true);
	assert_written(4, WRITES);
	assert_alive(f);
}

static void a_release_does_not_wait(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client c = client_of(f, REQUESTS);

	begin_writes(f);
	assert_int_equal(fuse_client_release(&c, node, fh), 0);
	assert_true(fuse_client_release(&c, node, fh) < 0);
	pause_ms(HUNG_MS);
	assert_under_way(f);
	assert_true(own_ext4_freeze(false));
	collect_writes(f);
	assert_int_equal(own_direct_files(), 0);
	assert_alive(f);
}

/* The file was another mount's then; it is written all the same. */
static void a_new_mount_does_not_wait(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client c = client_of(f, REQUESTS);

	begin_writes(f);
	assert_int_equal(fuse_client_destroy(&c), 0);
	assert_int_equal(fuse_client_init(&c, NULL), 0);
	assert_true(fuse_client_release(&c, node, fh) < 0);
	assert_goes_on(f, OTHER_QUEUE);
	assert_under_way(f);
	assert_true(own_ext4_freeze(false));
	collect_writes(f);
	assert_int_equal(own_direct_files(), 0);
	assert_alive(f);
}

static void a_reset_waits(void **state)
{
	struct device_fixture *f = *state;

	begin_writes(f);
	fake_guest_set(&f->guest, FAKE_STATUS, 0);
	for (unsigned i = 0; i < 10; i++) {
		pause_ms(HUNG_MS / 10);
		assert_int_not_equal(fake_guest_status(&f->guest), 0);
	}
	assert_true(own_ext4_freeze(false));
	assert_true(fake_guest_reset(&f->guest));
	assert_over(f);
}

/* ---- what the host does ------------------------------------------------ */

static void end_call(struct host_call *h)
{
	assert_true(own_ext4_freeze(false));
	pthread_join(h->thread, NULL);
}

static void a_bus_reset_waits(void **state)
{
	struct device_fixture *f = *state;
	struct host_call h;

	begin_writes(f);
	begin_call(f, &h, bus_reset);
	end_call(&h);
	assert_int_equal(fake_guest_status(&f->guest), 0);
	device_probe(f);
	assert_over(f);
}

/* They are answered before it has stopped; then it goes on where it was. */
static void a_stop_waits(void **state)
{
	struct device_fixture *f = *state;
	struct host_call h;

	begin_writes(f);
	begin_call(f, &h, stop);
	end_call(&h);
	collect_writes(f);
	await_no_threads("iou-");
	assert_int_equal(f->plugin->start(f->dev), 0);
	assert_goes_on(f, REQUESTS);
	assert_int_equal(own_direct_files(), 1);
}

/* What they write is read from it until they end. */
static void memory_is_not_taken_before(void **state)
{
	struct device_fixture *f = *state;
	struct host_call h;

	begin_writes(f);
	begin_call(f, &h, device_remove_memory);
	end_call(&h);
	device_add_memory(f);
	assert_over(f);
}

static void nothing_is_left(void **state)
{
	struct device_fixture *f = *state;
	struct host_call h;

	begin_writes(f);
	begin_call(f, &h, destroy);
	end_call(&h);
	f->dev = NULL;
	assert_written(0, WRITES);
	assert_int_equal(own_rings(), 0);
	assert_int_equal(own_direct_files(), 0);
	await_no_threads("myfs/");
	await_no_threads("iou-");
}

static int run(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, own_setup, own_teardown)
	const struct CMUnitTest tests[] = {
		TEST(they_end_when_it_thaws),
		TEST(a_release_does_not_wait),
		TEST(a_new_mount_does_not_wait),
		TEST(a_reset_waits),
		TEST(a_bus_reset_waits),
		TEST(a_stop_waits),
		TEST(memory_is_not_taken_before),
		TEST(nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return own_run(run);
}
