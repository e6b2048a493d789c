/* SPDX-License-Identifier: MIT */
/* Messages in every shape that a socket can deliver. */
#include "tests/unit/virtio_vhost_user/front_end.h"

#include <sys/socket.h>

static void send_bytes(struct front_end *f, const void *buf, size_t len)
{
	assert_int_equal(send(f->sock, buf, len, MSG_NOSIGNAL), len);
}

static void takes_messages_in_pieces(void **state)
{
	struct front_end *f = *state;
	const struct {
		uint32_t header[3];
		uint32_t status[2];
	} msg = { { SET_STATUS, FE_VERSION, 8 }, { 7, 0 } };

	for (size_t i = 0; i < sizeof(msg); i++)
		send_bytes(f, (const char *)&msg + i, 1);
	assert_int_equal(fe_get_u64(f, GET_STATUS), 7);
}

static void takes_many_messages_at_once(void **state)
{
	struct front_end *f = *state;
	uint32_t header[8][3];

	for (unsigned i = 0; i < 8; i++) {
		header[i][0] = i % 2 ? GET_QUEUE_NUM : GET_STATUS;
		header[i][1] = FE_VERSION;
		header[i][2] = 0;
	}
	send_bytes(f, header, sizeof(header));
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(fe_reply_u64(f, GET_STATUS), 0);
		assert_int_equal(fe_reply_u64(f, GET_QUEUE_NUM), FE_QUEUES);
	}
}

static void refuses_other_versions(void **state)
{
	struct front_end *f = *state;
	const uint32_t flags[] = { 0, 2, 3 };

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		fe_send_flags(f, GET_FEATURES, flags[i], NULL, 0, NULL, 0);
		fe_assert_ends(f, -EPROTO, "the version is not 1");
		fe_connect(f);
	}
}

static void refuses_replies(void **state)
{
	struct front_end *f = *state;

	fe_send_flags(f, GET_FEATURES, FE_VERSION | FE_REPLY, NULL, 0, NULL, 0);
	fe_assert_ends(f, -EPROTO, "a reply where a request was expected");
}

static void refuses_a_payload_without_end(void **state)
{
	struct front_end *f = *state;
	const uint32_t header[3] = { GET_FEATURES, FE_VERSION, UINT32_MAX };

	send_bytes(f, header, sizeof(header));
	fe_assert_ends(f, -EPROTO, "the payload is too long");
}

static void ends_within_a_header(void **state)
{
	struct front_end *f = *state;

	send_bytes(f, "\1\0\0\0", 4);
	close(f->sock);
	f->sock = -1;
	fe_assert_ends(f, -EPROTO, "the connection ended within a message");
}

static void ends_within_a_payload(void **state)
{
	struct front_end *f = *state;
	const uint32_t header[3] = { SET_FEATURES, FE_VERSION, 8 };

	for (size_t i = 0; i < 8; i += 4) {
		send_bytes(f, header, sizeof(header));
		send_bytes(f, "\0\0\0", i);
		close(f->sock);
		f->sock = -1;
		fe_assert_ends(f, -EPROTO,
			       "the connection ended within a message");
		fe_connect(f);
	}
}

/* With the payload instead of the header: the protocol does not say. */
static void takes_descriptors_late(void **state)
{
	struct front_end *f = *state;
	const uint32_t header[3] = { SET_VRING_CALL, FE_VERSION, 8 };
	char payload[8] = { 1 };
	struct iovec iov = { payload, 8 };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &f->call[1], sizeof(int));
	send_bytes(f, header, sizeof(header));
	assert_int_equal(sendmsg(f->sock, &m, 0), 8);
	fe_sync(f);
}

/* None of them leaks, as the fixture checks. */
static void refuses_too_many_descriptors(void **state)
{
	struct front_end *f = *state;
	int fds[9];
	const size_t counts[] = { 9, 8 };

	for (size_t i = 0; i < 9; i++)
		fds[i] = f->call[0];
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		fe_send_flags(f, GET_FEATURES, FE_VERSION, NULL, 0, fds,
			      counts[i]);
		fe_assert_ends(f, -EPROTO, i ? "8 descriptors" :
			       "too many descriptors");
		fe_connect(f);
	}
}

/* Eight with the first part of a message, eight with the second. */
static void refuses_too_many_descriptors_in_pieces(void **state)
{
	struct front_end *f = *state;
	uint32_t header[3] = { SET_FEATURES, FE_VERSION, 8 };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(8 * sizeof(int))];
	} control = { 0 };

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(8 * sizeof(int));
	for (size_t i = 0; i < 8; i++)
		memcpy(CMSG_DATA(&control.align) + i * sizeof(int), &f->err[0],
		       sizeof(int));
	for (size_t part = 0; part < 2; part++) {
		struct iovec iov = { header, part ? 8 : 12 };
		struct msghdr m = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};

		assert_int_equal(sendmsg(f->sock, &m, MSG_NOSIGNAL),
				 iov.iov_len);
	}
	fe_assert_ends(f, -EPROTO, "too many descriptors");
}

/* Descriptors of a message that is never served. */
static void closes_descriptors_of_half_a_message(void **state)
{
	struct front_end *f = *state;
	uint32_t header[3] = { SET_VRING_KICK, FE_VERSION, 8 };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { header, sizeof(header) };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &f->kick[0], sizeof(int));
	assert_int_equal(sendmsg(f->sock, &m, MSG_NOSIGNAL), sizeof(header));
	event_signal(&f->stop);
	fe_assert_ends(f, VHOST_USER_STOPPED, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fe_test(takes_messages_in_pieces),
		fe_test(takes_many_messages_at_once),
		fe_test(refuses_other_versions),
		fe_test(refuses_replies),
		fe_test(refuses_a_payload_without_end),
		fe_test(ends_within_a_header),
		fe_test(ends_within_a_payload),
		fe_test(takes_descriptors_late),
		fe_test(refuses_too_many_descriptors),
		fe_test(refuses_too_many_descriptors_in_pieces),
		fe_test(closes_descriptors_of_half_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
