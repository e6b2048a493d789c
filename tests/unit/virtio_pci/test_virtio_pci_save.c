/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_pci/pci_fixture.h"

#include "common/save.h"
#include "tests/lib/fake_image.h"

#include <errno.h>
#include <stdlib.h>

static const struct fixture_options usual;
static const struct fixture_options host_table = { .host_msix_table = true };

static struct fake_image save(struct fixture *f)
{
	struct save_writer *w = malloc(sizeof(*w));
	struct fake_image image = { 0 };

	assert_non_null(w);
	save_open(w, 0, fake_image_write, &image);
	assert_int_equal(virtio_pci_save(f->vp, w), 0);
	assert_int_equal(save_close(w), 0);
	free(w);
	return image;
}

static int restore(struct fixture *f, struct fake_image *image)
{
	struct save_reader *r = malloc(sizeof(*r));
	int ret;

	assert_non_null(r);
	fake_image_rewind(image);
	ret = save_read(r, 0, fake_image_read, image);
	if (!ret)
		ret = virtio_pci_restore(f->vp, r);
	if (!ret)
		ret = save_read_end(r);
	free(r);
	return ret;
}

/* Stop it, and go on with another one. */
static void move(struct fixture *f, const struct fixture_options *options)
{
	struct fake_image image;

	virtio_pci_stop(f->vp);
	image = save(f);
	fixture_replace(f, options);
	assert_int_equal(restore(f, &image), 0);
	fake_image_done(&image);
}

static void registers_read_as_before(void **state)
{
	struct fixture *f = *state;
	uint8_t before[256 + 64], after[sizeof(before)];

	enable_msix(f);
	assign_vectors(f);
	start_driver(f);
	bar_set(f, 0, VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_GFSELECT, 4, 7);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
	cfg_set(f, PCI_BASE_ADDRESS_0, 4, 0xe0000000);
	virtio_pci_cfg_read(f->vp, 0, before, 256);
	virtio_pci_bar_read(f->vp, 0, 0, before + 256, 64);
	move(f, &usual);
	virtio_pci_cfg_read(f->vp, 0, after, 256);
	virtio_pci_bar_read(f->vp, 0, 0, after + 256, 64);
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(f->mapped[0], 0xe0000000);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2), 2);
}

static void messages_and_doorbells_go_on(void **state)
{
	struct fixture *f = *state;
	unsigned messages;

	enable_msix(f);
	assign_vectors(f);
	start_driver(f);
	request(f, 0);
	move(f, &usual);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_true(fixture_is(f, &f->doorbell[q]));
	assert_int_equal(virtio_pci_start(f->vp), 0);
	messages = fixture_get(f, &f->messages[1]);
	request(f, 0);
	fixture_await(f, &f->messages[1], messages + 1);
	assert_int_equal(f->data, 0x101);
}

static void asks_for_no_doorbells_before_the_driver_is_ready(void **state)
{
	struct fixture *f = *state;

	negotiate(f, V1);
	set_up_queues(f);
	move(f, &usual);
	assert_int_equal(f->doorbell_calls, 0);
	assert_int_equal(virtio_pci_start(f->vp), 0);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
	assert_true(fixture_is(f, &f->doorbell[0]));
	request(f, 0);
}

static void the_isr_status_and_the_line_stay(void **state)
{
	struct fixture *f = *state;

	start_driver(f);
	request(f, 0);
	move(f, &usual);
	assert_true(fixture_is(f, &f->line));
	assert_int_equal(bar_get(f, 0, ISR, 1), VIRTIO_PCI_ISR_QUEUE);
	assert_false(fixture_is(f, &f->line));
	move(f, &usual);
	assert_false(fixture_is(f, &f->line));
	assert_int_equal(bar_get(f, 0, ISR, 1), 0);
}

static void bus_mastering_is_asked_for(void **state)
{
	struct fixture *f = *state;

	start_driver(f);
	cfg_set(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	move(f, &usual);
	assert_int_equal(virtio_pci_start(f->vp), 0);
	add_buffer(f, 0);
	bar_set(f, 0, NOTIFY, 2, 0);
	nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	assert_int_equal(fixture_get(f, &f->requests[0]), 0);
	cfg_set(f, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	fixture_await(f, &f->requests[0], 1);
}

/* Its vectors are as they were, and nothing is pending, ever. */
static void a_host_with_a_table_of_its_own(void **state)
{
	struct fixture *f = *state;
	unsigned messages;

	fixture_replace(f, &host_table);
	assert_int_equal(virtio_pci_start(f->vp), 0);
	enable_msix(f);
	assign_vectors(f);
	start_driver(f);
	request(f, 1);
	move(f, &host_table);
	messages = fixture_get(f, &f->messages[2]);
	assert_int_equal(virtio_pci_start(f->vp), 0);
	request(f, 1);
	fixture_await(f, &f->messages[2], messages + 1);
}

static void is_not_saved_or_restored_while_it_runs(void **state)
{
	struct fixture *f = *state;
	struct save_writer *w = malloc(sizeof(*w));
	struct fake_image none = { 0 }, image;

	assert_non_null(w);
	start_driver(f);
	save_open(w, 0, fake_image_write, &none);
	assert_int_equal(virtio_pci_save(f->vp, w), -EBUSY);
	virtio_pci_stop(f->vp);
	image = save(f);
	assert_int_equal(virtio_pci_start(f->vp), 0);
	assert_int_equal(restore(f, &image), -EBUSY);
	request(f, 0);
	free(w);
	fake_image_done(&image);
	fake_image_done(&none);
}

/* ---- wrong images ------------------------------------------------------ */

static void assert_new(struct fixture *f)
{
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1), 0);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_MSIX, 2), 0xffff);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2), 0);
	assert_int_equal(cfg_get(f, PCI_COMMAND, 2), 0);
	assert_int_equal(f->mapped[0], 0);
	assert_false(f->line);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_false(fixture_is(f, &f->doorbell[q]));
}

static struct fake_image rich_image(struct fixture *f)
{
	struct fake_image image;

	enable_msix(f);
	assign_vectors(f);
	cfg_set(f, PCI_BASE_ADDRESS_0, 4, 0xe0000000);
	start_driver(f);
	request(f, 0);
	virtio_pci_stop(f->vp);
	image = save(f);
	fixture_replace(f, &usual);
	return image;
}

static void a_wrong_image_leaves_a_function_as_new(void **state)
{
	struct fixture *f = *state;
	struct fake_image image = rich_image(f);
	size_t at, len, whole = image.len;

	assert_true(fake_image_find(&image, "vpci", &at, &len));
	/* A bit of the ISR status, a vector, another one. */
	for (size_t i = 10; i < len - FAKE_IMAGE_HEADER; i += 2) {
		uint8_t *byte = image.data + at + FAKE_IMAGE_HEADER + i;
		uint8_t before = *byte;

		*byte = 0x77;
		assert_int_equal(restore(f, &image), -EINVAL);
		*byte = before;
		assert_new(f);
	}
	/* Before its end record there is a piece of each. */
	for (image.len = at; image.len < whole - FAKE_IMAGE_HEADER;
	     image.len += 13) {
		assert_int_equal(restore(f, &image), -EINVAL);
		assert_new(f);
	}
	image.len = whole;
	assert_int_equal(restore(f, &image), 0);
	assert_int_equal(virtio_pci_start(f->vp), 0);
	request(f, 0);
	fake_image_done(&image);
}

static void survives_every_byte_that_is_wrong(void **state)
{
	struct fixture *f = *state;
	struct fake_image image = rich_image(f);

	for (size_t i = 0; i < image.len; i++) {
		image.data[i] ^= 0xff;
		if (restore(f, &image))
			virtio_pci_reset(f->vp);
		image.data[i] ^= 0xff;
	}
	virtio_pci_reset(f->vp);
	assert_new(f);
	assert_int_equal(virtio_pci_start(f->vp), 0);
	start_driver(f);
	request(f, 0);
	fake_image_done(&image);
}

#define save_test(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		save_test(registers_read_as_before),
		save_test(messages_and_doorbells_go_on),
		save_test(asks_for_no_doorbells_before_the_driver_is_ready),
		save_test(the_isr_status_and_the_line_stay),
		save_test(bus_mastering_is_asked_for),
		save_test(a_host_with_a_table_of_its_own),
		save_test(is_not_saved_or_restored_while_it_runs),
		save_test(a_wrong_image_leaves_a_function_as_new),
		save_test(survives_every_byte_that_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
