/* SPDX-License-Identifier: MIT */
/*
 * pci_fixture.h - a virtio-PCI function on a host that records, with a device
 * that can be held up and a driver that reaches it by config space and BARs.
 */
#ifndef TESTS_UNIT_VIRTIO_PCI_PCI_FIXTURE_H
#define TESTS_UNIT_VIRTIO_PCI_PCI_FIXTURE_H

#include "common/bytes.h"
#include "pci/pci_spec.h"
#include "tests/lib/fake_ring.h"
#include "virtio/pci/virtio_pci.h"
#include "virtio/pci/virtio_pci_spec.h"
#include "virtio/virtio_spec.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define QUEUES 3
#define QUEUE_SIZE 16
#define VECTORS (QUEUES + 1)
#define CONFIG_SIZE 10
#define CONFIG_BYTES "configured"

/* Where the regions are, by virtio_pci.h. */
#define COMMON 0x0000
#define ISR 0x1000
#define DEVICE 0x2000
#define NOTIFY 0x3000
#define REGISTER_BAR_SIZE 0x4000

#define NEGOTIATED \
	(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | \
	 VIRTIO_STATUS_FEATURES_OK)
#define READY (NEGOTIATED | VIRTIO_STATUS_DRIVER_OK)
#define V1 VIRTIO_FEATURE(VIRTIO_F_VERSION_1)

/* What may be left out or done otherwise; 0 is the usual. */
struct fixture_options {
	bool no_intx;
	bool host_msix_table;
	bool no_config;
	bool no_doorbells;
	bool stopped;
};

struct fixture {
	struct gmem mem;
	struct fake_ram ram;
	struct log log;
	struct virtio_pci *vp;
	struct fake_ring ring[QUEUES];

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Protected by lock. */
	bool hold;                      /* requests wait while this is set */
	bool corrupt;                   /* requests break their queue */
	unsigned requests[QUEUES];      /* begun */
	unsigned device_resets;
	unsigned messages[VECTORS];
	uint64_t address;               /* of the last message */
	uint32_t data;
	bool line;
	uint64_t mapped[6];             /* where BARs are; 0: nowhere */
	bool refuse_doorbells;
	unsigned doorbell_calls;
	bool doorbell[QUEUES];          /* are there */
	struct virtio_pci_doorbell last_doorbell;
};

void fixture_init(struct fixture *f, const struct fixture_options *options);
void fixture_done(struct fixture *f);
/* Another function in its place, stopped, on a host that has heard nothing. */
void fixture_replace(struct fixture *f, const struct fixture_options *options);

/* cmocka's set-up and tear-down, with the usual options. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A counter of those above; and wait until it is at least n. */
unsigned fixture_get(struct fixture *f, const unsigned *what);
void fixture_await(struct fixture *f, const unsigned *what, unsigned n);
/* Set a flag, and read one. */
void fixture_set(struct fixture *f, bool *flag, bool value);
bool fixture_is(struct fixture *f, const bool *flag);

/* ---- the driver -------------------------------------------------------- */

uint32_t cfg_get(struct fixture *f, uint32_t offset, size_t width);
void cfg_set(struct fixture *f, uint32_t offset, size_t width, uint32_t value);
uint64_t bar_get(struct fixture *f, unsigned bar, uint64_t offset,
		 size_t width);
void bar_set(struct fixture *f, unsigned bar, uint64_t offset, size_t width,
	     uint64_t value);

/* Where the capability is: by id, and for vendor ones by cfg_type; or 0. */
uint32_t find_cap(struct fixture *f, uint8_t id, uint8_t cfg_type);

/* Enable MSI-X and unmask all vectors; vector v gets data 0x100 + v. */
void enable_msix(struct fixture *f);
/* A vector for each queue, and 0 for the configuration. */
void assign_vectors(struct fixture *f);
/* Bus mastering, and status 0 to FEATURES_OK with `features`. */
void negotiate(struct fixture *f, uint64_t features);
/* Rings for all queues, all enabled. */
void set_up_queues(struct fixture *f);
/* Make one buffer available in a queue, without a notification. */
void add_buffer(struct fixture *f, unsigned queue);
/* Everything up to DRIVER_OK. */
void start_driver(struct fixture *f);
/* One request through a queue, until the device has begun it. */
void request(struct fixture *f, unsigned queue);

#endif
