/* SPDX-License-Identifier: MIT */
/*
 * save_fixture.h - a core whose device has a state, images of it, and other
 * cores that go on from these.
 */
#ifndef TESTS_UNIT_VIRTIO_SAVE_FIXTURE_H
#define TESTS_UNIT_VIRTIO_SAVE_FIXTURE_H

#include "common/save.h"
#include "tests/lib/fake_image.h"
#include "tests/unit/virtio/core_fixture.h"

#include <stdlib.h>

#define KIND SAVE_TAG('t', 'e', 's', 't')
#define TAG_DEVICE SAVE_TAG('d', 'e', 'v', ' ')
#define DEVICE_STATE 4711u

/* ---- a device with a number for its state ------------------------------- */

static uint32_t restored_state;

static inline int dev_save(void *dev, struct save_writer *w)
{
	(void)dev;
	save_begin(w, TAG_DEVICE);
	save_u32(w, DEVICE_STATE);
	save_end(w);
	return 0;
}

static inline int dev_restore(void *dev, struct save_reader *r)
{
	(void)dev;
	save_take(r, TAG_DEVICE);
	restored_state = save_get_u32(r);
	if (restored_state != DEVICE_STATE)
		return save_refuse(r, -EINVAL, "another device");
	return save_done(r);
}

static struct virtio_device_ops ops_that_save;

/* In the place of the fixture's, with so many queues. */
static inline void new_core(struct core_fixture *f, unsigned queues,
			    bool in_order)
{
	const struct virtio_core_params params = {
		.queues = queues,
		.queue_size = QUEUE_SIZE,
		.name = "another",
		.in_order = in_order,
	};

	virtio_core_free(f->core);
	ops_that_save = fixture_dev_ops;
	ops_that_save.save = dev_save;
	ops_that_save.restore = dev_restore;
	assert_int_equal(virtio_core_new(&params, &ops_that_save, f,
					 &fixture_transport_ops, f, &f->mem,
					 &f->log, &f->core), 0);
}

static inline int save_setup(void **state)
{
	core_setup(state);
	new_core(*state, QUEUES, true);
	return 0;
}

static inline int save_setup_packed(void **state)
{
	core_setup_packed(state);
	new_core(*state, QUEUES, true);
	return 0;
}

/* ---- images ------------------------------------------------------------ */

typedef int save_fn(struct virtio_core *core, struct save_writer *w);
typedef int restore_fn(struct virtio_core *core, struct save_reader *r);

static inline struct fake_image save_by(struct core_fixture *f, save_fn *save)
{
	struct save_writer *w = malloc(sizeof(*w));
	struct fake_image image = { 0 };

	assert_non_null(w);
	save_open(w, KIND, fake_image_write, &image);
	assert_int_equal(save(f->core, w), 0);
	assert_int_equal(save_close(w), 0);
	free(w);
	return image;
}

static inline int restore_by(struct core_fixture *f, struct fake_image *image,
		      restore_fn *restore)
{
	struct save_reader *r = malloc(sizeof(*r));
	int ret;

	assert_non_null(r);
	fake_image_rewind(image);
	ret = save_read(r, KIND, fake_image_read, image);
	if (!ret)
		ret = restore(f->core, r);
	if (!ret)
		ret = save_read_end(r);
	else if (ret != -EBUSY)
		assert_true(r->message[0]);
	free(r);
	return ret;
}

/* Stop it, and go on with another one. */
static inline void move(struct core_fixture *f)
{
	struct fake_image image;

	virtio_core_stop(f->core);
	image = save_by(f, virtio_core_save);
	new_core(f, QUEUES, true);
	assert_int_equal(restore_by(f, &image, virtio_core_restore), 0);
	assert_int_equal(restored_state, DEVICE_STATE);
	fake_image_done(&image);
}

static inline void request(struct core_fixture *f, unsigned queue)
{
	uint16_t head = add(f, queue);

	virtio_core_kick(f->core, queue);
	await_true(fake_ring_has_used(&f->ring[queue]));
	assert_used(f, queue, head, 4);
}

/* Make available one that waits while *ret_byte says so. */
static inline uint16_t add_waiting(struct core_fixture *f, char **ret_byte)
{
	struct fake_buf buf = { fake_ram_alloc(&f->ram, 8, 8), 8 };

	*ret_byte = fake_ram_ptr(&f->ram, buf.gpa);
	**ret_byte = WAITS;
	return fake_ring_add(&f->ring[0], &buf, 0, 1, 0);
}

static inline void let_go(struct core_fixture *f, char *byte)
{
	pthread_mutex_lock(&f->lock);
	*byte = 0;
	pthread_mutex_unlock(&f->lock);
}

#define save_test(name) \
	cmocka_unit_test_setup_teardown(name, save_setup, core_teardown)
#define save_packed_test(name) \
	{ "packed: " #name, name, save_setup_packed, core_teardown, NULL }

#endif
