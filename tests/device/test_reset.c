/* SPDX-License-Identifier: MIT */
/* Resets, stop and start, remounts, and memory that comes and goes. */
#include "tests/device/device_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

static void works_after_every_driver_reset(void **state)
{
	struct device_fixture *f = *state;

	for (unsigned i = 0; i < 10; i++) {
		device_mount(f);
		assert_alive(f);
		assert_true(fake_guest_reset(&f->guest));
		assert_int_equal(fake_host_doorbells(&f->host), 0);
	}
}

static void a_driver_reset_forgets_the_mount(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_attr attr;

	device_drive(f, &default_options);
	assert_int_equal(fuse_client_getattr(&f->client, FUSE_ROOT_ID, &attr),
			 -LX_EIO);
	assert_int_equal(fuse_client_init(&f->client, NULL), 0);
	assert_alive(f);
}

/* All memory is served by callbacks, which can hold a request up. */
static int slow_setup(void **state)
{
	struct device_fixture *f;

	host_setup(state);
	f = *state;
	device_create(f, "");
	assert_int_equal(f->plugin->start(f->dev), 0);
	device_probe(f);
	device_mount(f);
	return 0;
}

static void a_reset_waits_for_the_request_but_no_register_does(void **state)
{
	struct device_fixture *f = *state;

	fake_host_hold_mem(&f->host, true);
	fake_guest_kick(&f->guest, REQUESTS);
	assert_true(fake_host_wait_held(&f->host));
	fake_guest_set(&f->guest, FAKE_STATUS, 0);
	pause_ms(20);
	assert_int_not_equal(fake_guest_status(&f->guest), 0);
	fake_host_hold_mem(&f->host, false);
	assert_true(fake_guest_reset(&f->guest));
	device_mount(f);
	assert_alive(f);
}

static void *let_go(void *arg)
{
	pause_ms(20);
	fake_host_hold_mem(arg, false);
	return NULL;
}

static void a_bus_reset_waits_and_leaves_a_fresh_function(void **state)
{
	struct device_fixture *f = *state;
	pthread_t helper;

	fake_host_hold_mem(&f->host, true);
	fake_guest_kick(&f->guest, REQUESTS);
	assert_true(fake_host_wait_held(&f->host));
	assert_int_equal(pthread_create(&helper, NULL, let_go, &f->host), 0);
	f->plugin->reset(f->dev);
	pthread_join(helper, NULL);
	/* Command and BARs are clear, and so is the device. */
	assert_int_equal(fake_pci_cfg_read(&f->guest.pci, 4, 2), 0);
	assert_int_equal(fake_pci_cfg_read(&f->guest.pci, 0x14, 4), 0);
	assert_int_equal(fake_guest_status(&f->guest), 0);
	device_probe(f);
	device_mount(f);
	assert_alive(f);
}

static void stop_and_start_keep_the_mount(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	uint64_t node = fuse_client_walk(c, "file"), fh;
	char buf[8];

	assert_int_equal(fuse_client_open(c, node, LX_O_RDONLY, &fh), 0);
	for (unsigned i = 0; i < 10; i++) {
		f->plugin->stop(f->dev);
		fake_host_set_quiet(&f->host, true);
		fake_guest_kick(&f->guest, REQUESTS);
		pause_ms(2);
		fake_host_set_quiet(&f->host, false);
		assert_int_equal(f->plugin->start(f->dev), 0);
		assert_int_equal(fuse_client_read(c, node, fh, 0, buf, 8), 5);
	}
	assert_int_equal(fuse_client_release(c, node, fh), 0);
}

static void serves_after_start_what_was_sent_while_stopped(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_out_header out;
	struct fake_buf reply;
	uint32_t len = 0;
	uint16_t head;

	f->plugin->stop(f->dev);
	device_begin_getattr(f, &reply);
	fake_guest_kick(&f->guest, REQUESTS);
	pause_ms(10);
	assert_false(fake_ring_has_used(&f->guest.queue[REQUESTS].ring));
	assert_int_equal(f->plugin->start(f->dev), 0);
	assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head, &len), 0);
	assert_int_equal(len, 120);
	memcpy(&out, fake_ram_ptr(&f->host.ram, reply.gpa), sizeof(out));
	assert_int_equal(out.unique, 77);
	assert_int_equal(out.error, 0);
}

static void a_driver_can_reset_a_stopped_device(void **state)
{
	struct device_fixture *f = *state;

	f->plugin->stop(f->dev);
	fake_guest_set(&f->guest, FAKE_STATUS, 0);
	/* There are files to close, which is not for a vCPU. */
	assert_int_not_equal(fake_guest_status(&f->guest), 0);
	assert_int_equal(f->plugin->start(f->dev), 0);
	assert_true(fake_guest_reset(&f->guest));
	device_mount(f);
	assert_alive(f);
}

static void remounts(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	struct fuse_attr attr;
	uint64_t node = fuse_client_walk(c, "file");

	assert_int_equal(fuse_client_destroy(c), 0);
	assert_int_equal(fuse_client_getattr(c, node, &attr), -LX_EIO);
	assert_int_equal(fuse_client_init(c, NULL), 0);
	assert_alive(f);
	/* Ids of the old mount are not those of the new one. */
	assert_true(fuse_client_getattr(c, node, &attr) < 0);
	assert_true(fuse_client_walk(c, "file"));
}

/* ---- memory ------------------------------------------------------------ */

struct traffic {
	struct device_fixture *f;
	atomic_bool stop;
	atomic_uint done, failed;
};

static void *keep_busy(void *arg)
{
	struct traffic *t = arg;
	struct fuse_client c = t->f->client;
	struct fuse_attr attr;

	while (!atomic_load(&t->stop)) {
		if (fuse_client_getattr(&c, FUSE_ROOT_ID, &attr))
			atomic_fetch_add(&t->failed, 1);
		atomic_fetch_add(&t->done, 1);
	}
	t->f->client.unique = c.unique;
	return NULL;
}

/*
 * Memory is taken away (and its mapping with it, so that a late access would
 * be fatal) and given back while requests go on; what is not mapped is served
 * by callbacks.
 */
static void memory_comes_and_goes_during_traffic(void **state)
{
	struct device_fixture *f = *state;
	struct traffic t = { .f = f };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, keep_busy, &t), 0);
	for (unsigned i = 0; i < 50 || atomic_load(&t.done) < 50; i++) {
		pause_ms(2);
		device_remove_memory(f);
		pause_ms(1);
		device_add_memory(f);
	}
	atomic_store(&t.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(t.failed, 0);
	assert_alive(f);
}

static void stop_and_start_during_traffic(void **state)
{
	struct device_fixture *f = *state;
	struct traffic t = { .f = f };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, keep_busy, &t), 0);
	for (unsigned i = 0; i < 50; i++) {
		pause_ms(2);
		f->plugin->stop(f->dev);
		pause_ms(1);
		assert_int_equal(f->plugin->start(f->dev), 0);
	}
	atomic_store(&t.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(t.failed, 0);
	assert_alive(f);
}

static void refuses_ranges_that_overlap_or_are_not_there(void **state)
{
	struct device_fixture *f = *state;
	uint64_t gpa = f->host.ram.gpa, size = f->host.ram.size;
	uint8_t page[4096];

	assert_int_equal(f->plugin->mem_add(f->dev, gpa + size - 4096, 4096,
					    page, 3), -EEXIST);
	assert_int_equal(f->plugin->mem_remove(f->dev, gpa, size - 4096),
			 -ENOENT);
	assert_int_equal(f->plugin->mem_add(f->dev, gpa + size, 0, page, 3),
			 -EINVAL);
	assert_alive(f);
}

static void breaks_when_its_memory_is_gone(void **state)
{
	struct device_fixture *f = *state;
	struct fake_buf reply;

	device_remove_memory(f);
	device_begin_getattr(f, &reply);
	fake_guest_kick(&f->guest, REQUESTS);
	assert_true(fake_guest_wait_broken(&f->guest));
	assert_true(fake_host_wait_msix(&f->host, 0, 0));
	assert_true(fake_host_logged(&f->host, "is broken"));
	device_add_memory(f);
	device_mount(f);
	assert_alive(f);
}

/* The same without callbacks that serve what is not mapped. */
static int mapped_only_setup(void **state)
{
	struct device_fixture *f;

	host_setup(state);
	f = *state;
	f->host.table.mem_read = NULL;
	f->host.table.mem_write = NULL;
	device_bring_up(f, "");
	device_mount(f);
	return 0;
}

#define slow_test(name) \
	cmocka_unit_test_setup_teardown(name, slow_setup, device_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		device_test(works_after_every_driver_reset),
		mount_test(a_driver_reset_forgets_the_mount),
		slow_test(a_reset_waits_for_the_request_but_no_register_does),
		slow_test(a_bus_reset_waits_and_leaves_a_fresh_function),
		mount_test(stop_and_start_keep_the_mount),
		mount_test(serves_after_start_what_was_sent_while_stopped),
		mount_test(a_driver_can_reset_a_stopped_device),
		mount_test(remounts),
		mount_test(memory_comes_and_goes_during_traffic),
		mount_test(stop_and_start_during_traffic),
		mount_test(refuses_ranges_that_overlap_or_are_not_there),
		cmocka_unit_test_setup_teardown(breaks_when_its_memory_is_gone,
						mapped_only_setup,
						device_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return run_with_all_rings(run, false);
}
