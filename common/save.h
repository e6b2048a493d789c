/* SPDX-License-Identifier: MIT */
/*
 * save.h - a device's state as a stream of bytes (an image), and back.
 *
 * An image is a sequence of records, all numbers little-endian:
 *
 *   u32 tag        four letters, in the stream as they are read
 *   u32 length     of the payload, at most SAVE_RECORD_MAX
 *   payload
 *
 * The first record is "save" { u32 format, u32 kind }, the last "end." without
 * payload; nothing behind that is read.  What is between belongs to the layers,
 * each of which writes its own records and reads them in the same order.  The
 * layout of a record never changes: another one gets another tag.
 *
 * Writer: every record is put together in a buffer and passed on whole, several
 * at a time.  Reader: one record at a time is read into a buffer.  Neither
 * allocates.  Both structs are as large as that buffer: allocate them.
 *
 * Errors stick.  After the first one a writer writes nothing and a reader finds
 * no record and gets only zeros, so it is enough to look at the end of a record
 * (save_done()) or of the image.  An image is not to be trusted: the reader
 * checks form only; what a number means, and whether it is in range, is its
 * owner's to check, who says what is wrong by save_refuse().
 *
 * One thread at a time.  The callbacks may block.
 */
#ifndef COMMON_SAVE_H
#define COMMON_SAVE_H

#include "common/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* SAVE_TAG('n', 'o', 'd', 'e') */
#define SAVE_TAG(a, b, c, d)                                  \
	((uint32_t)(uint8_t)(a) | (uint32_t)(uint8_t)(b) << 8 | \
	 (uint32_t)(uint8_t)(c) << 16 | (uint32_t)(uint8_t)(d) << 24)

#define SAVE_HEADER 8u                  /* bytes of tag and length */

/* ---- writing ----------------------------------------------------------- */

/* Take all `len` bytes (> 0): 0, or a negative errno. */
typedef int save_write_fn(void *ctx, const void *buf, size_t len);

struct save_writer {
	save_write_fn *write;
	void *ctx;
	int error;                      /* the first one; 0: none */
	size_t begun;                   /* where the record begins in buf */
	size_t used;                    /* bytes of buf */
	uint8_t buf[SAVE_HEADER + SAVE_RECORD_MAX];
};

/*
 * Begin an image; `kind` (a tag) says what it is of, and only a reader of the
 * same kind takes it.  ctx is borrowed until save_close().
 */
void save_open(struct save_writer *w, uint32_t kind, save_write_fn *write,
	       void *ctx);
/* End it: 0, or the first error; the callback's own, or -E2BIG. */
int save_close(struct save_writer *w);

/* A record begins; one that is longer than SAVE_RECORD_MAX is -E2BIG. */
void save_begin(struct save_writer *w, uint32_t tag);
void save_end(struct save_writer *w);

/* The next bytes of its payload. */
void save_u8(struct save_writer *w, uint8_t value);
void save_u16(struct save_writer *w, uint16_t value);
void save_u32(struct save_writer *w, uint32_t value);
void save_u64(struct save_writer *w, uint64_t value);
void save_bytes(struct save_writer *w, const void *bytes, size_t len);
/* A u32 length, and the bytes. */
void save_blob(struct save_writer *w, const void *bytes, size_t len);

/* ---- reading ----------------------------------------------------------- */

/*
 * Fill up to `len` bytes (> 0): how many, at least one; 0 where the stream
 * ends; or a negative errno.
 */
typedef ssize_t save_read_fn(void *ctx, void *buf, size_t len);

struct save_reader {
	save_read_fn *read;
	void *ctx;
	int error;                      /* the first one; 0: none */
	char message[256];              /* what it was, in one line */
	uint32_t tag;                   /* of the record in buf; 0: none */
	bool taken;                     /* it was begun */
	size_t len, pos;                /* its bytes, and those that are got */
	uint8_t buf[SAVE_RECORD_MAX];
};

/*
 * Begin to read an image of this kind: 0, or a negative errno: -EINVAL for
 * another kind, another format, or no image at all.  ctx is borrowed until the
 * reader is used no more.
 */
int save_read(struct save_reader *r, uint32_t kind, save_read_fn *read,
	      void *ctx);
/* The image ends here: 0, or the first error, of whatever came before. */
int save_read_end(struct save_reader *r);

/*
 * The tag of the next record, which stays the next until save_take(); 0 if
 * there was an error.  An owner of many records of a kind asks for more.
 */
uint32_t save_next(struct save_reader *r);
/* Begin the next record, which must be one of these: 0, or the first error. */
int save_take(struct save_reader *r, uint32_t tag);
/* Its payload is used up exactly: 0, or the first error. */
int save_done(struct save_reader *r);

/* The next bytes of its payload; zeros if there are not so many. */
uint8_t save_get_u8(struct save_reader *r);
uint16_t save_get_u16(struct save_reader *r);
uint32_t save_get_u32(struct save_reader *r);
uint64_t save_get_u64(struct save_reader *r);
void save_get_bytes(struct save_reader *r, void *ret_bytes, size_t len);
/* A u8 that must be 0 or 1. */
bool save_get_bool(struct save_reader *r);
/*
 * What save_blob() wrote, of at most `max` bytes: a pointer that is good until
 * the next record, never NULL; *ret_len is set in any case (0 after an error).
 */
const void *save_get_blob(struct save_reader *r, size_t max, size_t *ret_len);
/* Bytes of the payload that are left, for records that are lists. */
size_t save_left(const struct save_reader *r);

/*
 * The image makes no sense: keep error (a negative errno) and message, unless
 * there are some already.  Returns the first error.
 */
__attribute__((format(printf, 3, 4)))
int save_refuse(struct save_reader *r, int error, const char *fmt, ...);

#endif
