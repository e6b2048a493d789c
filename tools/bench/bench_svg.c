/* SPDX-License-Identifier: MIT */
/*
 * bench_svg.c - the picture: for each workload, on the left a bar of the rate
 * of each target, on the right the curves of latency over percentiles.
 */
#include "tools/bench/bench_fail.h"
#include "tools/bench/bench_report.h"

#include <math.h>

#define WIDTH 900
#define BAR_X 190                       /* where bars begin */
#define BAR_WIDTH 300
#define CURVE_X 570
#define CURVE_WIDTH 300
#define LINE 16                         /* height of a bar */
#define HEAD 64

static const char *const color[] = {
	"#1b6ca8", "#e07b39", "#5a9e57", "#8b5fa8", "#b0413e", "#777777",
};

static const char *color_of(unsigned target)
{
	return color[target % (sizeof(color) / sizeof(color[0]))];
}

static void text(FILE *out, double x, double y, const char *anchor,
		 const char *value)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y,
		anchor);
	for (; *value; value++) {
		if (*value == '<')
			fputs("&lt;", out);
		else if (*value == '&')
			fputs("&amp;", out);
		else
			fputc(*value, out);
	}
	fputs("</text>\n", out);
}

static void bars(const struct bench_report *r, unsigned work, double y,
		 FILE *out)
{
	struct bench_summary s;
	double most = 1;
	char value[64];

	for (unsigned t = 0; t < r->targets; t++) {
		bench_report_summary(r, work, t, &s);
		most = fmax(most, s.ops);
	}
	for (unsigned t = 0; t < r->targets; t++) {
		double top = y + LINE * t;

		if (bench_report_cell(r, work, t)->absent)
			continue;
		bench_report_summary(r, work, t, &s);
		fprintf(out, "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n",
			BAR_X, top, s.ops / most * BAR_WIDTH, LINE - 3,
			color_of(t));
		snprintf(value, sizeof(value), "%.1f k/s", s.ops / 1e3);
		text(out, BAR_X + s.ops / most * BAR_WIDTH + 4, top + LINE - 5,
		     "start", value);
	}
}

/* Percentiles at equal steps of "nines", and latency on a log scale. */
static void curves(const struct bench_report *r, unsigned work, double y,
		   double height, FILE *out)
{
	static const double at[] = { 10, 50, 75, 90, 95, 99, 99.5, 99.9 };
	const unsigned n = sizeof(at) / sizeof(at[0]);
	double low = log10(0.5e3), high = log10(50e6);

	fprintf(out, "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" fill=\"none\" stroke=\"#ccc\"/>\n",
		CURVE_X, y, CURVE_WIDTH, height);
	for (unsigned t = 0; t < r->targets; t++) {
		const struct bench_cell *c = bench_report_cell(r, work, t);

		if (c->absent)
			continue;
		fprintf(out, "<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"%s\" points=\"",
			color_of(t));
		for (unsigned i = 0; i < n; i++) {
			double ns = (double)bench_latency_percentile(
				&c->round[r->rounds / 2].latency, at[i]);
			double up = (log10(fmax(ns, 500)) - low) / (high - low);

			fprintf(out, "%.1f,%.1f ",
				CURVE_X + CURVE_WIDTH * i / (n - 1.0),
				y + height * (1 - fmin(up, 1)));
		}
		fputs("\"/>\n", out);
	}
}

static void legend(const struct bench_report *r, FILE *out)
{
	for (unsigned t = 0; t < r->targets; t++) {
		unsigned x = BAR_X + 130 * t;

		fprintf(out, "<rect x=\"%u\" y=\"12\" width=\"12\" height=\"12\" fill=\"%s\"/>\n",
			x, color_of(t));
		text(out, x + 16, 22, "start", r->target[t].name);
	}
	text(out, BAR_X, 48, "start", "operations a second");
	text(out, CURVE_X, 48, "start",
	     "latency, 0.5 us to 50 ms (log), at p10 50 75 90 95 99 99.5 99.9");
}

void bench_report_svg(const struct bench_report *r, const char *path)
{
	double panel = fmax(r->targets * LINE, 48) + 14;
	double height = HEAD + r->works * panel;
	FILE *out = fopen(path, "we");

	if (!out)
		bench_fail_errno("%s", path);
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		WIDTH, height);
	legend(r, out);
	for (unsigned w = 0; w < r->works; w++) {
		double y = HEAD + w * panel;

		text(out, BAR_X - 10, y + 16, "end", r->work[w]->name);
		bars(r, w, y, out);
		curves(r, w, y, panel - 14, out);
	}
	fputs("</svg>\n", out);
	if (fclose(out))
		bench_fail_errno("%s", path);
}
