/* SPDX-License-Identifier: MIT */
/*
 * A client that sends nonsense, thousands of messages of it, the same at each
 * run: every request gets its reply or ends the connection, nothing leaks, and
 * the next client is served as if nothing had been.
 */
#include "tests/unit/vfio_user/client.h"

#include "common/bytes.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CONNECTIONS 60
#define MESSAGES 200

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t random32(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static uint32_t below(uint32_t n)
{
	return random32() % n;
}

/* A value that is at some border more often than not. */
static uint32_t odd_number(void)
{
	static const uint32_t borders[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 0x14, 0x21, 0x24, 255, 256, 4095,
		4096, 4097, 8192, 0x7fffffff, 0x80000000, 0xfffff000,
		0xffffffff,
	};

	return below(4) ? borders[below(ARRAY_LEN(borders))] : random32();
}

/* One message; what it is of is in fds: two eventfds and two files. */
static void send_nonsense(struct client *c, const int fds[4], uint32_t *flags)
{
	uint16_t command = (uint16_t)(below(8) ? 2 + below(14) : below(20));
	uint32_t body[24], words = below(ARRAY_LEN(body) + 1);
	size_t fd_count = below(3) ? 0 : 1 + below(3);

	for (size_t i = 0; i < ARRAY_LEN(body); i++)
		body[i] = odd_number();
	*flags = below(5) ? 0 : VFIO_USER_F_NO_REPLY;
	if (!below(200))
		*flags = below(256);
	client_send(c, (uint16_t)random32(), command, *flags, body,
		    words * sizeof(*body), fds + below(2), fd_count);
}

/* Until the server has enough, or we have. */
static void talk_nonsense(struct rig *rig, const int fds[4])
{
	struct client *c = &rig->client;

	for (int i = 0; i < MESSAGES; i++) {
		uint32_t flags;

		send_nonsense(c, fds, &flags);
		if (flags & VFIO_USER_F_TYPE) {
			rig_expect_end(rig);
			return;
		}
		if (!(flags & VFIO_USER_F_NO_REPLY))
			assert_true(client_recv(c));
	}
	rig_disconnect(rig);
}

static void nonsense_does_no_harm(void **state)
{
	struct rig *rig = *state;
	int fds[4] = {
		eventfd(0, 0), make_memfd(8192), eventfd(0, 0),
		make_memfd(4096),
	};
	unsigned before = count_fds();

	for (unsigned i = 0; i < CONNECTIONS; i++) {
		rig_start(rig);
		talk_nonsense(rig, fds);
		assert_int_equal(count_fds(), before);
		assert_int_equal(fake_device.ranges, 0);
		assert_int_equal(fake_device.stops, i + 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
}

static void bytes_that_are_no_messages_do_no_harm(void **state)
{
	struct rig *rig = *state;
	uint32_t bytes[64];

	for (unsigned i = 0; i < CONNECTIONS; i++) {
		for (size_t j = 0; j < ARRAY_LEN(bytes); j++)
			bytes[j] = odd_number();
		rig_start(rig);
		client_send_raw(&rig->client, bytes,
				below(sizeof(bytes)) + 1);
		rig_disconnect(rig);
	}
	rig_start(rig);
	assert_int_equal(client_read(&rig->client, 7, 0, 256), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(nonsense_does_no_harm),
		TEST(bytes_that_are_no_messages_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
