/* SPDX-License-Identifier: MIT */
#include "common/log.h"

#include "common/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* A sink that keeps the last line and counts. */
struct kept {
	unsigned lines;
	enum log_level level;
	char target[32];
	char message[LOG_LINE_MAX];
};

static void keep(void *ctx, enum log_level level, const char *target,
		 const char *message)
{
	struct kept *kept = ctx;

	kept->lines++;
	kept->level = level;
	snprintf(kept->target, sizeof(kept->target), "%s", target);
	snprintf(kept->message, sizeof(kept->message), "%s", message);
}

static void kept_init(struct kept *kept, struct log *log)
{
	*kept = (struct kept){ 0 };
	log_init(log, -1);
	log_set_sink(log, keep, kept);
}

/* ---- the filter -------------------------------------------------------- */

/*
 * Levels by their first letters, in the order fuse, virtiofs, virtio, pci,
 * lxutil, plugin, vfio_user, vhost_user; bad: the directive that is refused.
 */
static const struct {
	const char *filter, *levels, *bad;
} filters[] = {
	{ "", "iiiiiiii", NULL },
	{ "off", "oooooooo", NULL },
	{ "error", "eeeeeeee", NULL },
	{ "warn", "wwwwwwww", NULL },
	{ "info", "iiiiiiii", NULL },
	{ "debug", "dddddddd", NULL },
	{ "trace", "tttttttt", NULL },
	{ "DEBUG,fuse=Trace", "tddddddd", NULL },
	{ "fuse=trace", "tiiiiiii", NULL },
	{ "fuse=trace,virtiofs=trace", "ttiiiiii", NULL },
	{ "warn,fuse=trace", "twwwwwww", NULL },
	{ "fuse=trace,warn", "twwwwwww", NULL },
	{ "virtio=debug", "iddiiiii", NULL },
	{ "virtio=debug,virtiofs=trace", "itdiiiii", NULL },
	{ "virtiofs=trace,virtio=debug", "itdiiiii", NULL },
	{ "virtiofs=off,virtio=debug,error", "eodeeeee", NULL },
	{ "v=error,vfio=debug", "ieeiiide", NULL },
	{ "vfio=debug,v=error", "ieeiiide", NULL },
	{ "info,debug", "dddddddd", NULL },
	{ "fuse=debug,fuse=warn", "wiiiiiii", NULL },
	{ ",,warn,", "wwwwwwww", NULL },
	{ "nonsense", "iiiiiiii", "nonsense" },
	{ "fuse", "iiiiiiii", "fuse" },
	{ "fuse=", "iiiiiiii", "fuse=" },
	{ "=debug", "iiiiiiii", "=debug" },
	{ "=", "iiiiiiii", "=" },
	{ "fuse=loud", "iiiiiiii", "fuse=loud" },
	{ "fuse=debug=trace", "iiiiiiii", "fuse=debug=trace" },
	{ "fuses=debug", "iiiiiiii", "fuses=debug" },
	{ "debugs", "iiiiiiii", "debugs" },
	{ "debu", "iiiiiiii", "debu" },
	{ "nosuch=debug", "iiiiiiii", "nosuch=debug" },
	{ "fuse=trace,bogus,pci=off,worse", "tiioiiii", "bogus" },
};

static void assert_levels(const struct log *log, const char *levels)
{
	char found[LOG_TARGETS + 1] = "";

	for (int i = 0; i < LOG_TARGETS; i++)
		found[i] = log_level_name(log->level[i])[0];
	assert_string_equal(found, levels);
}

static void the_filter_means_what_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		struct log log;
		char bad[64] = "";

		log_init(&log, 2);
		assert_int_equal(log_set_filter(&log, filters[i].filter, bad,
						sizeof(bad)),
				 !filters[i].bad);
		assert_string_equal(bad, filters[i].bad ? filters[i].bad : "");
		assert_levels(&log, filters[i].levels);
		/* The name of what is bad is not needed, or does not fit. */
		assert_int_equal(log_set_filter(&log, filters[i].filter, NULL,
						0), !filters[i].bad);
		log_set_filter(&log, filters[i].filter, bad, 4);
		assert_true(strlen(bad) <= 3 || !filters[i].bad);
	}
}

static void openvmm_log_wins_over_hvlite_log(void **state)
{
	static const struct {
		const char *openvmm, *hvlite, *levels;
	} t[] = {
		{ NULL, NULL, "iiiiiiii" },
		{ NULL, "debug", "dddddddd" },
		{ "warn", NULL, "wwwwwwww" },
		{ "fuse=warn", "trace", "wiiiiiii" },
		{ "", "debug", "dddddddd" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct log log;

		unsetenv("OPENVMM_LOG");
		unsetenv("HVLITE_LOG");
		if (t[i].openvmm)
			setenv("OPENVMM_LOG", t[i].openvmm, 1);
		if (t[i].hvlite)
			setenv("HVLITE_LOG", t[i].hvlite, 1);
		log_init(&log, 2);
		log_set_filter_from_env(&log);
		assert_levels(&log, t[i].levels);
	}
	unsetenv("OPENVMM_LOG");
	unsetenv("HVLITE_LOG");
}

static void a_bad_directive_in_the_environment_is_warned_about(void **state)
{
	struct kept kept;
	struct log log;

	(void)state;
	kept_init(&kept, &log);
	setenv("HVLITE_LOG", "fuse=debug,loud", 1);
	log_set_filter_from_env(&log);
	unsetenv("HVLITE_LOG");
	assert_int_equal(log.level[LOG_FUSE], LOG_DEBUG);
	assert_int_equal(kept.lines, 1);
	assert_int_equal(kept.level, LOG_WARN);
	assert_non_null(strstr(kept.message, "HVLITE_LOG"));
	assert_non_null(strstr(kept.message, "'loud'"));
}

/* ---- lines ------------------------------------------------------------- */

static void a_sink_gets_level_target_and_the_bare_line(void **state)
{
	struct kept kept;
	struct log log;

	(void)state;
	kept_init(&kept, &log);
	log_warn(&log, LOG_VFIO_USER, "%s is %d", "x", 7);
	assert_int_equal(kept.lines, 1);
	assert_int_equal(kept.level, LOG_WARN);
	assert_string_equal(kept.target, "vfio_user");
	assert_string_equal(kept.message, "x is 7");
}

static void a_disabled_line_evaluates_no_argument(void **state)
{
	struct kept kept;
	struct log log;
	int calls = 0;

	(void)state;
	kept_init(&kept, &log);
	log_debug(&log, LOG_FUSE, "%d", ++calls);
	log_limited(&log, LOG_FUSE, LOG_TRACE, "%d", ++calls);
	assert_int_equal(calls, 0);
	log_info(&log, LOG_FUSE, "%d", ++calls);
	assert_int_equal(calls, 1);
	log_set_filter(&log, "off", NULL, 0);
	log_error(&log, LOG_FUSE, "%d", ++calls);
	assert_int_equal(calls, 1);
	assert_int_equal(kept.lines, 1);
}

static void a_long_line_is_cut(void **state)
{
	char big[2 * LOG_LINE_MAX];
	struct kept kept;
	struct log log;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	kept_init(&kept, &log);
	log_info(&log, LOG_FUSE, "%s", big);
	assert_in_range(strlen(kept.message), LOG_LINE_MAX - 8,
			LOG_LINE_MAX - 1);
}

/* Who logs a failure still wants to return its number. */
static void logging_leaves_errno_alone(void **state)
{
	struct log log;

	(void)state;
	log_init(&log, 9999);           /* no such descriptor */
	errno = ENOTDIR;
	log_error(&log, LOG_FUSE, "lost");
	assert_int_equal(errno, ENOTDIR);
}

/* ---- files ------------------------------------------------------------- */

static char path[] = "/tmp/test_log.XXXXXX";

static int make_file(void **state)
{
	int fd;

	(void)state;
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	if (fd < 0 || write(fd, "before\n", 7) != 7)
		return -1;
	return close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

/* The whole file, NUL-terminated, to be freed. */
static char *slurp(void)
{
	FILE *f = fopen(path, "r");
	char *buf = calloc(1, 1 << 20);

	assert_non_null(f);
	assert_non_null(buf);
	assert_true(fread(buf, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return buf;
}

static void assert_matches(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0))
		fail_msg("'%s' does not match %s", text, pattern);
	regfree(&re);
}

static void a_file_is_appended_to(void **state)
{
	char *text;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct log log;

		log_init(&log, -1);
		assert_int_equal(log_open_file(&log, path), 0);
		log_info(&log, LOG_FUSE, "line %d", i);
		log_error(&log, LOG_VHOST_USER, "line %d", i);
		log_done(&log);
	}
	text = slurp();
	assert_matches(text, "^before\n"
		       " +[0-9]+\\.[0-9]{6} info  fuse: line 0\n"
		       " +[0-9]+\\.[0-9]{6} error vhost_user: line 0\n"
		       " +[0-9]+\\.[0-9]{6} info  fuse: line 1\n"
		       " +[0-9]+\\.[0-9]{6} error vhost_user: line 1\n$");
	free(text);
}

static void a_cut_line_still_ends_in_a_newline(void **state)
{
	char *text, big[2 * LOG_LINE_MAX];
	struct log log;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_init(&log, -1);
	assert_int_equal(log_open_file(&log, path), 0);
	log_info(&log, LOG_FUSE, "%s", big);
	log_info(&log, LOG_FUSE, "next");
	log_done(&log);
	text = slurp();
	assert_matches(text, "^before\n[^\n]*: x+\n[^\n]*: next\n$");
	assert_true(strlen(text) < 7 + LOG_LINE_MAX + 64);
	free(text);
}

static void a_file_that_cannot_be_opened_is_an_error(void **state)
{
	struct kept kept;
	struct log log;

	(void)state;
	kept_init(&kept, &log);
	assert_int_equal(log_open_file(&log, "/nonexistent/log"), -ENOENT);
	log_info(&log, LOG_FUSE, "still here");
	assert_string_equal(kept.message, "still here");
	log_done(&log);
}

/* The lowest free descriptor, which the next file will get. */
static int next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

static void a_fifo_that_nobody_reads_is_not_waited_for(void **state)
{
	char fifo[] = "/tmp/log-test-XXXXXX";
	struct log log;
	int fd;

	(void)state;
	alarm(60);
	assert_non_null(mkdtemp(fifo));
	assert_int_equal(rmdir(fifo), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	log_init(&log, -1);
	assert_int_equal(log_open_file(&log, fifo), -ENXIO);
	fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(log_open_file(&log, fifo), 0);
	/* Lines are written as they are to other files. */
	assert_false(fcntl(log.fd, F_GETFL) & O_NONBLOCK);
	log_done(&log);
	close(fd);
	unlink(fifo);
	alarm(0);
}

static void another_destination_closes_the_file(void **state)
{
	int fd = next_fd();
	struct kept kept;
	struct log log;

	(void)state;
	log_init(&log, -1);
	assert_int_equal(log_open_file(&log, path), 0);
	assert_int_equal(log_open_file(&log, path), 0);
	kept.lines = 0;
	log_set_sink(&log, keep, &kept);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(fcntl(fd + 1, F_GETFD), -1);
	log_info(&log, LOG_FUSE, "x");
	assert_int_equal(kept.lines, 1);
	log_done(&log);
}

static void *write_lines(void *arg)
{
	const struct log *log = arg;

	for (int i = 0; i < 200; i++)
		log_info(log, LOG_FUSE, "%s", "a line that stays whole");
	return NULL;
}

static void lines_of_several_threads_stay_whole(void **state)
{
	unsigned lines = 0;
	pthread_t thread[4];
	struct log log;
	char *text;

	(void)state;
	log_init(&log, -1);
	assert_int_equal(log_open_file(&log, path), 0);
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, write_lines,
						&log), 0);
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		pthread_join(thread[i], NULL);
	log_done(&log);
	text = slurp();
	for (char *save, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (lines++)
			assert_matches(line, "^ +[0-9]+\\.[0-9]{6} info  fuse: a line that stays whole$");
	}
	assert_int_equal(lines, 801);
	free(text);
}

/* ---- rate limit -------------------------------------------------------- */

static void a_place_may_write_a_burst_in_each_period(void **state)
{
	unsigned here = 0, there = 0;
	struct kept kept;
	struct log log;

	(void)state;
	kept_init(&kept, &log);
	for (int i = 0; i < 100; i++) {
		kept.lines = 0;
		log_limited(&log, LOG_FUSE, LOG_WARN, "again");
		here += kept.lines;
		kept.lines = 0;
		log_limited(&log, LOG_FUSE, LOG_WARN, "and again");
		there += kept.lines;
	}
	/* A new period may have begun meanwhile. */
	assert_in_range(here, LOG_BURST, 2 * LOG_BURST);
	assert_in_range(there, LOG_BURST, 2 * LOG_BURST);
}

static void a_new_period_allows_a_new_burst(void **state)
{
	struct log_limit limit = { 0 };

	(void)state;
	while (log_limit_ok(&limit))
		;
	atomic_fetch_sub(&limit.period, 1);
	for (int i = 0; i < LOG_BURST; i++)
		assert_true(log_limit_ok(&limit));
}

static void one_log_does_not_use_up_the_burst_of_another(void **state)
{
	struct kept kept[2];
	struct log log[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		kept_init(&kept[i], &log[i]);
	for (int i = 0; i < 200; i++)
		log_limited(&log[i / 100], LOG_FUSE, LOG_WARN, "again");
	for (int i = 0; i < 2; i++)
		assert_in_range(kept[i].lines, LOG_BURST, 2 * LOG_BURST);
}

static void trace_has_no_limit(void **state)
{
	struct kept kept;
	struct log log;

	(void)state;
	kept_init(&kept, &log);
	log_set_filter(&log, "fuse=trace", NULL, 0);
	for (int i = 0; i < 100; i++)
		log_limited(&log, LOG_FUSE, LOG_WARN, "again");
	assert_int_equal(kept.lines, 100);
}

/* ---- names in lines ---------------------------------------------------- */

static void escapes_what_does_not_print(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, size;
		const char *text;
	} t[] = {
		{ "", 0, 16, "" },
		{ "plain name", 10, 16, "plain name" },
		{ "a\nb", 3, 16, "a\\x0ab" },
		{ "\\\"", 2, 16, "\\x5c\\x22" },
		{ "\0\x7f\xff", 3, 16, "\\x00\\x7f\\xff" },
		{ "\x1b[2J", 4, 16, "\\x1b[2J" },
		/* What fits exactly is not cut. */
		{ "abcd", 4, 5, "abcd" },
		{ "abc\n", 4, 8, "abc\\x0a" },
		{ "abcde", 5, 5, "a..." },
		{ "abc\n", 4, 7, "abc..." },
		{ "\n\n", 2, 8, "\\x0a..." },
		{ "\n\n", 2, 7, "..." },
		/* A buffer too small for anything is still a string. */
		{ "abcdef", 6, 4, "..." },
		{ "abcdef", 6, 3, ".." },
		{ "abcdef", 6, 1, "" },
		{ "a", 1, 2, "a" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		char buf[17];

		memset(buf, '#', sizeof(buf));
		assert_ptr_equal(log_escape(buf, t[i].size, t[i].bytes,
					    t[i].len), buf);
		assert_string_equal(buf, t[i].text);
		assert_int_equal(buf[t[i].size], '#');
	}
}

static void names_are_known(void **state)
{
	(void)state;
	assert_string_equal(log_target_name(LOG_FUSE), "fuse");
	assert_string_equal(log_target_name(LOG_VIRTIOFS), "virtiofs");
	assert_string_equal(log_target_name(LOG_VHOST_USER), "vhost_user");
	assert_string_equal(log_level_name(LOG_OFF), "off");
	assert_string_equal(log_level_name(LOG_TRACE), "trace");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_filter_means_what_the_table_says),
		cmocka_unit_test(openvmm_log_wins_over_hvlite_log),
		cmocka_unit_test(
			a_bad_directive_in_the_environment_is_warned_about),
		cmocka_unit_test(a_sink_gets_level_target_and_the_bare_line),
		cmocka_unit_test(a_disabled_line_evaluates_no_argument),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(logging_leaves_errno_alone),
		cmocka_unit_test_setup_teardown(a_file_is_appended_to,
						make_file, remove_file),
		cmocka_unit_test_setup_teardown(
			a_cut_line_still_ends_in_a_newline, make_file,
			remove_file),
		cmocka_unit_test(a_file_that_cannot_be_opened_is_an_error),
		cmocka_unit_test(a_fifo_that_nobody_reads_is_not_waited_for),
		cmocka_unit_test_setup_teardown(
			another_destination_closes_the_file, make_file,
			remove_file),
		cmocka_unit_test_setup_teardown(
			lines_of_several_threads_stay_whole, make_file,
			remove_file),
		cmocka_unit_test(a_place_may_write_a_burst_in_each_period),
		cmocka_unit_test(a_new_period_allows_a_new_burst),
		cmocka_unit_test(one_log_does_not_use_up_the_burst_of_another),
		cmocka_unit_test(trace_has_no_limit),
		cmocka_unit_test(escapes_what_does_not_print),
		cmocka_unit_test(names_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
