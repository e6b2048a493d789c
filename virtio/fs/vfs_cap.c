/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_cap.h"

#include "common/bytes.h"
#include "lxutil/lx.h"

#include <string.h>

#define REVISION_MASK 0xff000000u
#define REVISION_2 0x02000000u
#define REVISION_3 0x03000000u
#define SIZE_2 20u
#define SIZE_3 VFS_CAP_MAX

bool vfs_cap_is_name(const char *name)
{
	return !strcmp(name, "security.capability");
}

/* Whose capabilities they are; false: they are none of these. */
static bool root_of(const uint8_t *cap, size_t size, uint32_t *ret_root)
{
	uint32_t revision = size < SIZE_2 ? 0 :
					    le32_load(cap) & REVISION_MASK;

	if (revision == REVISION_2 && size == SIZE_2)
		*ret_root = 0;
	else if (revision == REVISION_3 && size == SIZE_3)
		*ret_root = le32_load(cap + SIZE_2);
	else
		return false;
	return true;
}

/* Make them those of another root; returns their size. */
static ssize_t give(uint8_t *cap, uint32_t root)
{
	uint32_t flags = le32_load(cap) & ~REVISION_MASK;

	le32_store(cap, flags | (root ? REVISION_3 : REVISION_2));
	if (!root)
		return SIZE_2;
	le32_store(cap + SIZE_2, root);
	return SIZE_3;
}

ssize_t vfs_cap_to_host(const struct vfs_idmap *uids, const void *cap,
			size_t size, uint8_t ret_cap[VFS_CAP_MAX])
{
	uint32_t root;
	int err;

	if (size > VFS_CAP_MAX)
		return -LX_EINVAL;
	memmove(ret_cap, cap, size);
	if (!root_of(ret_cap, size, &root))
		return (ssize_t)size;
	err = vfs_idmap_to_host(uids, root, &root);
	return err ? err : give(ret_cap, root);
}

ssize_t vfs_cap_to_guest(const struct vfs_idmap *uids, const void *cap,
			 size_t size, uint8_t ret_cap[VFS_CAP_MAX])
{
	uint32_t root;

	if (size > VFS_CAP_MAX)
		return -LX_EINVAL;
	memmove(ret_cap, cap, size);
	if (!root_of(ret_cap, size, &root))
		return (ssize_t)size;
	return give(ret_cap, vfs_idmap_to_guest(uids, root));
}
