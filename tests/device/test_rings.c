/* SPDX-License-Identifier: MIT */
/*
 * Rings of a hostile guest: the queue breaks and says so by
 * DEVICE_NEEDS_RESET, the other queues go on, and a reset mends it.
 */
#include "tests/device/hostile.h"

#define NOWHERE 0x1000                  /* no guest memory there */

static struct fake_ring *ring(struct device_fixture *f)
{
	return &f->guest.queue[REQUESTS].ring;
}

/* Send one descriptor. */
static void send_desc(struct device_fixture *f, uint64_t addr, uint32_t len,
		      uint16_t flags, uint16_t next)
{
	fake_ring_desc(ring(f), ring(f)->desc, 3, addr, len, flags, next);
	fake_ring_publish(ring(f), 3);
	fake_guest_kick(&f->guest, REQUESTS);
}

/*
 * For that reason, and not by chance.  What is broken stays so, and the other
 * queues go on.
 */
static void assert_only_this_queue_broke(struct device_fixture *f,
					 const char *why)
{
	assert_true(fake_guest_wait_broken(&f->guest));
	assert_true(fake_host_logged(&f->host, why));
	fake_guest_kick(&f->guest, REQUESTS);
	f->client.queue = HIPRIO;
	assert_alive(f);
	f->client.queue = REQUESTS;
	assert_int_equal(fake_guest_status(&f->guest),
			 VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
			 VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK |
			 VIRTIO_STATUS_NEEDS_RESET);
	/* The driver is told: the configuration's vector is 0. */
	assert_true(fake_host_wait_msix(&f->host, 0, 0));
}

static void only_empty_descriptors(void **state)
{
	struct device_fixture *f = *state;
	uint16_t head = 0;
	uint32_t len = 1;

	send_desc(f, 0, 0, 0, 0);
	assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head, &len), 0);
	assert_int_equal(head, 3);
	assert_empty(f, len);
}

static void a_buffer_outside_memory(void **state)
{
	struct device_fixture *f = *state;

	send_desc(f, f->host.ram.gpa + f->host.ram.size, 64, 0, 0);
	assert_only_this_queue_broke(f, "a buffer is outside guest memory");
}

static void a_buffer_that_wraps(void **state)
{
	send_desc(*state, UINT64_MAX - 10, 64, 0, 0);
	assert_only_this_queue_broke(*state, "a buffer wraps around");
}

static void a_buffer_of_4_gib(void **state)
{
	struct device_fixture *f = *state;

	send_desc(f, f->host.ram.gpa, UINT32_MAX, 0, 0);
	assert_only_this_queue_broke(f, "too much in memory");
}

static void a_loop_of_descriptors(void **state)
{
	struct device_fixture *f = *state;

	send_desc(f, f->host.ram.gpa, 1, VIRTQ_DESC_F_NEXT, 3);
	assert_only_this_queue_broke(f, "a loop of descriptors");
}

/* Of which no limit of pieces or bytes makes an end. */
static void a_loop_of_empty_descriptors(void **state)
{
	struct device_fixture *f = *state;

	fake_ring_desc(ring(f), ring(f)->desc, 4, 0, 0, VIRTQ_DESC_F_NEXT, 3);
	send_desc(f, 0, 0, VIRTQ_DESC_F_NEXT, 4);
	assert_only_this_queue_broke(f, "a loop of descriptors");
}

static void a_next_outside_the_table(void **state)
{
	struct device_fixture *f = *state;

	send_desc(f, f->host.ram.gpa, 1, VIRTQ_DESC_F_NEXT, 65535);
	assert_only_this_queue_broke(f, "a next descriptor is outside");
}

static void head_65535(void **state)
{
	struct device_fixture *f = *state;

	fake_ring_publish(ring(f), 65535);
	fake_guest_kick(&f->guest, REQUESTS);
	assert_only_this_queue_broke(f, "the head of a chain is outside");
}

static void readable_after_writable(void **state)
{
	struct device_fixture *f = *state;

	fake_ring_desc(ring(f), ring(f)->desc, 4, f->host.ram.gpa, 64, 0, 0);
	send_desc(f, f->host.ram.gpa, 64,
		  VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT, 4);
	assert_only_this_queue_broke(f, "a readable descriptor after");
}

static void an_available_index_that_jumps(void **state)
{
	struct device_fixture *f = *state;

	fake_ring_set_avail_idx(ring(f),
				(uint16_t)(ring(f)->avail_idx + 60000));
	fake_guest_kick(&f->guest, REQUESTS);
	assert_only_this_queue_broke(f, "the available index jumped");
}

static void an_indirect_table_in_itself(void **state)
{
	struct device_fixture *f = *state;
	uint64_t table = fake_ram_alloc(&f->host.ram, 16, 16);

	fake_ring_desc(ring(f), table, 0, table, 16, VIRTQ_DESC_F_INDIRECT, 0);
	send_desc(f, table, 16, VIRTQ_DESC_F_INDIRECT, 0);
	assert_only_this_queue_broke(f, "an indirect table in an indirect");
}

static void an_indirect_table_of_4_gib(void **state)
{
	struct device_fixture *f = *state;

	send_desc(f, f->host.ram.gpa, 0xfffffff0, VIRTQ_DESC_F_INDIRECT, 0);
	assert_only_this_queue_broke(f, "an indirect table is too long");
}

/* The first queue's three areas are there. */
static void breaks_with_rings_at(struct device_fixture *f, uint64_t desc,
				 uint64_t driver, uint64_t device,
				 const char *why)
{
	struct fake_guest *g = &f->guest;

	device_drive(f, &default_options);
	assert_true(fake_guest_reset(g));
	fake_guest_set_driver_features(g, VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
	fake_guest_set(g, FAKE_STATUS, 3 | VIRTIO_STATUS_FEATURES_OK);
	fake_guest_set(g, FAKE_QUEUE_SELECT, REQUESTS);
	fake_guest_set(g, FAKE_QUEUE_DESC, desc);
	fake_guest_set(g, FAKE_QUEUE_DRIVER, driver);
	fake_guest_set(g, FAKE_QUEUE_DEVICE, device);
	fake_guest_set(g, FAKE_QUEUE_ENABLE, 1);
	fake_guest_set(g, FAKE_STATUS,
		       3 | VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
	assert_true(fake_guest_wait_broken(&f->guest));
	assert_true(fake_host_logged(&f->host, why));
}

static void a_ring_outside_memory(void **state)
{
	breaks_with_rings_at(*state, NOWHERE, NOWHERE, NOWHERE,
			     "the ring is outside guest memory");
}

static void a_ring_that_wraps(void **state)
{
	breaks_with_rings_at(*state, UINT64_MAX & ~15, NOWHERE,
			     UINT64_MAX & ~3, "the ring is misaligned");
}

static void kicks_of_every_kind(void **state)
{
	struct device_fixture *f = *state;
	const struct fake_pci *pci = &f->guest.pci;

	for (uint64_t at = 0; at < pci->bar[0].size; at += 256)
		for (unsigned size = 1; size <= 8; size *= 2)
			(void)fake_pci_read(pci, 0, at + size - 1, size);
	for (unsigned i = 0; i < 1000; i++)
		fake_guest_kick(&f->guest, i % f->guest.queues);
	assert_alive(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hostile_test(only_empty_descriptors),
		hostile_test(a_buffer_outside_memory),
		hostile_test(a_buffer_that_wraps),
		hostile_test(a_buffer_of_4_gib),
		hostile_test(a_loop_of_descriptors),
		hostile_test(a_loop_of_empty_descriptors),
		hostile_test(a_next_outside_the_table),
		hostile_test(head_65535),
		hostile_test(readable_after_writable),
		hostile_test(an_available_index_that_jumps),
		hostile_test(an_indirect_table_in_itself),
		hostile_test(an_indirect_table_of_4_gib),
		hostile_test(a_ring_outside_memory),
		hostile_test(a_ring_that_wraps),
		hostile_test(kicks_of_every_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
