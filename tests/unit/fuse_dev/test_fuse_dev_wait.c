/* SPDX-License-Identifier: MIT */
/* Replies that come later; a socket stands for /dev/fuse. */
#include "fuse/dev/fuse_dev_wait.h"

#include "common/bytes.h"
#include "lxutil/lx.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define PATIENCE_MS 20000               /* for what must come */

struct fixture {
	struct log log;
	struct fuse_session *session;
	struct fuse_dev_waits waits;
	int fd[2];                      /* the transport's, and the kernel's */
	atomic_bool taken;              /* what setlk() finds */
	atomic_uint tries;
	atomic_uint threads;
	char order[64];                 /* owners, as they got the lock */
	unsigned order_len;
};

static struct fixture fixture;

static int setlk(void *fs, const struct fuse_request *req,
		 const struct fuse_lk_in *in)
{
	struct fixture *f = fs;

	(void)req;
	atomic_fetch_add(&f->tries, 1);
	if (atomic_load(&f->taken))
		return -LX_EAGAIN;
	if (f->order_len < sizeof(f->order))
		f->order[f->order_len++] = (char)in->owner;
	return 0;
}

static void thread_init(void)
{
	atomic_fetch_add(&fixture.threads, 1);
}

static const struct fuse_ops ops = { .setlk = setlk };

struct request {
	struct fuse_in_header head;
	union {
		struct fuse_init_in init;
		struct fuse_lk_in lk;
		struct fuse_interrupt_in interrupt;
	} args;
	uint8_t more[100];
};

static ssize_t dispatch(struct fixture *f, struct request *r, uint32_t opcode,
			uint64_t unique, size_t args)
{
	uint8_t reply[200];
	const struct iov in = { r, sizeof(r->head) + args };
	const struct iov out = { reply, sizeof(reply) };

	r->head.opcode = opcode;
	r->head.unique = unique;
	r->head.len = (uint32_t)in.len;
	return fuse_session_dispatch(f->session, iov_tail_init(&in, 1),
				     iov_tail_init(&out, 1));
}

/* As a thread of fuse_dev.c does it. */
static void lock_with(struct fixture *f, uint64_t unique, size_t args)
{
	struct request r = { .args.lk.owner = unique };

	assert_int_equal(dispatch(f, &r, FUSE_SETLKW, unique, args), FUSE_WAIT);
	fuse_dev_waits_add(&f->waits, f->fd[0], &r, r.head.len);
}

static void lock(struct fixture *f, uint64_t unique)
{
	lock_with(f, unique, sizeof(struct fuse_lk_in));
}

static void expect_reply(struct fixture *f, uint64_t unique, int error)
{
	struct pollfd p = { .fd = f->fd[1], .events = POLLIN };
	struct fuse_out_header h;

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(read(f->fd[1], &h, sizeof(h)), sizeof(h));
	assert_int_equal(h.len, sizeof(h));
	assert_int_equal(h.unique, unique);
	assert_int_equal(h.error, error);
}

static void expect_no_reply(struct fixture *f, int ms)
{
	struct pollfd p = { .fd = f->fd[1], .events = POLLIN };

	assert_int_equal(poll(&p, 1, ms), 0);
}

static void await_tries(struct fixture *f, unsigned n)
{
	for (int i = 0; atomic_load(&f->tries) < n && i < PATIENCE_MS; i++)
		poll(NULL, 0, 1);
	assert_true(atomic_load(&f->tries) >= n);
}

static int setup(void **state)
{
	struct request r = { .args.init = { .major = 7, .minor = 38 } };
	struct fixture *f = &fixture;

	memset(f, 0, sizeof(*f));
	atomic_store(&f->taken, true);
	log_init(&f->log, -1);
	/* Records, as /dev/fuse has them. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, f->fd), 0);
	f->session = fuse_session_new(&ops, f, &f->log);
	assert_non_null(f->session);
	assert_true(dispatch(f, &r, FUSE_INIT, 1,
			     sizeof(struct fuse_init_in)) > 0);
	fuse_dev_waits_init(&f->waits, f->session, thread_init, &f->log);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fuse_session_free(f->session);
	log_done(&f->log);
	close(f->fd[0]);
	close(f->fd[1]);
	return 0;
}

static void replies_when_the_lock_is_free(void **state)
{
	struct fixture *f = *state;

	lock(f, 7);
	await_tries(f, 10);
	expect_no_reply(f, 0);
	atomic_store(&f->taken, false);
	expect_reply(f, 7, 0);
	/* Once, and the thread is ready for the next one. */
	expect_no_reply(f, 2 * FUSE_WAIT_MAX_MS);
	atomic_store(&f->taken, true);
	lock(f, 8);
	atomic_store(&f->taken, false);
	expect_reply(f, 8, 0);
	fuse_dev_waits_done(&f->waits);
	assert_int_equal(atomic_load(&f->threads), 1);
	assert_int_equal(f->waits.count, 0);
}

static void serves_the_first_first(void **state)
{
	struct fixture *f = *state;

	for (char c = 'a'; c < 'k'; c++)
		lock(f, (uint64_t)c);
	await_tries(f, 50);
	atomic_store(&f->taken, false);
	for (char c = 'a'; c < 'k'; c++) {
		struct pollfd p = { .fd = f->fd[1], .events = POLLIN };
		struct fuse_out_header h;

		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		assert_int_equal(read(f->fd[1], &h, sizeof(h)), sizeof(h));
		assert_int_equal(h.error, 0);
	}
	fuse_dev_waits_done(&f->waits);
	assert_int_equal(f->order_len, 10);
	/* It may become free amid a round: whence on, all are in order. */
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(f->order[i],
				 'a' + (f->order[0] - 'a' + i) % 10);
}

static void an_interrupt_gets_through(void **state)
{
	struct request r = { .args.interrupt.unique = 8 };
	struct fixture *f = *state;

	for (uint64_t unique = 7; unique < 10; unique++)
		lock(f, unique);
	assert_int_equal(dispatch(f, &r, FUSE_INTERRUPT, 3,
				  sizeof(r.args.interrupt)), 0);
	expect_reply(f, 8, -LX_EINTR);
	expect_no_reply(f, 2 * FUSE_WAIT_MAX_MS);
	fuse_dev_waits_done(&f->waits);
	assert_int_equal(f->waits.count, 2);
}

static void tells_that_the_mount_has_been_reset(void **state)
{
	struct fixture *f = *state;

	lock(f, 7);
	fuse_session_reset(f->session);
	expect_reply(f, 7, -LX_EIO);
	fuse_dev_waits_done(&f->waits);
}

/* The mount is gone: those that wait are, too, and nothing hangs. */
static void ends_with_the_mount(void **state)
{
	struct fixture *f = *state;

	for (uint64_t unique = 1; unique < 100; unique++)
		lock(f, unique);
	fuse_dev_waits_done(&f->waits);
	expect_no_reply(f, 0);
}

static void ends_without_ever_having_waited(void **state)
{
	struct fixture *f = *state;

	fuse_dev_waits_done(&f->waits);
	assert_int_equal(atomic_load(&f->threads), 0);
}

static void takes_requests_of_any_length_that_it_holds(void **state)
{
	const size_t most = FUSE_DEV_WAIT_REQUEST_MAX -
			    sizeof(struct fuse_in_header);
	struct fixture *f = *state;

	lock_with(f, 7, most);
	expect_no_reply(f, 10);
	lock_with(f, 8, most + 1);
	expect_reply(f, 8, -LX_EINVAL);
	atomic_store(&f->taken, false);
	expect_reply(f, 7, 0);
	fuse_dev_waits_done(&f->waits);
}

static void limits_how_many_wait(void **state)
{
	const struct request r = { .head.unique = 5000 };
	struct fixture *f = *state;

	/* The session takes fewer; a count is as good as that many. */
	f->waits.count = FUSE_DEV_WAITS_MAX;
	fuse_dev_waits_add(&f->waits, f->fd[0], &r, sizeof(r.head));
	expect_reply(f, 5000, -LX_ENOLCK);
	fuse_dev_waits_done(&f->waits);
	assert_int_equal(atomic_load(&f->threads), 0);
}

#define wait_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		wait_test(replies_when_the_lock_is_free),
		wait_test(serves_the_first_first),
		wait_test(an_interrupt_gets_through),
		wait_test(tells_that_the_mount_has_been_reset),
		wait_test(ends_with_the_mount),
		wait_test(ends_without_ever_having_waited),
		wait_test(takes_requests_of_any_length_that_it_holds),
		wait_test(limits_how_many_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
