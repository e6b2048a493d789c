/* SPDX-License-Identifier: MIT */
/*
 * virtio_core.h - the device model that every transport shares: feature
 * negotiation, the status machine, queue set-up, worker threads and reset.
 *
 * A transport (virtio/pci, virtio/vhost_user) translates its registers or
 * messages into these calls and offers ways to interrupt.  Registers are
 * reachable from any thread and never block: what may take time (a reset with
 * requests in flight) is started here and finished by the worker threads.
 *
 * Threads: one worker a queue, from virtio_core_start() (or from the first
 * virtio_core_start_queue()) to virtio_core_stop().  A worker sleeps on its
 * queue's event, handles what is available, and interrupts the driver.  Helpers
 * (virtio_helpers.h) come when requests block, and go with the workers.
 *
 * Lock: core->lock guards registers and the life of queues.  It is never held
 * over a request, a device call or a wait.
 *
 * State: what is stopped can be saved as records (common/save.h) and another
 * core, with a device of the same configuration, goes on from them.
 */
#ifndef VIRTIO_VIRTIO_CORE_H
#define VIRTIO_VIRTIO_CORE_H

#include "common/event.h"
#include "common/gmem.h"
#include "common/limits.h"
#include "common/log.h"
#include "virtio/virtio_device.h"

#include <stdbool.h>

struct save_reader;
struct save_writer;
struct virtio_core;

/*
 * How the transport tells the driver something, from any thread; all but
 * queue_interrupt may be NULL.
 */
struct virtio_transport_ops {
	/* Buffers of `queue` were used. */
	void (*queue_interrupt)(void *transport, unsigned queue);
	/* Configuration or status (DEVICE_NEEDS_RESET) has changed. */
	void (*config_interrupt)(void *transport);
	/* The queue is broken, and nothing comes from it any more. */
	void (*queue_broken)(void *transport, unsigned queue);
	/*
	 * The driver's state is gone: status is 0 again.  Put the transport's
	 * own registers (vectors, ISR) back too.  Called with core->lock held;
	 * must call nothing of the core.
	 */
	void (*reset)(void *transport);
};

struct virtio_core_params {
	unsigned queues;                /* 1..VIRTIO_QUEUES_MAX */
	uint16_t queue_size;            /* largest and initial; a power of 2 */
	const char *name;               /* of the worker threads; "myfs" */
	/* How long queues are polled before sleeping; see virtio_poll.h. */
	unsigned poll_us;               /* 0..VIRTIO_POLL_US_MAX */
	bool split_only;                /* do not offer packed rings */
	/*
	 * Offer VIRTIO_F_IN_ORDER: for a device whose requests do not wait
	 * (VIRTIO_CHAIN_WAITS).  Where the driver takes it, one that does wait
	 * holds up its queue.
	 */
	bool in_order;
};

/* The registers of one queue (virtio 1.3 4.1.4.3). */
struct virtio_queue_regs {
	uint16_t size;
	bool enabled;
	uint64_t desc, driver, device;  /* guest addresses of the three areas */
	/*
	 * Not a register of PCI: where guest memory has a log (common/gmem.h),
	 * is what is written to the ring logged, and by what address that of
	 * the device area?
	 */
	bool logged;
	uint64_t log;
};

/*
 * All pointers are borrowed until virtio_core_free().  0, -EINVAL (params) or
 * another -errno.
 */
int virtio_core_new(const struct virtio_core_params *params,
		    const struct virtio_device_ops *ops, void *dev,
		    const struct virtio_transport_ops *transport_ops,
		    void *transport, struct gmem *mem, const struct log *log,
		    struct virtio_core **ret_core);
/* Stops it if need be. */
void virtio_core_free(struct virtio_core *core);

/* ---- life cycle (the host; not concurrent with each other) ------------- */

/* Start the worker threads; queues that were running go on.  0 or -errno. */
int virtio_core_start(struct virtio_core *core);
/* Wait for the requests in flight and end the threads. */
void virtio_core_stop(struct virtio_core *core);
/* Bus reset: as if the driver had written 0, and wait until it is done. */
void virtio_core_reset(struct virtio_core *core);

/*
 * May the device access guest memory (PCI: Bus Master Enable)?  Yes, if nothing
 * is said.  Where not, queues wait; requests in flight are still finished.  Any
 * thread; never blocks.
 */
void virtio_core_set_dma(struct virtio_core *core, bool allowed);

/* ---- single queues (a transport whose registers are elsewhere) ---------- */

/*
 * A vhost-user front-end has the status and the queues' registers, and starts
 * and stops the queues one by one.  Its transport sets the driver's features
 * and then calls these instead of virtio_core_start(), set_status(),
 * set_queue() and enable_queue().  From one thread, which is also that of the
 * life cycle; they may block.
 *
 * Start a queue, whose thread is created when it is started first.  `base` is
 * where it begins in its ring (virtio_queue_base(); virtio_queue.h).  `kick`
 * is an eventfd that the driver signals; it is borrowed until the queue is
 * stopped.
 *
 * A queue that is started with the same registers (but for the log) and
 * features, and at the very base where it was stopped, goes on as if nothing
 * had been: requests that wait are kept.  Otherwise, and after a reset, they
 * are dropped.  One that was broken is tried again.
 *
 * 0; -ENOENT: no such queue; -EBUSY: it is started already; or another -errno:
 * `kick` cannot be waited for, or there can be no thread.
 */
int virtio_core_start_queue(struct virtio_core *core, unsigned queue,
			    const struct virtio_queue_regs *regs, uint32_t base,
			    int kick);
/*
 * Wait for the request in flight and stop.  Returns where it stands; of a
 * queue that is stopped, where it stood, and 0 after a reset.
 */
uint32_t virtio_core_stop_queue(struct virtio_core *core, unsigned queue);

/* ---- saved state (the host; part of the life cycle) --------------------- */

/* Are there workers, or may there be soon?  Then it cannot be saved. */
bool virtio_core_started(struct virtio_core *core);
/*
 * Save registers, queues with the requests that wait, and the device.  Memory
 * of the guest is not touched.  No access of the driver meanwhile; may block.
 * The core stays as it is, but for a reset that the driver has begun, which is
 * done.  0; -EBUSY: it is started; or the writer's error.
 */
int virtio_core_save(struct virtio_core *core, struct save_writer *w);
/*
 * Reset the core, and go on from what virtio_core_save() wrote, once it is
 * started.  The image is not trusted.  0; -EBUSY: it is started, and stays as
 * it is; or the reader's error: the core is as after a reset.
 */
int virtio_core_restore(struct virtio_core *core, struct save_reader *r);

/*
 * The same without the registers, for a transport that has single queues and
 * keeps the registers elsewhere; -EBUSY: a queue is started.  After a restore
 * the driver's features are to be set again, as after a reset.  A queue that is
 * then started with the registers, the features and at the base where it was
 * stopped goes on, with the requests that wait, as virtio_core_start_queue()
 * says of one that was never away.
 */
int virtio_core_save_device(struct virtio_core *core, struct save_writer *w);
int virtio_core_restore_device(struct virtio_core *core,
			       struct save_reader *r);

/* ---- registers (the driver; any thread, never blocks) ------------------ */

unsigned virtio_core_queues(const struct virtio_core *core);

/* Every feature that is offered, the device's and the core's. */
uint64_t virtio_core_features(const struct virtio_core *core);
/* What the driver has written; after FEATURES_OK it cannot change. */
uint64_t virtio_core_driver_features(struct virtio_core *core);
/* Sets 32 bits of it: bank 0 or 1, others are ignored. */
void virtio_core_set_driver_features(struct virtio_core *core, unsigned bank,
				     uint32_t value);

uint8_t virtio_core_status(struct virtio_core *core);
/*
 * Status bits can be added, by the rules of virtio 1.3 2.1 and 3.1.1:
 * FEATURES_OK sticks only with an acceptable set, DRIVER_OK only after it.  0
 * starts a reset: the status reads as before until the queues are quiet, and a
 * core that has served them is started, if it was stopped.
 */
void virtio_core_set_status(struct virtio_core *core, uint8_t status);

uint8_t virtio_core_config_generation(struct virtio_core *core);
/* Bytes beyond the configuration space read as all ones. */
void virtio_core_config_read(struct virtio_core *core, uint32_t offset,
			     void *buf, size_t len);

/* A copy of queue `queue`'s registers; all 0 when there is no such queue. */
struct virtio_queue_regs virtio_core_queue(struct virtio_core *core,
					   unsigned queue);
/*
 * Set size (0, what is above the largest and, but for a packed ring, what is no
 * power of two is refused) and areas.  Ignored for an enabled queue and one
 * that does not exist.
 */
void virtio_core_set_queue(struct virtio_core *core, unsigned queue,
			   const struct virtio_queue_regs *regs);
/*
 * Enable it (virtio 1.3 4.1.4.3: a driver never writes 0 here).  A queue runs
 * from DRIVER_OK on.
 */
void virtio_core_enable_queue(struct virtio_core *core, unsigned queue);

/* VIRTIO_F_RING_RESET: begin to reset one queue; is it still under way? */
void virtio_core_reset_queue(struct virtio_core *core, unsigned queue);
bool virtio_core_queue_resetting(struct virtio_core *core, unsigned queue);

/* The driver has made buffers available.  Lock-free. */
void virtio_core_kick(struct virtio_core *core, unsigned queue);
/* The event that a doorbell may signal instead; lives as long as the core. */
struct event *virtio_core_queue_event(struct virtio_core *core,
				      unsigned queue);

#endif
