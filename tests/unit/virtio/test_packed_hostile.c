/* SPDX-License-Identifier: MIT */
/* Packed rings of drivers that break the rules. */
#include "tests/lib/fake_packed.h"
#include "tests/unit/virtio/ring_fixture.h"

/* A request of `places` empty descriptors, parked; its id. */
static uint16_t add_parked(struct ring_fixture *f, size_t places)
{
	static const struct fake_buf none[8];
	uint16_t id = fake_ring_add(&f->ring, none, 0, places, 0);

	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(virtio_queue_park(&f->queue, &f->req), 0);
	return id;
}

static void round_trip(struct ring_fixture *f)
{
	struct fake_buf buf = { RAM_GPA, 8 };

	fake_ring_add(&f->ring, &buf, 0, 1, 0);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, 1), 0);
}

/* Write a descriptor at place `i` of the first round, which is its turn. */
static void desc(struct ring_fixture *f, uint16_t i, uint16_t id,
		 uint16_t flags)
{
	fake_packed_desc(&f->ring, 0x8000 | i, RAM_GPA, 1, id,
			 flags | fake_packed_turn(0x8000));
}

static void sees_nothing_out_of_turn(void **state)
{
	static const uint16_t flags[] = {
		0, VIRTQ_DESC_F_USED, VIRTQ_DESC_F_USED | VIRTQ_DESC_F_AVAIL,
		VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_INDIRECT,
	};
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	for (unsigned i = 0; i < ARRAY_LEN(flags); i++) {
		fake_packed_desc(&f->ring, 0, RAM_GPA, 1, 0, flags[i]);
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 0);
		assert_true(virtio_queue_arm(&f->queue));
	}
}

static void breaks_on_a_chain_without_end(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	for (uint16_t i = 0; i < 8; i++)
		desc(f, i, i, VIRTQ_DESC_F_NEXT);
	assert_breaks(f, "a chain is longer than there is room in the ring");
	assert_none_used(f);
}

static void breaks_on_a_chain_over_one_that_is_parked(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	add_parked(f, 3);
	for (uint16_t i = 3; i < 8; i++)
		desc(f, i, 7, VIRTQ_DESC_F_NEXT);
	fake_packed_desc(&f->ring, 0, RAM_GPA, 1, 7, fake_packed_turn(0));
	assert_breaks(f, "a chain is longer than there is room in the ring");
}

static void breaks_on_a_chain_that_is_partly_available(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	desc(f, 0, 0, VIRTQ_DESC_F_NEXT);
	assert_breaks(f, "a chain goes on with a descriptor that is not available");
	assert_none_used(f);
}

static void breaks_on_an_id_out_of_range(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	desc(f, 0, 8, 0);
	assert_breaks(f, "a buffer's id is not below the queue's size");
	virtio_queue_leave(&f->queue);
	fixture_attach(f, 8, PLAIN);
	desc(f, 0, 65535, 0);
	assert_breaks(f, "a buffer's id is not below the queue's size");
}

static void breaks_on_an_id_in_use(void **state)
{
	struct ring_fixture *f = *state;
	uint16_t id;

	fixture_attach(f, 8, PLAIN);
	id = add_parked(f, 1);
	desc(f, 1, id, 0);
	assert_breaks(f, "a buffer's id is in use");
	virtio_queue_give_up(&f->queue, &f->req);
	assert_used(f, id, 0);
	assert_none_used(f);
}

static void breaks_on_an_indirect_table_in_a_chain(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, INDIRECT);
	desc(f, 1, 5, VIRTQ_DESC_F_INDIRECT);
	desc(f, 0, 0, VIRTQ_DESC_F_NEXT);
	f->ring.places[5] = 2;
	assert_breaks(f, "an indirect table in a chain");
	assert_used(f, 5, 0);
}

/* A descriptor with INDIRECT that breaks; its chain is given back. */
static void indirect_breaks(struct ring_fixture *f, uint64_t addr, uint32_t len,
			    const char *why)
{
	fixture_attach(f, 8, INDIRECT);
	fake_packed_desc(&f->ring, 0x8000, addr, len, 3,
			 VIRTQ_DESC_F_INDIRECT | fake_packed_turn(0x8000));
	f->ring.places[3] = 1;
	assert_breaks(f, why);
	assert_used(f, 3, 0);
	virtio_queue_leave(&f->queue);
}

static void breaks_on_a_bad_indirect_table(void **state)
{
	struct ring_fixture *f = *state;

	indirect_breaks(f, RAM_GPA, 0, "an indirect table of an odd length");
	indirect_breaks(f, RAM_GPA, 24, "an indirect table of an odd length");
	indirect_breaks(f, RAM_GPA, 16 * (VIRTIO_INDIRECT_MAX + 1),
			"an indirect table is too long");
	indirect_breaks(f, UINT64_MAX - 8, 16,
			"an indirect table wraps around");
	indirect_breaks(f, NOWHERE, 16, "descriptors are outside guest memory");
}

static void breaks_on_a_table_that_was_not_negotiated(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	desc(f, 0, 0, VIRTQ_DESC_F_INDIRECT);
	assert_breaks(f, "an indirect table was not negotiated");
}

static void breaks_on_a_buffer_outside_memory(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	fake_packed_desc(&f->ring, 0x8000, NOWHERE, 8, 2,
			 VIRTQ_DESC_F_WRITE | fake_packed_turn(0x8000));
	f->ring.places[2] = 1;
	assert_breaks(f, "a buffer is outside guest memory");
	assert_used(f, 2, 0);
	/* The driver is told of it. */
	assert_true(virtio_queue_must_interrupt(&f->queue));
}

static void breaks_on_readable_after_writable(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	desc(f, 1, 2, 0);
	desc(f, 0, 0, VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE);
	f->ring.places[2] = 2;
	assert_breaks(f, "a readable descriptor after a writable one");
	assert_used(f, 2, 0);
}

/* An event at a place that does not exist: nobody is harmed. */
static void survives_an_event_outside_the_ring(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, EVENT_IDX);
	for (unsigned place = 0; place < 0x10000; place += 0xff) {
		fake_packed_set_event(&f->ring, (uint16_t)place,
				      PVIRTQ_EVENT_DESC);
		round_trip(f);
		(void)virtio_queue_must_interrupt(&f->queue);
		assert_used(f, f->req.id, 1);
	}
}

static void is_broken_from_the_start_by_a_bad_ring(void **state)
{
	struct ring_fixture *f = *state;
	struct virtio_queue_regs good, bad;

	fake_ring_init_packed(&f->ring, &f->ram, 8, false);
	good = bad = fixture_regs(f);
	bad.desc += 8;
	attach_breaks(f, bad, "the ring is misaligned");
	bad = good;
	bad.driver += 2;
	attach_breaks(f, bad, "the ring is misaligned");
	bad = good;
	bad.device += 2;
	attach_breaks(f, bad, "the ring is misaligned");
	bad = good;
	bad.desc = UINT64_MAX & ~15;
	attach_breaks(f, bad, "the ring is misaligned");
	bad = good;
	bad.size = 0;
	attach_breaks(f, bad, "the queue's size is out of range");
	bad.size = VIRTIO_QUEUE_SIZE_MAX + 1;
	attach_breaks(f, bad, "the queue's size is out of range");
	bad = good;
	bad.desc = NOWHERE;
	attach_breaks(f, bad, "the ring is outside guest memory");
}

/* The driver's events are looked at after the first completion only. */
static void breaks_when_there_are_no_events(void **state)
{
	struct ring_fixture *f = *state;
	struct virtio_queue_regs regs;

	fake_ring_init_packed(&f->ring, &f->ram, 8, false);
	regs = fixture_regs(f);
	regs.driver = NOWHERE;
	virtio_queue_attach(&f->queue, &regs, PLAIN | PACKED);
	virtio_queue_enter(&f->queue);
	round_trip(f);
	assert_false(virtio_queue_must_interrupt(&f->queue));
	assert_breaks(f, "the ring is outside guest memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		packed_test(sees_nothing_out_of_turn),
		packed_test(breaks_on_a_chain_without_end),
		packed_test(breaks_on_a_chain_over_one_that_is_parked),
		packed_test(breaks_on_a_chain_that_is_partly_available),
		packed_test(breaks_on_an_id_out_of_range),
		packed_test(breaks_on_an_id_in_use),
		packed_test(breaks_on_an_indirect_table_in_a_chain),
		packed_test(breaks_on_a_bad_indirect_table),
		packed_test(breaks_on_a_table_that_was_not_negotiated),
		packed_test(breaks_on_a_buffer_outside_memory),
		packed_test(breaks_on_readable_after_writable),
		packed_test(survives_an_event_outside_the_ring),
		packed_test(is_broken_from_the_start_by_a_bad_ring),
		packed_test(breaks_when_there_are_no_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
