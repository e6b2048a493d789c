/* SPDX-License-Identifier: MIT */
/*
 * vhost_user_internal.h - what the files of the transport share.
 *
 *   vhost_user.c          the object, and the life of a connection
 *   vhost_user_msg.c      one message on the socket
 *   vhost_user_request.c  the table of requests, those about the device
 *   vhost_user_ring.c     rings, and the requests about them
 *   vhost_user_memory.c   the memory that the front-end shares
 *   guard_map.c      a part of a file of its
 *   vhost_user_log.c      the log of what the device writes
 *   vhost_user_state.c    the device's state, saved and restored
 *
 * A connection has a core, guest memory and rings of its own, all of it made
 * when it begins and freed when it ends, so that nothing is left for the next.
 *
 * What the front-end has told and what must outlive this process one day are
 * plain numbers in struct vhost_user_conn and struct vhost_user_ring; a ring's
 * progress is one number, its base, when it is stopped.
 *
 * Everything belongs to the thread that serves, but what a worker needs to
 * signal: the events of a ring, which its lock guards.  The lock is a leaf and
 * is held over a write to an event, which blocks only if the front-end wants it
 * to, and then not for long (common/event_fd.h).
 */
#ifndef VIRTIO_VHOST_USER_VHOST_USER_INTERNAL_H
#define VIRTIO_VHOST_USER_VHOST_USER_INTERNAL_H

#include "virtio/vhost_user/vhost_user.h"
#include "virtio/vhost_user/vhost_user_memory.h"
#include "virtio/vhost_user/vhost_user_msg.h"

#include <pthread.h>

struct vhost_user_ring {
	/* What the front-end has set. */
	uint16_t size;
	uint64_t desc, avail, used;     /* its own addresses */
	bool has_addr, enabled;
	bool logged;                    /* what is written to it... */
	uint64_t log;                   /* ...used ring at this address */
	uint32_t base;                  /* where it begins, or has stopped */
	int kick;                       /* or -1 */

	bool running;                   /* started in the core */
	bool stopped;                   /* since the device was reset... */
	uint32_t stopped_base;          /* ...and there */

	pthread_mutex_t lock;
	int call, err;                  /* or -1 */
	bool missed;                    /* an interrupt, for want of `call` */
};

/* The device's state on its way; while it runs, the thread has all below. */
struct vhost_user_transfer {
	bool running;                   /* there is a thread */
	pthread_t thread;
	struct event cancel;            /* the thread shall end */
	struct event over;              /* it will, by itself */
	bool load;                      /* or it is saved */
	int fd;
	uint64_t bytes;                 /* that went through it */
	int error;                      /* 0 or -errno... */
	char why[256];                  /* ...and what it was, or empty */
};

struct vhost_user_conn {
	const struct vhost_user *vu;
	struct virtio_core *core;
	const struct log *log;
	struct vhost_user_link link;
	struct guard guard;             /* of all that is mapped */
	struct vhost_user_memory memory;

	uint64_t features;              /* as set, with PROTOCOL_FEATURES */
	uint64_t protocol_features;
	uint8_t status;
	int backend_req;                /* socket for our own requests, or -1 */

	struct guard_map log_map;
	uint64_t log_size;              /* bytes of it */
	int log_signal;                 /* or -1 */
	bool logs;                      /* guest memory has the log */

	struct vhost_user_transfer transfer;

	char error[128];                /* why the last request failed */
	struct vhost_user_ring ring[VIRTIO_QUEUES_MAX];
};

struct vhost_user {
	struct vhost_user_params params;
	const struct virtio_device_ops *ops;
	void *dev;
	const struct log *log;
};

/* ---- vhost_user_request.c ---------------------------------------------- */

/*
 * Say why a request fails, and return `error`.  -EPROTO: the front-end has
 * broken the protocol, and the connection ends; another -errno: it is told so
 * if it asked for an answer, else the connection ends.
 */
__attribute__((format(printf, 3, 4)))
int vhost_user_fail(struct vhost_user_conn *conn, int error,
		    const char *format, ...);

/*
 * Serve one request, which includes the reply.  0 or -errno: the connection
 * ends, and conn->error says why (or is empty).
 */
int vhost_user_request(struct vhost_user_conn *conn,
		       struct vhost_user_msg *msg);
const char *vhost_user_request_name(const struct vhost_user_msg *msg);
/* Answer with that.  0. */
int vhost_user_reply_u64(struct vhost_user_msg *msg, uint64_t value);
/* Tell the core what features the driver has. */
void vhost_user_apply_features(struct vhost_user_conn *conn);

/* ---- vhost_user_ring.c ------------------------------------------------- */

void vhost_user_ring_init(struct vhost_user_ring *ring);
/* It must be stopped. */
void vhost_user_ring_done(struct vhost_user_ring *ring);

/* Of struct virtio_transport_ops; on a worker's thread. */
void vhost_user_ring_interrupt(void *transport, unsigned queue);
void vhost_user_ring_broken(void *transport, unsigned queue);

/* Wait for the requests in flight and stop every ring. */
void vhost_user_rings_stop(struct vhost_user_conn *conn);
/* Start every ring that can run.  0, or what vhost_user_fail() returned. */
int vhost_user_rings_start(struct vhost_user_conn *conn);
bool vhost_user_rings_running(const struct vhost_user_conn *conn);
/* Without VHOST_USER_F_PROTOCOL_FEATURES rings need not be enabled. */
void vhost_user_rings_enable(struct vhost_user_conn *conn);
/* Every ring as it was before anything was set, but for its events. */
void vhost_user_rings_reset(struct vhost_user_conn *conn);
/* The core was restored, so rings have stopped where its queues stand. */
void vhost_user_rings_restored(struct vhost_user_conn *conn);
/* Forget the driver's state; rings are stopped, and what waits is dropped. */
void vhost_user_reset(struct vhost_user_conn *conn);

/* Make the descriptor not block who signals it.  0 or -errno. */
int vhost_user_unblock(int fd);
/* Likewise; is it a descriptor that can be signalled (event_signal_fd())? */
int vhost_user_check_signal(int fd);

/* Requests; the message's form has been checked. */
int vhost_user_set_vring_num(struct vhost_user_conn *conn,
			     struct vhost_user_msg *msg);
int vhost_user_set_vring_addr(struct vhost_user_conn *conn,
			      struct vhost_user_msg *msg);
int vhost_user_set_vring_base(struct vhost_user_conn *conn,
			      struct vhost_user_msg *msg);
int vhost_user_get_vring_base(struct vhost_user_conn *conn,
			      struct vhost_user_msg *msg);
int vhost_user_set_vring_kick(struct vhost_user_conn *conn,
			      struct vhost_user_msg *msg);
int vhost_user_set_vring_call(struct vhost_user_conn *conn,
			      struct vhost_user_msg *msg);
int vhost_user_set_vring_err(struct vhost_user_conn *conn,
			     struct vhost_user_msg *msg);
int vhost_user_set_vring_enable(struct vhost_user_conn *conn,
				struct vhost_user_msg *msg);

/* ---- vhost_user_log.c -------------------------------------------------- */

/*
 * The features or the log have changed; waits for requests in flight.  0, or
 * what vhost_user_fail() returned, and the log is as it was.
 */
int vhost_user_log_apply(struct vhost_user_conn *conn);
/* Nobody writes to guest memory any more. */
void vhost_user_log_done(struct vhost_user_conn *conn);

int vhost_user_set_log_base(struct vhost_user_conn *conn,
			    struct vhost_user_msg *msg);
int vhost_user_set_log_fd(struct vhost_user_conn *conn,
			  struct vhost_user_msg *msg);

/* ---- vhost_user_state.c ------------------------------------------------ */

/* The device is wanted: a transfer that has not ended yet is given up. */
void vhost_user_state_end(struct vhost_user_conn *conn);

int vhost_user_set_device_state_fd(struct vhost_user_conn *conn,
				   struct vhost_user_msg *msg);
int vhost_user_check_device_state(struct vhost_user_conn *conn,
				  struct vhost_user_msg *msg);

#endif
