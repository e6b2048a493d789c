/* SPDX-License-Identifier: MIT */
#include "lxutil/lx_path.h"

#include "lxutil/lx.h"

#include <string.h>

int lx_check_name(const char *name)
{
	const char *end = memchr(name, '\0', LX_NAME_MAX + 1);

	if (!end)
		return -LX_ENAMETOOLONG;
	if (end == name || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return -LX_EINVAL;
	return 0;
}
