/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what the fuzz targets share: taking an input apart.
 *
 * A target is a program with libFuzzer's entry.  Built with --enable-fuzz it is
 * a fuzzer; otherwise fuzz_replay.c gives it a main() that runs the files that
 * it is given, as `make check` does with the corpora.
 *
 * An input that is too short ends in zeros: every input is a good one.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns 0, or -1 to keep an input out of the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the input is. */
#define fuzz_must(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, \
				__LINE__, #condition); \
			abort(); \
		} \
	} while (0)

struct fuzz_input {
	const uint8_t *data;
	size_t left;
};

static inline void fuzz_take(struct fuzz_input *in, void *buf, size_t len)
{
	size_t here = len < in->left ? len : in->left;

	memset(buf, 0, len);
	if (!here)
		return;
	memcpy(buf, in->data, here);
	in->data += here;
	in->left -= here;
}

static inline uint8_t fuzz_u8(struct fuzz_input *in)
{
	uint8_t value;

	fuzz_take(in, &value, sizeof(value));
	return value;
}

static inline uint16_t fuzz_u16(struct fuzz_input *in)
{
	uint16_t value;

	fuzz_take(in, &value, sizeof(value));
	return value;
}

static inline uint32_t fuzz_u32(struct fuzz_input *in)
{
	uint32_t value;

	fuzz_take(in, &value, sizeof(value));
	return value;
}

static inline uint64_t fuzz_u64(struct fuzz_input *in)
{
	uint64_t value;

	fuzz_take(in, &value, sizeof(value));
	return value;
}

#endif
