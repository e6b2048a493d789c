/* SPDX-License-Identifier: MIT */
#include "tests/lib/fake_packed.h"
#include "tests/unit/virtio/ring_fixture.h"

static void pop(struct ring_fixture *f, uint16_t id)
{
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(f->req.id, id);
}

static void push(struct ring_fixture *f, uint32_t used)
{
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, used), 0);
}

/* One buffer, on its way there and back. */
static void round_trip(struct ring_fixture *f, const struct fake_buf *buf)
{
	pop(f, fake_ring_add(&f->ring, buf, 0, 1, 0));
	push(f, 1);
}

static void takes_chains_in_order(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf[6];
	uint16_t id[2];

	fixture_attach(f, 7, PLAIN);
	for (unsigned i = 0; i < 6; i++) {
		buf[i] = fixture_buf(f, 100 + i);
		(void)fixture_buf(f, 1);
	}
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 0);
	id[0] = fake_ring_add(&f->ring, buf, 1, 2, 0);
	id[1] = fake_ring_add(&f->ring, buf + 3, 2, 1, 0);
	for (unsigned i = 0; i < 2; i++) {
		pop(f, id[i]);
		assert_int_equal(f->req.chain.readable[0].len, 100 + 3 * i);
		assert_ptr_equal(f->req.chain.readable[0].base,
				 fake_ram_ptr(&f->ram, buf[3 * i].gpa));
		assert_none_used(f);
		push(f, i);
		assert_used(f, id[i], i);
	}
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 0);
	assert_null(f->queue.error);
}

/* A ring of any size, and chains that lie across its end. */
static void goes_around_and_around(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf[3];

	fixture_attach(f, 5, EVENT_IDX);
	for (unsigned i = 0; i < 3; i++)
		buf[i] = fixture_buf(f, 8);
	for (unsigned i = 0; i < 1000; i++) {
		uint16_t id;

		assert_true(virtio_queue_arm(&f->queue));
		assert_true(fake_ring_arm(&f->ring));
		id = fake_ring_add(&f->ring, buf, 1, i % 3, 0);
		assert_true(fake_ring_must_kick(&f->ring));
		pop(f, id);
		push(f, i);
		assert_true(virtio_queue_must_interrupt(&f->queue));
		assert_used(f, id, i);
	}
}

static void takes_a_full_ring(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;
	uint16_t id[6];

	fixture_attach(f, 6, PLAIN);
	buf = fixture_buf(f, 8);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 6; i++)
			id[i] = fake_ring_add(&f->ring, &buf, 0, 1, 0);
		for (unsigned i = 0; i < 6; i++) {
			pop(f, id[i]);
			push(f, i);
		}
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 0);
		for (unsigned i = 0; i < 6; i++)
			assert_used(f, id[i], i);
	}
}

static void takes_a_chain_as_long_as_the_ring(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf[8];

	fixture_attach(f, 8, PLAIN);
	for (unsigned i = 0; i < 8; i++) {
		buf[i] = fixture_buf(f, 8);
		(void)fixture_buf(f, 1);
	}
	for (unsigned round = 0; round < 3; round++) {
		uint16_t id = fake_ring_add(&f->ring, buf, 4, 4, 0);

		pop(f, id);
		assert_int_equal(f->req.chain.readable_count, 4);
		assert_int_equal(f->req.chain.writable_count, 4);
		push(f, 3);
		assert_used(f, id, 3);
	}
}

static void takes_empty_descriptors(void **state)
{
	struct ring_fixture *f = *state;
	const struct fake_buf none[2] = { { 0, 0 }, { 0, 0 } };

	fixture_attach(f, 8, PLAIN);
	pop(f, fake_ring_add(&f->ring, none, 1, 1, 0));
	assert_int_equal(f->req.chain.readable_count, 0);
	assert_int_equal(f->req.chain.writable_count, 0);
}

/*
 * virtio 1.3 2.8.7: of the flags in a table, only WRITE counts; where the table
 * is named, it does not.
 */
static void ignores_other_flags_in_an_indirect_table(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf[2];
	uint8_t *flags;
	uint64_t table;
	uint16_t id;

	fixture_attach(f, 8, INDIRECT);
	buf[0] = fixture_buf(f, 8);
	buf[1] = fixture_buf(f, 9);
	table = fake_ram_alloc(&f->ram, 32, 16);
	id = fake_ring_add(&f->ring, buf, 1, 1, table);
	flags = fake_ram_ptr(&f->ram, f->ring.desc + 14);
	le16_store(flags, le16_load(flags) | VIRTQ_DESC_F_WRITE);
	le16_store(fake_ram_ptr(&f->ram, table + 14),
		   VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_USED);
	le16_store(fake_ram_ptr(&f->ram, table + 16 + 14),
		   VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT);
	pop(f, id);
	assert_int_equal(f->req.chain.readable[0].len, 8);
	assert_int_equal(f->req.chain.writable[0].len, 9);
}

/* ---- used descriptors -------------------------------------------------- */

static void says_whether_anything_was_written(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 8, PLAIN);
	buf = fixture_buf(f, 8);
	round_trip(f, &buf);
	pop(f, fake_ring_add(&f->ring, &buf, 1, 0, 0));
	push(f, 0);
	virtio_queue_publish(&f->queue);
	assert_int_equal(fake_packed_flags(&f->ring, 0),
			 VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED |
			 VIRTQ_DESC_F_WRITE);
	assert_int_equal(fake_packed_flags(&f->ring, 1),
			 VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED);
}

/* The first of a batch is what the driver looks at, so it comes last. */
static void publishes_a_batch_by_its_first(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf[2];
	uint16_t id[3];

	fixture_attach(f, 8, EVENT_IDX);
	buf[0] = fixture_buf(f, 8);
	buf[1] = fixture_buf(f, 8);
	fake_packed_set_event(&f->ring, 0x8000 | 4, PVIRTQ_EVENT_DESC);
	for (unsigned i = 0; i < 3; i++)
		id[i] = fake_ring_add(&f->ring, buf, 1, 1, 0);
	for (unsigned i = 0; i < 3; i++) {
		pop(f, id[i]);
		push(f, i);
		assert_false(fake_ring_has_used(&f->ring));
	}
	assert_int_equal(fake_packed_flags(&f->ring, 0) & VIRTQ_DESC_F_USED, 0);
	assert_true(fake_packed_flags(&f->ring, 4) & VIRTQ_DESC_F_USED);
	assert_true(virtio_queue_must_interrupt(&f->queue));
	for (unsigned i = 0; i < 3; i++)
		assert_used(f, id[i], i);
}

/* ---- events ------------------------------------------------------------ */

static void interrupts_only_where_the_driver_waits(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 5, EVENT_IDX);
	buf = fixture_buf(f, 8);
	/* The third of the second round. */
	fake_packed_set_event(&f->ring, 2, PVIRTQ_EVENT_DESC);
	for (unsigned i = 0; i < 10; i++) {
		uint16_t head;
		uint32_t len;

		round_trip(f, &buf);
		assert_int_equal(virtio_queue_must_interrupt(&f->queue),
				 i == 7);
		assert_true(fake_ring_collect(&f->ring, &head, &len));
	}
}

/* Several pushes before one decision: the range counts, not the last one. */
static void interrupts_when_the_event_was_passed(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 8, EVENT_IDX);
	buf = fixture_buf(f, 8);
	fake_packed_set_event(&f->ring, 0x8000 | 1, PVIRTQ_EVENT_DESC);
	for (unsigned i = 0; i < 4; i++)
		round_trip(f, &buf);
	assert_true(virtio_queue_must_interrupt(&f->queue));
	assert_false(virtio_queue_must_interrupt(&f->queue));
	for (unsigned i = 0; i < 4; i++)
		round_trip(f, &buf);
	assert_false(virtio_queue_must_interrupt(&f->queue));
}

static void obeys_the_event_flags(void **state)
{
	static const struct {
		uint16_t flags;
		bool interrupt;
	} cases[] = {
		{ PVIRTQ_EVENT_ENABLE, true },
		{ PVIRTQ_EVENT_DISABLE, false },
		{ PVIRTQ_EVENT_DISABLE | 0x80, false },
		{ PVIRTQ_EVENT_DESC, true },    /* it was not negotiated */
		{ 3, true },                    /* reserved: rather too many */
	};
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 8, PLAIN);
	buf = fixture_buf(f, 8);
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		fake_packed_set_event(&f->ring, 0x8000 | 7, cases[i].flags);
		round_trip(f, &buf);
		assert_int_equal(virtio_queue_must_interrupt(&f->queue),
				 cases[i].interrupt);
	}
}

static void asks_for_kicks_by_flag(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	virtio_queue_disarm(&f->queue);
	assert_int_equal(fake_packed_event_flags(&f->ring),
			 PVIRTQ_EVENT_DISABLE);
	assert_true(virtio_queue_arm(&f->queue));
	assert_int_equal(fake_packed_event_flags(&f->ring),
			 PVIRTQ_EVENT_ENABLE);
}

static void asks_for_kicks_at_a_place(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 3, EVENT_IDX);
	buf = fixture_buf(f, 8);
	for (unsigned i = 0; i < 7; i++) {
		assert_true(virtio_queue_arm(&f->queue));
		assert_int_equal(fake_packed_event_flags(&f->ring),
				 PVIRTQ_EVENT_DESC);
		assert_int_equal(fake_packed_event_place(&f->ring),
				 (i / 3 & 1 ? 0 : 0x8000) | i % 3);
		pop(f, fake_ring_add(&f->ring, &buf, 0, 1, 0));
		assert_true(fake_ring_must_kick(&f->ring));
		push(f, 0);
		assert_used(f, f->req.id, 0);
	}
	/* Not armed again: no more kicks. */
	fake_ring_add(&f->ring, &buf, 0, 1, 0);
	assert_false(fake_ring_must_kick(&f->ring));
}

static void does_not_sleep_on_work_that_came_meanwhile(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 8, PLAIN);
	buf = fixture_buf(f, 8);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 0);
	fake_ring_add(&f->ring, &buf, 0, 1, 0);
	assert_false(virtio_queue_arm(&f->queue));
	assert_null(f->queue.error);
	assert_false(fake_ring_must_kick(&f->ring));
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
}

/* ---- parked requests --------------------------------------------------- */

static uint16_t add_parked(struct ring_fixture *f, unsigned writable)
{
	struct fake_buf buf[4];
	uint16_t id;

	for (unsigned i = 0; i < 4; i++) {
		buf[i] = fixture_buf(f, 10 * writable + i);
		(void)fixture_buf(f, 1);
	}
	id = fake_ring_add(&f->ring, buf, 0, writable, 0);
	pop(f, id);
	assert_int_equal(virtio_queue_park(&f->queue, &f->req), 0);
	return id;
}

static void resume(struct ring_fixture *f, uint16_t id, unsigned writable)
{
	assert_int_equal(virtio_queue_resume(&f->queue, &f->req), 1);
	assert_int_equal(f->req.id, id);
	assert_int_equal(f->req.chain.writable_count, writable);
	for (unsigned i = 0; i < writable; i++)
		assert_int_equal(f->req.chain.writable[i].len,
				 10 * writable + i);
}

/*
 * What others used has overwritten their descriptors long ago, and they come
 * round in the places of their copies.
 */
static void resumes_from_copies(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 9, PLAIN);
	buf = fixture_buf(f, 8);
	for (unsigned round = 0; round < VIRTIO_QUEUE_SIZE_MAX; round++) {
		size_t mark = fake_ram_mark(&f->ram);
		uint16_t id[3];

		for (unsigned i = 0; i < 3; i++)
			id[i] = add_parked(f, i + 1);
		for (unsigned i = 0; i < 12; i++) {
			round_trip(f, &buf);
			assert_used(f, f->req.id, 1);
		}
		/* The first waits on, behind the others. */
		resume(f, id[0], 1);
		assert_int_equal(virtio_queue_park(&f->queue, &f->req), 0);
		for (unsigned i = 0; i < 3; i++) {
			unsigned k = (i + 1) % 3;

			resume(f, id[k], k + 1);
			push(f, k);
			assert_used(f, id[k], k);
		}
		fake_ram_release(&f->ram, mark);
	}
	assert_int_equal(f->queue.saved_count, 0);
}

/* As many descriptors as there are, with nowhere else to move them. */
static void parks_a_full_ring(void **state)
{
	struct ring_fixture *f = *state;
	uint16_t id[2];

	fixture_attach(f, 4, PLAIN);
	for (unsigned round = 0; round < 5; round++) {
		id[0] = add_parked(f, 3);
		id[1] = add_parked(f, 1);
		resume(f, id[0], 3);
		assert_int_equal(virtio_queue_park(&f->queue, &f->req), 0);
		resume(f, id[1], 1);
		push(f, 1);
		resume(f, id[0], 3);
		push(f, 2);
		assert_used(f, id[1], 1);
		assert_used(f, id[0], 2);
	}
}

/* ---- progress ---------------------------------------------------------- */

/* Another device goes on where one has stopped, with one chain unfinished. */
static void goes_on_from_a_base(void **state)
{
	struct ring_fixture *f = *state;
	struct virtio_queue_regs regs;
	struct fake_buf buf[2];
	uint32_t base;
	uint16_t id;

	fixture_attach(f, 5, PLAIN);
	assert_int_equal(virtio_queue_base(&f->queue), 0x80008000);
	buf[0] = fixture_buf(f, 8);
	buf[1] = fixture_buf(f, 8);
	for (unsigned i = 0; i < 4; i++) {
		round_trip(f, buf);
		assert_used(f, f->req.id, 1);
	}
	pop(f, fake_ring_add(&f->ring, buf, 1, 1, 0));
	base = virtio_queue_base(&f->queue);
	assert_int_equal(base, 0x80040001);
	virtio_queue_leave(&f->queue);

	regs = fixture_regs(f);
	virtio_queue_attach(&f->queue, &regs, PLAIN | PACKED);
	virtio_queue_enter(&f->queue);
	assert_int_equal(virtio_queue_set_base(&f->queue, base), 0);
	assert_int_equal(virtio_queue_base(&f->queue), base);
	assert_false(virtio_queue_must_interrupt(&f->queue));
	id = fake_ring_add(&f->ring, buf, 1, 1, 0);
	pop(f, id);
	push(f, 3);
	assert_used(f, id, 3);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 0);
}

static void set_base(struct ring_fixture *f, uint32_t base)
{
	struct virtio_queue_regs regs = fixture_regs(f);

	virtio_queue_leave(&f->queue);
	virtio_queue_attach(&f->queue, &regs, PLAIN | PACKED);
	virtio_queue_enter(&f->queue);
	assert_int_equal(virtio_queue_set_base(&f->queue, base), 0);
}

/* By 0 some mean the beginning; after one round it is a place like others. */
static void takes_0_for_the_beginning_of_a_fresh_ring(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf[2];
	uint16_t id;

	fixture_attach(f, 4, PLAIN);
	buf[0] = fixture_buf(f, 8);
	buf[1] = fixture_buf(f, 8);
	set_base(f, 0);
	assert_int_equal(virtio_queue_base(&f->queue), 0x80008000);
	/* With something available already, too. */
	id = fake_ring_add(&f->ring, buf, 1, 1, 0);
	set_base(f, 0);
	assert_int_equal(virtio_queue_base(&f->queue), 0x80008000);
	pop(f, id);
	push(f, 1);
	assert_used(f, id, 1);
	for (unsigned i = 0; i < 2; i++) {
		round_trip(f, buf);
		assert_used(f, f->req.id, 1);
	}
	assert_int_equal(virtio_queue_base(&f->queue), 0);

	set_base(f, 0);
	assert_int_equal(virtio_queue_base(&f->queue), 0);
	id = fake_ring_add(&f->ring, buf, 1, 1, 0);
	set_base(f, 0);
	assert_int_equal(virtio_queue_base(&f->queue), 0);
	pop(f, id);
	push(f, 2);
	assert_used(f, id, 2);
}

static void breaks_on_a_base_that_cannot_be(void **state)
{
	static const uint32_t bad[] = {
		0x80008005, 0x80058000, 0x7fff7fff,
		0x80000001,     /* more than a round apart */
		0x80018000,     /* used before it was available */
	};
	struct ring_fixture *f = *state;

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		fixture_attach(f, 5, PLAIN);
		assert_int_equal(virtio_queue_set_base(&f->queue, bad[i]),
				 -EPROTO);
		assert_breaks(f, "the base is outside the ring");
		virtio_queue_leave(&f->queue);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		packed_test(takes_chains_in_order),
		packed_test(goes_around_and_around),
		packed_test(takes_a_full_ring),
		packed_test(takes_a_chain_as_long_as_the_ring),
		packed_test(takes_empty_descriptors),
		packed_test(ignores_other_flags_in_an_indirect_table),
		packed_test(says_whether_anything_was_written),
		packed_test(publishes_a_batch_by_its_first),
		packed_test(interrupts_only_where_the_driver_waits),
		packed_test(interrupts_when_the_event_was_passed),
		packed_test(obeys_the_event_flags),
		packed_test(asks_for_kicks_by_flag),
		packed_test(asks_for_kicks_at_a_place),
		packed_test(does_not_sleep_on_work_that_came_meanwhile),
		packed_test(resumes_from_copies),
		packed_test(parks_a_full_ring),
		packed_test(goes_on_from_a_base),
		packed_test(takes_0_for_the_beginning_of_a_fresh_ring),
		packed_test(breaks_on_a_base_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
