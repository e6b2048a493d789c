/* SPDX-License-Identifier: MIT */
/*
 * vfs_idmap.c - one sorted table of ranges for each direction, searched by
 * halves.
 */
#include "virtio/fs/vfs_idmap.h"

#include "common/bytes.h"
#include "lxutil/lx.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX (UINT32_MAX - 1)
/* "squash-guest" and three numbers of 10 digits need 46. */
#define RULE_MAX 64
#define WHITE " \t\r\n"

enum kind {
	SHIFT,                          /* first is target, and so on */
	SQUASH,                         /* every one is target */
	FORBID
};

struct range {
	uint32_t first, last;
	uint32_t target;
	enum kind kind;
};

struct table {
	struct range *ranges;           /* by first; they do not overlap */
	size_t count;
};

struct vfs_idmap {
	struct table to_host;
	struct table to_guest;
};

/* ---- lookup ------------------------------------------------------------ */

/* The index of the range with the least last that is not below id, or count. */
static size_t lower_bound(const struct table *t, uint32_t id)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->ranges[mid].last < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int look_up(const struct table *t, uint32_t id, uint32_t *ret_id)
{
	size_t index = lower_bound(t, id);
	const struct range *r;

	if (index == t->count || id < t->ranges[index].first) {
		*ret_id = id;
		return 0;
	}
	r = &t->ranges[index];
	if (r->kind == FORBID)
		return -LX_EPERM;
	*ret_id = r->kind == SQUASH ? r->target : r->target + (id - r->first);
	return 0;
}

int vfs_idmap_to_host(const struct vfs_idmap *map, uint32_t id,
		      uint32_t *ret_id)
{
	if (map)
		return look_up(&map->to_host, id, ret_id);
	*ret_id = id;
	return 0;
}

uint32_t vfs_idmap_to_guest(const struct vfs_idmap *map, uint32_t id)
{
	/* There is no rule that forbids host ids. */
	if (map)
		look_up(&map->to_guest, id, &id);
	return id;
}

/* ---- rules ------------------------------------------------------------- */

/* What a rule says, and where errors about it go. */
struct rule {
	char text[RULE_MAX];
	char *error;
	size_t error_size;
};

__attribute__((format(printf, 2, 3)))
static int fail(const struct rule *rule, const char *format, ...)
{
	int len = snprintf(rule->error, rule->error_size, "'%s': ", rule->text);
	va_list ap;

	if (len < 0 || (size_t)len >= rule->error_size)
		return -LX_EINVAL;
	va_start(ap, format);
	vsnprintf(rule->error + len, rule->error_size - (size_t)len, format,
		  ap);
	va_end(ap);
	return -LX_EINVAL;
}

/* Add a range to one direction; side is whose ids it is about. */
static int insert(const struct rule *rule, struct table *t, const char *side,
		  const struct range *range)
{
	size_t index = lower_bound(t, range->first);
	struct range *ranges = t->ranges;

	if (index < t->count && ranges[index].first <= range->last)
		return fail(rule, "an earlier rule has the %s ids %u to %u",
			    side, ranges[index].first, ranges[index].last);
	ranges = realloc(ranges, (t->count + 1) * sizeof(*ranges));
	if (!ranges) {
		fail(rule, "no memory");
		return -LX_ENOMEM;
	}
	memmove(ranges + index + 1, ranges + index,
		(t->count - index) * sizeof(*ranges));
	ranges[index] = *range;
	t->ranges = ranges;
	t->count++;
	return 0;
}

/* COUNT ids from source on; those that they become must be ids too. */
static int make_range(const struct rule *rule, enum kind kind,
		      uint32_t source, uint32_t target, uint32_t count,
		      struct range *ret_range)
{
	if (!count)
		return fail(rule, "expected a count of at least 1");
	if (source > ID_MAX || count - 1 > ID_MAX - source)
		return fail(rule, "ids from %u on: expected none above %u",
			    source, ID_MAX);
	if (target > ID_MAX ||
	    (kind == SHIFT && count - 1 > ID_MAX - target))
		return fail(rule, "ids from %u on: expected none above %u",
			    target, ID_MAX);
	*ret_range = (struct range){ source, source + (count - 1), target,
				     kind };
	return 0;
}

static bool parse_number(const char *text, uint32_t *ret)
{
	uint64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
		if (n > UINT32_MAX)
			return false;
	}
	*ret = (uint32_t)n;
	return true;
}

/* Cut text at its colons; returns how many fields there are, or max + 1. */
static size_t split(char *text, char *fields[], size_t max)
{
	size_t count = 0;

	while (text && count < max) {
		fields[count++] = text;
		text = strchr(text, ':');
		if (text)
			*text++ = '\0';
	}
	return text ? max + 1 : count;
}

static const struct type {
	const char *name;
	const char *form;
	size_t numbers;
	enum kind kind;
	bool guest, host;               /* ids of whom it translates */
} types[] = {
	{ "guest", "guest:GUEST:HOST:COUNT", 3, SHIFT, true, false },
	{ "host", "host:HOST:GUEST:COUNT", 3, SHIFT, false, true },
	{ "map", "map:GUEST:HOST:COUNT", 3, SHIFT, true, true },
	{ "squash-guest", "squash-guest:GUEST:HOST:COUNT", 3, SQUASH, true,
	  false },
	{ "squash-host", "squash-host:HOST:GUEST:COUNT", 3, SQUASH, false,
	  true },
	{ "forbid-guest", "forbid-guest:GUEST:COUNT", 2, FORBID, true, false },
};

static int add_range(struct vfs_idmap *map, const struct rule *rule,
		     const struct type *type, const uint32_t n[])
{
	uint32_t target = type->numbers == 3 ? n[1] : 0;
	uint32_t count = n[type->numbers - 1];
	struct range range = { 0 };
	int err;

	err = make_range(rule, type->kind, n[0], target, count, &range);
	if (!err && type->guest)
		err = insert(rule, &map->to_host, "guest", &range);
	/* `map` is written as the guest sees it. */
	if (!err && type->guest && type->host)
		err = make_range(rule, type->kind, target, n[0], count,
				 &range);
	if (!err && type->host)
		err = insert(rule, &map->to_guest, "host", &range);
	return err;
}

static int add_rule(struct vfs_idmap *map, const struct rule *rule)
{
	const struct type *type = NULL;
	char text[RULE_MAX];
	char *fields[4];
	uint32_t n[3] = { 0 };
	size_t count;

	memcpy(text, rule->text, sizeof(text));
	count = split(text, fields, ARRAY_LEN(fields));
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (!strcmp(fields[0], types[i].name))
			type = &types[i];
	if (!type)
		return fail(rule, "expected map, guest, host, squash-guest, squash-host or forbid-guest, and a colon");
	if (count != 1 + type->numbers)
		return fail(rule, "expected %s", type->form);
	for (size_t i = 0; i < type->numbers; i++)
		if (!parse_number(fields[1 + i], &n[i]))
			return fail(rule, "'%s': expected a number from 0 to %u",
				    fields[1 + i], UINT32_MAX);
	return add_range(map, rule, type, n);
}

int vfs_idmap_add(struct vfs_idmap **map, const char *rules, char *error,
		  size_t error_size)
{
	struct rule rule = { .error = error, .error_size = error_size };
	size_t len;
	int err;

	if (!*map)
		*map = calloc(1, sizeof(**map));
	if (!*map) {
		fail(&rule, "no memory");
		return -LX_ENOMEM;
	}
	rules += strspn(rules, WHITE);
	if (!*rules)
		return fail(&rule, "expected a rule, such as map:0:1000:1");
	for (; *rules; rules += len + strspn(rules + len, WHITE)) {
		len = strcspn(rules, WHITE);
		snprintf(rule.text, sizeof(rule.text), "%.*s",
			 (int)MIN(len, sizeof(rule.text)), rules);
		if (len >= sizeof(rule.text))
			return fail(&rule, "a rule is not as long as this");
		err = add_rule(*map, &rule);
		if (err)
			return err;
	}
	return 0;
}

void vfs_idmap_free(struct vfs_idmap *map)
{
	if (!map)
		return;
	free(map->to_host.ranges);
	free(map->to_guest.ranges);
	free(map);
}
