/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_pci/pci_fixture.h"

/* The whole structure as one read finds it. */
static void read_all(struct fixture *f, uint8_t image[VIRTIO_PCI_COMMON_SIZE])
{
	virtio_pci_bar_read(f->vp, 0, COMMON, image, VIRTIO_PCI_COMMON_SIZE);
}

/* A register by bytes. */
struct span {
	uint32_t offset;
	uint32_t width;
};

/* A state in which every register has another value than at first. */
static void set_some_state(struct fixture *f)
{
	negotiate(f, V1 | VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX));
	bar_set(f, 0, VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	bar_set(f, 0, VIRTIO_PCI_COMMON_MSIX, 2, 3);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, 2);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SIZE, 2, 8);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2, 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_DESCLO, 8, 0x1122334455667780);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_AVAILLO, 8, 0x99aabbccddeeff00);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_USEDLO, 8, 0x0102030405060708);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
}

/* That state, written down by the specification's offsets. */
static void expect_some_state(struct fixture *f,
			      uint8_t image[VIRTIO_PCI_COMMON_SIZE])
{
	uint64_t offered = virtio_core_features(virtio_pci_core(f->vp));

	memset(image, 0, VIRTIO_PCI_COMMON_SIZE);
	le32_store(image + 0x00, 1);
	le32_store(image + 0x04, (uint32_t)(offered >> 32));
	le32_store(image + 0x08, 0);
	le32_store(image + 0x0c, 1u << VIRTIO_F_EVENT_IDX);
	le16_store(image + 0x10, 3);
	le16_store(image + 0x12, QUEUES);
	image[0x14] = NEGOTIATED;
	image[0x15] = virtio_core_config_generation(virtio_pci_core(f->vp));
	le16_store(image + 0x16, 2);
	le16_store(image + 0x18, 8);
	le16_store(image + 0x1a, 1);
	le16_store(image + 0x1c, 1);
	le16_store(image + 0x1e, 2);
	le64_store(image + 0x20, 0x1122334455667780);
	le64_store(image + 0x28, 0x99aabbccddeeff00);
	le64_store(image + 0x30, 0x0102030405060708);
	le16_store(image + 0x38, 2);
	le16_store(image + 0x3a, 0);
}

static void reads_every_register_at_every_width(void **state)
{
	struct fixture *f = *state;
	uint8_t want[VIRTIO_PCI_COMMON_SIZE + 16], got[16];

	set_some_state(f);
	expect_some_state(f, want);
	memset(want + VIRTIO_PCI_COMMON_SIZE, 0xff, 16);
	for (uint32_t at = 0; at < VIRTIO_PCI_COMMON_SIZE; at++) {
		for (size_t width = 1; width <= sizeof(got); width++) {
			memset(got, 0x5a, sizeof(got));
			virtio_pci_bar_read(f->vp, 0, COMMON + at, got, width);
			assert_memory_equal(got, want + at, width);
			if (width < sizeof(got))
				assert_int_equal(got[width], 0x5a);
		}
	}
}

static void starts_as_the_specification_says(void **state)
{
	struct fixture *f = *state;
	uint64_t offered = virtio_core_features(virtio_pci_core(f->vp));

	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_DF, 4),
			 (uint32_t)offered);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_MSIX, 2),
			 VIRTIO_MSI_NO_VECTOR);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1), 0);
	for (unsigned q = 0; q < QUEUES; q++) {
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, q);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_SIZE, 2),
				 QUEUE_SIZE);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2),
				 VIRTIO_MSI_NO_VECTOR);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2),
				 0);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_NOFF, 2), q);
	}
}

/* Write a register in pieces of `width`, the others staying as they are. */
static void check_written_in_pieces(struct fixture *f, struct span reg,
				    uint32_t width, const uint8_t *value)
{
	uint8_t before[VIRTIO_PCI_COMMON_SIZE], after[VIRTIO_PCI_COMMON_SIZE];

	read_all(f, before);
	for (uint32_t i = 0; i < reg.width; i += width) {
		virtio_pci_bar_write(f->vp, 0, COMMON + reg.offset + i,
				     value + i, width);
		memcpy(before + reg.offset + i, value + i, width);
		read_all(f, after);
		assert_memory_equal(after, before, sizeof(after));
	}
}

static void writes_every_register_at_every_width(void **state)
{
	static const struct {
		struct span reg;
		uint8_t a[8], b[8];
	} cases[] = {
		/* Bank 2 and above of driver features hold nothing. */
		{ { VIRTIO_PCI_COMMON_DFSELECT, 4 }, "\5\6\7\10", "\5\0\0\0" },
		{ { VIRTIO_PCI_COMMON_GFSELECT, 4 }, "\5\6\7\10", "\0\0\0\0" },
		{ { VIRTIO_PCI_COMMON_GF, 4 }, "\1\2\3\4", "\0\0\0\0" },
		{ { VIRTIO_PCI_COMMON_Q_SIZE, 2 }, "\10\0", "\4\0" },
		{ { VIRTIO_PCI_COMMON_Q_DESCLO, 8 },
		  "\1\2\3\4\5\6\7\10", "\x11\x12\x13\x14\x15\x16\x17\x18" },
		{ { VIRTIO_PCI_COMMON_Q_AVAILLO, 8 },
		  "\1\2\3\4\5\6\7\10", "\x11\x12\x13\x14\x15\x16\x17\x18" },
		{ { VIRTIO_PCI_COMMON_Q_USEDLO, 8 },
		  "\1\2\3\4\5\6\7\10", "\x11\x12\x13\x14\x15\x16\x17\x18" },
	};
	struct fixture *f = *state;

	bar_set(f, 0, VIRTIO_PCI_COMMON_DFSELECT, 4, 2);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (uint32_t width = 1; width <= cases[i].reg.width;
		     width *= 2) {
			check_written_in_pieces(f, cases[i].reg, width,
						cases[i].a);
			check_written_in_pieces(f, cases[i].reg, width,
						cases[i].b);
		}
	}
}

static void one_wide_write_is_many_registers(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[8];

	/* status, generation, queue_select and queue_size, queue_msix_vector */
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = VIRTIO_STATUS_ACKNOWLEDGE;
	bytes[1] = 0x77;
	le16_store(bytes + 2, 1);
	le16_store(bytes + 4, 8);
	le16_store(bytes + 6, 2);
	virtio_pci_bar_write(f->vp, 0, VIRTIO_PCI_COMMON_STATUS, bytes, 8);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1),
			 VIRTIO_STATUS_ACKNOWLEDGE);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2), 1);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_SIZE, 2), 8);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2), 2);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_SIZE, 2),
			 QUEUE_SIZE);
}

static void read_only_registers_stay(void **state)
{
	static const struct span cases[] = {
		{ VIRTIO_PCI_COMMON_DF, 4 },
		{ VIRTIO_PCI_COMMON_NUMQ, 2 },
		{ VIRTIO_PCI_COMMON_CFGGENERATION, 1 },
		{ VIRTIO_PCI_COMMON_Q_NOFF, 2 },
		{ VIRTIO_PCI_COMMON_Q_NDATA, 2 },
	};
	struct fixture *f = *state;
	uint8_t before[VIRTIO_PCI_COMMON_SIZE], after[VIRTIO_PCI_COMMON_SIZE];

	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
	read_all(f, before);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (uint32_t width = 1; width <= cases[i].width; width *= 2)
			for (uint32_t at = 0; at < cases[i].width; at += width)
				bar_set(f, 0, cases[i].offset + at, width,
					UINT64_MAX);
	}
	read_all(f, after);
	assert_memory_equal(after, before, sizeof(after));
}

static void features_come_in_two_banks(void **state)
{
	struct fixture *f = *state;
	uint64_t offered = virtio_core_features(virtio_pci_core(f->vp));

	for (uint32_t bank = 0; bank < 4; bank++) {
		bar_set(f, 0, VIRTIO_PCI_COMMON_DFSELECT, 4, bank);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_DF, 4),
				 bank < 2 ? (uint32_t)(offered >> 32 * bank) :
					    0);
		bar_set(f, 0, VIRTIO_PCI_COMMON_GFSELECT, 4, bank);
		bar_set(f, 0, VIRTIO_PCI_COMMON_GF, 4, 0x10 + bank);
	}
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_GF, 4), 0);
	assert_true(virtio_core_driver_features(virtio_pci_core(f->vp)) ==
		    0x1100000010);
	bar_set(f, 0, VIRTIO_PCI_COMMON_GFSELECT, 4, UINT32_MAX);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_GF, 4), 0);
}

static void a_vector_that_does_not_exist_is_refused(void **state)
{
	struct fixture *f = *state;
	static const uint32_t reg[] = { VIRTIO_PCI_COMMON_MSIX,
					VIRTIO_PCI_COMMON_Q_MSIX };

	for (size_t i = 0; i < ARRAY_LEN(reg); i++) {
		bar_set(f, 0, reg[i], 2, VECTORS - 1);
		assert_int_equal(bar_get(f, 0, reg[i], 2), VECTORS - 1);
		bar_set(f, 0, reg[i], 2, VECTORS);
		assert_int_equal(bar_get(f, 0, reg[i], 2),
				 VIRTIO_MSI_NO_VECTOR);
		bar_set(f, 0, reg[i], 2, 0);
		assert_int_equal(bar_get(f, 0, reg[i], 2), 0);
		bar_set(f, 0, reg[i], 2, 0xfffe);
		assert_int_equal(bar_get(f, 0, reg[i], 2),
				 VIRTIO_MSI_NO_VECTOR);
		bar_set(f, 0, reg[i], 2, 1);
		bar_set(f, 0, reg[i], 2, VIRTIO_MSI_NO_VECTOR);
		assert_int_equal(bar_get(f, 0, reg[i], 2),
				 VIRTIO_MSI_NO_VECTOR);
		/* Half of a number: 0x01ff. */
		bar_set(f, 0, reg[i] + 1, 1, 1);
		assert_int_equal(bar_get(f, 0, reg[i], 2),
				 VIRTIO_MSI_NO_VECTOR);
	}
}

static void a_queue_that_does_not_exist_has_size_0(void **state)
{
	static const uint16_t queue[] = { QUEUES, QUEUES + 1, 64, 0xffff };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(queue); i++) {
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, queue[i]);
		for (uint32_t at = VIRTIO_PCI_COMMON_Q_SIZE;
		     at < VIRTIO_PCI_COMMON_SIZE; at += 2)
			bar_set(f, 0, at, 2, 1);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2),
				 queue[i]);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_SIZE, 2), 0);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2),
				 VIRTIO_MSI_NO_VECTOR);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2),
				 0);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_NOFF, 2), 0);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_DESCLO, 8),
				 0);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_RESET, 2),
				 0);
	}
}

static void an_enabled_queue_is_fixed(void **state)
{
	struct fixture *f = *state;
	uint8_t before[VIRTIO_PCI_COMMON_SIZE], after[VIRTIO_PCI_COMMON_SIZE];

	set_some_state(f);
	read_all(f, before);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SIZE, 2, 4);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_DESCLO, 8, 0);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_AVAILLO + 4, 4, 0);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_USEDLO, 1, 0);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 0);
	/* Not negotiated. */
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	read_all(f, after);
	assert_memory_equal(after, before, sizeof(after));
}

static void only_1_enables_a_queue(void **state)
{
	struct fixture *f = *state;

	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 2);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 0x101);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
}

/* A queue that was reset, with another size. */
static void check_enabled_anew(struct fixture *f, unsigned q)
{
	struct fake_ring *ring = &f->ring[q];
	unsigned before = fixture_get(f, &f->requests[q]);

	fake_ring_init(ring, &f->ram, QUEUE_SIZE / 2, false);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, q);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SIZE, 2, QUEUE_SIZE / 2);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_DESCLO, 8, ring->desc);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_AVAILLO, 8, ring->avail);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_USEDLO, 8, ring->used);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_RESET, 2), 0);
	/* More than once around, which takes the right size. */
	for (unsigned i = 1; i <= QUEUE_SIZE; i++) {
		uint16_t head;
		uint32_t len;

		add_buffer(f, q);
		bar_set(f, 0, NOTIFY + 4 * q, 2, q);
		for (unsigned tries = 0; !fake_ring_has_used(ring); tries++) {
			assert_true(tries < 20000);
			nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
		}
		assert_true(fake_ring_collect(ring, &head, &len));
	}
	assert_int_equal(fixture_get(f, &f->requests[q]), before + QUEUE_SIZE);
}

static void one_queue_can_be_reset(void **state)
{
	struct fixture *f = *state;

	negotiate(f, V1 | VIRTIO_FEATURE(VIRTIO_F_RING_RESET));
	assign_vectors(f);
	set_up_queues(f);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
	fixture_set(f, &f->hold, true);
	add_buffer(f, 1);
	bar_set(f, 0, NOTIFY + 4, 2, 1);
	fixture_await(f, &f->requests[1], 1);

	/* 1 is read until the request in flight is done. */
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_RESET, 2), 1);
	fixture_set(f, &f->hold, false);
	for (unsigned i = 0; bar_get(f, 0, VIRTIO_PCI_COMMON_Q_RESET, 2); i++) {
		assert_true(i < 20000);
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_DESCLO, 8), 0);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2),
			 VIRTIO_MSI_NO_VECTOR);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, 2);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2), 3);
	check_enabled_anew(f, 1);
}

static void a_queue_that_is_not_enabled_can_be_reset(void **state)
{
	struct fixture *f = *state;

	negotiate(f, V1 | VIRTIO_FEATURE(VIRTIO_F_RING_RESET));
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SIZE, 2, 8);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2, 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_DESCLO, 8, 0x1000);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_RESET, 2), 0);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_SIZE, 2),
			 QUEUE_SIZE);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2),
			 VIRTIO_MSI_NO_VECTOR);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_DESCLO, 8), 0);
}

/* The driver has only written that it would like to. */
static void no_queue_is_reset_before_features_ok(void **state)
{
	struct fixture *f = *state;

	bar_set(f, 0, VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_GF, 4,
		(V1 | VIRTIO_FEATURE(VIRTIO_F_RING_RESET)) >> 32);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2, 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2), 1);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_every_register_at_every_width),
		TEST(starts_as_the_specification_says),
		TEST(writes_every_register_at_every_width),
		TEST(one_wide_write_is_many_registers),
		TEST(read_only_registers_stay),
		TEST(features_come_in_two_banks),
		TEST(a_vector_that_does_not_exist_is_refused),
		TEST(a_queue_that_does_not_exist_has_size_0),
		TEST(an_enabled_queue_is_fixed),
		TEST(only_1_enables_a_queue),
		TEST(one_queue_can_be_reset),
		TEST(a_queue_that_is_not_enabled_can_be_reset),
		TEST(no_queue_is_reset_before_features_ok),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
