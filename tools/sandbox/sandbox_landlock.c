/* SPDX-License-Identifier: MIT */
#include "tools/sandbox/sandbox_landlock.h"

#include "tools/sandbox/sandbox_fail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's interface, complete up to ABI 6, for headers that are older.
 * What each ABI has added is told apart by its version; see landlock(7).
 */
struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;    /* ABI 4 */
	uint64_t scoped;                /* ABI 6 */
};

struct path_beneath_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1
#define ACCESS_FS_EXECUTE (UINT64_C(1) << 0)
#define ACCESS_FS_WRITE_FILE (UINT64_C(1) << 1)
#define ACCESS_FS_READ_FILE (UINT64_C(1) << 2)
#define ACCESS_FS_READ_DIR (UINT64_C(1) << 3)
#define ACCESS_FS_TRUNCATE (UINT64_C(1) << 14)
#define ACCESS_FS_IOCTL_DEV (UINT64_C(1) << 15)
#define ACCESS_OF_FILES                                                      \
	(ACCESS_FS_WRITE_FILE | ACCESS_FS_READ_FILE | ACCESS_FS_TRUNCATE)
#define ACCESS_NET_BIND_CONNECT UINT64_C(3)
#define SCOPE_SOCKET_SIGNAL UINT64_C(3)

/* All that an ABI knows of files. */
static uint64_t all_access_fs(long abi)
{
	int last = abi >= 5 ? 15 :      /* IOCTL_DEV */
		   abi >= 3 ? 14 :      /* TRUNCATE */
			      13;       /* REFER */

	return (UINT64_C(2) << last) - 1;
}

static int add_rule(int ruleset, int fd, uint64_t access)
{
	const struct path_beneath_attr rule = { .allowed_access = access,
						.parent_fd = fd };

	return (int)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH,
			    &rule, 0);
}

/* What is at path, and below, as far as a thing of its kind has it. */
static int allow(int ruleset, const char *path, uint64_t access)
{
	int fd = open(path, O_PATH | O_CLOEXEC), ret;
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && !S_ISDIR(st.st_mode))
		access &= ACCESS_OF_FILES;
	ret = add_rule(ruleset, fd, access);
	close(fd);
	return ret;
}

/*
 * A server executes nothing, and opens no device.  It finds a file in its
 * directory, which it opens for that.
 */
static int allow_share(int ruleset, const char *path, uint64_t all)
{
	char real[PATH_MAX];
	struct stat st;

	if (allow(ruleset, path,
		  all & ~(ACCESS_FS_EXECUTE | ACCESS_FS_IOCTL_DEV)))
		return -1;
	if (stat(path, &st) || S_ISDIR(st.st_mode))
		return 0;
	if (!realpath(path, real))
		return -1;
	*strrchr(real, '/') = 0;
	return allow(ruleset, *real ? real : "/", ACCESS_FS_READ_DIR);
}

static int add_rules(int ruleset, uint64_t all, const char *const *paths,
		     size_t count, char *err, size_t err_size)
{
	/* Of the files that its links lead to, the rules are their own. */
	if (allow(ruleset, "/proc/self/fd",
		  ACCESS_FS_READ_FILE | ACCESS_FS_READ_DIR))
		return sandbox_fail(err, err_size, SANDBOX_HELP_REPORT,
				    "let Landlock allow /proc/self/fd");
	for (size_t i = 0; i < count; i++) {
		if (allow_share(ruleset, paths[i], all))
			return sandbox_fail(err, err_size, SANDBOX_HELP_REPORT,
					    "let Landlock allow '%s'",
					    paths[i]);
	}
	return 0;
}

static long get_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
		       CREATE_RULESET_VERSION);
}

static struct ruleset_attr choose(long abi, bool files, size_t *ret_size)
{
	struct ruleset_attr attr = { 0 };

	*ret_size = sizeof(attr.handled_access_fs);
	if (files)
		attr.handled_access_fs = all_access_fs(abi);
	if (abi >= 4) {
		attr.handled_access_net = ACCESS_NET_BIND_CONNECT;
		*ret_size = offsetof(struct ruleset_attr, scoped);
	}
	if (abi >= 6) {
		attr.scoped = SCOPE_SOCKET_SIGNAL;
		*ret_size = sizeof(attr);
	}
	return attr;
}

bool sandbox_landlock_has_files(void)
{
	return get_abi() >= 2;
}

int sandbox_landlock(bool files, const char *const *paths, size_t count,
		     char *err, size_t err_size)
{
	const long abi = get_abi();
	struct ruleset_attr attr;
	int ruleset, ret = 0;
	size_t size;

	attr = choose(abi, files && abi >= 2, &size);
	if (!attr.handled_access_fs && !attr.handled_access_net)
		return 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0)
		return sandbox_fail(err, err_size, SANDBOX_HELP_REPORT,
				    "make a Landlock ruleset");
	if (attr.handled_access_fs)
		ret = add_rules(ruleset, attr.handled_access_fs, paths, count,
				err, err_size);
	if (!ret && syscall(SYS_landlock_restrict_self, ruleset, 0))
		ret = sandbox_fail(err, err_size, SANDBOX_HELP_REPORT,
				   "enter Landlock");
	close(ruleset);
	return ret;
}
