/* SPDX-License-Identifier: MIT */
/*
 * hostile.h - how a device may take what a hostile guest sends.  Every test
 * ends with a reset, after which all works again.
 */
#ifndef TESTS_DEVICE_HOSTILE_H
#define TESTS_DEVICE_HOSTILE_H

#include "tests/device/device_fixture.h"
#include "tests/lib/tree_print.h"

static inline int hostile_teardown(void **state)
{
	struct device_fixture *f = *state;

	device_mount(f);
	assert_alive(f);
	assert_int_equal(fuse_client_walk(&f->client, "dir/inner") != 0, 1);
	return device_teardown(state);
}

/* An error reply came, and the mount goes on. */
static inline void assert_refused(struct device_fixture *f, int64_t ret)
{
	assert_true(ret < 0);
	assert_int_not_equal(ret, -LX_EPROTO);
	assert_int_not_equal(ret, -ETIMEDOUT);
	assert_int_equal(fake_guest_status(&f->guest) &
			 VIRTIO_STATUS_NEEDS_RESET, 0);
	assert_alive(f);
}

/*
 * What is no FUSE message, or leaves no room for an answer, comes back empty,
 * and the mount goes on.
 */
static inline void assert_empty(struct device_fixture *f, int64_t ret)
{
	assert_int_equal(ret, 0);
	assert_alive(f);
}

/* ---- requests by hand -------------------------------------------------- */

/*
 * A request with a header that says what it wants: the length that came back,
 * or the error in it.
 */
static inline int64_t send_raw(struct device_fixture *f, uint32_t opcode,
			       uint64_t node, uint32_t header_len,
			       const void *body, size_t body_len,
			       size_t out_len)
{
	static uint8_t in[FAKE_GUEST_CALL_MAX], out[4096];
	const struct fuse_in_header header = {
		.len = header_len,
		.opcode = opcode,
		.unique = 4711,
		.nodeid = node,
	};
	struct fuse_out_header reply;
	int64_t used;

	memcpy(in, &header, sizeof(header));
	if (body_len)
		memcpy(in + sizeof(header), body, body_len);
	used = fake_guest_call(&f->guest, REQUESTS, in,
			       sizeof(header) + body_len, out, out_len);
	if (used < (int64_t)sizeof(reply))
		return used;
	memcpy(&reply, out, sizeof(reply));
	assert_int_equal(reply.len, used);
	assert_int_equal(reply.unique, 4711);
	return reply.error ? reply.error : used;
}

static inline int64_t send_body(struct device_fixture *f, uint32_t opcode,
				uint64_t node, const void *body, size_t len)
{
	return send_raw(f, opcode, node, (uint32_t)(40 + len), body, len, 256);
}

/* ---- a share with something around it ---------------------------------- */

/* The share is only the tree's "dir", so that the rest of it is outside. */
static inline int inner_setup(void **state, const char *options)
{
	struct device_fixture *f;

	host_setup(state);
	f = *state;
	strcat(f->tree.root, "/dir");
	device_bring_up(f, options);
	device_mount(f);
	return 0;
}

static inline int inner_teardown(void **state)
{
	struct device_fixture *f = *state;

	*strrchr(f->tree.root, '/') = '\0';
	return device_teardown(state);
}

/* What is outside, to be freed. */
static inline char *print_outside(struct device_fixture *f)
{
	return tree_print(tmptree_path(&f->tree, ".."), "dir");
}

/* Frees what print_outside() told before. */
static inline void assert_same_outside(struct device_fixture *f, char *before)
{
	char *now = print_outside(f);

	assert_string_equal(now, before);
	free(now);
	free(before);
}

#define hostile_test(name) \
	cmocka_unit_test_setup_teardown(name, mount_setup, hostile_teardown)

#endif
