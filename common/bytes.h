/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - little-endian numbers in byte buffers, and checked arithmetic.
 *
 * Wire data is never reached through a pointer cast: these load and store byte
 * by byte, so any alignment and any host will do (compilers make one
 * instruction of it).
 */
#ifndef COMMON_BYTES_H
#define COMMON_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* glib has these too. */
#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#endif
#ifndef MAX
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif
/* The struct of type `type` whose member `member` is at `ptr`. */
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

static inline uint16_t le16_load(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t le32_load(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

static inline uint64_t le64_load(const void *p)
{
	const uint8_t *b = p;

	return le32_load(b) | (uint64_t)le32_load(b + 4) << 32;
}

static inline void le16_store(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
}

static inline void le32_store(void *p, uint32_t v)
{
	le16_store(p, (uint16_t)v);
	le16_store((uint8_t *)p + 2, (uint16_t)(v >> 16));
}

static inline void le64_store(void *p, uint64_t v)
{
	le32_store(p, (uint32_t)v);
	le32_store((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

static inline bool is_pow2(uint64_t v)
{
	return v && !(v & (v - 1));
}

/* The least multiple of `align` (a power of two) that is >= v. */
static inline uint64_t align_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/* Is [start, start + len) inside [base, base + size)?  Nothing overflows. */
static inline bool range_within(uint64_t start, uint64_t len, uint64_t base,
				uint64_t size)
{
	return start >= base && start - base <= size &&
	       len <= size - (start - base);
}

/* Do the two ranges share a byte?  Each must end at or below 2^64. */
static inline bool range_overlaps(uint64_t a, uint64_t a_len, uint64_t b,
				  uint64_t b_len)
{
	return a_len && b_len &&
	       (a < b ? b - a < a_len : a - b < b_len);
}

#endif
