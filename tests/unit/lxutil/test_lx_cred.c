/* SPDX-License-Identifier: MIT */
/*
 * Threads here stand for the plugin's workers.  Since a thread must not
 * assert, it notes what it saw and the test looks at that, and at the tree.
 */
#include "lxutil/linux/lx_cred.h"

#include "tests/unit/lxutil/lx_fixture.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define LINES_MAX 512

struct job {
	struct fixture *fx;
	struct lx_caller who;
	uint32_t mode;                  /* of what is created */
	gid_t group;                    /* the thread is also in this one */
	bool no_init;
	int err;                        /* of the calls, or'ed */
	char before[LINES_MAX], after[LINES_MAX];
};

/* The thread's ids, groups and capabilities as the kernel tells them. */
static void who_am_i(char lines[LINES_MAX])
{
	FILE *f = fopen("/proc/thread-self/status", "re");
	char line[256];
	size_t len = 0;

	lines[0] = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "Uid:", 4) && strncmp(line, "Gid:", 4) &&
		    strncmp(line, "Groups:", 7) && strncmp(line, "Cap", 3))
			continue;
		if (len + strlen(line) < LINES_MAX) {
			strcpy(lines + len, line);
			len += strlen(line);
		}
	}
	if (f)
		fclose(f);
}

/* One of each: "d", "f", "p", "l". */
static void create_all(void *arg)
{
	struct job *job = arg;
	struct lx_volume *vol = job->fx->vol;
	struct lx_node *root = job->fx->root, *node[4] = { NULL };
	struct lx_file *file = NULL;
	struct lx_stat st;

	if (job->group && syscall(SYS_setgroups, 1, &job->group))
		job->err = 1;
	if (!job->no_init)
		lx_thread_init();
	who_am_i(job->before);
	job->err |= lx_mkdir(vol, root, "d", job->mode, &job->who, &node[0],
			     &st);
	job->err |= lx_create(vol, root, "f", LX_O_RDWR, job->mode, &job->who,
			      &file, &node[1], &st);
	job->err |= lx_mknod(vol, root, "p", LX_S_IFIFO | job->mode, 0, 0,
			     &job->who, &node[2], &st);
	job->err |= lx_symlink(vol, root, "l", "target", &job->who, &node[3],
			       &st);
	who_am_i(job->after);
	lx_file_close(file);
	for (int i = 0; i < 4; i++)
		lx_node_close(vol, node[i]);
}

static void all_owned_by(struct fixture *fx, uid_t uid, gid_t gid)
{
	static const char *const names[] = { "d", "f", "p", "l" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_int_equal(fixture_stat(fx, names[i]).st_uid, uid);
		assert_int_equal(fixture_stat(fx, names[i]).st_gid, gid);
	}
}

static void what_is_created_belongs_to_the_caller(void **state)
{
	struct fixture *fx = *state;
	struct job job = { fx, .who = { .uid = 1234, .gid = 5678 },
			   .mode = 0640 };

	need_root();
	/* No one but root may create here; the guest's kernel has agreed. */
	assert_int_equal(fchmod(fx->fd, 0700), 0);
	fixture_in_thread(create_all, &job);
	assert_int_equal(job.err, 0);
	all_owned_by(fx, 1234, 5678);
	assert_string_equal(job.before, job.after);
	assert_non_null(strstr(job.after, "CapEff"));
}

static void root_creates_for_other_groups(void **state)
{
	struct fixture *fx = *state;
	struct job job = { fx, .who = { .gid = 5678 }, .mode = 0640 };

	need_root();
	fixture_in_thread(create_all, &job);
	assert_int_equal(job.err, 0);
	all_owned_by(fx, 0, 5678);
	assert_string_equal(job.before, job.after);
}

static void the_umask_takes_nothing(void **state)
{
	struct fixture *fx = *state;
	struct job job = { fx, .mode = 0777 };
	mode_t mask = umask(077);

	job.who = (struct lx_caller){ .uid = geteuid(), .gid = getegid() };
	fixture_in_thread(create_all, &job);
	/* And the process' is what it was. */
	assert_int_equal(umask(mask), 077);
	assert_int_equal(job.err, 0);
	assert_int_equal(fixture_stat(fx, "d").st_mode, S_IFDIR | 0777);
	assert_int_equal(fixture_stat(fx, "f").st_mode, S_IFREG | 0777);
	assert_int_equal(fixture_stat(fx, "p").st_mode, S_IFIFO | 0777);
}

/* With or without a umask of its own, the caller's counts. */
static void the_callers_umask_counts(void **state)
{
	struct fixture *fx = *state;
	struct job job = { fx, .mode = 0777 };
	mode_t mask = umask(002);

	job.who = (struct lx_caller){ .uid = geteuid(), .gid = getegid(),
				      .umask = 07027 };
	for (int i = 0; i < 2; i++) {
		job.no_init = i;
		fixture_in_thread(create_all, &job);
		assert_int_equal(job.err, 0);
		assert_int_equal(fixture_stat(fx, "d").st_mode,
				 S_IFDIR | 0750);
		assert_int_equal(fixture_stat(fx, "f").st_mode,
				 S_IFREG | 0750);
		assert_int_equal(fixture_stat(fx, "p").st_mode,
				 S_IFIFO | 0750);
		assert_int_equal(unlinkat(fx->fd, "f", 0), 0);
		assert_int_equal(unlinkat(fx->fd, "p", 0), 0);
		assert_int_equal(unlinkat(fx->fd, "l", 0), 0);
		assert_int_equal(unlinkat(fx->fd, "d", AT_REMOVEDIR), 0);
	}
	assert_int_equal(umask(mask), 002);
}

/* An ACL as the kernel takes it: u::rwx g::rwx o::rwx. */
static const struct {
	uint32_t version;
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} entry[3];
} everybody = {
	2, { { 1, 7, UINT32_MAX }, { 4, 7, UINT32_MAX },
	     { 32, 7, UINT32_MAX } },
};

static void a_default_acl_counts_instead_of_the_umask(void **state)
{
	struct fixture *fx = *state;
	struct job job = { fx, .mode = 0770 };

	job.who = (struct lx_caller){ .uid = geteuid(), .gid = getegid(),
				      .umask = 077 };
	if (fsetxattr(fx->fd, "system.posix_acl_default", &everybody,
		      sizeof(everybody), 0))
		skip();
	fixture_in_thread(create_all, &job);
	assert_int_equal(job.err, 0);
	assert_int_equal(fixture_stat(fx, "d").st_mode, S_IFDIR | 0770);
	assert_int_equal(fixture_stat(fx, "f").st_mode, S_IFREG | 0770);
}

struct masks_job {
	struct lx_caller who;
	mode_t seen[3];
};

static void enter_with_masks(void *arg)
{
	static const uint32_t masks[] = { 022, 077, 0 };
	struct masks_job *job = arg;

	lx_thread_init();
	for (int i = 0; i < 3; i++) {
		struct lx_cred cred;
		uint32_t rest;

		job->who.umask = masks[i];
		if (lx_cred_enter(&job->who, &rest, &cred))
			continue;
		job->seen[i] = umask(masks[i]) | (rest & 0777) << 16;
		lx_cred_leave(&cred);
	}
}

static void the_umask_follows_the_caller(void **state)
{
	struct masks_job job = { .who = { .uid = 1234 } };

	(void)state;
	fixture_in_thread(enter_with_masks, &job);
	assert_int_equal(job.seen[0], 022);
	assert_int_equal(job.seen[1], 077);
	assert_int_equal(job.seen[2], 0);
}

static void a_thread_without_init_creates_as_the_process(void **state)
{
	struct fixture *fx = *state;
	struct job job = { fx, .who = { .uid = 1234, .gid = 5678 },
			   .mode = 0640,
			   .no_init = true };

	fixture_in_thread(create_all, &job);
	assert_int_equal(job.err, 0);
	all_owned_by(fx, geteuid(), getegid());
	assert_string_equal(job.before, job.after);
}

static void a_process_without_privilege_owns_what_it_creates(void **state)
{
	struct fixture *fx = *state;
	struct job job = { fx, .who = { .uid = 1234, .gid = 5678 },
			   .mode = 0640 };

	need_root();
	fixture_as_user(create_all, &job);
	assert_int_equal(job.err, 0);
	all_owned_by(fx, 1000, 1000);
	assert_string_equal(job.before, job.after);
}

/* What the caller wrote shall not be run as somebody else. */
static void nor_is_it_setuid_for_somebody_else(void **state)
{
	static const struct lx_caller callers[] = {
		{ .uid = 1234, .gid = 1000 }, { .uid = 1000, .gid = 5678 },
		{ .uid = 0, .gid = 0 },
	};
	struct fixture *fx = *state;
	struct job job = { fx, .mode = 06755 };

	need_root();
	for (size_t i = 0; i < sizeof(callers) / sizeof(*callers); i++) {
		job.who = callers[i];
		fixture_as_user(create_all, &job);
		assert_int_equal(job.err, 0);
		assert_int_equal(fixture_stat(fx, "f").st_mode,
				 S_IFREG | 0755);
		assert_int_equal(fixture_stat(fx, "p").st_mode,
				 S_IFIFO | 0755);
		assert_int_equal(unlinkat(fx->fd, "d", AT_REMOVEDIR), 0);
		assert_int_equal(unlinkat(fx->fd, "f", 0), 0);
		assert_int_equal(unlinkat(fx->fd, "p", 0), 0);
		assert_int_equal(unlinkat(fx->fd, "l", 0), 0);
	}
	job.who = (struct lx_caller){ .uid = 1000, .gid = 1000 };
	fixture_as_user(create_all, &job);
	assert_int_equal(job.err, 0);
	assert_int_equal(fixture_stat(fx, "f").st_mode, S_IFREG | 06755);
}

static void make_setgid_root(struct fixture *fx)
{
	assert_int_equal(fchown(fx->fd, 0, 4321), 0);
	assert_int_equal(fchmod(fx->fd, 02770), 0);
}

static void a_setgid_directory_passes_its_group_on(void **state)
{
	struct fixture *fx = *state;
	struct job job = { fx, .who = { .uid = 1234, .gid = 5678 },
			   .mode = 0775 };

	need_root();
	make_setgid_root(fx);
	fixture_in_thread(create_all, &job);
	assert_int_equal(job.err, 0);
	all_owned_by(fx, 1234, 4321);
	assert_int_equal(fixture_stat(fx, "d").st_mode, S_IFDIR | 02775);
	assert_int_equal(fixture_stat(fx, "f").st_mode, S_IFREG | 0775);
}

/* CVE-2022-0358 was this: the group that counted was the server's. */
static void setgid_needs_a_caller_in_the_group(void **state)
{
	static const struct {
		struct lx_caller who;
		mode_t setgid;
	} cases[] = {
		{ { .uid = 1234, .gid = 5678 }, 0 },
		{ { .uid = 1234, .gid = 0 }, 0 },
		{ { .uid = 1234, .gid = 4321 }, S_ISGID },
		{ { .uid = 0, .gid = 5678 }, S_ISGID },
		{ { .uid = 0, .gid = 0 }, S_ISGID },
		/* In it by a further group, where has_group says so. */
		{ { .uid = 1234, .gid = 5678, .has_group = true,
		    .group = 4321 }, S_ISGID },
		{ { .uid = 1234, .gid = 5678, .has_group = true,
		    .group = 4322 }, 0 },
		{ { .uid = 1234, .gid = 5678, .group = 4321 }, 0 },
		{ { .uid = 1234, .gid = 5678, .has_group = true,
		    .group = UINT32_MAX }, 0 },
	};
	struct fixture *fx = *state;

	need_root();
	make_setgid_root(fx);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct job job = { fx, .who = cases[i].who, .mode = 02775,
				   .group = 4321 };

		fixture_in_thread(create_all, &job);
		assert_int_equal(job.err, 0);
		assert_string_equal(job.before, job.after);
		assert_int_equal(fixture_stat(fx, "f").st_gid, 4321);
		assert_int_equal(fixture_stat(fx, "f").st_mode,
				 S_IFREG | 0775 | cases[i].setgid);
		assert_int_equal(unlinkat(fx->fd, "f", 0), 0);
		assert_int_equal(unlinkat(fx->fd, "p", 0), 0);
		assert_int_equal(unlinkat(fx->fd, "l", 0), 0);
		assert_int_equal(unlinkat(fx->fd, "d", AT_REMOVEDIR), 0);
	}
}

static void a_thread_changes_nobody_else(void **state)
{
	struct fixture *fx = *state;
	struct job job = { fx, .who = { .uid = 1234, .gid = 5678 },
			   .mode = 0640 };
	static const gid_t groups[] = { 11, 22 };
	gid_t now[8];

	need_root();
	assert_int_equal(setgroups(2, groups), 0);
	fixture_in_thread(create_all, &job);
	assert_int_equal(job.err, 0);
	assert_null(strstr(job.before, "11 22"));
	assert_int_equal(getgroups(8, now), 2);
	assert_memory_equal(now, groups, sizeof(groups));
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(setfsuid((uid_t)-1), 0);
	assert_int_equal(setfsgid((gid_t)-1), 0);
}

struct enter_job {
	struct lx_caller who;
	struct lx_cred cred;
	uid_t uid, gid;
	char inside[LINES_MAX];
};

static void enter(void *arg)
{
	struct enter_job *job = arg;

	uint32_t mask;

	lx_thread_init();
	if (lx_cred_enter(&job->who, &mask, &job->cred))
		return;
	job->uid = (uid_t)setfsuid((uid_t)-1);
	job->gid = (gid_t)setfsgid((gid_t)-1);
	who_am_i(job->inside);
	lx_cred_leave(&job->cred);
}

static bool has_cap(const char *lines, unsigned cap)
{
	const char *eff = strstr(lines, "CapEff:");
	unsigned long long set = 0;

	assert_non_null(eff);
	assert_int_equal(sscanf(eff, "CapEff: %llx", &set), 1);
	return set >> cap & 1;
}

static void inside_some_are_missing(void **state)
{
	enum { DAC_OVERRIDE = 1, FSETID = 4, SYS_RESOURCE = 24, MKNOD = 27 };
	struct enter_job job = { .who = { .uid = 1234, .gid = 5678 } };

	(void)state;
	need_root();
	fixture_in_thread(enter, &job);
	assert_true(job.cred.changed);
	assert_int_equal(job.uid, 1234);
	assert_int_equal(job.gid, 5678);
	assert_true(has_cap(job.inside, DAC_OVERRIDE));
	assert_true(has_cap(job.inside, MKNOD));
	assert_false(has_cap(job.inside, FSETID));
	/* Else no quota would hold. */
	assert_false(has_cap(job.inside, SYS_RESOURCE));
	job.who = (struct lx_caller){ .gid = 5678 };
	fixture_in_thread(enter, &job);
	assert_true(has_cap(job.inside, FSETID));
	job.who = fixture_root;
	fixture_in_thread(enter, &job);
	assert_false(job.cred.changed);
}

struct fsetid_job {
	char without[LINES_MAX], again[LINES_MAX], entered[LINES_MAX],
	     left[LINES_MAX], with[LINES_MAX];
};

static void drop_fsetid(void *arg)
{
	const struct lx_caller other = { .uid = 1234 };
	struct fsetid_job *job = arg;
	struct lx_cred cred;
	uint32_t mask;

	lx_thread_init();
	lx_cred_fsetid(false);
	who_am_i(job->without);
	/* This one is not to take it for what the thread had. */
	lx_thread_init();
	lx_cred_fsetid(false);
	who_am_i(job->again);
	if (lx_cred_enter(&fixture_root, &mask, &cred))
		return;
	who_am_i(job->entered);
	lx_cred_leave(&cred);
	lx_cred_fsetid(false);
	if (lx_cred_enter(&other, &mask, &cred))
		return;
	lx_cred_leave(&cred);
	lx_cred_fsetid(false);
	who_am_i(job->left);
	lx_cred_fsetid(true);
	who_am_i(job->with);
}

static void fsetid_is_as_it_was_asked_for(void **state)
{
	enum { DAC_OVERRIDE = 1, FSETID = 4 };
	struct fsetid_job job;

	(void)state;
	need_root();
	fixture_in_thread(drop_fsetid, &job);
	assert_false(has_cap(job.without, FSETID));
	assert_true(has_cap(job.without, DAC_OVERRIDE));
	assert_false(has_cap(job.again, FSETID));
	assert_true(has_cap(job.entered, FSETID));
	assert_false(has_cap(job.left, FSETID));
	assert_true(has_cap(job.with, FSETID));
	/* A thread that never had it gets none, and loses nothing. */
	fixture_as_user(drop_fsetid, &job);
	assert_false(has_cap(job.with, FSETID));
	assert_string_equal(job.without, job.with);
}

static void an_impossible_id_does_no_harm(void **state)
{
	struct fixture *fx = *state;
	struct job job = { fx, .who = { .uid = UINT32_MAX, .gid = UINT32_MAX },
			   .mode = 0640 };

	need_root();
	fixture_in_thread(create_all, &job);
	assert_int_equal(job.err, 0);
	all_owned_by(fx, 0, 0);
	assert_string_equal(job.before, job.after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(what_is_created_belongs_to_the_caller),
		fixture_test(root_creates_for_other_groups),
		fixture_test(the_umask_takes_nothing),
		fixture_test(the_callers_umask_counts),
		fixture_test(a_default_acl_counts_instead_of_the_umask),
		fixture_test(the_umask_follows_the_caller),
		fixture_test(a_thread_without_init_creates_as_the_process),
		fixture_test(a_process_without_privilege_owns_what_it_creates),
		fixture_test(nor_is_it_setuid_for_somebody_else),
		fixture_test(a_setgid_directory_passes_its_group_on),
		fixture_test(setgid_needs_a_caller_in_the_group),
		fixture_test(a_thread_changes_nobody_else),
		fixture_test(inside_some_are_missing),
		fixture_test(fsetid_is_as_it_was_asked_for),
		fixture_test(an_impossible_id_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
