/* SPDX-License-Identifier: MIT */
/* What is written to guest memory is logged, and nothing else. */
#include "tests/unit/virtio/ring_fixture.h"

#define PAGE 4096u
#define BITS ((RAM_GPA + RAM_SIZE) / PAGE)
#define ELSEWHERE (UINT64_C(3) << 30)   /* log address of a used ring */

static uint8_t bits[BITS / 8];

static void set_log(struct ring_fixture *f, bool on)
{
	const struct gmem_log log = { bits, sizeof(bits), -1 };

	memset(bits, 0, sizeof(bits));
	assert_int_equal(gmem_set_log(&f->mem, on ? &log : NULL), 0);
}

/* Page `gpa` is marked; the mark is taken away. */
static bool take_mark(uint64_t gpa)
{
	uint64_t page = gpa / PAGE;
	bool marked = bits[page / 8] >> page % 8 & 1;

	bits[page / 8] &= (uint8_t)~(1u << page % 8);
	return marked;
}

static void assert_no_other_marks(void)
{
	for (size_t i = 0; i < sizeof(bits); i++)
		assert_int_equal(bits[i], 0);
}

/* A ring whose areas are on pages of their own, logged at `device_log`. */
static void attach(struct ring_fixture *f, uint64_t features, bool logged,
		   uint64_t device_log)
{
	const uint64_t page[3] = {
		fake_ram_alloc(&f->ram, PAGE, PAGE),
		fake_ram_alloc(&f->ram, PAGE, PAGE),
		fake_ram_alloc(&f->ram, PAGE, PAGE),
	};
	struct virtio_queue_regs regs;
	bool event_idx = features & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);

	if (f->format)
		fake_ring_init_packed(&f->ring, &f->ram, 8, event_idx);
	else
		fake_ring_init(&f->ring, &f->ram, 8, event_idx);
	f->ring.desc = page[0];
	f->ring.avail = page[1];
	f->ring.used = page[2];
	regs = fixture_regs(f);
	regs.logged = logged;
	regs.log = device_log ? device_log : page[2];
	virtio_queue_attach(&f->queue, &regs, features | f->format);
	virtio_queue_enter(&f->queue);
}

static struct fake_buf pages(struct ring_fixture *f, unsigned n)
{
	return (struct fake_buf){
		fake_ram_alloc(&f->ram, (size_t)n * PAGE, PAGE), n * PAGE
	};
}

/* One round trip of a chain with these buffers. */
static void round_trip(struct ring_fixture *f, const struct fake_buf *buf,
		       size_t readable, size_t writable, uint32_t used)
{
	(void)fake_ring_add(&f->ring, buf, readable, writable, 0);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, used), 0);
	virtio_queue_publish(&f->queue);
}

static void logs_what_was_used_of_a_chain(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf[3];

	set_log(f, true);
	attach(f, PLAIN, false, 0);
	for (unsigned i = 0; i < 3; i++)
		buf[i] = pages(f, 2);
	round_trip(f, buf, 1, 2, 2 * PAGE + 1);
	assert_false(take_mark(buf[0].gpa));
	assert_true(take_mark(buf[1].gpa));
	assert_true(take_mark(buf[1].gpa + PAGE));
	assert_true(take_mark(buf[2].gpa));
	assert_no_other_marks();

	round_trip(f, buf, 1, 2, 16);
	assert_true(take_mark(buf[1].gpa));
	round_trip(f, buf, 1, 2, 0);
	round_trip(f, buf, 1, 0, 0);
	assert_no_other_marks();
}

/* Whatever the device makes of its pieces meanwhile. */
static void logs_by_guest_addresses(void **state)
{
	struct ring_fixture *f = *state;
	static uint8_t other[4096];
	const struct fake_buf buf = { RAM_GPA + RAM_SIZE - 16, 48 };

	assert_int_equal(gmem_add(&f->mem, RAM_GPA + RAM_SIZE, sizeof(other),
				  other, GMEM_READ | GMEM_WRITE), 0);
	set_log(f, true);
	attach(f, PLAIN, false, 0);
	(void)fake_ring_add(&f->ring, &buf, 0, 1, 0);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	memset(f->req.chain.writable, 0,
	       f->req.chain.writable_count * sizeof(struct iov));
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, 48), 0);
	/* The page behind it has no bit. */
	assert_true(take_mark(RAM_GPA + RAM_SIZE - 16));
	assert_no_other_marks();
}

static void logs_an_indirect_table_s_buffers(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf[2];
	uint64_t table;

	set_log(f, true);
	attach(f, INDIRECT, false, 0);
	buf[0] = pages(f, 1);
	buf[1] = pages(f, 1);
	table = fake_ram_alloc(&f->ram, PAGE, PAGE);
	(void)fake_ring_add(&f->ring, buf, 1, 1, table);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, 9), 0);
	assert_true(take_mark(buf[1].gpa));
	assert_no_other_marks();
}

static void logs_nothing_without_a_log(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	set_log(f, false);
	attach(f, EVENT_IDX, true, 0);
	buf = pages(f, 1);
	assert_true(virtio_queue_arm(&f->queue));
	round_trip(f, &buf, 0, 1, 9);
	assert_no_other_marks();
}

/* What was popped before there was a log was not written before, either. */
static void follows_a_log_that_comes_and_goes(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	attach(f, PLAIN, true, 0);
	buf = pages(f, 1);
	for (unsigned i = 0; i < 6; i++) {
		virtio_queue_leave(&f->queue);
		set_log(f, i % 2);
		virtio_queue_enter(&f->queue);
		round_trip(f, &buf, 0, 1, 9);
		assert_int_equal(take_mark(buf.gpa), i % 2);
		assert_int_equal(take_mark(f->ring.used), i % 2);
		assert_no_other_marks();
	}
}

static void logs_bounced_memory(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	set_log(f, true);
	attach(f, PLAIN, true, 0);
	buf = pages(f, 1);
	round_trip(f, &buf, 0, 1, 9);
	assert_true(take_mark(buf.gpa));
	assert_true(take_mark(f->ring.used));
	assert_no_other_marks();
}

/* ---- the ring ---------------------------------------------------------- */

static void logs_the_ring_only_if_it_is_to(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	set_log(f, true);
	attach(f, EVENT_IDX, false, 0);
	buf = pages(f, 1);
	assert_true(virtio_queue_arm(&f->queue));
	round_trip(f, &buf, 0, 1, 9);
	assert_true(take_mark(buf.gpa));
	assert_no_other_marks();
}

static void logs_the_used_ring(void **state)
{
	struct ring_fixture *f = *state;
	struct fake_buf buf;

	set_log(f, true);
	attach(f, EVENT_IDX, true, 0);
	buf = pages(f, 1);
	(void)fake_ring_add(&f->ring, &buf, 0, 1, 0);
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), 1);
	assert_no_other_marks();
	assert_int_equal(virtio_queue_push(&f->queue, &f->req, 0), 0);
	assert_true(take_mark(f->ring.used));
	virtio_queue_publish(&f->queue);
	assert_true(take_mark(f->ring.used));
	/* avail_event is in it, too. */
	assert_true(virtio_queue_arm(&f->queue));
	assert_true(take_mark(f->ring.used));
	assert_no_other_marks();
}

static void logs_the_used_ring_by_its_log_address(void **state)
{
	struct ring_fixture *f = *state;
	const uint64_t log = RAM_GPA + 100 * PAGE - 4;
	struct fake_buf buf;

	set_log(f, true);
	attach(f, PLAIN, true, log);
	buf = pages(f, 1);
	round_trip(f, &buf, 0, 1, 0);
	/* The index is before the end of a page, the elements after it. */
	assert_true(take_mark(log));
	assert_true(take_mark(log + 4));
	assert_no_other_marks();

	/* An address beyond the log is logged nowhere. */
	virtio_queue_leave(&f->queue);
	attach(f, PLAIN, true, ELSEWHERE);
	round_trip(f, &buf, 0, 1, 0);
	assert_no_other_marks();
}

static void logs_the_descriptors_of_a_packed_ring(void **state)
{
	struct ring_fixture *f = *state;
	const uint64_t log = RAM_GPA + 100 * PAGE;
	struct fake_buf buf;

	set_log(f, true);
	attach(f, EVENT_IDX, true, log);
	buf = pages(f, 1);
	round_trip(f, &buf, 0, 1, 9);
	assert_true(take_mark(buf.gpa));
	assert_true(take_mark(f->ring.desc));
	assert_no_other_marks();
	assert_true(virtio_queue_arm(&f->queue));
	assert_true(take_mark(log));
	assert_no_other_marks();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(logs_what_was_used_of_a_chain),
		packed_test(logs_what_was_used_of_a_chain),
		ring_test(logs_by_guest_addresses),
		ring_test(logs_an_indirect_table_s_buffers),
		packed_test(logs_an_indirect_table_s_buffers),
		ring_test(logs_nothing_without_a_log),
		packed_test(logs_nothing_without_a_log),
		ring_test(follows_a_log_that_comes_and_goes),
		unmapped_test(logs_bounced_memory),
		ring_test(logs_the_ring_only_if_it_is_to),
		packed_test(logs_the_ring_only_if_it_is_to),
		ring_test(logs_the_used_ring),
		ring_test(logs_the_used_ring_by_its_log_address),
		packed_test(logs_the_descriptors_of_a_packed_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
