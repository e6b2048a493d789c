/* SPDX-License-Identifier: MIT */
/* Which requests leave their thread to others. */
#include "tests/unit/fuse/fake_fs.h"

#include "fuse/fuse_later.h"
#include "fuse/fuse_proto.h"

static struct fuse_pace pace;
static struct fuse_ops ops;
static struct fuse_request seen;        /* the last READ's or WRITE's */
static ssize_t answer;                  /* of these */
static struct fuse_later later;

static ssize_t note_read(void *fs, const struct fuse_request *req,
			 const struct fuse_read_in *in, struct iov_tail *dst)
{
	(void)fs;
	(void)in;
	(void)dst;
	seen = *req;
	return answer;
}

static ssize_t note_write(void *fs, const struct fuse_request *req,
			  const struct fuse_write_in *in, struct iov_tail *src)
{
	(void)fs;
	(void)in;
	(void)src;
	seen = *req;
	return answer;
}

static ssize_t dispatch(struct bench *b, bool may_leave, bool timed)
{
	const struct fuse_turn turn = { &pace, may_leave, timed, &later };
	struct iov in = { b->bytes, b->len };
	/* One that goes on by itself is answered later. */
	static struct iov out;

	out = (struct iov){ b->reply, sizeof(b->reply) };
	memset(&seen, 0, sizeof(seen));
	return fuse_session_dispatch_in_turn(b->session, &turn,
					     iov_tail_init(&in, 1),
					     iov_tail_init(&out, 1));
}

/* So many quick ones that the pace is known. */
static void learn_quick(uint32_t opcode)
{
	for (unsigned i = 0; i < 50; i++)
		fuse_pace_took(&pace, opcode, 0);
}

static void begin_getattr(struct bench *b)
{
	const struct fuse_getattr_in in = { 0 };

	begin(b, FUSE_GETATTR, 1);
	add(b, &in, sizeof(in));
}

static void begin_data(struct bench *b, uint32_t opcode)
{
	const struct fuse_read_in read = { .size = 8 };
	const struct fuse_write_in write = { .size = 8 };

	begin(b, opcode, 2);
	if (opcode == FUSE_READ) {
		add(b, &read, sizeof(read));
	} else {
		add(b, &write, sizeof(write));
		add(b, "12345678", 8);
	}
}

static void slow_ones_leave_if_they_may(void **state)
{
	struct bench *b = *state;

	begin_getattr(b);
	memset(b->reply, 0xee, sizeof(b->reply));
	assert_int_equal(dispatch(b, true, false), FUSE_BLOCKS);
	/* Nothing was begun, and nothing written. */
	assert_int_equal(b->fs.len, 0);
	assert_int_equal(b->reply[0], 0xee);
	assert_true(dispatch(b, false, false) > 0);
	assert_int_not_equal(b->fs.len, 0);
}

static void quick_ones_stay(void **state)
{
	struct bench *b = *state;

	learn_quick(FUSE_GETATTR);
	begin_getattr(b);
	assert_true(dispatch(b, true, false) > 0);
}

static void their_times_are_taken_on_request(void **state)
{
	struct bench *b = *state;

	begin_getattr(b);
	for (unsigned i = 0; i < 50; i++)
		assert_true(dispatch(b, false, false) > 0);
	assert_true(fuse_pace_slow(&pace, FUSE_GETATTR));
	for (unsigned i = 0; i < 50; i++)
		assert_true(dispatch(b, false, true) > 0);
	assert_false(fuse_pace_slow(&pace, FUSE_GETATTR));
}

/* Those that the session answers itself, or that have no answer. */
static void some_never_leave(void **state)
{
	struct bench *b = *state;
	const struct fuse_forget_in forget = { 1 };
	const struct fuse_interrupt_in interrupt = { 1 };
	const struct fuse_lk_in lock = { .fh = 1 };

	begin(b, FUSE_FORGET, 2);
	add(b, &forget, sizeof(forget));
	assert_int_equal(dispatch(b, true, false), 0);
	begin(b, FUSE_INTERRUPT, 0);
	add(b, &interrupt, sizeof(interrupt));
	assert_int_equal(dispatch(b, true, false), 0);
	begin(b, FUSE_SETLKW, 2);
	add(b, &lock, sizeof(lock));
	assert_true(dispatch(b, true, false) > 0);
	begin(b, 4000, 2);
	assert_true(dispatch(b, true, false) > 0);
	begin(b, FUSE_DESTROY, 0);
	assert_true(dispatch(b, true, false) > 0);
}

static void data_is_tried(struct bench *b, uint32_t opcode)
{
	begin_data(b, opcode);
	answer = 0;
	assert_true(dispatch(b, true, false) > 0);
	assert_true(seen.nowait);
	assert_true(seen.slow);
	learn_quick(opcode);
	assert_true(dispatch(b, true, false) > 0);
	assert_true(seen.nowait);
	assert_false(seen.slow);
	assert_true(dispatch(b, false, false) > 0);
	assert_false(seen.nowait);
	/* It says that it would block, which is no time that it took. */
	answer = FUSE_BLOCKS;
	memset(b->reply, 0xee, sizeof(b->reply));
	assert_int_equal(dispatch(b, true, true), FUSE_BLOCKS);
	assert_int_equal(b->reply[0], 0xee);
}

static void reads_and_writes_are_tried(void **state)
{
	data_is_tried(*state, FUSE_READ);
	data_is_tried(*state, FUSE_WRITE);
}

/* The reply is made when its end is told, and not before. */
static struct fuse_out_header go_on(struct bench *b, uint32_t opcode, ssize_t n)
{
	struct fuse_out_header out;
	ssize_t len;

	begin_data(b, opcode);
	answer = FUSE_GOES_ON;
	memset(b->reply, 0xee, sizeof(b->reply));
	assert_int_equal(dispatch(b, true, true), FUSE_GOES_ON);
	assert_ptr_equal(seen.later, &later);
	assert_int_equal(b->reply[0], 0xee);
	len = fuse_later_end(&later, n);
	memcpy(&out, b->reply, sizeof(out));
	assert_int_equal(out.len, len);
	assert_int_equal(out.unique, seen.unique);
	return out;
}

static void some_go_on_by_themselves(void **state)
{
	struct bench *b = *state;
	struct fuse_out_header out = go_on(b, FUSE_READ, 8);
	struct fuse_write_out written;

	assert_int_equal(out.error, 0);
	assert_int_equal(out.len, sizeof(out) + 8);
	out = go_on(b, FUSE_WRITE, 5);
	assert_int_equal(out.error, 0);
	assert_int_equal(out.len, sizeof(out) + sizeof(written));
	memcpy(&written, b->reply + sizeof(out), sizeof(written));
	assert_int_equal(written.size, 5);
	for (unsigned i = 0; i < 2; i++) {
		out = go_on(b, i ? FUSE_READ : FUSE_WRITE, -LX_ENOSPC);
		assert_int_equal(out.error, -LX_ENOSPC);
		assert_int_equal(out.len, sizeof(out));
	}
	/* No time was taken: it is what it was. */
	assert_true(fuse_pace_slow(&pace, FUSE_READ));
}

/* The gate does not wait for it. */
static void others_may_end_the_session_meanwhile(void **state)
{
	struct bench *b = *state;

	begin_data(b, FUSE_READ);
	answer = FUSE_GOES_ON;
	assert_int_equal(dispatch(b, true, false), FUSE_GOES_ON);
	fuse_session_reset(b->session);
	assert_int_equal(fuse_later_end(&later, 8),
			 sizeof(struct fuse_out_header) + 8);
}

static void who_may_not_leave_stays(void **state)
{
	struct bench *b = *state;

	begin_data(b, FUSE_READ);
	answer = 8;
	assert_true(dispatch(b, false, false) > 0);
	assert_null(seen.later);
}

static int setup(void **state)
{
	struct bench *b = bench_new();

	ops = fake_fs_ops;
	ops.read = note_read;
	ops.write = note_write;
	fuse_session_free(b->session);
	b->session = fuse_session_new(&ops, &b->fs, &b->log);
	assert_non_null(b->session);
	assert_int_equal(send_init(b, FUSE_KERNEL_VERSION,
				   FUSE_KERNEL_MINOR_VERSION, 0), 0);
	b->fs.len = 0;
	fuse_pace_init(&pace);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench_free(*state);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(slow_ones_leave_if_they_may),
		TEST(quick_ones_stay),
		TEST(their_times_are_taken_on_request),
		TEST(some_never_leave),
		TEST(reads_and_writes_are_tried),
		TEST(some_go_on_by_themselves),
		TEST(others_may_end_the_session_meanwhile),
		TEST(who_may_not_leave_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
