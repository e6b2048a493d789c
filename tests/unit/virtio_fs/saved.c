/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/saved.h"

#include "common/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct image *image_new(void)
{
	struct image *image = calloc(1, sizeof(*image));

	assert(image);
	return image;
}

void image_free(struct image *image)
{
	fake_image_done(&image->of);
	free(image);
}

int image_save(struct image *image, struct share *s)
{
	int rc;

	image->of.len = 0;
	save_open(&image->writer, IMAGE_KIND, fake_image_write, &image->of);
	rc = fuse_session_save(s->session, &image->writer);
	return rc ? rc : save_close(&image->writer);
}

int image_restore(struct image *image, struct share *s)
{
	struct save_reader *r = &image->reader;
	int rc;

	fake_image_rewind(&image->of);
	rc = save_read(r, IMAGE_KIND, fake_image_read, &image->of);
	if (!rc)
		rc = fuse_session_restore(s->session, r);
	return rc ? rc : save_read_end(r);
}

uint8_t *image_find(struct image *image, uint32_t tag, unsigned nth,
		    uint32_t *ret_len)
{
	size_t at, len;

	for (unsigned i = 0; fake_image_record(&image->of, i, &at, &len); i++) {
		*ret_len = (uint32_t)len - SAVE_HEADER;
		if (le32_load(image->of.data + at) == tag && !nth--)
			return image->of.data + at + SAVE_HEADER;
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
