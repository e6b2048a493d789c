/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio/ring_fixture.h"

/* The request tests need a reader that is inside, but no ring. */
static void begin(struct ring_fixture *f)
{
	virtio_queue_enter(&f->queue);
	virtio_request_begin(&f->req, 7);
}

static void lists_readable_pieces_before_writable_ones(void **state)
{
	struct ring_fixture *f = *state;
	struct virtio_request *r = &f->req;

	begin(f);
	assert_null(virtio_request_add(r, RAM_GPA + 100, 10, false));
	assert_null(virtio_request_add(r, RAM_GPA + 300, 30, false));
	assert_null(virtio_request_add(r, RAM_GPA + 500, 50, true));
	virtio_request_ready(r);
	assert_int_equal(r->id, 7);
	assert_int_equal(r->chain.readable_count, 2);
	assert_int_equal(r->chain.writable_count, 1);
	assert_ptr_equal(r->chain.readable[0].base, f->ram.base + 100);
	assert_ptr_equal(r->chain.readable[1].base, f->ram.base + 300);
	assert_int_equal(r->chain.readable[1].len, 30);
	assert_ptr_equal(r->chain.writable[0].base, f->ram.base + 500);
	assert_int_equal(r->chain.writable[0].len, 50);
}

static void joins_neighbours_but_not_across_directions(void **state)
{
	struct ring_fixture *f = *state;
	struct virtio_request *r = &f->req;

	begin(f);
	assert_null(virtio_request_add(r, RAM_GPA, 10, false));
	assert_null(virtio_request_add(r, RAM_GPA + 10, 20, false));
	assert_null(virtio_request_add(r, RAM_GPA + 30, 40, true));
	virtio_request_ready(r);
	assert_int_equal(r->chain.readable_count, 1);
	assert_int_equal(r->chain.readable[0].len, 30);
	assert_int_equal(r->chain.writable_count, 1);
	assert_int_equal(r->chain.writable[0].len, 40);
}

static void leaves_out_empty_buffers(void **state)
{
	struct ring_fixture *f = *state;
	struct virtio_request *r = &f->req;

	begin(f);
	assert_null(virtio_request_add(r, NOWHERE, 0, false));
	assert_null(virtio_request_add(r, UINT64_MAX, 0, true));
	virtio_request_ready(r);
	assert_int_equal(r->chain.readable_count, 0);
	assert_int_equal(r->chain.writable_count, 0);
}

static void splits_a_buffer_that_spans_two_ranges(void **state)
{
	struct ring_fixture *f = *state;
	struct virtio_request *r = &f->req;
	static uint8_t other[4096];

	assert_int_equal(gmem_add(&f->mem, RAM_GPA + RAM_SIZE, sizeof(other),
				  other, GMEM_READ | GMEM_WRITE), 0);
	begin(f);
	assert_null(virtio_request_add(r, RAM_GPA + RAM_SIZE - 16, 48, true));
	virtio_request_ready(r);
	assert_int_equal(r->chain.writable_count, 2);
	assert_ptr_equal(r->chain.writable[0].base,
			 f->ram.base + RAM_SIZE - 16);
	assert_int_equal(r->chain.writable[0].len, 16);
	assert_ptr_equal(r->chain.writable[1].base, other);
	assert_int_equal(r->chain.writable[1].len, 32);
}

static void refuses_what_is_nowhere(void **state)
{
	struct ring_fixture *f = *state;

	begin(f);
	assert_string_equal(virtio_request_add(&f->req, NOWHERE, 8, false),
			    "a buffer is outside guest memory");
	begin(f);
	assert_string_equal(virtio_request_add(&f->req, RAM_GPA + RAM_SIZE - 8,
					       9, true),
			    "a buffer is outside guest memory");
}

static void refuses_to_write_to_read_only_memory(void **state)
{
	struct ring_fixture *f = *state;
	static uint8_t rom[64];

	assert_int_equal(gmem_add(&f->mem, 0x1000, sizeof(rom), rom,
				  GMEM_READ), 0);
	begin(f);
	assert_null(virtio_request_add(&f->req, 0x1000, 64, false));
	assert_string_equal(virtio_request_add(&f->req, 0x1000, 64, true),
			    "a buffer is outside guest memory");
}

static void refuses_readable_after_writable(void **state)
{
	struct ring_fixture *f = *state;

	begin(f);
	assert_null(virtio_request_add(&f->req, RAM_GPA, 8, true));
	assert_string_equal(virtio_request_add(&f->req, RAM_GPA, 8, false),
			    "a readable descriptor after a writable one");
}

static void refuses_a_buffer_that_wraps(void **state)
{
	struct ring_fixture *f = *state;

	begin(f);
	assert_string_equal(virtio_request_add(&f->req, UINT64_MAX - 7, 9,
					       false),
			    "a buffer wraps around the end of memory");
}

static void refuses_a_total_of_4_gib(void **state)
{
	struct ring_fixture *f = *state;
	unsigned n = 0;

	begin(f);
	while (n < 512) {
		assert_null(virtio_request_add(&f->req, RAM_GPA,
					       RAM_SIZE - 1, true));
		n++;
	}
	assert_null(virtio_request_add(&f->req, RAM_GPA, 511, true));
	assert_string_equal(virtio_request_add(&f->req, RAM_GPA, 1, true),
			    "the buffers are longer than 2^32 - 1 bytes");
}

static void refuses_too_many_pieces(void **state)
{
	struct ring_fixture *f = *state;

	begin(f);
	for (unsigned i = 0; i < VIRTIO_PIECES_MAX; i++)
		assert_null(virtio_request_add(&f->req, RAM_GPA + 2 * i, 1,
					       false));
	assert_string_equal(virtio_request_add(&f->req, RAM_GPA, 1, false),
			    "the buffers are in too many pieces");
}

static void bounces_what_cannot_be_mapped(void **state)
{
	struct ring_fixture *f = *state;
	struct virtio_request *r = &f->req;

	memcpy(f->ram.base, "request", 7);
	begin(f);
	assert_null(virtio_request_add(r, RAM_GPA, 7, false));
	assert_null(virtio_request_add(r, RAM_GPA + 100, 4, true));
	assert_null(virtio_request_add(r, RAM_GPA + 200, 8, true));
	virtio_request_ready(r);
	assert_memory_equal(r->chain.readable[0].base, "request", 7);
	/* Neighbours in the bounce buffer, so one piece. */
	assert_int_equal(r->chain.writable_count, 1);
	assert_int_equal(r->chain.writable[0].len, 12);
	memcpy(r->chain.writable[0].base, "abcdefghijkl", 12);
	assert_int_equal(virtio_request_finish(r, 7), 0);
	assert_memory_equal(f->ram.base + 100, "abcd", 4);
	/* Only what was used arrives. */
	assert_memory_equal(f->ram.base + 200, "efg\0\0\0\0\0", 8);
}

/* The buffer is large: of several requests, those that use it have one. */
static void hands_its_bounce_buffer_on(void **state)
{
	struct ring_fixture *f = *state;
	struct virtio_request *r = &f->req, other;

	assert_int_equal(virtio_request_init(&other, &f->mem,
					     &f->queue.reader), 0);
	begin(f);
	assert_false(virtio_request_bounces(r));
	assert_null(virtio_request_add(r, RAM_GPA, 7, true));
	assert_true(virtio_request_bounces(r));
	begin(f);
	assert_false(virtio_request_bounces(r));
	assert_non_null(r->bounce);
	virtio_request_hand_on(r, &other);
	assert_null(r->bounce);
	assert_non_null(other.bounce);
	/* Who has one keeps it. */
	assert_null(virtio_request_add(r, RAM_GPA, 7, true));
	begin(f);
	virtio_request_hand_on(r, &other);
	assert_non_null(r->bounce);
	virtio_request_done(&other);
}

static void bounces_only_what_is_not_mapped(void **state)
{
	struct ring_fixture *f = *state;
	struct virtio_request *r = &f->req;
	static uint8_t mapped[64];

	assert_int_equal(gmem_add(&f->mem, 0x1000, sizeof(mapped), mapped,
				  GMEM_READ | GMEM_WRITE), 0);
	begin(f);
	assert_null(virtio_request_add(r, 0x1000, 64, true));
	assert_null(virtio_request_add(r, RAM_GPA, 4, true));
	virtio_request_ready(r);
	assert_int_equal(r->chain.writable_count, 2);
	assert_ptr_equal(r->chain.writable[0].base, mapped);
	memcpy(r->chain.writable[1].base, "tail", 4);
	assert_int_equal(virtio_request_finish(r, 67), 0);
	assert_memory_equal(f->ram.base, "tai\0", 4);
}

static void says_when_bounced_memory_is_not_there(void **state)
{
	struct ring_fixture *f = *state;

	begin(f);
	assert_string_equal(virtio_request_add(&f->req, NOWHERE, 8, false),
			    "a buffer is outside guest memory");
	begin(f);
	assert_null(virtio_request_add(&f->req, NOWHERE, 8, true));
	assert_int_equal(virtio_request_finish(&f->req, 0), 0);
	assert_int_equal(virtio_request_finish(&f->req, 1), -EFAULT);
}

static void bounds_what_is_bounced(void **state)
{
	struct ring_fixture *f = *state;

	begin(f);
	assert_null(virtio_request_add(&f->req, RAM_GPA, VIRTIO_BOUNCE_MAX,
				       true));
	assert_string_equal(virtio_request_add(&f->req, RAM_GPA, 1, true),
			    "too much in memory that cannot be mapped");
	/* The next request has all of it again. */
	begin(f);
	assert_null(virtio_request_add(&f->req, RAM_GPA, VIRTIO_BOUNCE_MAX,
				       true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ring_test(lists_readable_pieces_before_writable_ones),
		ring_test(joins_neighbours_but_not_across_directions),
		ring_test(leaves_out_empty_buffers),
		ring_test(splits_a_buffer_that_spans_two_ranges),
		ring_test(refuses_what_is_nowhere),
		ring_test(refuses_to_write_to_read_only_memory),
		ring_test(refuses_readable_after_writable),
		ring_test(refuses_a_buffer_that_wraps),
		ring_test(refuses_a_total_of_4_gib),
		ring_test(refuses_too_many_pieces),
		unmapped_test(bounces_what_cannot_be_mapped),
		unmapped_test(hands_its_bounce_buffer_on),
		unmapped_test(bounces_only_what_is_not_mapped),
		unmapped_test(says_when_bounced_memory_is_not_there),
		unmapped_test(bounds_what_is_bounced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
