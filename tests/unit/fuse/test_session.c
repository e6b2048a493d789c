/* SPDX-License-Identifier: MIT */
#include "tests/unit/fuse/fake_fs.h"

#include "fuse/fuse_wait.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static void answers_eio_until_init(void **state)
{
	const struct fuse_forget_in forget = { .nlookup = 1 };
	struct bench *b = bench_new();

	(void)state;
	for (uint32_t op = 0; op < 100; op++) {
		if (op == FUSE_FORGET || op == FUSE_BATCH_FORGET ||
		    op == FUSE_INTERRUPT || op == FUSE_INIT)
			continue;
		begin(b, op, 1);
		assert_int_equal(send_request(b), -LX_EIO);
	}
	begin_with(b, FUSE_FORGET, 1, &forget);
	assert_int_equal(send_in_pieces(b, 0, 100), 0);
	assert_string_equal(calls(b), "");
	bench_free(b);
}

static void refuses_a_second_init(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	assert_int_equal(send_init(b, 7, 38, 0), -LX_EIO);
	assert_int_equal(send_init(b, 8, 0, 0), -LX_EIO);
	assert_string_equal(calls(b), "");
	begin(b, FUSE_STATFS, 1);
	assert_int_equal(send_request(b), 0);
	bench_free(b);
}

static void starts_again_after_destroy(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	for (int i = 0; i < 3; i++) {
		begin(b, FUSE_DESTROY, 0);
		assert_int_equal(send_request(b), 0);
		assert_string_equal(calls(b), "destroy;");
		assert_int_equal(send_request(b), -LX_EIO);
		begin(b, FUSE_STATFS, 1);
		assert_int_equal(send_request(b), -LX_EIO);
		assert_string_equal(calls(b), "");
		assert_int_equal(send_init(b, 7, 40, 0), 0);
		assert_string_equal(calls(b), "init 7.40;");
		begin(b, FUSE_STATFS, 1);
		assert_int_equal(send_request(b), 0);
		calls(b);
	}
	bench_free(b);
}

static void closes_on_reset(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	fuse_session_reset(b->session);
	assert_string_equal(calls(b), "destroy;");
	fuse_session_reset(b->session);
	assert_string_equal(calls(b), "");
	assert_int_equal(send_init(b, 7, 40, 0), 0);
	calls(b);
	fuse_session_free(b->session);
	assert_string_equal(calls(b), "destroy;");
	b->session = NULL;
	bench_free(b);
}

/* DESTROY without room for its reply has not been done. */
static void does_not_end_without_a_reply(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	begin(b, FUSE_DESTROY, 0);
	assert_int_equal(send_in_pieces(b, 15, 100), -LX_EINVAL);
	assert_string_equal(calls(b), "");
	begin(b, FUSE_STATFS, 1);
	assert_int_equal(send_request(b), 0);
	bench_free(b);
}

/* ---- locks that wait -------------------------------------------------- */

/* A SETLKW of this number; the length of the reply, or FUSE_WAIT. */
static ssize_t lock(struct bench *b, uint64_t unique)
{
	const struct fuse_lk_in in = { .owner = unique, .lk.type = 1 };

	begin_with(b, FUSE_SETLKW, 9, &in);
	b->request->unique = unique;
	return send_in_pieces(b, 50, 7);
}

static void interrupt(struct bench *b, uint64_t unique)
{
	const struct fuse_interrupt_in in = { .unique = unique };

	begin_with(b, FUSE_INTERRUPT, 0, &in);
	/* No reply, with room for one or without. */
	assert_int_equal(send_in_pieces(b, unique % 2 ? 0 : 100, 7), 0);
}

static void answers_a_lock_when_it_is_free(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	b->fs.rc = -LX_EAGAIN;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(lock(b, 70), FUSE_WAIT);
		assert_string_equal(calls(b), "setlk 9 0 70 0-0 1 0;");
	}
	b->fs.rc = 0;
	assert_int_equal(lock(b, 70), 16);
	assert_int_equal(b->head.error, 0);
	/* Nothing of it is left: the next one of that number is not it. */
	b->fs.rc = -LX_EAGAIN;
	interrupt(b, 72);
	assert_int_equal(lock(b, 70), FUSE_WAIT);
	bench_free(b);
}

static void an_interrupt_ends_the_wait_for_a_lock(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	b->fs.rc = -LX_EAGAIN;
	for (uint64_t unique = 71; unique < 75; unique++)
		assert_int_equal(lock(b, unique), FUSE_WAIT);
	interrupt(b, 72);
	assert_int_equal(lock(b, 71), FUSE_WAIT);
	calls(b);
	assert_int_equal(lock(b, 72), 16);
	assert_int_equal(b->head.error, -LX_EINTR);
	assert_string_equal(calls(b), "setlk 9 0 72 0-0 1 0;dropped 9 72;");
	assert_int_equal(lock(b, 73), FUSE_WAIT);
	/* Of one that is not known (yet). */
	interrupt(b, 99);
	assert_int_equal(lock(b, 99), 16);
	assert_int_equal(b->head.error, -LX_EINTR);
	/* A lock that is free is taken all the same, as fcntl(2) may. */
	interrupt(b, 73);
	b->fs.rc = 0;
	assert_int_equal(lock(b, 73), 16);
	assert_int_equal(b->head.error, 0);
	bench_free(b);
}

static void an_interrupt_of_something_else_is_nothing(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	for (uint64_t unique = 0; unique < 1000; unique++)
		interrupt(b, unique);
	begin(b, FUSE_STATFS, 1);
	b->request->unique = 999;
	assert_int_equal(send_request(b), 0);
	begin(b, FUSE_INTERRUPT, 0);
	assert_int_equal(send_in_pieces(b, 100, 7), 0);
	bench_free(b);
}

static void a_new_mount_knows_no_interrupts(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	b->fs.rc = -LX_EAGAIN;
	assert_int_equal(lock(b, 71), FUSE_WAIT);
	interrupt(b, 71);
	interrupt(b, 72);
	fuse_session_reset(b->session);
	/* What is dispatched again is told that the mount is gone. */
	assert_int_equal(lock(b, 71), 16);
	assert_int_equal(b->head.error, -LX_EIO);
	b->fs.rc = 0;
	assert_int_equal(send_init(b, 7, 38, ~0ull), 0);
	b->fs.rc = -LX_EAGAIN;
	assert_int_equal(lock(b, 71), FUSE_WAIT);
	assert_int_equal(lock(b, 72), FUSE_WAIT);
	bench_free(b);
}

static void limits_how_many_locks_wait(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	b->fs.rc = -LX_EAGAIN;
	for (uint64_t unique = 1; unique <= FUSE_WAITS_MAX; unique++) {
		assert_int_equal(lock(b, unique), FUSE_WAIT);
		calls(b);
	}
	assert_int_equal(lock(b, 5000), 16);
	assert_int_equal(b->head.error, -LX_ENOLCK);
	b->fs.rc = 0;
	assert_int_equal(lock(b, 1), 16);
	assert_int_equal(b->head.error, 0);
	b->fs.rc = -LX_EAGAIN;
	assert_int_equal(lock(b, 5000), FUSE_WAIT);
	bench_free(b);
}

/* It is no error, and no line of a log that shows errors. */
static void does_not_log_a_wait_as_an_error(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	assert_true(log_set_filter(&b->log, "fuse=debug", NULL, 0));
	b->fs.rc = -LX_EAGAIN;
	assert_int_equal(lock(b, 71), FUSE_WAIT);
	assert_string_equal(b->logged, "");
	interrupt(b, 71);
	assert_int_equal(lock(b, 71), 16);
	assert_non_null(strstr(b->logged, "SETLKW"));
	assert_non_null(strstr(b->logged, "EINTR"));
	bench_free(b);
}

/* ---- several threads -------------------------------------------------- */

/* Counts who is inside; whoever is exclusive must be alone. */
struct crowd {
	struct fuse_session *session;
	atomic_int inside;
	atomic_int exclusive;
	atomic_int most;
	atomic_int served;
	atomic_int mounts;
	atomic_bool stop;
	atomic_bool open;               /* between init() and destroy() */
	unsigned changes;               /* plain: only who is alone writes */
};

static void alone(struct crowd *crowd)
{
	assert_int_equal(atomic_fetch_add(&crowd->exclusive, 1), 0);
	assert_int_equal(atomic_load(&crowd->inside), 0);
	crowd->changes++;
	atomic_fetch_sub(&crowd->exclusive, 1);
}

static int crowd_init(void *fs, struct fuse_init_info *info)
{
	struct crowd *crowd = fs;

	(void)info;
	alone(crowd);
	assert_false(atomic_exchange(&crowd->open, true));
	atomic_fetch_add(&crowd->mounts, 1);
	return 0;
}

static void crowd_destroy(void *fs)
{
	struct crowd *crowd = fs;

	alone(crowd);
	assert_true(atomic_exchange(&crowd->open, false));
}

static int crowd_statfs(void *fs, const struct fuse_request *req,
			struct fuse_kstatfs *st)
{
	const struct timespec us = { .tv_nsec = 50000 };
	struct crowd *crowd = fs;
	int inside = atomic_fetch_add(&crowd->inside, 1) + 1;
	int most = atomic_load(&crowd->most);

	(void)req;
	st->namelen = crowd->changes;
	assert_int_equal(atomic_load(&crowd->exclusive), 0);
	assert_true(atomic_load(&crowd->open));
	while (inside > most &&
	       !atomic_compare_exchange_weak(&crowd->most, &most, inside))
		;
	nanosleep(&us, NULL);
	atomic_fetch_add(&crowd->served, 1);
	atomic_fetch_sub(&crowd->inside, 1);
	return 0;
}

static const struct fuse_ops crowd_ops = {
	.init = crowd_init,
	.destroy = crowd_destroy,
	.statfs = crowd_statfs,
};

/* One request without a bench; the result of the reply. */
static int ask(struct crowd *crowd, uint32_t opcode)
{
	struct {
		struct fuse_in_header head;
		struct fuse_init_in init;
	} in = {
		.head = { .len = sizeof(in), .opcode = opcode },
		.init = { .major = 7, .minor = 40 },
	};
	struct {
		struct fuse_out_header head;
		uint8_t body[80];
	} out;
	const struct iov from = { &in, sizeof(in) }, to = { &out, sizeof(out) };

	assert_true(fuse_session_dispatch(crowd->session,
					  iov_tail_init(&from, 1),
					  iov_tail_init(&to, 1)) >= 16);
	return out.head.error;
}

static void *keep_asking(void *arg)
{
	struct crowd *crowd = arg;

	while (!atomic_load(&crowd->stop))
		ask(crowd, FUSE_STATFS);
	return NULL;
}

static void *keep_mounting(void *arg)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	struct crowd *crowd = arg;

	while (!atomic_load(&crowd->stop)) {
		ask(crowd, FUSE_INIT);
		nanosleep(&ms, NULL);
		ask(crowd, FUSE_DESTROY);
	}
	return NULL;
}

static void keeps_init_and_destroy_apart_from_the_others(void **state)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	struct crowd crowd = { .mounts = 0 };
	pthread_t threads[6];
	struct log log;

	(void)state;
	log_init(&log, -1);
	crowd.session = fuse_session_new(&crowd_ops, &crowd, &log);
	assert_non_null(crowd.session);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						i < 4 ? keep_asking :
							keep_mounting,
						&crowd), 0);
	/* Until it has been seen, but not for ever. */
	for (int i = 0; i < 20000; i++) {
		if (atomic_load(&crowd.mounts) >= 20 &&
		    atomic_load(&crowd.served) >= 100 &&
		    atomic_load(&crowd.most) >= 2)
			break;
		nanosleep(&ms, NULL);
	}
	atomic_store(&crowd.stop, true);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	fuse_session_free(crowd.session);
	assert_false(crowd.open);
	assert_true(crowd.mounts >= 20);
	assert_true(crowd.served >= 100);
	assert_true(crowd.most >= 2);
}

static int refuse(void *fs, const struct fuse_request *req,
		  const struct fuse_access_in *in)
{
	(void)fs;
	(void)req;
	(void)in;
	return -LX_EACCES;
}

static int allow(void *fs, const struct fuse_request *req,
		 const struct fuse_access_in *in)
{
	(void)fs;
	(void)req;
	(void)in;
	return 0;
}

static void the_root_may_have_operations_of_its_own(void **state)
{
	static const struct fuse_ops root = { .access = refuse };
	static const struct fuse_ops ops = { .access = allow, .root = &root };
	const struct fuse_access_in in = { .mask = LX_R_OK };
	struct bench *b = bench_new();

	(void)state;
	fuse_session_free(b->session);
	b->session = fuse_session_new(&ops, NULL, &b->log);
	assert_non_null(b->session);
	assert_int_equal(send_init(b, 7, 45, 0), 0);
	begin_with(b, FUSE_ACCESS, FUSE_ROOT_ID, &in);
	assert_int_equal(send_request(b), -LX_EACCES);
	begin_with(b, FUSE_ACCESS, FUSE_ROOT_ID + 1, &in);
	assert_int_equal(send_request(b), 0);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_eio_until_init),
		cmocka_unit_test(refuses_a_second_init),
		cmocka_unit_test(starts_again_after_destroy),
		cmocka_unit_test(closes_on_reset),
		cmocka_unit_test(does_not_end_without_a_reply),
		cmocka_unit_test(answers_a_lock_when_it_is_free),
		cmocka_unit_test(an_interrupt_ends_the_wait_for_a_lock),
		cmocka_unit_test(an_interrupt_of_something_else_is_nothing),
		cmocka_unit_test(a_new_mount_knows_no_interrupts),
		cmocka_unit_test(limits_how_many_locks_wait),
		cmocka_unit_test(does_not_log_a_wait_as_an_error),
		cmocka_unit_test(the_root_may_have_operations_of_its_own),
		cmocka_unit_test(keeps_init_and_destroy_apart_from_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
