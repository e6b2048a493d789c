/* SPDX-License-Identifier: MIT */
/* The log of what the device writes. */
#include "tests/unit/virtio_vhost_user/front_end.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define PAGE 4096u
/* One bit for each page up to the end of the memory. */
#define LOG_SIZE ((FE_RAM_GPA + FE_RAM_SIZE) / PAGE / 8)

struct payload {
	uint64_t size, offset;
};

/* ---- a log ------------------------------------------------------------- */

struct fe_log {
	int fd;
	size_t size;
	uint8_t *bits;
};

static struct fe_log make_log(size_t size)
{
	struct fe_log log = {
		.fd = memfd_create("log", MFD_CLOEXEC),
		.size = size,
	};

	assert_true(log.fd >= 0);
	assert_int_equal(ftruncate(log.fd, (off_t)size), 0);
	log.bits = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, log.fd,
			0);
	assert_true(log.bits != MAP_FAILED);
	return log;
}

static void free_log(struct fe_log *log)
{
	munmap(log->bits, log->size);
	close(log->fd);
}

static bool take_mark(struct fe_log *log, size_t offset, uint64_t gpa)
{
	uint64_t page = gpa / PAGE;
	uint8_t bit = (uint8_t)(1u << page % 8);
	uint8_t *byte = &log->bits[offset + page / 8];

	return __atomic_fetch_and(byte, (uint8_t)~bit, __ATOMIC_SEQ_CST) & bit;
}

static bool none_marked(const struct fe_log *log)
{
	for (size_t i = 0; i < log->size; i++) {
		if (__atomic_load_n(&log->bits[i], __ATOMIC_SEQ_CST))
			return false;
	}
	return true;
}

/* ---- messages ---------------------------------------------------------- */

static void send_log(struct front_end *f, uint64_t size, uint64_t offset,
		     int fd)
{
	const struct payload payload = { size, offset };

	fe_send_flags(f, SET_LOG_BASE, FE_VERSION, &payload, sizeof(payload),
		      &fd, 1);
}

/* It has an answer of its own. */
static void set_log(struct front_end *f, const struct fe_log *log,
		    uint64_t size, uint64_t offset)
{
	send_log(f, size, offset, log->fd);
	assert_int_equal(fe_reply_u64(f, SET_LOG_BASE), 0);
}

static void log_all(struct front_end *f, bool on, uint64_t features)
{
	const uint64_t value = features | (on ? FE_F_LOG_ALL : 0);

	assert_int_equal(fe_ask(f, SET_FEATURES, &value, 8, -1), 0);
}

static void log_ring(struct front_end *f, unsigned queue, uint32_t flags,
		     uint64_t log)
{
	const struct fake_ring *ring = &f->ring[queue];
	const struct {
		uint32_t index, flags;
		uint64_t desc, used, avail, log;
	} addr = {
		.index = queue,
		.flags = flags,
		.desc = ring->desc - FE_RAM_GPA + FE_USER,
		.used = ring->used - FE_RAM_GPA + FE_USER,
		.avail = ring->avail - FE_RAM_GPA + FE_USER,
		.log = log,
	};

	assert_int_equal(fe_ask(f, SET_VRING_ADDR, &addr, sizeof(addr), -1), 0);
}

/*
 * A round trip of a buffer on a page of its own, whose address is returned.
 * The ring is stopped then, as one that runs also writes when it has nothing to
 * do.
 */
static uint64_t call(struct front_end *f, unsigned queue)
{
	uint64_t gpa = fake_ram_alloc(&f->ram, PAGE, PAGE);
	const struct fake_buf buf = { gpa, 8 };
	uint16_t id = fake_ring_add(&f->ring[queue], &buf, 0, 1, 0);

	fe_enable(f, queue, true);
	fe_kick(f, queue);
	fe_wait_used(f, queue, id);
	fe_enable(f, queue, false);
	return gpa;
}

/* With all rings stopped. */
static void start(struct front_end *f, uint64_t features)
{
	fe_start(f, features);
	for (unsigned i = 0; i < FE_QUEUES; i++)
		fe_enable(f, i, false);
}

/* ---- tests ------------------------------------------------------------- */

static void offers_it_with_its_protocol_feature(void **state)
{
	struct front_end *f = *state;

	assert_false(fe_get_u64(f, GET_FEATURES) & FE_F_LOG_ALL);
	fe_send_u64(f, SET_PROTOCOL_FEATURES, FE_P_LOG_SHMFD);
	assert_true(fe_get_u64(f, GET_FEATURES) & FE_F_LOG_ALL);
	fe_send_u64(f, SET_PROTOCOL_FEATURES, 0);
	fe_send_u64(f, SET_FEATURES, FE_FEATURES | FE_F_LOG_ALL);
	fe_assert_ends(f, -EPROTO, "SET_FEATURES: 0x4000000 were not offered");
}

/* And the used ring only where its flag says so. */
static void logs_while_it_is_to(struct front_end *f, uint64_t features)
{
	const uint64_t ring_log = FE_RAM_GPA + 200 * PAGE;
	struct fe_log log = make_log(LOG_SIZE + 3);

	start(f, features);
	(void)call(f, 1);
	set_log(f, &log, LOG_SIZE, 3);
	(void)call(f, 1);
	log_ring(f, 1, 1, ring_log);
	(void)call(f, 1);
	assert_true(none_marked(&log));

	log_all(f, true, features);
	assert_true(take_mark(&log, 3, call(f, 1)));
	/* Of a packed ring that is the events, which may not be written. */
	if (features & FE_F_PACKED) {
		(void)take_mark(&log, 3, ring_log);
		assert_true(take_mark(&log, 3, f->ring[1].desc));
	} else {
		assert_true(take_mark(&log, 3, ring_log));
	}
	assert_true(none_marked(&log));
	assert_true(take_mark(&log, 3, call(f, 2)));
	assert_true(none_marked(&log));

	log_ring(f, 1, 0, ring_log);
	assert_true(take_mark(&log, 3, call(f, 1)));
	assert_true(none_marked(&log));
	log_all(f, false, features);
	(void)call(f, 1);
	assert_true(none_marked(&log));
	assert_int_equal(fe_get(f, &f->resets), 0);
	free_log(&log);
}

static void logs_split_rings(void **state)
{
	logs_while_it_is_to(*state, FE_FEATURES);
}

static void logs_packed_rings(void **state)
{
	logs_while_it_is_to(*state, FE_FEATURES | FE_F_PACKED);
}

/* A ring that runs need not be stopped for it. */
static void logs_while_rings_run(void **state)
{
	struct front_end *f = *state;
	struct fe_log log = make_log(LOG_SIZE);

	fe_start(f, FE_FEATURES);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t gpa = fake_ram_alloc(&f->ram, PAGE, PAGE);
		const struct fake_buf buf = { gpa, 8 };
		uint16_t id;

		set_log(f, &log, LOG_SIZE, 0);
		log_ring(f, 0, i % 3 > 0, f->ring[0].used);
		log_all(f, i % 2, FE_FEATURES);
		id = fake_ring_add(&f->ring[0], &buf, 0, 1, 0);
		fe_kick(f, 0);
		fe_wait_used(f, 0, id);
		assert_int_equal(take_mark(&log, 0, gpa), i % 2);
	}
	assert_int_equal(fe_get(f, &f->handled), 20);
	assert_int_equal(fe_get(f, &f->resets), 0);
	free_log(&log);
}

/* The file is as long as the log, so what is beyond would be a SIGBUS. */
static void marks_nothing_beyond_the_log(void **state)
{
	struct front_end *f = *state;
	struct fe_log log = make_log(PAGE);
	uint64_t gpa;

	start(f, FE_FEATURES);
	log_ring(f, 0, 1, UINT64_C(1) << 63);
	set_log(f, &log, 1, PAGE - 1);
	log_all(f, true, FE_FEATURES);
	(void)call(f, 0);
	assert_true(none_marked(&log));
	/* All of the memory but its last page. */
	gpa = call(f, 0);
	set_log(f, &log, gpa / PAGE / 8, 0);
	(void)call(f, 0);
	log_ring(f, 0, 1, 8 * PAGE);
	(void)call(f, 0);
	assert_true(take_mark(&log, 0, 8 * PAGE));
	assert_true(none_marked(&log));
	free_log(&log);
}

static void takes_another_log_meanwhile(void **state)
{
	struct front_end *f = *state;
	struct fe_log log[2] = { make_log(LOG_SIZE), make_log(2 * LOG_SIZE) };

	fe_start(f, FE_FEATURES);
	set_log(f, &log[0], LOG_SIZE, 0);
	log_all(f, true, FE_FEATURES);
	assert_true(take_mark(&log[0], 0, call(f, 0)));
	set_log(f, &log[1], LOG_SIZE, LOG_SIZE);
	/* The front-end may do to the old one what it likes. */
	assert_int_equal(ftruncate(log[0].fd, 0), 0);
	assert_true(take_mark(&log[1], LOG_SIZE, call(f, 0)));
	assert_true(none_marked(&log[1]));
	free_log(&log[0]);
	free_log(&log[1]);
}

/* What was in flight is in the old log when the answer comes. */
static void waits_for_requests_in_flight(void **state)
{
	struct front_end *f = *state;
	struct pollfd p = { .fd = f->sock, .events = POLLIN };
	struct fe_log log[2] = { make_log(LOG_SIZE), make_log(LOG_SIZE) };
	const struct fake_buf buf = {
		fake_ram_alloc(&f->ram, PAGE, PAGE), 8
	};

	fe_start(f, FE_FEATURES);
	set_log(f, &log[0], LOG_SIZE, 0);
	log_all(f, true, FE_FEATURES);
	fe_set(f, &f->hold, true);
	(void)fake_ring_add(&f->ring[0], &buf, 0, 1, 0);
	fe_kick(f, 0);
	fe_await(f, &f->entered, 1);
	send_log(f, LOG_SIZE, 0, log[1].fd);
	assert_int_equal(poll(&p, 1, 30), 0);
	fe_set(f, &f->hold, false);
	assert_int_equal(fe_reply_u64(f, SET_LOG_BASE), 0);
	assert_true(take_mark(&log[0], 0, buf.gpa));
	assert_true(none_marked(&log[1]));
	free_log(&log[0]);
	free_log(&log[1]);
}

/* A request that waits for something goes on waiting, and is logged then. */
static void keeps_what_waits(void **state)
{
	struct front_end *f = *state;
	struct fe_log log = make_log(LOG_SIZE);
	uint64_t gpa = fake_ram_alloc(&f->ram, PAGE, PAGE);
	const struct fake_buf buf = { gpa, 8 };
	uint16_t head;

	fe_start(f, FE_FEATURES);
	*(char *)fake_ram_ptr(&f->ram, gpa) = 'w';
	head = fake_ring_add(&f->ring[0], &buf, 0, 1, 0);
	fe_kick(f, 0);
	fe_await(f, &f->tries, 1);
	set_log(f, &log, LOG_SIZE, 0);
	log_all(f, true, FE_FEATURES);
	log_ring(f, 0, 1, f->ring[0].used);
	fe_await(f, &f->tries, fe_get(f, &f->tries) + 2);
	assert_false(take_mark(&log, 0, gpa));
	fe_set(f, &f->let_go, true);
	fe_wait_used(f, 0, head);
	fe_enable(f, 0, false);
	assert_true(take_mark(&log, 0, gpa));
	assert_true(take_mark(&log, 0, f->ring[0].used));
	free_log(&log);
}

static void tells_of_marks(void **state)
{
	struct front_end *f = *state;
	struct fe_log log = make_log(LOG_SIZE);
	int fd[2] = { eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC) };
	eventfd_t value;

	fe_start(f, FE_FEATURES);
	for (unsigned i = 0; i < 2; i++) {
		fe_send_flags(f, SET_LOG_FD, FE_VERSION, NULL, 0, &fd[i], 1);
		fe_sync(f);
	}
	set_log(f, &log, LOG_SIZE, 0);
	log_all(f, true, FE_FEATURES);
	(void)call(f, 0);
	assert_int_equal(eventfd_read(fd[1], &value), 0);
	assert_true(fcntl(fd[0], F_SETFL, O_NONBLOCK) == 0);
	assert_int_equal(eventfd_read(fd[0], &value), -1);
	free_log(&log);
	close(fd[0]);
	close(fd[1]);
}

static void refuses_a_log_that_is_none(void **state)
{
	struct front_end *f = *state;
	struct fe_log log = make_log(PAGE);
	int read_only = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	const struct {
		uint64_t size, offset;
		int fd;
		int error;
		const char *why;
	} bad[] = {
		{ 0, 0, log.fd, -EINVAL, "Invalid argument" },
		{ PAGE + 1, 0, log.fd, -ENXIO, "the file is too short" },
		{ 1, PAGE, log.fd, -ENXIO, "the file is too short" },
		{ UINT64_MAX, 1, log.fd, -EINVAL, "Invalid argument" },
		{ UINT64_MAX, 2, log.fd, -EINVAL, "Invalid argument" },
		{ 2, UINT64_MAX, log.fd, -EINVAL, "Invalid argument" },
		{ INT64_MAX, 0, log.fd, -ENXIO, "the file is too short" },
		{ 8, 0, f->call[0], -EINVAL, "Invalid argument" },
		{ 8, 0, f->sock, -EINVAL, "Invalid argument" },
		{ 8, 0, read_only, -EACCES, "Permission denied" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		fe_send_u64(f, SET_PROTOCOL_FEATURES, FE_P_LOG_SHMFD);
		send_log(f, bad[i].size, bad[i].offset, bad[i].fd);
		fe_assert_ends(f, bad[i].error, bad[i].why);
		assert_true(fe_logged(f, "SET_LOG_BASE: a log of 0x"));
		fe_connect(f);
	}
	close(read_only);
	free_log(&log);
}

/* One that was there before stays in use. */
static void says_no_to_a_log_that_is_none(void **state)
{
	struct front_end *f = *state;
	const struct payload payload = { LOG_SIZE + 1, 0 };
	struct fe_log log = make_log(LOG_SIZE);

	fe_start(f, FE_FEATURES);
	set_log(f, &log, LOG_SIZE, 0);
	log_all(f, true, FE_FEATURES);
	assert_int_equal(fe_ask(f, SET_LOG_BASE, &payload, sizeof(payload),
				log.fd), 1);
	assert_true(take_mark(&log, 0, call(f, 0)));
	free_log(&log);
}

static void knows_the_flags_of_addresses(void **state)
{
	struct front_end *f = *state;
	uint32_t addr[10] = { 0, 2 };

	fe_send_u64(f, SET_PROTOCOL_FEATURES, FE_P_LOG_SHMFD);
	fe_send(f, SET_VRING_ADDR, addr, sizeof(addr));
	fe_assert_ends(f, -EPROTO, "flags 0x2, of which 0x1 were negotiated");
	fe_connect(f);
	addr[1] = 1;
	fe_send(f, SET_VRING_ADDR, addr, sizeof(addr));
	fe_assert_ends(f, -EPROTO, "flags 0x1, of which 0x0 were negotiated");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fe_test(offers_it_with_its_protocol_feature),
		fe_test(logs_split_rings),
		fe_test(logs_packed_rings),
		fe_test(logs_while_rings_run),
		fe_test(marks_nothing_beyond_the_log),
		fe_test(takes_another_log_meanwhile),
		fe_test(waits_for_requests_in_flight),
		fe_test(keeps_what_waits),
		fe_test(tells_of_marks),
		fe_test(refuses_a_log_that_is_none),
		fe_test(says_no_to_a_log_that_is_none),
		fe_test(knows_the_flags_of_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
