/* SPDX-License-Identifier: MIT */
/*
 * fuzz_image.h - saved state that is changed as an input says: numbers of its
 * records, their order and length, paths and file handles in them.
 */
#ifndef TESTS_FUZZ_FUZZ_IMAGE_H
#define TESTS_FUZZ_FUZZ_IMAGE_H

#include "tests/fuzz/fuzz.h"
#include "tests/lib/fake_image.h"

/* Bytes that may be put into records: handles of what is outside, say. */
struct fuzz_bytes {
	const void *data;
	size_t len;
};

#define FUZZ_IMAGE_MAX (1u << 18)       /* bytes; it grows no more beyond */

/* One change, if the input has it. */
void fuzz_image_change(struct fake_image *image, struct fuzz_input *in,
		       const struct fuzz_bytes *bytes, size_t count);

#endif
