/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz_image.h"

#include "common/bytes.h"

struct record {
	size_t at, len;                 /* with its header */
};

/* One of those that there are; false: there is none. */
static bool choose(const struct fake_image *image, struct fuzz_input *in,
		   struct record *ret_record)
{
	unsigned want = fuzz_u8(in), n = 0;
	struct record r;

	while (fake_image_record(image, n, &r.at, &r.len))
		n++;
	return n && fake_image_record(image, want % n, &ret_record->at,
				      &ret_record->len);
}

/* Put `len` bytes in the place of `old` bytes at `at`. */
static void splice(struct fake_image *image, size_t at, size_t old,
		   const void *bytes, size_t len)
{
	uint8_t *tail;
	size_t rest = image->len - at - old;

	if (image->len - old + len > FUZZ_IMAGE_MAX)
		return;
	tail = malloc(rest + 1);
	if (!tail)
		abort();
	memcpy(tail, image->data + at + old, rest);
	image->len = at;
	if ((len && fake_image_write(image, bytes, len)) ||
	    (rest && fake_image_write(image, tail, rest)))
		abort();
	free(tail);
}

/* The record has so many bytes more, or less. */
static void set_length(struct fake_image *image, size_t at, size_t payload)
{
	le32_store(image->data + at + 4, (uint32_t)payload);
}

static uint64_t some_number(struct fuzz_input *in, uint64_t before)
{
	switch (fuzz_u8(in) % 8) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return before + 1;
	case 3:
		return before - 1;
	case 4:
		return before ^ UINT64_C(1) << fuzz_u8(in) % 64;
	case 5:
		return fuzz_u8(in);
	case 6:
		return UINT64_C(1) << fuzz_u8(in) % 64;
	default:
		return fuzz_u64(in);
	}
}

static void change_number(struct fake_image *image, struct fuzz_input *in)
{
	size_t width = (size_t)1 << fuzz_u8(in) % 4, at;
	uint8_t bytes[8] = { 0 };
	struct record r;

	if (!choose(image, in, &r) || r.len < FAKE_IMAGE_HEADER + width)
		return;
	at = r.at + FAKE_IMAGE_HEADER +
	     fuzz_u16(in) % (r.len - FAKE_IMAGE_HEADER - width + 1);
	memcpy(bytes, image->data + at, width);
	le64_store(bytes, some_number(in, le64_load(bytes)));
	memcpy(image->data + at, bytes, width);
}

static void remove_record(struct fake_image *image, struct fuzz_input *in)
{
	struct record r;

	if (choose(image, in, &r))
		splice(image, r.at, r.len, NULL, 0);
}

static void copy_record(struct fake_image *image, struct fuzz_input *in)
{
	struct record r, to;
	uint8_t *copy;

	if (!choose(image, in, &r) || !choose(image, in, &to))
		return;
	copy = malloc(r.len);
	if (!copy)
		abort();
	memcpy(copy, image->data + r.at, r.len);
	splice(image, to.at, 0, copy, r.len);
	free(copy);
}

/* Cut the end of a record off, or add to it. */
static void change_length(struct fake_image *image, struct fuzz_input *in)
{
	uint8_t more[64];
	struct record r;
	size_t n = fuzz_u8(in), payload;

	if (!choose(image, in, &r))
		return;
	payload = r.len - FAKE_IMAGE_HEADER;
	if (n < 128) {
		n = MIN(n, payload);
		splice(image, r.at + r.len - n, n, NULL, 0);
		set_length(image, r.at, payload - n);
		return;
	}
	n %= sizeof(more);
	fuzz_take(in, more, n);
	if (image->len + n > FUZZ_IMAGE_MAX)
		return;
	splice(image, r.at + r.len, 0, more, n);
	set_length(image, r.at, payload + n);
}

/*
 * A blob (u32 length and bytes) in the place of another one, whose length
 * stands `at` the start of it; or anywhere.
 */
static void put_bytes(struct fake_image *image, struct fuzz_input *in,
		      const struct fuzz_bytes *bytes, size_t count)
{
	const struct fuzz_bytes *b = &bytes[fuzz_u8(in) % count];
	uint8_t blob[4 + 256];
	struct record r;
	size_t at, old, payload;

	if (!choose(image, in, &r) || r.len < FAKE_IMAGE_HEADER + 4 ||
	    b->len > sizeof(blob) - 4 ||
	    image->len + sizeof(blob) > FUZZ_IMAGE_MAX)
		return;
	payload = r.len - FAKE_IMAGE_HEADER;
	at = fuzz_u16(in) % (payload - 3);
	old = le32_load(image->data + r.at + FAKE_IMAGE_HEADER + at);
	old = MIN(old, payload - at - 4) + 4;
	le32_store(blob, (uint32_t)b->len);
	memcpy(blob + 4, b->data, b->len);
	splice(image, r.at + FAKE_IMAGE_HEADER + at, old, blob, b->len + 4);
	set_length(image, r.at, payload - old + b->len + 4);
}

/* Without regard to records. */
static void change_anything(struct fake_image *image, struct fuzz_input *in)
{
	size_t at = fuzz_u16(in);

	if (image->len)
		image->data[at % image->len] ^= fuzz_u8(in);
}

static void cut_off(struct fake_image *image, struct fuzz_input *in)
{
	size_t n = fuzz_u16(in);

	image->len -= MIN(image->len, n);
}

void fuzz_image_change(struct fake_image *image, struct fuzz_input *in,
		       const struct fuzz_bytes *bytes, size_t count)
{
	switch (fuzz_u8(in) % 12) {
	case 0:
		remove_record(image, in);
		break;
	case 1:
		copy_record(image, in);
		break;
	case 2:
	case 3:
		change_length(image, in);
		break;
	case 4:
	case 5:
	case 6:
		put_bytes(image, in, bytes, count);
		break;
	case 7:
		change_anything(image, in);
		break;
	case 8:
		if (fuzz_u8(in) < 16)
			cut_off(image, in);
		break;
	default:
		change_number(image, in);
	}
}
