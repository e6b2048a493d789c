/* SPDX-License-Identifier: MIT */
#include "tools/nofile.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

#define NOFILE_DEFAULT 1000000

int nofile_set(uint64_t n)
{
	const struct rlimit limit = { n, n };

	return n && setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;
}

int nofile_raise(void)
{
	FILE *file = fopen("/proc/sys/fs/nr_open", "re");
	unsigned long most = NOFILE_DEFAULT;
	struct rlimit limit;

	if (file) {
		/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
		if (fscanf(file, "%lu", &most) != 1 || most > NOFILE_DEFAULT)
			most = NOFILE_DEFAULT;
		fclose(file);
	}
	if (!nofile_set(most))
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;
}
