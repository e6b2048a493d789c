/* SPDX-License-Identifier: MIT */
/* Images of a core that are wrong, or of another one. */
#include "tests/unit/virtio/save_fixture.h"

/*
 * A core whose driver has done a lot, saved: everything is in its image.  It is
 * reset then.
 */
static struct fake_image rich_image(struct core_fixture *f)
{
	struct fake_image image;
	char *byte;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1 | EVENT_IDX);
	request(f, 0);
	virtio_core_stop(f->core);
	for (unsigned i = 0; i < 2; i++)
		add_waiting(f, &byte);
	assert_int_equal(virtio_core_start(f->core), 0);
	/* Turns being taken, both were tried by then. */
	await(f, &f->tries, 3);
	virtio_core_stop(f->core);
	image = save_by(f, virtio_core_save);
	virtio_core_reset(f->core);
	return image;
}

/* The core is as a new one, and good for a driver. */
static void assert_new(struct core_fixture *f)
{
	assert_int_equal(virtio_core_status(f->core), 0);
	assert_int_equal(virtio_core_driver_features(f->core), 0);
	for (unsigned i = 0; i < QUEUES; i++) {
		struct virtio_queue_regs regs = virtio_core_queue(f->core, i);

		assert_false(regs.enabled);
		assert_int_equal(regs.size, QUEUE_SIZE);
		assert_int_equal(regs.desc, 0);
	}
}

static void assert_works(struct core_fixture *f)
{
	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	request(f, 0);
	request(f, 1);
}

static void refuses_an_image_that_is_cut_off(void **state)
{
	struct core_fixture *f = *state;
	struct fake_image image = rich_image(f);
	size_t whole = image.len;

	for (image.len = 0; image.len < whole; image.len++) {
		int ret = restore_by(f, &image, virtio_core_restore);

		assert_int_equal(ret, -EINVAL);
		if (whole - image.len > FAKE_IMAGE_HEADER)
			assert_new(f);
	}
	virtio_core_reset(f->core);
	assert_works(f);
	fake_image_done(&image);
}

static void survives_every_bit_that_is_wrong(void **state)
{
	struct core_fixture *f = *state;
	struct fake_image image = rich_image(f);

	for (size_t i = 0; i < 8 * image.len; i++) {
		uint8_t bit = (uint8_t)(1u << i % 8);

		image.data[i / 8] ^= bit;
		if (restore_by(f, &image, virtio_core_restore))
			virtio_core_reset(f->core);
		image.data[i / 8] ^= bit;
	}
	virtio_core_reset(f->core);
	assert_new(f);
	assert_works(f);
	fake_image_done(&image);
}

/* Restore it with `len` bytes at `at` of this record replaced. */
static int restore_with(struct core_fixture *f, const struct fake_image *image,
			const char *tag, size_t at, uint64_t value, size_t len)
{
	struct fake_image copy = fake_image_copy(image);
	size_t record, record_len;
	uint8_t bytes[8];
	int ret;

	assert_true(fake_image_find(image, tag, &record, &record_len));
	assert_true(FAKE_IMAGE_HEADER + at + len <= record_len);
	le64_store(bytes, value);
	memcpy(copy.data + record + FAKE_IMAGE_HEADER + at, bytes, len);
	ret = restore_by(f, &copy, virtio_core_restore);
	fake_image_done(&copy);
	return ret;
}

/* Where numbers are in a record of the first queue. */
#define QUEUE_INDEX 0
#define QUEUE_COUNT 4
#define QUEUE_ENTRIES 8
#define QUEUE_DESC 10
#define QUEUE_FEATURES 34
#define QUEUE_PROGRESS 42
#define QUEUE_AVAIL 43
#define QUEUE_PARKED 47
#define QUEUE_SAVED 49
#define QUEUE_PARKED_ID 51

static void refuses_numbers_that_make_no_sense(void **state)
{
	static const struct {
		const char *tag;
		size_t at;
		uint64_t value;
		size_t len;
	} wrong[] = {
		{ "core", 0, READY | 0x20, 1 },
		{ "core", 0, READY & ~VIRTIO_STATUS_FEATURES_OK, 1 },
		{ "core", 0, NEGOTIATED, 1 },
		{ "core", 1, 0, 8 },
		{ "core", 1, UINT64_MAX, 8 },
		{ "core", 9, 7, 8 },
		{ "core", 9, 2, 8 },
		{ "vque", QUEUE_INDEX, 1, 4 },
		{ "vque", QUEUE_COUNT, QUEUES + 1, 4 },
		{ "vque", QUEUE_ENTRIES, 0, 2 },
		{ "vque", QUEUE_ENTRIES, 2 * QUEUE_SIZE, 2 },
		{ "vque", QUEUE_ENTRIES, 1, 2 },
		{ "vque", QUEUE_DESC, 1, 8 },
		{ "vque", QUEUE_FEATURES, V1, 8 },
		{ "vque", QUEUE_PROGRESS, 0, 1 },
		{ "vque", QUEUE_PROGRESS, 4, 1 },
		{ "vque", QUEUE_PARKED, QUEUE_SIZE + 1, 2 },
		{ "vque", QUEUE_PARKED, 1, 2 },
		{ "vque", QUEUE_PARKED, 3, 2 },
		{ "vque", QUEUE_SAVED, QUEUE_SIZE + 1, 2 },
		{ "vque", QUEUE_SAVED, 1, 2 },
		{ "vque", QUEUE_PARKED_ID, QUEUE_SIZE, 2 },
		{ "dev ", 0, DEVICE_STATE + 1, 4 },
	};
	struct core_fixture *f = *state;
	struct fake_image image = rich_image(f);

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		if (restore_with(f, &image, wrong[i].tag, wrong[i].at,
				 wrong[i].value, wrong[i].len) != -EINVAL)
			fail_msg("'%s' takes 0x%llx at %zu", wrong[i].tag,
				 (unsigned long long)wrong[i].value,
				 wrong[i].at);
		assert_new(f);
	}
	assert_works(f);
	fake_image_done(&image);
}

/* A queue that broke when it was stopped, so that nobody was told. */
static void tells_of_a_queue_that_is_broken(void **state)
{
	struct core_fixture *f = *state;
	struct fake_image image = rich_image(f);
	size_t at, len, end;

	assert_true(fake_image_find(&image, "vque", &at, &len));
	end = at + FAKE_IMAGE_HEADER + QUEUE_PROGRESS + 1;
	image.data[end - 1] = 2;
	le32_store(image.data + at + 4, QUEUE_PROGRESS + 1);
	memmove(image.data + end, image.data + at + len, image.len - at - len);
	image.len -= at + len - end;
	assert_int_equal(restore_by(f, &image, virtio_core_restore), 0);
	assert_int_equal(virtio_core_status(f->core), READY);
	assert_int_equal(virtio_core_start(f->core), 0);
	await(f, &f->config_interrupts, 1);
	assert_int_equal(virtio_core_status(f->core),
			 READY | VIRTIO_STATUS_NEEDS_RESET);
	request(f, 1);
	fake_image_done(&image);
}

/* Places beyond the ring, ids twice, more descriptors than are in flight. */
static void refuses_packed_rings_that_make_no_sense(void **state)
{
	static const struct {
		size_t at;
		uint64_t value;
		size_t len;
	} wrong[] = {
		{ QUEUE_AVAIL, PVIRTQ_PLACE_WRAP | QUEUE_SIZE, 2 },
		{ QUEUE_AVAIL, PVIRTQ_PLACE_WRAP, 2 },
		{ QUEUE_AVAIL, 3, 2 },
		{ QUEUE_AVAIL + 2, QUEUE_SIZE, 2 },
		{ QUEUE_AVAIL + 2, PVIRTQ_PLACE_WRAP | 3, 2 },
		{ QUEUE_PARKED_ID, 0x0001000100010001, 8 },
		{ QUEUE_PARKED_ID + 2, 0, 2 },
		{ QUEUE_PARKED_ID + 2, 2, 2 },
	};
	struct core_fixture *f = *state;
	struct fake_image image = rich_image(f);

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		if (restore_with(f, &image, "vque", wrong[i].at,
				 wrong[i].value, wrong[i].len) != -EINVAL)
			fail_msg("0x%llx is taken at %zu",
				 (unsigned long long)wrong[i].value,
				 wrong[i].at);
		assert_new(f);
	}
	assert_works(f);
	fake_image_done(&image);
}

static void refuses_the_image_of_another_device(void **state)
{
	struct core_fixture *f = *state;
	struct fake_image image;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1 | IN_ORDER);
	virtio_core_stop(f->core);
	image = save_by(f, virtio_core_save);
	/* One that does not offer what the driver has. */
	new_core(f, QUEUES, false);
	assert_int_equal(restore_by(f, &image, virtio_core_restore), -EINVAL);
	new_core(f, QUEUES - 1, true);
	assert_int_equal(restore_by(f, &image, virtio_core_restore), -EINVAL);
	new_core(f, QUEUES, true);
	assert_int_equal(restore_by(f, &image, virtio_core_restore), 0);
	fake_image_done(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		save_test(refuses_an_image_that_is_cut_off),
		save_packed_test(refuses_an_image_that_is_cut_off),
		save_test(survives_every_bit_that_is_wrong),
		save_packed_test(survives_every_bit_that_is_wrong),
		save_test(refuses_numbers_that_make_no_sense),
		save_packed_test(refuses_packed_rings_that_make_no_sense),
		save_test(tells_of_a_queue_that_is_broken),
		save_packed_test(tells_of_a_queue_that_is_broken),
		save_test(refuses_the_image_of_another_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
