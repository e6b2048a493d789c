/* SPDX-License-Identifier: MIT */
/* The whole device is saved, and another one goes on, under a guest. */
#include "tests/device/saved.h"

#include "tests/lib/fuse_traffic.h"

#define WAITERS 3
#define STEPS 1200                      /* of traffic... */
#define MOVES 8                         /* ...with so many moves */

/* ---- the guest's files -------------------------------------------------- */

static void files_and_names_stay(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	struct fuse_attr attr;
	uint64_t node, inner, fh;
	char text[16] = "";

	node = fuse_client_walk(c, "file");
	inner = fuse_client_walk(c, "dir/inner");
	assert_int_equal(fuse_client_open(c, node, LX_O_RDWR, &fh), 0);
	assert_int_equal(fuse_client_write(c, node, fh, 0, "HE", 2), 2);
	for (unsigned i = 0; i < 3; i++) {
		device_move(f);
		device_start(f);
		assert_int_equal(fuse_client_getattr(c, inner, &attr), 0);
		assert_int_equal(attr.size, 6);
		assert_int_equal(fuse_client_read(c, node, fh, 0, text, 8), 5);
		assert_string_equal(text, "HEllo");
		/* The guest's caches are good: ids are what they were. */
		assert_int_equal(fuse_client_walk(c, "dir/inner"), inner);
	}
	assert_int_equal(fuse_client_write(c, node, fh, 2, "LLO", 3), 3);
	assert_int_equal(fuse_client_release(c, node, fh), 0);
	assert_string_equal(tmptree_read(&f->tree, "file"), "HELLO");
}

/*
 * Requests of every kind get an answer of Linux, and most of them a good one.
 * What was removed while it was open may be lost (docs/semantics.md).
 */
static void traffic_goes_on(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_traffic t;

	fuse_traffic_init(&t, &f->client, 1);
	for (unsigned i = 1; i <= STEPS; i++) {
		const char *what;
		int64_t ret = fuse_traffic_step(&t, &what);

		if (ret == -LX_EPROTO || ret == -ETIMEDOUT ||
		    ret == -ECONNRESET)
			fail_msg("step %u, %s: %lld", i, what, (long long)ret);
		if (i % (STEPS / MOVES) == 0) {
			device_move(f);
			device_start(f);
		}
	}
	print_message("%u of %u steps were good\n", (unsigned)t.good, STEPS);
	assert_true(t.good > STEPS / 3);
	fuse_traffic_done(&t);
	assert_alive(f);
}

static void a_request_made_meanwhile_is_served(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_out_header out;
	struct fake_buf reply;
	uint16_t head;
	uint32_t len;

	f->plugin->stop(f->dev);
	device_begin_getattr(f, &reply);
	/* The doorbell is the old device's. */
	fake_guest_kick(&f->guest, REQUESTS);
	device_move(f);
	device_start(f);
	assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head, &len), 0);
	memcpy(&out, fake_ram_ptr(&f->host.ram, reply.gpa), sizeof(out));
	assert_int_equal(out.unique, 77);
	assert_int_equal(out.error, 0);
	assert_alive(f);
}

/* ---- locks that wait ---------------------------------------------------- */

static struct fuse_lk_in lk_of(uint64_t fh, uint64_t owner, uint32_t type)
{
	return (struct fuse_lk_in){
		.fh = fh,
		.owner = owner,
		.lk = { .start = 2, .end = 5, .type = type, .pid = 7 },
	};
}

static int set_lock(struct device_fixture *f, uint64_t node, uint64_t fh,
		    uint64_t owner, uint32_t type)
{
	const struct fuse_lk_in in = lk_of(fh, owner, type);
	const struct fuse_part part = { &in, sizeof(in) };

	return (int)fuse_client_call(&f->client, FUSE_SETLK, node, &part, 1,
				     NULL, 0);
}

/* Send a SETLKW without waiting for its reply, which is returned. */
static struct fake_buf begin_wait(struct device_fixture *f, uint64_t node,
				  uint64_t fh, uint64_t owner)
{
	struct fake_ram *ram = &f->host.ram;
	struct {
		struct fuse_in_header head;
		struct fuse_lk_in lk;
	} in = {
		.head = {
			.len = sizeof(in),
			.opcode = FUSE_SETLKW,
			.unique = 1000000 + owner,
			.nodeid = node,
		},
		.lk = lk_of(fh, owner, LX_F_WRLCK),
	};
	struct fake_buf buf[2] = {
		{ fake_ram_alloc(ram, sizeof(in), 8), sizeof(in) },
		{ fake_ram_alloc(ram, 16, 8), 16 },
	};

	memcpy(fake_ram_ptr(ram, buf[0].gpa), &in, sizeof(in));
	fake_ring_add(&f->guest.queue[REQUESTS].ring, buf, 1, 1, 0);
	fake_guest_kick(&f->guest, REQUESTS);
	return buf[1];
}

/* One of those that wait is answered: the owner. */
static uint64_t next_owner(struct device_fixture *f,
			   const struct fake_buf reply[WAITERS])
{
	uint16_t head;
	uint32_t len;

	assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head, &len), 0);
	assert_int_equal(len, sizeof(struct fuse_out_header));
	for (unsigned i = 0; i < WAITERS; i++) {
		struct fuse_out_header *out =
			fake_ram_ptr(&f->host.ram, reply[i].gpa);

		if (out->len) {
			assert_int_equal(out->error, 0);
			assert_int_equal(out->unique, 1000002 + i);
			out->len = 0;
			return 2 + i;
		}
	}
	fail_msg("nobody was answered");
	return 0;
}

static void locks_that_wait_go_on_waiting(void **state)
{
	struct device_fixture *f = *state;
	struct fake_buf reply[WAITERS];
	uint64_t node, fh, owner = 1;

	node = fuse_client_walk(&f->client, "file");
	assert_int_equal(fuse_client_open(&f->client, node, LX_O_RDWR, &fh), 0);
	assert_int_equal(set_lock(f, node, fh, 1, LX_F_WRLCK), 0);
	for (unsigned i = 0; i < WAITERS; i++)
		reply[i] = begin_wait(f, node, fh, 2 + i);
	for (unsigned i = 0; i < WAITERS; i++) {
		assert_alive(f);
		device_move(f);
		device_start(f);
		pause_ms(20);
		assert_alive(f);
		assert_int_equal(set_lock(f, node, fh, 9, LX_F_WRLCK),
				 -LX_EAGAIN);
		assert_int_equal(set_lock(f, node, fh, owner, LX_F_UNLCK), 0);
		owner = next_owner(f, reply);
	}
	assert_int_equal(set_lock(f, node, fh, owner, LX_F_UNLCK), 0);
	assert_int_equal(set_lock(f, node, fh, 9, LX_F_WRLCK), 0);
}

static int run_locks(void)
{
	const struct CMUnitTest tests[] = {
		mount_test(locks_that_wait_go_on_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ---- the function ------------------------------------------------------- */

static void bars_and_doorbells_are_where_they_were(void **state)
{
	struct device_fixture *f = *state;
	unsigned doorbells = fake_host_doorbells(&f->host);
	uint64_t bar[FAKE_HOST_BARS];

	assert_true(doorbells > 1);
	for (unsigned i = 0; i < FAKE_HOST_BARS; i++)
		bar[i] = fake_host_bar(&f->host, i);
	assert_true(bar[0] && bar[2]);
	device_move(f);
	assert_int_equal(fake_host_doorbells(&f->host), doorbells);
	for (unsigned i = 0; i < FAKE_HOST_BARS; i++)
		assert_int_equal(fake_host_bar(&f->host, i), bar[i]);
	device_start(f);
	assert_alive(f);
}

/* Every register reads as before. */
static void registers_stay(void **state)
{
	struct device_fixture *f = *state;
	uint8_t before[3][4096], after[3][4096];

	fake_guest_set(&f->guest, FAKE_QUEUE_SELECT, 1);
	for (unsigned i = 0; i < 2; i++) {
		uint8_t (*to)[4096] = i ? after : before;

		f->plugin->cfg_read(f->dev, 0, to[0], 256);
		/* Not the ISR status, which reading acknowledges. */
		f->plugin->bar_read(f->dev, 0, 0, to[1], 64);
		f->plugin->bar_read(f->dev, 2, 0, to[2], 4096);
		if (!i)
			device_move(f);
	}
	assert_memory_equal(before[0], after[0], 256);
	assert_memory_equal(before[1], after[1], 64);
	assert_memory_equal(before[2], after[2], 4096);
	device_start(f);
	assert_alive(f);
}

static void mask_vector(struct device_fixture *f, unsigned vector, bool mask)
{
	const struct fake_pci *pci = &f->guest.pci;

	fake_pci_write(pci, pci->msix_bar, pci->msix_table + 16 * vector + 12,
		       4, mask);
}

static bool is_pending(struct device_fixture *f, unsigned vector)
{
	const struct fake_pci *pci = &f->guest.pci;

	return fake_pci_read(pci, pci->msix_bar, 0x800, 8) >> vector & 1;
}

static void a_message_that_is_masked_comes_later(void **state)
{
	struct device_fixture *f = *state;
	const unsigned vector = f->guest.queue[REQUESTS].vector;
	struct fake_buf reply;
	unsigned messages;
	uint16_t head;
	uint32_t len;

	/* All is said of the requests before. */
	f->plugin->stop(f->dev);
	messages = fake_host_msix(&f->host, vector);
	mask_vector(f, vector, true);
	device_start(f);
	(void)fake_ring_arm(&f->guest.queue[REQUESTS].ring);
	device_begin_getattr(f, &reply);
	fake_guest_kick(&f->guest, REQUESTS);
	for (unsigned i = 0; !is_pending(f, vector) && i < 20000; i++)
		pause_ms(1);
	device_move(f);
	assert_true(is_pending(f, vector));
	assert_int_equal(fake_host_msix(&f->host, vector), messages);
	device_start(f);
	mask_vector(f, vector, false);
	assert_int_equal(fake_host_msix(&f->host, vector), messages + 1);
	assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head, &len), 0);
	assert_alive(f);
}

static void the_line_is_up_again(void **state)
{
	struct device_fixture *f = *state;
	struct fake_guest_options options = default_options;
	struct fake_buf reply;
	uint16_t head;
	uint32_t len;

	options.intx = true;
	device_drive(f, &options);
	assert_int_equal(fuse_client_init(&f->client, NULL), 0);
	(void)fake_guest_isr(&f->guest);
	(void)fake_ring_arm(&f->guest.queue[REQUESTS].ring);
	device_begin_getattr(f, &reply);
	fake_guest_kick(&f->guest, REQUESTS);
	assert_true(fake_host_wait_intx(&f->host));
	device_move(f);
	assert_true(fake_host_intx(&f->host));
	assert_int_equal(fake_guest_isr(&f->guest), 1);
	assert_false(fake_host_intx(&f->host));
	device_start(f);
	assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head, &len), 0);
	assert_alive(f);
}

static void a_driver_may_be_anywhere_in_its_setup(void **state)
{
	const uint8_t known = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
	struct device_fixture *f = *state;
	struct fake_guest *g = &f->guest;

	device_move(f);
	device_start(f);
	assert_int_equal(fake_guest_status(g), 0);
	fake_guest_set(g, FAKE_STATUS, known);
	g->options = default_options;
	g->options.features |= VIRTIO_FEATURE(VIRTIO_F_VERSION_1);
	fake_guest_set_driver_features(g, g->options.features);
	device_move(f);
	device_start(f);
	fake_guest_set(g, FAKE_STATUS, known | VIRTIO_STATUS_FEATURES_OK);
	assert_int_equal(fake_guest_status(g),
			 known | VIRTIO_STATUS_FEATURES_OK);
	device_move(f);
	assert_int_equal(fake_guest_status(g),
			 known | VIRTIO_STATUS_FEATURES_OK);
	device_start(f);
	device_mount(f);
	assert_alive(f);
}

static void a_queue_stays_broken(void **state)
{
	struct device_fixture *f = *state;
	struct fake_ring *ring = &f->guest.queue[REQUESTS].ring;
	const struct fake_buf nowhere = { 0x10, 64 };
	unsigned messages;

	fake_ring_add(ring, &nowhere, 1, 0, 0);
	fake_guest_kick(&f->guest, REQUESTS);
	assert_true(fake_guest_wait_broken(&f->guest));
	f->plugin->stop(f->dev);
	messages = fake_host_msix(&f->host, 0);
	assert_int_equal(messages, 1);
	device_move(f);
	assert_true(fake_guest_status(&f->guest) & VIRTIO_STATUS_NEEDS_RESET);
	device_start(f);
	fake_guest_kick(&f->guest, REQUESTS);
	pause_ms(5);
	/* The driver was told, and only once. */
	assert_int_equal(fake_host_msix(&f->host, 0), messages);
	device_mount(f);
	assert_alive(f);
}

static void goes_on_itself_as_well(void **state)
{
	struct device_fixture *f = *state;
	struct fake_image image, none = { .fail_at = 1, .error = -ENOSPC };
	uint64_t node = fuse_client_walk(&f->client, "dir/inner");
	struct fuse_attr attr;

	assert_int_equal(f->plugin->save(f->dev, fake_image_write, &none),
			 -EBUSY);
	f->plugin->stop(f->dev);
	assert_int_equal(f->plugin->save(f->dev, fake_image_write, &none),
			 -ENOSPC);
	for (unsigned i = 0; i < 3; i++) {
		image = device_save(f);
		fake_image_done(&image);
		device_start(f);
		assert_int_equal(fuse_client_getattr(&f->client, node, &attr),
				 0);
		f->plugin->stop(f->dev);
	}
	fake_image_done(&none);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		mount_test(files_and_names_stay),
		mount_test(traffic_goes_on),
		mount_test(a_request_made_meanwhile_is_served),
		mount_test(bars_and_doorbells_are_where_they_were),
		mount_test(registers_stay),
		mount_test(a_message_that_is_masked_comes_later),
		mount_test(the_line_is_up_again),
		device_test(a_driver_may_be_anywhere_in_its_setup),
		mount_test(a_queue_stays_broken),
		mount_test(goes_on_itself_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return run_with_all_rings(run, false) +
	       run_with_all_rings(run_locks, true);
}
