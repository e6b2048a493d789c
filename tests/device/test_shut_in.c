/* SPDX-License-Identifier: MIT */
/*
 * The programs in their sandbox, as it is by default, with a machine at the
 * socket: the rings of io_uring that its reads go on by were made before the
 * sandbox was closed, and are there for one client after the other.  Where the
 * host refuses them, reads do without.
 */
#include "tests/device/own_transfers.h"
#include "tests/device/remote.h"

#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define READS 32
#define CLIENTS REMOTE_QUEUES           /* more than there are rings */

static const struct fake_guest_options options = {
	.features = VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX),
	.indirect = true,
	.queue_size = 4 * READS,
};

/* A program that serves the fixture's tree. */
struct program {
	pid_t pid, child;               /* the child serves */
	char dir[32];                   /* of the socket */
	int out;                        /* what it says */
	struct remote_server at;        /* path and kind only */
};

/* What the program has of io_uring, as /proc tells. */
struct rings {
	unsigned count;
	unsigned begun;                 /* transfers */
	bool told;                      /* Linux tells how many */
};

/* ---- the program ------------------------------------------------------- */

/* For this process and its children. */
static bool refuse_rings(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool ok = filter &&
		  !seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
				    SCMP_SYS(io_uring_setup), 0) &&
		  !seccomp_load(filter);

	seccomp_release(filter);
	return ok;
}

static void exec_program(const struct program *p, const char *share, int out)
{
	const char *top = getenv("top_builddir");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", top ? top : ".",
		 p->at.kind == REMOTE_VFIO_USER ? "pciplug-vfio-user" :
						  "vhost-user-virtiofs");
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl(path, path, "--virtio-fs", share, "--socket-dir", p->dir, NULL);
	_exit(127);
}

/* It has said where it is, or ended. */
static void await_program(const struct program *p)
{
	char said[4096] = "";
	size_t len = 0;
	ssize_t n;

	while (!strstr(said, p->at.path)) {
		n = read(p->out, said + len, sizeof(said) - 1 - len);
		if (n <= 0)
			fail_msg("it does not serve: %s", said);
		len += (size_t)n;
		said[len] = '\0';
	}
}

static pid_t only_child(pid_t pid)
{
	char path[64];
	int child = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &child), 1);
	fclose(file);
	return child;
}

static void start(struct program *p, const struct device_fixture *f,
		  enum remote_kind kind, bool refuse)
{
	char share[sizeof(f->tree.root) + 64];
	int pipe_fds[2];

	*p = (struct program){ .dir = "/tmp/shut-in-XXXXXX",
			       .at.kind = kind };
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->at.path, sizeof(p->at.path), "%s/myfs.sock", p->dir);
	snprintf(share, sizeof(share), "myfs:%s,queues=%u,direct-io",
		 f->tree.root, REMOTE_QUEUES - 1);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (!p->pid) {
		if (refuse && !refuse_rings())
			_exit(126);
		exec_program(p, share, pipe_fds[1]);
	}
	close(pipe_fds[1]);
	p->out = pipe_fds[0];
	await_program(p);
	p->child = only_child(p->pid);
}

static void end(struct program *p)
{
	int status;

	kill(p->pid, SIGTERM);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	assert_int_equal(status, 0);
	close(p->out);
	assert_int_equal(rmdir(p->dir), 0);
}

/* ---- its rings --------------------------------------------------------- */

static void add_ring(struct rings *rings, int dir, const char *fd)
{
	char path[300], line[256];
	unsigned tail;
	FILE *info;
	int file;

	snprintf(path, sizeof(path), "../fdinfo/%s", fd);
	file = openat(dir, path, O_RDONLY | O_CLOEXEC);
	info = fdopen(file, "r");
	assert_non_null(info);
	rings->count++;
	while (fgets(line, sizeof(line), info))
		if (sscanf(line, "SqTail: %u", &tail) == 1) {
			rings->told = true;
			rings->begun += tail;
		}
	fclose(info);
}

static struct rings rings_of(const struct program *p)
{
	struct rings rings = { 0 };
	char path[64], to[64];
	struct dirent *e;
	ssize_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", p->child);
	dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir))) {
		len = readlinkat(dirfd(dir), e->d_name, to, sizeof(to) - 1);
		to[len < 0 ? 0 : len] = '\0';
		if (!strcmp(to, "anon_inode:[io_uring]"))
			add_ring(&rings, dirfd(dir), e->d_name);
	}
	closedir(dir);
	return rings;
}

/* ---- tests ------------------------------------------------------------- */

/* A client comes, reads much at a time, and goes. */
static void read_and_go(const struct program *p, struct device_fixture *f)
{
	struct remote remote;

	remote_connect(&remote, &p->at, f);
	remote_set_up(&remote, &options);
	assert_int_equal(fuse_client_init(&f->client, NULL), 0);
	open_file(f);
	for (unsigned i = 0; i < READS; i++)
		post(f, i, false);
	fake_guest_kick(&f->guest, REQUESTS);
	for (unsigned i = 0; i < READS; i++)
		collect(f, false);
	remote_unplug(&remote);
}

static void goes_on_by_rings(struct device_fixture *f, enum remote_kind kind)
{
	struct rings before, after;
	struct program p;

	start(&p, f, kind, false);
	for (unsigned i = 0; i < CLIENTS; i++) {
		before = rings_of(&p);
		read_and_go(&p, f);
		after = rings_of(&p);
		assert_int_equal(before.count, REMOTE_QUEUES - 1);
		assert_int_equal(after.count, REMOTE_QUEUES - 1);
		if (after.told)
			assert_true(after.begun > before.begun);
	}
	end(&p);
}

static void goes_on_without(struct device_fixture *f, enum remote_kind kind)
{
	struct program p;

	start(&p, f, kind, true);
	for (unsigned i = 0; i < CLIENTS; i++) {
		read_and_go(&p, f);
		assert_int_equal(rings_of(&p).count, 0);
	}
	end(&p);
}

static void a_function_has_rings(void **state)
{
	goes_on_by_rings(*state, REMOTE_VFIO_USER);
}

static void a_back_end_has_rings(void **state)
{
	goes_on_by_rings(*state, REMOTE_VHOST_USER);
}

static void a_function_works_without(void **state)
{
	goes_on_without(*state, REMOTE_VFIO_USER);
}

static void a_back_end_works_without(void **state)
{
	goes_on_without(*state, REMOTE_VHOST_USER);
}

static int setup(void **state)
{
	host_setup(state);
	make_file(*state);
	return 0;
}

static int teardown(void **state)
{
	struct device_fixture *f = *state;

	close(host_file);
	(void)umount2(tmptree_path(&f->tree, "disk"), MNT_DETACH);
	fake_host_done(&f->host);
	tmptree_done(&f->tree);
	return 0;
}

static int run(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_function_has_rings),
		TEST(a_back_end_has_rings),
		TEST(a_function_works_without),
		TEST(a_back_end_works_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return own_run(run);
}
