/* SPDX-License-Identifier: MIT */
/*
 * A file system of the host that does not answer: here one on /dev/fuse whose
 * server is this test, and says nothing.  A request that needs it waits; the
 * other queues, the registers and the host's threads go on, and a reset ends
 * when it answers.
 */
#include "tests/device/host_call.h"
#include "tests/device/hostile.h"
#include "tests/device/own_fuse.h"

#define OTHER_QUEUE 2                   /* the second request queue */
#define OTHER_GPA 0x80000000u           /* memory that no ring is in */
#define OTHER_SIZE 4096u
#define BUS_MASTER 4                    /* of the Command register */

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

/*
 * All that a vCPU may do meanwhile: no register waits, or this would not
 * return.
 */
static void touch_registers(struct device_fixture *f)
{
	const struct fake_pci *pci = &f->guest.pci;
	uint32_t command = fake_pci_cfg_read(pci, 4, 2);
	struct timespec began, ended;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &began), 0);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_not_equal(fake_guest_status(&f->guest), 0);
		fake_pci_cfg_write(pci, 4, 2, command & ~BUS_MASTER);
		fake_guest_kick(&f->guest, REQUESTS);
		fake_pci_cfg_write(pci, 4, 2, command);
		fake_guest_kick(&f->guest, OTHER_QUEUE);
		(void)fake_guest_isr(&f->guest);
		fake_guest_set(&f->guest, FAKE_QUEUE_SELECT, REQUESTS);
		assert_int_equal(fake_guest_get(&f->guest, FAKE_QUEUE_ENABLE),
				 1);
	}
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ended), 0);
	assert_true(ended.tv_sec - began.tv_sec < 10);
}

static void a_reset_ends_when_it_answers(void **state)
{
	struct device_fixture *f = *state;

	if (!can_mount)
		skip();
	post_lookup(f, REQUESTS);
	fake_guest_set(&f->guest, FAKE_STATUS, 0);
	touch_registers(f);
	answer();
	assert_true(fake_guest_reset(&f->guest));
	device_mount(f);
	assert_alive(f);
}

/* ---- single queues ----------------------------------------------------- */

static bool is_resetting(struct device_fixture *f, unsigned queue)
{
	fake_guest_set(&f->guest, FAKE_QUEUE_SELECT, queue);
	return fake_guest_get(&f->guest, FAKE_QUEUE_RESET);
}

static void begin_queue_reset(struct device_fixture *f, unsigned queue)
{
	fake_guest_set(&f->guest, FAKE_QUEUE_SELECT, queue);
	fake_guest_set(&f->guest, FAKE_QUEUE_RESET, 1);
}

static void await_queue_reset(struct device_fixture *f, unsigned queue)
{
	for (unsigned i = 0; is_resetting(f, queue); i++) {
		if (i == FAKE_HOST_PATIENCE_S * 1000)
			fail_msg("the reset of queue %u does not end", queue);
		pause_ms(1);
	}
}

/* A reset of a queue is the business of that queue alone. */
static void the_other_queues_can_be_reset(void **state)
{
	static const unsigned others[] = { HIPRIO, OTHER_QUEUE };
	struct device_fixture *f = *state;
	struct fuse_client c = f->client;
	struct fuse_attr attr;

	if (!can_mount)
		skip();
	post_lookup(f, REQUESTS);
	begin_queue_reset(f, REQUESTS);
	for (unsigned i = 0; i < ARRAY_LEN(others); i++) {
		begin_queue_reset(f, others[i]);
		await_queue_reset(f, others[i]);
		fake_guest_enable_queue(&f->guest, others[i]);
		c.queue = others[i];
		assert_int_equal(fuse_client_getattr(&c, FUSE_ROOT_ID, &attr),
				 0);
		assert_true(is_resetting(f, REQUESTS));
	}
	answer();
	await_queue_reset(f, REQUESTS);
	fake_guest_enable_queue(&f->guest, REQUESTS);
	assert_alive(f);
}

/* ---- what the host does ------------------------------------------------ */

static void end_call(struct host_call *h)
{
	answer();
	pthread_join(h->thread, NULL);
}

static void a_bus_reset_ends_when_it_answers(void **state)
{
	struct device_fixture *f = *state;
	struct host_call h;

	if (!can_mount)
		skip();
	post_lookup(f, REQUESTS);
	begin_call(f, &h, bus_reset);
	touch_registers(f);
	end_call(&h);
	assert_int_equal(fake_guest_status(&f->guest), 0);
	device_probe(f);
	device_mount(f);
	assert_alive(f);
}

/* stop() waits, as its contract says; the vCPUs do not. */
static void the_host_gets_its_device_stopped(void **state)
{
	struct device_fixture *f = *state;
	struct host_call h;

	if (!can_mount)
		skip();
	post_lookup(f, REQUESTS);
	begin_call(f, &h, stop);
	touch_registers(f);
	end_call(&h);
	assert_int_equal(f->plugin->start(f->dev), 0);
	device_mount(f);
	assert_alive(f);
}

/* A reset that the driver has begun before is finished by who stops. */
static void a_reset_ends_with_the_device_stopped(void **state)
{
	struct device_fixture *f = *state;
	struct host_call h;

	if (!can_mount)
		skip();
	post_lookup(f, REQUESTS);
	fake_guest_set(&f->guest, FAKE_STATUS, 0);
	begin_call(f, &h, stop);
	touch_registers(f);
	end_call(&h);
	assert_int_equal(fake_guest_status(&f->guest), 0);
	assert_int_equal(f->plugin->start(f->dev), 0);
	device_mount(f);
	assert_alive(f);
}

/* No request has the memory when it is gone. */
static void the_host_gets_its_memory_back(void **state)
{
	struct device_fixture *f = *state;
	struct host_call h;

	if (!can_mount)
		skip();
	post_lookup(f, REQUESTS);
	begin_call(f, &h, device_remove_memory);
	touch_registers(f);
	end_call(&h);
	device_add_memory(f);
	device_mount(f);
	assert_alive(f);
}

static void remove_other_memory(struct device_fixture *f)
{
	assert_int_equal(f->plugin->mem_remove(f->dev, OTHER_GPA, OTHER_SIZE),
			 0);
}

/* Nor does a queue wait, one whose requests may have to leave it included. */
static void the_other_queues_go_on_while_memory_is_taken(void **state)
{
	static char memory[OTHER_SIZE];
	struct device_fixture *f = *state;
	struct fake_buf reply[2];
	struct host_call h;
	uint16_t head;
	uint32_t len;

	if (!can_mount)
		skip();
	assert_int_equal(f->plugin->mem_add(f->dev, OTHER_GPA, OTHER_SIZE,
					    memory, PCIPLUG_MEM_READ), 0);
	post_lookup(f, OTHER_QUEUE);
	begin_call(f, &h, remove_other_memory);
	for (unsigned i = 0; i < ARRAY_LEN(reply); i++)
		device_begin_getattr(f, &reply[i]);
	fake_guest_kick(&f->guest, REQUESTS);
	for (unsigned i = 0; i < ARRAY_LEN(reply); i++)
		assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head,
						 &len), 0);
	assert_false(atomic_load(&h.done));
	end_call(&h);
	assert_alive(f);
}

/* destroy() waits likewise, and nothing is left. */
static void the_host_gets_its_device_destroyed(void **state)
{
	struct device_fixture *f = *state;
	struct host_call h;

	if (!can_mount)
		skip();
	post_lookup(f, REQUESTS);
	begin_call(f, &h, destroy);
	end_call(&h);
	f->dev = NULL;
	fake_host_set_quiet(&f->host, true);
	pause_ms(10);
	assert_int_equal(fake_host_violations(&f->host), 0);
}

static int setup(void **state)
{
	struct device_fixture *f;

	host_setup(state);
	f = *state;
	assert_int_equal(mkdir(tmptree_path(&f->tree, "hung"), 0755), 0);
	device_bring_up(f, ",queues=2");
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
		TEST(the_other_queues_can_be_reset),
		TEST(a_bus_reset_ends_when_it_answers),
		TEST(the_host_gets_its_device_stopped),
		TEST(a_reset_ends_with_the_device_stopped),
		TEST(the_host_gets_its_memory_back),
		TEST(the_other_queues_go_on_while_memory_is_taken),
		TEST(the_host_gets_its_device_destroyed),
	};

	default_options.features |= VIRTIO_FEATURE(VIRTIO_F_RING_RESET);
	can_mount = own_fuse_unshare();
	alarm(120);     /* who waits for ever must not hang the tests */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
