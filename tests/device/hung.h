/* SPDX-License-Identifier: MIT */
/* hung.h - a request that waits for a file system which does not answer. */
#ifndef TESTS_DEVICE_HUNG_H
#define TESTS_DEVICE_HUNG_H

#include "tests/device/device_fixture.h"

#define HUNG_MS 100                     /* so long it certainly is */

/* Begin to look up "hung"; nobody will see the answer. */
static inline void post_lookup(struct device_fixture *f, unsigned queue)
{
	static const struct {
		struct fuse_in_header in;
		char name[5];
	} __attribute__((packed)) request = {
		{ .len = 45, .opcode = FUSE_LOOKUP, .unique = 7, .nodeid = 1 },
		"hung",
	};
	struct fake_ram *ram = &f->host.ram;
	struct fake_buf buf[2] = {
		{ fake_ram_alloc(ram, sizeof(request), 8), sizeof(request) },
		{ fake_ram_alloc(ram, 256, 8), 256 },
	};

	memcpy(fake_ram_ptr(ram, buf[0].gpa), &request, sizeof(request));
	fake_ring_add(&f->guest.queue[queue].ring, buf, 1, 1, 0);
	fake_guest_kick(&f->guest, queue);
	pause_ms(HUNG_MS);
}

#endif
