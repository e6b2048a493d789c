/* SPDX-License-Identifier: MIT */
/*
 * fake_guest.h - a virtio driver for tests: it drives a device of a plugin
 * through its PCI function, in a fake host's memory.
 *
 * Nothing here is shared with the device's side.  One thread for each queue
 * may use it (fake_guest_call and what it is made of) once it is set up; with
 * INTx only one thread.
 */
#ifndef TESTS_LIB_FAKE_GUEST_H
#define TESTS_LIB_FAKE_GUEST_H

#include "tests/lib/fake_host.h"
#include "tests/lib/fake_pci.h"
#include "tests/lib/fake_ring.h"

#define FAKE_GUEST_QUEUES 8             /* those that it uses */
#define FAKE_GUEST_CALL_MAX (1200u << 10)       /* bytes of one direction */
#define FAKE_GUEST_ARENA (128 + 2 * FAKE_GUEST_CALL_MAX)

/* Where a structure of the function is (virtio 1.3 4.1.4). */
struct fake_region {
	unsigned bar;
	uint32_t offset, length;
	uint32_t notify_multiplier;
};

struct fake_queue {
	struct fake_ring ring;
	uint64_t notify;                /* offset in the notification BAR */
	uint64_t arena;                 /* guest address; FAKE_GUEST_ARENA */
	unsigned vector;
};

struct fake_guest_options {
	uint64_t features;              /* to accept, besides VERSION_1 */
	bool intx;                      /* instead of MSI-X */
	bool indirect;                  /* tables for calls */
	uint16_t queue_size;            /* 0: the largest */
};

struct fake_guest {
	struct fake_host *host;
	struct fake_pci pci;
	struct fake_region region[6];   /* by cfg_type */
	struct fake_guest_options options;
	unsigned queues;
	struct fake_queue queue[FAKE_GUEST_QUEUES];
};

/* Probe the function.  NULL, or what is wrong with it. */
const char *fake_guest_probe(struct fake_guest *g, struct fake_host *host,
			     const struct pciplug_plugin *plugin,
			     struct pciplug_device *dev);

/* All of virtio 1.3 3.1.1, up to DRIVER_OK.  NULL, or what went wrong. */
const char *fake_guest_setup(struct fake_guest *g,
			     const struct fake_guest_options *options);
/* Write 0 to the status and wait until it reads 0; false: it never does. */
bool fake_guest_reset(struct fake_guest *g);

/* ---- registers --------------------------------------------------------- */

enum fake_common {                      /* offset << 4 | size */
	FAKE_DEVICE_FEATURE_SELECT = 0x004,
	FAKE_DEVICE_FEATURE = 0x044,
	FAKE_DRIVER_FEATURE_SELECT = 0x084,
	FAKE_DRIVER_FEATURE = 0x0c4,
	FAKE_CONFIG_VECTOR = 0x102,
	FAKE_NUM_QUEUES = 0x122,
	FAKE_STATUS = 0x141,
	FAKE_GENERATION = 0x151,
	FAKE_QUEUE_SELECT = 0x162,
	FAKE_QUEUE_SIZE = 0x182,
	FAKE_QUEUE_VECTOR = 0x1a2,
	FAKE_QUEUE_ENABLE = 0x1c2,
	FAKE_QUEUE_NOTIFY_OFF = 0x1e2,
	FAKE_QUEUE_DESC = 0x208,
	FAKE_QUEUE_DRIVER = 0x288,
	FAKE_QUEUE_DEVICE = 0x308,
	FAKE_QUEUE_RESET = 0x3a2
};

uint64_t fake_guest_get(const struct fake_guest *g, enum fake_common what);
void fake_guest_set(const struct fake_guest *g, enum fake_common what,
		    uint64_t value);
uint64_t fake_guest_device_features(const struct fake_guest *g);
void fake_guest_set_driver_features(const struct fake_guest *g,
				    uint64_t features);
uint8_t fake_guest_status(const struct fake_guest *g);
/* Copy of the device's configuration. */
void fake_guest_config(const struct fake_guest *g, uint32_t offset, void *buf,
		       size_t len);
/* Reading it acknowledges INTx. */
uint8_t fake_guest_isr(const struct fake_guest *g);
/* Set up queue `q` anew, with a fresh ring, and enable it. */
void fake_guest_enable_queue(struct fake_guest *g, unsigned q);

/* ---- traffic ----------------------------------------------------------- */

/* Tell the device that queue `q` has buffers, asked or not. */
void fake_guest_kick(struct fake_guest *g, unsigned q);
/*
 * Wait until a chain of queue `q` was used, by interrupts alone.  0;
 * -ETIMEDOUT (-110): none came; -ECONNRESET (-104): the device needs a reset;
 * -ECANCELED (-125): the host has given up.
 */
int fake_guest_wait(struct fake_guest *g, unsigned q, uint16_t *ret_head,
		    uint32_t *ret_len);
/* Wait until the device needs a reset; false: it never does. */
bool fake_guest_wait_broken(struct fake_guest *g);

/*
 * Send `in` and collect what comes back into `out`, in buffers of the sizes
 * that the call chooses.  The used length, or as fake_guest_wait().
 */
int64_t fake_guest_call(struct fake_guest *g, unsigned q, const void *in,
			size_t in_len, void *out, size_t out_len);

#endif
