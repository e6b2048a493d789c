/* SPDX-License-Identifier: MIT */
/* Rings: setting them up and running them. */
#include "tests/unit/virtio_vhost_user/front_end.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

static void pause_ms(long ms)
{
	const struct timespec t = { 0, ms * 1000000 };

	nanosleep(&t, NULL);
}

struct addr {
	uint32_t index, flags;
	uint64_t desc, used, avail, log;
};

/* ---- what is refused --------------------------------------------------- */

static void knows_its_queues(void **state)
{
	struct front_end *f = *state;
	const uint32_t requests[] = {
		SET_VRING_NUM, SET_VRING_BASE, GET_VRING_BASE,
		SET_VRING_ENABLE, SET_VRING_KICK, SET_VRING_CALL,
		SET_VRING_ERR, SET_VRING_ADDR,
	};

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		struct addr addr = { .index = FE_QUEUES };

		if (requests[i] == SET_VRING_ADDR)
			fe_send(f, requests[i], &addr, sizeof(addr));
		else if (requests[i] >= SET_VRING_KICK &&
			 requests[i] <= SET_VRING_ERR)
			fe_send_fd(f, requests[i], FE_QUEUES, f->call[0]);
		else
			fe_send_state(f, requests[i], FE_QUEUES, 1);
		fe_assert_ends(f, -EPROTO,
			       "there is no queue 3, only 0 to 2");
		fe_connect(f);
	}
}

static void refuses_sizes_out_of_range(void **state)
{
	struct front_end *f = *state;
	const uint32_t nums[] = { 0, FE_QUEUE_SIZE + 1, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(nums); i++) {
		const uint32_t num[2] = { 1, nums[i] };

		fe_send_u64(f, SET_PROTOCOL_FEATURES, FE_P_REPLY_ACK);
		assert_true(fe_ask(f, SET_VRING_NUM, num, 8, -1) != 0);
		assert_true(fe_logged(f, "1 to 16 are supported"));
		fe_send_state(f, SET_VRING_NUM, 1, nums[i]);
		fe_assert_ends(f, -EINVAL, "1 to 16 are supported");
		fe_connect(f);
	}
}

static void leaves_running_rings_alone(void **state)
{
	struct front_end *f = *state;
	struct addr addr = { .index = 1, .desc = FE_USER, .used = FE_USER,
			     .avail = FE_USER };
	const uint32_t requests[] = { SET_VRING_NUM, SET_VRING_BASE,
				      SET_VRING_ADDR };

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		fe_start(f, FE_FEATURES);
		if (requests[i] == SET_VRING_ADDR)
			fe_send(f, requests[i], &addr, sizeof(addr));
		else
			fe_send_state(f, requests[i], 1, 8);
		fe_assert_ends(f, -EPROTO, "queue 1 is running");
		fe_connect(f);
	}
}

static void lets_the_same_addresses_be_repeated(void **state)
{
	struct front_end *f = *state;
	struct addr addr = { .index = 0 };

	fe_start(f, FE_FEATURES);
	fe_call(f, 0);
	addr.desc = f->ring[0].desc - FE_RAM_GPA + FE_USER;
	addr.used = f->ring[0].used - FE_RAM_GPA + FE_USER;
	addr.avail = f->ring[0].avail - FE_RAM_GPA + FE_USER;
	assert_int_equal(fe_ask(f, SET_VRING_ADDR, &addr, sizeof(addr), -1), 0);
	fe_call(f, 0);
	addr.flags = 1;                 /* VHOST_VRING_F_LOG */
	assert_int_equal(fe_ask(f, SET_VRING_ADDR, &addr, sizeof(addr), -1), 0);
	fe_call(f, 0);
}

static void refuses_a_ring_outside_memory(void **state)
{
	struct front_end *f = *state;
	const uint32_t enable[2] = { 0, 1 };

	fe_negotiate(f, FE_FEATURES);
	fe_make_ring(f, 0, FE_FEATURES);
	fe_set_ring(f, 0, 0);
	fe_rem_mem(f, fe_whole_ram());
	assert_true(fe_ask(f, SET_VRING_ENABLE, enable, 8, -1) != 0);
	assert_true(fe_logged(f, "ring 0 is outside the memory"));
}

static void refuses_event_messages_that_contradict_themselves(void **state)
{
	struct front_end *f = *state;
	const struct {
		uint64_t value;
		bool fd;
		const char *text;
	} bad[] = {
		{ FE_NOFD, true, "1 descriptors where 0 was said" },
		{ 0, false, "0 descriptors where 1 was said" },
		{ 0x200, true, "unknown bits in 0x200" },
		{ UINT64_C(1) << 63 | FE_NOFD, false, "unknown bits in" },
	};

	for (uint32_t r = SET_VRING_KICK; r <= SET_VRING_ERR; r++) {
		for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
			if (bad[i].fd)
				fe_send_fd(f, r, bad[i].value, f->call[0]);
			else
				fe_send_u64(f, r, bad[i].value);
			fe_assert_ends(f, -EPROTO, bad[i].text);
			fe_connect(f);
		}
	}
}

static void does_not_poll(void **state)
{
	struct front_end *f = *state;

	fe_send_u64(f, SET_VRING_KICK, FE_NOFD | 1);
	fe_assert_ends(f, -EPROTO, "polling is not supported");
}

/* What is always readable would keep a worker busy for ever. */
static void wants_an_eventfd_for_kicks(void **state)
{
	struct front_end *f = *state;
	int pair[2], fds[4];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    pair), 0);
	fds[2] = f->ram.fd;
	fds[3] = pair[0];
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fe_send_fd(f, SET_VRING_KICK, 0, fds[i]);
		fe_assert_ends(f, -EPROTO, "the kick descriptor is no eventfd");
		fe_connect(f);
	}
	close(pair[0]);
	close(pair[1]);
	close(fds[0]);
	close(fds[1]);
}

/* To write to a pipe or a file may block for ever. */
static void wants_something_to_signal(void **state)
{
	static const uint32_t requests[] = { SET_VRING_CALL, SET_VRING_ERR };
	struct front_end *f = *state;
	int fds[3];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fds[2] = f->ram.fd;
	for (size_t i = 0; i < ARRAY_LEN(requests) * ARRAY_LEN(fds); i++) {
		fe_send_fd(f, requests[i % 2], 0, fds[i / 2]);
		fe_assert_ends(f, -EPROTO, "the descriptor is no eventfd");
		fe_connect(f);
	}
	close(fds[0]);
	close(fds[1]);
}

static void enables_by_0_and_1(void **state)
{
	struct front_end *f = *state;

	fe_send_state(f, SET_VRING_ENABLE, 0, 2);
	fe_assert_ends(f, -EPROTO, "2 is neither 0 nor 1");
}

/* ---- running ----------------------------------------------------------- */

static void does_not_serve_what_is_disabled(void **state)
{
	struct front_end *f = *state;
	uint16_t head;

	fe_start(f, FE_FEATURES);
	fe_call(f, 0);
	fe_enable(f, 0, false);
	head = fe_add(f, 0, '.');
	fe_kick(f, 0);
	pause_ms(20);
	assert_int_equal(fe_get(f, &f->handled), 1);
	fe_call(f, 1);
	fe_enable(f, 0, true);
	fe_wait_used(f, 0, head);
}

static void needs_a_kick_descriptor_to_start(void **state)
{
	struct front_end *f = *state;
	uint16_t head;

	fe_start(f, FE_FEATURES);
	assert_int_equal(fe_get_base(f, 0), 0);
	head = fe_add(f, 0, '.');
	fe_kick(f, 0);
	pause_ms(20);
	assert_int_equal(fe_get(f, &f->handled), 0);
	fe_send_fd(f, SET_VRING_KICK, 0, f->kick[0]);
	fe_wait_used(f, 0, head);
}

static void changes_the_kick_descriptor_of_a_running_ring(void **state)
{
	struct front_end *f = *state;
	int old = f->kick[0];

	fe_start(f, FE_FEATURES);
	fe_call(f, 0);
	f->kick[0] = eventfd(0, EFD_CLOEXEC);
	fe_send_fd(f, SET_VRING_KICK, 0, f->kick[0]);
	fe_sync(f);
	close(old);
	fe_call(f, 0);
	assert_int_equal(fe_get(f, &f->resets), 0);
}

static void changes_the_call_descriptor_of_a_running_ring(void **state)
{
	struct front_end *f = *state;
	int old = f->call[0];

	fe_start(f, FE_FEATURES);
	fe_call(f, 0);
	f->call[0] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fe_send_fd(f, SET_VRING_CALL, 0, f->call[0]);
	fe_sync(f);
	close(old);
	fe_call(f, 0);
}

static void interrupts_only_when_asked(void **state)
{
	struct front_end *f = *state;
	uint16_t head;

	fe_start(f, FE_F_VERSION_1 | FE_F_PROTOCOL);
	fe_call(f, 0);
	fake_ring_disarm(&f->ring[0]);
	(void)fe_called(f, 0);
	head = fe_add(f, 0, '.');
	fe_kick(f, 0);
	fe_await(f, &f->handled, 2);
	assert_int_equal(fe_get_base(f, 0), 2);
	assert_false(fe_called(f, 0));
	fe_wait_used(f, 0, head);
}

static void can_do_without_a_call_descriptor(void **state)
{
	struct front_end *f = *state;
	uint16_t head;

	fe_start(f, FE_FEATURES);
	fe_send_u64(f, SET_VRING_CALL, FE_NOFD);
	fe_sync(f);
	head = fe_add(f, 0, '.');
	fe_kick(f, 0);
	fe_await(f, &f->handled, 1);
	assert_int_equal(fe_get_base(f, 0), 1);
	assert_false(fe_called(f, 0));
	/* When there is one at last, it gets what was missed, once. */
	fe_send_fd(f, SET_VRING_CALL, 0, f->call[0]);
	fe_sync(f);
	assert_true(fe_called(f, 0));
	fe_send_fd(f, SET_VRING_CALL, 0, f->call[0]);
	fe_sync(f);
	assert_false(fe_called(f, 0));
	fe_wait_used(f, 0, head);
}

/* As User-Mode Linux has it, but nobody ever reads. */
static void is_not_held_up_by_a_full_call_descriptor(void **state)
{
	struct front_end *f = *state;
	int pair[2];
	uint16_t head;

	fe_start(f, FE_F_VERSION_1 | FE_F_PROTOCOL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    pair), 0);
	while (send(pair[1], f, 4096, MSG_DONTWAIT) > 0)
		;
	while (send(pair[1], f, 1, MSG_DONTWAIT) > 0)
		;
	fe_send_fd(f, SET_VRING_CALL, 0, pair[1]);
	fe_sync(f);
	head = fe_add(f, 0, '.');
	fe_kick(f, 0);
	assert_int_equal((fe_await(f, &f->handled, 1), fe_get_base(f, 0)), 1);
	fe_wait_used(f, 0, head);
	/* And when its reader has gone, there is no SIGPIPE. */
	close(pair[0]);
	fe_set_ring(f, 0, 1);
	fe_send_fd(f, SET_VRING_CALL, 0, pair[1]);
	fe_sync(f);
	(void)fe_add(f, 0, '.');
	fe_kick(f, 0);
	fe_await(f, &f->handled, 2);
	assert_int_equal(fe_get_base(f, 0), 2);

	/* Not even for an interrupt that was missed. */
	fe_set_ring(f, 0, 2);
	fe_send_u64(f, SET_VRING_CALL, FE_NOFD);
	fe_sync(f);
	(void)fe_add(f, 0, '.');
	fe_kick(f, 0);
	fe_await(f, &f->handled, 3);
	assert_int_equal(fe_get_base(f, 0), 3);
	fe_send_fd(f, SET_VRING_CALL, 0, pair[1]);
	fe_sync(f);
	close(pair[1]);
}

static void tells_when_a_ring_is_broken(void **state)
{
	struct front_end *f = *state;
	struct pollfd p = { .fd = f->err[1], .events = POLLIN };

	fe_start(f, FE_FEATURES);
	assert_int_equal(fe_get_u64(f, GET_STATUS), 0);
	fake_ring_publish(&f->ring[1], 99);
	assert_int_equal(eventfd_write(f->kick[1], 1), 0);
	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_int_equal(fe_get_u64(f, GET_STATUS), 0x40);
	assert_true(fe_logged(f, "queue 1 is broken"));
	fe_call(f, 0);
	fe_call(f, 2);

	/* It is whole again after a reset. */
	assert_int_equal(fe_ask(f, RESET_DEVICE, NULL, 0, -1), 0);
	assert_int_equal(fe_get_u64(f, GET_STATUS), 0);
	fe_make_ring(f, 1, FE_FEATURES);
	fe_set_ring(f, 1, 0);
	fe_enable(f, 1, true);
	fe_call(f, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fe_test(knows_its_queues),
		fe_test(refuses_sizes_out_of_range),
		fe_test(leaves_running_rings_alone),
		fe_test(lets_the_same_addresses_be_repeated),
		fe_test(refuses_a_ring_outside_memory),
		fe_test(refuses_event_messages_that_contradict_themselves),
		fe_test(does_not_poll),
		fe_test(wants_an_eventfd_for_kicks),
		fe_test(wants_something_to_signal),
		fe_test(enables_by_0_and_1),
		fe_test(does_not_serve_what_is_disabled),
		fe_test(needs_a_kick_descriptor_to_start),
		fe_test(changes_the_kick_descriptor_of_a_running_ring),
		fe_test(changes_the_call_descriptor_of_a_running_ring),
		fe_test(interrupts_only_when_asked),
		fe_test(can_do_without_a_call_descriptor),
		fe_test(is_not_held_up_by_a_full_call_descriptor),
		fe_test(tells_when_a_ring_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
