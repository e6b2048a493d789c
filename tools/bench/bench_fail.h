/* SPDX-License-Identifier: MIT */
/*
 * bench_fail.h - a benchmark that cannot go on says why, in one line, and ends
 * with status 1: figures of half a run would be worse than none.
 */
#ifndef BENCH_FAIL_H
#define BENCH_FAIL_H

/* From any thread; they do not return. */
void bench_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));
/* Adds what errno says. */
void bench_fail_errno(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* Called once before the program ends by any of these: what must be undone. */
void bench_fail_hook(void (*undo)(void));

#endif
