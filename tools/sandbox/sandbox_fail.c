/* SPDX-License-Identifier: MIT */
#include "tools/sandbox/sandbox_fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int sandbox_fail(char *err, size_t err_size, const char *help,
		 const char *step, ...)
{
	int number = errno ? errno : EIO;
	char what[256];
	va_list ap;

	va_start(ap, step);
	vsnprintf(what, sizeof(what), step, ap);
	va_end(ap);
	snprintf(err, err_size, "cannot %s: %s; %s", what, strerror(number),
		 help);
	return -number;
}
