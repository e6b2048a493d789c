/* SPDX-License-Identifier: MIT */
/*
 * own_transfers.h - a device whose share has an ext4 of the test's own at
 * "disk", and transfers of pages of a file there, past the page cache.
 *
 * One that is alone would stay on its queue's thread, so many are made
 * available while the device is stopped.
 */
#ifndef TESTS_DEVICE_OWN_TRANSFERS_H
#define TESTS_DEVICE_OWN_TRANSFERS_H

#include "tests/device/device_fixture.h"
#include "tests/device/own_ext4.h"

#include <linux/io_uring.h>
#include <sys/syscall.h>

#define PAGE 4096u
#define PAGES 64                        /* of the file */
#define REQUEST_QUEUES 2

/* A page that is on its way. */
static struct transfer {
	bool write;
	uint16_t head;
	uint64_t out, data;             /* guest addresses */
} transfer[PAGES];

static int host_file;                   /* of the test's own */
static uint64_t node, fh;

static inline int old_byte(unsigned page)
{
	return 'a' + (int)page % 26;
}

static inline int new_byte(unsigned page)
{
	return 'A' + (int)page % 26;
}

/* ---- the guest --------------------------------------------------------- */

/* Make the transfer of a page available. */
static inline void post(struct device_fixture *f, unsigned page, bool write)
{
	const struct fuse_read_in read = {
		.fh = fh, .offset = page * PAGE, .size = PAGE,
	};
	const struct fuse_write_in written = {
		.fh = fh, .offset = page * PAGE, .size = PAGE,
	};
	const struct fuse_in_header in = {
		.len = (uint32_t)(sizeof(in) + sizeof(read) +
				  (write ? PAGE : 0)),
		.opcode = write ? FUSE_WRITE : FUSE_READ,
		.unique = 1000 + page, .nodeid = node,
	};
	struct fake_ram *ram = &f->host.ram;
	struct fake_buf head = { fake_ram_alloc(ram, 80, 8), 80 };
	struct fake_buf data = { fake_ram_alloc(ram, PAGE, PAGE), PAGE };
	struct fake_buf out = { fake_ram_alloc(ram, 24, 8), write ? 24 : 16 };
	struct fake_buf reads[] = { head, out, data };
	struct fake_buf writes[] = { head, data, out };
	char *to = fake_ram_ptr(ram, head.gpa);

	_Static_assert(sizeof(read) == 40 && sizeof(written) == 40,
		       "and 40 of the header");
	memcpy(to, &in, sizeof(in));
	memcpy(to + sizeof(in), write ? (const void *)&written : &read, 40);
	memset(fake_ram_ptr(ram, data.gpa), write ? new_byte(page) : 0, PAGE);
	transfer[page] = (struct transfer){
		.write = write,
		.out = out.gpa,
		.data = data.gpa,
		.head = fake_ring_add(&f->guest.queue[REQUESTS].ring,
				      write ? writes : reads, write ? 2 : 1,
				      write ? 1 : 2, 0),
	};
}

static inline bool holds(const char *data, int byte)
{
	return data[0] == byte && !memcmp(data, data + 1, PAGE - 1);
}

/* One comes back, as it should. */
static inline void collect(struct device_fixture *f, bool write)
{
	const struct transfer *t = transfer;
	struct {
		struct fuse_out_header header;
		struct fuse_write_out write;
	} out;
	uint16_t head;
	uint32_t len;

	assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head, &len), 0);
	while (t->write != write || t->head != head)
		assert_true(++t < transfer + PAGES);
	memcpy(&out, fake_ram_ptr(&f->host.ram, t->out), write ? 24 : 16);
	assert_int_equal(len, write ? 24 : 16 + PAGE);
	assert_int_equal(out.header.len, len);
	assert_int_equal(out.header.error, 0);
	assert_int_equal(out.header.unique, 1000 + (t - transfer));
	if (write)
		assert_int_equal(out.write.size, PAGE);
	else
		assert_true(holds(fake_ram_ptr(&f->host.ram, t->data),
				  old_byte((unsigned)(t - transfer))));
}

static inline void open_file(struct device_fixture *f)
{
	node = fuse_client_walk(&f->client, "disk/file");
	assert_int_not_equal(node, 0);
	assert_int_equal(fuse_client_open(&f->client, node,
					  LX_O_RDWR | LX_O_DIRECT, &fh), 0);
}

/* By another queue, or the same. */
static inline struct fuse_client client_of(struct device_fixture *f,
					   unsigned queue)
{
	struct fuse_client c = f->client;

	c.queue = queue;
	c.unique = 5000;
	return c;
}

static inline void assert_goes_on(struct device_fixture *f, unsigned queue)
{
	struct fuse_client c = client_of(f, queue);
	struct fuse_attr attr;

	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(fuse_client_getattr(&c, FUSE_ROOT_ID, &attr),
				 0);
}

/* ---- the device -------------------------------------------------------- */

static inline void make_file(struct device_fixture *f)
{
	char page[PAGE];

	assert_int_equal(mkdir(tmptree_path(&f->tree, "disk"), 0755), 0);
	assert_true(own_ext4_bind(tmptree_path(&f->tree, "disk")));
	host_file = open(tmptree_path(&f->tree, "disk/file"),
			 O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	for (unsigned i = 0; i < PAGES; i++) {
		memset(page, old_byte(i), PAGE);
		assert_int_equal(pwrite(host_file, page, PAGE, i * PAGE), PAGE);
	}
	assert_int_equal(fsync(host_file), 0);
}

static inline int own_setup(void **state)
{
	struct device_fixture *f;

	host_setup(state);
	f = *state;
	device_create(f, ",queues=2,direct-io");
	make_file(f);
	device_add_memory(f);
	assert_int_equal(f->plugin->start(f->dev), 0);
	device_probe(f);
	device_mount(f);
	return 0;
}

static inline int own_teardown(void **state)
{
	struct device_fixture *f = *state;

	(void)own_ext4_freeze(false);
	close(host_file);
	(void)umount2(tmptree_path(&f->tree, "disk"), MNT_DETACH);
	return device_teardown(state);
}

/* Is there what the device needs for that, with threads that can be seen? */
static inline bool own_have_rings(void)
{
	struct io_uring_params params = { .flags = IORING_SETUP_R_DISABLED };
	long fd = syscall(SYS_io_uring_setup, 1, &params);

	return fd >= 0 && !close((int)fd) &&
	       params.features & IORING_FEAT_NATIVE_WORKERS;
}

/* Run them where all that is to be had; the program's status. */
static inline int own_run(int (*run)(void))
{
	int failures = 77;

	alarm(120);     /* who waits for ever must not hang the tests */
	if (!own_have_rings())
		print_message("no io_uring\n");
	else if (!own_ext4_mount())
		print_message("no ext4 in an image that can be frozen\n");
	else
		failures = run();
	own_ext4_done();
	return failures;
}

#endif
