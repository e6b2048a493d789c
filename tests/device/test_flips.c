/* SPDX-License-Identifier: MIT */
/*
 * Guest memory that changes while the device reads it: another CPU of the guest
 * writes into requests, descriptors and rings.  What was checked is what is
 * used, so nothing happens that a request of either content could not do.
 *
 * The guest's view and the device's are different mappings of the same memory:
 * for the sanitizers these are no races of the program's.
 */
#include "tests/device/hostile.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define ROUNDS 300
#define BURST 63                        /* flips between yields */
#define PATIENCE_MS 20000

/* One CPU writes one of two contents, then the other, for ever. */
struct flipper {
	pthread_t thread;
	atomic_bool stop;
	volatile uint8_t *at;
	uint8_t content[2][32];
	size_t len;
};

/* The race with who reads is what it is for: ThreadSanitizer need not tell. */
__attribute__((no_sanitize("thread"))) static void *flip(void *arg)
{
	struct flipper *p = arg;

	for (unsigned i = 0; !atomic_load(&p->stop); i++) {
		for (size_t j = 0; j < p->len; j++)
			p->at[j] = p->content[i & 1][j];
		if (i % BURST == BURST - 1)
			sched_yield();
	}
	return NULL;
}

static void flip_begin(struct flipper *p, struct device_fixture *f,
		       uint64_t gpa)
{
	p->at = fake_ram_ptr(&f->host.ram, gpa);
	atomic_init(&p->stop, false);
	assert_int_equal(pthread_create(&p->thread, NULL, flip, p), 0);
}

static void flip_end(struct flipper *p)
{
	atomic_store(&p->stop, true);
	pthread_join(p->thread, NULL);
}

/* A request of one readable and one writable buffer in the guest's memory. */
struct request {
	struct fake_buf buf[2];
	uint64_t table;
};

static void request_init(struct request *r, struct device_fixture *f,
			 uint32_t opcode, const void *body, uint32_t len)
{
	const struct fuse_in_header in = {
		.len = (uint32_t)sizeof(in) + len,
		.opcode = opcode,
		.unique = 1,
		.nodeid = FUSE_ROOT_ID,
	};
	struct fake_ram *ram = &f->host.ram;
	uint8_t *bytes;

	r->buf[0] = (struct fake_buf){ fake_ram_alloc(ram, 256, 64), in.len };
	r->buf[1] = (struct fake_buf){ fake_ram_alloc(ram, 256, 64), 256 };
	r->table = fake_ram_alloc(ram, 64, 64);
	bytes = fake_ram_ptr(ram, r->buf[0].gpa);
	memcpy(bytes, &in, sizeof(in));
	memcpy(bytes + sizeof(in), body, len);
}

static bool needs_reset(struct device_fixture *f)
{
	return fake_guest_status(&f->guest) & VIRTIO_STATUS_NEEDS_RESET;
}

/*
 * Send it and wait.  True: it was used, and *ret_len is how much; false: the
 * queue broke.
 */
static bool request_send(struct request *r, struct device_fixture *f,
			 uint32_t *ret_len)
{
	struct fake_ring *ring = &f->guest.queue[REQUESTS].ring;
	uint16_t head;

	fake_ring_add(ring, r->buf, 1, 1, r->table);
	fake_guest_kick(&f->guest, REQUESTS);
	for (unsigned i = 0; i < PATIENCE_MS * 50; i++) {
		const struct timespec t = { 0, 20000 };

		if (fake_ring_collect(ring, &head, ret_len))
			return true;
		if (i % 50 == 49 && needs_reset(f))
			return false;
		nanosleep(&t, NULL);
	}
	fail_msg("no answer");
	return false;
}

static int32_t reply_error(const struct request *r, struct device_fixture *f)
{
	struct fuse_out_header out;

	memcpy(&out, fake_ram_ptr(&f->host.ram, r->buf[1].gpa), sizeof(out));
	return out.error;
}

/*
 * The name of a MKDIR is good, and then leads out of the share: whichever was
 * read, it was checked.
 */
static void a_name_that_changes(void **state)
{
	struct device_fixture *f = *state;
	struct flipper p = { .content = { "./../x", "a_._.x" }, .len = 6 };
	char *before = print_outside(f);
	const struct {
		struct fuse_mkdir_in in;
		char name[8];
	} body = { { .mode = 0700 }, "a_._.x" };
	unsigned good = 0, bad = 0;
	struct request r;
	uint32_t len;

	request_init(&r, f, FUSE_MKDIR, &body, sizeof(body));
	flip_begin(&p, f, r.buf[0].gpa + 48);
	for (unsigned i = 0; i < ROUNDS; i++) {
		assert_true(request_send(&r, f, &len));
		assert_true(len >= sizeof(struct fuse_out_header));
		if (reply_error(&r, f) == -LX_EINVAL)
			bad++;
		else
			good++;
	}
	flip_end(&p);
	assert_true(good && bad);
	assert_false(tmptree_exists(&f->tree, "x"));
	assert_same_outside(f, before);
}

/* The sizes of a WRITE: what it brings, and more than there is. */
static void a_size_that_changes(void **state)
{
	struct device_fixture *f = *state;
	struct {
		struct fuse_write_in in;
		char data[8];
	} body = { { .size = 8 }, "12345678" };
	struct flipper p = { .content = { { 8 }, { 0xff, 0xff, 0xff, 0xff } },
			     .len = 4 };
	uint64_t node = fuse_client_walk(&f->client, "inner");
	struct request r;
	uint32_t len;

	assert_int_equal(fuse_client_open(&f->client, node, LX_O_RDWR,
					  &body.in.fh), 0);
	request_init(&r, f, FUSE_WRITE, &body, sizeof(body));
	memcpy((uint8_t *)fake_ram_ptr(&f->host.ram, r.buf[0].gpa) + 16, &node,
	       sizeof(node));
	flip_begin(&p, f, r.buf[0].gpa + 40 + 16);
	for (unsigned i = 0; i < ROUNDS; i++)
		assert_true(request_send(&r, f, &len));
	flip_end(&p);
	assert_string_equal(tmptree_read(&f->tree, "inner"), "12345678");
}

/* The header's length: right, nothing, and everything. */
static void a_length_that_changes(void **state)
{
	struct device_fixture *f = *state;
	const struct fuse_getattr_in body = { 0 };
	struct flipper p = { .content = { { 56 }, { 0xff, 0xff, 0xff, 0xff } },
			     .len = 4 };
	struct request r;
	uint32_t len;

	request_init(&r, f, FUSE_GETATTR, &body, sizeof(body));
	flip_begin(&p, f, r.buf[0].gpa);
	for (unsigned i = 0; i < ROUNDS; i++) {
		assert_true(request_send(&r, f, &len));
		assert_true(!len || len == 16 || len == 120);
	}
	flip_end(&p);
}

/* The opcode: with and without a reply, and INIT. */
static void an_opcode_that_changes(void **state)
{
	struct device_fixture *f = *state;
	const uint8_t body[64] = { 0 };
	struct flipper p = { .content = { { FUSE_GETATTR }, { FUSE_DESTROY } },
			     .len = 1 };
	struct request r;
	uint32_t len;

	request_init(&r, f, FUSE_GETATTR, body, sizeof(body));
	flip_begin(&p, f, r.buf[0].gpa + 4);
	for (unsigned i = 0; i < ROUNDS; i++)
		assert_true(request_send(&r, f, &len));
	flip_end(&p);
	(void)fuse_client_init(&f->client, NULL);
}

/*
 * An indirect descriptor's length and flags: another buffer, another
 * direction, another table.  The queue may break, and is mended then.
 */
static void descriptors_that_change(void **state)
{
	struct device_fixture *f = *state;
	const struct fuse_getattr_in body = { 0 };
	struct flipper p = {
		.content = { { 56, 0, 0, 0, 1, 0, 1 },
			     { 0xff, 0xff, 0, 0, 5, 0, 1 } },
		.len = 7,
	};
	struct request r;
	uint32_t len;

	request_init(&r, f, FUSE_GETATTR, &body, sizeof(body));
	flip_begin(&p, f, r.table + 8);
	for (unsigned i = 0; i < ROUNDS / 3; i++) {
		if (request_send(&r, f, &len))
			assert_true(len <= 256);
		else
			device_mount(f);
	}
	flip_end(&p);
}

/* The ring itself: the index of what is available. */
static void an_index_that_changes(void **state)
{
	struct device_fixture *f = *state;
	const struct fuse_getattr_in body = { 0 };
	struct request r;
	uint32_t len;

	request_init(&r, f, FUSE_GETATTR, &body, sizeof(body));
	for (unsigned i = 0; i < 20; i++) {
		struct fake_ring *ring = &f->guest.queue[REQUESTS].ring;
		struct flipper p = { .content = { { 1 }, { 0, 0x40 } },
				     .len = 2 };

		flip_begin(&p, f, ring->avail + 2);
		for (unsigned j = 0; j < PATIENCE_MS && !needs_reset(f); j++) {
			fake_guest_kick(&f->guest, REQUESTS);
			pause_ms(1);
		}
		flip_end(&p);
		assert_true(needs_reset(f));
		device_mount(f);
		assert_true(request_send(&r, f, &len));
	}
}

static int setup(void **state)
{
	return inner_setup(state, "");
}

static int teardown(void **state)
{
	device_mount(*state);
	assert_alive(*state);
	return inner_teardown(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_name_that_changes),
		TEST(a_size_that_changes),
		TEST(a_length_that_changes),
		TEST(an_opcode_that_changes),
		TEST(descriptors_that_change),
		TEST(an_index_that_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
