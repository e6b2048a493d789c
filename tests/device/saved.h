/* SPDX-License-Identifier: MIT */
/*
 * saved.h - a device that is saved, destroyed, and goes on as another one; the
 * guest does not notice.
 */
#ifndef TESTS_DEVICE_SAVED_H
#define TESTS_DEVICE_SAVED_H

#include "tests/device/device_fixture.h"
#include "tests/lib/count_fds.h"
#include "tests/lib/fake_image.h"


/* The state of the device, which is stopped. */
static inline struct fake_image device_save(struct device_fixture *f)
{
	struct fake_image image = { 0 };

	assert_int_equal(f->plugin->save(f->dev, fake_image_write, &image), 0);
	return image;
}

/*
 * Another device with these options, stopped, with the same memory; nothing of
 * the old one is left, neither line nor BAR.
 */
static inline void device_replace(struct device_fixture *f, const char *options)
{
	f->plugin->destroy(f->dev);
	assert_int_equal(fake_host_doorbells(&f->host), 0);
	if (f->alias)
		fake_ram_unmap(&f->host.ram, f->alias);
	pthread_mutex_lock(&f->host.lock);
	f->host.intx = false;
	memset(f->host.bar, 0, sizeof(f->host.bar));
	pthread_mutex_unlock(&f->host.lock);
	device_create(f, options);
	device_add_memory(f);
	f->guest.pci.dev = f->dev;
}

/* The error, whose text is then in `err`. */
static inline int device_restore(struct device_fixture *f,
				 struct fake_image *image, char err[256])
{
	fake_image_rewind(image);
	err[0] = '\0';
	return f->plugin->restore(f->dev, fake_image_read, image, err, 256);
}

static inline void device_go_on(struct device_fixture *f,
				struct fake_image *image)
{
	char err[256];

	if (device_restore(f, image, err))
		fail_msg("restore: %s", err);
	assert_string_equal(err, "");
}

/* The device stops, and another one goes on; it is not started. */
static inline void device_move(struct device_fixture *f)
{
	struct fake_image image;

	f->plugin->stop(f->dev);
	image = device_save(f);
	device_replace(f, "");
	device_go_on(f, &image);
	fake_image_done(&image);
}

static inline void device_start(struct device_fixture *f)
{
	assert_int_equal(f->plugin->start(f->dev), 0);
}

#endif
