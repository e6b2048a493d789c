/* SPDX-License-Identifier: MIT */
#include "tests/lib/fake_image.h"

#include "common/bytes.h"

#include <stdlib.h>
#include <string.h>

void fake_image_done(struct fake_image *image)
{
	free(image->data);
	*image = (struct fake_image){ 0 };
}

struct fake_image fake_image_copy(const struct fake_image *image)
{
	struct fake_image copy = { 0 };

	if (image->len && fake_image_write(&copy, image->data, image->len))
		abort();
	copy.calls = 0;
	return copy;
}

static bool fails(struct fake_image *image)
{
	return ++image->calls == image->fail_at;
}

int fake_image_write(void *ctx, const void *buf, size_t len)
{
	struct fake_image *image = ctx;

	if (fails(image))
		return image->error;
	if (len > image->room - image->len) {
		image->room = 2 * image->room + len;
		image->data = realloc(image->data, image->room);
		if (!image->data)
			abort();
	}
	memcpy(image->data + image->len, buf, len);
	image->len += len;
	return 0;
}

ssize_t fake_image_read(void *ctx, void *buf, size_t len)
{
	struct fake_image *image = ctx;

	if (fails(image))
		return image->error;
	if (image->piece)
		len = MIN(len, image->piece);
	len = MIN(len, image->len - image->at);
	if (len)
		memcpy(buf, image->data + image->at, len);
	image->at += len;
	return (ssize_t)len;
}

void fake_image_rewind(struct fake_image *image)
{
	image->at = 0;
	image->calls = 0;
}

bool fake_image_record(const struct fake_image *image, unsigned i,
		       size_t *ret_at, size_t *ret_len)
{
	size_t at = 0, len = 0;

	for (unsigned n = 0; n <= i; n++) {
		at += len;
		if (image->len - at < FAKE_IMAGE_HEADER)
			return false;
		len = FAKE_IMAGE_HEADER +
		      (size_t)le32_load(image->data + at + 4);
		if (len > image->len - at)
			return false;
	}
	*ret_at = at;
	*ret_len = len;
	return true;
}

bool fake_image_find(const struct fake_image *image, const char *tag,
		     size_t *ret_at, size_t *ret_len)
{
	for (unsigned i = 0; fake_image_record(image, i, ret_at, ret_len); i++)
		if (!memcmp(image->data + *ret_at, tag, 4))
			return true;
	return false;
}
