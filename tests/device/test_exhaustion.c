/* SPDX-License-Identifier: MIT */
/*
 * A guest that wants more than there is: of its share's descriptors, of the
 * process's, of memory.  It is told so, what needs none of it goes on, and all
 * else when something was given back.
 */
#include "tests/device/hostile.h"

#include <fcntl.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define MOST 4000                       /* below VFS_DIRS_MAX */
#define OTHERS 200                      /* files besides those of the tree */
#define MORE_MEMORY (8u << 20)

static uint64_t handle[MOST];

/* ---- requests that allocate nothing on the guest's side ---------------- */

static int64_t open_by(struct device_fixture *f, uint32_t opcode, uint64_t node,
		       uint64_t *ret_fh)
{
	static uint8_t in[sizeof(struct fuse_in_header) +
			  sizeof(struct fuse_open_in)];
	static uint8_t out[sizeof(struct fuse_out_header) +
			   sizeof(struct fuse_open_out)];
	const struct fuse_in_header header = {
		.len = sizeof(in), .opcode = opcode, .unique = 1,
		.nodeid = node, .uid = getuid(), .gid = getgid(),
	};
	struct fuse_out_header reply;
	int64_t used;

	memcpy(in, &header, sizeof(header));
	used = fake_guest_call(&f->guest, REQUESTS, in, sizeof(in), out,
			       sizeof(out));
	assert_true(used >= (int64_t)sizeof(reply));
	memcpy(&reply, out, sizeof(reply));
	if (!reply.error)
		memcpy(ret_fh, out + sizeof(reply), sizeof(*ret_fh));
	return reply.error;
}

/* Open it until that is an error, which is returned. */
static int64_t open_all(struct device_fixture *f, uint32_t opcode,
			uint64_t node, size_t *ret_count)
{
	int64_t err = 0;
	size_t n = 0;

	while (n < MOST && !(err = open_by(f, opcode, node, &handle[n])))
		n++;
	*ret_count = n;
	return err;
}

static int64_t close_by(struct device_fixture *f, uint32_t opcode,
			uint64_t node, uint64_t fh)
{
	const struct fuse_release_in in = { .fh = fh };

	return send_body(f, opcode, node, &in, sizeof(in));
}

static void close_all(struct device_fixture *f, uint32_t opcode, uint64_t node,
		      size_t count)
{
	while (count)
		assert_true(close_by(f, opcode, node, handle[--count]) > 0);
}

/* What needs nothing new. */
static void assert_goes_on(struct device_fixture *f, uint64_t node, uint64_t fh)
{
	const struct fuse_getattr_in attr = { 0 };
	const struct fuse_read_in in = { .fh = fh, .size = 5 };

	assert_int_equal(fake_guest_status(&f->guest) &
			 VIRTIO_STATUS_NEEDS_RESET, 0);
	assert_int_equal(send_body(f, FUSE_GETATTR, FUSE_ROOT_ID, &attr,
				   sizeof(attr)), 120);
	assert_int_equal(send_body(f, FUSE_READ, node, &in, sizeof(in)),
			 16 + 5);
}

/* ---- descriptors ------------------------------------------------------- */

static void look_at_others(struct device_fixture *f, int64_t allowed)
{
	struct fuse_entry_out e;
	char name[16];

	for (unsigned i = 0; i < OTHERS; i++) {
		int64_t err;

		snprintf(name, sizeof(name), "other%u", i);
		err = fuse_client_lookup(&f->client, 1, name, &e);
		assert_true(!err || err == allowed);
	}
}

static void files_are_used_up(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node = fuse_client_walk(&f->client, "file");
	size_t n, again;

	for (unsigned turn = 0; turn < 2; turn++) {
		assert_int_equal(open_all(f, FUSE_OPEN, node, &n), -LX_ENFILE);
		assert_in_range(n, 32, 64);
		assert_goes_on(f, node, handle[0]);
		/* Names can be looked up all the same. */
		look_at_others(f, 0);
		/* One that is closed makes room for one. */
		assert_true(close_by(f, FUSE_RELEASE, node, handle[--n]) > 0);
		assert_int_equal(open_by(f, FUSE_OPEN, node, &handle[n]), 0);
		close_all(f, FUSE_RELEASE, node, n + 1);
	}
	assert_int_equal(open_all(f, FUSE_OPENDIR, 1, &again), -LX_ENFILE);
	assert_int_equal(again, n + 1);
	close_all(f, FUSE_RELEASEDIR, 1, again);
	assert_alive(f);
}

static void the_process_has_no_descriptors(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node = fuse_client_walk(&f->client, "file"), fh;
	struct rlimit old, limit;
	int last = open("/dev/null", O_RDONLY | O_CLOEXEC), taken[64];
	size_t n, dups = 0;

	assert_int_equal(open_by(f, FUSE_OPEN, node, &fh), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = old;
	limit.rlim_cur = (rlim_t)last + ARRAY_LEN(taken) / 2;
	look_at_others(f, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (dups < ARRAY_LEN(taken) &&
	       (taken[dups] = fcntl(last, F_DUPFD_CLOEXEC, 0)) >= 0)
		dups++;
	/* What it has for inodes it gives for files, but then: */
	assert_int_equal(open_all(f, FUSE_OPEN, node, &n), -LX_EMFILE);
	look_at_others(f, -LX_EMFILE);
	assert_goes_on(f, node, fh);
	close_all(f, FUSE_RELEASE, node, n);
	while (dups)
		close(taken[--dups]);
	assert_int_equal(open_all(f, FUSE_OPEN, node, &n), -LX_EMFILE);
	assert_true(n > ARRAY_LEN(taken) / 4);
	close_all(f, FUSE_RELEASE, node, n);
	look_at_others(f, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(last);
	assert_int_equal(close_by(f, FUSE_RELEASE, node, fh), 16);
	assert_alive(f);
}

/* ---- what options say -------------------------------------------------- */

#define FEW "64"

static int64_t lock_byte(struct device_fixture *f, uint64_t node, uint64_t fh,
			 uint64_t byte)
{
	const struct fuse_lk_in in = {
		.fh = fh, .owner = 1,
		.lk = { .start = byte, .end = byte, .type = F_WRLCK },
	};

	return send_body(f, FUSE_SETLK, node, &in, sizeof(in));
}

/* As many as there may be, and not one more. */
static void options_say_how_many(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node = fuse_client_walk(&f->client, "file");
	struct fuse_entry_out e;
	size_t n = 0, open;
	unsigned known = 2;             /* the root, and that file */
	char name[16];
	int64_t err;

	do {
		snprintf(name, sizeof(name), "other%u", known);
		err = fuse_client_lookup(&f->client, 1, name, &e);
	} while (!err && ++known < OTHERS);
	assert_int_equal(err, -LX_ENFILE);
	assert_int_equal(known, 64);
	assert_int_equal(open_all(f, FUSE_OPEN, node, &open), -LX_ENFILE);
	assert_int_equal(open, 64);
	while (lock_byte(f, node, handle[0], 2 * n) == 16)
		assert_true(++n <= 64);
	assert_int_equal(lock_byte(f, node, handle[0], 2 * n), -LX_ENOLCK);
	assert_int_equal(n, 64);
	assert_goes_on(f, node, handle[0]);
	close_all(f, FUSE_RELEASE, node, open);
	assert_alive(f);
}

/* ---- memory ------------------------------------------------------------ */

/* Bytes of data that this process has. */
static rlim_t data_size(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long kib = 0;
	char line[256];

	while (status && !kib && fgets(line, sizeof(line), status))
		(void)sscanf(line, "VmData: %lu", &kib);
	if (status)
		fclose(status);
	return (rlim_t)kib * 1024;
}

static void there_is_no_memory(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node = fuse_client_walk(&f->client, "file"), fh;
	struct rlimit old, limit;
	size_t n;

	/* A sanitizer needs more of it than the device. */
	if (SANITIZED || !data_size())
		skip();
	assert_int_equal(open_by(f, FUSE_OPEN, node, &fh), 0);
	assert_int_equal(getrlimit(RLIMIT_DATA, &old), 0);
	limit = old;
	for (unsigned turn = 0; turn < 2; turn++) {
		limit.rlim_cur = data_size() + MORE_MEMORY;
		assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
		/* Each has a buffer. */
		assert_int_equal(open_all(f, FUSE_OPENDIR, FUSE_ROOT_ID, &n),
				 -LX_ENOMEM);
		assert_goes_on(f, node, fh);
		assert_true(close_by(f, FUSE_RELEASEDIR, 1, handle[--n]) > 0);
		assert_int_equal(open_by(f, FUSE_OPENDIR, 1, &handle[n]), 0);
		assert_int_equal(setrlimit(RLIMIT_DATA, &old), 0);
		assert_true(n > MORE_MEMORY / 32768 / 2);
		close_all(f, FUSE_RELEASEDIR, 1, n + 1);
	}
	look_at_others(f, 0);
	assert_int_equal(close_by(f, FUSE_RELEASE, node, fh), 16);
	assert_alive(f);
}

/* ---- the share --------------------------------------------------------- */

static int setup_with(void **state, const char *options)
{
	struct device_fixture *f;

	host_setup(state);
	f = *state;
	for (unsigned i = 0; i < OTHERS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "other%u", i);
		tmptree_write(&f->tree, name, name);
	}
	device_bring_up(f, options);
	device_mount(f);
	return 0;
}

static int few_files(void **state)
{
	return setup_with(state, ",rlimit-nofile=64");
}

static int few_of_all(void **state)
{
	return setup_with(state, ",max-inodes=" FEW ",max-open-files=" FEW
				 ",max-locks=" FEW);
}

static int many_files(void **state)
{
	return setup_with(state, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_are_used_up, few_files,
						device_teardown),
		cmocka_unit_test_setup_teardown(the_process_has_no_descriptors,
						many_files, device_teardown),
		cmocka_unit_test_setup_teardown(options_say_how_many,
						few_of_all, device_teardown),
		cmocka_unit_test_setup_teardown(there_is_no_memory, many_files,
						device_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
