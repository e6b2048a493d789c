/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio/ring_fixture.h"

static void takes_chains_in_order(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf[4];
	uint16_t head[2];

	fixture_attach(f, 8, PLAIN);
	for (unsigned i = 0; i < 4; i++)
		buf[i] = fixture_buf(f, 100 + i);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 0);
	head[0] = fake_ring_add(&f->ring, buf, 1, 1, 0);
	head[1] = fake_ring_add(&f->ring, buf + 2, 1, 1, 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
		assert_int_equal(f->req.id, head[i]);
		assert_int_equal(f->req.chain.readable[0].len, 100 + 2 * i);
		assert_none_used(f);
		assert_int_equal(virtio_queue_push(&f->queue, &f->req, i), 0);
		assert_used(f, head[i], i);
	}
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 0);
}

/* What is pushed is seen when it is published, all at once. */
static void publishes_a_batch(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;
	uint16_t head[3];

	fixture_attach(f, 8, EVENT_IDX);
	buf = fixture_buf(f, 8);
	fake_ring_set_used_event(&f->ring, 2);
	for (unsigned i = 0; i < 3; i++) {
		head[i] = fake_ring_add(&f->ring, &buf, 0, 1, 0);
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
		assert_int_equal(virtio_queue_push(&f->queue, &f->req, i), 0);
		assert_int_equal(fake_ring_used_idx(&f->ring), 0);
	}
	assert_true(virtio_queue_must_interrupt(&f->queue));
	assert_int_equal(fake_ring_used_idx(&f->ring), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_used(f, head[i], i);
}

/* Indices run through all of their 16 bits and around. */
static void goes_around_with_its_indices(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 4, EVENT_IDX);
	buf = fixture_buf(f, 8);
	for (uint32_t i = 0; i < 0x10000 + 100; i++) {
		uint16_t head;

		assert_true(virtio_queue_arm(&f->queue));
		assert_true(fake_ring_arm(&f->ring));
		head = fake_ring_add(&f->ring, &buf, 0, 1, 0);
		assert_true(fake_ring_must_kick(&f->ring));
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
		assert_int_equal(virtio_queue_push(&f->queue, &f->req, i), 0);
		assert_true(virtio_queue_must_interrupt(&f->queue));
		assert_used(f, head, i);
	}
}

static void interrupts_only_where_the_driver_waits(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 8, EVENT_IDX);
	buf = fixture_buf(f, 8);
	/* Around the end of the index, too. */
	f->queue.next_avail = f->queue.seen_avail = 0xfffe;
	f->queue.next_used = f->queue.shown_used = 0xfffe;
	f->queue.told_used = 0xfffe;
	fake_ring_set_avail_idx(&f->ring, 0xfffe);
	fake_ring_set_used_event(&f->ring, 0);  /* the third from here */
	for (unsigned i = 0; i < 5; i++) {
		fake_ring_add(&f->ring, &buf, 0, 1, 0);
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
		assert_int_equal(virtio_queue_push(&f->queue, &f->req, 0), 0);
		assert_int_equal(virtio_queue_must_interrupt(&f->queue),
				 i == 2);
	}
}

/* Several pushes before one decision: the range counts, not the last one. */
static void interrupts_when_the_event_was_passed(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 8, EVENT_IDX);
	buf = fixture_buf(f, 8);
	fake_ring_set_used_event(&f->ring, 1);
	for (unsigned i = 0; i < 4; i++) {
		fake_ring_add(&f->ring, &buf, 0, 1, 0);
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
		assert_int_equal(virtio_queue_push(&f->queue, &f->req, 0), 0);
	}
	assert_true(virtio_queue_must_interrupt(&f->queue));
	assert_false(virtio_queue_must_interrupt(&f->queue));
}

static void obeys_the_no_interrupt_flag(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 8, PLAIN);
	buf = fixture_buf(f, 8);
	for (unsigned i = 0; i < 4; i++) {
		if (i & 1)
			fake_ring_disarm(&f->ring);
		else
			fake_ring_arm(&f->ring);
		fake_ring_add(&f->ring, &buf, 0, 1, 0);
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
		assert_int_equal(virtio_queue_push(&f->queue, &f->req, 0), 0);
		assert_int_equal(virtio_queue_must_interrupt(&f->queue),
				 !(i & 1));
	}
}

static void ignores_the_flag_with_event_idx(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 8, EVENT_IDX);
	buf = fixture_buf(f, 8);
	fake_ring_disarm(&f->ring);
	fake_ring_set_used_event(&f->ring, 0);
	fake_ring_add(&f->ring, &buf, 0, 1, 0);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, 0), 0);
	assert_true(virtio_queue_must_interrupt(&f->queue));
}

static void asks_for_kicks_by_flag(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	virtio_queue_disarm(&f->queue);
	assert_false(fake_ring_must_kick(&f->ring));
	assert_true(virtio_queue_arm(&f->queue));
	assert_true(fake_ring_must_kick(&f->ring));
}

static void asks_for_kicks_by_event_idx(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 8, EVENT_IDX);
	buf = fixture_buf(f, 8);
	assert_true(virtio_queue_arm(&f->queue));
	fake_ring_add(&f->ring, &buf, 0, 1, 0);
	assert_true(fake_ring_must_kick(&f->ring));
	/* Not armed again: no more kicks. */
	fake_ring_add(&f->ring, &buf, 0, 1, 0);
	assert_false(fake_ring_must_kick(&f->ring));
}

/* The driver may have left anything in its memory. */
static void clears_the_flags_with_event_idx(void **state)
{
	struct ring_fixture *f = *state;
	uint8_t *flags;

	fixture_attach(f, 8, EVENT_IDX);
	flags = fake_ram_ptr(&f->ram, f->ring.used);
	le16_store(flags, 0xffff);
	assert_true(virtio_queue_arm(&f->queue));
	assert_int_equal(le16_load(flags), 0);
	virtio_queue_disarm(&f->queue);
	assert_int_equal(le16_load(flags), 0);
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

static void breaks_on_a_head_outside_the_table(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	fake_ring_publish(&f->ring, 8);
	assert_breaks(f, "the head of a chain is outside the table");
	assert_none_used(f);
}

static void breaks_on_head_65535(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	fake_ring_publish(&f->ring, 65535);
	assert_breaks(f, "the head of a chain is outside the table");
}

static void breaks_on_a_jump_of_the_index(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	fake_ring_set_avail_idx(&f->ring, 9);
	assert_breaks(f, "the available index jumped by more than the queue's size");
	assert_none_used(f);
}

static void breaks_on_an_index_that_goes_back(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	fake_ring_set_avail_idx(&f->ring, 65535);
	assert_breaks(f, "the available index jumped by more than the queue's size");
}

static void takes_a_full_ring(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 8, PLAIN);
	buf = fixture_buf(f, 8);
	for (unsigned i = 0; i < 8; i++)
		fake_ring_add(&f->ring, &buf, 0, 1, 0);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
		assert_int_equal(virtio_queue_push(&f->queue, &f->req, 0), 0);
	}
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 0);
}

static void takes_a_chain_as_long_as_the_queue(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf[8];

	fixture_attach(f, 8, PLAIN);
	for (unsigned i = 0; i < 8; i++)
		buf[i] = fixture_buf(f, 8);
	fake_ring_add(&f->ring, buf, 4, 4, 0);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
}

static void breaks_on_a_loop_of_descriptors(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	fake_ring_desc(&f->ring, f->ring.desc, 0, RAM_GPA, 1,
		       VIRTQ_DESC_F_NEXT, 1);
	fake_ring_desc(&f->ring, f->ring.desc, 1, RAM_GPA, 1,
		       VIRTQ_DESC_F_NEXT, 0);
	fake_ring_publish(&f->ring, 0);
	assert_breaks(f, "a loop of descriptors");
	assert_used(f, 0, 0);
}

static void breaks_on_a_next_outside_the_table(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	fake_ring_desc(&f->ring, f->ring.desc, 0, RAM_GPA, 1,
		       VIRTQ_DESC_F_NEXT, 8);
	fake_ring_publish(&f->ring, 0);
	assert_breaks(f, "a next descriptor is outside its table");
	assert_used(f, 0, 0);
}

/* One descriptor that no request can be made of; and what happens. */
static void desc_breaks(struct ring_fixture *f, uint64_t addr, uint32_t len,
			const char *why)
{
	fixture_attach(f, 8, PLAIN);
	fake_ring_desc(&f->ring, f->ring.desc, 5, addr, len,
		       VIRTQ_DESC_F_WRITE, 0);
	fake_ring_publish(&f->ring, 5);
	assert_breaks(f, why);
	assert_used(f, 5, 0);
	/* The driver is told of it. */
	assert_true(virtio_queue_must_interrupt(&f->queue));
}

static void breaks_on_a_buffer_outside_memory(void **state)
{
	desc_breaks(*state, NOWHERE, 8, "a buffer is outside guest memory");
}

static void breaks_on_a_buffer_that_wraps(void **state)
{
	desc_breaks(*state, UINT64_MAX - 1, 8,
		    "a buffer wraps around the end of memory");
}

static void breaks_on_a_buffer_of_4_gib(void **state)
{
	desc_breaks(*state, RAM_GPA, UINT32_MAX,
		    "a buffer is outside guest memory");
}

static void breaks_on_readable_after_writable(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	fake_ring_desc(&f->ring, f->ring.desc, 0, RAM_GPA, 1,
		       VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 1);
	fake_ring_desc(&f->ring, f->ring.desc, 1, RAM_GPA, 1, 0, 0);
	fake_ring_publish(&f->ring, 0);
	assert_breaks(f, "a readable descriptor after a writable one");
	assert_used(f, 0, 0);
}

static void takes_empty_descriptors(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 8, PLAIN);
	fake_ring_desc(&f->ring, f->ring.desc, 0, 0, 0, VIRTQ_DESC_F_NEXT, 1);
	fake_ring_desc(&f->ring, f->ring.desc, 1, 0, 0, VIRTQ_DESC_F_WRITE, 0);
	fake_ring_publish(&f->ring, 0);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(f->req.chain.readable_count, 0);
	assert_int_equal(f->req.chain.writable_count, 0);
}

static void is_broken_from_the_start_by_a_bad_ring(void **state)
{
	struct ring_fixture *f = *state;
	struct virtio_queue_regs good, bad;

	fake_ring_init(&f->ring, &f->ram, 8, false);
	good = bad = fixture_regs(f);
	bad.desc += 8;
	attach_breaks(f, bad, "the ring is misaligned");
	bad = good;
	bad.driver += 1;
	attach_breaks(f, bad, "the ring is misaligned");
	bad = good;
	bad.device += 2;
	attach_breaks(f, bad, "the ring is misaligned");
	bad = good;
	bad.desc = UINT64_MAX & ~15;
	attach_breaks(f, bad, "the ring is misaligned");
	bad = good;
	bad.size = 6;
	attach_breaks(f, bad, "the queue's size is no power of two");
	bad = good;
	bad.driver = NOWHERE;
	attach_breaks(f, bad, "the ring is outside guest memory");
}

/* Another device goes on where one has stopped, with one chain unfinished. */
static void goes_on_from_a_base(void **state)
{
	struct ring_fixture *f = *state;
	struct virtio_queue_regs regs;
	struct fake_buf buf;
	uint16_t head[3];
	uint32_t base;

	fixture_attach(f, 4, PLAIN);
	assert_int_equal(virtio_queue_base(&f->queue), 0);
	buf = fixture_buf(f, 8);
	for (unsigned i = 0; i < 3; i++)
		head[i] = fake_ring_add(&f->ring, &buf, 0, 1, 0);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, 1), 0);
	virtio_queue_publish(&f->queue);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	base = virtio_queue_base(&f->queue);
	assert_int_equal(base, 2);
	virtio_queue_leave(&f->queue);

	regs = fixture_regs(f);
	virtio_queue_attach(&f->queue, &regs, PLAIN);
	virtio_queue_enter(&f->queue);
	assert_int_equal(virtio_queue_set_base(&f->queue, base), 0);
	assert_int_equal(virtio_queue_base(&f->queue), base);
	assert_false(virtio_queue_must_interrupt(&f->queue));
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(f->req.id, head[2]);
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, 3), 0);
	assert_used(f, head[0], 1);
	assert_used(f, head[2], 3);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 0);
}

static void base_breaks(struct ring_fixture *f, uint32_t base)
{
	fixture_attach(f, 4, PLAIN);
	assert_int_equal(virtio_queue_set_base(&f->queue, base), -EPROTO);
	assert_breaks(f, "the base is not within the queue's size after the used index");
	virtio_queue_leave(&f->queue);
}

static void breaks_on_a_base_that_cannot_be(void **state)
{
	struct ring_fixture *f = *state;

	base_breaks(f, 5);
	base_breaks(f, 0xffff);
	base_breaks(f, 0x10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(takes_chains_in_order),
		ring_test(publishes_a_batch),
		ring_test(goes_around_with_its_indices),
		ring_test(interrupts_only_where_the_driver_waits),
		ring_test(interrupts_when_the_event_was_passed),
		ring_test(obeys_the_no_interrupt_flag),
		ring_test(ignores_the_flag_with_event_idx),
		ring_test(asks_for_kicks_by_flag),
		ring_test(asks_for_kicks_by_event_idx),
		ring_test(clears_the_flags_with_event_idx),
		ring_test(does_not_sleep_on_work_that_came_meanwhile),
		ring_test(breaks_on_a_head_outside_the_table),
		ring_test(breaks_on_head_65535),
		ring_test(breaks_on_a_jump_of_the_index),
		ring_test(breaks_on_an_index_that_goes_back),
		ring_test(takes_a_full_ring),
		ring_test(takes_a_chain_as_long_as_the_queue),
		ring_test(breaks_on_a_loop_of_descriptors),
		ring_test(breaks_on_a_next_outside_the_table),
		ring_test(breaks_on_a_buffer_outside_memory),
		ring_test(breaks_on_a_buffer_that_wraps),
		ring_test(breaks_on_a_buffer_of_4_gib),
		ring_test(breaks_on_readable_after_writable),
		ring_test(takes_empty_descriptors),
		ring_test(is_broken_from_the_start_by_a_bad_ring),
		ring_test(goes_on_from_a_base),
		ring_test(breaks_on_a_base_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
