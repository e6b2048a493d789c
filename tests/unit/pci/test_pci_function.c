/* SPDX-License-Identifier: MIT */
#include "pci/pci_function.h"

#include "common/bytes.h"
#include "common/save.h"
#include "pci/pci_spec.h"
#include "tests/lib/fake_image.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* The host, as it was told; calls come one at a time by contract. */
struct host {
	unsigned messages;
	uint32_t data;
	bool line;
	unsigned line_calls;
	uint64_t bar[PCI_BARS];
};

static void host_msix_signal(void *ctx, uint16_t vector, uint64_t addr,
			     uint32_t data)
{
	struct host *h = ctx;

	(void)vector;
	(void)addr;
	h->messages++;
	h->data = data;
}

static void host_intx_set(void *ctx, bool asserted)
{
	struct host *h = ctx;

	h->line = asserted;
	h->line_calls++;
}

static int host_bar_map(void *ctx, unsigned bar, uint64_t gpa)
{
	((struct host *)ctx)->bar[bar] = gpa;
	return 0;
}

static void host_bar_unmap(void *ctx, unsigned bar)
{
	((struct host *)ctx)->bar[bar] = 0;
}

static const struct pci_function_ops ops = {
	.msix_signal = host_msix_signal,
	.intx_set = host_intx_set,
	.bar_map = host_bar_map,
	.bar_unmap = host_bar_unmap,
};

static const struct pci_function_params params = {
	.vendor = 0x1234,
	.device = 0x5678,
	.subsystem_vendor = 0x9abc,
	.subsystem = 0xdef0,
	.class_code = PCI_CLASS_SYSTEM_OTHER,
	.revision = 3,
};

#define MSIX_CAP 0x40                   /* the first capability */
#define MSIX_BAR 2

static struct pci_function *new_function(struct host *host)
{
	struct pci_function *f;

	*host = (struct host){ 0 };
	assert_int_equal(pci_function_new(&params, &ops, host, &f), 0);
	assert_int_equal(pci_function_add_bar(f, 0, 0x4000, PCI_BAR_64BIT), 0);
	assert_int_equal(pci_function_add_msix(f, MSIX_BAR, 2), 0);
	return f;
}

static uint32_t get(struct pci_function *f, uint32_t offset, size_t width)
{
	uint8_t bytes[4] = { 0 };

	pci_function_cfg_read(f, offset, bytes, width);
	return le32_load(bytes);
}

static void set(struct pci_function *f, uint32_t offset, size_t width,
		uint32_t value)
{
	uint8_t bytes[4];

	le32_store(bytes, value);
	pci_function_cfg_write(f, offset, bytes, width);
}

static void set_entry(struct pci_function *f, unsigned vector, uint32_t data,
		      uint32_t control)
{
	uint8_t entry[16];

	le64_store(entry, 0xfee00000);
	le32_store(entry + 8, data);
	le32_store(entry + 12, control);
	pci_function_msix_write(f, vector * 16, entry, sizeof(entry));
}

static void shows_its_identity(void **state)
{
	struct host h;
	struct pci_function *f = new_function(&h);

	(void)state;
	assert_int_equal(get(f, PCI_VENDOR_ID, 4), 0x56781234);
	assert_int_equal(get(f, PCI_REVISION_ID, 4), 0x08800003);
	assert_int_equal(get(f, PCI_SUBSYSTEM_VENDOR_ID, 4), 0xdef09abc);
	assert_int_equal(get(f, PCI_HEADER_TYPE, 1), 0);
	assert_int_equal(get(f, PCI_INTERRUPT_PIN, 1), 1);
	/* None of it can be written. */
	for (uint32_t i = 0; i < PCI_CONFIG_SIZE; i += 4)
		if (i < PCI_BASE_ADDRESS_0 || i >= PCI_SUBSYSTEM_VENDOR_ID)
			set(f, i, 4, 0xffffffff);
	assert_int_equal(get(f, PCI_VENDOR_ID, 4), 0x56781234);
	assert_int_equal(get(f, PCI_COMMAND, 2), 0x0546);
	assert_int_equal(get(f, PCI_STATUS, 2), PCI_STATUS_CAP_LIST);
	assert_int_equal(get(f, PCI_REVISION_ID, 4), 0x08800003);
	assert_int_equal(get(f, PCI_CACHE_LINE_SIZE, 4), 0x0000ffff);
	assert_int_equal(get(f, PCI_SUBSYSTEM_VENDOR_ID, 4), 0xdef09abc);
	assert_int_equal(get(f, PCI_CAPABILITY_LIST, 1), MSIX_CAP);
	assert_int_equal(get(f, PCI_INTERRUPT_LINE, 4), 0x000001ff);
	assert_int_equal(get(f, MSIX_CAP, 4), 0xc0010011);
	pci_function_free(f);
}

static void builds_only_what_fits(void **state)
{
	struct host h;
	struct pci_function *f = new_function(&h);

	(void)state;
	assert_int_equal(pci_function_add_msix(f, 4, 2), -EINVAL);
	assert_int_equal(pci_function_add_bar(f, 0, 0x1000, 0), -EINVAL);
	pci_function_free(f);
	assert_int_equal(pci_function_new(&params, &ops, &h, &f), 0);
	assert_int_equal(pci_function_add_msix(f, 5, 2), -EINVAL);
	assert_int_equal(pci_function_add_msix(f, 4, 0), -EINVAL);
	assert_int_equal(pci_function_add_msix(f, 4, 129), -EINVAL);
	pci_function_free(f);
	pci_function_free(NULL);
}

static void maps_and_describes_bars(void **state)
{
	struct host h;
	struct pci_function *f = new_function(&h);

	(void)state;
	set(f, PCI_BASE_ADDRESS_0, 4, 0xe0000000);
	set(f, PCI_BASE_ADDRESS_0 + 8, 4, 0xe0004000);
	assert_int_equal(h.bar[0], 0);
	set(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(h.bar[0], 0xe0000000);
	assert_int_equal(h.bar[MSIX_BAR], 0xe0004000);
	assert_int_equal(pci_function_bar(f, 0).size, 0x4000);
	assert_true(pci_function_bar(f, 0).mapped);
	assert_int_equal(pci_function_bar(f, MSIX_BAR).size, 4096);
	assert_int_equal(pci_function_bar(f, 1).size, 0);
	assert_int_equal(pci_function_bar(f, PCI_BARS).size, 0);
	pci_function_free(f);
}

static void control_in_config_space_rules_msix(void **state)
{
	struct host h;
	struct pci_function *f = new_function(&h);

	(void)state;
	assert_false(pci_function_bus_master(f));
	set_entry(f, 1, 77, 0);
	assert_false(pci_function_msix_signal(f, 1));
	/* Enabled by a byte write; bus mastering still off. */
	set(f, MSIX_CAP + PCI_MSIX_FLAGS + 1, 1, 0x80);
	assert_true(pci_function_msix_signal(f, 1));
	assert_int_equal(h.messages, 0);
	set(f, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	assert_true(pci_function_bus_master(f));
	assert_int_equal(h.messages, 1);
	assert_int_equal(h.data, 77);
	set(f, MSIX_CAP + PCI_MSIX_FLAGS, 2,
	    PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	pci_function_msix_signal(f, 1);
	assert_int_equal(h.messages, 1);
	set(f, MSIX_CAP + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	assert_int_equal(h.messages, 2);
	pci_function_free(f);
}

static void the_table_is_reached_through_the_bar(void **state)
{
	struct host h;
	struct pci_function *f = new_function(&h);
	uint8_t bytes[4];

	(void)state;
	pci_function_msix_read(f, 12, bytes, 4);
	assert_int_equal(le32_load(bytes), 1);
	set_entry(f, 0, 0x11223344, 0);
	pci_function_msix_read(f, 8, bytes, 4);
	assert_int_equal(le32_load(bytes), 0x11223344);
	pci_function_free(f);
}

static void enabling_msix_lowers_the_line(void **state)
{
	struct host h;
	struct pci_function *f = new_function(&h);

	(void)state;
	pci_function_intx_set(f, true);
	assert_true(h.line);
	assert_int_equal(get(f, PCI_STATUS, 2),
			 PCI_STATUS_CAP_LIST | PCI_STATUS_INTERRUPT);
	set(f, MSIX_CAP + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	assert_false(h.line);
	set(f, MSIX_CAP + PCI_MSIX_FLAGS, 2, 0);
	assert_true(h.line);
	set(f, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
	assert_false(h.line);
	assert_true(get(f, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	set(f, PCI_COMMAND, 2, 0);
	assert_true(h.line);
	pci_function_intx_set(f, false);
	assert_false(h.line);
	assert_int_equal(get(f, PCI_STATUS, 2), PCI_STATUS_CAP_LIST);
	pci_function_free(f);
}

static void a_function_without_msix_uses_the_line(void **state)
{
	struct host h = { 0 };
	struct pci_function *f;

	(void)state;
	assert_int_equal(pci_function_new(&params, &ops, &h, &f), 0);
	assert_false(pci_function_msix_signal(f, 0));
	/* Where the capability would be, nothing is writable. */
	set(f, MSIX_CAP, 4, 0xffffffff);
	assert_int_equal(get(f, MSIX_CAP, 4), 0);
	pci_function_intx_set(f, true);
	assert_true(h.line);
	pci_function_free(f);
}

static void reset_restores_everything(void **state)
{
	struct host h;
	struct pci_function *f = new_function(&h);
	uint8_t before[PCI_CONFIG_SIZE], after[PCI_CONFIG_SIZE];
	uint8_t table_before[32], table_after[32];

	(void)state;
	pci_function_cfg_read(f, 0, before, sizeof(before));
	pci_function_msix_read(f, 0, table_before, sizeof(table_before));
	memset(after, 0xff, sizeof(after));
	set(f, PCI_BASE_ADDRESS_0, 4, 0xe0000000);
	set(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	pci_function_intx_set(f, true);
	assert_int_equal(h.bar[0], 0xe0000000);
	assert_true(h.line);
	pci_function_cfg_write(f, 0x18, after + 0x18, sizeof(after) - 0x18);
	set_entry(f, 0, 1, 0);
	pci_function_msix_signal(f, 1);

	pci_function_reset(f);
	pci_function_cfg_read(f, 0, after, sizeof(after));
	assert_memory_equal(after, before, sizeof(before));
	pci_function_msix_read(f, 0, table_after, sizeof(table_after));
	assert_memory_equal(table_after, table_before, sizeof(table_before));
	assert_int_equal(h.bar[0], 0);
	assert_false(h.line);
	assert_false(pci_function_msix_signal(f, 0));
	pci_function_free(f);
}

/* A window that remembers. */
struct window {
	uint32_t offset;
	size_t len;
	unsigned reads, writes;
	uint8_t data[4];
};

static void window_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
	struct window *w = ctx;

	w->reads++;
	w->offset = offset;
	w->len = len;
	memset(buf, 0x77, len);
}

static void window_write(void *ctx, uint32_t offset, const void *buf,
			 size_t len)
{
	struct window *w = ctx;

	w->writes++;
	w->offset = offset;
	w->len = len;
	memcpy(w->data, buf, len);
}

static void accesses_inside_a_window_are_passed_on(void **state)
{
	struct host h;
	struct window w = { 0 };
	struct pci_function *f = new_function(&h);
	const struct pci_function_window window = { 0x80, 4, window_read,
						    window_write, &w };
	uint8_t all[PCI_CONFIG_SIZE];

	(void)state;
	pci_function_set_window(f, &window);
	assert_int_equal(get(f, 0x80, 4), 0x77777777);
	assert_int_equal(get(f, 0x82, 2), 0x7777);
	assert_int_equal(w.offset, 2);
	assert_int_equal(w.len, 2);
	set(f, 0x83, 1, 0x55);
	assert_int_equal(w.offset, 3);
	assert_int_equal(w.data[0], 0x55);
	assert_int_equal(w.reads, 2);
	assert_int_equal(w.writes, 1);
	/* Neighbours, accesses across its edges, and empty ones are not. */
	pci_function_cfg_read(f, 0, all, sizeof(all));
	assert_int_equal(all[0x80], 0);
	pci_function_cfg_read(f, 0x7e, all, 4);
	pci_function_cfg_read(f, 0x82, all, 4);
	pci_function_cfg_read(f, 0x80, all, 0);
	pci_function_cfg_write(f, 0x7f, all, 2);
	assert_int_equal(get(f, 0x7c, 4), 0);
	assert_int_equal(get(f, 0x84, 4), 0);
	assert_int_equal(w.reads, 2);
	assert_int_equal(w.writes, 1);
	pci_function_free(f);
}

#define ROUNDS 2000

static void *signaller(void *arg)
{
	struct pci_function *f = arg;

	for (unsigned i = 0; i < ROUNDS; i++)
		if (!pci_function_msix_signal(f, i % 2))
			pci_function_intx_set(f, i % 3);
	return NULL;
}

static void *driver(void *arg)
{
	struct pci_function *f = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		set(f, MSIX_CAP + PCI_MSIX_FLAGS, 2, (i & 3) << 14);
		set_entry(f, i % 2, i, i / 2 % 2);
		set(f, PCI_COMMAND, 2, i & 7);
		(void)get(f, PCI_STATUS, 2);
	}
	return NULL;
}

static struct fake_image save(struct pci_function *f)
{
	static struct save_writer w;
	struct fake_image image = { 0 };

	save_open(&w, 0, fake_image_write, &image);
	pci_function_save(f, &w);
	assert_int_equal(save_close(&w), 0);
	return image;
}

static int restore(struct pci_function *f, struct fake_image *image)
{
	static struct save_reader r;
	int ret;

	fake_image_rewind(image);
	assert_int_equal(save_read(&r, 0, fake_image_read, image), 0);
	ret = pci_function_restore(f, &r);
	return ret ? ret : save_read_end(&r);
}

static void goes_on_where_another_one_was(void **state)
{
	struct host h, h2;
	struct pci_function *f = new_function(&h), *f2 = new_function(&h2);
	struct fake_image image;

	(void)state;
	set(f, PCI_BASE_ADDRESS_0, 4, 0xe0000000);
	set(f, PCI_INTERRUPT_LINE, 1, 11);
	set(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	set(f, MSIX_CAP + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	set_entry(f, 1, 0x4001, 1);
	assert_true(pci_function_msix_signal(f, 1));
	image = save(f);

	assert_int_equal(restore(f2, &image), 0);
	assert_int_equal(h2.bar[0], 0xe0000000);
	assert_int_equal(h2.messages, 0);
	assert_int_equal(get(f2, PCI_INTERRUPT_LINE, 1), 11);
	assert_true(pci_function_bus_master(f2));
	set_entry(f2, 1, 0x4001, 0);
	assert_int_equal(h2.messages, 1);
	assert_int_equal(h2.data, 0x4001);
	/* The reason to interrupt is the device's to say. */
	assert_int_equal(h2.line_calls, 0);
	fake_image_done(&image);
	pci_function_free(f);
	pci_function_free(f2);
}

static void takes_no_state_that_is_wrong(void **state)
{
	struct host h, h2;
	struct pci_function *f = new_function(&h), *f2 = new_function(&h2);
	struct fake_image image;
	size_t at, len;

	(void)state;
	set(f, PCI_BASE_ADDRESS_0, 4, 0xe0000000);
	set(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	image = save(f);
	assert_true(fake_image_find(&image, "pcif", &at, &len));
	/* A vector more. */
	image.data[at + FAKE_IMAGE_HEADER]++;
	assert_int_equal(restore(f2, &image), -EINVAL);
	image.data[at + FAKE_IMAGE_HEADER]--;
	/* It ends somewhere. */
	for (image.len = at; image.len < at + len; image.len += 61)
		assert_int_equal(restore(f2, &image), -EINVAL);
	assert_int_equal(get(f2, PCI_COMMAND, 2), 0);
	assert_int_equal(get(f2, PCI_BASE_ADDRESS_0, 4), 4);
	assert_int_equal(h2.bar[0], 0);
	fake_image_done(&image);
	pci_function_free(f);
	pci_function_free(f2);
}

static void accesses_and_signals_come_from_any_thread(void **state)
{
	struct host h;
	struct pci_function *f = new_function(&h);
	pthread_t thread[4];
	unsigned messages;

	(void)state;
	set(f, PCI_BASE_ADDRESS_0, 4, 0xe0000000);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL,
						i % 2 ? driver : signaller, f),
				 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);

	/* Whatever happened, the state is sound. */
	set(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(h.bar[0], 0xe0000000);
	set(f, MSIX_CAP + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	assert_false(h.line);
	set_entry(f, 0, 5, 0);
	messages = h.messages;
	assert_true(pci_function_msix_signal(f, 0));
	assert_int_equal(h.messages, messages + 1);
	pci_function_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_its_identity),
		cmocka_unit_test(builds_only_what_fits),
		cmocka_unit_test(maps_and_describes_bars),
		cmocka_unit_test(control_in_config_space_rules_msix),
		cmocka_unit_test(the_table_is_reached_through_the_bar),
		cmocka_unit_test(enabling_msix_lowers_the_line),
		cmocka_unit_test(a_function_without_msix_uses_the_line),
		cmocka_unit_test(reset_restores_everything),
		cmocka_unit_test(accesses_inside_a_window_are_passed_on),
		cmocka_unit_test(goes_on_where_another_one_was),
		cmocka_unit_test(takes_no_state_that_is_wrong),
		cmocka_unit_test(accesses_and_signals_come_from_any_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
