/* SPDX-License-Identifier: MIT */
/*
 * conf_compare.c - what two runs of a case have recorded, line by line.
 */
#include "tests/conformance/conf_run.h"

#include <stdio.h>
#include <string.h>

#define DIFFERENCES_SHOWN 10
#define LINES_MAX 100000
#define LINES_AHEAD 100

struct lines {
	size_t count;
	char *line[LINES_MAX];
};

/* Cut what was recorded into lines, in place. */
static void split(struct conf_record *record, struct lines *ret_lines)
{
	char *at = record->text, *end = at + record->len, *newline;

	ret_lines->count = 0;
	while (ret_lines->count < LINES_MAX &&
	       (newline = memchr(at, '\n', (size_t)(end - at)))) {
		*newline = '\0';
		ret_lines->line[ret_lines->count++] = at;
		at = newline + 1;
	}
}

/* Tell of one difference; returns whether it counts. */
static bool differ(const struct conf_comparison *c, const char *left,
		   const char *right, unsigned shown)
{
	const char *why;

	left = left ? left : CONF_NOTHING;
	right = right ? right : CONF_NOTHING;
	why = conf_known(c->name, left, right, c->setup);
	if (why && !c->setup->verbose)
		return false;
	if (shown < DIFFERENCES_SHOWN)
		fprintf(stderr, "%s%s%s\n  %-6s %s\n  mount: %s\n", c->title,
			why ? ", accepted: " : "", why ? why : "", c->left,
			left, right);
	else if (shown == DIFFERENCES_SHOWN)
		fprintf(stderr, "%s: and more\n", c->title);
	return !why;
}

/*
 * How many lines to skip on either side until they are the same again; as many
 * lines on either side are taken for pairs.
 */
static void resynchronize(const struct lines *a, size_t i,
			  const struct lines *b, size_t j,
			  size_t *ret_skip_a, size_t *ret_skip_b)
{
	for (size_t sum = 1; a->count != b->count && sum < LINES_AHEAD; sum++)
		for (size_t k = 0; k <= sum; k++)
			if (i + k < a->count && j + sum - k < b->count &&
			    !strcmp(a->line[i + k], b->line[j + sum - k])) {
				*ret_skip_a = k;
				*ret_skip_b = sum - k;
				return;
			}
	*ret_skip_a = i < a->count;
	*ret_skip_b = j < b->count;
}

unsigned conf_compare(const struct conf_comparison *c,
		      struct conf_record *left, struct conf_record *right)
{
	static struct lines a, b;
	size_t i = 0, j = 0, skip_a, skip_b;
	unsigned count = 0;

	split(left, &a);
	split(right, &b);
	while (i < a.count || j < b.count) {
		if (i < a.count && j < b.count &&
		    !strcmp(a.line[i], b.line[j])) {
			i++;
			j++;
			continue;
		}
		resynchronize(&a, i, &b, j, &skip_a, &skip_b);
		for (; skip_a || skip_b; skip_a -= !!skip_a,
		     skip_b -= !!skip_b)
			count += differ(c, skip_a ? a.line[i++] : NULL,
					skip_b ? b.line[j++] : NULL, count);
	}
	return count;
}
