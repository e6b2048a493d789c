/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_xattrmap.h"

#include "common/bytes.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHITE " \t\r\n"
/* So much of a word that is none. */
#define WORD_SHOWN 40u
#define CAPABILITY "security.capability"

enum type {
	PREFIX,
	OK,
	BAD,
	UNSUPPORTED,
	MAP                             /* in the text only */
};

enum scope {
	CLIENT = 1,
	SERVER = 2,
	ALL = CLIENT | SERVER
};

struct rule {
	enum type type;
	enum scope scope;
	size_t key_len, prepend_len;
	char key[LX_XATTR_NAME_MAX + 1];
	char prepend[LX_XATTR_NAME_MAX + 1];
};

struct vfs_xattrmap {
	char capability[LX_XATTR_NAME_MAX + 1]; /* empty: as Linux calls it */
	size_t count;
	struct rule *rules;
};

/* ---- use --------------------------------------------------------------- */

/* name need not be terminated after len bytes. */
static const struct rule *find(const struct vfs_xattrmap *map,
			       enum scope scope, const char *name, size_t len)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct rule *r = &map->rules[i];
		const char *start = scope == CLIENT ? r->key : r->prepend;
		size_t start_len = scope == CLIENT ? r->key_len :
						     r->prepend_len;

		if (r->scope & scope && len >= start_len &&
		    !memcmp(name, start, start_len))
			return r;
	}
	return NULL;
}

static int copy_name(const char *start, size_t start_len, const char *name,
		     size_t len, char *ret_name)
{
	if (start_len + len > LX_XATTR_NAME_MAX)
		return -LX_ERANGE;
	memcpy(ret_name, start, start_len);
	memcpy(ret_name + start_len, name, len + 1);
	return 0;
}

int vfs_xattrmap_to_host(const struct vfs_xattrmap *map, const char *name,
			 char ret_name[LX_XATTR_NAME_MAX + 1])
{
	size_t len = strlen(name);
	const struct rule *rule;

	if (!map)
		return copy_name("", 0, name, len, ret_name);
	rule = find(map, CLIENT, name, len);
	if (!rule || rule->type == BAD)
		return -LX_EPERM;
	if (rule->type == UNSUPPORTED)
		return -LX_EOPNOTSUPP;
	return copy_name(rule->prepend,
			 rule->type == PREFIX ? rule->prepend_len : 0, name,
			 len, ret_name);
}

size_t vfs_xattrmap_list(const struct vfs_xattrmap *map, char *list,
			 size_t len)
{
	const char *from = list, *end = list + len;
	char *to = list;

	if (!map)
		return len;
	while (from < end) {
		const char *name = from;
		size_t name_len = strnlen(name, (size_t)(end - name));
		const struct rule *rule = find(map, SERVER, name, name_len);

		from += name_len + 1;
		if (!rule || (rule->type != PREFIX && rule->type != OK))
			continue;
		if (rule->type == PREFIX) {
			name += rule->prepend_len;
			name_len -= rule->prepend_len;
		}
		/* The last name of a list that is cut has no NUL. */
		if (!name_len || name + name_len == end)
			continue;
		memmove(to, name, name_len + 1);
		to += name_len + 1;
	}
	return (size_t)(to - list);
}

const char *vfs_xattrmap_capability_name(const struct vfs_xattrmap *map)
{
	return map && *map->capability ? map->capability : NULL;
}

/* ---- rules ------------------------------------------------------------- */

struct parser {
	const char *at;
	unsigned number;                /* of the rule, from 1 */
	char *error;
	size_t error_size;
	struct vfs_xattrmap *map;
};

__attribute__((format(printf, 2, 3)))
static int fail(const struct parser *p, const char *format, ...)
{
	int len = snprintf(p->error, p->error_size, "rule %u: ", p->number);
	va_list ap;

	if (len < 0 || (size_t)len >= p->error_size)
		return -LX_EINVAL;
	va_start(ap, format);
	vsnprintf(p->error + len, p->error_size - (size_t)len, format, ap);
	va_end(ap);
	return -LX_EINVAL;
}

#if __GNUC__ >= 10 && !defined(__clang__)
/* gcc's analyzer loses sight of the rules, which stay with the map. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

static int add(struct parser *p, enum type type, enum scope scope,
	       const char *key, const char *prepend)
{
	struct vfs_xattrmap *map = p->map;
	struct rule *rules = realloc(map->rules,
				     (map->count + 1) * sizeof(*rules));
	struct rule *r;

	if (!rules) {
		fail(p, "no memory");
		return -LX_ENOMEM;
	}
	map->rules = rules;
	r = &rules[map->count++];
	*r = (struct rule){
		.type = type,
		.scope = scope,
		.key_len = strlen(key),
		.prepend_len = strlen(prepend),
	};
	memcpy(r->key, key, r->key_len);
	memcpy(r->prepend, prepend, r->prepend_len);
	return 0;
}

/* What `map` stands for. */
static int add_map(struct parser *p, const char *key, const char *prepend)
{
	int err = add(p, PREFIX, ALL, key, prepend);

	if (!*key)
		return err ? err : add(p, BAD, ALL, "", "");
	if (!err)
		err = add(p, BAD, SERVER, "", key);
	if (!err)
		err = add(p, BAD, CLIENT, prepend, "");
	return err ? err : add(p, OK, ALL, "", "");
}

/* One field up to the separator, which is taken too. */
static int take(struct parser *p, char separator, const char *what,
		char ret_field[LX_XATTR_NAME_MAX + 1])
{
	const char *end = strchr(p->at, separator);
	size_t len;

	if (!end)
		return fail(p, "expected %s and a '%c' after it: ':TYPE:SCOPE:KEY:PREPEND:' or ':map:KEY:PREPEND:'",
			    what, separator);
	len = (size_t)(end - p->at);
	if (len > LX_XATTR_NAME_MAX)
		return fail(p, "%s has %zu bytes: expected at most %u", what,
			    len, LX_XATTR_NAME_MAX);
	memcpy(ret_field, p->at, len);
	ret_field[len] = '\0';
	p->at = end + 1;
	return 0;
}

/* The index of a word in words; -LX_EINVAL. */
static int take_word(struct parser *p, char separator, const char *what,
		     const char *const words[], size_t count)
{
	char word[LX_XATTR_NAME_MAX + 1];
	int err = take(p, separator, what, word);

	if (err)
		return err;
	for (size_t i = 0; i < count; i++)
		if (words[i] && !strcmp(word, words[i]))
			return (int)i;
	return fail(p, "%s '%.*s': expected %s", what,
		    (int)MIN(strcspn(word, WHITE), WORD_SHOWN), word,
		    count > ALL + 1 ? "prefix, ok, bad, unsupported or map" :
				      "client, server or all");
}

static int parse_rule(struct parser *p)
{
	static const char *const types[] = {
		[PREFIX] = "prefix", [OK] = "ok", [BAD] = "bad",
		[UNSUPPORTED] = "unsupported", [MAP] = "map",
	};
	static const char *const scopes[] = {
		[CLIENT] = "client", [SERVER] = "server", [ALL] = "all",
	};
	char key[LX_XATTR_NAME_MAX + 1] = "";
	char prepend[LX_XATTR_NAME_MAX + 1] = "";
	char separator = *p->at;
	int type, scope = ALL, err;

	if (!ispunct((unsigned char)separator))
		return fail(p, "expected a separator at its start, such as ':'");
	p->at++;
	type = take_word(p, separator, "type", types, ARRAY_LEN(types));
	if (type >= 0 && type != MAP)
		scope = take_word(p, separator, "scope", scopes,
				  ARRAY_LEN(scopes));
	if (type < 0 || scope < 0)
		return MIN(type, scope);
	err = take(p, separator, "key", key);
	if (!err)
		err = take(p, separator, "prepend", prepend);
	if (err)
		return err;
	if (type == MAP)
		return add_map(p, key, prepend);
	return add(p, (enum type)type, (enum scope)scope, key, prepend);
}

static int parse(struct parser *p)
{
	bool last = false;
	int err;

	for (;;) {
		p->at += strspn(p->at, WHITE);
		if (!*p->at)
			break;
		if (last)
			return fail(p, "is 'map': expected it to be the last");
		p->number++;
		last = !strncmp(p->at + 1, "map", 3);
		err = parse_rule(p);
		if (err)
			return err;
	}
	p->number += !p->number;
	return p->map->count ? 0 : fail(p, "expected ':TYPE:SCOPE:KEY:PREPEND:' or ':map:KEY:PREPEND:'");
}

int vfs_xattrmap_new(const char *rules, char *error, size_t error_size,
		     struct vfs_xattrmap **ret_map)
{
	struct vfs_xattrmap *map = calloc(1, sizeof(*map));
	struct parser p = {
		.at = rules,
		.error = error,
		.error_size = error_size,
		.map = map,
	};
	int err;

	if (!map) {
		fail(&p, "no memory");
		return -LX_ENOMEM;
	}
	err = parse(&p);
	if (err) {
		vfs_xattrmap_free(map);
		return err;
	}
	if (vfs_xattrmap_to_host(map, CAPABILITY, map->capability) ||
	    !strcmp(map->capability, CAPABILITY))
		*map->capability = '\0';
	*ret_map = map;
	return 0;
}

void vfs_xattrmap_free(struct vfs_xattrmap *map)
{
	if (!map)
		return;
	free(map->rules);
	free(map);
}
