/* SPDX-License-Identifier: MIT */
/*
 * Conformance of a share on /dev/fuse with its host directory; see conf.h.
 *
 *     test_conformance [-lnv] [-d DIR] [-o OPTIONS] [-p PROGRAM] [PATTERN...]
 *
 * A PATTERN is AREA or AREA/CASE.  -n compares the host with itself, which
 * shows whether the cases are deterministic.
 */
#include "tests/conformance/conf_run.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77
#define CASES_MAX 512
#define CASE_SECONDS 30
/* More than cache=auto lets names and attributes hold. */
#define SETTLE_MS 1100
#define DIFFERENCES_SHOWN 10
#define LINES_MAX 100000
#define LINES_AHEAD 100

extern const struct conf_area
	conf_area_open, conf_area_names, conf_area_rename, conf_area_attr,
	conf_area_priv, conf_area_size, conf_area_io, conf_area_map,
	conf_area_dir, conf_area_stat, conf_area_xattr, conf_area_acl,
	conf_area_flags, conf_area_tmpfile, conf_area_lock, conf_area_readonly,
	conf_area_under;

static const struct conf_area *const areas[] = {
	&conf_area_open, &conf_area_names, &conf_area_rename, &conf_area_attr,
	&conf_area_priv, &conf_area_size, &conf_area_io, &conf_area_map,
	&conf_area_dir, &conf_area_stat, &conf_area_xattr, &conf_area_acl,
	&conf_area_flags, &conf_area_tmpfile, &conf_area_lock,
	&conf_area_readonly, &conf_area_under,
};

/* A case as one kind of person. */
struct item {
	char name[128];                 /* AREA/CASE */
	char title[160];
	const struct conf_case *c;
	enum conf_who who;
};

static struct conf_setup setup = { .options = "" };
static struct conf_record *host_record, *mount_record;
static struct item items[CASES_MAX];

/* ---- running ----------------------------------------------------------- */

static void enter(const char *base, const char *id)
{
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), "%s/%s", base, id);
	MUST(chdir(path));
}

static int open_at(const char *base, const char *id)
{
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), "%s/%s", base, id);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* An own directory on the host, with what the case wants to find there. */
static void prepare(const struct item *item, const char *base, const char *id,
		    struct conf_record *record)
{
	char path[PATH_MAX * 2];
	int status = -1;
	pid_t pid;

	record->broken = false;
	record->len = 0;
	conf_record_use(record);
	snprintf(path, sizeof(path), "%s/%s", base, id);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		MUST(mkdir(path, 0755));
		if (item->who == CONF_AS_USER)
			MUST(chown(path, CONF_UID, CONF_GID));
		MUST(chdir(path));
		if (item->c->prepare)
			item->c->prepare();
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		record->broken = true;
}

/* In a process (and process group) of its own, of which nothing is left. */
static void run(const struct item *item, const char *base, const char *under,
		const char *id, struct conf_record *record)
{
	pid_t pid;
	int status;

	conf_record_use(record);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(CASE_SECONDS);
		umask(022);
		enter(base, id);
		conf_host_fd = open_at(under, id);
		if (strcmp(base, under) && !strstr(setup.options, "cache=never"))
			conf_settle_ms = SETTLE_MS;
		conf_become(item->who);
		item->c->run();
		_exit(0);
	}
	setpgid(pid, pid);
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	if (status && !record->broken) {
		conf_on("%s", "");
		conf_say("the case ended with status %#x", status);
		record->broken = true;
	}
}

/* What is left of the case's directory. */
static void inspect(const char *base, const char *id, unsigned flags,
		    struct conf_record *record)
{
	int fd = open_at(base, id);

	conf_record_use(record);
	conf_say("---- left behind");
	conf_tree_say(fd, flags);
	close(fd);
	if (chdir("/"))
		perror("/");
}

/* ---- comparing --------------------------------------------------------- */

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
static bool differ(const struct item *item, const char *left_name,
		   const char *left, const char *right, unsigned shown)
{
	const char *why = left && right ?
			  conf_known(item->name, left, right, setup.options) :
			  NULL;

	if (why && !setup.verbose)
		return false;
	if (shown < DIFFERENCES_SHOWN)
		print_error("%s%s%s\n  %-6s %s\n  mount: %s\n", item->title,
			    why ? ", accepted: " : "", why ? why : "",
			    left_name, left ? left : "(nothing)",
			    right ? right : "(nothing)");
	else if (shown == DIFFERENCES_SHOWN)
		print_error("%s: and more\n", item->title);
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

/* The number of differences. */
static unsigned compare(const struct item *item, const char *left_name,
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
			count += differ(item, left_name,
					skip_a ? a.line[i++] : NULL,
					skip_b ? b.line[j++] : NULL, count);
	}
	return count;
}

static void remove_both(const struct conf_pair *pair, const char *id)
{
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), "%s/%s", pair->host, id);
	conf_tree_remove(path);
	snprintf(path, sizeof(path), "%s/%s", pair->shared, id);
	conf_tree_remove(path);
}

static void run_item(void **state)
{
	const struct item *item = *state;
	const struct conf_pair *pair = item->c->flags & CONF_READ_ONLY ?
				       &setup.ro : &setup.rw;
	unsigned differences;
	char id[32];

	if (item->c->option && !strstr(setup.options, item->c->option))
		skip();
	snprintf(id, sizeof(id), "case%td", item - items);
	prepare(item, pair->host, id, host_record);
	prepare(item, pair->shared, id, mount_record);
	run(item, pair->host_view, pair->host, id, host_record);
	run(item, pair->mount, pair->shared, id, mount_record);
	if (!(item->c->flags & CONF_UNDERNEATH)) {
		inspect(pair->host_view, id, 0, host_record);
		inspect(pair->mount, id, 0, mount_record);
	}
	differences = compare(item, "host:", host_record, mount_record);
	if (host_record->broken || mount_record->broken)
		differences++;
	if (!(item->c->flags & CONF_UNDERNEATH)) {
		host_record->len = mount_record->len = 0;
		inspect(pair->shared, id, CONF_TREE_IDENTITY, host_record);
		inspect(pair->mount, id, CONF_TREE_IDENTITY, mount_record);
		differences += compare(item, "under:", host_record,
				       mount_record);
	}
	remove_both(pair, id);
	if (differences)
		fail_msg("%s: %u differences%s", item->title, differences,
			 host_record->broken ? ", and it broke off" : "");
}

/* ---- choosing ---------------------------------------------------------- */

static bool chosen(const char *area, const char *name, char **patterns)
{
	for (char **p = patterns; *p; p++)
		if (!fnmatch(*p, area, 0) || !fnmatch(*p, name, 0))
			return true;
	return !*patterns;
}

static size_t add(const struct conf_area *area, const struct conf_case *c,
		  enum conf_who who, struct CMUnitTest *test, size_t at)
{
	struct item *item = &items[at];

	snprintf(item->name, sizeof(item->name), "%s/%s", area->name, c->name);
	snprintf(item->title, sizeof(item->title), "%s/%s%s", area->name,
		 c->name, who == CONF_AS_USER ? " (as a user)" : "");
	item->c = c;
	item->who = who;
	test[at] = (struct CMUnitTest){ .name = item->title,
					.test_func = run_item,
					.initial_state = item };
	return at + 1;
}

static size_t choose(char **patterns, struct CMUnitTest *tests)
{
	size_t count = 0;

	for (size_t i = 0; i < CONF_COUNT(areas); i++) {
		const struct conf_area *area = areas[i];

		for (size_t j = 0; j < area->count; j++) {
			const struct conf_case *c = &area->cases[j];
			char name[128];

			snprintf(name, sizeof(name), "%s/%s", area->name,
				 c->name);
			if (!chosen(area->name, name, patterns) ||
			    count + 2 > CASES_MAX)
				continue;
			if (c->flags & CONF_ROOT)
				count = add(area, c, CONF_AS_ROOT, tests,
					    count);
			if (c->flags & CONF_USER)
				count = add(area, c, CONF_AS_USER, tests,
					    count);
		}
	}
	return count;
}

static void usage(void)
{
	fputs("usage: test_conformance [-lnv] [-d DIR] [-o OPTIONS] [-p PROGRAM] [AREA|AREA/CASE]...\n",
	      stderr);
	exit(2);
}

static bool parse(int argc, char **argv)
{
	static char program[PATH_MAX];
	const char *build = getenv("top_builddir"), *dir = getenv("TMPDIR");
	bool list = false;
	int c;

	snprintf(program, sizeof(program), "%s/virtiofs-mount",
		 build ? build : ".");
	setup.program = program;
	while ((c = getopt(argc, argv, "lnvd:o:p:")) != -1) {
		switch (c) {
		case 'l': list = true; break;
		case 'n': setup.program = NULL; break;
		case 'v': setup.verbose = true; break;
		case 'd': dir = optarg; break;
		case 'o': setup.options = optarg; break;
		case 'p': setup.program = optarg; break;
		default: usage();
		}
	}
	snprintf(setup.dir, sizeof(setup.dir), "%s/conformance-XXXXXX",
		 dir ? dir : "/tmp");
	return list;
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[CASES_MAX];
	bool list = parse(argc, argv);
	size_t count = choose(argv + optind, tests);
	int failed;

	if (!count) {
		fputs("no case is called that; -l lists them\n", stderr);
		return 2;
	}
	for (size_t i = 0; list && i < count; i++)
		puts(items[i].title);
	if (list)
		return 0;
	if (geteuid() || access("/dev/fuse", W_OK)) {
		fputs("needs root and /dev/fuse\n", stderr);
		return SKIPPED;
	}
	if (setup.verbose)
		conf_known_print();
	host_record = conf_record_new();
	mount_record = conf_record_new();
	if (!conf_setup_begin(&setup)) {
		conf_setup_end(&setup);
		return 1;
	}
	failed = _cmocka_run_group_tests("conformance", tests, count, NULL,
					 NULL);
	return conf_setup_end(&setup) && !failed ? 0 : 1;
}
