/* SPDX-License-Identifier: MIT */
#include "tools/vfio_user/vfio_user_version.h"

#include "common/bytes.h"

#include <errno.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Parse version 0.`minor` with this JSON, its NUL included. */
static int parse(uint16_t minor, const char *json, size_t len,
		 struct vfio_user_caps *caps)
{
	struct vfio_user_version version = { VFIO_USER_MAJOR, minor };
	uint8_t *body = malloc(sizeof(version) + len);
	const char *why = NULL;
	int ret;

	assert_non_null(body);
	memcpy(body, &version, sizeof(version));
	memcpy(body + sizeof(version), json, len);
	ret = vfio_user_version_parse(body, sizeof(version) + len, caps, &why);
	if (ret)
		assert_non_null(why);
	free(body);
	return ret;
}

static void takes_what_clients_say(void **state)
{
	static const struct {
		const char *json;
		uint32_t xfer;
	} good[] = {
		{ "{}", VFIO_USER_XFER_MAX },
		{ "", VFIO_USER_XFER_MAX },
		{ "{\"capabilities\":{}}", VFIO_USER_XFER_MAX },
		{ " {\"capabilities\":{}} \n", VFIO_USER_XFER_MAX },
		{ "{\"capabilities\":{\"max_data_xfer_size\":4096}}", 4096 },
		{ "{\"capabilities\":{\"max_data_xfer_size\":1}}", 1 },
		{ "{\"capabilities\":{\"max_data_xfer_size\":99999999999}}",
		  VFIO_USER_XFER_MAX },
		{ "{\"x\":[1],\"capabilities\":{\"twin_socket\":{\"supported\":true}}}",
		  VFIO_USER_XFER_MAX },
		{ "{\"capabilities\":{\"pgsizes\":4096,\"max_msg_fds\":16,\"max_dma_maps\":65535,\"max_data_xfer_size\":1048576,\"migration\":{\"max_bitmap_size\":268435456,\"pgsize\":4096},\"write_multiple\":true}}",
		  1048576 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct vfio_user_caps caps = { 0 };

		assert_int_equal(parse(0, good[i].json,
				       strlen(good[i].json) + 1, &caps), 0);
		assert_int_equal(caps.max_data_xfer_size, good[i].xfer);
		assert_int_equal(caps.minor, 0);
	}
}

static void the_json_may_be_missing(void **state)
{
	struct vfio_user_caps caps = { 0 };

	(void)state;
	assert_int_equal(parse(0, "", 0, &caps), 0);
	assert_int_equal(caps.max_data_xfer_size, VFIO_USER_XFER_MAX);
}

static void speaks_the_lower_minor_version(void **state)
{
	struct vfio_user_caps caps = { 0 };

	(void)state;
	assert_int_equal(parse(1, "{}", 3, &caps), 0);
	assert_int_equal(caps.minor, 1);
	assert_int_equal(parse(7, "{}", 3, &caps), 0);
	assert_int_equal(caps.minor, VFIO_USER_MINOR);
}

static void refuses_bad_json(void **state)
{
	static const char *const bad[] = {
		"{", "}", "[]", "1", "\"x\"", "null", "{} {}", "{}x", "nonsense",
		"{} /* cut", "{}/*", "{} // cut", "{}/", "{/* x */}",
		"{\"capabilities\":1}", "{\"capabilities\":[]}",
		"{\"capabilities\":null}",
		"{\"capabilities\":{\"max_data_xfer_size\":\"4096\"}}",
		"{\"capabilities\":{\"max_data_xfer_size\":0}}",
		"{\"capabilities\":{\"max_data_xfer_size\":-1}}",
		"{\"capabilities\":{\"max_data_xfer_size\":1.5}}",
		"{\"capabilities\":{\"max_data_xfer_size\":null}}",
		"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}}}}}}}}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct vfio_user_caps caps = { .minor = 77 };

		assert_int_equal(parse(0, bad[i], strlen(bad[i]) + 1, &caps),
				 -EINVAL);
		assert_int_equal(caps.minor, 77);
	}
}

static void wants_one_nul_at_the_end(void **state)
{
	struct vfio_user_caps caps;

	(void)state;
	assert_int_equal(parse(0, "{}", 2, &caps), -EINVAL);
	assert_int_equal(parse(0, "{}\0", 4, &caps), -EINVAL);
	assert_int_equal(parse(0, "\0{}", 4, &caps), -EINVAL);
}

static void refuses_other_versions_and_sizes(void **state)
{
	const struct vfio_user_version other = { 1, 0 };
	static uint8_t huge[sizeof(other) + VFIO_USER_CAPS_MAX + 1];
	struct vfio_user_caps caps;
	const char *why;

	(void)state;
	assert_int_equal(vfio_user_version_parse((const uint8_t *)&other,
						 sizeof(other), &caps, &why),
			 -ENOTSUP);
	assert_int_equal(vfio_user_version_parse((const uint8_t *)&other, 3,
						 &caps, &why), -EINVAL);
	assert_int_equal(vfio_user_version_parse(huge, sizeof(huge), &caps,
						 &why), -EINVAL);
}

/* What QEMU rejects: more than 16 descriptors, pages other than 4 KiB... */
static void says_our_own_limits(void **state)
{
	static const struct {
		const char *name;
		int value;
	} members[] = {
		{ "max_msg_fds", 16 }, { "max_data_xfer_size", 1048576 },
		{ "max_dma_maps", 1024 }, { "pgsizes", 4096 },
		{ "write_multiple", 1 },
	};
	char *text = vfio_user_version_json();
	json_object *root, *caps, *member;

	(void)state;
	assert_non_null(text);
	root = json_tokener_parse(text);
	assert_true(json_object_object_get_ex(root, "capabilities", &caps));
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		assert_true(json_object_object_get_ex(caps, members[i].name,
						      &member));
		assert_int_equal(json_object_get_int(member), members[i].value);
	}
	json_object_put(root);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_clients_say),
		cmocka_unit_test(the_json_may_be_missing),
		cmocka_unit_test(speaks_the_lower_minor_version),
		cmocka_unit_test(refuses_bad_json),
		cmocka_unit_test(wants_one_nul_at_the_end),
		cmocka_unit_test(refuses_other_versions_and_sizes),
		cmocka_unit_test(says_our_own_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
