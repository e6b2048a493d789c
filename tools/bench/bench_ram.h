/* SPDX-License-Identifier: MIT */
/*
 * bench_ram.h - the memory of a guest that is no more than rings and buffers.
 *
 * One shared mapping with a file behind it, which a vhost-user server gets and
 * an in-process device is shown.  Pieces are taken from it one after the other
 * and never given back.
 */
#ifndef BENCH_RAM_H
#define BENCH_RAM_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_RAM_GPA 0x40000000u       /* where the device sees it */
#define BENCH_PAGE 4096u

struct bench_ram {
	int fd;
	unsigned char *base;
	size_t size;
	size_t used;
};

/* Zeroed memory of `size` bytes; ends the program if there is none. */
void bench_ram_init(struct bench_ram *ram, size_t size);
void bench_ram_done(struct bench_ram *ram);

/* Take whole pages; bench_ram_init() was told enough. */
void *bench_ram_take(struct bench_ram *ram, size_t size);

/* The guest physical address of what lies at `p`. */
static inline uint64_t bench_ram_gpa(const struct bench_ram *ram, const void *p)
{
	return BENCH_RAM_GPA + (uint64_t)((const unsigned char *)p - ram->base);
}

static inline size_t bench_pages(size_t size)
{
	return (size + BENCH_PAGE - 1) & ~(size_t)(BENCH_PAGE - 1);
}

#endif
