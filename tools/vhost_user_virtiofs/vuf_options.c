/* SPDX-License-Identifier: MIT */
#include "tools/vhost_user_virtiofs/vuf_options.h"

#include "common/bytes.h"
#include "tools/vhost_user_virtiofs/vuf_table.h"

#include <string.h>

/* virtiofsd's defaults where they are others than those of a share. */
#define SHARE_DEFAULTS "no-xattr,no-killpriv-v2"
/* The tag of a front-end that has its own and does not ask. */
#define TAG_DEFAULT "virtiofs"

/* Where the arguments are read from and to. */
struct parser {
	struct vuf_options *options;
	char *err;
	size_t err_size;
};

G_GNUC_PRINTF(2, 3)
static bool fail(const struct parser *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	g_vsnprintf(p->err, p->err_size, format, ap);
	va_end(ap);
	return false;
}

static const char *dashes(const char *name)
{
	return name[1] ? "--" : "-";
}

/* ---- what a row does ---------------------------------------------------- */

/* In the text of a share a comma is written twice. */
static void append_escaped(GString *text, const char *value)
{
	for (; *value; value++) {
		if (*value == ',')
			g_string_append_c(text, ',');
		g_string_append_c(text, *value);
	}
}

static void add_share_option(GString *share, const char *option,
			     const char *value)
{
	g_string_append_printf(share, ",%s", option);
	if (!value)
		return;
	g_string_append_c(share, '=');
	append_escaped(share, value);
}

/* The same warning once. */
static void warn(const struct parser *p, const struct vuf_row *row)
{
	g_autofree char *line = NULL;
	g_autofree char *name = NULL;
	GPtrArray *warnings = p->options->warnings;

	if (!row->to)
		return;
	name = g_strdup(row->name);
	if (row->legacy)
		g_strdelimit(name, "-", '_');
	line = g_strdup_printf("option '%s%s' has no effect: %s",
			       row->legacy ? "-o " : dashes(name), name,
			       row->to);
	if (!g_ptr_array_find_with_equal_func(warnings, line, g_str_equal,
					      NULL))
		g_ptr_array_add(warnings, g_steal_pointer(&line));
}

/* What the word that is the value stands for; NULL: it is none of them. */
static const char *find_word(const struct parser *p, const struct vuf_row *row,
			     const char *value)
{
	g_autoptr(GString) all = g_string_new(NULL);

	for (const struct vuf_word *w = row->words; w->word; w++) {
		if (!value || !strcmp(value, w->word))
			return w->to;
		g_string_append_printf(all, "%s%s", all->len ? ", " : "",
				       w->word);
	}
	fail(p, "%s%s=%s: expected one of %s", dashes(row->name), row->name,
	     value, all->str);
	return NULL;
}

static bool apply(const struct parser *p, const struct vuf_row *row,
		  const char *value)
{
	struct vuf_options *o = p->options;
	void *field = (char *)o + row->at;
	const char *to = row->to;

	if (row->words) {
		to = find_word(p, row, value);
		if (!to)
			return false;
		value = NULL;
	}
	switch (row->effect) {
	case VUF_FLAG:
		*(bool *)field = true;
		break;
	case VUF_TEXT:
		*(const char **)field = value ? value : to;
		break;
	case VUF_SHARE:
		add_share_option(o->share_options, to, value);
		break;
	case VUF_LIST:
		g_ptr_array_add(o->shares, g_strdup(value));
		break;
	case VUF_NOTHING:
		warn(p, row);
		break;
	case VUF_LEGACY:
		break;
	}
	return true;
}

/* ---- from arguments to rows --------------------------------------------- */

static const struct vuf_row *find_row(const char *name, bool legacy)
{
	for (size_t i = 0; i < vuf_table_rows; i++)
		if (!strcmp(vuf_table[i].name, name) &&
		    (legacy || !vuf_table[i].legacy))
			return &vuf_table[i];
	return NULL;
}

static bool set_sandbox(const struct parser *p, const char *name,
			const char *value)
{
	if (!value)
		return fail(p, "option '--%s' needs a value", name);
	return sandbox_set_option(&p->options->sandbox, name, value, p->err,
				  p->err_size);
}

static bool set_row(const struct parser *p, const struct vuf_row *row,
		    const char *value)
{
	const char *before = dashes(row->name);

	if (!row->value && value)
		return fail(p, "option '%s%s' takes no value", before,
			    row->name);
	if (row->value && !row->optional && !value)
		return fail(p, "option '%s%s' needs a value: %s", before,
			    row->name, row->value);
	return apply(p, row, value);
}

/* One NAME[=VALUE] of -o, whose names have '_' where others have '-'. */
static bool set_legacy(const struct parser *p, char *name)
{
	char *value = strchr(name, '=');
	const struct vuf_row *row;

	if (value)
		*value++ = '\0';
	g_strdelimit(name, "_", '-');
	row = find_row(name, true);
	if (row && row->effect != VUF_LEGACY && row->name[1])
		return set_row(p, row, value);
	if (sandbox_has_option(name))
		return set_sandbox(p, name, value);
	g_strdelimit(name, "-", '_');
	return fail(p, "unknown option '-o %s' (see --help)", name);
}

/* The next of a list up to its comma; ",," is a comma that does not separate. */
static char *take(const struct parser *p, const char **list)
{
	GString *piece = g_string_new(NULL);
	const char *s = *list;

	for (; *s && (*s != ',' || *++s == ','); s++)
		g_string_append_c(piece, *s);
	*list = s;
	g_ptr_array_add(p->options->owned, piece->str);
	return g_string_free(piece, FALSE);
}

/* The options of one -o. */
static bool parse_legacy(const struct parser *p, const char *list)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.*): an option with a value */
	while (*list) {
		char *option = take(p, &list);

		if (*option && !set_legacy(p, option))
			return false;
	}
	return true;
}

/* One argument; *arg is left at the last one that it takes. */
static bool parse_argument(const struct parser *p, char ***arg)
{
	bool is_long = g_str_has_prefix(**arg, "--");
	g_autofree char *name = NULL;
	const struct vuf_row *row;
	char *value = NULL;

	if (***arg != '-' || !(**arg)[1 + is_long])
		return fail(p, "unexpected argument '%s' (see --help)", **arg);
	if (is_long) {
		name = g_strdup(**arg + 2);
		value = strchr(**arg, '=');
		name[strcspn(name, "=")] = '\0';
		if (value)
			value++;
	} else {
		name = g_strndup(**arg + 1, 1);
		if ((**arg)[2])
			value = **arg + 2;
	}
	row = is_long == (strlen(name) > 1) ? find_row(name, false) : NULL;
	if (!row && !(is_long && sandbox_has_option(name)))
		return fail(p, "unknown option '%s%s' (see --help)",
			    is_long ? "--" : "-", name);
	if (!value && (!row || (row->value && !row->optional)) && (*arg)[1])
		value = *++*arg;
	if (!row)
		return set_sandbox(p, name, value);
	return set_row(p, row, value) &&
	       (row->effect != VUF_LEGACY || parse_legacy(p, value));
}

/* ---- all together ------------------------------------------------------- */

/* The share that virtiofsd's options describe. */
static void add_shared_dir(struct vuf_options *o)
{
	GString *share = g_string_new(NULL);

	append_escaped(share, o->tag ? o->tag : TAG_DEFAULT);
	g_string_append_c(share, ',');
	/* A directory, whatever its name: no option, nor part of the tag. */
	if (g_str_has_prefix(o->shared_dir, "folder=") ||
	    *o->shared_dir == ',')
		g_string_append(share, "./");
	append_escaped(share, o->shared_dir);
	g_string_append_printf(share, "," SHARE_DEFAULTS "%s",
			       o->share_options->str);
	g_ptr_array_add(o->shares, g_string_free(share, FALSE));
}

static bool check_socket(const struct parser *p)
{
	const struct vuf_options *o = p->options;

	if (!!o->socket_path + !!o->socket_dir + !!o->fd != 1)
		return fail(p, "expected one of --socket-path PATH, --socket-dir DIR and --fd FD");
	if (o->shares->len > 1 && !o->socket_dir)
		return fail(p, "%u shares on one socket; expected --socket-dir DIR",
			    o->shares->len);
	if (o->fd && o->socket_group)
		return fail(p, "--socket-group is for a socket that is made here, not for --fd");
	return true;
}

/* Do the options go together?  Completes them. */
static bool finish(const struct parser *p)
{
	struct vuf_options *o = p->options;

	if (o->help || o->version || o->print_capabilities)
		return true;
	if (o->shares->len && (o->shared_dir || o->tag ||
			       o->share_options->len))
		return fail(p, "--virtio-fs stands for --shared-dir, --tag and options of the share: expected them within TAG:ROOT[,OPTION...]");
	if (!o->shares->len && !(o->shared_dir && *o->shared_dir))
		return fail(p, "nothing to share; expected --shared-dir DIR (see --help)");
	o->has_tag = o->tag || o->shares->len;
	if (o->shared_dir)
		add_shared_dir(o);
	o->once |= !!o->fd;
	return check_socket(p);
}

bool vuf_options_parse(int argc, char **argv, struct vuf_options *ret_options,
		       char *err, size_t err_size)
{
	struct vuf_options options = {
		.shares = g_ptr_array_new_with_free_func(g_free),
		.warnings = g_ptr_array_new_with_free_func(g_free),
		.owned = g_ptr_array_new_with_free_func(g_free),
		.share_options = g_string_new(NULL),
	};
	struct parser p = { &options, err, err_size };
	bool ok = true;

	(void)argc;
	for (char **arg = argv + 1; ok && *arg; arg++)
		ok = parse_argument(&p, &arg);
	if (!ok || !finish(&p)) {
		vuf_options_done(&options);
		return false;
	}
	*ret_options = options;
	return true;
}

void vuf_options_done(struct vuf_options *options)
{
	g_ptr_array_unref(options->shares);
	g_ptr_array_unref(options->warnings);
	g_ptr_array_unref(options->owned);
	g_string_free(options->share_options, TRUE);
}

void vuf_options_print(FILE *to)
{
	for (size_t i = 0; i < vuf_table_rows; i++) {
		const struct vuf_row *row = &vuf_table[i];
		g_autofree char *left = NULL;

		if (!row->help)
			continue;
		left = g_strdup_printf("%s%s%s%s%s%s", dashes(row->name),
				       row->name, row->optional ? "[" : "",
				       !row->value ? "" :
				       row->name[1] ? "=" : " ",
				       row->value ? row->value : "",
				       row->optional ? "]" : "");
		fprintf(to, "  %-28s%s%s\n", left,
			strlen(left) < 28 ? "" : "\n                              ",
			row->help);
	}
}
