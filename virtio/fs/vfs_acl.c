/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_acl.h"

#include "common/bytes.h"
#include "lxutil/lx.h"

#include <string.h>

#define ACL_VERSION 2
#define HEADER_SIZE 4
#define ENTRY_SIZE 8
#define PERM_MAX 7

enum {
	ACL_USER_OBJ = 0x01,
	ACL_USER = 0x02,
	ACL_GROUP_OBJ = 0x04,
	ACL_GROUP = 0x08,
	ACL_MASK = 0x10,
	ACL_OTHER = 0x20
};

const char *const vfs_acl_names[2] = {
	"system.posix_acl_access", "system.posix_acl_default"
};

typedef int (*translate_fn)(const struct vfs_idmap *map, uint32_t id,
			    uint32_t *ret_id);

static int to_guest(const struct vfs_idmap *map, uint32_t id, uint32_t *ret_id)
{
	*ret_id = vfs_idmap_to_guest(map, id);
	return 0;
}

bool vfs_acl_is_name(const char *name)
{
	return !strcmp(name, vfs_acl_names[0]) ||
	       !strcmp(name, vfs_acl_names[1]);
}

static int check(const uint8_t *acl, size_t size)
{
	if (size < HEADER_SIZE || size > LX_XATTR_SIZE_MAX ||
	    (size - HEADER_SIZE) % ENTRY_SIZE)
		return -LX_EINVAL;
	if (le32_load(acl) != ACL_VERSION)
		return -LX_EOPNOTSUPP;
	for (size_t at = HEADER_SIZE; at < size; at += ENTRY_SIZE) {
		if (le16_load(acl + at + 2) > PERM_MAX)
			return -LX_EINVAL;
		switch (le16_load(acl + at)) {
		case ACL_USER_OBJ:
		case ACL_USER:
		case ACL_GROUP_OBJ:
		case ACL_GROUP:
		case ACL_MASK:
		case ACL_OTHER:
			break;
		default:
			return -LX_EINVAL;
		}
	}
	return 0;
}

/* Entries stay in their order: Linux asks for that of the tags only. */
static int translate(const struct vfs_idmap *uids,
		     const struct vfs_idmap *gids, translate_fn fn,
		     const void *acl, size_t size, uint8_t *ret_acl)
{
	int err;

	if (!size)
		return 0;
	err = check(acl, size);
	if (err)
		return err;
	memmove(ret_acl, acl, size);
	for (size_t at = HEADER_SIZE; at < size; at += ENTRY_SIZE) {
		uint16_t tag = le16_load(ret_acl + at);
		uint8_t *where = ret_acl + at + 4;
		uint32_t id = le32_load(where);

		if (tag != ACL_USER && tag != ACL_GROUP)
			continue;
		err = fn(tag == ACL_USER ? uids : gids, id, &id);
		if (err)
			return err;
		le32_store(where, id);
	}
	return 0;
}

int vfs_acl_to_host(const struct vfs_idmap *uids, const struct vfs_idmap *gids,
		    const void *acl, size_t size, void *ret_acl)
{
	return translate(uids, gids, vfs_idmap_to_host, acl, size, ret_acl);
}

int vfs_acl_to_guest(const struct vfs_idmap *uids,
		     const struct vfs_idmap *gids, const void *acl,
		     size_t size, void *ret_acl)
{
	return translate(uids, gids, to_guest, acl, size, ret_acl);
}
