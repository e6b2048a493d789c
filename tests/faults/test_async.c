/* SPDX-License-Identifier: MIT */
/*
 * Each call that it takes fails to have reads and writes go on by themselves:
 * it is told, nothing is left open, and what is not begun is begun later.
 */
#include "lxutil/lx_async.h"
#include "tests/faults/faults.h"
#include "tests/lib/count_fds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define CALLS_MAX 40u                   /* more than there are */

static char root[] = "/tmp/faults-async-XXXXXX";
static struct log log_;
static struct lx_volume *vol;
static struct lx_node *node;
static struct event event;

static void assert_reads(struct lx_async *async, const struct fault *f)
{
	char text[4] = "";
	const struct iov to = { text, 4 };
	struct lx_io io = { .iov = &to, .count = 1 };

	assert_int_equal(lx_open(vol, node, LX_O_RDONLY, &io.file), 0);
	assert_true(lx_async_add(async, &io));
	if (f)
		faults_begin(f);
	lx_async_begin(async);
	if (f) {
		assert_int_equal(faults_end(), 1);
		assert_null(lx_async_next(async));
		/* So that nobody sleeps meanwhile. */
		assert_true(lx_async_ready(async));
		lx_async_begin(async);
	}
	lx_async_arm(async, true);
	while (!lx_async_ready(async))
		event_wait(&event);
	assert_ptr_equal(lx_async_next(async), &io);
	assert_int_equal(io.n, 4);
	assert_memory_equal(text, "text", 4);
	assert_false(lx_async_ready(async));
	lx_file_close(io.file);
}

/* Returns how many calls there were. */
static unsigned try_new(const struct fault *f)
{
	unsigned before = count_fds(), calls;
	struct lx_reserve *reserve = NULL;
	struct lx_async *async = NULL;
	int err;

	faults_begin(f);
	err = lx_reserve_new(2, &reserve);
	if (!err)
		err = lx_async_new(reserve, &event, &async);
	calls = faults_end();
	if (!err)
		assert_reads(async, NULL);
	else if (!f->nth)
		skip();                 /* the host has none */
	else
		assert_null(async);
	lx_async_free(async);
	lx_reserve_free(reserve);
	assert_int_equal(count_fds(), before);
	return calls;
}

static void try_all(enum fault_kind kind, int error)
{
	struct fault f = { .kind = kind, .error = error };
	unsigned calls = try_new(&f);

	assert_in_range(calls, 1, CALLS_MAX);
	for (f.nth = 1; f.nth <= calls; f.nth++) {
		f.on = false;
		try_new(&f);
		f.on = true;
		try_new(&f);
	}
}

static void without_permission(void **state)
{
	(void)state;
	try_all(FAULT_CALL, EPERM);
}

static void without_memory(void **state)
{
	(void)state;
	try_all(FAULT_MEMORY, ENOMEM);
	try_all(FAULT_CALL, ENOMEM);
}

static void what_cannot_begin_begins_later(void **state)
{
	const struct fault f = {
		.kind = FAULT_CALL, .nth = 1, .error = EAGAIN
	};
	struct lx_reserve *reserve;
	struct lx_async *async;

	(void)state;
	if (lx_reserve_new(1, &reserve))
		skip();
	assert_int_equal(lx_async_new(reserve, &event, &async), 0);
	assert_reads(async, &f);
	lx_async_free(async);
	lx_reserve_free(reserve);
}

static int up(void **state)
{
	struct lx_node *top;
	struct lx_stat st;
	char path[64];
	FILE *file;

	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(path, sizeof(path), "%s/f", root);
	file = fopen(path, "w");
	if (!file || fputs("text", file) < 0 || fclose(file))
		return -1;
	log_init(&log_, 2);
	if (event_init(&event) ||
	    lx_volume_open(root, &(struct lx_volume_options){ 0 }, &log_,
			   &vol) ||
	    lx_volume_root(vol, &top, &st))
		return -1;
	if (lx_lookup(vol, top, "f", &node, &st))
		return -1;
	lx_node_close(vol, top);
	return unlink(path);
}

static int down(void **state)
{
	(void)state;
	lx_node_close(vol, node);
	lx_volume_close(vol);
	event_done(&event);
	log_done(&log_);
	return rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_permission),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(what_cannot_begin_begins_later),
	};

	return cmocka_run_group_tests(tests, up, down);
}
