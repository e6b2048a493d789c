/* SPDX-License-Identifier: MIT */
/*
 * lx_async.c - by io_uring.
 *
 * The kernel is told before the ring can be used that nothing but reads and
 * writes will be asked for by it, and what to signal, so that io_uring_enter()
 * is the only call that follows.  (Kernels before 5.10 have no restrictions,
 * hence are not used.)  It belongs to no thread: a thread may take over from
 * another one that is done with it.
 *
 * The kernel completes transfers when the thread comes by, rather than by
 * interrupting it; before Linux 5.19 it interrupts.
 *
 * What a file's own ways do not let go on without waiting, the kernel does on
 * threads of its own.  As many may be hung as there are transfers, so that none
 * waits for others.
 */
#include "lxutil/lx_async.h"

#include "common/bytes.h"
#include "lxutil/linux/lx_cred.h"
#include "lxutil/linux/lx_node.h"
#include "lxutil/lx_errno.h"

#include <errno.h>
#include <limits.h>
#include <liburing.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct lx_async {
	struct io_uring uring;
	int fd;                         /* an eventfd: one has ended */
	struct event *event;            /* that watches it, or NULL */
	bool writes;                    /* among those to begin */
	bool stuck;                     /* some could not be begun */

	struct lx_reserve *reserve;     /* where it goes */
	struct lx_async *next;          /* of those that are there */
};

struct lx_reserve {
	pthread_mutex_t lock;           /* a leaf */
	struct lx_async *first;         /* protected by lock */
};

/* ---- making ------------------------------------------------------------ */

#define COOPERATIVE (IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG)
/* Fields of a transfer are read when it begins; none is lost when it ends. */
#define FEATURES (IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_NODROP)

static int set_up(struct io_uring *uring)
{
	const unsigned flags[] = { COOPERATIVE, 0 };
	int ret = -ENOSYS;

	for (unsigned i = 0; i < ARRAY_LEN(flags) && ret; i++) {
		struct io_uring_params params = {
			.flags = flags[i] | IORING_SETUP_R_DISABLED,
		};

		ret = io_uring_queue_init_params(LX_ASYNC_MAX, uring, &params);
		if (!ret && (params.features & FEATURES) != FEATURES) {
			io_uring_queue_exit(uring);
			ret = -ENOSYS;
		}
	}
	return ret;
}

/* The library of version 2.3 has functions for these two, but hides them. */
static int do_register(struct io_uring *uring, unsigned what, const void *arg,
		       unsigned count)
{
	return syscall(SYS_io_uring_register, uring->ring_fd, what, arg,
		       count) ? -errno : 0;
}

static int restrict_to_data(struct io_uring *uring)
{
	struct io_uring_restriction only[] = {
		{ .opcode = IORING_RESTRICTION_SQE_OP,
		  .sqe_op = IORING_OP_READV },
		{ .opcode = IORING_RESTRICTION_SQE_OP,
		  .sqe_op = IORING_OP_WRITEV },
	};

	return do_register(uring, IORING_REGISTER_RESTRICTIONS, only,
			   ARRAY_LEN(only));
}

static int enable(struct io_uring *uring, int fd)
{
	unsigned workers[2] = { LX_ASYNC_MAX, 0 };      /* 0: as it is */
	int ret = io_uring_register_eventfd(uring, fd);

	if (!ret)
		ret = restrict_to_data(uring);
	/* Without that (before Linux 5.15) some may wait for others. */
	if (!ret)
		(void)io_uring_register_iowq_max_workers(uring, workers);
	return ret ? ret : do_register(uring, IORING_REGISTER_ENABLE_RINGS,
				       NULL, 0);
}

static void destroy(struct lx_async *async)
{
	io_uring_queue_exit(&async->uring);
	close(async->fd);
	free(async);
}

/* ---- the reserve ------------------------------------------------------- */

static struct lx_async *take(struct lx_reserve *reserve)
{
	struct lx_async *async;

	pthread_mutex_lock(&reserve->lock);
	async = reserve->first;
	if (async)
		reserve->first = async->next;
	pthread_mutex_unlock(&reserve->lock);
	return async;
}

static void put(struct lx_reserve *reserve, struct lx_async *async)
{
	pthread_mutex_lock(&reserve->lock);
	async->reserve = reserve;
	async->next = reserve->first;
	reserve->first = async;
	pthread_mutex_unlock(&reserve->lock);
}

/* One more that is there. */
static int make(struct lx_reserve *reserve)
{
	struct lx_async *async = calloc(1, sizeof(*async));
	int ret;

	if (!async)
		return -LX_ENOMEM;
	async->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = async->fd < 0 ? -errno : set_up(&async->uring);
	if (ret) {
		if (async->fd >= 0)
			close(async->fd);
		free(async);
		return -lx_errno_from_host(-ret);
	}
	ret = enable(&async->uring, async->fd);
	if (ret) {
		destroy(async);
		return -lx_errno_from_host(-ret);
	}
	lx_async_arm(async, false);
	put(reserve, async);
	return 0;
}

int lx_reserve_new(unsigned count, struct lx_reserve **ret_reserve)
{
	struct lx_reserve *reserve = calloc(1, sizeof(*reserve));
	int err = 0;

	if (!reserve)
		return -LX_ENOMEM;
	pthread_mutex_init(&reserve->lock, NULL);
	while (count-- && !err)
		err = make(reserve);
	if (!reserve->first) {
		lx_reserve_free(reserve);
		return err;
	}
	*ret_reserve = reserve;
	return 0;
}

void lx_reserve_free(struct lx_reserve *reserve)
{
	struct lx_async *async;

	if (!reserve)
		return;
	while ((async = take(reserve)))
		destroy(async);
	pthread_mutex_destroy(&reserve->lock);
	free(reserve);
}

/* ---- one --------------------------------------------------------------- */

int lx_async_new(struct lx_reserve *reserve, struct event *event,
		 struct lx_async **ret_async)
{
	struct lx_async *async = take(reserve);
	int ret;

	if (!async)
		return -LX_ENFILE;
	ret = event_watch(event, async->fd);
	if (ret) {
		lx_async_free(async);
		return -lx_errno_from_host(-ret);
	}
	async->event = event;
	*ret_async = async;
	return 0;
}

void lx_async_free(struct lx_async *async)
{
	if (!async)
		return;
	if (async->event)
		event_unwatch(async->event, async->fd);
	async->event = NULL;
	put(async->reserve, async);
}

/* ---- transfers --------------------------------------------------------- */

bool lx_async_add(struct lx_async *async, struct lx_io *io)
{
	struct io_uring_sqe *sqe;

	if (!lx_io_goes_on(io->file, io->write) || io->count > IOV_MAX ||
	    io->offset > INT64_MAX)
		return false;
	sqe = io_uring_get_sqe(&async->uring);
	if (!sqe)
		return false;
	if (io->write)
		io_uring_prep_writev(sqe, io->file->fd,
				     (const struct iovec *)io->iov,
				     (unsigned)io->count, io->offset);
	else
		io_uring_prep_readv(sqe, io->file->fd,
				    (const struct iovec *)io->iov,
				    (unsigned)io->count, io->offset);
	io_uring_sqe_set_data(sqe, io);
	async->writes |= io->write;
	return true;
}

void lx_async_begin(struct lx_async *async)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	/* As lx_write(); without that privilege it would do more. */
	if (async->writes)
		(void)lx_cred_fsetid(true);
	async->stuck = false;
	while (io_uring_sq_ready(&async->uring) && !async->stuck) {
		int n = io_uring_submit(&async->uring);

		async->stuck = n < 0 && n != -EINTR;
	}
	/* Memory is short: not again at once. */
	if (async->stuck)
		nanosleep(&ms, NULL);
	else
		async->writes = false;
}

/* What is not the file's, but of how it was tried. */
static bool is_of_the_ring(int error)
{
	return error == EAGAIN || error == EINTR || error == ECANCELED ||
	       error == ENOMEM;
}

struct lx_io *lx_async_next(struct lx_async *async)
{
	struct io_uring_cqe *cqe;
	struct lx_io *io;

	if (io_uring_peek_cqe(&async->uring, &cqe))
		return NULL;
	io = io_uring_cqe_get_data(cqe);
	io->n = cqe->res;
	if (cqe->res < 0)
		io->n = is_of_the_ring(-cqe->res) ?
				-LX_EAGAIN : -lx_errno_from_host(-cqe->res);
	io_uring_cqe_seen(&async->uring, cqe);
	return io;
}

bool lx_async_ready(const struct lx_async *async)
{
	const unsigned due = IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN;

	return async->stuck || io_uring_cq_ready(&async->uring) ||
	       IO_URING_READ_ONCE(*async->uring.sq.kflags) & due;
}

void lx_async_arm(struct lx_async *async, bool on)
{
	(void)io_uring_cq_eventfd_toggle(&async->uring, on);
	/* Whoever looks whether it is ready looks after that. */
	if (on)
		__sync_synchronize();
}
