/* SPDX-License-Identifier: MIT */
/*
 * test_identity.c - what the guest has in use stays what it is, and names lead
 * to what they lead to on the host, whatever happens to them underneath.
 *
 * Every change, by the host and by the guest, to a file and to a directory,
 * open or only referred to (O_PATH), whose node has its descriptor or has lost
 * it, with file handles and without: all of them, one after the other, on a
 * mounted share.  Needs root.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* Of the server, which leaves half of them to the rest of its process... */
#define DESCRIPTORS 128
/* ...so that these push all others out. */
#define OTHERS 200

#define MUST(call) \
	do { \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, strerror(errno)); \
	} while (0)

static struct {
	char dir[64];
	pid_t server;
	int share, mnt;                 /* both sides' directories */
	bool names;                     /* no file handles */
} t;

/* ---- the mount --------------------------------------------------------- */

static void exec_server(const char *handles)
{
	const struct rlimit few = { DESCRIPTORS, DESCRIPTORS };
	const char *build = getenv("top_builddir");
	char program[PATH_MAX], share[160], log[80], mnt[80];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setrlimit(RLIMIT_NOFILE, &few);
	setenv("HVLITE_LOG", "virtiofs=trace", 1);
	snprintf(program, sizeof(program), "%s/virtiofs-mount",
		 build ? build : ".");
	snprintf(log, sizeof(log), "%s/log", t.dir);
	snprintf(mnt, sizeof(mnt), "%s/mnt", t.dir);
	snprintf(share, sizeof(share),
		 "t:%s/share,cache=never,inode-file-handles=%s", t.dir,
		 handles);
	execl(program, program, "--log-file", log, share, mnt, NULL);
	perror(program);
	_exit(1);
}

static int mount_share(const char *handles)
{
	char path[80];
	struct statfs st;

	t.server = fork();
	if (!t.server)
		exec_server(handles);
	snprintf(path, sizeof(path), "%s/mnt", t.dir);
	for (int i = 0; i < 3000; i++) {
		if (!statfs(path, &st) && st.f_type == FUSE_SUPER_MAGIC) {
			t.mnt = open(path, O_RDONLY | O_DIRECTORY);
			return t.mnt < 0 ? -1 : 0;
		}
		if (waitpid(t.server, NULL, WNOHANG) == t.server)
			break;
		usleep(10000);
	}
	print_error("the share was not mounted\n");
	return -1;
}

static int up(const char *handles)
{
	char path[80];

	t.names = !strcmp(handles, "never");
	strcpy(t.dir, "/tmp/identity-XXXXXX");
	if (!mkdtemp(t.dir))
		return -1;
	snprintf(path, sizeof(path), "%s/mnt", t.dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/share", t.dir);
	mkdir(path, 0755);
	t.share = open(path, O_RDONLY | O_DIRECTORY);
	MUST(mkdirat(t.share, "others", 0755));
	for (int i = 0; i < OTHERS; i++) {
		snprintf(path, sizeof(path), "others/%d", i);
		MUST(mknodat(t.share, path, S_IFREG | 0644, 0));
	}
	return mount_share(handles);
}

static int up_with_handles(void **state)
{
	(void)state;
	return up("mandatory");
}

static int up_with_names(void **state)
{
	(void)state;
	return up("never");
}

static int down(void **state)
{
	char command[128];
	int status;

	(void)state;
	close(t.share);
	close(t.mnt);
	snprintf(command, sizeof(command), "%s/mnt", t.dir);
	/* A test that failed has left something open. */
	if (umount2(command, 0)) {
		umount2(command, MNT_DETACH);
		kill(t.server, SIGKILL);
	}
	if (waitpid(t.server, &status, 0) != t.server || status)
		return -1;
	snprintf(command, sizeof(command), "rm -rf %s", t.dir);
	return system(command);
}

/* ---- temperature ------------------------------------------------------- */

/* Has the server an O_PATH descriptor of something of this name? */
static bool is_hot(const char *name)
{
	char path[64], link[PATH_MAX], text[256];
	bool found = false;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)t.server);
	dir = opendir(path);
	assert_non_null(dir);
	while (!found && (e = readdir(dir))) {
		unsigned flags = 0;
		ssize_t n = readlinkat(dirfd(dir), e->d_name, link,
				       sizeof(link) - 1);
		FILE *info;

		if (n < 0)
			continue;
		link[n] = '\0';
		if (!strrchr(link, '/') ||
		    strcmp(strrchr(link, '/') + 1, name) != 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.10s",
			 (int)t.server, e->d_name);
		info = fopen(path, "r");
		while (info && fgets(text, sizeof(text), info))
			if (sscanf(text, "flags: %o", &flags) == 1)
				break;
		if (info)
			fclose(info);
		found = flags & O_PATH;
	}
	closedir(dir);
	return found;
}

/* Use so many others that the rest loses its descriptors. */
static void push_out(void)
{
	struct stat st;
	char name[32];

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < OTHERS; i++) {
			int fd;

			snprintf(name, sizeof(name), "others/%d", i);
			fd = openat(t.mnt, name, O_PATH);
			MUST(fd);
			MUST(fstat(fd, &st));
			close(fd);
		}
}

/* ---- changes ----------------------------------------------------------- */

/* What it is about is "up/obj", or after a change what is said here. */
enum change {
	RENAMED,                        /* up/new */
	MOVED_ABOVE,                    /* above/obj */
	REPLACED,                       /* by another of its type */
	REMADE,                         /* removed, and made again at once */
	RETYPED,                        /* removed, and the other type made */
	REMOVED,
	CHANGES
};

static const char *const change_names[] = {
	"renamed", "moved above", "replaced", "remade", "retyped", "removed",
};

static void make(int root, const char *name, bool dir)
{
	int fd;

	if (dir) {
		MUST(mkdirat(root, name, 0755));
		return;
	}
	fd = openat(root, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	MUST(fd);
	close(fd);
}

static void do_change(int root, enum change change, bool dir)
{
	switch (change) {
	case RENAMED:
		MUST(renameat(root, "up/obj", root, "up/new"));
		break;
	case MOVED_ABOVE:
		MUST(renameat(root, "up", root, "above"));
		break;
	case REPLACED:
		make(root, "up/new", dir);
		MUST(renameat(root, "up/new", root, "up/obj"));
		break;
	case REMADE:
	case RETYPED:
	case REMOVED:
		MUST(unlinkat(root, "up/obj", dir ? AT_REMOVEDIR : 0));
		if (change == REMADE)
			make(root, "up/obj", dir);
		else if (change == RETYPED)
			make(root, "up/obj", !dir);
		break;
	case CHANGES:
		break;
	}
}

/* Names lead to the same on both sides. */
static void same_names(void)
{
	static const char *const names[] = {
		"up", "up/obj", "up/new", "above", "above/obj",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct stat host, guest;
		int here = fstatat(t.share, names[i], &host, 0);
		int there = fstatat(t.mnt, names[i], &guest, 0);

		if (here != there)
			fail_msg("%s is %d on the host, %d in the guest",
				 names[i], here, there);
		if (here)
			continue;
		assert_int_equal(guest.st_ino, host.st_ino);
		assert_int_equal(guest.st_mode, host.st_mode);
		assert_int_equal(guest.st_nlink, host.st_nlink);
	}
}

static void remove_all(void)
{
	static const char *const names[] = {
		"up/obj", "up/new", "above/obj", "up", "above",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (unlinkat(t.share, names[i], 0))
			unlinkat(t.share, names[i], AT_REMOVEDIR);
}

/* ---- the cases --------------------------------------------------------- */

struct usage {
	enum change change;
	bool by_guest, dir, open, cold;
};

/* Must it be found at once?  If not, it may be ESTALE. */
static bool is_safe(const struct usage *u)
{
	bool has_name = u->change == RENAMED || u->change == MOVED_ABOVE;

	return u->by_guest || u->open || !u->cold || (has_name && !t.names);
}

/* fstat(2): 0 and the inode that it was, or errno. */
static int ask(int fd, const struct stat *was)
{
	struct stat st;

	if (fstat(fd, &st))
		return errno;
	assert_int_equal(st.st_ino, was->st_ino);
	assert_int_equal(st.st_mode, was->st_mode);
	return 0;
}

static void use(const struct usage *u)
{
	bool has_name = u->change == RENAMED || u->change == MOVED_ABOVE;
	int flags = !u->open ? O_PATH : u->dir ? O_RDONLY : O_RDWR;
	struct stat was;
	int fd, err;

	make(t.share, "up", true);
	make(t.share, "up/obj", u->dir);
	fd = openat(t.mnt, "up/obj", flags);
	MUST(fd);
	MUST(fstat(fd, &was));
	if (u->cold)
		push_out();
	assert_int_equal(is_hot("obj"), !u->cold);
	do_change(u->by_guest ? t.mnt : t.share, u->change, u->dir);
	err = ask(fd, &was);
	if (err && (is_safe(u) || err != ESTALE))
		fail_msg("it answers %s", strerror(err));
	same_names();
	/* Now it was seen by its new name, if it has one. */
	err = ask(fd, &was);
	if (err && (is_safe(u) || has_name))
		fail_msg("then it answers %s", strerror(err));
	if (u->open && !u->dir) {
		assert_int_equal(pwrite(fd, "text", 4, 0), 4);
		MUST(fchmod(fd, 0600));
		MUST(ftruncate(fd, 2));
	}
	close(fd);
	remove_all();
}

static void everything_stays_right(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CHANGES * 16; i++) {
		const struct usage u = {
			.change = i / 16, .by_guest = i & 8, .dir = i & 4,
			.open = i & 2, .cold = i & 1,
		};

		print_message("%s by the %s: %s, %s, %s\n",
			      change_names[u.change],
			      u.by_guest ? "guest" : "host",
			      u.dir ? "directory" : "file",
			      u.open ? "open" : "referred to",
			      u.cold ? "cold" : "hot");
		use(&u);
	}
}

struct handle {
	union {
		struct file_handle head;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	};
};

/* The number of the node is in it. */
static struct handle handle_of(const char *name)
{
	struct handle handle;
	int id;

	memset(&handle, 0, sizeof(handle));
	handle.head.handle_bytes = MAX_HANDLE_SZ;
	MUST(name_to_handle_at(t.mnt, name, &handle.head, &id, 0));
	return handle;
}

/* ---- mounts ------------------------------------------------------------ */

static void host_path(char path[128], const char *name)
{
	snprintf(path, 128, "%s/share/%s", t.dir, name);
}

static struct stat guest_stat(const char *name)
{
	struct stat st;

	MUST(fstatat(t.mnt, name, &st, AT_SYMLINK_NOFOLLOW));
	return st;
}

static void a_mount_takes_the_place_of_a_directory(void **state)
{
	struct stat under, over;
	char path[128], from[128];
	int fd;

	(void)state;
	make(t.share, "dir", true);
	make(t.share, "dir/f", false);
	make(t.share, "again", true);
	under = guest_stat("dir/f");
	fd = openat(t.mnt, "dir", O_PATH);
	MUST(fd);
	host_path(path, "dir");
	MUST(mount("none", path, "tmpfs", 0, NULL));
	make(t.share, "dir/g", false);
	/* What was in use stays.  (Devices are told apart by virtiofs only.) */
	over = guest_stat("dir/g");
	assert_int_equal(faccessat(t.mnt, "dir/f", F_OK, 0), -1);
	assert_int_equal(faccessat(fd, "f", F_OK, 0), 0);
	/* The same one twice. */
	host_path(from, "dir");
	host_path(path, "again");
	MUST(mount(from, path, NULL, MS_BIND, NULL));
	assert_int_equal(guest_stat("again/g").st_ino, over.st_ino);
	assert_int_equal(renameat(t.mnt, "again/g", t.mnt, "dir/x"), -1);
	assert_int_equal(errno, EXDEV);
	MUST(umount2(path, MNT_DETACH));
	MUST(umount2(from, MNT_DETACH));
	assert_int_equal(guest_stat("dir/f").st_ino, under.st_ino);
	assert_int_equal(faccessat(t.mnt, "again/g", F_OK, 0), -1);
	close(fd);
}

/*
 * Where the host is a container, its files are on an overlayfs, which gives a
 * file that is first written another time of birth.
 */
static void a_file_that_is_copied_up_is_the_same(void **state)
{
	struct handle before, after;
	char path[128], options[512];
	int fd;

	(void)state;
	make(t.share, "o", true);
	host_path(path, "o");
	MUST(mount("none", path, "tmpfs", 0, NULL));
	make(t.share, "o/lower", true);
	make(t.share, "o/upper", true);
	make(t.share, "o/work", true);
	make(t.share, "o/lower/f", false);
	make(t.share, "merged", true);
	snprintf(options, sizeof(options),
		 "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", path,
		 path, path);
	usleep(30000);
	host_path(path, "merged");
	if (mount("none", path, "overlay", 0, options)) {
		host_path(path, "o");
		umount2(path, MNT_DETACH);
		skip();
	}
	before = handle_of("merged/f");
	fd = openat(t.mnt, "merged/f", O_RDWR);
	MUST(fd);
	assert_int_equal(write(fd, "text", 4), 4);
	after = handle_of("merged/f");
	assert_memory_equal(&before, &after, sizeof(before));
	push_out();
	after = handle_of("merged/f");
	assert_memory_equal(&before, &after, sizeof(before));
	close(fd);
	MUST(umount2(path, MNT_DETACH));
	host_path(path, "o");
	MUST(umount2(path, MNT_DETACH));
}

/* ---- file handles of the guest ----------------------------------------- */

/* How many nodes the server was told to forget. */
static unsigned forgotten(void)
{
	char path[80], line[1100];
	unsigned count = 0;
	FILE *log;

	snprintf(path, sizeof(path), "%s/log", t.dir);
	log = fopen(path, "r");
	assert_non_null(log);
	while (fgets(line, sizeof(line), log))
		count += strstr(line, "is forgotten") != NULL;
	fclose(log);
	return count;
}

/* A name that goes away for a moment makes the guest's kernel forget. */
static void make_guest_forget(const char *name)
{
	unsigned before;

	MUST(faccessat(t.mnt, name, F_OK, 0));
	before = forgotten();
	MUST(renameat(t.share, name, t.share, "away"));
	assert_int_equal(faccessat(t.mnt, name, F_OK, 0), -1);
	for (int i = 0; i < 3000 && forgotten() == before; i++)
		usleep(10000);
	assert_true(forgotten() > before);
	MUST(renameat(t.share, "away", t.share, name));
}

static void handles_outlive_what_the_guest_remembers(void **state)
{
	struct handle handle;
	char buf[8];
	int fd;

	(void)state;
	make(t.share, "h", false);
	fd = openat(t.share, "h", O_WRONLY);
	assert_int_equal(write(fd, "text", 4), 4);
	close(fd);
	usleep(30000);          /* nothing that is new is kept */
	handle = handle_of("h");
	make_guest_forget("h");
	fd = open_by_handle_at(t.mnt, &handle.head, O_RDONLY);
	MUST(fd);
	assert_int_equal(read(fd, buf, sizeof(buf)), 4);
	close(fd);
	/* Until the file is no more. */
	make_guest_forget("h");
	MUST(unlinkat(t.share, "h", 0));
	fd = open_by_handle_at(t.mnt, &handle.head, O_RDONLY);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, ESTALE);
}

#define BOTH(test) \
	{ #test " (handles)", test, up_with_handles, down, NULL }, \
	{ #test " (names)", test, up_with_names, down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(everything_stays_right),
		BOTH(a_mount_takes_the_place_of_a_directory),
		{ "a_file_that_is_copied_up_is_the_same",
		  a_file_that_is_copied_up_is_the_same, up_with_names, down,
		  NULL },
		BOTH(handles_outlive_what_the_guest_remembers),
	};

	if (geteuid() || access("/dev/fuse", W_OK) ||
	    unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
