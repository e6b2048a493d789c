/* SPDX-License-Identifier: MIT */
/*
 * virtiofs-bench - how fast is a virtio-fs device?  A guest driver at native
 * speed, without a virtual machine: it fills rings in shared memory and talks
 * FUSE to any device behind the plugin ABI or vhost-user, and does the same
 * work by plain system calls.  docs/benchmarks.md shows what it found.
 */
#include "config.h"
#include "tools/bench/bench_fail.h"
#include "tools/bench/bench_report.h"
#include "tools/bench/bench_session.h"
#include "tools/bench/bench_work.h"

#include <glib.h>
#include <signal.h>
#include <string.h>

#define TARGETS_MAX 8
#define ROUNDS_MAX 64

static struct {
	char **targets, **works;
	char *dir, *base, *json, *svg;
	int depth, queues, rounds, ms, files, entries, size, segment;
	gboolean direct, calls, packed, in_order, list;
} opt = {
	.depth = 16, .queues = 1, .rounds = 3, .ms = 500, .files = 64,
	.entries = 10000, .size = 64, .segment = 64,
};

static const GOptionEntry entries[] = {
	{ "target", 't', 0, G_OPTION_ARG_STRING_ARRAY, &opt.targets,
	  "What to measure (repeats): NAME=plugin:PLUGIN[,OPTION...], NAME=server:COMMAND with %s for a socket and %d for the directory, NAME=socket:PATH, or NAME=plain", "NAME=KIND[:ARG]" },
	{ "workload", 'w', 0, G_OPTION_ARG_STRING_ARRAY, &opt.works,
	  "One of --list (repeats; default: all)", "NAME" },
	{ "list", 0, 0, G_OPTION_ARG_NONE, &opt.list, "List the workloads",
	  NULL },
	{ "dir", 0, 0, G_OPTION_ARG_FILENAME, &opt.dir,
	  "Make the files below DIR (default: /dev/shm)", "DIR" },
	{ "depth", 'd', 0, G_OPTION_ARG_INT, &opt.depth,
	  "Requests in flight on each queue (default 16)", "N" },
	{ "queues", 'q', 0, G_OPTION_ARG_INT, &opt.queues,
	  "Request queues, each driven by a thread (default 1)", "N" },
	{ "rounds", 'r', 0, G_OPTION_ARG_INT, &opt.rounds,
	  "Rounds in which the targets take turns (default 3)", "N" },
	{ "time", 0, 0, G_OPTION_ARG_INT, &opt.ms,
	  "Milliseconds of one run (default 500)", "MS" },
	{ "base", 'b', 0, G_OPTION_ARG_STRING, &opt.base,
	  "The target that ratios are to (default: the first)", "NAME" },
	{ "files", 0, 0, G_OPTION_ARG_INT, &opt.files,
	  "Small files in each of 16 directories (default 64)", "N" },
	{ "entries", 0, 0, G_OPTION_ARG_INT, &opt.entries,
	  "Entries of the large directory (default 10000)", "N" },
	{ "size", 0, 0, G_OPTION_ARG_INT, &opt.size,
	  "MiB of the large file (default 64)", "MIB" },
	{ "direct", 0, 0, G_OPTION_ARG_NONE, &opt.direct,
	  "Open the large file with O_DIRECT: no page cache", NULL },
	{ "segment", 0, 0, G_OPTION_ARG_INT, &opt.segment,
	  "KiB of one data descriptor (default 64)", "KIB" },
	{ "packed", 0, 0, G_OPTION_ARG_NONE, &opt.packed,
	  "Use packed rings where they are offered", NULL },
	{ "in-order", 0, 0, G_OPTION_ARG_NONE, &opt.in_order,
	  "Take VIRTIO_F_IN_ORDER where it is offered", NULL },
	{ "count-calls", 'c', 0, G_OPTION_ARG_NONE, &opt.calls,
	  "Count the system calls of a transaction, too", NULL },
	{ "json", 0, 0, G_OPTION_ARG_FILENAME, &opt.json,
	  "Write the results to FILE", "FILE" },
	{ "svg", 0, 0, G_OPTION_ARG_FILENAME, &opt.svg,
	  "Draw the results to FILE", "FILE" },
	{ NULL, 0, 0, 0, NULL, NULL, NULL },
};

static struct bench_tree tree;

static void remove_tree(void)
{
	bench_tree_remove(&tree);
}

/* ---- the command line --------------------------------------------------- */

static void usage(const char *option, int value, int least, int most)
{
	if (value < least || value > most)
		bench_fail("--%s %d: expected %d to %d", option, value, least,
			   most);
}

static void check_numbers(void)
{
	usage("depth", opt.depth, 1, BENCH_DEPTH_MAX);
	usage("queues", opt.queues, 1, BENCH_QUEUES_MAX - 1);
	usage("rounds", opt.rounds, 1, ROUNDS_MAX);
	usage("time", opt.ms, 10, 600000);
	usage("files", opt.files, 1, 10000);
	usage("entries", opt.entries, 1, 99999);
	usage("size", opt.size, 1, 1024 * 1024);
	usage("segment", opt.segment, 4, 1024);
}

static struct bench_target parse_target(const char *text)
{
	static const struct {
		const char *word;
		enum bench_kind kind;
	} kinds[] = {
		{ "plugin:", BENCH_PLUGIN },
		{ "server:", BENCH_SERVER },
		{ "socket:", BENCH_SOCKET },
	};
	const char *kind = strchr(text, '=');
	struct bench_target target;

	if (!kind || kind == text)
		bench_fail("--target %s: expected NAME=KIND[:ARG]", text);
	target.name = g_strndup(text, (gsize)(kind - text));
	target.arg = NULL;
	target.kind = BENCH_PLAIN;
	kind++;
	if (!strcmp(kind, "plain"))
		return target;
	for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (!g_str_has_prefix(kind, kinds[i].word))
			continue;
		target.kind = kinds[i].kind;
		target.arg = g_strdup(kind + strlen(kinds[i].word));
		return target;
	}
	bench_fail("--target %s: expected plugin:, server:, socket: or plain",
		   text);
}

static void list_works(void)
{
	for (const struct bench_work *w = bench_works; w->name; w++)
		g_print("%-16s %s\n", w->name, w->what);
}

/* ---- the run ------------------------------------------------------------ */

static void measure(const struct bench_report *r,
		    struct bench_session *session, unsigned round)
{
	for (unsigned w = 0; w < r->works; w++) {
		for (unsigned t = 0; t < r->targets; t++) {
			struct bench_cell *c = bench_report_cell(r, w, t);

			if (c->absent)
				continue;
			if (r->target[t].kind == BENCH_PLAIN)
				bench_plain_run(&tree, r->work[w],
						r->load.threads,
						(unsigned)opt.ms,
						&c->round[round]);
			else
				bench_driver_run(session[t].driver, r->work[w],
						 r->load.threads, r->load.depth,
						 (unsigned)opt.ms, 0,
						 &c->round[round]);
		}
	}
}

/* Each target serves on, idle, while the others are measured. */
static void run(struct bench_report *r)
{
	struct bench_session *session = g_new0(struct bench_session,
					       r->targets);

	for (unsigned t = 0; t < r->targets; t++)
		if (r->target[t].kind != BENCH_PLAIN)
			bench_session_open(&session[t], &r->target[t], &tree,
					   &r->load);
	for (unsigned i = 0; i < r->rounds; i++)
		measure(r, session, i);
	for (unsigned t = 0; t < r->targets; t++) {
		if (r->target[t].kind == BENCH_PLAIN)
			continue;
		r->memory[t] = bench_process_memory(session[t].dev.server);
		bench_session_close(&session[t]);
	}
	g_free(session);
}

static void count(struct bench_report *r)
{
	struct bench_calls *calls = g_new0(struct bench_calls, r->works);

	for (unsigned t = 0; t < r->targets; t++) {
		if (r->target[t].kind == BENCH_PLAIN ||
		    r->target[t].kind == BENCH_SOCKET)
			continue;
		bench_count(&r->target[t], &tree, &r->load, r->work, r->works,
			    calls);
		for (unsigned w = 0; w < r->works; w++) {
			struct bench_cell *c = bench_report_cell(r, w, t);

			c->counted = true;
			c->calls = calls[w];
		}
	}
	g_free(calls);
}

static void run_all(struct bench_target *target, unsigned targets,
		    const struct bench_work *const *work, unsigned works)
{
	struct bench_report report = {
		.target = target,
		.targets = targets,
		.work = work,
		.works = works,
		.rounds = (unsigned)opt.rounds,
		.load = {
			.threads = (unsigned)opt.queues,
			.depth = (unsigned)opt.depth,
			.segment = (uint32_t)opt.segment * 1024,
			.features = BENCH_FEATURES |
				(uint64_t)opt.packed << VIRTIO_F_RING_PACKED |
				(uint64_t)opt.in_order << 35,
		},
	};

	while (opt.base && strcmp(target[report.base].name, opt.base))
		if (++report.base == targets)
			bench_fail("--base %s: there is no such target",
				   opt.base);
	bench_report_init(&report);
	for (unsigned w = 0; w < works; w++)
		for (unsigned t = 0; t < targets; t++)
			bench_report_cell(&report, w, t)->absent =
				target[t].kind == BENCH_PLAIN &&
				!work[w]->plain;
	run(&report);
	if (opt.calls)
		count(&report);
	bench_report_table(&report, stdout);
	if (opt.json)
		bench_report_json(&report, opt.json);
	if (opt.svg)
		bench_report_svg(&report, opt.svg);
	bench_report_done(&report);
}

int main(int argc, char **argv)
{
	GOptionContext *context = g_option_context_new("");
	const struct bench_work *work[32];
	struct bench_target target[TARGETS_MAX] = { 0 };
	unsigned targets = 0, works = 0;
	GError *error = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		bench_fail("%s", error->message);
	g_option_context_free(context);
	if (opt.list) {
		list_works();
		return 0;
	}
	if (argc > 1)
		bench_fail("%s: expected options only", argv[1]);
	check_numbers();
	for (char **t = opt.targets; t && *t; t++) {
		if (targets == TARGETS_MAX)
			bench_fail("more than %d targets", TARGETS_MAX);
		target[targets++] = parse_target(*t);
	}
	if (!targets)
		bench_fail("nothing to measure: give --target NAME=KIND[:ARG]");
	for (char **w = opt.works; w && *w && works < 32; w++) {
		work[works] = bench_work_find(*w);
		if (!work[works++])
			bench_fail("--workload %s: see --list", *w);
	}
	for (const struct bench_work *w = bench_works; !opt.works && w->name;
	     w++)
		work[works++] = w;

	signal(SIGPIPE, SIG_IGN);
	bench_fail_hook(remove_tree);
	tree.files = (unsigned)opt.files;
	tree.entries = (unsigned)opt.entries;
	tree.size = (uint64_t)opt.size << 20;
	tree.direct = opt.direct;
	bench_tree_make(&tree, opt.dir ? opt.dir : "/dev/shm");
	run_all(target, targets, work, works);
	bench_tree_remove(&tree);
	for (unsigned t = 0; t < targets; t++) {
		g_free(target[t].name);
		g_free(target[t].arg);
	}
	return 0;
}
