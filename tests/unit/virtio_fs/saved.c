/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/saved.h"

#include "common/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int take(void *ctx, const void *buf, size_t len)
{
	struct image *image = ctx;

	while (image->room - image->len < len) {
		image->room = image->room ? image->room * 2 : 65536;
		image->bytes = realloc(image->bytes, image->room);
		assert(image->bytes);
	}
	memcpy(image->bytes + image->len, buf, len);
	image->len += len;
	return 0;
}

static ssize_t give(void *ctx, void *buf, size_t len)
{
	struct image *image = ctx;
	size_t n = MIN(len, image->len - image->pos);

	memcpy(buf, image->bytes + image->pos, n);
	image->pos += n;
	return (ssize_t)n;
}

struct image *image_new(void)
{
	struct image *image = calloc(1, sizeof(*image));

	assert(image);
	return image;
}

void image_free(struct image *image)
{
	free(image->bytes);
	free(image);
}

int image_save(struct image *image, struct share *s)
{
	int rc;

	image->len = 0;
	save_open(&image->writer, IMAGE_KIND, take, image);
	rc = fuse_session_save(s->session, &image->writer);
	return rc ? rc : save_close(&image->writer);
}

int image_restore(struct image *image, struct share *s)
{
	struct save_reader *r = &image->reader;
	int rc;

	image->pos = 0;
	rc = save_read(r, IMAGE_KIND, give, image);
	if (!rc)
		rc = fuse_session_restore(s->session, r);
	return rc ? rc : save_read_end(r);
}

uint8_t *image_find(struct image *image, uint32_t tag, unsigned nth,
		    uint32_t *ret_len)
{
	size_t at = 0;

	while (at < image->len) {
		uint8_t *record = image->bytes + at;

		*ret_len = le32_load(record + 4);
		if (le32_load(record) == tag && !nth--)
			return record + SAVE_HEADER;
		at += SAVE_HEADER + *ret_len;
	}
	return NULL;
}

void share_replace(struct share *s, const struct vfs_options *options)
{
	fuse_session_free(s->session);
	vfs_server_free(s->server);
	assert_int_equal(vfs_server_new(s->root, options, &s->log, &s->server),
			 0);
	s->session = fuse_session_new(vfs_server_ops(s->server), s->server,
				      &s->log);
	assert_non_null(s->session);
	s->client->session = s->session;
}

void share_move(struct share *s, const struct vfs_options *options)
{
	struct image *image = image_new();

	assert_int_equal(image_save(image, s), 0);
	share_replace(s, options);
	if (image_restore(image, s))
		fail_msg("%s", image->reader.message);
	image_free(image);
}
