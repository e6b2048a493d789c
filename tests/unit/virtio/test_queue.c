/* SPDX-License-Identifier: MIT */
/*
 * What every ring format shares: taking and giving back, indirect tables, and
 * what breaks a queue.
 */
#include "tests/unit/virtio/ring_fixture.h"

static uint64_t new_table(struct ring_fixture *f, size_t n)
{
	return fake_ram_alloc(&f->ram, 16 * n, 16);
}

static void takes_nothing_before_it_is_attached(void **state)
{
	struct ring_fixture *f = *state;

	virtio_queue_enter(&f->queue);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), -EPROTO);
	assert_false(virtio_queue_must_interrupt(&f->queue));
}

static void follows_an_indirect_table(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf[3];
	uint16_t head;

	fixture_attach(f, 4, INDIRECT);
	for (unsigned i = 0; i < 3; i++) {
		buf[i] = fixture_buf(f, 64 + i);
		(void)fixture_buf(f, 1);
	}
	head = fake_ring_add(&f->ring, buf, 1, 2, new_table(f, 3));
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(f->req.chain.readable_count, 1);
	assert_int_equal(f->req.chain.writable_count, 2);
	assert_ptr_equal(f->req.chain.writable[1].base,
			 fake_ram_ptr(&f->ram, buf[2].gpa));
	assert_int_equal(f->req.chain.writable[1].len, 66);
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, 5), 0);
	assert_used(f, head, 5);
}

/* Behind two descriptors of the ring; its own WRITE flag means nothing. */
static void follows_a_table_at_the_end_of_a_chain(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;
	uint64_t table;

	fixture_attach(f, 4, INDIRECT);
	buf = fixture_buf(f, 64);
	table = new_table(f, 2);
	fake_ring_desc(&f->ring, f->ring.desc, 1, buf.gpa, 8,
		       VIRTQ_DESC_F_NEXT, 3);
	fake_ring_desc(&f->ring, f->ring.desc, 3, buf.gpa + 16, 8,
		       VIRTQ_DESC_F_NEXT, 2);
	fake_ring_desc(&f->ring, f->ring.desc, 2, table, 32,
		       VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_WRITE, 0);
	fake_ring_desc(&f->ring, table, 0, buf.gpa + 32, 8, VIRTQ_DESC_F_NEXT,
		       1);
	fake_ring_desc(&f->ring, table, 1, buf.gpa + 48, 8, VIRTQ_DESC_F_WRITE,
		       0);
	fake_ring_publish(&f->ring, 1);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(f->req.chain.readable_count, 3);
	assert_int_equal(f->req.chain.writable_count, 1);
	assert_ptr_equal(f->req.chain.readable[2].base,
			 fake_ram_ptr(&f->ram, buf.gpa + 32));
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, 8), 0);
	assert_used(f, 1, 8);
}

/* Linux makes tables longer than the queue. */
static void takes_an_indirect_table_longer_than_the_queue(void **state)
{
	struct ring_fixture *f = *state;
	static struct fake_buf buf[VIRTIO_INDIRECT_MAX];

	fixture_attach(f, 4, INDIRECT);
	for (unsigned i = 0; i < ARRAY_LEN(buf); i++) {
		buf[i] = fixture_buf(f, 8);
		(void)fixture_buf(f, 1);
	}
	fake_ring_add(&f->ring, buf, 0, ARRAY_LEN(buf),
		      new_table(f, ARRAY_LEN(buf)));
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(f->req.chain.writable_count, ARRAY_LEN(buf));
}

/* A head that is an indirect descriptor, as `desc` says; and what happens. */
static void indirect_breaks(struct ring_fixture *f, uint64_t table,
			    uint32_t len, uint16_t flags, const char *why)
{
	fake_ring_desc(&f->ring, f->ring.desc, 2, table, len,
		       VIRTQ_DESC_F_INDIRECT | flags, 3);
	fake_ring_publish(&f->ring, 2);
	assert_breaks(f, why);
	assert_used(f, 2, 0);
}

/*
 * The request after this one is looked at early, and its table or the buffers
 * that it names are nowhere: that is no matter of this one.
 */
static void a_bad_next_request_leaves_this_one_alone(void **state)
{
	static const struct {
		uint64_t table;         /* 0: a real one */
		uint32_t len;
	} next[] = {
		{ NOWHERE, 32 }, { UINT64_MAX - 8, 32 }, { 0, 32 },
		{ RAM_GPA + RAM_SIZE - 8, 32 }, { RAM_GPA, 0 },
	};
	struct ring_fixture *f = *state;

	for (unsigned i = 0; i < ARRAY_LEN(next); i++) {
		uint64_t table = next[i].table;
		struct fake_buf buf;

		fixture_attach(f, 4, INDIRECT);
		buf = fixture_buf(f, 64);
		if (!table) {
			table = new_table(f, 2);
			fake_ring_desc(&f->ring, table, 0, NOWHERE, 8,
				       VIRTQ_DESC_F_NEXT, 1);
			fake_ring_desc(&f->ring, table, 1, UINT64_MAX, 8,
				       VIRTQ_DESC_F_WRITE, 0);
		}
		fake_ring_desc(&f->ring, f->ring.desc, 0, buf.gpa, 64,
			       VIRTQ_DESC_F_WRITE, 0);
		fake_ring_desc(&f->ring, f->ring.desc, 2, table, next[i].len,
			       VIRTQ_DESC_F_INDIRECT, 0);
		fake_ring_publish(&f->ring, 0);
		fake_ring_publish(&f->ring, 2);
		/* A head that is none, two behind it. */
		fake_ring_publish(&f->ring, 0xffff);
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
		assert_int_equal(f->req.chain.writable_count, 1);
		assert_int_equal(virtio_queue_push(&f->queue, &f->req, 8), 0);
		assert_used(f, 0, 8);
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), -EPROTO);
		assert_used(f, 2, 0);
		virtio_queue_leave(&f->queue);
	}
}

static void breaks_when_indirect_was_not_negotiated(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 4, PLAIN);
	indirect_breaks(f, RAM_GPA, 16, 0,
			"an indirect table was not negotiated");
}

static void breaks_on_an_indirect_table_with_next(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 4, INDIRECT);
	indirect_breaks(f, RAM_GPA, 16, VIRTQ_DESC_F_NEXT,
			"an indirect table with a next descriptor");
}

static void breaks_on_an_empty_indirect_table(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 4, INDIRECT);
	indirect_breaks(f, RAM_GPA, 0, 0, "an indirect table of an odd length");
}

static void breaks_on_an_indirect_table_of_an_odd_length(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 4, INDIRECT);
	indirect_breaks(f, RAM_GPA, 24, 0,
			"an indirect table of an odd length");
}

static void breaks_on_an_indirect_table_that_is_too_long(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 4, INDIRECT);
	indirect_breaks(f, RAM_GPA, 16 * (VIRTIO_INDIRECT_MAX + 1), 0,
			"an indirect table is too long");
}

static void breaks_on_an_indirect_table_outside_memory(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 4, INDIRECT);
	indirect_breaks(f, NOWHERE, 16, 0,
			"descriptors are outside guest memory");
}

static void breaks_on_an_indirect_table_that_wraps(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 4, INDIRECT);
	indirect_breaks(f, UINT64_MAX - 8, 16, 0,
			"an indirect table wraps around");
}

static void breaks_on_indirect_in_indirect(void **state)
{
	struct ring_fixture *f = *state;
	uint64_t table;

	fixture_attach(f, 4, INDIRECT);
	table = fake_ram_alloc(&f->ram, 32, 16);
	fake_ring_desc(&f->ring, table, 0, table, 16, VIRTQ_DESC_F_INDIRECT, 0);
	indirect_breaks(f, table, 32, 0,
			"an indirect table in an indirect table");
}

static void breaks_on_a_loop_in_an_indirect_table(void **state)
{
	struct ring_fixture *f = *state;
	uint64_t table;

	fixture_attach(f, 4, INDIRECT);
	table = fake_ram_alloc(&f->ram, 32, 16);
	fake_ring_desc(&f->ring, table, 0, RAM_GPA, 1, VIRTQ_DESC_F_NEXT, 1);
	fake_ring_desc(&f->ring, table, 1, RAM_GPA, 1, VIRTQ_DESC_F_NEXT, 0);
	indirect_breaks(f, table, 32, 0, "a loop of descriptors");
}

static void breaks_on_a_next_outside_its_indirect_table(void **state)
{
	struct ring_fixture *f = *state;
	uint64_t table;

	fixture_attach(f, 4, INDIRECT);
	table = fake_ram_alloc(&f->ram, 32, 16);
	fake_ring_desc(&f->ring, table, 0, RAM_GPA, 1, VIRTQ_DESC_F_NEXT, 2);
	indirect_breaks(f, table, 32, 0,
			"a next descriptor is outside its table");
}

static void works_in_memory_that_cannot_be_mapped(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf[2];

	fixture_attach(f, 4, INDIRECT | EVENT_IDX);
	for (unsigned i = 0; i < 40; i++) {
		size_t mark = fake_ram_mark(&f->ram);
		uint16_t head;

		buf[0] = fixture_buf(f, 4);
		buf[1] = fixture_buf(f, 4);
		memcpy(fake_ram_ptr(&f->ram, buf[0].gpa), "ping", 4);
		head = fake_ring_add(&f->ring, buf, 1, 1,
				     i & 1 ? new_table(f, 2) : 0);
		assert_true(fake_ring_arm(&f->ring));
		assert_true(fake_ring_must_kick(&f->ring));
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
		assert_memory_equal(f->req.chain.readable[0].base, "ping", 4);
		memcpy(f->req.chain.writable[0].base, "pong", 4);
		assert_int_equal(virtio_queue_push(&f->queue, &f->req, 4), 0);
		assert_true(virtio_queue_must_interrupt(&f->queue));
		assert_true(virtio_queue_arm(&f->queue));
		assert_used(f, head, 4);
		assert_memory_equal(fake_ram_ptr(&f->ram, buf[1].gpa), "pong",
				    4);
		fake_ram_release(&f->ram, mark);
	}
}

static void breaks_when_a_bounced_reply_cannot_be_written(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 4, PLAIN);
	fake_ring_desc(&f->ring, f->ring.desc, 1, NOWHERE, 8,
		       VIRTQ_DESC_F_WRITE, 0);
	fake_ring_publish(&f->ring, 1);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, 8), -EPROTO);
	assert_string_equal(f->queue.error, "a buffer cannot be written");
	assert_used(f, 1, 0);
}

/* The ring is found again after the table of guest memory has changed. */
static void follows_memory_that_moves(void **state)
{
	static uint8_t elsewhere[RAM_SIZE];
	struct ring_fixture *f = *state;
	uint16_t head, got;
	uint32_t len;
	struct fake_buf buf;

	fixture_attach(f, 4, PLAIN);
	buf = fixture_buf(f, 8);
	virtio_queue_leave(&f->queue);
	head = fake_ring_add(&f->ring, &buf, 0, 1, 0);
	memcpy(elsewhere, f->ram.base, RAM_SIZE);
	assert_int_equal(gmem_remove(&f->mem, RAM_GPA, RAM_SIZE), 0);
	assert_int_equal(gmem_add(&f->mem, RAM_GPA, RAM_SIZE, elsewhere,
				  GMEM_READ | GMEM_WRITE), 0);
	virtio_queue_enter(&f->queue);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_ptr_equal(f->req.chain.writable[0].base,
			 elsewhere + (buf.gpa - RAM_GPA));
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, 7), 0);
	assert_none_used(f);
	/* The driver has moved, too. */
	memcpy(f->ram.base, elsewhere, RAM_SIZE);
	assert_true(fake_ring_collect(&f->ring, &got, &len));
	assert_int_equal(got, head);
	assert_int_equal(len, 7);
}

static void breaks_when_its_ring_is_taken_away(void **state)
{
	struct ring_fixture *f = *state;

	fixture_attach(f, 4, PLAIN);
	virtio_queue_leave(&f->queue);
	assert_int_equal(gmem_remove(&f->mem, RAM_GPA, RAM_SIZE), 0);
	virtio_queue_enter(&f->queue);
	assert_breaks(f, "the ring is outside guest memory");
}

/* One that is broken gives back what it has, but to no memory that is gone. */
static void a_broken_one_follows_memory_that_goes(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 4, PLAIN);
	buf = fixture_buf(f, 8);
	(void)fake_ring_add(&f->ring, &buf, 0, 1, 0);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, 0), 0);
	assert_int_equal(virtio_queue_break(&f->queue, "a test"), -EPROTO);
	virtio_queue_leave(&f->queue);
	assert_int_equal(gmem_remove(&f->mem, RAM_GPA, RAM_SIZE), 0);
	virtio_queue_enter(&f->queue);
	virtio_queue_publish(&f->queue);
	assert_int_equal(fake_ring_used_idx(&f->ring), 0);
}

static void is_whole_again_when_attached_anew(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 4, PLAIN);
	fake_ring_set_avail_idx(&f->ring, 60000);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), -EPROTO);
	virtio_queue_leave(&f->queue);
	fixture_attach(f, 4, PLAIN);
	buf = fixture_buf(f, 8);
	fake_ring_add(&f->ring, &buf, 0, 1, 0);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
}

/* ---- requests that are parked ------------------------------------------ */

/* Pop the chain that was just added, and park it. */
static void park_next(struct ring_fixture *f, uint16_t head)
{
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(f->req.id, head);
	assert_int_equal(virtio_queue_park(&f->queue, &f->req), 0);
}

static void resumes_the_oldest_first(void **state)
{
	struct ring_fixture *f = *state;
	uint16_t head[3], other;
	struct fake_buf buf;

	fixture_attach(f, 8, PLAIN);
	/* Often enough that their places come round. */
	for (unsigned round = 0; round < VIRTIO_QUEUE_SIZE_MAX; round++) {
		for (unsigned i = 0; i < 3; i++) {
			buf = fixture_buf(f, 8 + i);
			head[i] = fake_ring_add(&f->ring, &buf, 0, 1, 0);
			park_next(f, head[i]);
		}
		assert_none_used(f);
		buf = fixture_buf(f, 99);
		other = fake_ring_add(&f->ring, &buf, 0, 1, 0);
		assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
		assert_int_equal(virtio_queue_push(&f->queue, &f->req, 9), 0);
		assert_used(f, other, 9);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(f->queue.parked_count, 3 - i);
			assert_int_equal(virtio_queue_resume(&f->queue,
							     &f->req), 1);
			assert_int_equal(f->req.id, head[i]);
			assert_int_equal(f->req.chain.writable[0].len, 8 + i);
			assert_int_equal(virtio_queue_push(&f->queue, &f->req,
							   i), 0);
			assert_used(f, head[i], i);
		}
		assert_int_equal(f->queue.parked_count, 0);
	}
}

static void parks_no_more_than_the_queue_holds(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;
	uint16_t head;

	fixture_attach(f, 4, PLAIN);
	buf = fixture_buf(f, 8);
	head = fake_ring_add(&f->ring, &buf, 0, 1, 0);
	park_next(f, head);
	/* A driver that lies makes the same one available again and again. */
	for (unsigned i = 1; i < 4; i++) {
		fake_ring_publish(&f->ring, head);
		park_next(f, head);
	}
	fake_ring_publish(&f->ring, head);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(virtio_queue_park(&f->queue, &f->req), -EPROTO);
	assert_string_equal(f->queue.error,
			    "more requests wait than the queue holds");
	virtio_queue_push(&f->queue, &f->req, 0);
	assert_int_equal(virtio_queue_resume(&f->queue, &f->req), -EPROTO);
	virtio_queue_give_up(&f->queue, &f->req);
	for (unsigned i = 0; i < 5; i++)
		assert_used(f, head, 0);
	assert_none_used(f);
	virtio_queue_give_up(&f->queue, &f->req);
	assert_none_used(f);
}

static void forgets_what_was_parked_when_attached_anew(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	fixture_attach(f, 4, PLAIN);
	buf = fixture_buf(f, 8);
	park_next(f, fake_ring_add(&f->ring, &buf, 0, 1, 0));
	virtio_queue_leave(&f->queue);
	fixture_attach(f, 4, PLAIN);
	assert_int_equal(f->queue.parked_count, 0);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 0);
}

/* What the driver made of it meanwhile is checked as if it were new. */
static void checks_a_resumed_request_anew(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;
	uint16_t head;

	fixture_attach(f, 4, PLAIN);
	buf = fixture_buf(f, 8);
	head = fake_ring_add(&f->ring, &buf, 0, 1, 0);
	park_next(f, head);
	buf = fixture_buf(f, 5);
	fake_ring_desc(&f->ring, f->ring.desc, head, buf.gpa, buf.len,
		       VIRTQ_DESC_F_WRITE, 0);
	assert_int_equal(virtio_queue_resume(&f->queue, &f->req), 1);
	assert_int_equal(f->req.chain.writable[0].len, 5);
	assert_int_equal(virtio_queue_park(&f->queue, &f->req), 0);
	fake_ring_desc(&f->ring, f->ring.desc, head, buf.gpa, buf.len,
		       VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT, head);
	assert_int_equal(virtio_queue_resume(&f->queue, &f->req), -EPROTO);
	assert_string_equal(f->queue.error, "a loop of descriptors");
	assert_used(f, head, 0);
	virtio_queue_give_up(&f->queue, &f->req);
	assert_none_used(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(takes_nothing_before_it_is_attached),
		packed_test(takes_nothing_before_it_is_attached),
		ring_test(follows_an_indirect_table),
		packed_test(follows_an_indirect_table),
		ring_test(follows_a_table_at_the_end_of_a_chain),
		ring_test(takes_an_indirect_table_longer_than_the_queue),
		packed_test(takes_an_indirect_table_longer_than_the_queue),
		ring_test(a_bad_next_request_leaves_this_one_alone),
		ring_test(breaks_when_indirect_was_not_negotiated),
		ring_test(breaks_on_an_indirect_table_with_next),
		ring_test(breaks_on_an_empty_indirect_table),
		ring_test(breaks_on_an_indirect_table_of_an_odd_length),
		ring_test(breaks_on_an_indirect_table_that_is_too_long),
		ring_test(breaks_on_an_indirect_table_outside_memory),
		ring_test(breaks_on_an_indirect_table_that_wraps),
		ring_test(breaks_on_indirect_in_indirect),
		ring_test(breaks_on_a_loop_in_an_indirect_table),
		ring_test(breaks_on_a_next_outside_its_indirect_table),
		unmapped_test(works_in_memory_that_cannot_be_mapped),
		packed_unmapped_test(works_in_memory_that_cannot_be_mapped),
		unmapped_test(breaks_when_a_bounced_reply_cannot_be_written),
		ring_test(follows_memory_that_moves),
		packed_test(follows_memory_that_moves),
		ring_test(breaks_when_its_ring_is_taken_away),
		ring_test(a_broken_one_follows_memory_that_goes),
		packed_test(breaks_when_its_ring_is_taken_away),
		ring_test(is_whole_again_when_attached_anew),
		ring_test(resumes_the_oldest_first),
		packed_test(resumes_the_oldest_first),
		ring_test(parks_no_more_than_the_queue_holds),
		ring_test(forgets_what_was_parked_when_attached_anew),
		packed_test(forgets_what_was_parked_when_attached_anew),
		ring_test(checks_a_resumed_request_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
