/* SPDX-License-Identifier: MIT */
/* The device's state through a pipe: from one connection to the next. */
#include "tests/unit/virtio_vhost_user/front_end.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define SAVE 0
#define LOAD 1
#define NOFD 0x100

/* An image, as it comes out of the pipe. */
struct image {
	uint8_t *bytes;
	size_t len;
};

/* ---- messages ---------------------------------------------------------- */

static uint64_t ask_transfer(struct front_end *f, uint32_t direction,
			     uint32_t phase, int fd)
{
	const uint32_t params[2] = { direction, phase };

	fe_send_flags(f, SET_DEVICE_STATE_FD, FE_VERSION, params,
		      sizeof(params), &fd, 1);
	return fe_reply_u64(f, SET_DEVICE_STATE_FD);
}

/* Begin one, and return our end of the pipe. */
static int begin(struct front_end *f, uint32_t direction)
{
	int fd[2];

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	assert_int_equal(ask_transfer(f, direction, 0,
				      fd[direction == SAVE]), NOFD);
	close(fd[direction == SAVE]);
	return fd[direction != SAVE];
}

static uint64_t check(struct front_end *f)
{
	return fe_get_u64(f, CHECK_DEVICE_STATE);
}

static struct image save(struct front_end *f)
{
	struct image image = { malloc(1 << 20), 0 };
	int fd = begin(f, SAVE);
	ssize_t n;

	assert_non_null(image.bytes);
	do {
		n = read(fd, image.bytes + image.len, 65536);
		assert_true(n >= 0);
		image.len += (size_t)n;
	} while (n && image.len < (1 << 20) - 65536);
	close(fd);
	assert_int_equal(n, 0);
	assert_int_equal(check(f), 0);
	return image;
}

/* What is wrong with it may be seen before all of it was written. */
static uint64_t load(struct front_end *f, const void *bytes, size_t len)
{
	int fd = begin(f, LOAD);
	const char *p = bytes;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0)
			break;
		p += n;
		len -= (size_t)n;
	}
	close(fd);
	return check(f);
}

static void stop_rings(struct front_end *f, uint32_t *ret_base)
{
	for (unsigned i = 0; i < FE_QUEUES; i++)
		ret_base[i] = fe_get_base(f, i);
}

static void start_rings(struct front_end *f, const uint32_t *base)
{
	for (unsigned i = 0; i < FE_QUEUES; i++) {
		fe_set_ring(f, i, base[i]);
		fe_enable(f, i, true);
	}
}

/* ---- from one back-end to another -------------------------------------- */

static void goes_on_elsewhere(struct front_end *f, uint64_t features)
{
	uint32_t base[FE_QUEUES];
	struct image image;
	uint16_t head;
	unsigned resets;

	fe_start(f, features);
	fe_call(f, 0);
	fe_call(f, 0);
	head = fe_add(f, 0, 'w');
	fe_kick(f, 0);
	fe_await(f, &f->tries, 1);
	fe_call(f, 2);
	fe_set_number(f, &f->number, 4711);
	fe_set_number(f, &f->large, 3); /* more than the pipe holds */
	stop_rings(f, base);
	image = save(f);
	fe_disconnect(f);

	fe_set_number(f, &f->number, 0);
	fe_connect(f);
	fe_send_u64(f, SET_PROTOCOL_FEATURES,
		    fe_get_u64(f, GET_PROTOCOL_FEATURES));
	assert_int_equal(load(f, image.bytes, image.len), 0);
	assert_int_equal(fe_get(f, &f->number), 4711);
	resets = fe_get(f, &f->resets);
	fe_negotiate(f, features);
	start_rings(f, base);
	fe_call(f, 1);
	fe_call(f, 0);
	fe_set(f, &f->let_go, true);
	fe_wait_used(f, 0, head);
	fe_call(f, 0);
	fe_call(f, 2);
	assert_int_equal(fe_get(f, &f->resets), resets);
	free(image.bytes);
}

static void split_rings_go_on_elsewhere(void **state)
{
	goes_on_elsewhere(*state, FE_FEATURES);
}

static void packed_rings_go_on_elsewhere(void **state)
{
	goes_on_elsewhere(*state, FE_FEATURES | FE_F_PACKED);
}

/* The driver has begun anew: what it waited for is forgotten. */
static void another_base_is_another_driver(void **state)
{
	struct front_end *f = *state;
	uint32_t base[FE_QUEUES];
	struct image image;
	unsigned resets;

	fe_start(f, FE_FEATURES);
	(void)fe_add(f, 0, 'w');
	fe_kick(f, 0);
	fe_await(f, &f->tries, 1);
	stop_rings(f, base);
	image = save(f);
	assert_int_equal(load(f, image.bytes, image.len), 0);
	resets = fe_get(f, &f->resets);
	for (unsigned i = 0; i < FE_QUEUES; i++)
		fe_make_ring(f, i, FE_FEATURES);
	base[0] = 0;
	start_rings(f, base);
	fe_call(f, 0);
	assert_int_equal(fe_get(f, &f->resets), resets + 1);
	free(image.bytes);
}

/* The migration failed: the source goes on. */
static void goes_on_after_it_was_saved(void **state)
{
	struct front_end *f = *state;
	uint32_t base[FE_QUEUES];
	struct image image;
	uint16_t head;

	fe_start(f, FE_FEATURES);
	head = fe_add(f, 1, 'w');
	fe_kick(f, 1);
	fe_await(f, &f->tries, 1);
	stop_rings(f, base);
	image = save(f);
	start_rings(f, base);
	fe_set(f, &f->let_go, true);
	fe_wait_used(f, 1, head);
	assert_int_equal(fe_get(f, &f->resets), 0);
	free(image.bytes);
}

/* ---- what is refused --------------------------------------------------- */

static void negotiate(struct front_end *f)
{
	fe_send_u64(f, SET_PROTOCOL_FEATURES,
		    fe_get_u64(f, GET_PROTOCOL_FEATURES));
}

static void refuses_what_it_does_not_know(void **state)
{
	struct front_end *f = *state;
	int fd[2];

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	negotiate(f);
	assert_int_equal(ask_transfer(f, 2, 0, fd[0]), NOFD | 1);
	assert_int_equal(ask_transfer(f, SAVE, 1, fd[1]), NOFD | 1);
	assert_int_equal(ask_transfer(f, UINT32_MAX, UINT32_MAX, fd[1]),
			 NOFD | 1);
	assert_true(fe_logged(f, "direction 2 in phase 0 is unknown"));
	assert_int_equal(check(f), 1);
	close(fd[0]);
	close(fd[1]);
}

static void refuses_descriptors_that_are_no_pipe(void **state)
{
	struct front_end *f = *state;
	const int bad[] = {
		f->ram.fd, f->call[0], open("/", O_RDONLY | O_CLOEXEC),
		open("/dev/zero", O_RDWR | O_CLOEXEC)
	};

	negotiate(f);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(ask_transfer(f, SAVE, 0, bad[i]), NOFD | 1);
		assert_int_equal(ask_transfer(f, LOAD, 0, bad[i]), NOFD | 1);
	}
	assert_true(fe_logged(f, "the descriptor is no pipe"));
	close(bad[2]);
	close(bad[3]);
}

static void refuses_while_rings_run(void **state)
{
	struct front_end *f = *state;
	int fd[2];

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	fe_start(f, FE_FEATURES);
	assert_int_equal(ask_transfer(f, SAVE, 0, fd[1]), NOFD | 1);
	assert_int_equal(ask_transfer(f, LOAD, 0, fd[0]), NOFD | 1);
	assert_true(fe_logged(f, "rings are running"));
	fe_call(f, 0);
	close(fd[0]);
	close(fd[1]);
}

static void does_one_at_a_time(void **state)
{
	struct front_end *f = *state;
	int fd[2], first;

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	negotiate(f);
	first = begin(f, LOAD);
	assert_int_equal(ask_transfer(f, SAVE, 0, fd[1]), NOFD | 1);
	assert_true(fe_logged(f, "there is a transfer already"));
	close(first);
	assert_int_equal(check(f), 1);
	assert_int_equal(check(f), 1);
	close(fd[0]);
	close(fd[1]);
}

static void needs_its_protocol_feature(void **state)
{
	struct front_end *f = *state;

	fe_send(f, CHECK_DEVICE_STATE, NULL, 0);
	fe_assert_ends(f, -EOPNOTSUPP, "request 43 is not supported");
}

/* Every image that is cut, and every one with a wrong byte in it. */
static void refuses_bad_images(void **state)
{
	struct front_end *f = *state;
	uint32_t base[FE_QUEUES];
	struct image image;

	fe_start(f, FE_FEATURES | FE_F_PACKED);
	(void)fe_add(f, 0, 'w');
	fe_kick(f, 0);
	fe_await(f, &f->tries, 1);
	stop_rings(f, base);
	image = save(f);
	for (size_t i = 0; i < image.len; i++)
		assert_int_equal(load(f, image.bytes, i), 1);
	/* Some bytes may be anything, but nothing breaks by that. */
	for (size_t i = 0; i < image.len; i++) {
		image.bytes[i] ^= 0xff;
		(void)load(f, image.bytes, image.len);
		image.bytes[i] ^= 0xff;
	}
	image.bytes = realloc(image.bytes, image.len + 1);
	assert_non_null(image.bytes);
	image.bytes[image.len] = 0;
	assert_int_equal(load(f, image.bytes, image.len + 1), 1);
	assert_int_equal(load(f, image.bytes, image.len), 0);
	free(image.bytes);
}

static void refuses_an_endless_image(void **state)
{
	struct front_end *f = *state;
	const char zeros[4096] = "";
	int fd;

	negotiate(f);
	fd = begin(f, LOAD);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	assert_int_equal(errno, EPIPE);
	assert_int_equal(check(f), 1);
	assert_true(fe_logged(f, "the state cannot be restored"));
	close(fd);
}

static void notices_a_pipe_that_nobody_reads(void **state)
{
	struct front_end *f = *state;
	int fd;

	negotiate(f);
	fe_set_number(f, &f->large, 3);
	fd = begin(f, SAVE);
	close(fd);
	assert_int_equal(check(f), 1);
	assert_true(fe_logged(f, "the state cannot be saved: Broken pipe"));
}

/* ---- a pipe that nobody ends ------------------------------------------- */

static void answers_meanwhile(void **state)
{
	struct front_end *f = *state;
	struct pollfd p = { .fd = f->sock, .events = POLLIN };
	int fd;

	negotiate(f);
	fd = begin(f, LOAD);
	fe_sync(f);
	fe_send(f, CHECK_DEVICE_STATE, NULL, 0);
	assert_int_equal(poll(&p, 1, 30), 0);
	close(fd);
	assert_int_equal(fe_reply_u64(f, CHECK_DEVICE_STATE), 1);
}

static void ends_with_the_connection(void **state)
{
	struct front_end *f = *state;

	for (unsigned i = 0; i < 4; i++) {
		int fd;

		negotiate(f);
		fe_set_number(f, &f->large, 3);
		fd = begin(f, i % 2 ? SAVE : LOAD);
		if (i / 2) {
			fe_send(f, CHECK_DEVICE_STATE, NULL, 0);
			usleep(1000);
		}
		assert_int_equal(fe_disconnect(f), VHOST_USER_DISCONNECTED);
		close(fd);
		fe_connect(f);
	}
}

static void await_bytes(int fd, int count)
{
	int there = -1;

	while (there != count) {
		assert_int_equal(ioctl(fd, FIONREAD, &there), 0);
		usleep(1000);
	}
}

/* The front-end has made its end of the pipe, which is ours as well, block. */
static void ends_though_the_pipe_blocks(void **state)
{
	struct front_end *f = *state;
	const char page[4096] = "";
	char back[sizeof(page)];
	int fd[2], size;

	assert_int_equal(pipe2(fd, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(fd[1], page, sizeof(page)) > 0)
		;
	assert_int_equal(ioctl(fd[0], FIONREAD, &size), 0);
	negotiate(f);
	fe_set_number(f, &f->large, 3);
	assert_int_equal(ask_transfer(f, SAVE, 0, fd[1]), NOFD);
	assert_int_equal(fcntl(fd[1], F_SETFL, 0), 0);
	/* There is room for some of what it writes, and then no more. */
	assert_int_equal(read(fd[0], back, sizeof(back)), sizeof(back));
	await_bytes(fd[0], size);
	assert_int_equal(fe_disconnect(f), VHOST_USER_DISCONNECTED);
	close(fd[0]);
	close(fd[1]);
}

static void ends_when_it_is_stopped(void **state)
{
	struct front_end *f = *state;
	int fd;

	negotiate(f);
	fd = begin(f, LOAD);
	fe_send(f, CHECK_DEVICE_STATE, NULL, 0);
	event_signal(&f->stop);
	pthread_join(f->thread, NULL);
	f->serving = false;
	assert_int_equal(f->end, VHOST_USER_STOPPED);
	close(fd);
}

/* The front-end has changed its mind: the device is as when it began. */
static void ends_when_rings_start(void **state)
{
	struct front_end *f = *state;
	int fd;

	negotiate(f);
	fd = begin(f, LOAD);
	fe_start(f, FE_FEATURES);
	fe_call(f, 0);
	assert_int_equal(check(f), 1);
	assert_int_equal(write(fd, "", 1), -1);
	close(fd);
}

static void ends_by_a_reset(void **state)
{
	struct front_end *f = *state;
	int fd;

	negotiate(f);
	fd = begin(f, LOAD);
	fe_send(f, RESET_DEVICE, NULL, 0);
	fe_sync(f);
	assert_int_equal(write(fd, "", 1), -1);
	assert_int_equal(check(f), 1);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fe_test(split_rings_go_on_elsewhere),
		fe_test(packed_rings_go_on_elsewhere),
		fe_test(another_base_is_another_driver),
		fe_test(goes_on_after_it_was_saved),
		fe_test(refuses_what_it_does_not_know),
		fe_test(refuses_descriptors_that_are_no_pipe),
		fe_test(refuses_while_rings_run),
		fe_test(does_one_at_a_time),
		fe_test(needs_its_protocol_feature),
		fe_test(refuses_bad_images),
		fe_test(refuses_an_endless_image),
		fe_test(notices_a_pipe_that_nobody_reads),
		fe_test(answers_meanwhile),
		fe_test(ends_with_the_connection),
		fe_test(ends_though_the_pipe_blocks),
		fe_test(ends_when_it_is_stopped),
		fe_test(ends_when_rings_start),
		fe_test(ends_by_a_reset),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
