/* SPDX-License-Identifier: MIT */
/*
 * What is said of extended attributes and ids: rules of maps, and the values of
 * ACLs and capabilities that maps are applied to.
 */
#include "tests/fuzz/fuzz.h"
#include "virtio/fs/vfs_acl.h"
#include "virtio/fs/vfs_cap.h"
#include "virtio/fs/vfs_xattrmap.h"

#define LINE 256

/* Rules, a NUL, and names. */
static void xattr_rules(const char *text, size_t size)
{
	char error[LINE] = "", name[LX_XATTR_NAME_MAX + 1];
	const char *names = text + strlen(text) + 1, *end = text + size;
	struct vfs_xattrmap *map;
	int rc = vfs_xattrmap_new(text, error, sizeof(error), &map);

	if (rc) {
		fuzz_must(*error);
		return;
	}
	(void)vfs_xattrmap_capability_name(map);
	if (names < end && *names &&
	    !vfs_xattrmap_to_host(map, names, name))
		fuzz_must(strlen(name) <= LX_XATTR_NAME_MAX);
	if (names < end) {
		size_t len = (size_t)(end - names);
		char *list = malloc(len);

		fuzz_must(list);
		memcpy(list, names, len);
		list[len - 1] = '\0';
		fuzz_must(vfs_xattrmap_list(map, list, len) <= len);
		free(list);
	}
	vfs_xattrmap_free(map);
}

static struct vfs_idmap *id_rules(const char *text)
{
	struct vfs_idmap *map = NULL;
	char error[LINE] = "";

	if (vfs_idmap_add(&map, text, error, sizeof(error))) {
		fuzz_must(*error);
		vfs_idmap_free(map);
		return NULL;
	}
	return map;
}

static void ids(const char *text, size_t size)
{
	struct vfs_idmap *map = id_rules(text);
	struct fuzz_input in = {
		(const uint8_t *)text + strlen(text), size - strlen(text),
	};

	while (in.left) {
		uint32_t id = fuzz_u32(&in), host;

		if (!vfs_idmap_to_host(map, id, &host) && !map)
			fuzz_must(host == id);
		(void)vfs_idmap_to_guest(map, id);
	}
	vfs_idmap_free(map);
}

/* Both ways, and there is no way to more bytes. */
static void values(const uint8_t *data, size_t size)
{
	static const char rules[] = "map:0:100000:1000 forbid-guest:5000:10 "
				    "squash-host:0:65534:1000";
	struct vfs_idmap *map = id_rules(rules);
	uint8_t *copy = malloc(size ? size : 1), cap[VFS_CAP_MAX];
	ssize_t n;

	fuzz_must(map && copy);
	memcpy(copy, data, size);
	if (!vfs_acl_to_host(map, map, copy, size, copy))
		(void)vfs_acl_to_guest(map, map, copy, size, copy);
	(void)vfs_acl_to_guest(NULL, NULL, data, size, copy);
	n = vfs_cap_to_host(map, data, size, cap);
	fuzz_must(n <= (ssize_t)VFS_CAP_MAX);
	if (n >= 0)
		fuzz_must(vfs_cap_to_guest(map, cap, (size_t)n, cap) <=
			  (ssize_t)VFS_CAP_MAX);
	free(copy);
	vfs_idmap_free(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	/* With a NUL behind, as texts have. */
	text = malloc(size);
	fuzz_must(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 3) {
	case 0:
		xattr_rules(text, size);
		break;
	case 1:
		ids(text, size);
		break;
	default:
		values(data + 1, size - 1);
	}
	free(text);
	return 0;
}
