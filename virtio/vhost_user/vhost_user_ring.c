/* SPDX-License-Identifier: MIT */
/*
 * A ring runs, that is, the core serves its queue, while it has addresses and
 * a kick descriptor and is enabled.  SET_VRING_ENABLE and GET_VRING_BASE stop
 * it: requests in flight are answered, those that wait are kept by the core,
 * which goes on with them if the ring is started where it stopped.  So a
 * virtual machine can be paused while its guest waits for a lock.
 *
 * A driver that begins anew (its machine was reset, its module was loaded
 * again) starts its rings somewhere else.  Front-ends before QEMU 8.2 do not
 * tell in any other way, so that is a reset of the device, too.
 */
#include "virtio/vhost_user/vhost_user_internal.h"

#include "common/event_fd.h"
#include "virtio/virtio_spec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void vhost_user_ring_init(struct vhost_user_ring *ring)
{
	*ring = (struct vhost_user_ring){
		.kick = -1,
		.call = -1,
		.err = -1,
	};
	pthread_mutex_init(&ring->lock, NULL);
}

/* Close a descriptor and put another in its place. */
static void replace(int *fd, int with)
{
	if (*fd >= 0)
		close(*fd);
	*fd = with;
}

void vhost_user_ring_done(struct vhost_user_ring *ring)
{
	replace(&ring->kick, -1);
	replace(&ring->call, -1);
	replace(&ring->err, -1);
	pthread_mutex_destroy(&ring->lock);
}

/* ---- events ------------------------------------------------------------ */

void vhost_user_ring_interrupt(void *transport, unsigned queue)
{
	struct vhost_user_conn *conn = transport;
	struct vhost_user_ring *ring = &conn->ring[queue];

	pthread_mutex_lock(&ring->lock);
	ring->missed = ring->call < 0;
	if (!ring->missed)
		event_signal_fd(ring->call);
	pthread_mutex_unlock(&ring->lock);
}

void vhost_user_ring_broken(void *transport, unsigned queue)
{
	struct vhost_user_conn *conn = transport;
	struct vhost_user_ring *ring = &conn->ring[queue];

	pthread_mutex_lock(&ring->lock);
	if (ring->err >= 0)
		event_signal_fd(ring->err);
	pthread_mutex_unlock(&ring->lock);
}

/*
 * Not on a worker's thread, which blocks all signals: so there may be a
 * SIGPIPE when it is no eventfd and nobody reads it.
 */
static void signal_without_sigpipe(int fd)
{
	const struct timespec now = { 0 };
	sigset_t sigpipe, old;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &sigpipe, &old);
	event_signal_fd(fd);
	(void)sigtimedwait(&sigpipe, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* ---- start and stop ---------------------------------------------------- */

static void stop(struct vhost_user_conn *conn, unsigned queue)
{
	struct vhost_user_ring *ring = &conn->ring[queue];

	if (!ring->running)
		return;
	ring->base = virtio_core_stop_queue(conn->core, queue);
	ring->stopped_base = ring->base;
	ring->stopped = true;
	ring->running = false;
}

static bool can_run(const struct vhost_user_ring *ring)
{
	return ring->enabled && ring->has_addr && ring->kick >= 0;
}

/* The front-end's addresses of the three areas as the guest's. */
static int translate(struct vhost_user_conn *conn, unsigned queue,
		     struct virtio_queue_regs *ret_regs)
{
	const struct vhost_user_memory *m = &conn->memory;
	const struct vhost_user_ring *ring = &conn->ring[queue];
	struct virtio_queue_regs regs = {
		.size = ring->size,
		.logged = ring->logged,
		.log = ring->log,
	};

	if (vhost_user_memory_translate(m, ring->desc, &regs.desc) ||
	    vhost_user_memory_translate(m, ring->avail, &regs.driver) ||
	    vhost_user_memory_translate(m, ring->used, &regs.device))
		return vhost_user_fail(conn, -EFAULT,
				       "ring %u is outside the memory that was shared",
				       queue);
	*ret_regs = regs;
	return 0;
}

static int start(struct vhost_user_conn *conn, unsigned queue)
{
	struct vhost_user_ring *ring = &conn->ring[queue];
	struct virtio_queue_regs regs;
	int ret;

	if (!(conn->features & VIRTIO_FEATURE(VIRTIO_F_VERSION_1)))
		return vhost_user_fail(conn, -EPROTO,
				       "a ring without VIRTIO_F_VERSION_1: legacy drivers are not supported");
	ret = translate(conn, queue, &regs);
	if (ret)
		return ret;
	ret = virtio_core_start_queue(conn->core, queue, &regs, ring->base,
				      ring->kick);
	if (ret)
		return vhost_user_fail(conn, ret, "ring %u cannot be started",
				       queue);
	ring->running = true;
	return 0;
}

void vhost_user_rings_stop(struct vhost_user_conn *conn)
{
	for (unsigned i = 0; i < virtio_core_queues(conn->core); i++)
		stop(conn, i);
}

static bool any_starts(const struct vhost_user_conn *conn)
{
	bool starts = false;

	for (unsigned i = 0; i < virtio_core_queues(conn->core); i++)
		starts |= can_run(&conn->ring[i]) && !conn->ring[i].running;
	return starts;
}

/* Does a ring that is to start begin elsewhere than it stopped? */
static bool begins_anew(const struct vhost_user_conn *conn)
{
	for (unsigned i = 0; i < virtio_core_queues(conn->core); i++) {
		const struct vhost_user_ring *ring = &conn->ring[i];

		if (can_run(ring) && !ring->running && ring->stopped &&
		    ring->stopped_base != ring->base)
			return true;
	}
	return false;
}

int vhost_user_rings_start(struct vhost_user_conn *conn)
{
	int ret = 0;

	if (any_starts(conn))
		vhost_user_state_end(conn);
	if (begins_anew(conn)) {
		vhost_user_rings_stop(conn);
		vhost_user_reset(conn);
	}
	for (unsigned i = 0; !ret && i < virtio_core_queues(conn->core); i++) {
		if (can_run(&conn->ring[i]) && !conn->ring[i].running)
			ret = start(conn, i);
	}
	return ret;
}

bool vhost_user_rings_running(const struct vhost_user_conn *conn)
{
	bool running = false;

	for (unsigned i = 0; i < virtio_core_queues(conn->core); i++)
		running |= conn->ring[i].running;
	return running;
}

void vhost_user_rings_enable(struct vhost_user_conn *conn)
{
	for (unsigned i = 0; i < virtio_core_queues(conn->core); i++)
		conn->ring[i].enabled = true;
}

void vhost_user_rings_reset(struct vhost_user_conn *conn)
{
	for (unsigned i = 0; i < virtio_core_queues(conn->core); i++) {
		struct vhost_user_ring *ring = &conn->ring[i];

		ring->enabled = ring->has_addr = ring->logged = false;
		ring->size = 0;
		ring->base = 0;
		replace(&ring->kick, -1);
	}
}

/* Where a queue has never been, there is nothing to compare with. */
void vhost_user_rings_restored(struct vhost_user_conn *conn)
{
	for (unsigned i = 0; i < virtio_core_queues(conn->core); i++) {
		struct vhost_user_ring *ring = &conn->ring[i];

		ring->stopped_base = virtio_core_stop_queue(conn->core, i);
		ring->stopped = ring->stopped_base;
	}
}

/* The core forgets the features, too. */
void vhost_user_reset(struct vhost_user_conn *conn)
{
	virtio_core_reset(conn->core);
	for (unsigned i = 0; i < virtio_core_queues(conn->core); i++)
		conn->ring[i].stopped = false;
	vhost_user_apply_features(conn);
}

/* ---- requests ---------------------------------------------------------- */

/* The ring that a request is about; NULL: there is none, and it fails. */
static struct vhost_user_ring *find(struct vhost_user_conn *conn,
				    uint32_t index)
{
	unsigned queues = virtio_core_queues(conn->core);

	if (index < queues)
		return &conn->ring[index];
	(void)vhost_user_fail(conn, -EPROTO,
			      "there is no queue %u, only 0 to %u", index,
			      queues - 1);
	return NULL;
}

/* Likewise, of one that is to be changed, so it must not run. */
static struct vhost_user_ring *find_idle(struct vhost_user_conn *conn,
					 uint32_t index)
{
	struct vhost_user_ring *ring = find(conn, index);

	if (!ring || !ring->running)
		return ring;
	(void)vhost_user_fail(conn, -EPROTO, "queue %u is running", index);
	return NULL;
}

int vhost_user_set_vring_num(struct vhost_user_conn *conn,
			     struct vhost_user_msg *msg)
{
	uint32_t num = msg->payload.state.num;
	uint32_t max = conn->vu->params.core.queue_size;
	struct vhost_user_ring *ring =
		find_idle(conn, msg->payload.state.index);

	if (!ring)
		return -EPROTO;
	if (!num || num > max)
		return vhost_user_fail(conn, -EINVAL,
				       "a queue of %u entries: 1 to %u are supported",
				       num, max);
	ring->size = (uint16_t)num;
	return 0;
}

static bool same_addr(const struct vhost_user_ring *ring,
		      const struct vhost_user_vring_addr *a)
{
	return ring->has_addr && ring->desc == a->desc &&
	       ring->avail == a->avail && ring->used == a->used;
}

static int check_flags(struct vhost_user_conn *conn, uint32_t flags)
{
	uint32_t allowed = conn->protocol_features &
			   VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_LOG_SHMFD) ?
				   VHOST_VRING_F_LOG : 0;

	if (!(flags & ~allowed))
		return 0;
	return vhost_user_fail(conn, -EPROTO,
			       "flags 0x%x, of which 0x%x were negotiated",
			       flags, allowed);
}

/*
 * A front-end may repeat the addresses of a ring that runs.  It may say, too,
 * that it is to be logged from now on, or no more: the ring goes on with that.
 */
int vhost_user_set_vring_addr(struct vhost_user_conn *conn,
			      struct vhost_user_msg *msg)
{
	const struct vhost_user_vring_addr *a = &msg->payload.addr;
	struct vhost_user_ring *ring = find(conn, a->index);
	bool logged = a->flags & VHOST_VRING_F_LOG;

	if (!ring || check_flags(conn, a->flags))
		return -EPROTO;
	if (same_addr(ring, a)) {
		if (ring->logged == logged && ring->log == a->log)
			return 0;
		stop(conn, a->index);
	} else if (!find_idle(conn, a->index)) {
		return -EPROTO;
	}
	ring->desc = a->desc;
	ring->avail = a->avail;
	ring->used = a->used;
	ring->logged = logged;
	ring->log = a->log;
	ring->has_addr = true;
	return vhost_user_rings_start(conn);
}

int vhost_user_set_vring_base(struct vhost_user_conn *conn,
			      struct vhost_user_msg *msg)
{
	struct vhost_user_ring *ring =
		find_idle(conn, msg->payload.state.index);

	if (!ring)
		return -EPROTO;
	ring->base = msg->payload.state.num;
	return 0;
}

/* It needs a new kick descriptor before it runs again. */
int vhost_user_get_vring_base(struct vhost_user_conn *conn,
			      struct vhost_user_msg *msg)
{
	struct vhost_user_ring *ring = find(conn, msg->payload.state.index);

	if (!ring)
		return -EPROTO;
	stop(conn, msg->payload.state.index);
	replace(&ring->kick, -1);
	msg->payload.state.num = ring->base;
	msg->reply_size = sizeof(msg->payload.state);
	return 0;
}

/* The ring and the descriptor (-1: none) of SET_VRING_KICK, _CALL and _ERR. */
static struct vhost_user_ring *find_event(struct vhost_user_conn *conn,
					  struct vhost_user_msg *msg,
					  int *ret_fd)
{
	uint64_t value = msg->payload.u64;
	bool nofd = value & VHOST_USER_VRING_NOFD;
	struct vhost_user_ring *ring;

	if (value & ~(uint64_t)(VHOST_USER_VRING_INDEX_MASK |
				VHOST_USER_VRING_NOFD)) {
		(void)vhost_user_fail(conn, -EPROTO, "unknown bits in 0x%llx",
				      (unsigned long long)value);
		return NULL;
	}
	if (msg->fd_count != !nofd) {
		(void)vhost_user_fail(conn, -EPROTO,
				      "%zu descriptors where %d was said",
				      msg->fd_count, !nofd);
		return NULL;
	}
	ring = find(conn, (uint32_t)(value & VHOST_USER_VRING_INDEX_MASK));
	if (ring)
		*ret_fd = nofd ? -1 : vhost_user_msg_take_fd(msg, 0);
	return ring;
}

/*
 * What the old descriptor was signalled is not lost, because a ring that
 * starts is looked at.
 */
int vhost_user_set_vring_kick(struct vhost_user_conn *conn,
			      struct vhost_user_msg *msg)
{
	int fd = -1;
	struct vhost_user_ring *ring = find_event(conn, msg, &fd);

	if (!ring)
		return -EPROTO;
	if (fd < 0)
		return vhost_user_fail(conn, -EPROTO,
				       "no kick descriptor: polling is not supported");
	if (event_check_fd(fd)) {
		close(fd);
		return vhost_user_fail(conn, -EPROTO,
				       "the kick descriptor is no eventfd");
	}
	stop(conn, (unsigned)(ring - conn->ring));
	replace(&ring->kick, fd);
	return vhost_user_rings_start(conn);
}

int vhost_user_unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return -errno;
	return 0;
}

/*
 * Signalling must not block for ever, whatever the front-end does with it.  An
 * eventfd is a file without a type; User-Mode Linux has a socket.
 */
int vhost_user_check_signal(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if ((st.st_mode & S_IFMT) && !S_ISSOCK(st.st_mode))
		return -EINVAL;
	return vhost_user_unblock(fd);
}

/* The descriptor of SET_VRING_CALL and _ERR. */
static struct vhost_user_ring *find_signal(struct vhost_user_conn *conn,
					   struct vhost_user_msg *msg,
					   int *ret_fd)
{
	struct vhost_user_ring *ring = find_event(conn, msg, ret_fd);

	if (!ring || *ret_fd < 0 || !vhost_user_check_signal(*ret_fd))
		return ring;
	close(*ret_fd);
	(void)vhost_user_fail(conn, -EPROTO,
			      "the descriptor is no eventfd");
	return NULL;
}

/* A ring may run before this comes, so its first interrupt may have to wait. */
int vhost_user_set_vring_call(struct vhost_user_conn *conn,
			      struct vhost_user_msg *msg)
{
	int fd = -1;
	struct vhost_user_ring *ring = find_signal(conn, msg, &fd);

	if (!ring)
		return -EPROTO;
	pthread_mutex_lock(&ring->lock);
	replace(&ring->call, fd);
	if (fd >= 0 && ring->missed) {
		signal_without_sigpipe(ring->call);
		ring->missed = false;
	}
	pthread_mutex_unlock(&ring->lock);
	return 0;
}

int vhost_user_set_vring_err(struct vhost_user_conn *conn,
			     struct vhost_user_msg *msg)
{
	int fd = -1;
	struct vhost_user_ring *ring = find_signal(conn, msg, &fd);

	if (!ring)
		return -EPROTO;
	pthread_mutex_lock(&ring->lock);
	replace(&ring->err, fd);
	pthread_mutex_unlock(&ring->lock);
	return 0;
}

int vhost_user_set_vring_enable(struct vhost_user_conn *conn,
				struct vhost_user_msg *msg)
{
	uint32_t index = msg->payload.state.index;
	uint32_t enable = msg->payload.state.num;
	struct vhost_user_ring *ring = find(conn, index);

	if (!ring)
		return -EPROTO;
	if (enable > 1)
		return vhost_user_fail(conn, -EPROTO, "%u is neither 0 nor 1",
				       enable);
	ring->enabled = enable;
	if (!enable)
		stop(conn, index);
	return vhost_user_rings_start(conn);
}
