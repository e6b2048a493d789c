/* SPDX-License-Identifier: MIT */
/*
 * conf_small.c - file systems that are soon full, as "small" in a case's
 * directory: a tmpfs, or one with quotas, where the kernel has any: a tmpfs
 * again (since Linux 6.6), or ext4 in a file.
 */
#include "tests/conformance/conf_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KIB_A_USER 256
#define FILES_A_USER 10

static const char make_ext4[] =
	"exec >&2 2>/dev/null;"
	"truncate -s 4M image &&"
	"mkfs.ext4 -q -O quota,^has_journal -E quotatype=usrquota image &&"
	"mount -o loop,usrquota image small; status=$?;"
	"rm image; exit $status";

static bool mount_quota(void)
{
	if (!mount("conf", "small", "tmpfs", 0, "size=4m,usrquota"))
		return true;
	if (system(make_ext4))
		return false;
	MUST(rmdir("small/lost+found"));
	return true;
}

static bool limit(uid_t uid)
{
	struct dqblk limits = {
		.dqb_bhardlimit = KIB_A_USER,
		.dqb_ihardlimit = FILES_A_USER,
		.dqb_valid = QIF_LIMITS,
	};
	int fd = (int)MUST(open("small", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	long result = syscall(SYS_quotactl_fd, fd,
			      QCMD(Q_SETQUOTA, USRQUOTA), uid, &limits);

	close(fd);
	return !result;
}

bool conf_small_mount(bool quota)
{
	static const char *const plain = "size=1m,nr_inodes=40";

	MUST(mkdir("small", 0755));
	if (!quota)
		MUST(mount("conf", "small", "tmpfs", 0, plain));
	else if (!mount_quota())
		return false;
	MUST(chmod("small", 01777));
	return !quota || (limit(CONF_UID) && limit(CONF_OTHER));
}

void conf_small_unmount(const char *dir)
{
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), "%s/small", dir);
	if (umount2(path, MNT_DETACH) && errno != EINVAL && errno != ENOENT)
		perror(path);
}
