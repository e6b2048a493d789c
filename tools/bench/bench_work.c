/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench_work.h"

#include "tools/bench/bench_fail.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIB 1024u

#define WORK(name, what, bytes, calls) \
	{ name, what, bytes, bench_##calls##_step, bench_##calls##_plain }

const struct bench_work bench_works[] = {
	{ "null", "a request that no server knows", 0, bench_null_step, NULL },
	WORK("getattr", "GETATTR of the root", 0, getattr),
	WORK("lookup", "LOOKUP, GETATTR of a known file", 0, lookup),
	WORK("walk", "LOOKUP directory, LOOKUP file, FORGET both", 0, walk),
	WORK("readdirplus", "one entry of READDIRPLUS", 0, readdir),
	WORK("open-read-close", "OPEN, READ 4 KiB, RELEASE", 4 * KIB, open),
	WORK("create-unlink", "CREATE, WRITE 4 KiB, RELEASE, UNLINK, FORGET",
	     4 * KIB, create),
	WORK("mkdir-rmdir", "MKDIR, RMDIR, FORGET", 0, mkdir),
	WORK("rename", "LOOKUP, RENAME", 0, rename),
	WORK("randread-4k", "READ 4 KiB anywhere", 4 * KIB, random_read),
	WORK("randwrite-4k", "WRITE 4 KiB anywhere", 4 * KIB, random_write),
	WORK("read-128k", "READ 128 KiB in order", 128 * KIB, read),
	WORK("write-128k", "WRITE 128 KiB in order", 128 * KIB, write),
	WORK("read-1m", "READ 1 MiB in order", 1024 * KIB, read),
	WORK("write-1m", "WRITE 1 MiB in order", 1024 * KIB, write),
	WORK("mixed", "7 of 10 READ, 2 WRITE 4 KiB, 1 LOOKUP", 0, mixed),
	{ NULL, NULL, 0, NULL, NULL },
};

const struct bench_work *bench_work_find(const char *name)
{
	for (const struct bench_work *w = bench_works; w->name; w++)
		if (!strcmp(w->name, name))
			return w;
	return NULL;
}

/* ---- a plain program --------------------------------------------------- */

struct plain_thread {
	pthread_t id;
	struct bench_plain plain;
	uint64_t until;
	struct bench_figures figures;
};

static void *run(void *arg)
{
	struct plain_thread *t = arg;
	struct bench_figures *f = &t->figures;
	uint64_t begun = bench_now(), cpu = bench_thread_cpu(), now = begun;

	/* At least one, however late the thread came to run. */
	while (now < t->until || !f->ops) {
		uint64_t then = now;

		t->plain.units = 1;
		t->plain.work->plain(&t->plain);
		now = bench_now();
		bench_latency_add(&f->latency, now - then);
		f->ops += t->plain.units;
		f->bytes += t->plain.work->bytes;
	}
	f->wall = now - begun;
	f->cpu = bench_thread_cpu() - cpu;
	return NULL;
}

static void begin(struct plain_thread *t, const struct bench_tree *tree,
		  const struct bench_work *work, unsigned number,
		  uint64_t until)
{
	t->plain.tree = tree;
	t->plain.number = number;
	t->plain.random = number;
	t->plain.big = openat(tree->root, "big", O_RDWR | O_CLOEXEC |
			      (tree->direct ? O_DIRECT : 0));
	if (t->plain.big < 0 ||
	    posix_memalign((void **)&t->plain.data, BENCH_PAGE, BENCH_DATA_MAX))
		bench_fail_errno("big");
	memset(t->plain.data, 'p', BENCH_DATA_MAX);
	t->plain.work = work;
	t->until = until;
	if (pthread_create(&t->id, NULL, run, t))
		bench_fail("no thread");
}

void bench_plain_run(const struct bench_tree *tree,
		     const struct bench_work *work, unsigned threads,
		     unsigned ms, struct bench_figures *ret_figures)
{
	struct plain_thread *thread = calloc(threads, sizeof(*thread));
	uint64_t until = bench_now() + ms * 1000000ull;

	if (!thread)
		bench_fail_errno("threads");
	memset(ret_figures, 0, sizeof(*ret_figures));
	for (unsigned i = 0; i < threads; i++)
		begin(&thread[i], tree, work, i, until);
	for (unsigned i = 0; i < threads; i++) {
		struct bench_figures *f = &thread[i].figures;

		pthread_join(thread[i].id, NULL);
		close(thread[i].plain.big);
		free(thread[i].plain.data);
		bench_latency_merge(&ret_figures->latency, &f->latency);
		ret_figures->ops += f->ops;
		ret_figures->bytes += f->bytes;
		ret_figures->cpu += f->cpu;
		if (f->wall > ret_figures->wall)
			ret_figures->wall = f->wall;
	}
	free(thread);
}
