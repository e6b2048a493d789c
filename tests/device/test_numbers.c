/* SPDX-License-Identifier: MIT */
/*
 * Opcodes, counts, sizes and offsets at the ends of what they can be, in every
 * operation that has one.
 */
#include "tests/device/hostile.h"

#define OFFSET_2_63 (UINT64_C(1) << 63)
#define BODY_MAX 128
#define BATCH 256                       /* opcodes sent at once */

/* Requests of these opcodes, which do not exist, made available at once. */
static void send_unknown(struct device_fixture *f, uint32_t first,
			 uint32_t count)
{
	struct fake_ring *ring = &f->guest.queue[REQUESTS].ring;
	struct fake_ram *ram = &f->host.ram;
	size_t mark = fake_ram_mark(ram);
	struct fake_buf buf[BATCH][2];
	struct fuse_out_header out;
	uint32_t used;
	uint16_t head;

	for (uint32_t i = 0; i < count; i++) {
		const struct fuse_in_header in = {
			.len = sizeof(in), .opcode = first + i, .unique = i,
			.nodeid = FUSE_ROOT_ID,
		};

		buf[i][0].gpa = fake_ram_alloc(ram, sizeof(in), 8);
		buf[i][0].len = sizeof(in);
		buf[i][1].gpa = fake_ram_alloc(ram, sizeof(out), 8);
		buf[i][1].len = sizeof(out);
		memcpy(fake_ram_ptr(ram, buf[i][0].gpa), &in, sizeof(in));
		fake_ring_add(ring, buf[i], 1, 1, 0);
	}
	fake_guest_kick(&f->guest, REQUESTS);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head,
						 &used), 0);
		assert_int_equal(used, sizeof(out));
	}
	for (uint32_t i = 0; i < count; i++) {
		memcpy(&out, fake_ram_ptr(ram, buf[i][1].gpa), sizeof(out));
		assert_int_equal(out.unique, i);
		assert_int_equal(out.error, -LX_ENOSYS);
	}
	fake_ram_release(ram, mark);
}

/* Those that exist, and some that do not, with bodies of several lengths. */
static void every_opcode_from_0_to_65535(void **state)
{
	static const uint8_t lengths[] = { 0, 8, 64, 128 };
	struct device_fixture *f = *state;
	uint8_t body[BODY_MAX] = { 0 };
	int64_t ret;

	for (uint32_t opcode = 0; opcode < BATCH; opcode++) {
		for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
			ret = send_body(f, opcode, FUSE_ROOT_ID, body,
					lengths[i]);
			assert_true(ret >= 0 || ret >= -LX_MAX_ERRNO);
			if (opcode > FUSE_COPY_FILE_RANGE_64)
				assert_int_equal(ret, -LX_ENOSYS);
		}
		if (opcode == FUSE_DESTROY)
			assert_int_equal(fuse_client_init(&f->client, NULL), 0);
	}
	for (uint32_t opcode = BATCH; opcode <= UINT16_MAX; opcode += BATCH)
		send_unknown(f, opcode, BATCH);
	assert_alive(f);
}

/* A request for an open file, whose record begins with its handle. */
struct extreme {
	const char *what;
	uint32_t opcode;
	size_t len;
	union {
		uint8_t bytes[BODY_MAX];
		struct fuse_read_in read;
		struct fuse_write_in write;
		struct fuse_fallocate_in fallocate;
		struct fuse_lseek_in lseek;
		struct fuse_copy_file_range_in copy;
		struct fuse_lk_in lk;
		struct fuse_ioctl_in ioctl;
		struct fuse_setxattr_in setxattr;
		struct fuse_getxattr_in getxattr;
		struct fuse_setattr_in setattr;
	} u;
	bool may_succeed;               /* and do no harm */
	bool no_handle;
};

#define IN(type) sizeof(struct fuse_##type##_in)

static const struct extreme extremes[] = {
	{ "WRITE at 2^63", FUSE_WRITE, IN(write) + 1,
	  .u.write = { .offset = OFFSET_2_63, .size = 1 } },
	{ "WRITE at 2^64-1", FUSE_WRITE, IN(write) + 1,
	  .u.write = { .offset = UINT64_MAX, .size = 1 } },
	{ "WRITE of 2^32-1", FUSE_WRITE, IN(write) + 1,
	  .u.write = { .size = UINT32_MAX } },
	{ "READ at 2^63", FUSE_READ, IN(read),
	  .u.read = { .offset = OFFSET_2_63, .size = 8 },
	  .may_succeed = true },
	{ "READ of 2^32-1 at 2^64-1", FUSE_READ, IN(read),
	  .u.read = { .offset = UINT64_MAX, .size = UINT32_MAX },
	  .may_succeed = true },
	{ "FALLOCATE at 2^63", FUSE_FALLOCATE, IN(fallocate),
	  .u.fallocate = { .offset = OFFSET_2_63, .length = 1 } },
	{ "FALLOCATE of 2^63", FUSE_FALLOCATE, IN(fallocate),
	  .u.fallocate = { .length = OFFSET_2_63 } },
	{ "FALLOCATE beyond 2^63", FUSE_FALLOCATE, IN(fallocate),
	  .u.fallocate = { .offset = INT64_MAX, .length = INT64_MAX } },
	{ "FALLOCATE in every mode", FUSE_FALLOCATE, IN(fallocate),
	  .u.fallocate = { .length = 1, .mode = UINT32_MAX } },
	{ "LSEEK to 2^63", FUSE_LSEEK, IN(lseek),
	  .u.lseek = { .offset = OFFSET_2_63, .whence = 3 } },
	{ "LSEEK whence 2^32-1", FUSE_LSEEK, IN(lseek),
	  .u.lseek = { .whence = UINT32_MAX } },
	{ "COPY_FILE_RANGE from 2^63", FUSE_COPY_FILE_RANGE,
	  IN(copy_file_range),
	  .u.copy = { .off_in = OFFSET_2_63, .nodeid_out = 1, .len = 1 } },
	{ "COPY_FILE_RANGE_64 of 2^64-1", FUSE_COPY_FILE_RANGE_64,
	  IN(copy_file_range),
	  .u.copy = { .nodeid_out = 1, .off_out = UINT64_MAX,
		      .len = UINT64_MAX, .flags = UINT64_MAX } },
	{ "GETLK that ends before it begins", FUSE_GETLK, IN(lk),
	  .u.lk = { .lk = { UINT64_MAX, 0, 1, 0 } } },
	{ "SETLK of type 2^32-1", FUSE_SETLK, IN(lk),
	  .u.lk = { .lk = { 0, UINT64_MAX, UINT32_MAX, 0 } } },
	{ "SETLKW from 2^63", FUSE_SETLKW, IN(lk),
	  .u.lk = { .lk = { OFFSET_2_63, OFFSET_2_63 + 1, 1, 0 } } },
	{ "IOCTL that passes 2^32-1 in", FUSE_IOCTL, IN(ioctl),
	  .u.ioctl = { .cmd = UINT32_MAX, .in_size = UINT32_MAX } },
	{ "IOCTL that passes 2^32-1 out", FUSE_IOCTL, IN(ioctl),
	  .u.ioctl = { .cmd = UINT32_MAX, .out_size = UINT32_MAX } },
	{ "SETATTR of size 2^63", FUSE_SETATTR, IN(setattr),
	  .u.setattr = { .valid = FATTR_SIZE, .size = OFFSET_2_63 },
	  .no_handle = true },
	{ "SETATTR of size 2^64-1", FUSE_SETATTR, IN(setattr),
	  .u.setattr = { .valid = FATTR_SIZE, .size = UINT64_MAX },
	  .no_handle = true },
	{ "SETATTR of 2^32-1 nanoseconds", FUSE_SETATTR, IN(setattr),
	  .u.setattr = { .valid = FATTR_MTIME, .mtime = UINT64_MAX,
			 .mtimensec = UINT32_MAX }, .no_handle = true },
	{ "SETXATTR of 2^32-1", FUSE_SETXATTR, IN(setxattr) + 7,
	  .u.setxattr = { .size = UINT32_MAX }, .no_handle = true },
	{ "GETXATTR of 2^32-1", FUSE_GETXATTR, IN(getxattr) + 7,
	  .u.getxattr = { .size = UINT32_MAX }, .no_handle = true },
	{ "LISTXATTR of 2^32-1", FUSE_LISTXATTR, IN(getxattr),
	  .u.getxattr = { .size = UINT32_MAX },
	  .may_succeed = true, .no_handle = true },
};

static void numbers_at_their_ends(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node = fuse_client_walk(&f->client, "file"), fh;
	char *before = tree_print(f->tree.root, NULL), *after;

	assert_int_equal(fuse_client_open(&f->client, node, LX_O_RDWR, &fh),
			 0);
	for (size_t i = 0; i < ARRAY_LEN(extremes); i++) {
		struct extreme e = extremes[i];
		int64_t ret;

		if (!e.no_handle)
			memcpy(e.u.bytes, &fh, sizeof(fh));
		if (e.opcode == FUSE_SETXATTR || e.opcode == FUSE_GETXATTR)
			memcpy(e.u.bytes + e.len - 7, "user.x", 7);
		ret = send_body(f, e.opcode, node, e.u.bytes, e.len);
		if (ret >= 0 && e.may_succeed) {
			assert_alive(f);
			continue;
		}
		if (ret >= 0)
			fail_msg("%s succeeds", e.what);
		assert_refused(f, ret);
	}
	after = tree_print(f->tree.root, NULL);
	assert_string_equal(after, before);
	free(after);
	free(before);
}

static void directories_read_from_anywhere(void **state)
{
	static const uint64_t offsets[] = {
		1, INT64_MAX, OFFSET_2_63, UINT64_MAX,
	};
	struct device_fixture *f = *state;
	uint8_t buf[1024];
	uint64_t fh;

	assert_int_equal(fuse_client_opendir(&f->client, 1, &fh), 0);
	for (size_t i = 0; i < ARRAY_LEN(offsets); i++)
		for (int plus = 0; plus < 2; plus++) {
			(void)fuse_client_readdir(&f->client, 1, fh,
						  offsets[i], plus, buf,
						  sizeof(buf));
			assert_alive(f);
		}
	assert_true(fuse_client_readdir(&f->client, 1, fh, 0, false, buf,
					sizeof(buf)) > 0);
}

/* Whatever flags an OPEN has, it is of what is there, and makes nothing. */
static void opens_with_every_flag(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node = fuse_client_walk(&f->client, "file"), fh;

	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t flags = UINT32_C(1) << bit;

		if (flags == LX_O_TRUNC)
			continue;
		if (!fuse_client_open(&f->client, node, flags, &fh))
			assert_int_equal(fuse_client_release(&f->client, node,
							     fh), 0);
		if (!fuse_client_open(&f->client, 1, flags, &fh))
			fail_msg("opens a directory as a file");
		assert_alive(f);
	}
	(void)fuse_client_open(&f->client, node, UINT32_MAX, &fh);
	assert_alive(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hostile_test(every_opcode_from_0_to_65535),
		hostile_test(numbers_at_their_ends),
		hostile_test(directories_read_from_anywhere),
		hostile_test(opens_with_every_flag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
