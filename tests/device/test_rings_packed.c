/* SPDX-License-Identifier: MIT */
/*
 * Packed rings of a hostile guest: as test_rings.c.
 */
#include "tests/device/hostile.h"
#include "tests/lib/fake_packed.h"

static struct fake_ring *ring(struct device_fixture *f)
{
	return &f->guest.queue[REQUESTS].ring;
}

/* Write a descriptor `n` places after the last that was made available. */
static void write_desc(struct device_fixture *f, unsigned n, uint64_t addr,
		       uint16_t id, uint16_t flags)
{
	uint16_t place = fake_packed_skip(ring(f), ring(f)->avail_idx, n);

	fake_packed_desc(ring(f), place, addr, 64, id,
			 flags | fake_packed_turn(place));
}

static void assert_only_this_queue_breaks(struct device_fixture *f,
					  const char *why)
{
	fake_guest_kick(&f->guest, REQUESTS);
	assert_true(fake_guest_wait_broken(&f->guest));
	assert_true(fake_host_logged(&f->host, why));
	fake_guest_kick(&f->guest, REQUESTS);
	f->client.queue = HIPRIO;
	assert_alive(f);
	f->client.queue = REQUESTS;
	/* The driver is told: the configuration's vector is 0. */
	assert_true(fake_host_wait_msix(&f->host, 0, 0));
}

static void a_chain_around_the_whole_ring(void **state)
{
	struct device_fixture *f = *state;

	for (unsigned i = ring(f)->size; i-- > 0;)
		write_desc(f, i, f->host.ram.gpa, 0, VIRTQ_DESC_F_NEXT);
	assert_only_this_queue_breaks(f, "a chain is longer than");
}

static void a_chain_that_is_partly_available(void **state)
{
	struct device_fixture *f = *state;

	write_desc(f, 0, f->host.ram.gpa, 0, VIRTQ_DESC_F_NEXT);
	assert_only_this_queue_breaks(f, "a descriptor that is not available");
}

static void id_65535(void **state)
{
	struct device_fixture *f = *state;

	write_desc(f, 0, f->host.ram.gpa, 65535, 0);
	assert_only_this_queue_breaks(f, "a buffer's id is not below");
}

static void a_buffer_outside_memory(void **state)
{
	struct device_fixture *f = *state;

	write_desc(f, 0, f->host.ram.gpa + f->host.ram.size, 0, 0);
	assert_only_this_queue_breaks(f, "a buffer is outside guest memory");
}

static void an_indirect_table_in_a_chain(void **state)
{
	struct device_fixture *f = *state;

	write_desc(f, 1, f->host.ram.gpa, 0, VIRTQ_DESC_F_INDIRECT);
	write_desc(f, 0, f->host.ram.gpa, 0, VIRTQ_DESC_F_NEXT);
	assert_only_this_queue_breaks(f, "an indirect table in a chain");
}

/* Every descriptor says that it was used. */
static void a_ring_of_used_descriptors(void **state)
{
	struct device_fixture *f = *state;

	for (uint16_t i = 0; i < ring(f)->size; i++)
		fake_packed_desc(ring(f), i, 0, 0, 0,
				 VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED);
	fake_guest_kick(&f->guest, REQUESTS);
	pause_ms(20);
	assert_int_equal(fake_guest_status(&f->guest) &
			 VIRTIO_STATUS_NEEDS_RESET, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hostile_test(a_chain_around_the_whole_ring),
		hostile_test(a_chain_that_is_partly_available),
		hostile_test(id_65535),
		hostile_test(a_buffer_outside_memory),
		hostile_test(an_indirect_table_in_a_chain),
		hostile_test(a_ring_of_used_descriptors),
	};

	default_options.features |= VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
