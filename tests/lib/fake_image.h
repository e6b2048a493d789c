/* SPDX-License-Identifier: MIT */
/*
 * fake_image.h - saved state in memory: where a device writes it to, and what
 * it reads it from; and its records, for those who change it.
 *
 * One thread for each.
 */
#ifndef TESTS_LIB_FAKE_IMAGE_H
#define TESTS_LIB_FAKE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FAKE_IMAGE_HEADER 8u            /* of a record: tag and length */

struct fake_image {
	uint8_t *data;
	size_t len, room;
	size_t at;                      /* how far it was read */
	size_t piece;                   /* bytes read at a time, or 0: all */
	/* The call that fails, and with what; 0: none. */
	unsigned calls, fail_at;
	int error;
};

/* Nothing; all zero is an empty image, too. */
void fake_image_done(struct fake_image *image);
/* A copy, to be read from the start. */
struct fake_image fake_image_copy(const struct fake_image *image);

/* The callbacks; ctx is the image. */
int fake_image_write(void *ctx, const void *buf, size_t len);
ssize_t fake_image_read(void *ctx, void *buf, size_t len);
/* Read it from the start again. */
void fake_image_rewind(struct fake_image *image);

/*
 * Where record `i` begins, and how long it is with its header; false: there is
 * none.
 */
bool fake_image_record(const struct fake_image *image, unsigned i,
		       size_t *ret_at, size_t *ret_len);
/* The first record with this tag; false: there is none. */
bool fake_image_find(const struct fake_image *image, const char *tag,
		     size_t *ret_at, size_t *ret_len);

#endif
