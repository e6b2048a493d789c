/* SPDX-License-Identifier: MIT */
/* SET_IRQS, and what the device signals. */
#include "tests/unit/vfio_user/client.h"

#include "common/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define INTX VFIO_USER_IRQ_INTX
#define MSIX VFIO_USER_IRQ_MSIX

/* Flags as QEMU sends them. */
enum {
	BIND = VFIO_USER_SET_DATA_EVENTFD | VFIO_USER_SET_ACTION_TRIGGER,
	DISABLE = VFIO_USER_SET_DATA_NONE | VFIO_USER_SET_ACTION_TRIGGER,
	MASK = VFIO_USER_SET_DATA_NONE | VFIO_USER_SET_ACTION_MASK,
	UNMASK = VFIO_USER_SET_DATA_NONE | VFIO_USER_SET_ACTION_UNMASK,
	UNMASK_FD = VFIO_USER_SET_DATA_EVENTFD | VFIO_USER_SET_ACTION_UNMASK,
	TRIGGER_BOOL = VFIO_USER_SET_DATA_BOOL | VFIO_USER_SET_ACTION_TRIGGER,
};

/* How many signals since the last look. */
static uint64_t take(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void open_fds(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		assert_true(fds[i] >= 0);
	}
}

static void close_fds(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

static int set(struct rig *rig, uint32_t flags, uint32_t index, uint32_t start,
	       uint32_t count, const int *fds, size_t fd_count)
{
	return client_set_irqs(&rig->client, flags, index, start, count, NULL,
			       0, fds, fd_count);
}

static void signal_msix(uint16_t vector)
{
	fake_device.host.msix_signal(fake_device.host.ctx, vector, 0, 0);
}

static void set_intx(int level)
{
	fake_device.host.intx_set(fake_device.host.ctx, level);
}

/* First no vector, then one after the other as the driver asks for them. */
static void binds_msix_vectors_as_qemu_does(void **state)
{
	struct rig *rig = *state;
	int fds[FAKE_VECTORS];

	open_fds(fds, FAKE_VECTORS);
	rig_start(rig);
	assert_int_equal(set(rig, BIND, MSIX, 0, 1, NULL, 0), 0);
	signal_msix(0);
	for (uint32_t v = 0; v < FAKE_VECTORS; v++)
		assert_int_equal(set(rig, BIND, MSIX, v, 1, &fds[v], 1), 0);
	signal_msix(2);
	signal_msix(2);
	signal_msix(3);
	assert_int_equal(take(fds[0]), 0);
	assert_int_equal(take(fds[1]), 0);
	assert_int_equal(take(fds[2]), 2);
	assert_int_equal(take(fds[3]), 1);
	/* Vectors that do not exist are nobody's. */
	signal_msix(FAKE_VECTORS);
	signal_msix(UINT16_MAX);
	assert_int_equal(set(rig, DISABLE, MSIX, 0, 0, NULL, 0), 0);
	signal_msix(2);
	assert_int_equal(take(fds[2]), 0);
	close_fds(fds, FAKE_VECTORS);
}

static void binds_several_vectors_in_one_message(void **state)
{
	struct rig *rig = *state;
	int fds[3];

	open_fds(fds, 3);
	rig_start(rig);
	assert_int_equal(set(rig, BIND, MSIX, 1, 3, fds, 3), 0);
	signal_msix(0);
	signal_msix(1);
	signal_msix(3);
	assert_int_equal(take(fds[0]), 1);
	assert_int_equal(take(fds[1]), 0);
	assert_int_equal(take(fds[2]), 1);
	/* No descriptors: no vectors, in the middle. */
	assert_int_equal(set(rig, BIND, MSIX, 1, 2, NULL, 0), 0);
	signal_msix(1);
	signal_msix(3);
	assert_int_equal(take(fds[0]), 0);
	assert_int_equal(take(fds[2]), 1);
	close_fds(fds, 3);
}

static void a_masked_vector_is_signalled_when_unmasked(void **state)
{
	struct rig *rig = *state;
	int fd;

	open_fds(&fd, 1);
	rig_start(rig);
	assert_int_equal(set(rig, BIND, MSIX, 1, 1, &fd, 1), 0);
	assert_int_equal(set(rig, MASK, MSIX, 1, 1, NULL, 0), 0);
	signal_msix(1);
	signal_msix(1);
	assert_int_equal(take(fd), 0);
	assert_int_equal(set(rig, UNMASK, MSIX, 1, 1, NULL, 0), 0);
	assert_int_equal(take(fd), 1);
	assert_int_equal(set(rig, UNMASK, MSIX, 1, 1, NULL, 0), 0);
	assert_int_equal(take(fd), 0);
	close(fd);
}

static void the_client_can_trigger_vectors_itself(void **state)
{
	static const uint8_t bools[] = { 1, 0, 5 };
	struct rig *rig = *state;
	int fds[3];

	open_fds(fds, 3);
	rig_start(rig);
	assert_int_equal(set(rig, BIND, MSIX, 0, 3, fds, 3), 0);
	assert_int_equal(set(rig, DISABLE, MSIX, 1, 1, NULL, 0), 0);
	assert_int_equal(take(fds[1]), 1);
	assert_int_equal(client_set_irqs(&rig->client, TRIGGER_BOOL, MSIX, 0, 3,
					 bools, sizeof(bools), NULL, 0), 0);
	assert_int_equal(take(fds[0]), 1);
	assert_int_equal(take(fds[1]), 0);
	assert_int_equal(take(fds[2]), 1);
	assert_int_equal(client_set_irqs(&rig->client, TRIGGER_BOOL, MSIX, 0, 3,
					 bools, 2, NULL, 0), EINVAL);
	close_fds(fds, 3);
}

static void intx_is_a_level(void **state)
{
	struct rig *rig = *state;
	int fd;

	open_fds(&fd, 1);
	rig_start(rig);
	assert_int_equal(set(rig, BIND, INTX, 0, 1, &fd, 1), 0);
	set_intx(1);
	assert_int_equal(take(fd), 1);
	/* Masked by itself until the guest's end of interrupt. */
	set_intx(1);
	assert_int_equal(take(fd), 0);
	assert_int_equal(set(rig, UNMASK, INTX, 0, 1, NULL, 0), 0);
	assert_int_equal(take(fd), 1);
	set_intx(0);
	assert_int_equal(set(rig, UNMASK, INTX, 0, 1, NULL, 0), 0);
	assert_int_equal(take(fd), 0);
	set_intx(1);
	assert_int_equal(take(fd), 1);
	close(fd);
}

static void a_level_that_is_up_is_told_to_who_binds(void **state)
{
	struct rig *rig = *state;
	int fd;

	open_fds(&fd, 1);
	rig_start(rig);
	set_intx(1);
	assert_int_equal(set(rig, BIND, INTX, 0, 1, &fd, 1), 0);
	assert_int_equal(take(fd), 1);
	assert_int_equal(set(rig, DISABLE, INTX, 0, 0, NULL, 0), 0);
	set_intx(0);
	set_intx(1);
	assert_int_equal(take(fd), 0);
	close(fd);
}

static void a_masked_intx_waits(void **state)
{
	struct rig *rig = *state;
	int fd;

	open_fds(&fd, 1);
	rig_start(rig);
	assert_int_equal(set(rig, BIND, INTX, 0, 1, &fd, 1), 0);
	assert_int_equal(set(rig, MASK, INTX, 0, 1, NULL, 0), 0);
	set_intx(1);
	assert_int_equal(take(fd), 0);
	assert_int_equal(set(rig, UNMASK, INTX, 0, 1, NULL, 0), 0);
	assert_int_equal(take(fd), 1);
	close(fd);
}

/* KVM signals an eventfd at the end of interrupt. */
static void intx_can_be_unmasked_by_eventfd(void **state)
{
	struct rig *rig = *state;
	struct vfio_user_irqs *irqs = &rig->device->irqs;
	int fds[2];

	open_fds(fds, 2);
	rig_start(rig);
	assert_int_equal(vfio_user_irqs_unmask_fd(irqs), -1);
	assert_int_equal(set(rig, BIND, INTX, 0, 1, &fds[0], 1), 0);
	assert_int_equal(set(rig, UNMASK_FD, INTX, 0, 1, &fds[1], 1), 0);
	assert_true(vfio_user_irqs_unmask_fd(irqs) >= 0);
	set_intx(1);
	assert_int_equal(take(fds[0]), 1);
	vfio_user_irqs_unmask(irqs);            /* was not signalled */
	assert_int_equal(take(fds[0]), 0);
	assert_int_equal(eventfd_write(fds[1], 1), 0);
	vfio_user_irqs_unmask(irqs);
	assert_int_equal(take(fds[0]), 1);
	assert_int_equal(set(rig, UNMASK_FD, INTX, 0, 1, NULL, 0), 0);
	assert_int_equal(vfio_user_irqs_unmask_fd(irqs), -1);
	assert_int_equal(set(rig, UNMASK_FD, MSIX, 0, 1, &fds[1], 1), ENOTSUP);
	close_fds(fds, 2);
}

/* The client has taken its signal back, and O_NONBLOCK away. */
static void unmasking_never_waits(void **state)
{
	struct rig *rig = *state;
	struct vfio_user_irqs *irqs = &rig->device->irqs;
	int fd;

	open_fds(&fd, 1);
	rig_start(rig);
	assert_int_equal(set(rig, UNMASK_FD, INTX, 0, 1, &fd, 1), 0);
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	vfio_user_irqs_unmask(irqs);
	assert_true(vfio_user_irqs_unmask_fd(irqs) >= 0);
	assert_int_equal(set(rig, UNMASK_FD, INTX, 0, 1, NULL, 0), 0);
	close(fd);
}

/* An epoll instance looks much like an eventfd, and is ready for ever. */
static void what_cannot_be_read_is_not_polled_again(void **state)
{
	struct rig *rig = *state;
	struct vfio_user_irqs *irqs = &rig->device->irqs;
	int fd = eventfd(1, EFD_CLOEXEC), epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };

	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e), 0);
	rig_start(rig);
	assert_int_equal(set(rig, UNMASK_FD, INTX, 0, 1, &epoll, 1), 0);
	vfio_user_irqs_unmask(irqs);
	assert_int_equal(vfio_user_irqs_unmask_fd(irqs), -1);
	assert_int_equal(set(rig, UNMASK_FD, INTX, 0, 1, NULL, 0), 0);
	close(epoll);
	close(fd);
}

static void err_and_req_can_be_bound(void **state)
{
	struct rig *rig = *state;
	int fd;

	open_fds(&fd, 1);
	rig_start(rig);
	assert_int_equal(set(rig, BIND, VFIO_USER_IRQ_ERR, 0, 1, &fd, 1), 0);
	assert_int_equal(set(rig, BIND, VFIO_USER_IRQ_REQ, 0, 1, &fd, 1), 0);
	assert_int_equal(set(rig, BIND, VFIO_USER_IRQ_MSI, 0, 1, &fd, 1),
			 EINVAL);
	close(fd);
}

static void refuses_requests_that_make_no_sense(void **state)
{
	static const struct {
		uint32_t flags, index, start, count;
		size_t fds;
	} bad[] = {
		{ BIND, MSIX, 0, FAKE_VECTORS + 1, 0 },
		{ BIND, MSIX, FAKE_VECTORS, 1, 1 },
		{ BIND, MSIX, UINT32_MAX, 2, 0 },
		{ BIND, MSIX, 1, UINT32_MAX, 0 },
		{ BIND, MSIX, 0, 2, 1 },        /* one too few */
		{ BIND, MSIX, 0, 1, 2 },        /* one too many */
		{ BIND, MSIX, 0, 0, 0 },
		{ BIND, MSIX, 0, 0, 1 },
		{ BIND, VFIO_USER_IRQS, 0, 1, 1 },
		{ BIND, UINT32_MAX, 0, 1, 1 },
		{ 0, MSIX, 0, 1, 0 },
		{ BIND | VFIO_USER_SET_DATA_NONE, MSIX, 0, 1, 1 },
		{ VFIO_USER_SET_DATA_NONE, MSIX, 0, 1, 0 },
		{ VFIO_USER_SET_DATA_NONE, MSIX, 0, 0, 0 },
		{ UNMASK | MASK, MSIX, 0, 1, 0 },
		{ BIND | 0x40, MSIX, 0, 1, 1 },
		{ TRIGGER_BOOL, MSIX, 0, 1, 0 },
	};
	struct rig *rig = *state;
	unsigned before;
	int fds[2];

	open_fds(fds, 2);
	rig_start(rig);
	before = count_fds();
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(set(rig, bad[i].flags, bad[i].index,
				     bad[i].start, bad[i].count, fds,
				     bad[i].fds), EINVAL);
	/* With this reply the message before it is done with. */
	assert_int_equal(client_read(&rig->client, 7, 0, 4), 0);
	assert_int_equal(count_fds(), before);
	close_fds(fds, 2);
}

/* A write to a pipe could block the device, or end the process. */
static void refuses_what_is_no_eventfd(void **state)
{
	struct rig *rig = *state;
	int pipes[2], file = make_memfd(8);

	rig_start(rig);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(set(rig, BIND, MSIX, 0, 1, &pipes[1], 1), EINVAL);
	assert_int_equal(set(rig, BIND, MSIX, 0, 1, &file, 1), EINVAL);
	assert_int_equal(set(rig, BIND, MSIX, 0, 1, &rig->client.sock, 1),
			 EINVAL);
	close_fds(pipes, 2);
	close(file);
}

static void a_full_eventfd_blocks_nobody(void **state)
{
	struct rig *rig = *state;
	int fd = eventfd(0, 0);                 /* a blocking one */

	rig_start(rig);
	assert_int_equal(set(rig, BIND, MSIX, 0, 1, &fd, 1), 0);
	assert_int_equal(eventfd_write(fd, UINT64_MAX - 1), 0);
	signal_msix(0);
	assert_int_equal(take(fd), UINT64_MAX - 1);
	close(fd);
}

static void a_new_client_finds_no_vectors_bound(void **state)
{
	struct rig *rig = *state;
	int fds[2];

	open_fds(fds, 2);
	rig_start(rig);
	assert_int_equal(set(rig, BIND, MSIX, 0, 1, &fds[0], 1), 0);
	assert_int_equal(set(rig, BIND, INTX, 0, 1, &fds[1], 1), 0);
	rig_disconnect(rig);
	signal_msix(0);
	set_intx(1);
	assert_int_equal(take(fds[0]), 0);
	assert_int_equal(take(fds[1]), 0);
	rig_start(rig);
	signal_msix(0);
	assert_int_equal(take(fds[0]), 0);
	close_fds(fds, 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(binds_msix_vectors_as_qemu_does),
		TEST(binds_several_vectors_in_one_message),
		TEST(a_masked_vector_is_signalled_when_unmasked),
		TEST(the_client_can_trigger_vectors_itself),
		TEST(intx_is_a_level),
		TEST(a_level_that_is_up_is_told_to_who_binds),
		TEST(a_masked_intx_waits),
		TEST(intx_can_be_unmasked_by_eventfd),
		TEST(unmasking_never_waits),
		TEST(what_cannot_be_read_is_not_polled_again),
		TEST(err_and_req_can_be_bound),
		TEST(refuses_requests_that_make_no_sense),
		TEST(refuses_what_is_no_eventfd),
		TEST(a_full_eventfd_blocks_nobody),
		TEST(a_new_client_finds_no_vectors_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
