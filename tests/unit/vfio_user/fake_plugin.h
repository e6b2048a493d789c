/* SPDX-License-Identifier: MIT */
/*
 * fake_plugin.h - a plugin whose device does what a test says.
 *
 * The device has configuration space and one BAR of plain bytes, a MSI-X
 * capability of four vectors and an interrupt pin.  It notes what it is asked,
 * and has one worker that reads or writes guest memory by the host's callbacks;
 * stop, reset and mem_remove wait for it, as a real device's do.
 */
#ifndef FAKE_PLUGIN_H
#define FAKE_PLUGIN_H

#include "include/pciplug.h"

#include <pthread.h>
#include <stdbool.h>

#define FAKE_BAR_SIZE 4096u
/* BAR 4: more than one message takes; reads as zeros, ignores writes. */
#define FAKE_LARGE_BAR_SIZE (4u << 20)
#define FAKE_VECTORS 4u
/* A read of this configuration byte calls the test's hook. */
#define FAKE_HOOK_OFFSET 0xf0u

struct fake_range {
	uint64_t gpa;
	uint64_t size;
	uint8_t *host;
	uint32_t flags;
};

struct pciplug_device {
	struct pciplug_host host;
	uint8_t config[256];
	uint8_t bar[FAKE_BAR_SIZE];
	void (*hook)(struct pciplug_device *dev);
	int hook_result;
	int start_result, remove_result;

	pthread_mutex_t lock;           /* guards what follows */
	pthread_cond_t idle;
	unsigned created, destroyed, starts, stops, resets, removes;
	struct fake_range range[8];
	unsigned ranges;
	bool busy;                      /* the worker is at work */

	pthread_t worker;
	bool write;
	uint64_t gpa;
	uint8_t *buf;
	size_t len;
	int result;
};

extern const struct pciplug_plugin fake_plugin;

/* The device that fake_plugin made last. */
extern struct pciplug_device fake_device;

/* Begin a copy on the worker's thread; fake_join() gives the result. */
void fake_begin(bool write, uint64_t gpa, void *buf, size_t len);
int fake_join(void);

/* Is there a range at gpa?  A copy of it. */
bool fake_find(uint64_t gpa, struct fake_range *ret_range);

/* A counter of the device, read under its lock. */
unsigned fake_count(const unsigned *counter);

#endif
