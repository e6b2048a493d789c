/* SPDX-License-Identifier: MIT */
/*
 * bench_device.h - a virtio-fs device that is driven, wherever it runs: in
 * this process behind the plugin ABI, or in a server behind vhost-user.
 *
 * Both are kicked and interrupt by eventfds, as KVM has it (ioeventfd and
 * irqfd), so that their costs can be compared.
 */
#ifndef BENCH_DEVICE_H
#define BENCH_DEVICE_H

#include "tools/bench/bench_ring.h"

#include <sys/types.h>

#define BENCH_QUEUES_MAX 17             /* hiprio and 16 request queues */

/* Features that a driver takes if they are offered. */
#define BENCH_FEATURES                                              \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX | \
	 1ull << VIRTIO_RING_F_INDIRECT_DESC)

struct bench_device;

struct bench_device_ops {
	/* Stop the device and release what open took; not the memory. */
	void (*close)(struct bench_device *dev);
};

struct bench_device {
	const struct bench_device_ops *ops;
	void *impl;
	struct bench_ram ram;
	uint64_t features;              /* wanted, then negotiated */
	unsigned queues;                /* with hiprio, which is number 0 */
	struct bench_ring ring[BENCH_QUEUES_MAX];
	int kick[BENCH_QUEUES_MAX];     /* eventfds */
	int call[BENCH_QUEUES_MAX];
	pid_t server;                   /* 0: this process */
};

/*
 * The three kinds of open set up all rings of `dev`, whose ram, features and
 * queues are given, and end the program if they can't.
 */

/* `spec` is "PLUGIN[,OPTION...]": a shared object and options of the share. */
void bench_plugin_open(struct bench_device *dev, const char *spec,
		       const char *dir);

/* A server that listens on `path`. */
void bench_vhost_user_open(struct bench_device *dev, const char *path);

/* Start `command`, where %s is a socket's path and %d is `dir`. */
void bench_server_open(struct bench_device *dev, const char *command,
		       const char *dir);

static inline void bench_device_close(struct bench_device *dev)
{
	dev->ops->close(dev);
	bench_ram_done(&dev->ram);
}

#endif
