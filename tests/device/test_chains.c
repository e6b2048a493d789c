/* SPDX-License-Identifier: MIT */
/*
 * However a driver cuts a request into descriptors, the device sees the same
 * bytes (virtio 1.3 2.7.4), and it tells exactly how many it has written.
 */
#include "tests/device/device_fixture.h"

#include <pthread.h>

#define POISON 0x5a
#define ATTR_REPLY (sizeof(struct fuse_out_header) + \
		    sizeof(struct fuse_attr_out))
#define REPLY_ROOM 8192

static struct fake_buf new_buf(struct device_fixture *f, size_t len)
{
	uint64_t gpa = fake_ram_alloc(&f->host.ram, len, 8);

	memset(fake_ram_ptr(&f->host.ram, gpa), POISON, len);
	return (struct fake_buf){ gpa, (uint32_t)len };
}

/* A request in the guest's memory. */
static struct fake_buf new_request(struct device_fixture *f, uint32_t opcode,
				   uint64_t node, const void *body, size_t len)
{
	const struct fuse_in_header in = {
		.len = (uint32_t)(sizeof(in) + len),
		.opcode = opcode,
		.unique = 4711,
		.nodeid = node,
	};
	struct fake_buf buf = new_buf(f, in.len);
	uint8_t *p = fake_ram_ptr(&f->host.ram, buf.gpa);

	memcpy(p, &in, sizeof(in));
	if (len)
		memcpy(p + sizeof(in), body, len);
	return buf;
}

static struct fake_buf new_getattr(struct device_fixture *f)
{
	static const struct fuse_getattr_in in;

	return new_request(f, FUSE_GETATTR, FUSE_ROOT_ID, &in, sizeof(in));
}

/* Send these descriptors; how much was written? */
static uint32_t send(struct device_fixture *f, const struct fake_buf *buf,
		     size_t readable, size_t writable, uint64_t table)
{
	uint32_t len = 0;
	uint16_t head;

	fake_ring_add(&f->guest.queue[REQUESTS].ring, buf, readable, writable,
		      table);
	fake_guest_kick(&f->guest, REQUESTS);
	assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head, &len), 0);
	return len;
}

static void assert_is_the_root(struct device_fixture *f, struct fake_buf reply)
{
	const uint8_t *p = fake_ram_ptr(&f->host.ram, reply.gpa);
	struct fuse_out_header out;
	struct fuse_attr_out attr;

	memcpy(&out, p, sizeof(out));
	memcpy(&attr, p + sizeof(out), sizeof(attr));
	assert_int_equal(out.len, ATTR_REPLY);
	assert_int_equal(out.error, 0);
	assert_int_equal(out.unique, 4711);
	assert_true(LX_S_ISDIR(attr.attr.mode));
}

/* The part of a buffer, as a descriptor. */
static struct fake_buf part(struct fake_buf buf, uint32_t from, uint32_t len)
{
	return (struct fake_buf){ buf.gpa + from, len };
}

/* Empty ones at the beginning, in the middle, and at the end of either part. */
static void an_empty_descriptor_within_a_chain(void **state)
{
	static const struct fake_buf empty, empty_elsewhere = { 0x1000, 0 };
	struct device_fixture *f = *state;

	for (unsigned table = 0; table < 2; table++) {
		struct fake_buf in = new_getattr(f);
		struct fake_buf out = new_buf(f, ATTR_REPLY);
		const struct fake_buf buf[] = {
			empty, part(in, 0, 20), empty, part(in, 20, 20),
			empty_elsewhere, part(in, 40, in.len - 40), empty,
			empty, part(out, 0, 16), empty_elsewhere,
			part(out, 16, 8), empty, part(out, 24, out.len - 24),
			empty,
		};

		assert_int_equal(send(f, buf, 7, 7,
				      table ? new_buf(f, sizeof(buf)).gpa : 0),
				 ATTR_REPLY);
		assert_is_the_root(f, out);
	}
	assert_alive(f);
}

static void descriptors_of_one_byte(void **state)
{
	struct device_fixture *f = *state;
	static struct fake_buf buf[256];

	for (unsigned table = 0; table < 2; table++) {
		struct fake_buf in = new_getattr(f);
		struct fake_buf out = new_buf(f, ATTR_REPLY);
		uint32_t count = in.len + out.len;

		assert_in_range(count, 0, f->guest.queue[REQUESTS].ring.size);
		assert_in_range(count, 0, ARRAY_LEN(buf));
		for (uint32_t i = 0; i < in.len; i++)
			buf[i] = part(in, i, 1);
		for (uint32_t i = 0; i < out.len; i++)
			buf[in.len + i] = part(out, i, 1);
		assert_int_equal(send(f, buf, in.len, out.len,
				      table ? new_buf(f, 16 * count).gpa : 0),
				 ATTR_REPLY);
		assert_is_the_root(f, out);
	}
}

/*
 * The used length is that of the reply, 0 where there is none, and what is
 * behind it was not touched.  Returns it.
 */
static uint32_t assert_exact(struct device_fixture *f, uint32_t opcode,
			     uint64_t node, const void *body, size_t body_len)
{
	size_t mark = fake_ram_mark(&f->host.ram);
	struct fake_buf buf[] = {
		new_request(f, opcode, node, body, body_len),
		new_buf(f, REPLY_ROOM),
	};
	const uint8_t *p = fake_ram_ptr(&f->host.ram, buf[1].gpa);
	uint32_t used = send(f, buf, 1, 1, 0);
	struct fuse_out_header out;

	memcpy(&out, p, sizeof(out));
	if (used) {
		assert_int_equal(out.len, used);
		assert_int_equal(out.unique, 4711);
	}
	for (uint32_t i = used; i < REPLY_ROOM; i++) {
		if (p[i] != POISON)
			fail_msg("opcode %u of %zu bytes: used %u, but byte %u is written",
				 opcode, body_len, used, i);
	}
	fake_ram_release(&f->host.ram, mark);
	return used;
}

/* Most of these are errors. */
static void every_used_length_is_exact(void **state)
{
	static const size_t lengths[] = { 0, 8, 16, 24, 40, 64, 88, 104, 128 };
	static const uint8_t body[128];
	struct device_fixture *f = *state;

	for (uint32_t opcode = 0; opcode < 64; opcode++) {
		for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
			uint32_t used = assert_exact(f, opcode, FUSE_ROOT_ID,
						     body, lengths[i]);

			if (opcode == FUSE_FORGET ||
			    opcode == FUSE_BATCH_FORGET)
				assert_int_equal(used, 0);
			if (opcode == FUSE_DESTROY)
				(void)fuse_client_init(&f->client, NULL);
		}
	}
	assert_alive(f);
}

/* Replies that are written where the data goes, and are shorter than it. */
static void used_lengths_of_data_are_exact(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	uint64_t node = fuse_client_walk(c, "file"), fh, dir;
	uint64_t link = fuse_client_walk(c, "link");
	struct fuse_read_in read = { .size = 4096 };

	assert_int_equal(fuse_client_open(c, node, LX_O_RDONLY, &fh), 0);
	read.fh = fh;
	assert_int_equal(assert_exact(f, FUSE_READ, node, &read, sizeof(read)),
			 16 + 5);
	read.offset = 3;
	assert_int_equal(assert_exact(f, FUSE_READ, node, &read, sizeof(read)),
			 16 + 2);
	read.offset = 5;
	assert_int_equal(assert_exact(f, FUSE_READ, node, &read, sizeof(read)),
			 16);
	assert_int_equal(fuse_client_opendir(c, FUSE_ROOT_ID, &dir), 0);
	read = (struct fuse_read_in){ .fh = dir, .size = 4096 };
	assert_in_range(assert_exact(f, FUSE_READDIR, FUSE_ROOT_ID, &read,
				     sizeof(read)), 16 + 3 * 32, 4096);
	read.offset = INT64_MAX;
	assert_int_equal(assert_exact(f, FUSE_READDIRPLUS, FUSE_ROOT_ID, &read,
				      sizeof(read)), 16);
	assert_int_equal(assert_exact(f, FUSE_READLINK, link, NULL, 0), 16 + 4);
	assert_int_equal(assert_exact(f, FUSE_LOOKUP, FUSE_ROOT_ID, "file", 5),
			 16 + sizeof(struct fuse_entry_out));
	assert_int_equal(assert_exact(f, FUSE_LOOKUP, FUSE_ROOT_ID, "none", 5),
			 16);
}

/* ---- what is not the device's to read or to write ---------------------- */

struct range {
	uint64_t gpa, len;
};

/* A worker may look at its ring at any time. */
static struct {
	pthread_mutex_t lock;
	struct range no_read, no_write, table;
	unsigned wrong;                 /* accesses */
} forbidden = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool touches(struct range r, uint64_t gpa, size_t len)
{
	return gpa < r.gpa + r.len && r.gpa < gpa + len;
}

static int watched_read(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct fake_host *host = ctx;

	pthread_mutex_lock(&forbidden.lock);
	forbidden.wrong += touches(forbidden.no_read, gpa, len);
	pthread_mutex_unlock(&forbidden.lock);
	return fake_ram_read(&host->ram, gpa, buf, len);
}

static int watched_write(void *ctx, uint64_t gpa, const void *buf, size_t len)
{
	struct fake_host *host = ctx;

	pthread_mutex_lock(&forbidden.lock);
	forbidden.wrong += touches(forbidden.no_write, gpa, len) ||
			   touches(forbidden.table, gpa, len);
	pthread_mutex_unlock(&forbidden.lock);
	return fake_ram_write(&host->ram, gpa, buf, len);
}

/* All memory is reached by callbacks, which see every access. */
static int watched_setup(void **state)
{
	struct device_fixture *f;

	forbidden.no_read = forbidden.no_write = (struct range){ 0 };
	forbidden.table = (struct range){ 0 };
	host_setup(state);
	f = *state;
	f->host.table.mem_read = watched_read;
	f->host.table.mem_write = watched_write;
	device_create(f, "");
	assert_int_equal(f->plugin->start(f->dev), 0);
	device_probe(f);
	device_mount(f);
	return 0;
}

/* The number of accesses that it should not have made so far. */
static unsigned wrong_accesses(struct device_fixture *f, uint32_t opcode,
			       uint64_t node, const void *body, size_t len)
{
	const struct fake_ring *ring = &f->guest.queue[REQUESTS].ring;
	struct fake_buf buf[] = {
		new_request(f, opcode, node, body, len),
		new_buf(f, REPLY_ROOM),
	};
	unsigned wrong;

	pthread_mutex_lock(&forbidden.lock);
	forbidden.no_write = (struct range){ buf[0].gpa, buf[0].len };
	forbidden.no_read = (struct range){ buf[1].gpa, buf[1].len };
	/* Used descriptors of a packed ring are its business. */
	if (!ring->packed)
		forbidden.table = (struct range){ ring->desc,
						  16u * ring->size };
	pthread_mutex_unlock(&forbidden.lock);
	(void)send(f, buf, 1, 1, 0);
	pthread_mutex_lock(&forbidden.lock);
	wrong = forbidden.wrong;
	pthread_mutex_unlock(&forbidden.lock);
	return wrong;
}

static void reads_and_writes_only_what_it_may(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	uint64_t node = fuse_client_walk(c, "file");
	struct {
		struct fuse_write_in in;
		char data[3];
	} write = { .in.size = 3, .data = "abc" };
	struct fuse_read_in read = { .size = 4096 };
	struct fuse_getattr_in get = { 0 };

	assert_int_equal(fuse_client_open(c, node, LX_O_RDWR, &read.fh), 0);
	write.in.fh = read.fh;
	assert_int_equal(wrong_accesses(f, FUSE_GETATTR, node, &get,
					sizeof(get)), 0);
	assert_int_equal(wrong_accesses(f, FUSE_READ, node, &read,
					sizeof(read)), 0);
	assert_int_equal(wrong_accesses(f, FUSE_WRITE, node, &write,
					sizeof(write.in) + 3), 0);
	assert_string_equal(tmptree_read(&f->tree, "file"), "abclo");
	assert_int_equal(wrong_accesses(f, FUSE_LOOKUP, FUSE_ROOT_ID, "none",
					5), 0);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		mount_test(an_empty_descriptor_within_a_chain),
		mount_test(descriptors_of_one_byte),
		mount_test(every_used_length_is_exact),
		mount_test(used_lengths_of_data_are_exact),
		cmocka_unit_test_setup_teardown(
			reads_and_writes_only_what_it_may, watched_setup,
			device_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return run_with_all_rings(run, false);
}
