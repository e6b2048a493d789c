/* SPDX-License-Identifier: MIT */
/*
 * vfs_init.c - what the options of a share mean: the flags that INIT agrees
 * on, and what the guest may cache.
 *
 * docs/fuse.md has the reason for each flag.
 */
#include "common/bytes.h"
#include "virtio/fs/vfs_acl.h"
#include "virtio/fs/vfs_private.h"

#include <string.h>

/* Odd, so that the products differ, and in many bits. */
#define INO_STEP UINT64_C(0x9e3779b97f4a7c15)

/* ---- options ----------------------------------------------------------- */

void vfs_options_default(struct vfs_options *ret_options)
{
	*ret_options = (struct vfs_options){
		.cache = VFS_CACHE_AUTO,
		.readdirplus = true,
		.xattr = true,
		.announce_submounts = true,
		.killpriv_v2 = true,
		.locks = true,
	};
}

void vfs_options_done(struct vfs_options *options)
{
	vfs_idmap_free(options->uid_map);
	vfs_idmap_free(options->gid_map);
	vfs_xattrmap_free(options->xattrmap);
	options->uid_map = options->gid_map = NULL;
	options->xattrmap = NULL;
}

bool vfs_options_keep_acls(const struct vfs_options *options)
{
	char host[LX_XATTR_NAME_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(vfs_acl_names); i++)
		if (vfs_xattrmap_to_host(options->xattrmap, vfs_acl_names[i],
					 host) ||
		    strcmp(host, vfs_acl_names[i]))
			return false;
	return true;
}

/* ---- caching ----------------------------------------------------------- */

/*
 * How long names and attributes hold; FOPEN_* of files and directories.
 * Without FOPEN_KEEP_CACHE, opening a file drops what is cached of it.
 */
static const struct {
	int64_t timeout;
	uint32_t file, dir;
} policies[] = {
	[VFS_CACHE_NEVER] = { 0, FOPEN_DIRECT_IO, 0 },
	[VFS_CACHE_METADATA] = { VFS_TIMEOUT_ALWAYS_S, FOPEN_DIRECT_IO,
				 FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR },
	[VFS_CACHE_AUTO] = { VFS_TIMEOUT_AUTO_S, 0, 0 },
	[VFS_CACHE_ALWAYS] = { VFS_TIMEOUT_ALWAYS_S, FOPEN_KEEP_CACHE,
			       FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR },
};

void vfs_share_set_cache(struct vfs_share *share)
{
	const struct vfs_options *o = &share->options;

	share->timeout.sec = policies[o->cache].timeout;
	if (o->has_timeout)
		share->timeout = o->timeout;
	share->open_flags = policies[o->cache].file;
	share->opendir_flags = policies[o->cache].dir;
}

/* ---- INIT -------------------------------------------------------------- */

/* What is one for all shares: do names and attributes of some hold? */
static bool some_hold(const struct vfs_server *s)
{
	for (size_t i = 0; i < s->share_count; i++)
		if (s->shares[i].timeout.sec || s->shares[i].timeout.nsec)
			return true;
	return false;
}

/* And may everything of theirs be kept that never changes? */
static bool all_cache(const struct vfs_server *s)
{
	for (size_t i = 0; i < s->share_count; i++)
		if (s->shares[i].options.cache == VFS_CACHE_NEVER)
			return false;
	return true;
}

/*
 * Where shares are of one file system for the guest, what has the same number
 * on two of the host's must not have it in the guest.
 */
static uint64_t ino_mask(const struct vfs_server *s, size_t i)
{
	bool file = vfs_share_is_file(&s->shares[i]);
	bool apart = !file && s->flags & FUSE_SUBMOUNTS;

	if (!s->own_root || apart || (file && s->share_count == 1))
		return 0;
	return (i + 1) * INO_STEP;
}

int vfs_init(void *fs, struct fuse_init_info *info)
{
	struct vfs_server *s = fs;
	const struct vfs_options *o = &s->shares[0].options;
	/* A READDIRPLUS whose entries do not hold is a slow READDIR. */
	bool readdirplus = o->readdirplus && some_hold(s);
	bool killpriv_v2 = o->killpriv_v2 &&
			   info->offered & FUSE_HANDLE_KILLPRIV_V2;
	const struct {
		uint64_t flag;
		bool use;
	} decisions[] = {
		{ FUSE_ASYNC_READ, true },
		{ FUSE_POSIX_LOCKS, o->locks },
		{ FUSE_FILE_OPS, false },
		/* Else an OPEN that truncates does not say to drop setuid. */
		{ FUSE_ATOMIC_O_TRUNC, killpriv_v2 },
		{ FUSE_EXPORT_SUPPORT, true },
		{ FUSE_BIG_WRITES, true },
		{ FUSE_DONT_MASK, o->posix_acl },
		{ FUSE_SPLICE_WRITE, false },
		{ FUSE_SPLICE_MOVE, false },
		{ FUSE_SPLICE_READ, false },
		{ FUSE_FLOCK_LOCKS, o->locks },
		{ FUSE_HAS_IOCTL_DIR, true },
		{ FUSE_AUTO_INVAL_DATA, true },
		{ FUSE_DO_READDIRPLUS, readdirplus },
		{ FUSE_READDIRPLUS_AUTO, readdirplus },
		{ FUSE_ASYNC_DIO, true },
		{ FUSE_WRITEBACK_CACHE, o->writeback },
		{ FUSE_NO_OPEN_SUPPORT, false },
		{ FUSE_PARALLEL_DIROPS, true },
		{ FUSE_HANDLE_KILLPRIV, false },
		{ FUSE_POSIX_ACL, o->posix_acl },
		{ FUSE_ABORT_ERROR, false },
		{ FUSE_MAX_PAGES, true },
		{ FUSE_CACHE_SYMLINKS, all_cache(s) },
		{ FUSE_NO_OPENDIR_SUPPORT, false },
		{ FUSE_EXPLICIT_INVAL_DATA, false },
		{ FUSE_MAP_ALIGNMENT, false },
		{ FUSE_SUBMOUNTS, o->announce_submounts },
		{ FUSE_HANDLE_KILLPRIV_V2, killpriv_v2 },
		{ FUSE_SETXATTR_EXT, true },
		{ FUSE_INIT_EXT, true },
		{ FUSE_INIT_RESERVED, false },
		{ FUSE_SECURITY_CTX, o->security_label },
		{ FUSE_HAS_INODE_DAX, false },
		{ FUSE_CREATE_SUPP_GROUP, true },
		{ FUSE_HAS_EXPIRE_ONLY, false },
		{ FUSE_DIRECT_IO_ALLOW_MMAP, o->allow_mmap },
		{ FUSE_PASSTHROUGH, false },
		{ FUSE_NO_EXPORT_SUPPORT, false },
		{ FUSE_HAS_RESEND, false },
		{ FUSE_ALLOW_IDMAP, true },
		{ FUSE_OVER_IO_URING, false },
		{ FUSE_REQUEST_TIMEOUT, false },
	};

	info->flags = 0;
	for (size_t i = 0; i < ARRAY_LEN(decisions); i++)
		if (decisions[i].use)
			info->flags |= decisions[i].flag & info->offered;
	s->flags = info->flags;
	for (size_t i = 0; i < s->share_count; i++)
		s->shares[i].ino_mask = ino_mask(s, i);
	return 0;
}
