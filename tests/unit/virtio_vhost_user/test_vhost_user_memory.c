/* SPDX-License-Identifier: MIT */
/* Memory that the front-end shares, alone and under load. */
#include "tests/unit/virtio_vhost_user/front_end.h"
#include "virtio/vhost_user/vhost_user_memory.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* ---- alone ------------------------------------------------------------- */

#define FILE_SIZE 0x10000

static struct guard guard = { .sock = -1 };

struct alone {
	struct vhost_user_memory m;
	struct gmem_reader reader;
	int fd;
};

static int alone_setup(void **state)
{
	static struct alone a;

	assert_int_equal(vhost_user_memory_init(&a.m, &guard), 0);
	gmem_register(&a.m.gmem, &a.reader);
	a.fd = memfd_create("memory", MFD_CLOEXEC);
	assert_int_equal(ftruncate(a.fd, FILE_SIZE), 0);
	*state = &a;
	return 0;
}

static int alone_teardown(void **state)
{
	struct alone *a = *state;

	gmem_unregister(&a->m.gmem, &a->reader);
	vhost_user_memory_done(&a->m);
	close(a->fd);
	return 0;
}

static const char *at(struct alone *a, uint64_t gpa)
{
	uint64_t len = 1;
	const char *p;

	(void)gmem_enter(&a->m.gmem, &a->reader);
	p = gmem_map(&a->reader, gpa, GMEM_READ | GMEM_WRITE, &len);
	gmem_leave(&a->reader);
	return p;
}

static void maps_a_part_of_a_file(void **state)
{
	struct alone *a = *state;
	/* An offset that is no multiple of a page. */
	const struct vhost_user_region r = { 0x40000, 0x2800, 0x7000000,
					     0x1800 };
	uint64_t gpa = 0;

	assert_int_equal(pwrite(a->fd, "first", 5, 0x1800), 5);
	assert_int_equal(pwrite(a->fd, "last", 4, 0x3ffc), 4);
	assert_int_equal(vhost_user_memory_add(&a->m, &r, a->fd), 0);
	assert_memory_equal(at(a, 0x40000), "first", 5);
	assert_memory_equal(at(a, 0x427fc), "last", 4);
	assert_null(at(a, 0x42800));
	assert_null(at(a, 0x3ffff));

	assert_int_equal(vhost_user_memory_translate(&a->m, 0x7000010, &gpa),
			 0);
	assert_int_equal(gpa, 0x40010);
	assert_int_equal(vhost_user_memory_translate(&a->m, 0x7002800, &gpa),
			 -EFAULT);
	assert_int_equal(vhost_user_memory_translate(&a->m, 0x6ffffff, &gpa),
			 -EFAULT);
}

static void refuses_regions_that_make_no_sense(void **state)
{
	struct alone *a = *state;
	const struct vhost_user_region bad[] = {
		{ 0, 0, 0, 0 },
		{ UINT64_MAX, 0x1000, 0, 0 },
		{ 0, 0x1000, UINT64_MAX, 0 },
		{ 0, 0x1000, 0, UINT64_MAX },
		{ 0, 0x1000, 0, UINT64_MAX - 0xfff },
		{ 0, 0x1000, 0, INT64_MAX },
		{ 0, UINT64_MAX, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(vhost_user_memory_add(&a->m, &bad[i], a->fd),
				 -EINVAL);
	assert_int_equal(a->m.count, 0);
}

static void refuses_files_that_are_too_short(void **state)
{
	struct alone *a = *state;
	const struct vhost_user_region bad[] = {
		{ 0, FILE_SIZE + 1, 0, 0 },
		{ 0, 0x1001, 0, FILE_SIZE - 0x1000 },
	};
	const struct vhost_user_region whole = { 0, FILE_SIZE, 0, 0 };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(vhost_user_memory_add(&a->m, &bad[i], a->fd),
				 -ENXIO);
	assert_int_equal(vhost_user_memory_add(&a->m, &whole, a->fd), 0);
}

static void refuses_what_is_no_memory(void **state)
{
	struct alone *a = *state;
	const struct vhost_user_region r = { 0, 0x1000, 0, 0 };
	int fds[2], folder = open("/", O_RDONLY | O_CLOEXEC);

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(vhost_user_memory_add(&a->m, &r, fds[0]), -EINVAL);
	assert_int_equal(vhost_user_memory_add(&a->m, &r, folder), -EINVAL);
	assert_int_equal(vhost_user_memory_add(&a->m, &r, -1), -EBADF);
	close(fds[0]);
	close(fds[1]);
	close(folder);
}

static void refuses_files_that_cannot_be_written(void **state)
{
	struct alone *a = *state;
	const struct vhost_user_region r = { 0, 0x1000, 0, 0 };
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", a->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(vhost_user_memory_add(&a->m, &r, fd), -EACCES);
	close(fd);
}

/* How many mappings of the file there are. */
static unsigned mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	unsigned n = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		n += !!strstr(line, "memfd:memory");
	(void)fclose(maps);
	return n;
}

static void leaves_no_mapping_behind(void **state)
{
	struct alone *a = *state;
	struct vhost_user_memory other;
	const struct vhost_user_region r = { 0, 0x1800, 0, 0x800 };

	assert_int_equal(vhost_user_memory_add(&a->m, &r, a->fd), 0);
	assert_int_equal(mappings(), 1);
	assert_int_equal(vhost_user_memory_add(&a->m, &r, a->fd), -EEXIST);
	assert_int_equal(mappings(), 1);
	assert_int_equal(vhost_user_memory_remove(&a->m, &r), 0);
	assert_int_equal(mappings(), 0);
	assert_int_equal(vhost_user_memory_init(&other, &guard), 0);
	assert_int_equal(vhost_user_memory_add(&other, &r, a->fd), 0);
	vhost_user_memory_done(&other);
	assert_int_equal(mappings(), 0);
}

static void removes_exactly_what_was_added(void **state)
{
	struct alone *a = *state;
	const struct vhost_user_region r[] = {
		{ 0x0000, 0x1000, 0x9000, 0 },
		{ 0x1000, 0x1000, 0xa000, 0x1000 },
		{ 0x2000, 0x1000, 0xb000, 0x2000 },
	};
	struct vhost_user_region bad = r[1];

	for (size_t i = 0; i < ARRAY_LEN(r); i++)
		assert_int_equal(vhost_user_memory_add(&a->m, &r[i], a->fd), 0);
	assert_int_equal(vhost_user_memory_add(&a->m, &bad, a->fd), -EEXIST);
	bad.user_addr++;
	assert_int_equal(vhost_user_memory_remove(&a->m, &bad), -ENOENT);
	bad = r[1];
	bad.size--;
	assert_int_equal(vhost_user_memory_remove(&a->m, &bad), -ENOENT);
	/* The offset is not looked at. */
	bad = r[0];
	bad.mmap_offset = 77;
	assert_int_equal(vhost_user_memory_remove(&a->m, &bad), 0);
	assert_null(at(a, 0));
	assert_non_null(at(a, 0x1000));
	assert_non_null(at(a, 0x2000));
	assert_int_equal(vhost_user_memory_clear(&a->m), 0);
	assert_null(at(a, 0x1000));
	assert_int_equal(a->m.count, 0);
}

static void has_room_for_512_regions(void **state)
{
	struct alone *a = *state;
	struct vhost_user_region r = { 0, 0x1000, 0x9000, 0 };

	for (unsigned i = 0; i < 512; i++) {
		assert_int_equal(vhost_user_memory_add(&a->m, &r, a->fd), 0);
		r.guest_addr += 0x1000;
	}
	assert_int_equal(vhost_user_memory_add(&a->m, &r, a->fd), -ENOSPC);
}

/* ---- by messages ------------------------------------------------------- */

/* Another piece of memory, whose file is the same. */
static struct fe_region spare(unsigned i)
{
	return (struct fe_region){ 0x10000000 + i * UINT64_C(0x10000), 0x10000,
				   FE_USER + 0x10000000, 0x1000 };
}

struct load {
	struct front_end *f;
	pthread_t thread;
	atomic_bool stop;
	unsigned calls;
};

/* Calls in the memory that is there before. */
static void *run_load(void *arg)
{
	struct load *l = arg;
	size_t mark = fake_ram_mark(&l->f->ram);

	while (!atomic_load(&l->stop)) {
		fake_ram_release(&l->f->ram, mark);
		fe_call(l->f, 1);
		l->calls++;
	}
	return NULL;
}

static void start_load(struct load *l, struct front_end *f)
{
	*l = (struct load){ .f = f };
	fe_start(f, FE_FEATURES);
	assert_int_equal(pthread_create(&l->thread, NULL, run_load, l), 0);
}

static void stop_load(struct load *l)
{
	atomic_store(&l->stop, true);
	pthread_join(l->thread, NULL);
	assert_true(l->calls > 0);
	fe_call(l->f, 1);
}

static void plugs_and_unplugs_under_load(void **state)
{
	struct front_end *f = *state;
	struct load l;

	start_load(&l, f);
	for (unsigned i = 0; i < 100; i++) {
		for (unsigned k = 0; k < 3; k++)
			fe_add_mem(f, spare(k), f->ram.fd);
		for (unsigned k = 0; k < 3; k++)
			fe_rem_mem(f, spare(k));
	}
	stop_load(&l);
}

static void replaces_all_memory_under_load(void **state)
{
	struct front_end *f = *state;
	struct fe_region table[8] = { fe_whole_ram() };
	int fds[8];
	struct load l;

	for (unsigned i = 0; i < 8; i++)
		fds[i] = f->ram.fd;
	for (unsigned i = 1; i < 8; i++)
		table[i] = spare(i);
	start_load(&l, f);
	for (unsigned i = 0; i < 200; i++)
		fe_set_mem_table(f, table, 1 + i % 8, fds);
	fe_sync(f);
	stop_load(&l);
	assert_int_equal(fe_get(f, &f->resets), 0);
}

/* A request with a buffer in memory that is to go. */
static void keeps_memory_for_requests_in_flight(void **state)
{
	struct front_end *f = *state;
	struct fe_region extra = spare(0);
	struct pollfd p = { .fd = f->sock, .events = POLLIN };
	struct fake_buf buf = { extra.gpa, 8 };
	uint8_t payload[8 + sizeof(extra)] = { 0 };
	uint16_t head;
	char byte = 0;

	fe_start(f, FE_FEATURES);
	extra.size = 0x1000;
	/* At the end of the file, where no ring is. */
	extra.offset = FE_RAM_SIZE - extra.size;
	fe_add_mem(f, extra, f->ram.fd);
	fe_set(f, &f->hold, true);
	head = fake_ring_add(&f->ring[0], &buf, 0, 1, 0);
	fe_kick(f, 0);
	fe_await(f, &f->entered, 1);

	memcpy(payload + 8, &extra, sizeof(extra));
	fe_send_flags(f, REM_MEM_REG, FE_VERSION | FE_NEED_REPLY, payload,
		      sizeof(payload), NULL, 0);
	assert_int_equal(poll(&p, 1, 30), 0);
	fe_set(f, &f->hold, false);
	assert_int_equal(fe_reply_u64(f, REM_MEM_REG), 0);
	fe_wait_used(f, 0, head);
	assert_int_equal(pread(f->ram.fd, &byte, 1, (off_t)extra.offset), 1);
	assert_int_equal(byte, 'x');
}

static void breaks_rings_whose_memory_is_removed(void **state)
{
	struct front_end *f = *state;
	struct pollfd p = { .fd = f->err[0], .events = POLLIN };

	fe_start(f, FE_FEATURES);
	fe_call(f, 0);
	fe_rem_mem(f, fe_whole_ram());
	assert_int_equal(eventfd_write(f->kick[0], 1), 0);
	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_true(fe_logged(f, "the ring is outside guest memory"));
	fe_sync(f);
}

static void says_what_is_wrong_with_a_region(void **state)
{
	struct front_end *f = *state;
	struct fe_region r = { 0, FE_RAM_SIZE + 1, FE_USER, 0 };
	uint8_t payload[8 + sizeof(r)] = { 0 };

	memcpy(payload + 8, &r, sizeof(r));
	fe_send_u64(f, SET_PROTOCOL_FEATURES, FE_P_REPLY_ACK);
	assert_true(fe_ask(f, ADD_MEM_REG, payload, sizeof(payload),
			   f->ram.fd) != 0);
	assert_true(fe_logged(f, "ADD_MEM_REG failed: 0x100001 bytes at guest address 0x0, file offset 0x0: the file is too short"));
	assert_true(fe_ask(f, REM_MEM_REG, payload, sizeof(payload), -1) != 0);
	assert_true(fe_logged(f, "REM_MEM_REG failed"));
	/* A descriptor with it is closed. */
	assert_true(fe_ask(f, REM_MEM_REG, payload, sizeof(payload),
			   f->ram.fd) != 0);
	/* Unless it is told, the front-end would believe that it is there. */
	fe_send_flags(f, ADD_MEM_REG, FE_VERSION, payload, sizeof(payload),
		      &f->ram.fd, 1);
	fe_assert_ends(f, -ENXIO, "the file is too short");
}

static void refuses_tables_that_do_not_add_up(void **state)
{
	struct front_end *f = *state;
	struct {
		uint32_t count, padding;
		struct fe_region region[8];
	} t = { 1, 0, { fe_whole_ram() } };
	const struct {
		uint32_t count;
		size_t size, fds;
	} bad[] = {
		{ 2, 8 + 2 * 32, 1 }, { 1, 8 + 32, 2 }, { 2, 8 + 32, 2 },
		{ 9, 8 + 8 * 32, 8 }, { UINT32_MAX, 8 + 32, 1 },
		{ 1, 8, 1 }, { 0, 8, 1 },
	};
	int fds[8];

	for (unsigned i = 0; i < 8; i++)
		fds[i] = f->ram.fd;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		t.count = bad[i].count;
		fe_send_flags(f, SET_MEM_TABLE, FE_VERSION, &t, bad[i].size,
			      fds, bad[i].fds);
		fe_assert_ends(f, -EPROTO, "regions in a payload of");
		fe_connect(f);
	}
	/* User-Mode Linux always sends room for two. */
	t.count = 1;
	fe_send_flags(f, SET_MEM_TABLE, FE_VERSION, &t, 8 + 2 * 32, fds, 1);
	fe_sync(f);
}

#define alone_test(name) \
	cmocka_unit_test_setup_teardown(name, alone_setup, alone_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		alone_test(maps_a_part_of_a_file),
		alone_test(refuses_regions_that_make_no_sense),
		alone_test(refuses_files_that_are_too_short),
		alone_test(refuses_what_is_no_memory),
		alone_test(refuses_files_that_cannot_be_written),
		alone_test(leaves_no_mapping_behind),
		alone_test(removes_exactly_what_was_added),
		alone_test(has_room_for_512_regions),
		fe_test(plugs_and_unplugs_under_load),
		fe_test(replaces_all_memory_under_load),
		fe_test(keeps_memory_for_requests_in_flight),
		fe_test(breaks_rings_whose_memory_is_removed),
		fe_test(says_what_is_wrong_with_a_region),
		fe_test(refuses_tables_that_do_not_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
