/* SPDX-License-Identifier: MIT */
/* The client's memory: DMA_MAP and DMA_UNMAP. */
#include "tests/unit/vfio_user/client.h"

#include "common/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static void maps_a_file_at_its_offset(void **state)
{
	struct rig *rig = *state;
	int fd = make_memfd(3 * 4096);
	struct fake_range range;
	char byte = 'x';

	rig_start(rig);
	assert_int_equal(pwrite(fd, "hello", 5, 4096), 5);
	assert_int_equal(client_map(&rig->client, 0x100000, 8192, 3, 4096, fd),
			 0);
	assert_true(fake_find(0x100000, &range));
	assert_int_equal(range.size, 8192);
	assert_int_equal(range.flags, PCIPLUG_MEM_READ | PCIPLUG_MEM_WRITE);
	assert_memory_equal(range.host, "hello", 5);
	range.host[8191] = byte;
	byte = 0;
	assert_int_equal(pread(fd, &byte, 1, 3 * 4096 - 1), 1);
	assert_int_equal(byte, 'x');
	close(fd);
}

static void an_offset_need_not_be_a_page(void **state)
{
	struct rig *rig = *state;
	int fd = make_memfd(8192);
	struct fake_range range;

	rig_start(rig);
	assert_int_equal(pwrite(fd, "hello", 5, 5000), 5);
	assert_int_equal(client_map(&rig->client, 123, 100, 1, 5000, fd), 0);
	assert_true(fake_find(123, &range));
	assert_int_equal(range.flags, PCIPLUG_MEM_READ);
	assert_memory_equal(range.host, "hello", 5);
	assert_int_equal(client_unmap(&rig->client, 123, 100, 0), 0);
	close(fd);
}

static void unmaps_exactly_what_was_mapped(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	int fd = make_memfd(3 * 4096);
	struct fake_range range;

	rig_start(rig);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(client_map(c, i * 4096, 4096, 3, i * 4096, fd),
				 0);
	assert_int_equal(client_unmap(c, 0, 8192, 0), ENOENT);
	assert_int_equal(client_unmap(c, 4096, 2048, 0), ENOENT);
	assert_int_equal(client_unmap(c, 4097, 4095, 0), ENOENT);
	assert_int_equal(client_unmap(c, 3 * 4096, 4096, 0), ENOENT);
	assert_int_equal(client_unmap(c, 4096, 0, 0), ENOENT);
	assert_int_equal(client_unmap(c, 4096, 4096, 0), 0);
	assert_int_equal(c->len, sizeof(struct vfio_user_dma_unmap));
	assert_false(fake_find(4096, &range));
	assert_true(fake_find(0, &range));
	assert_true(fake_find(8192, &range));
	assert_int_equal(client_unmap(c, 4096, 4096, 0), ENOENT);
	assert_int_equal(client_map(c, 4096, 4096, 3, 0, fd), 0);
	close(fd);
}

static void unmap_all_unmaps_all(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	int fd = make_memfd(8192);
	struct fake_range range;

	rig_start(rig);
	assert_int_equal(client_map(c, 0, 4096, 3, 0, fd), 0);
	assert_int_equal(client_map(c, 8192, 4096, 3, 0, fd), 0);
	assert_int_equal(client_map(c, 1 << 20, 4096, 3, 0, -1), 0);
	assert_int_equal(client_unmap(c, 0, 8192, VFIO_USER_UNMAP_F_ALL),
			 EINVAL);
	assert_int_equal(client_unmap(c, 0, 0, VFIO_USER_UNMAP_F_ALL), 0);
	assert_false(fake_find(0, &range));
	assert_false(fake_find(8192, &range));
	assert_int_equal(client_map(c, 0, 2 << 20, 3, 0, -1), 0);
	assert_int_equal(client_unmap(c, 0, 0, 1), ENOTSUP);
	assert_int_equal(client_unmap(c, 0, 0, 8), ENOTSUP);
	close(fd);
}

static void refuses_ranges_that_overlap(void **state)
{
	static const struct {
		uint64_t iova, size;
	} bad[] = {
		{ 0x10000, 0x1000 }, { 0xf000, 0x1001 }, { 0x10fff, 1 },
		{ 0, 0x20000 }, { 0x10800, 0x1000 }, { 0, UINT64_MAX },
	};
	struct rig *rig = *state;
	struct client *c = &rig->client;

	rig_start(rig);
	assert_int_equal(client_map(c, 0x10000, 0x1000, 3, 0, -1), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(client_map(c, bad[i].iova, bad[i].size, 3, 0,
					    -1), EEXIST);
	assert_int_equal(client_map(c, 0xf000, 0x1000, 3, 0, -1), 0);
	assert_int_equal(client_map(c, 0x11000, 0x1000, 3, 0, -1), 0);
}

static void refuses_ranges_that_make_no_sense(void **state)
{
	static const struct {
		uint64_t iova, size, offset;
		uint32_t flags;
		bool file;
	} bad[] = {
		{ 0, 0, 0, 3, false },
		{ 0x1000, UINT64_MAX, 0, 3, false },
		{ UINT64_MAX, 2, 0, 3, false },
		{ 0, 4096, 0, 0, false },
		{ 0, 4096, 0, 4, false },
		{ 0, 4096, 0, 0x80000003, false },
		/* Outside the file, which has two pages. */
		{ 0, 8193, 0, 3, true },
		{ 0, 4096, 4097, 3, true },
		{ 0, 4096, UINT64_MAX, 3, true },
		{ 0, 4096, UINT64_MAX - 4095, 3, true },
		{ 0, 1ull << 62, 0, 3, true },
		{ 0, UINT64_MAX, 0, 3, true },
	};
	struct rig *rig = *state;
	int fd = make_memfd(8192);

	rig_start(rig);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(client_map(&rig->client, bad[i].iova,
					    bad[i].size, bad[i].flags,
					    bad[i].offset,
					    bad[i].file ? fd : -1), EINVAL);
	close(fd);
}

static void the_last_byte_of_memory_can_be_mapped(void **state)
{
	struct rig *rig = *state;

	rig_start(rig);
	assert_int_equal(client_map(&rig->client, UINT64_MAX - 4095, 4096, 3, 0,
				    -1), 0);
	assert_int_equal(client_map(&rig->client, UINT64_MAX, 1, 3, 0, -1),
			 EEXIST);
	assert_int_equal(client_unmap(&rig->client, UINT64_MAX - 4095, 4096, 0),
			 0);
}

static void refuses_what_is_no_file(void **state)
{
	struct rig *rig = *state;
	int pipes[2];

	rig_start(rig);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(client_map(&rig->client, 0, 4096, 3, 0, pipes[0]),
			 EINVAL);
	close(pipes[0]);
	close(pipes[1]);
}

static void a_file_that_cannot_be_written_maps_read_only(void **state)
{
	struct rig *rig = *state;
	int fd = make_memfd(4096);
	char path[64];
	int ro;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	assert_true(ro >= 0);
	rig_start(rig);
	assert_int_equal(client_map(&rig->client, 0, 4096, 3, 0, ro), EACCES);
	assert_int_equal(client_map(&rig->client, 0, 4096, 1, 0, ro), 0);
	close(ro);
	close(fd);
}

static void refuses_more_than_one_file(void **state)
{
	struct rig *rig = *state;
	int fd = make_memfd(4096);
	const int fds[2] = { fd, fd };
	const struct vfio_user_dma_map map = {
		.argsz = sizeof(map), .flags = 3, .size = 4096,
	};

	rig_start(rig);
	assert_int_equal(client_call(&rig->client, VFIO_USER_DMA_MAP, &map,
				     sizeof(map), fds, 2), EINVAL);
	close(fd);
}

/* Is something mapped of which the kernel tells this name? */
static bool is_mapped(const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		found |= strstr(line, name) != NULL;
	fclose(maps);
	return found;
}

static void touch(struct pciplug_device *dev)
{
	dev->hook_result = *(volatile uint8_t *)dev->range[0].host;
}

/*
 * Of huge pages, which cannot be mapped in part, and of which there are none
 * here when they are touched.
 */
static void huge_pages_are_mapped_whole(void **state)
{
	struct rig *rig = *state;
	const struct vfio_user_region_rw read = { FAKE_HOOK_OFFSET, 7, 1 };
	int fd = memfd_create("test-huge", MFD_CLOEXEC | MFD_HUGETLB);

	if (fd < 0)
		skip();                 /* the kernel has no such */
	guard_catch();
	rig_start(rig);
	assert_int_equal(ftruncate(fd, 1 << 30), 0);
	assert_int_equal(client_map(&rig->client, 0, 8192, 3, 4096, fd), 0);
	assert_true(is_mapped("test-huge"));
	assert_int_equal(client_unmap(&rig->client, 0, 8192, 0), 0);
	assert_false(is_mapped("test-huge"));

	fake_device.hook = touch;
	fake_device.hook_result = 1;
	assert_int_equal(client_map(&rig->client, 0, 8192, 3, 4096, fd), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	client_send(&rig->client, 99, VFIO_USER_REGION_READ, 0, &read,
		    sizeof(read), NULL, 0);
	rig_expect_end(rig);
	assert_int_equal(fake_device.hook_result, 0);
	close(fd);
}

/* The fake device takes eight. */
static void what_the_device_refuses_is_not_mapped(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	int fd = make_memfd(4096);

	rig_start(rig);
	for (uint64_t i = 0; i < 8; i++)
		assert_int_equal(client_map(c, i << 20, 4096, 3, 0, fd), 0);
	assert_int_equal(client_map(c, 8 << 20, 4096, 3, 0, fd), ENOSPC);
	assert_int_equal(client_unmap(c, 8 << 20, 4096, 0), ENOENT);
	assert_int_equal(client_unmap(c, 3 << 20, 4096, 0), 0);
	assert_int_equal(client_map(c, 8 << 20, 4096, 3, 0, fd), 0);
	close(fd);
}

/* A guest can hold all descriptors there are; its device must live on. */
static void a_lack_of_descriptors_is_an_answer(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	struct rlimit limit, none;
	int fd = make_memfd(4096), next;

	rig_start(rig);
	next = dup(fd);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(client_map(c, 0, 4096, 3, 0, fd), EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(client_map(c, 0, 4096, 3, 0, fd), 0);
	close(fd);
}

/* It may go on to use the memory, so that must not go. */
static void what_the_device_keeps_stays_mapped(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	int fd = make_memfd(8192);
	struct fake_range range;

	rig_start(rig);
	assert_int_equal(client_map(c, 0, 4096, 3, 0, fd), 0);
	assert_int_equal(client_map(c, 4096, 4096, 3, 4096, fd), 0);
	fake_device.remove_result = -ENOMEM;
	assert_int_equal(client_unmap(c, 0, 4096, 0), ENOMEM);
	assert_int_equal(client_unmap(c, 0, 0, VFIO_USER_UNMAP_F_ALL), ENOMEM);
	for (uint64_t gpa = 0; gpa < 8192; gpa += 4096) {
		assert_true(fake_find(gpa, &range));
		range.host[0] = 1;      /* faults if it is gone */
	}
	fake_device.remove_result = 0;
	assert_int_equal(client_unmap(c, 0, 4096, 0), 0);
	assert_int_equal(client_unmap(c, 4096, 4096, 0), 0);
	close(fd);
}

static void the_table_has_an_end(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;

	rig_start(rig);
	for (uint64_t i = 0; i < VFIO_USER_RANGES_MAX; i++)     /* backwards */
		assert_int_equal(client_map(c, (1ull << 40) - i * 8192, 4096, 3,
					    0, -1), 0);
	assert_int_equal(client_map(c, 0, 4096, 3, 0, -1), ENOSPC);
	assert_int_equal(client_unmap(c, 1ull << 40, 4096, 0), 0);
	assert_int_equal(client_map(c, 0, 4096, 3, 0, -1), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(maps_a_file_at_its_offset),
		TEST(an_offset_need_not_be_a_page),
		TEST(unmaps_exactly_what_was_mapped),
		TEST(unmap_all_unmaps_all),
		TEST(refuses_ranges_that_overlap),
		TEST(refuses_ranges_that_make_no_sense),
		TEST(the_last_byte_of_memory_can_be_mapped),
		TEST(refuses_what_is_no_file),
		TEST(a_file_that_cannot_be_written_maps_read_only),
		TEST(refuses_more_than_one_file),
		TEST(huge_pages_are_mapped_whole),
		TEST(what_the_device_refuses_is_not_mapped),
		TEST(a_lack_of_descriptors_is_an_answer),
		TEST(what_the_device_keeps_stays_mapped),
		TEST(the_table_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
