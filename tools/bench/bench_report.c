/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench_report.h"

#include "tools/bench/bench_fail.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

void bench_report_init(struct bench_report *r)
{
	struct bench_figures *round;
	size_t cells = (size_t)r->works * r->targets;

	r->cell = calloc(cells, sizeof(*r->cell));
	r->memory = calloc(r->targets, sizeof(*r->memory));
	round = calloc(cells * r->rounds, sizeof(*round));
	if (!r->cell || !r->memory || !round)
		bench_fail("no memory for the report");
	for (size_t i = 0; i < cells; i++)
		r->cell[i].round = round + i * r->rounds;
}

void bench_report_done(struct bench_report *r)
{
	free(r->cell[0].round);
	free(r->cell);
	free(r->memory);
}

struct bench_cell *bench_report_cell(const struct bench_report *r,
				     unsigned work, unsigned target)
{
	return &r->cell[work * r->targets + target];
}

/* ---- medians ------------------------------------------------------------ */

typedef double figure(const struct bench_figures *f);

static double ops_rate(const struct bench_figures *f)
{
	return f->wall ? (double)f->ops * 1e9 / (double)f->wall : 0;
}

static double mib_rate(const struct bench_figures *f)
{
	return f->wall ? (double)f->bytes * 1e9 / (double)f->wall / 1048576 : 0;
}

static double cpu_each(const struct bench_figures *f)
{
	return f->ops ? (double)f->cpu / 1e3 / (double)f->ops : 0;
}

static double p50(const struct bench_figures *f)
{
	return (double)bench_latency_percentile(&f->latency, 50) / 1e3;
}

static double p99(const struct bench_figures *f)
{
	return (double)bench_latency_percentile(&f->latency, 99) / 1e3;
}

static double p999(const struct bench_figures *f)
{
	return (double)bench_latency_percentile(&f->latency, 99.9) / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median over the rounds of `get`, or of its ratio to the base's. */
static double median(const struct bench_report *r, const struct bench_cell *c,
		     const struct bench_cell *base, figure *get)
{
	double value[64] = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < r->rounds && n < 64; i++) {
		double under = base ? get(&base->round[i]) : 1;

		if (under > 0)
			value[n++] = get(&c->round[i]) / under;
	}
	qsort(value, n, sizeof(value[0]), compare);
	return n ? (value[n / 2] + value[(n - 1) / 2]) / 2 : 0;
}

void bench_report_summary(const struct bench_report *r, unsigned work,
			  unsigned target, struct bench_summary *ret)
{
	const struct bench_cell *c = bench_report_cell(r, work, target);
	const struct bench_cell *base = bench_report_cell(r, work, r->base);

	*ret = (struct bench_summary){
		.ops = median(r, c, NULL, ops_rate),
		.mib = median(r, c, NULL, mib_rate),
		.cpu = median(r, c, NULL, cpu_each),
		.p50 = median(r, c, NULL, p50),
		.p99 = median(r, c, NULL, p99),
		.p999 = median(r, c, NULL, p999),
	};
	if (!base->absent) {
		ret->ops_ratio = median(r, c, base, ops_rate);
		ret->cpu_ratio = median(r, c, base, cpu_each);
	}
}

/* ---- table -------------------------------------------------------------- */

static void print_row(const struct bench_report *r, unsigned work,
		      unsigned target, FILE *out)
{
	const struct bench_cell *c = bench_report_cell(r, work, target);
	struct bench_summary s;

	if (c->absent)
		return;
	bench_report_summary(r, work, target, &s);
	fprintf(out, "| %s | %s | %.1f | %.0f | %.2f | %.1f | %.1f | %.1f | ",
		r->work[work]->name, r->target[target].name, s.ops / 1e3, s.mib,
		s.cpu, s.p50, s.p99, s.p999);
	if (s.ops_ratio > 0)
		fprintf(out, "%.2f | %.2f | ", s.ops_ratio, s.cpu_ratio);
	else
		fprintf(out, "- | - | ");
	if (c->counted)
		fprintf(out, "%.1f (%.1f) |\n", c->calls.all, c->calls.file);
	else
		fprintf(out, "- |\n");
}

void bench_report_table(const struct bench_report *r, FILE *out)
{
	fprintf(out, "%u queues, depth %u, %u rounds; ratios to %s\n\n",
		r->load.threads, r->load.depth, r->rounds,
		r->target[r->base].name);
	fprintf(out, "| workload | target | k/s | MiB/s | CPU us | p50 us | p99 us | p99.9 us | rate x | CPU x | calls (file) |\n"
		     "|---|---|---|---|---|---|---|---|---|---|---|\n");
	for (unsigned w = 0; w < r->works; w++)
		for (unsigned t = 0; t < r->targets; t++)
			print_row(r, w, t, out);
	fprintf(out, "\n");
	for (unsigned t = 0; t < r->targets; t++)
		if (r->memory[t])
			fprintf(out, "%s: %.1f MiB of anonymous memory\n",
				r->target[t].name,
				(double)r->memory[t] / 1048576);
}

/* ---- JSON --------------------------------------------------------------- */

static void add_number(struct json_object *o, const char *key, double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6g", value);
	json_object_object_add(o, key, json_object_new_double_s(value, text));
}

static struct json_object *json_cell(const struct bench_report *r,
				     unsigned work, unsigned target)
{
	const struct bench_cell *c = bench_report_cell(r, work, target);
	struct json_object *o = json_object_new_object();
	struct bench_summary s;

	bench_report_summary(r, work, target, &s);
	json_object_object_add(o, "workload",
			       json_object_new_string(r->work[work]->name));
	json_object_object_add(o, "target",
			       json_object_new_string(r->target[target].name));
	add_number(o, "ops_per_second", s.ops);
	add_number(o, "mib_per_second", s.mib);
	add_number(o, "cpu_us_per_op", s.cpu);
	add_number(o, "p50_us", s.p50);
	add_number(o, "p99_us", s.p99);
	add_number(o, "p999_us", s.p999);
	add_number(o, "ops_ratio", s.ops_ratio);
	add_number(o, "cpu_ratio", s.cpu_ratio);
	if (c->counted) {
		add_number(o, "calls_per_op", c->calls.all);
		add_number(o, "file_calls_per_op", c->calls.file);
	}
	return o;
}

void bench_report_json(const struct bench_report *r, const char *path)
{
	struct json_object *root = json_object_new_object();
	struct json_object *cells = json_object_new_array();
	struct json_object *memory = json_object_new_object();

	json_object_object_add(root, "queues",
			       json_object_new_int((int)r->load.threads));
	json_object_object_add(root, "depth",
			       json_object_new_int((int)r->load.depth));
	json_object_object_add(root, "rounds",
			       json_object_new_int((int)r->rounds));
	json_object_object_add(root, "base", json_object_new_string(
						     r->target[r->base].name));
	for (unsigned w = 0; w < r->works; w++)
		for (unsigned t = 0; t < r->targets; t++)
			if (!bench_report_cell(r, w, t)->absent)
				json_object_array_add(
					cells, json_cell(r, w, t));
	for (unsigned t = 0; t < r->targets; t++)
		json_object_object_add(memory, r->target[t].name,
				       json_object_new_int64(
					       (int64_t)r->memory[t]));
	json_object_object_add(root, "anonymous_memory_bytes", memory);
	json_object_object_add(root, "results", cells);
	if (json_object_to_file_ext(path, root, JSON_C_TO_STRING_PRETTY))
		bench_fail("%s: %s", path, json_util_get_last_err());
	json_object_put(root);
}
