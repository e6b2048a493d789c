/* SPDX-License-Identifier: MIT */
/*
 * fake_ram.h - a guest's memory for tests: one array of bytes at a guest
 * address, with an allocator that only grows.
 *
 * 16-bit loads and stores are atomic, as a driver's are; the lock makes them
 * agree with fake_ram_read() and fake_ram_write(), which stand for a host's
 * callbacks.
 */
#ifndef TESTS_LIB_FAKE_RAM_H
#define TESTS_LIB_FAKE_RAM_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct fake_ram {
	uint8_t *base;                  /* page aligned */
	uint64_t gpa;
	size_t size;
	size_t used;                    /* by fake_ram_alloc() */
	int fd;
	pthread_mutex_t lock;
};

/* Zeroed memory; ends the test program when there is none. */
void fake_ram_init(struct fake_ram *ram, uint64_t gpa, size_t size);
void fake_ram_done(struct fake_ram *ram);

/*
 * The same memory mapped once more, for a device: what touches it after the
 * unmap ends the test program.
 */
void *fake_ram_map(const struct fake_ram *ram);
void fake_ram_unmap(const struct fake_ram *ram, void *alias);

/* A guest address; ends the test program when the memory is used up. */
uint64_t fake_ram_alloc(struct fake_ram *ram, size_t size, size_t align);
/* Where the allocator stands, and back to it: frees what came after. */
size_t fake_ram_mark(const struct fake_ram *ram);
void fake_ram_release(struct fake_ram *ram, size_t mark);

/* The bytes at a guest address that lies within. */
void *fake_ram_ptr(const struct fake_ram *ram, uint64_t gpa);

uint16_t fake_ram_load16(struct fake_ram *ram, uint64_t gpa);
void fake_ram_store16(struct fake_ram *ram, uint64_t gpa, uint16_t value);

/* Checked copies: 0, or -14 (EFAULT) when it is not all within. */
int fake_ram_read(struct fake_ram *ram, uint64_t gpa, void *buf, size_t len);
int fake_ram_write(struct fake_ram *ram, uint64_t gpa, const void *buf,
		   size_t len);

#endif
