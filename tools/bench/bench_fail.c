/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench_fail.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*hook)(void);

void bench_fail_hook(void (*undo)(void))
{
	hook = undo;
}

/* The first thread to come ends the program; others wait for that here. */
static void end(const char *format, va_list args, const char *why)
	__attribute__((format(printf, 1, 0), noreturn));
static void end(const char *format, va_list args, const char *why)
{
	char text[512];

	pthread_mutex_lock(&lock);
	vsnprintf(text, sizeof(text), format, args);
	fprintf(stderr, "virtiofs-bench: %s%s%s\n", text, why ? ": " : "",
		why ? why : "");
	if (hook)
		hook();
	_exit(1);
}

void bench_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end(format, args, NULL);
	/* cppcheck-suppress va_end_missing ; end() does not return */
}

void bench_fail_errno(const char *format, ...)
{
	const char *why = strerror(errno);
	va_list args;

	va_start(args, format);
	end(format, args, why);
	/* cppcheck-suppress va_end_missing ; end() does not return */
}
