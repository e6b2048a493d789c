/* SPDX-License-Identifier: MIT */
/*
 * Saved state that is wrong, or of another device: restore() says so in one
 * line, and the device is as after create(), good for a guest that begins anew.
 */
#include "tests/device/hostile.h"
#include "tests/device/saved.h"

static uint8_t fresh[256];

/* A device that is new, and how its registers read. */
static int fresh_setup(void **state)
{
	struct device_fixture *f;

	host_setup(state);
	f = *state;
	device_create(f, "");
	device_add_memory(f);
	f->plugin->cfg_read(f->dev, 0, fresh, sizeof(fresh));
	return 0;
}

static void assert_fresh(struct device_fixture *f)
{
	uint8_t now[sizeof(fresh)];

	f->plugin->cfg_read(f->dev, 0, now, sizeof(now));
	assert_memory_equal(now, fresh, sizeof(now));
	assert_int_equal(fake_host_doorbells(&f->host), 0);
	assert_int_equal(fake_host_bar(&f->host, 0), 0);
	assert_false(fake_host_intx(&f->host));
}

static void assert_refused_image(struct device_fixture *f,
				 struct fake_image *image)
{
	char err[256];

	assert_int_equal(device_restore(f, image, err), -EINVAL);
	assert_true(err[0]);
	assert_null(strchr(err, '\n'));
	assert_fresh(f);
}

/* It works for a guest from the beginning on. */
static void assert_works(struct device_fixture *f)
{
	uint64_t node, fh;
	char text[8];

	device_start(f);
	device_probe(f);
	device_mount(f);
	node = fuse_client_walk(&f->client, "dir/inner");
	assert_int_not_equal(node, 0);
	assert_int_equal(fuse_client_open(&f->client, node, LX_O_RDONLY, &fh),
			 0);
	assert_int_equal(fuse_client_read(&f->client, node, fh, 0, text, 6), 6);
	assert_memory_equal(text, "inside", 6);
}

/* The state of a guest that has everything, and then the device is new. */
static struct fake_image rich_image(struct device_fixture *f)
{
	struct fake_image image;
	uint64_t node, fh;

	device_start(f);
	device_probe(f);
	device_mount(f);
	assert_int_not_equal(fuse_client_walk(&f->client, "dir/inner"), 0);
	node = fuse_client_walk(&f->client, "file");
	assert_int_equal(fuse_client_open(&f->client, node, LX_O_RDWR, &fh), 0);
	node = fuse_client_walk(&f->client, "dir");
	assert_int_equal(fuse_client_opendir(&f->client, node, &fh), 0);
	f->plugin->stop(f->dev);
	image = device_save(f);
	device_replace(f, "");
	assert_fresh(f);
	return image;
}

static void state_that_is_cut_off(void **state)
{
	struct device_fixture *f = *state;
	struct fake_image image = rich_image(f);
	unsigned before = count_fds();
	size_t whole = image.len;

	/* Somewhere within each record, and between any two of them. */
	for (image.len = 0; image.len < whole; image.len += 7)
		assert_refused_image(f, &image);
	image.len = whole - 1;
	assert_refused_image(f, &image);
	assert_int_equal(count_fds(), before);
	assert_works(f);
	fake_image_done(&image);
}

/* What is taken in spite of that is a state that a guest can reset. */
static void state_with_a_wrong_byte(void **state)
{
	struct device_fixture *f = *state;
	struct fake_image image = rich_image(f);
	unsigned before = count_fds(), taken = 0;
	char err[256];

	for (size_t i = 0; i < image.len; i++) {
		image.data[i] ^= (uint8_t)(1u << i % 8);
		if (device_restore(f, &image, err))
			assert_true(err[0]);
		else
			taken++;
		f->plugin->reset(f->dev);
		image.data[i] ^= (uint8_t)(1u << i % 8);
		assert_fresh(f);
	}
	/* MSI-X tables and what a guest writes of its registers are free. */
	assert_in_range(taken, 1, image.len / 2 + 2048);
	assert_int_equal(count_fds(), before);
	assert_works(f);
	fake_image_done(&image);
}

static void state_without_a_record(void **state)
{
	struct device_fixture *f = *state;
	struct fake_image image = rich_image(f), copy;
	unsigned refused = 0, n = 0;
	size_t at, len;
	char err[256];

	for (; fake_image_record(&image, n, &at, &len); n++) {
		copy = fake_image_copy(&image);
		memmove(copy.data + at, copy.data + at + len,
			copy.len - at - len);
		copy.len -= len;
		if (device_restore(f, &copy, err)) {
			refused++;
			assert_fresh(f);
		}
		f->plugin->reset(f->dev);
		fake_image_done(&copy);
	}
	/* A node or a file more or less can be. */
	assert_in_range(refused, n - 6, n);
	assert_works(f);
	fake_image_done(&image);
}

static void state_of_another_device(void **state)
{
	static const char *const other[] = {
		",queues=3", ",ro", ",queue-size=16", ",no-packed",
	};
	struct device_fixture *f = *state;
	struct fake_image image;

	default_options.features = VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	image = rich_image(f);
	for (size_t i = 0; i < ARRAY_LEN(other); i++) {
		char err[256];

		device_replace(f, other[i]);
		assert_int_equal(device_restore(f, &image, err), -EINVAL);
		print_message("%s: %s\n", other[i], err);
		assert_true(err[0]);
	}
	device_replace(f, "");
	device_go_on(f, &image);
	device_start(f);
	assert_alive(f);
	fake_image_done(&image);
}

static void state_that_cannot_be_read(void **state)
{
	struct device_fixture *f = *state;
	struct fake_image image = rich_image(f);
	char err[256];

	image.error = -EIO;
	for (image.fail_at = 1; device_restore(f, &image, err);
	     image.fail_at++) {
		assert_string_not_equal(err, "");
		assert_fresh(f);
	}
	assert_true(image.fail_at > 10);
	image.fail_at = 0;
	f->plugin->reset(f->dev);
	/* A byte at a time, which a pipe may give. */
	image.piece = 1;
	device_go_on(f, &image);
	device_start(f);
	assert_alive(f);
	fake_image_done(&image);
}

/* While it is started nothing happens, whatever the state is. */
static void state_for_a_device_that_runs(void **state)
{
	struct device_fixture *f = *state;
	struct fake_image image = rich_image(f), none = { 0 };
	char err[256];

	assert_works(f);
	assert_int_equal(device_restore(f, &image, err), -EBUSY);
	assert_string_equal(err, "the device is started");
	assert_int_equal(device_restore(f, &none, err), -EBUSY);
	assert_alive(f);
	/* But what it had goes with what is restored. */
	f->plugin->stop(f->dev);
	assert_refused_image(f, &none);
	device_go_on(f, &image);
	fake_image_done(&image);
}

/* What is behind the state is somebody else's. */
static void state_in_a_larger_file(void **state)
{
	struct device_fixture *f = *state;
	struct fake_image image = rich_image(f);
	size_t whole = image.len;

	assert_int_equal(fake_image_write(&image, "more", 4), 0);
	device_go_on(f, &image);
	assert_int_equal(image.at, whole);
	fake_image_done(&image);
}

#define saved_test(name) \
	cmocka_unit_test_setup_teardown(name, fresh_setup, device_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		saved_test(state_that_is_cut_off),
		saved_test(state_with_a_wrong_byte),
		saved_test(state_without_a_record),
		saved_test(state_that_cannot_be_read),
		saved_test(state_for_a_device_that_runs),
		saved_test(state_in_a_larger_file),
		saved_test(state_of_another_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
