/* SPDX-License-Identifier: MIT */
/*
 * Conformance of a share on /dev/fuse with its host directory; see conf.h.
 *
 *     test_conformance [-lnv] [-d DIR] [-g SHARES] [-o OPTIONS] [-p PROGRAM]
 *                      [PATTERN...]
 *
 * A PATTERN is AREA or AREA/CASE.  -n compares the host with itself, which
 * shows whether the cases are deterministic.  -g is for a guest: what is
 * compared with DIR, a folder of the guest, is mounted below SHARES already:
 * the shares SHARES/rw and SHARES/ro, and SHARES/under, whose folders rw and ro
 * those two are.
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
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77
#define CASES_MAX 512
#define CASE_SECONDS 100
/* More than cache=auto lets names and attributes hold. */
#define SETTLE_MS 1100

extern const struct conf_area
	conf_area_open, conf_area_names, conf_area_rename, conf_area_attr,
	conf_area_priv, conf_area_size, conf_area_io, conf_area_map,
	conf_area_dir, conf_area_stat, conf_area_xattr, conf_area_acl,
	conf_area_flags, conf_area_tmpfile, conf_area_lock, conf_area_readonly,
	conf_area_under, conf_area_event, conf_area_pipe, conf_area_full,
	conf_area_path, conf_area_times, conf_area_caps, conf_area_idmap,
	conf_area_link, conf_area_exec, conf_area_special, conf_area_far,
	conf_area_random;

static const struct conf_area *const areas[] = {
	&conf_area_open, &conf_area_names, &conf_area_rename, &conf_area_attr,
	&conf_area_priv, &conf_area_size, &conf_area_io, &conf_area_map,
	&conf_area_dir, &conf_area_stat, &conf_area_xattr, &conf_area_acl,
	&conf_area_flags, &conf_area_tmpfile, &conf_area_lock,
	&conf_area_readonly, &conf_area_under, &conf_area_event,
	&conf_area_pipe, &conf_area_full, &conf_area_path, &conf_area_times,
	&conf_area_caps, &conf_area_idmap, &conf_area_link,
	&conf_area_exec, &conf_area_special, &conf_area_far,
	&conf_area_random,
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

/*
 * An own directory on the host, with what the case wants to find there; false
 * where that cannot be had.
 */
static bool prepare(const struct item *item, const char *base, const char *id,
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
		if (item->c->flags & CONF_SMALL &&
		    !conf_small_mount(item->c->flags & CONF_QUOTA))
			_exit(SKIPPED);
		if (item->c->prepare)
			item->c->prepare();
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		record->broken = true;
	return !WIFEXITED(status) || WEXITSTATUS(status) != SKIPPED;
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

/* ---- a case ------------------------------------------------------------ */

static void remove_both(const struct conf_pair *pair, const struct item *item,
			const char *id)
{
	const char *const dirs[] = { pair->host, pair->shared };
	char path[PATH_MAX * 2];

	for (size_t i = 0; i < CONF_COUNT(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], id);
		if (item->c->flags & CONF_SMALL)
			conf_small_unmount(path);
		conf_tree_remove(path);
	}
}

/* Else what is on the host may be older than what the mount says. */
static void write_back(const char *mount)
{
	int fd;

	if (!strstr(setup.options, "writeback"))
		return;
	fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (syncfs(fd) && errno != ENOSPC)
		perror(mount);
	close(fd);
}

static void run_item(void **state)
{
	const struct item *item = *state;
	const struct conf_pair *pair = item->c->flags & CONF_READ_ONLY ?
				       &setup.ro : &setup.rw;
	struct conf_comparison c = { .name = item->name, .left = "host:",
				     .title = item->title, .setup = &setup };
	unsigned differences;
	char id[32];

	if (item->c->options &&
	    fnmatch(item->c->options, setup.traits, FNM_EXTMATCH))
		skip();
	/* What a guest mounts is not on the host. */
	if (item->c->flags & CONF_SMALL && setup.guest)
		skip();
	snprintf(id, sizeof(id), "case%td", item - items);
	if (!prepare(item, pair->host, id, host_record) ||
	    !prepare(item, pair->shared, id, mount_record)) {
		remove_both(pair, item, id);
		print_message("no file system with quotas can be made here\n");
		skip();
	}
	conf_known_ran(item->name);
	run(item, pair->host_view, pair->host, id, host_record);
	run(item, pair->mount, pair->shared, id, mount_record);
	if (!(item->c->flags & CONF_UNDERNEATH)) {
		inspect(pair->host_view, id, 0, host_record);
		inspect(pair->mount, id, 0, mount_record);
	}
	differences = conf_compare(&c, host_record, mount_record);
	if (host_record->broken || mount_record->broken)
		differences++;
	if (!(item->c->flags & CONF_UNDERNEATH)) {
		host_record->len = mount_record->len = 0;
		write_back(pair->mount);
		inspect(pair->shared, id, CONF_TREE_IDENTITY, host_record);
		inspect(pair->mount, id, CONF_TREE_IDENTITY, mount_record);
		c.left = "under:";
		differences += conf_compare(&c, host_record, mount_record);
	}
	remove_both(pair, item, id);
	if (differences)
		fail_msg("%s: %u differences%s", item->title, differences,
			 host_record->broken ? ", and it broke off" : "");
}

/* The last one: what is known to differ does. */
static void known_differences_appear(void **state)
{
	(void)state;
	assert_int_equal(conf_known_missing(&setup), 0);
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
	fputs("usage: test_conformance [-lnv] [-d DIR] [-g SHARES] [-o OPTIONS] [-p PROGRAM] [AREA|AREA/CASE]...\n",
	      stderr);
	exit(2);
}

static bool parse(int argc, char **argv)
{
	static char program[PATH_MAX], base[PATH_MAX], traits[1024];
	const char *build = getenv("top_builddir"), *dir = getenv("TMPDIR");
	struct utsname system;
	bool list = false;
	int c;

	snprintf(program, sizeof(program), "%s/virtiofs-mount",
		 build ? build : ".");
	setup.program = program;
	while ((c = getopt(argc, argv, "lnvd:g:o:p:")) != -1) {
		switch (c) {
		case 'l': list = true; break;
		case 'n': setup.program = NULL; break;
		case 'v': setup.verbose = true; break;
		case 'd': dir = realpath(optarg, base); break;
		case 'g': setup.guest = optarg; break;
		case 'o': setup.options = optarg; break;
		case 'p': setup.program = optarg; break;
		default: usage();
		}
	}
	uname(&system);
	snprintf(traits, sizeof(traits), "%s%s,linux-%s", setup.options,
		 setup.guest ? ",guest" : "", system.release);
	setup.traits = traits;
	snprintf(setup.dir, sizeof(setup.dir), "%s/conformance-XXXXXX",
		 dir ? dir : "/tmp");
	return list;
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[CASES_MAX + 1];
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
	if (geteuid() || (!setup.guest && access("/dev/fuse", W_OK))) {
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
	tests[count++] = (struct CMUnitTest)
		cmocka_unit_test(known_differences_appear);
	failed = _cmocka_run_group_tests("conformance", tests, count, NULL,
					 NULL);
	return conf_setup_end(&setup) && !failed ? 0 : 1;
}
