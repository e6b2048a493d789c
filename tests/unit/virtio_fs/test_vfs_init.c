/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- flags --------------------------------------------------------------- */

/* What is agreed on with the default options, whoever offers all there is. */
#define USUAL \
	(FUSE_ASYNC_READ | FUSE_POSIX_LOCKS | FUSE_ATOMIC_O_TRUNC | \
	 FUSE_EXPORT_SUPPORT | FUSE_BIG_WRITES | FUSE_FLOCK_LOCKS | \
	 FUSE_HAS_IOCTL_DIR | FUSE_AUTO_INVAL_DATA | FUSE_DO_READDIRPLUS | \
	 FUSE_READDIRPLUS_AUTO | FUSE_ASYNC_DIO | FUSE_PARALLEL_DIROPS | \
	 FUSE_MAX_PAGES | FUSE_CACHE_SYMLINKS | FUSE_SUBMOUNTS | \
	 FUSE_HANDLE_KILLPRIV_V2 | FUSE_SETXATTR_EXT | FUSE_INIT_EXT | \
	 FUSE_CREATE_SUPP_GROUP | FUSE_ALLOW_IDMAP)

static void default_options(struct vfs_options *o)
{
	(void)o;
}

static void cache_never(struct vfs_options *o)
{
	o->cache = VFS_CACHE_NEVER;
}

static void cache_always(struct vfs_options *o)
{
	o->cache = VFS_CACHE_ALWAYS;
}

static void no_timeout(struct vfs_options *o)
{
	o->has_timeout = true;
}

static void writeback(struct vfs_options *o)
{
	o->writeback = true;
}

static void allow_mmap(struct vfs_options *o)
{
	o->allow_mmap = true;
}

static void no_readdirplus(struct vfs_options *o)
{
	o->readdirplus = false;
}

static void posix_acl(struct vfs_options *o)
{
	o->posix_acl = true;
}

static void security_label(struct vfs_options *o)
{
	o->security_label = true;
}

static void no_submounts(struct vfs_options *o)
{
	o->announce_submounts = false;
}

static void no_locks(struct vfs_options *o)
{
	o->locks = false;
}

static void no_killpriv(struct vfs_options *o)
{
	o->killpriv_v2 = false;
}

static uint64_t agreed(void (*set)(struct vfs_options *o), uint64_t offered)
{
	struct vfs_options options;
	void *state;
	uint64_t flags;

	vfs_options_default(&options);
	set(&options);
	share_up_with(&state, &options, offered, NULL);
	flags = ((struct share *)state)->client->flags;
	share_down(&state);
	return flags;
}

static void agrees_on_what_the_options_say(void **state)
{
	static const struct {
		void (*set)(struct vfs_options *o);
		uint64_t more, less;
	} rows[] = {
		{ default_options, 0, 0 },
		{ cache_never, 0, FUSE_CACHE_SYMLINKS | FUSE_DO_READDIRPLUS |
				  FUSE_READDIRPLUS_AUTO },
		{ cache_always, 0, 0 },
		{ no_timeout, 0, FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO },
		{ writeback, FUSE_WRITEBACK_CACHE, 0 },
		{ allow_mmap, FUSE_DIRECT_IO_ALLOW_MMAP, 0 },
		{ no_readdirplus, 0, FUSE_DO_READDIRPLUS |
				     FUSE_READDIRPLUS_AUTO },
		{ posix_acl, FUSE_POSIX_ACL | FUSE_DONT_MASK, 0 },
		{ security_label, FUSE_SECURITY_CTX, 0 },
		{ no_submounts, 0, FUSE_SUBMOUNTS },
		{ no_locks, 0, FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS },
		{ no_killpriv, 0, FUSE_HANDLE_KILLPRIV_V2 |
				  FUSE_ATOMIC_O_TRUNC },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t flags = agreed(rows[i].set, UINT64_MAX);

		if (flags != ((USUAL | rows[i].more) & ~rows[i].less))
			fail_msg("row %zu: %#llx", i,
				 (unsigned long long)flags);
	}
}

static void agrees_on_no_more_than_is_offered(void **state)
{
	const uint64_t windows = FUSE_INIT_EXT | FUSE_BIG_WRITES |
				 FUSE_FLOCK_LOCKS | FUSE_WRITEBACK_CACHE;

	(void)state;
	assert_int_equal(agreed(writeback, windows), windows);
	assert_int_equal(agreed(default_options, FUSE_BIG_WRITES),
			 FUSE_BIG_WRITES);
}

/* ---- caching ------------------------------------------------------------- */

struct policy {
	enum vfs_cache cache;
	uint64_t timeout;
	uint32_t file, dir;
};

static void check_policy(const struct policy *p)
{
	struct vfs_options options;
	struct fuse_entry_out entry;
	struct client *c;
	struct share *s;
	void *state;
	uint64_t fh;

	vfs_options_default(&options);
	options.cache = p->cache;
	share_up_with(&state, &options, UINT64_MAX, NULL);
	s = state;
	c = s->client;
	host_file(s->root_fd, "a", "");
	assert_int_equal(client_lookup(c, FUSE_ROOT_ID, "a", &entry), 0);
	assert_int_equal(entry.entry_valid, p->timeout);
	assert_int_equal(entry.attr_valid, p->timeout);
	assert_int_equal(client_open(c, FUSE_OPEN, entry.nodeid, LX_O_RDONLY,
				     &fh), 0);
	assert_int_equal(c->open_flags, p->file);
	assert_int_equal(client_open(c, FUSE_OPENDIR, FUSE_ROOT_ID, 0, &fh),
			 0);
	assert_int_equal(c->open_flags, p->dir);
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "b", LX_O_RDWR, 0600,
				       &entry, &fh), 0);
	assert_int_equal(c->open_flags, p->file);
	share_down(&state);
}

static void caches_as_the_policy_says(void **state)
{
	static const struct policy policies[] = {
		{ VFS_CACHE_NEVER, 0, FOPEN_DIRECT_IO, 0 },
		{ VFS_CACHE_METADATA, 86400, FOPEN_DIRECT_IO,
		  FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR },
		{ VFS_CACHE_AUTO, 1, 0, 0 },
		{ VFS_CACHE_ALWAYS, 86400, FOPEN_KEEP_CACHE,
		  FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++)
		check_policy(&policies[i]);
}

static int timeouts_up(void **state)
{
	struct vfs_options options;

	vfs_options_default(&options);
	options.cache = VFS_CACHE_ALWAYS;
	options.has_timeout = true;
	options.timeout = (struct lx_time){ 7, 500000000 };
	options.negative_timeout = (struct lx_time){ 3, 250000000 };
	return share_up_with(state, &options, UINT64_MAX, NULL);
}

static void timeouts_win_over_the_policy(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;

	host_file(s->root_fd, "a", "");
	assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, "a", &entry),
			 0);
	assert_int_equal(entry.entry_valid, 7);
	assert_int_equal(entry.entry_valid_nsec, 500000000);
	assert_int_equal(entry.attr_valid, 7);
	assert_int_equal(entry.attr_valid_nsec, 500000000);
}

static void missing_names_hold_for_a_while(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;

	assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, "a", &entry),
			 0);
	assert_int_equal(entry.nodeid, 0);
	assert_int_equal(entry.entry_valid, 3);
	assert_int_equal(entry.entry_valid_nsec, 250000000);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	/* Only what is missing. */
	host_file(s->root_fd, "b", "");
	assert_int_equal(client_lookup(s->client,
				       node_of(s, FUSE_ROOT_ID, "b"), "x",
				       &entry), -LX_ENOTDIR);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_on_what_the_options_say),
		cmocka_unit_test(agrees_on_no_more_than_is_offered),
		cmocka_unit_test(caches_as_the_policy_says),
		cmocka_unit_test_setup_teardown(timeouts_win_over_the_policy,
						timeouts_up, share_down),
		cmocka_unit_test_setup_teardown(missing_names_hold_for_a_while,
						timeouts_up, share_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
