/* SPDX-License-Identifier: MIT */
#include "pci/pci_msix.h"

#include "common/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct host {
	unsigned sent;
	uint16_t vector;
	uint64_t address;
	uint32_t data;
};

static void host_send(void *ctx, uint16_t vector, uint64_t address,
		      uint32_t data)
{
	struct host *h = ctx;

	h->sent++;
	h->vector = vector;
	h->address = address;
	h->data = data;
}

#define ENABLE PCI_MSIX_FLAGS_ENABLE
#define MASKALL PCI_MSIX_FLAGS_MASKALL

static void write_entry(struct pci_msix *m, unsigned vector, uint64_t address,
			uint32_t data, uint32_t control)
{
	uint8_t entry[16];

	le64_store(entry, address);
	le32_store(entry + 8, data);
	le32_store(entry + 12, control);
	pci_msix_write(m, vector * 16, entry, sizeof(entry));
}

static void write_control(struct pci_msix *m, unsigned vector, uint32_t control)
{
	uint8_t bytes[4];

	le32_store(bytes, control);
	pci_msix_write(m, vector * 16 + 12, bytes, sizeof(bytes));
}

static uint32_t read32(const struct pci_msix *m, uint64_t offset)
{
	uint8_t bytes[4];

	pci_msix_read(m, offset, bytes, sizeof(bytes));
	return le32_load(bytes);
}

static void describes_table_and_pba(void **state)
{
	struct pci_msix m;
	uint8_t bytes[PCI_CAP_MSIX_SIZEOF], writable[PCI_CAP_MSIX_SIZEOF];

	(void)state;
	assert_int_equal(pci_msix_init(&m, 0, false, host_send, NULL), -EINVAL);
	assert_int_equal(pci_msix_init(&m, 129, false, host_send, NULL),
			 -EINVAL);
	assert_int_equal(pci_msix_init(&m, 128, false, host_send, NULL), 0);
	pci_msix_capability(&m, 2, bytes, writable);
	assert_memory_equal(bytes, "\0\0\x7f\0\2\0\0\0\2\x08\0\0", 12);
	assert_memory_equal(writable, "\0\0\0\xc0\0\0\0\0\0\0\0\0", 12);
}

static void disabled_is_somebody_elses(void **state)
{
	struct host h = { 0 };
	struct pci_msix m;

	(void)state;
	pci_msix_init(&m, 2, false, host_send, &h);
	write_entry(&m, 0, 0xfee00000, 1, 0);
	assert_false(pci_msix_signal(&m, 0));
	pci_msix_update(&m, ENABLE, true);
	assert_int_equal(h.sent, 0);
	assert_true(pci_msix_signal(&m, 0));
	assert_int_equal(h.sent, 1);
	pci_msix_update(&m, 0, true);
	assert_false(pci_msix_signal(&m, 0));
	assert_int_equal(h.sent, 1);
}

static void sends_the_entrys_message(void **state)
{
	struct host h = { 0 };
	struct pci_msix m;

	(void)state;
	pci_msix_init(&m, 3, false, host_send, &h);
	pci_msix_update(&m, ENABLE, true);
	write_entry(&m, 2, 0x1fee00007, 0x4242, 0);
	assert_true(pci_msix_signal(&m, 2));
	assert_int_equal(h.sent, 1);
	assert_int_equal(h.vector, 2);
	/* The two lowest bits are reserved and read 0. */
	assert_int_equal(h.address, 0x1fee00004);
	assert_int_equal(h.data, 0x4242);
}

static void a_vector_that_does_not_exist_is_nothing(void **state)
{
	struct host h = { 0 };
	struct pci_msix m;

	(void)state;
	pci_msix_init(&m, 2, false, host_send, &h);
	pci_msix_update(&m, ENABLE, true);
	assert_true(pci_msix_signal(&m, 2));
	assert_true(pci_msix_signal(&m, 0xffff));
	assert_true(pci_msix_signal(&m, UINT32_MAX));
	assert_int_equal(h.sent, 0);
	assert_int_equal(read32(&m, PCI_MSIX_PBA_OFFSET), 0);
}

static void a_masked_vector_waits_for_its_unmask(void **state)
{
	struct host h = { 0 };
	struct pci_msix m;

	(void)state;
	pci_msix_init(&m, 40, false, host_send, &h);
	pci_msix_update(&m, ENABLE, true);
	write_entry(&m, 33, 0xfee00000, 7, 1);
	assert_true(pci_msix_signal(&m, 33));
	assert_true(pci_msix_signal(&m, 33));
	assert_int_equal(h.sent, 0);
	assert_int_equal(read32(&m, PCI_MSIX_PBA_OFFSET), 0);
	assert_int_equal(read32(&m, PCI_MSIX_PBA_OFFSET + 4), 2);
	write_control(&m, 32, 0);
	assert_int_equal(h.sent, 0);
	write_control(&m, 33, 0);
	assert_int_equal(h.sent, 1);
	assert_int_equal(h.vector, 33);
	assert_int_equal(h.data, 7);
	assert_int_equal(read32(&m, PCI_MSIX_PBA_OFFSET + 4), 0);
	write_control(&m, 33, 1);
	write_control(&m, 33, 0);
	assert_int_equal(h.sent, 1);
}

static void function_mask_and_bus_master_hold_everything_back(void **state)
{
	struct host h = { 0 };
	struct pci_msix m;

	(void)state;
	pci_msix_init(&m, 4, false, host_send, &h);
	pci_msix_update(&m, ENABLE | MASKALL, true);
	write_control(&m, 0, 0);
	write_control(&m, 1, 0);
	pci_msix_signal(&m, 0);
	pci_msix_signal(&m, 1);
	pci_msix_signal(&m, 2);
	assert_int_equal(h.sent, 0);
	assert_int_equal(read32(&m, PCI_MSIX_PBA_OFFSET), 7);
	pci_msix_update(&m, ENABLE, false);
	assert_int_equal(h.sent, 0);
	pci_msix_update(&m, ENABLE, true);
	assert_int_equal(h.sent, 2);
	/* Vector 2 is masked by its own bit. */
	assert_int_equal(read32(&m, PCI_MSIX_PBA_OFFSET), 4);
}

static void what_is_pending_can_be_forgotten(void **state)
{
	struct host h = { 0 };
	struct pci_msix m;

	(void)state;
	pci_msix_init(&m, 4, false, host_send, &h);
	pci_msix_update(&m, ENABLE, true);
	pci_msix_signal(&m, 3);
	pci_msix_forget(&m);
	assert_int_equal(read32(&m, PCI_MSIX_PBA_OFFSET), 0);
	write_control(&m, 3, 0);
	assert_int_equal(h.sent, 0);
	/* It was that one only. */
	pci_msix_signal(&m, 3);
	assert_int_equal(h.sent, 1);
}

static void disabling_forgets_what_is_pending(void **state)
{
	struct host h = { 0 };
	struct pci_msix m;

	(void)state;
	pci_msix_init(&m, 4, false, host_send, &h);
	pci_msix_update(&m, ENABLE, true);
	pci_msix_signal(&m, 3);
	pci_msix_update(&m, 0, true);
	pci_msix_update(&m, ENABLE, true);
	write_control(&m, 3, 0);
	assert_int_equal(h.sent, 0);
}

static void a_host_table_gets_every_signal(void **state)
{
	struct host h = { 0 };
	struct pci_msix m;

	(void)state;
	pci_msix_init(&m, 4, true, host_send, &h);
	assert_false(pci_msix_signal(&m, 1));
	pci_msix_update(&m, ENABLE | MASKALL, false);
	write_entry(&m, 1, 0xfee00000, 7, 1);
	assert_true(pci_msix_signal(&m, 1));
	assert_true(pci_msix_signal(&m, 4));
	assert_int_equal(h.sent, 1);
	assert_int_equal(h.vector, 1);
	assert_int_equal(h.address, 0);
	assert_int_equal(h.data, 0);
	assert_int_equal(read32(&m, PCI_MSIX_PBA_OFFSET), 0);
}

static void the_table_takes_any_width_and_alignment(void **state)
{
	struct pci_msix m;
	uint8_t buf[16];

	(void)state;
	pci_msix_init(&m, 2, false, host_send, NULL);
	for (unsigned width = 1; width <= 16; width++) {
		for (unsigned at = 0; at + width <= 32; at++) {
			uint8_t want[32], data[16], got[32];

			pci_msix_read(&m, 0, want, 32);
			for (unsigned i = 0; i < width; i++)
				data[i] = (uint8_t)(width + at + i);
			memcpy(want + at, data, width);
			pci_msix_write(&m, at, data, width);
			for (unsigned e = 0; e < 32; e += 16) {
				want[e] &= 0xfc;
				want[e + 12] &= 1;
				memset(want + e + 13, 0, 3);
			}
			pci_msix_read(&m, 0, got, 32);
			assert_memory_equal(got, want, 32);
			pci_msix_read(&m, at, buf, width);
			assert_memory_equal(buf, want + at, width);
		}
	}
}

static void what_is_not_there_reads_as_ones(void **state)
{
	struct host h = { 0 };
	struct pci_msix m;
	uint8_t buf[24];
	static uint8_t all[PCI_MSIX_BAR_SIZE + 16];

	(void)state;
	pci_msix_init(&m, 2, false, host_send, &h);
	pci_msix_update(&m, ENABLE, true);
	pci_msix_signal(&m, 1);
	/* The end of the table, and both ends of the PBA. */
	pci_msix_read(&m, 28, buf, 8);
	assert_memory_equal(buf, "\1\0\0\0\xff\xff\xff\xff", 8);
	pci_msix_read(&m, PCI_MSIX_PBA_OFFSET - 2, buf, 12);
	assert_memory_equal(buf, "\xff\xff\2\0\0\0\0\0\0\0\xff\xff", 12);
	pci_msix_read(&m, UINT64_MAX - 3, buf, 8);
	assert_memory_equal(buf, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	pci_msix_read(&m, 0, all, sizeof(all));
	assert_int_equal(all[12], 1);
	assert_int_equal(all[32], 0xff);
	assert_int_equal(all[PCI_MSIX_PBA_OFFSET], 2);
	assert_int_equal(all[sizeof(all) - 1], 0xff);

	/* Writes there, and to the PBA, change nothing. */
	memset(buf, 0, sizeof(buf));
	pci_msix_write(&m, PCI_MSIX_PBA_OFFSET - 8, buf, 24);
	pci_msix_write(&m, UINT64_MAX - 3, buf, 8);
	pci_msix_write(&m, 32, buf, 8);
	pci_msix_write(&m, 0, buf, 0);
	assert_int_equal(h.sent, 0);
	assert_int_equal(read32(&m, PCI_MSIX_PBA_OFFSET), 2);
	/* A write that begins in the table and ends behind it. */
	pci_msix_write(&m, 28, buf, 24);
	assert_int_equal(h.sent, 1);
}

static void reset_masks_and_forgets(void **state)
{
	struct host h = { 0 };
	struct pci_msix m;

	(void)state;
	pci_msix_init(&m, 2, false, host_send, &h);
	pci_msix_update(&m, ENABLE, true);
	write_entry(&m, 0, 0xfee00000, 7, 0);
	pci_msix_signal(&m, 1);
	pci_msix_reset(&m);
	assert_false(pci_msix_signal(&m, 0));
	assert_int_equal(read32(&m, 0), 0);
	assert_int_equal(read32(&m, 12), 1);
	assert_int_equal(read32(&m, PCI_MSIX_PBA_OFFSET), 0);
	assert_int_equal(h.sent, 0);
}

static void goes_on_from_a_state(void **state)
{
	struct host h = { 0 };
	struct pci_msix m, other;

	(void)state;
	pci_msix_init(&m, 3, false, host_send, &h);
	pci_msix_update(&m, ENABLE, true);
	write_entry(&m, 1, 0xfee00000, 7, 1);
	pci_msix_signal(&m, 1);
	pci_msix_init(&other, 3, false, host_send, &h);
	pci_msix_restore(&other, &m.state);
	pci_msix_update(&other, ENABLE, true);
	assert_int_equal(h.sent, 0);
	write_control(&other, 1, 0);
	assert_int_equal(h.sent, 1);
	assert_int_equal(h.vector, 1);
	assert_int_equal(h.data, 7);
}

/* Bits that software cannot write, and vectors that are not there. */
static void takes_no_more_of_a_state_than_there_is(void **state)
{
	struct host h = { 0 };
	struct pci_msix_state all;
	struct pci_msix m;

	(void)state;
	memset(&all, 0xff, sizeof(all));
	pci_msix_init(&m, 3, false, host_send, &h);
	pci_msix_restore(&m, &all);
	assert_int_equal(read32(&m, 0), 0xfffffffc);
	assert_int_equal(read32(&m, 12), 1);
	assert_int_equal(read32(&m, 48), 0xffffffff);
	assert_int_equal(m.state.table[48], 0);
	assert_int_equal(read32(&m, PCI_MSIX_PBA_OFFSET), 7);
	/* The host's pending bits are the host's. */
	pci_msix_init(&m, 3, true, host_send, &h);
	pci_msix_restore(&m, &all);
	assert_int_equal(read32(&m, PCI_MSIX_PBA_OFFSET), 0);
	assert_int_equal(h.sent, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describes_table_and_pba),
		cmocka_unit_test(disabled_is_somebody_elses),
		cmocka_unit_test(sends_the_entrys_message),
		cmocka_unit_test(a_vector_that_does_not_exist_is_nothing),
		cmocka_unit_test(a_masked_vector_waits_for_its_unmask),
		cmocka_unit_test(
			function_mask_and_bus_master_hold_everything_back),
		cmocka_unit_test(what_is_pending_can_be_forgotten),
		cmocka_unit_test(disabling_forgets_what_is_pending),
		cmocka_unit_test(a_host_table_gets_every_signal),
		cmocka_unit_test(the_table_takes_any_width_and_alignment),
		cmocka_unit_test(what_is_not_there_reads_as_ones),
		cmocka_unit_test(reset_masks_and_forgets),
		cmocka_unit_test(goes_on_from_a_state),
		cmocka_unit_test(takes_no_more_of_a_state_than_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
