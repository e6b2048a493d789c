/* SPDX-License-Identifier: MIT */
#include "pci/pci_bar.h"

#include "common/bytes.h"
#include "pci/pci_spec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* The host: where it was told that BARs are. */
struct host {
	uint64_t at[PCI_BARS];          /* 0: unmapped */
	unsigned maps, unmaps;
	int map_result;
};

static int host_map(void *ctx, unsigned bar, uint64_t address)
{
	struct host *h = ctx;

	h->maps++;
	if (h->map_result == 0)
		h->at[bar] = address;
	return h->map_result;
}

static void host_unmap(void *ctx, unsigned bar)
{
	struct host *h = ctx;

	h->unmaps++;
	h->at[bar] = 0;
}

struct fixture {
	struct host host;
	struct pci_config config;
	struct pci_bars bars;
};

static void init(struct fixture *f)
{
	*f = (struct fixture){ .bars.ops = { host_map, host_unmap } };
	f->bars.ctx = &f->host;
	pci_config_define_le(&f->config, PCI_COMMAND, 2, 0, 0xffff);
}

static void write_reg(struct fixture *f, uint32_t offset, uint32_t value)
{
	uint8_t bytes[4];

	le32_store(bytes, value);
	pci_config_write(&f->config, offset, bytes, 4);
	pci_bar_update(&f->bars, &f->config);
}

static uint32_t read_reg(struct fixture *f, uint32_t offset)
{
	return pci_config_get(&f->config, offset, 4);
}

/* What a driver finds by writing all ones. */
static uint32_t size_reg(struct fixture *f, unsigned index)
{
	uint32_t offset = PCI_BASE_ADDRESS_0 + 4 * index;
	uint32_t old = read_reg(f, offset), found;

	write_reg(f, offset, 0xffffffff);
	found = read_reg(f, offset);
	write_reg(f, offset, old);
	return found;
}

static void sizes_a_32_bit_bar(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 1, 0x2000,
				     PCI_BAR_PREFETCHABLE), 0);
	assert_int_equal(size_reg(&f, 1), 0xffffe008);
	assert_int_equal(read_reg(&f, 0x14), 0x00000008);
	assert_int_equal(size_reg(&f, 0), 0);
	assert_int_equal(size_reg(&f, 2), 0);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 2, 16, 0), 0);
	assert_int_equal(size_reg(&f, 2), 0xfffffff0);
}

static void sizes_64_bit_bars(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 0, 0x4000,
				     PCI_BAR_64BIT), 0);
	assert_int_equal(size_reg(&f, 0), 0xffffc004);
	assert_int_equal(size_reg(&f, 1), 0xffffffff);
	/* 8 GiB: no bit of the lower half can be written. */
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 4, 1ull << 33,
				     PCI_BAR_64BIT | PCI_BAR_PREFETCHABLE), 0);
	assert_int_equal(size_reg(&f, 4), 0x0000000c);
	assert_int_equal(size_reg(&f, 5), 0xfffffffe);
}

static void refuses_what_does_not_fit(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 6, 16, 0), -EINVAL);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 0, 0, 0), -EINVAL);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 0, 8, 0), -EINVAL);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 0, 24, 0), -EINVAL);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 0, 1ull << 32, 0),
			 -EINVAL);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 5, 16, PCI_BAR_64BIT),
			 -EINVAL);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 2, 16, PCI_BAR_64BIT),
			 0);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 2, 16, 0), -EINVAL);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 3, 16, 0), -EINVAL);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 1, 16, PCI_BAR_64BIT),
			 -EINVAL);
	assert_int_equal(pci_bar_add(&f.bars, &f.config, 1, 1u << 31, 0), 0);
}

static void maps_only_while_memory_space_is_enabled(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	pci_bar_add(&f.bars, &f.config, 0, 0x4000, PCI_BAR_64BIT);
	write_reg(&f, 0x10, 0xe0000000);
	write_reg(&f, 0x14, 0x12);
	assert_int_equal(f.host.maps, 0);
	write_reg(&f, PCI_COMMAND, PCI_COMMAND_MEMORY);
	assert_int_equal(f.host.at[0], 0x12e0000000);
	write_reg(&f, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(f.host.maps, 1);
	write_reg(&f, PCI_COMMAND, PCI_COMMAND_MASTER);
	assert_int_equal(f.host.at[0], 0);
	assert_int_equal(f.host.unmaps, 1);
}

static void a_moved_bar_is_unmapped_and_mapped(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	pci_bar_add(&f.bars, &f.config, 0, 0x1000, 0);
	pci_bar_add(&f.bars, &f.config, 1, 0x1000, 0);
	write_reg(&f, 0x10, 0xe0000000);
	write_reg(&f, 0x14, 0xe0001000);
	write_reg(&f, PCI_COMMAND, PCI_COMMAND_MEMORY);
	write_reg(&f, 0x10, 0xe0002fff);
	assert_int_equal(f.host.at[0], 0xe0002000);
	assert_int_equal(f.host.at[1], 0xe0001000);
	assert_int_equal(f.host.maps, 3);
	assert_int_equal(f.host.unmaps, 1);
}

static void neither_zero_nor_the_sizing_pattern_decodes(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	pci_bar_add(&f.bars, &f.config, 0, 0x1000, 0);
	pci_bar_add(&f.bars, &f.config, 2, 0x1000, PCI_BAR_64BIT);
	write_reg(&f, PCI_COMMAND, PCI_COMMAND_MEMORY);
	write_reg(&f, 0x10, 0xffffffff);
	assert_int_equal(f.host.maps, 0);
	write_reg(&f, 0x1c, 0xffffffff);
	write_reg(&f, 0x18, 0xffffffff);
	assert_false(f.bars.bar[2].mapped);
	write_reg(&f, 0x10, 0x1000);
	assert_int_equal(f.host.at[0], 0x1000);
}

static void a_failed_map_is_tried_again(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	f.host.map_result = -ENOMEM;
	pci_bar_add(&f.bars, &f.config, 0, 0x1000, 0);
	write_reg(&f, 0x10, 0x1000);
	write_reg(&f, PCI_COMMAND, PCI_COMMAND_MEMORY);
	assert_false(f.bars.bar[0].mapped);
	f.host.map_result = 0;
	pci_bar_update(&f.bars, &f.config);
	assert_int_equal(f.host.at[0], 0x1000);
	assert_int_equal(f.host.unmaps, 0);
}

static void a_host_need_not_care(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	f.bars.ops = (struct pci_bar_ops){ NULL, NULL };
	pci_bar_add(&f.bars, &f.config, 0, 0x1000, 0);
	write_reg(&f, 0x10, 0x1000);
	write_reg(&f, PCI_COMMAND, PCI_COMMAND_MEMORY);
	assert_true(f.bars.bar[0].mapped);
	write_reg(&f, PCI_COMMAND, 0);
	assert_false(f.bars.bar[0].mapped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_a_32_bit_bar),
		cmocka_unit_test(sizes_64_bit_bars),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(maps_only_while_memory_space_is_enabled),
		cmocka_unit_test(a_moved_bar_is_unmapped_and_mapped),
		cmocka_unit_test(neither_zero_nor_the_sizing_pattern_decodes),
		cmocka_unit_test(a_failed_map_is_tried_again),
		cmocka_unit_test(a_host_need_not_care),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
