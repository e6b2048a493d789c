/* SPDX-License-Identifier: MIT */
/*
 * saved.h - a share's session saved to memory, and another server restored from
 * it, to which the same client goes on talking.
 */
#ifndef TESTS_UNIT_VIRTIO_FS_SAVED_H
#define TESTS_UNIT_VIRTIO_FS_SAVED_H

#include "common/save.h"
#include "tests/lib/fake_image.h"
#include "tests/unit/virtio_fs/share.h"

struct image {
	struct fake_image of;
	struct save_writer writer;
	struct save_reader reader;
};

/* Freed by image_free(). */
struct image *image_new(void);
void image_free(struct image *image);

/* Save the share's session; 0, or an error. */
int image_save(struct image *image, struct share *s);
/* Restore the share's session; what is wrong is in image->reader.message. */
int image_restore(struct image *image, struct share *s);

#define IMAGE_KIND SAVE_TAG('t', 'e', 's', 't')

/*
 * The nth record (from 0) with this tag: where its payload begins; NULL: there
 * is none.  *ret_len is the payload's length.
 */
uint8_t *image_find(struct image *image, uint32_t tag, unsigned nth,
		    uint32_t *ret_len);

/*
 * A new server with a closed session takes the place of the share's, which is
 * freed; the client talks to it from now on.
 */
void share_replace(struct share *s, const struct vfs_options *options);
/* Save, replace, restore. */
void share_move(struct share *s, const struct vfs_options *options);

#endif
