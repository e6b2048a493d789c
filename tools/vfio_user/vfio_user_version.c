/* SPDX-License-Identifier: MIT */
#include "tools/vfio_user/vfio_user_version.h"

#include "common/bytes.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#define JSON_DEPTH_MAX 16

/* Member `name` of the capabilities as a number from 1 on; -EINVAL. */
static int get_limit(json_object *caps, const char *name, uint32_t max,
		     uint32_t *value)
{
	json_object *member;
	int64_t n;

	if (!json_object_object_get_ex(caps, name, &member))
		return 0;
	if (!json_object_is_type(member, json_type_int))
		return -EINVAL;
	n = json_object_get_int64(member);
	if (n < 1)
		return -EINVAL;
	*value = (uint32_t)MIN(n, (int64_t)max);
	return 0;
}

static int parse_caps(json_object *root, struct vfio_user_caps *caps,
		      const char **ret_why)
{
	json_object *object;

	*ret_why = "its version data is not a JSON object";
	if (!json_object_is_type(root, json_type_object))
		return -EINVAL;
	if (!json_object_object_get_ex(root, "capabilities", &object))
		return 0;
	*ret_why = "its capabilities are not a JSON object";
	if (!json_object_is_type(object, json_type_object))
		return -EINVAL;
	*ret_why = "its max_data_xfer_size is not a number above 0";
	return get_limit(object, "max_data_xfer_size", VFIO_USER_XFER_MAX,
			 &caps->max_data_xfer_size);
}

/*
 * `text` of len bytes, a NUL being the last.  Strict, as json-c takes comments
 * otherwise, whole or cut, and anything after the object.
 */
static int parse_json(const char *text, size_t len, struct vfio_user_caps *caps,
		      const char **ret_why)
{
	json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	json_object *root;
	int ret;

	*ret_why = "out of memory";
	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	root = json_tokener_parse_ex(tokener, text, (int)len);
	*ret_why = "its version data is not JSON";
	ret = -EINVAL;
	if (json_tokener_get_error(tokener) == json_tokener_success)
		ret = parse_caps(root, caps, ret_why);
	json_object_put(root);
	json_tokener_free(tokener);
	return ret;
}

int vfio_user_version_parse(const uint8_t *body, size_t len,
			    struct vfio_user_caps *ret_caps,
			    const char **ret_why)
{
	struct vfio_user_caps caps = {
		.max_data_xfer_size = VFIO_USER_XFER_MAX,
	};
	struct vfio_user_version version;
	const char *json = (const char *)body + sizeof(version);
	int ret;

	*ret_why = "its version message is too short or too long";
	if (len < sizeof(version) || len > sizeof(version) + VFIO_USER_CAPS_MAX)
		return -EINVAL;
	memcpy(&version, body, sizeof(version));
	len -= sizeof(version);
	*ret_why = "it speaks another major version of the protocol";
	if (version.major != VFIO_USER_MAJOR)
		return -ENOTSUP;
	caps.minor = MIN(version.minor, (uint16_t)VFIO_USER_MINOR);
	*ret_why = "its version data does not end with its only NUL";
	if (len && memchr(json, 0, len) != json + len - 1)
		return -EINVAL;
	ret = len > 1 ? parse_json(json, len, &caps, ret_why) : 0;
	if (!ret)
		*ret_caps = caps;
	return ret;
}

char *vfio_user_version_json(void)
{
	json_object *root = json_object_new_object();
	json_object *caps = json_object_new_object();
	const char *text;
	char *copy = NULL;

	json_object_object_add(caps, "max_msg_fds",
			       json_object_new_int(VFIO_USER_FDS_MAX));
	json_object_object_add(caps, "max_data_xfer_size",
			       json_object_new_int(VFIO_USER_XFER_MAX));
	json_object_object_add(caps, "max_dma_maps",
			       json_object_new_int(VFIO_USER_RANGES_MAX));
	json_object_object_add(caps, "pgsizes",
			       json_object_new_int(VFIO_USER_PAGE_SIZE));
	json_object_object_add(caps, "write_multiple",
			       json_object_new_boolean(1));
	json_object_object_add(root, "capabilities", caps);
	text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN);
	if (text)
		copy = strdup(text);
	json_object_put(root);
	return copy;
}
