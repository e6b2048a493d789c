/* SPDX-License-Identifier: MIT */
/*
 * hostile.h - how a device may take what a hostile guest sends.  Every test
 * ends with a reset, after which all works again.
 */
#ifndef TESTS_DEVICE_HOSTILE_H
#define TESTS_DEVICE_HOSTILE_H

#include "tests/device/device_fixture.h"

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

#define hostile_test(name) \
	cmocka_unit_test_setup_teardown(name, mount_setup, hostile_teardown)

#endif
