/* SPDX-License-Identifier: MIT */
/*
 * BARs that a guest moves while its driver is at work, with a host that finds
 * devices by guest addresses: it follows bar_map() and bar_unmap().
 */
#include "tests/device/device_fixture.h"

#define PCI_COMMAND 4
#define COMMAND_OFF 4                   /* bus mastering only */
#define COMMAND_ON 6
#define PCI_BAR0 0x10
#define ELSEWHERE UINT64_C(0xd123450000)

/* A guest's store to an address; false: nothing is there. */
static bool store(struct device_fixture *f, uint64_t gpa, uint64_t value,
		  unsigned size)
{
	const struct fake_pci *pci = &f->guest.pci;

	for (unsigned bar = 0; bar < FAKE_PCI_BARS; bar++) {
		uint64_t at = fake_host_bar(&f->host, bar);

		if (!at || !range_within(gpa, size, at, pci->bar[bar].size))
			continue;
		if (!fake_host_ring(&f->host, bar, gpa - at, value, size))
			fake_pci_write(pci, bar, gpa - at, size, value);
		return true;
	}
	return false;
}

/* A request whose notification is stored where the BAR is thought to be. */
static bool request(struct device_fixture *f, uint64_t bar0)
{
	uint64_t at = bar0 + f->guest.queue[REQUESTS].notify;
	struct fake_buf reply;
	uint16_t head;
	uint32_t len;

	device_begin_getattr(f, &reply);
	if (!store(f, at, REQUESTS, 2)) {
		/* It is still to be served. */
		fake_guest_kick(&f->guest, REQUESTS);
		assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head,
						 &len), 0);
		return false;
	}
	assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head, &len), 0);
	assert_int_equal(len, reply.len);
	return true;
}

/* With or without switching decoding off in between. */
static void move_bar0(struct device_fixture *f, uint64_t to, bool off)
{
	const struct fake_pci *pci = &f->guest.pci;

	if (off)
		fake_pci_cfg_write(pci, PCI_COMMAND, 2, COMMAND_OFF);
	fake_pci_cfg_write(pci, PCI_BAR0, 4, (uint32_t)to);
	fake_pci_cfg_write(pci, PCI_BAR0 + 4, 4, (uint32_t)(to >> 32));
	if (off)
		fake_pci_cfg_write(pci, PCI_COMMAND, 2, COMMAND_ON);
	assert_true(fake_host_bar(&f->host, 0) == to);
}

static void check_moves(struct device_fixture *f, unsigned doorbells)
{
	uint64_t first = f->guest.pci.bar[0].address;

	assert_true(request(f, first));
	for (unsigned i = 0; i < 4; i++) {
		uint64_t old = fake_host_bar(&f->host, 0);
		uint64_t new = i & 1 ? first : ELSEWHERE;

		move_bar0(f, new, i & 2);
		assert_int_equal(fake_host_doorbells(&f->host), doorbells);
		assert_true(request(f, new));
		assert_false(request(f, old));
	}
	assert_alive(f);
}

static void a_bar_moved_while_doorbells_are_set(void **state)
{
	struct device_fixture *f = *state;

	assert_true(fake_host_doorbells(&f->host) >= f->guest.queues);
	check_moves(f, fake_host_doorbells(&f->host));
}

static void a_bar_moved_without_doorbells(void **state)
{
	struct device_fixture *f = *state;

	f->host.refuse_doorbells = true;
	device_mount(f);
	check_moves(f, 0);
}

/* Nothing decodes meanwhile, and requests go on. */
static void bars_switched_off_during_requests(void **state)
{
	struct device_fixture *f = *state;
	uint64_t at = f->guest.pci.bar[0].address;

	fake_pci_cfg_write(&f->guest.pci, PCI_COMMAND, 2, COMMAND_OFF);
	assert_true(fake_host_bar(&f->host, 0) == 0);
	assert_false(request(f, at));
	fake_pci_cfg_write(&f->guest.pci, PCI_COMMAND, 2, COMMAND_ON);
	assert_true(request(f, at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		mount_test(a_bar_moved_while_doorbells_are_set),
		device_test(a_bar_moved_without_doorbells),
		mount_test(bars_switched_off_during_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
