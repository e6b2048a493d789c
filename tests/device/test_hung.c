/* SPDX-License-Identifier: MIT */
/*
 * A file system of the host that does not answer: here one on /dev/fuse whose
 * server is this test, and says nothing.  A request that needs it waits; the
 * other queues, the registers and the host's threads go on, and a reset ends
 * when it answers.
 */
#include "tests/device/hostile.h"
#include "tests/device/own_fuse.h"

#include <pthread.h>
#include <stdatomic.h>

#define OTHER_QUEUE 2                   /* the second request queue */
#define HUNG_MS 100                     /* so long it certainly is */

static bool can_mount;
static int hung_fd;                     /* /dev/fuse */

/* Now it does: with errors, for ever. */
static void answer(void)
{
	close(hung_fd);
}

/* A guest's process that needs what does not answer. */
struct waiting {
	struct device_fixture *f;
	pthread_t thread;
	atomic_bool done;
	int ret;
};

static void *look(void *arg)
{
	struct waiting *w = arg;
	struct fuse_client c = w->f->client;
	struct fuse_entry_out e;

	w->ret = fuse_client_lookup(&c, FUSE_ROOT_ID, "hung", &e);
	atomic_store(&w->done, true);
	return NULL;
}

/* A request on the first queue that waits. */
static void begin_waiting(struct device_fixture *f, struct waiting *w)
{
	*w = (struct waiting){ .f = f };
	assert_int_equal(pthread_create(&w->thread, NULL, look, w), 0);
	pause_ms(HUNG_MS);
}

static void the_other_queues_go_on(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client c = f->client;
	struct waiting w;
	struct fuse_attr attr;

	if (!can_mount)
		skip();
	begin_waiting(f, &w);
	for (unsigned i = 0; i < 20; i++) {
		c.queue = i & 1 ? HIPRIO : OTHER_QUEUE;
		assert_int_equal(fuse_client_getattr(&c, FUSE_ROOT_ID, &attr),
				 0);
		assert_true(fuse_client_walk(&c, "dir/inner"));
		assert_int_equal(fuse_client_forget(&c, 1, 1), 0);
	}
	/* It was hung all the time. */
	assert_false(atomic_load(&w.done));
	answer();
	pthread_join(w.thread, NULL);
	assert_true(w.ret < 0);
	assert_int_not_equal(w.ret, -ETIMEDOUT);
	assert_alive(f);
}

/* Begin one more request, whose answer nobody will see. */
static void post_lookup(struct device_fixture *f)
{
	static const struct {
		struct fuse_in_header in;
		char name[5];
	} __attribute__((packed)) request = {
		{ .len = 45, .opcode = FUSE_LOOKUP, .unique = 7, .nodeid = 1 },
		"hung",
	};
	struct fake_ram *ram = &f->host.ram;
	struct fake_buf buf[2] = {
		{ fake_ram_alloc(ram, sizeof(request), 8), sizeof(request) },
		{ fake_ram_alloc(ram, 256, 8), 256 },
	};

	memcpy(fake_ram_ptr(ram, buf[0].gpa), &request, sizeof(request));
	fake_ring_add(&f->guest.queue[REQUESTS].ring, buf, 1, 1, 0);
	fake_guest_kick(&f->guest, REQUESTS);
	pause_ms(HUNG_MS);
}

static void a_reset_ends_when_it_answers(void **state)
{
	struct device_fixture *f = *state;
	struct timespec began, ended;

	if (!can_mount)
		skip();
	post_lookup(f);
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &began), 0);
	fake_guest_set(&f->guest, FAKE_STATUS, 0);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_not_equal(fake_guest_status(&f->guest), 0);
		(void)fake_pci_cfg_read(&f->guest.pci, 0, 4);
		fake_guest_kick(&f->guest, REQUESTS);
	}
	/* None of that has waited: it would still. */
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ended), 0);
	assert_true(ended.tv_sec - began.tv_sec < 10);
	answer();
	assert_true(fake_guest_reset(&f->guest));
	device_mount(f);
	assert_alive(f);
}

static void *answer_later(void *arg)
{
	(void)arg;
	pause_ms(HUNG_MS);
	answer();
	return NULL;
}

/* stop() and destroy() wait, as their contract says, and then are done. */
static void the_host_gets_its_device_stopped(void **state)
{
	struct device_fixture *f = *state;
	pthread_t helper;

	if (!can_mount)
		skip();
	post_lookup(f);
	assert_int_equal(pthread_create(&helper, NULL, answer_later, NULL), 0);
	f->plugin->stop(f->dev);
	pthread_join(helper, NULL);
	assert_int_equal(f->plugin->start(f->dev), 0);
	device_mount(f);
	assert_alive(f);
}

static int setup(void **state)
{
	struct device_fixture *f;

	host_setup(state);
	f = *state;
	assert_int_equal(mkdir(tmptree_path(&f->tree, "hung"), 0755), 0);
	device_create(f, ",queues=2");
	device_add_memory(f);
	assert_int_equal(f->plugin->start(f->dev), 0);
	device_probe(f);
	device_mount(f);
	/* After INIT, which may look at what is mounted. */
	if (can_mount)
		hung_fd = own_fuse_mount(tmptree_path(&f->tree, "hung"));
	can_mount = can_mount && hung_fd >= 0;
	return 0;
}

static int teardown(void **state)
{
	struct device_fixture *f = *state;

	if (can_mount)
		(void)umount2(tmptree_path(&f->tree, "hung"), MNT_DETACH);
	return device_teardown(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_other_queues_go_on),
		TEST(a_reset_ends_when_it_answers),
		TEST(the_host_gets_its_device_stopped),
	};

	can_mount = own_fuse_unshare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
