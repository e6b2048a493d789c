/* SPDX-License-Identifier: MIT */
/*
 * A storm on the host in the tree that a guest uses by all operations.  Beside
 * the share there is a tree with the same names in it, to which links in the
 * share lead: no inode number and no content of that one is in any reply, and
 * afterwards it is what it was.  It is the server that keeps the guest in, with
 * file handles and without: there is no sandbox around a plugin.
 *
 * $STRESS_SECONDS is how long it goes on (4), $STRESS_SEED where it begins.
 */
#include "tests/device/hostile.h"
#include "tests/device/storm.h"
#include "tests/lib/fuse_traffic.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define QUEUES 5                        /* hiprio and four for requests */
#define STORMS 2
#define DEPTH 2                         /* of the tree outside */
#define NAMES 8
#define OUTSIDE_MAX 1024
#define HANG_S 120                      /* beyond the time that it is given */

static const char marker[] = "9f3c2a71 is not for guests";

static bool can_mount;
static const char *options;             /* of the share */

/* ---- what is outside --------------------------------------------------- */

static struct {
	size_t count;
	ino_t ino[OUTSIDE_MAX];
	ino_t away;                     /* whoever was moved there has it */
} outside;

static int note_one(const char *path, const struct stat *st, int type,
		    struct FTW *ftw)
{
	(void)path;
	(void)type;
	(void)ftw;
	assert_true(outside.count < OUTSIDE_MAX);
	outside.ino[outside.count++] = st->st_ino;
	return 0;
}

/* Files, directories, links and attributes, by the names that are used. */
static void fill(const char *dir, unsigned depth)
{
	char path[PATH_MAX];

	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir,
			 fuse_traffic_name(i));
		if (i % 4 == 3) {
			assert_int_equal(symlink(marker, path), 0);
			continue;
		}
		if (i % 2 && depth) {
			assert_int_equal(mkdir(path, 0755), 0);
			fill(path, depth - 1);
		} else {
			FILE *file = fopen(path, "we");

			assert_non_null(file);
			assert_true(fputs(marker, file) >= 0);
			assert_int_equal(fclose(file), 0);
		}
		(void)setxattr(path, "user.secret", marker, sizeof(marker), 0);
	}
}

static void make_outside(struct device_fixture *f)
{
	char dir[PATH_MAX];
	struct stat st;

	snprintf(dir, sizeof(dir), "%s", tmptree_path(&f->tree, "../outside"));
	assert_int_equal(mkdir(dir, 0755), 0);
	fill(dir, DEPTH);
	outside.count = 0;
	assert_int_equal(nftw(dir, note_one, 16, FTW_PHYS), 0);
	assert_int_equal(stat(tmptree_path(&f->tree, ".."), &st), 0);
	assert_int_equal(note_one(NULL, &st, 0, NULL), 0);
	assert_int_equal(mkdir(tmptree_path(&f->tree, "../away"), 0755), 0);
	assert_int_equal(stat(tmptree_path(&f->tree, "../away"), &st), 0);
	outside.away = st.st_ino;
}

static char *print(struct device_fixture *f)
{
	return tree_print(tmptree_path(&f->tree, "../outside"), NULL);
}

/* ---- the guest --------------------------------------------------------- */

struct cpu {
	struct fuse_traffic traffic;
	atomic_bool *stop;
	pthread_t thread;
	const char *what;               /* the step that shows it */
	char wrong[128];                /* empty: nothing */
};

static void saw_inode(void *ctx, uint64_t ino, const char *name)
{
	struct cpu *cpu = ctx;
	bool seen = ino == outside.away && strcmp(name, "..");

	for (size_t i = 0; i < outside.count; i++)
		seen |= outside.ino[i] == ino;
	if (seen)
		snprintf(cpu->wrong, sizeof(cpu->wrong),
			 "inode %llu, which is outside",
			 (unsigned long long)ino);
}

static void saw_data(void *ctx, const void *data, size_t len)
{
	struct cpu *cpu = ctx;

	if (memmem(data, len, marker, strlen(marker)))
		snprintf(cpu->wrong, sizeof(cpu->wrong),
			 "content that is outside");
}

/* What a local file system of Linux could say just as well. */
static bool is_of_linux(int64_t error)
{
	static const int64_t errors[] = {
		LX_EPERM, LX_ENOENT, LX_ENXIO, LX_EBADF, LX_EAGAIN, LX_EACCES,
		LX_EBUSY, LX_EEXIST, LX_EXDEV, LX_ENOTDIR, LX_EISDIR,
		LX_EINVAL, LX_ENFILE, LX_EMFILE, LX_ENOTTY, LX_ETXTBSY,
		LX_EFBIG, LX_ENOSPC, LX_EMLINK, LX_ERANGE, LX_ENAMETOOLONG,
		LX_ENOLCK, LX_ENOSYS, LX_ENOTEMPTY, LX_ELOOP, LX_ENODATA,
		LX_EOPNOTSUPP, LX_ESTALE,
	};

	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (error == -errors[i])
			return true;
	return false;
}

static void *run_cpu(void *arg)
{
	struct cpu *cpu = arg;

	while (!atomic_load(cpu->stop) && !*cpu->wrong) {
		int64_t ret = fuse_traffic_step(&cpu->traffic, &cpu->what);

		if (ret < 0 && !is_of_linux(ret))
			snprintf(cpu->wrong, sizeof(cpu->wrong), "error %d",
				 (int)-ret);
	}
	return NULL;
}

static void begin_cpu(struct cpu *cpu, struct device_fixture *f, unsigned queue,
		      unsigned seed, atomic_bool *stop)
{
	fuse_traffic_init(&cpu->traffic, &f->client, seed + queue);
	cpu->traffic.client.queue = queue;
	cpu->traffic.client.unique = (uint64_t)(queue + 1) << 40;
	cpu->traffic.saw_inode = saw_inode;
	cpu->traffic.saw_data = saw_data;
	cpu->traffic.ctx = cpu;
	cpu->stop = stop;
	cpu->wrong[0] = '\0';
	assert_int_equal(pthread_create(&cpu->thread, NULL, run_cpu, cpu), 0);
}

/* ---- both -------------------------------------------------------------- */

static unsigned number_of(const char *variable, unsigned otherwise)
{
	const char *value = getenv(variable);

	return value ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

static int open_dir(struct device_fixture *f, const char *name)
{
	int fd = open(tmptree_path(&f->tree, name),
		      O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void join(struct cpu *cpu, struct storm *storm, pthread_t *thread)
{
	uint64_t steps = 0, good = 0, storms = 0, changes = 0;

	for (unsigned i = 0; i < STORMS; i++) {
		pthread_join(thread[i], NULL);
		storms += storm[i].steps;
		changes += storm[i].good;
	}
	for (unsigned i = 0; i < QUEUES; i++) {
		pthread_join(cpu[i].thread, NULL);
		steps += cpu[i].traffic.steps;
		good += cpu[i].traffic.good;
		fuse_traffic_done(&cpu[i].traffic);
	}
	print_message("%llu steps of the guest, %llu of them good; %llu of the "
		      "host, %llu good%s\n",
		      (unsigned long long)steps, (unsigned long long)good,
		      (unsigned long long)storms, (unsigned long long)changes,
		      can_mount ? "" : " (no mounts)");
	assert_true(good && changes);
}

static void no_storm_leads_outside(void **state)
{
	struct device_fixture *f = *state;
	unsigned seconds = number_of("STRESS_SECONDS", 4);
	unsigned seed = number_of("STRESS_SEED", 1);
	struct storm storm[STORMS];
	pthread_t thread[STORMS];
	atomic_bool stop = false;
	static struct cpu cpu[QUEUES];
	char link[PATH_MAX];
	char *before = print(f), *after;
	int share = open_dir(f, "."), away = open_dir(f, "../away");

	alarm(seconds + HANG_S);
	snprintf(link, sizeof(link), "%s",
		 tmptree_path(&f->tree, "../outside"));
	for (unsigned i = 0; i < STORMS; i++) {
		storm[i] = (struct storm){
			.share = share,
			.away = away,
			.mounts = can_mount,
			.link = i ? "../outside" : link,
			.seed = seed + 100 + i,
			.name = fuse_traffic_name,
			.stop = &stop,
		};
		assert_int_equal(
			pthread_create(&thread[i], NULL, storm_run, &storm[i]),
			0);
	}
	for (unsigned i = 0; i < QUEUES; i++)
		begin_cpu(&cpu[i], f, i, seed, &stop);
	/* Half of the time for each of the two ways to hold an inode. */
	for (unsigned i = 0; i < seconds * 5; i++)
		pause_ms(100);
	atomic_store(&stop, true);
	join(cpu, storm, thread);
	close(share);
	close(away);
	for (unsigned i = 0; i < QUEUES; i++)
		if (*cpu[i].wrong)
			fail_msg("queue %u, %s: %s", i, cpu[i].what,
				 cpu[i].wrong);
	after = print(f);
	assert_string_equal(after, before);
	free(after);
	free(before);
	assert_alive(f);
	alarm(0);
}

/* ---- the share --------------------------------------------------------- */

static int setup(void **state)
{
	inner_setup(state, options);
	make_outside(*state);
	return 0;
}

static int teardown(void **state)
{
	struct device_fixture *f = *state;

	*strrchr(f->tree.root, '/') = '\0';
	storm_unmount_below(f->tree.root);
	return device_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_storm_leads_outside, setup,
						teardown),
	};
	static const char *const ways[] = {
		",queues=4,rlimit-nofile=64",
		",queues=4,rlimit-nofile=64,inode-file-handles=never",
	};
	int failures = 0;

	/* Before there are threads. */
	can_mount = !unshare(CLONE_NEWNS) &&
		    !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		options = ways[i];
		print_message("a share with '%s'\n", options);
		failures += cmocka_run_group_tests(tests, NULL, NULL);
	}
	return failures;
}
