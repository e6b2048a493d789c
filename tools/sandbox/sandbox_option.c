/* SPDX-License-Identifier: MIT */
#include "tools/sandbox/sandbox.h"

#include "common/bytes.h"
#include "tools/sandbox/sandbox_caps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char sandbox_option_help[] =
	"  --sandbox namespace|chroot|landlock|none\n"
	"                    how the server is shut in with its shares (default:\n"
	"                    namespace)\n"
	"  --seccomp kill|log|trap|none\n"
	"                    what a system call that it does not need comes to\n"
	"                    (default: kill)\n"
	"  --modcaps LIST    change its capabilities, as in +sys_admin:-mknod\n"
	"  --rlimit-nofile N how many descriptors it may have; 0: as many as now\n"
	"                    (default: up to 1000000)\n"
	"  --uid-map :INSIDE:OUTSIDE:COUNT:, --gid-map :INSIDE:OUTSIDE:COUNT:\n"
	"                    ids of its user namespace; each may repeat\n";

/* Words, by the numbers they stand for. */
static const char *const modes[] = {
	[SANDBOX_NAMESPACE] = "namespace",
	[SANDBOX_CHROOT] = "chroot",
	[SANDBOX_LANDLOCK] = "landlock",
	[SANDBOX_NONE] = "none",
};

static const char *const actions[] = {
	[SANDBOX_SECCOMP_KILL] = "kill",
	[SANDBOX_SECCOMP_NONE] = "none",
	[SANDBOX_SECCOMP_LOG] = "log",
	[SANDBOX_SECCOMP_TRAP] = "trap",
};

/* The number of a word, or -1. */
static int find(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(words[i], word))
			return (int)i;
	}
	return -1;
}

static bool set_mode(struct sandbox_options *options, const char *value,
		     char *err, size_t err_size)
{
	int mode = find(modes, ARRAY_LEN(modes), value);

	if (mode < 0) {
		snprintf(err, err_size,
			 "there is no '%s'; expected namespace, chroot, landlock or none",
			 value);
		return false;
	}
	options->mode = (enum sandbox_mode)mode;
	return true;
}

static bool set_seccomp(struct sandbox_options *options, const char *value,
			char *err, size_t err_size)
{
	int action = find(actions, ARRAY_LEN(actions), value);

	if (action < 0) {
		snprintf(err, err_size,
			 "there is no '%s'; expected kill, log, trap or none",
			 value);
		return false;
	}
	options->seccomp = (enum sandbox_seccomp)action;
	return true;
}

static bool set_caps(struct sandbox_options *options, const char *value,
		     char *err, size_t err_size)
{
	return sandbox_caps_parse(value, &options->caps_add,
				  &options->caps_drop, err, err_size);
}

static bool set_nofile(struct sandbox_options *options, const char *value,
		       char *err, size_t err_size)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno) {
		snprintf(err, err_size,
			 "'%s' is no number of descriptors", value);
		return false;
	}
	options->nofile = n;
	options->nofile_given = true;
	return true;
}

static bool add_uids(struct sandbox_options *options, const char *value,
		     char *err, size_t err_size)
{
	return sandbox_idmap_add(&options->uid_map, value, err, err_size);
}

static bool add_gids(struct sandbox_options *options, const char *value,
		     char *err, size_t err_size)
{
	return sandbox_idmap_add(&options->gid_map, value, err, err_size);
}

static const struct {
	const char *name;
	bool (*set)(struct sandbox_options *options, const char *value,
		    char *err, size_t err_size);
} table[] = {
	{ "sandbox", set_mode },
	{ "seccomp", set_seccomp },
	{ "modcaps", set_caps },
	{ "rlimit-nofile", set_nofile },
	{ "uid-map", add_uids },
	{ "gid-map", add_gids },
};

bool sandbox_has_option(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (!strcmp(table[i].name, name))
			return true;
	}
	return false;
}

bool sandbox_set_option(struct sandbox_options *options, const char *name,
			const char *value, char *err, size_t err_size)
{
	char why[SANDBOX_ERR_MAX];

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (strcmp(table[i].name, name))
			continue;
		if (table[i].set(options, value, why, sizeof(why)))
			return true;
		snprintf(err, err_size, "--%s: %s", name, why);
		return false;
	}
	snprintf(err, err_size, "there is no option '--%s'", name);
	return false;
}
