/* SPDX-License-Identifier: MIT */
/* Requests about the device, and the form of every request. */
#include "tests/unit/virtio_vhost_user/front_end.h"

#include <sys/socket.h>
#include <time.h>

static const uint32_t all_protocol_features =
	FE_P_MQ | FE_P_LOG_SHMFD | FE_P_REPLY_ACK | FE_P_BACKEND_REQ |
	FE_P_CONFIG | FE_P_RESET_DEVICE | FE_P_MEM_SLOTS | FE_P_STATUS |
	FE_P_DEVICE_STATE;

/* ---- features ---------------------------------------------------------- */

static void offers_features(void **state)
{
	struct front_end *f = *state;
	uint64_t features = fe_get_u64(f, GET_FEATURES);
	const uint64_t wanted = FE_FEATURES | FE_F_INDIRECT;
	/* ACCESS_PLATFORM, NOTIFICATION_DATA, RING_RESET, LOG_ALL */
	const uint64_t not_wanted = UINT64_C(1) << 33 | UINT64_C(1) << 38 |
				    UINT64_C(1) << 40 | UINT64_C(1) << 26;

	assert_true((features & wanted) == wanted);
	assert_true(!(features & not_wanted));
	assert_int_equal(fe_get_u64(f, GET_PROTOCOL_FEATURES),
			 all_protocol_features);
	assert_int_equal(fe_get_u64(f, GET_QUEUE_NUM), FE_QUEUES);
	assert_int_equal(fe_get_u64(f, GET_MAX_MEM_SLOTS), 512);
}

static void refuses_features_that_were_not_offered(void **state)
{
	struct front_end *f = *state;

	fe_send_u64(f, SET_FEATURES, UINT64_C(1) << 33 | FE_F_VERSION_1);
	fe_assert_ends(f, -EPROTO, "SET_FEATURES: 0x200000000 were not offered");
	fe_connect(f);
	fe_send_u64(f, SET_PROTOCOL_FEATURES, all_protocol_features | 1u << 14);
	fe_assert_ends(f, -EPROTO,
		       "SET_PROTOCOL_FEATURES: 0x4000 were not offered");
}

static void refuses_other_features_while_rings_run(void **state)
{
	struct front_end *f = *state;

	fe_start(f, FE_FEATURES);
	fe_send_u64(f, SET_FEATURES, FE_FEATURES);
	fe_call(f, 1);
	fe_send_u64(f, SET_FEATURES, FE_FEATURES | FE_F_INDIRECT);
	fe_assert_ends(f, -EPROTO, "other features while rings are running");
}

static void refuses_to_run_without_version_1(void **state)
{
	struct front_end *f = *state;

	fe_negotiate(f, FE_F_PROTOCOL);
	fe_make_ring(f, 0, 0);
	fe_set_ring(f, 0, 0);
	fe_send_state(f, SET_VRING_ENABLE, 0, 1);
	fe_assert_ends(f, -EPROTO, "legacy drivers are not supported");
}

/* ---- answers ----------------------------------------------------------- */

static void answers_when_asked_to(void **state)
{
	struct front_end *f = *state;
	uint64_t value = all_protocol_features;

	/* Before it is negotiated, nothing is answered. */
	fe_send_flags(f, SET_OWNER, FE_VERSION | FE_NEED_REPLY, NULL, 0, NULL,
		      0);
	/* User-Mode Linux wants an answer to this very request. */
	assert_int_equal(fe_ask(f, SET_PROTOCOL_FEATURES, &value, 8, -1), 0);
	value = FE_FEATURES;
	assert_int_equal(fe_ask(f, SET_FEATURES, &value, 8, -1), 0);
	assert_int_equal(fe_ask(f, RESET_OWNER, NULL, 0, -1), 0);
	/* A reply of its own is the answer. */
	fe_send_flags(f, GET_STATUS, FE_VERSION | FE_NEED_REPLY, NULL, 0, NULL,
		      0);
	assert_int_equal(fe_reply_u64(f, GET_STATUS), 0);
	/* Without the flag there is none. */
	fe_send(f, RESET_OWNER, NULL, 0);
	fe_sync(f);
}

static void says_no_to_what_it_does_not_know(void **state)
{
	struct front_end *f = *state;
	const uint32_t unknown[] = { 0, 19, 22, 35, 41, 1000, UINT32_MAX };
	uint64_t payload[2] = { 0 };

	fe_send_u64(f, SET_PROTOCOL_FEATURES, all_protocol_features);
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		assert_true(fe_ask(f, unknown[i], payload, sizeof(payload),
				   f->call[0]) != 0);
		fe_sync(f);
	}
}

/* The front-end may be waiting for a reply that would never come. */
static void ends_at_what_it_does_not_know(void **state)
{
	struct front_end *f = *state;

	fe_send_fd(f, 19, 0, f->ram.fd);
	fe_assert_ends(f, -EOPNOTSUPP,
		       "unknown request: request 19 is not supported");
	fe_connect(f);
	fe_send_fd(f, SET_LOG_BASE, 0, f->ram.fd);
	fe_assert_ends(f, -EOPNOTSUPP,
		       "SET_LOG_BASE: request 6 is not supported");
}

/* ---- form -------------------------------------------------------------- */

static const struct {
	uint32_t request, size;
	bool variable;                  /* longer may be right */
	unsigned fds_min, fds_max;
} forms[] = {
	{ GET_FEATURES, 0, false, 0, 0 },
	{ SET_FEATURES, 8, false, 0, 0 },
	{ SET_OWNER, 0, false, 0, 0 },
	{ RESET_OWNER, 0, false, 0, 0 },
	{ SET_MEM_TABLE, 8, true, 0, 8 },
	{ SET_LOG_BASE, 16, false, 1, 1 },
	{ SET_LOG_FD, 0, false, 1, 1 },
	{ SET_VRING_NUM, 8, false, 0, 0 },
	{ SET_VRING_ADDR, 40, false, 0, 0 },
	{ SET_VRING_BASE, 8, false, 0, 0 },
	{ GET_VRING_BASE, 8, false, 0, 0 },
	{ SET_VRING_KICK, 8, false, 0, 1 },
	{ SET_VRING_CALL, 8, false, 0, 1 },
	{ SET_VRING_ERR, 8, false, 0, 1 },
	{ GET_PROTOCOL_FEATURES, 0, false, 0, 0 },
	{ SET_PROTOCOL_FEATURES, 8, false, 0, 0 },
	{ GET_QUEUE_NUM, 0, false, 0, 0 },
	{ SET_VRING_ENABLE, 8, false, 0, 0 },
	{ SET_BACKEND_REQ_FD, 0, false, 1, 1 },
	{ GET_CONFIG, 12, true, 0, 0 },
	{ SET_CONFIG, 12, true, 0, 0 },
	{ RESET_DEVICE, 0, false, 0, 0 },
	{ GET_MAX_MEM_SLOTS, 0, false, 0, 0 },
	{ ADD_MEM_REG, 40, false, 1, 1 },
	{ REM_MEM_REG, 40, false, 0, 1 },
	{ SET_STATUS, 8, false, 0, 0 },
	{ GET_STATUS, 0, false, 0, 0 },
	{ SET_DEVICE_STATE_FD, 8, false, 1, 1 },
	{ CHECK_DEVICE_STATE, 0, false, 0, 0 },
};

/* Sent with NEED_REPLY, too: it is no reason to go on. */
static void refuse_form(struct front_end *f, uint32_t request, uint32_t size,
			unsigned fd_count, const char *text)
{
	const uint8_t payload[280] = { 0 };
	int fds[8];

	for (unsigned i = 0; i < 8; i++)
		fds[i] = f->call[0];
	fe_send_u64(f, SET_PROTOCOL_FEATURES, all_protocol_features);
	fe_send_flags(f, request, FE_VERSION | FE_NEED_REPLY, payload, size,
		      fds, fd_count);
	fe_assert_ends(f, -EPROTO, text);
	fe_connect(f);
}

static void refuses_wrong_sizes(void **state)
{
	struct front_end *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		uint32_t request = forms[i].request, size = forms[i].size;
		unsigned fds = forms[i].fds_min;

		if (size)
			refuse_form(f, request, size - 1, fds, "a payload of");
		if (!forms[i].variable)
			refuse_form(f, request, size + 1, fds, "a payload of");
	}
}

static void refuses_wrong_counts_of_descriptors(void **state)
{
	struct front_end *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		uint32_t request = forms[i].request, size = forms[i].size;

		if (forms[i].fds_max < 8)
			refuse_form(f, request, size, forms[i].fds_max + 1,
				    "descriptors");
		if (forms[i].fds_min)
			refuse_form(f, request, size, 0, "0 descriptors");
	}
}

/* ---- status and reset -------------------------------------------------- */

static void keeps_the_status(void **state)
{
	struct front_end *f = *state;

	fe_send_u64(f, SET_STATUS, 0x4b);       /* with NEEDS_RESET */
	assert_int_equal(fe_get_u64(f, GET_STATUS), 0x0b);
	fe_send_u64(f, SET_STATUS, 0);
	assert_int_equal(fe_get_u64(f, GET_STATUS), 0);
	fe_send_u64(f, SET_STATUS, 0x100);
	fe_assert_ends(f, -EPROTO, "SET_STATUS: 0x100 is no status");
}

/* QEMU sends it when the machine is paused. */
static void status_0_is_no_reset(void **state)
{
	struct front_end *f = *state;

	fe_start(f, FE_FEATURES);
	fe_call(f, 0);
	fe_send_u64(f, SET_STATUS, 0);
	fe_call(f, 0);
	assert_int_equal(fe_get(f, &f->resets), 0);
}

static void resets_the_device(void **state)
{
	const struct timespec soon = { 0, 20000000 };
	struct front_end *f = *state;

	fe_start(f, FE_FEATURES);
	fe_call(f, 0);
	fe_send_u64(f, SET_STATUS, 0xf);
	(void)fe_add(f, 1, 'w');
	fe_kick(f, 1);
	fe_await(f, &f->tries, 1);

	assert_int_equal(fe_ask(f, RESET_DEVICE, NULL, 0, -1), 0);
	assert_int_equal(fe_get(f, &f->resets), 1);
	assert_int_equal(fe_get_u64(f, GET_STATUS), 0);
	assert_int_equal(fe_get_base(f, 0), 0);
	fe_set(f, &f->let_go, true);

	/* No ring starts with what it was told before. */
	for (unsigned i = 0; i < FE_QUEUES; i++) {
		fe_make_ring(f, i, FE_FEATURES);
		(void)fe_add(f, i, '.');
		fe_send_state(f, SET_VRING_NUM, i, FE_QUEUE_SIZE);
		fe_send_addr(f, i);
		fe_enable(f, i, true);
	}
	nanosleep(&soon, NULL);
	assert_int_equal(fe_get(f, &f->handled), 1);
	for (unsigned i = 0; i < FE_QUEUES; i++)
		fe_enable(f, i, false);

	/* Memory, call and error descriptors stay; rings are to be set up. */
	for (unsigned i = 0; i < FE_QUEUES; i++) {
		fe_make_ring(f, i, FE_FEATURES);
		fe_set_ring(f, i, 0);
		fe_enable(f, i, true);
		fe_call(f, i);
	}
	assert_int_equal(fe_get(f, &f->resets), 1);
	assert_int_equal(fe_get(f, &f->handled), 1 + FE_QUEUES);
}

static void ignores_reset_owner(void **state)
{
	struct front_end *f = *state;

	fe_start(f, FE_FEATURES);
	fe_send(f, RESET_OWNER, NULL, 0);
	fe_sync(f);
	fe_call(f, 0);
	assert_int_equal(fe_get(f, &f->resets), 0);
}

/* ---- configuration space ----------------------------------------------- */

struct config {
	uint32_t offset, size, flags;
	char data[256];
};

static void tells_the_configuration(void **state)
{
	struct front_end *f = *state;

	/* As User-Mode Linux does: more and more from the start. */
	for (uint32_t n = 1; n <= 8; n++) {
		struct config c = { 0, n, 0, "" };

		fe_send(f, GET_CONFIG, &c, 12 + n);
		fe_reply(f, GET_CONFIG, &c, 12 + n);
		assert_int_equal(c.size, n);
		assert_memory_equal(c.data, "configur", n);
	}
}

static void tells_a_part_of_the_configuration(void **state)
{
	struct front_end *f = *state;
	struct config c = { 3, 4, 0, "" };

	fe_send(f, GET_CONFIG, &c, 16);
	fe_reply(f, GET_CONFIG, &c, 16);
	assert_int_equal(c.offset, 3);
	assert_memory_equal(c.data, "figu", 4);
}

static void has_no_configuration_beyond_its_end(void **state)
{
	struct front_end *f = *state;
	const struct config bad[] = {
		{ 0, 9, 0, "" }, { 8, 1, 0, "" }, { UINT32_MAX, 4, 0, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		fe_send(f, GET_CONFIG, &bad[i], 12 + bad[i].size);
		fe_reply(f, GET_CONFIG, NULL, 0);
	}
}

static void refuses_a_configuration_of_another_size(void **state)
{
	struct front_end *f = *state;
	const struct config c = { 0, 4, 0, "" };

	fe_send(f, GET_CONFIG, &c, 12 + 5);
	fe_assert_ends(f, -EPROTO, "4 bytes of configuration space in a payload of 17");
	fe_connect(f);
	fe_send(f, SET_CONFIG, &c, 12);
	fe_assert_ends(f, -EPROTO, "4 bytes of configuration space in a payload of 12");
}

static void lets_nobody_write_the_configuration(void **state)
{
	struct front_end *f = *state;
	struct config c = { 0, 1, 0, "X" };

	fe_send(f, SET_CONFIG, &c, 13);
	fe_send_u64(f, SET_PROTOCOL_FEATURES, all_protocol_features);
	assert_true(fe_ask(f, SET_CONFIG, &c, 13, -1) != 0);
	fe_send(f, GET_CONFIG, &c, 13);
	fe_reply(f, GET_CONFIG, &c, 13);
	assert_int_equal(c.data[0], 'c');
	assert_true(fe_logged(f, "the guest writes to the configuration space"));
}

static void has_a_configuration_only_if_it_is_wanted(void **state)
{
	static struct front_end f;
	const struct vhost_user_params params = {
		.core = { .queues = 2, .queue_size = 8, .name = "vu" },
	};
	const struct config c = { 0, 1, 0, "" };

	(void)state;
	fe_begin(&f, &params);
	assert_int_equal(fe_get_u64(&f, GET_PROTOCOL_FEATURES),
			 all_protocol_features & ~FE_P_CONFIG);
	assert_int_equal(fe_get_u64(&f, GET_QUEUE_NUM), 2);
	fe_send(&f, GET_CONFIG, &c, 13);
	fe_assert_ends(&f, -EOPNOTSUPP, "request 24 is not supported");
	fe_finish(&f);
}

/* ---- the rest ---------------------------------------------------------- */

static void keeps_one_socket_for_its_own_requests(void **state)
{
	struct front_end *f = *state;
	int pair[2];
	char byte;

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
					    0, pair), 0);
		fe_send_flags(f, SET_BACKEND_REQ_FD, FE_VERSION, NULL, 0,
			      &pair[1], 1);
		fe_sync(f);
		close(pair[1]);
		if (i)
			break;
		/* It is open there. */
		assert_int_equal(recv(pair[0], &byte, 1, MSG_DONTWAIT), -1);
		assert_int_equal(errno, EAGAIN);
		close(pair[0]);
	}
	fe_disconnect(f);
	assert_int_equal(recv(pair[0], &byte, 1, MSG_DONTWAIT), 0);
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fe_test(offers_features),
		fe_test(refuses_features_that_were_not_offered),
		fe_test(refuses_other_features_while_rings_run),
		fe_test(refuses_to_run_without_version_1),
		fe_test(answers_when_asked_to),
		fe_test(says_no_to_what_it_does_not_know),
		fe_test(ends_at_what_it_does_not_know),
		fe_test(refuses_wrong_sizes),
		fe_test(refuses_wrong_counts_of_descriptors),
		fe_test(keeps_the_status),
		fe_test(status_0_is_no_reset),
		fe_test(resets_the_device),
		fe_test(ignores_reset_owner),
		fe_test(tells_the_configuration),
		fe_test(tells_a_part_of_the_configuration),
		fe_test(has_no_configuration_beyond_its_end),
		fe_test(refuses_a_configuration_of_another_size),
		fe_test(lets_nobody_write_the_configuration),
		cmocka_unit_test(has_a_configuration_only_if_it_is_wanted),
		fe_test(keeps_one_socket_for_its_own_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
