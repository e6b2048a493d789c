/* SPDX-License-Identifier: MIT */
/*
 * A plugin that does what a server would do that a guest has taken over.  A
 * device's value is ATTEMPT:ROOT, and create() always fails: err says what
 * became of the attempt, "ATTEMPT: done" or why not.  So the program exits with
 * 2 and that line, unless the attempt has killed it.
 *
 * environment: OUTSIDE, a file beside the share that anybody may read;
 * OUTSIDE_PID, a process of the same user outside.
 */
#include "include/pciplug.h"

#include "common/bytes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *root;                /* of the share */

/* 0, or -errno where `result` is negative. */
static int outcome(long result)
{
	return result < 0 ? -errno : 0;
}

static char *in_root(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static pid_t outsider(void)
{
	return atoi(getenv("OUTSIDE_PID"));
}

/* What it is there for: write a file, and read it. */
static int work(void)
{
	int dir = open(root, O_RDONLY | O_DIRECTORY);
	int fd = openat(dir, "new", O_RDWR | O_CREAT | O_TRUNC, 0640);
	char byte = 0;

	if (fd < 0 || write(fd, "x", 1) != 1 || pread(fd, &byte, 1, 0) != 1)
		return -errno;
	if (renameat(dir, "new", dir, "dir/new") ||
	    unlinkat(dir, "dir/new", 0))
		return -errno;
	close(dir);
	return close(fd) || byte != 'x' ? -EIO : 0;
}

static int read_outside(void)
{
	return outcome(open(getenv("OUTSIDE"), O_RDONLY));
}

/* To no other mode than it has. */
static int change_outside(void)
{
	struct stat st;

	if (stat(getenv("OUTSIDE"), &st))
		return -errno;
	return outcome(fchmodat(AT_FDCWD, getenv("OUTSIDE"),
				st.st_mode & 07777, 0));
}

static int go_up(void)
{
	char path[4096];
	int dir = open(root, O_PATH | O_DIRECTORY);

	snprintf(path, sizeof(path), "../../../../../../../../..%s",
		 getenv("OUTSIDE"));
	return outcome(openat(dir, path, O_RDONLY));
}

/* By a directory that the one who started the program left open as 9. */
static int use_left_over(void)
{
	return outcome(openat(9, "outside", O_RDONLY));
}

static int list_root(void)
{
	DIR *dir = opendir("/");
	const struct dirent *entry;
	int strangers = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		strangers += !strcmp(entry->d_name, "etc") ||
			     !strcmp(entry->d_name, "usr") ||
			     !strcmp(entry->d_name, "dev");
	closedir(dir);
	return strangers ? 0 : -ENOENT;
}

/* Anything in /proc but self, and in there but fd? */
static int see_processes(void)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	struct stat st;
	int others = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		others += *entry->d_name != '.' &&
			  strcmp(entry->d_name, "self");
	closedir(dir);
	if (others || !stat("/proc/self/maps", &st) ||
	    !stat("/proc/self/fd/../environ", &st))
		return 0;
	return stat("/proc/self/fd", &st) ? -EIO : -ENOENT;
}

static int write_new_root(void)
{
	return outcome(open("/new", O_WRONLY | O_CREAT, 0600));
}

static int run_program(void)
{
	char *args[] = { in_root("prog"), NULL };
	char *none[] = { NULL };

	return outcome(execve(args[0], args, none));
}

static int make_process(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return outcome(pid);
}

static int connect_outside(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return 0;
	return errno == ECONNREFUSED ? 0 : -errno; /* there is a network */
}

static int signal_outsider(void)
{
	return outcome(kill(outsider(), 0));
}

static int trace_outsider(void)
{
	return outcome(ptrace(PTRACE_ATTACH, outsider(), 0, 0));
}

static int mount_something(void)
{
	return outcome(mount("x", root, "tmpfs", 0, NULL));
}

static int remount_writable(void)
{
	return outcome(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
}

static int make_mounts_namespace(void)
{
	return outcome(unshare(CLONE_NEWNS));
}

static int make_user_namespace(void)
{
	return outcome(unshare(CLONE_NEWUSER));
}

static int join_namespace(void)
{
	return outcome(setns((int)syscall(SYS_pidfd_open, outsider(), 0),
			     CLONE_NEWNS));
}

static int change_root(void)
{
	return outcome(chroot(root));
}

static int gain_capability(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
						 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	data[0].permitted |= CAP_TO_MASK(CAP_SYS_ADMIN);
	data[0].effective = data[0].permitted;
	return outcome(syscall(SYS_capset, &head, data));
}

static int become_root(void)
{
	return outcome(setresuid(0, 0, 0));
}

static int use_device(void)
{
	if (mknod(in_root("null"), S_IFCHR | 0600, makedev(1, 3)))
		return -errno;
	return outcome(open(in_root("null"), O_RDONLY));
}

/* The root of the file system that the share is on. */
static int open_by_handle(void)
{
	union {
		struct file_handle head;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} buf;
	int dir = open(root, O_RDONLY | O_DIRECTORY), mount_id;

	buf.head.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(dir, "", &buf.head, &mount_id, AT_EMPTY_PATH))
		return -errno;
	return outcome(open_by_handle_at(dir, &buf.head, O_PATH));
}

static int map_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -errno : 0;
}

static int rename_host(void)
{
	return outcome(sethostname("x", 1));
}

static const struct {
	const char *name;
	int (*make)(void);
} attempts[] = {
	{ "work", work },
	{ "read-outside", read_outside },
	{ "change-outside", change_outside },
	{ "go-up", go_up },
	{ "use-left-over", use_left_over },
	{ "list-root", list_root },
	{ "see-processes", see_processes },
	{ "write-new-root", write_new_root },
	{ "run-program", run_program },
	{ "make-process", make_process },
	{ "connect", connect_outside },
	{ "signal", signal_outsider },
	{ "trace", trace_outsider },
	{ "mount", mount_something },
	{ "remount", remount_writable },
	{ "unshare-mounts", make_mounts_namespace },
	{ "unshare-user", make_user_namespace },
	{ "join", join_namespace },
	{ "chroot", change_root },
	{ "gain-capability", gain_capability },
	{ "become-root", become_root },
	{ "device", use_device },
	{ "handle", open_by_handle },
	{ "map-code", map_code },
	{ "hostname", rename_host },
};

static int create(const struct pciplug_host *host, const char *config,
		  char *err, size_t err_size, struct pciplug_device **out)
{
	const char *colon = strchr(config, ':');

	(void)host;
	(void)out;
	root = colon + 1;
	snprintf(err, err_size, "there is no such attempt");
	for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
		int ret;

		if (strncmp(attempts[i].name, config,
			    (size_t)(colon - config)) ||
		    attempts[i].name[colon - config])
			continue;
		ret = attempts[i].make();
		snprintf(err, err_size, "%s: %s", attempts[i].name,
			 ret ? strerror(-ret) : "done");
	}
	return -EINVAL;
}

static int paths(const char *config, char *err, size_t err_size, char *buf,
		 size_t *len)
{
	const char *path = strchr(config, ':');

	(void)err;
	(void)err_size;
	*len = strlen(path);
	memcpy(buf, path + 1, *len);
	return 0;
}

/* ---- what a host asks for, and will not get to ------------------------- */

static void destroy(struct pciplug_device *dev)
{
	(void)dev;
}

static int bar_info(struct pciplug_device *dev, uint32_t bar,
		    struct pciplug_bar *out)
{
	(void)dev;
	(void)bar;
	(void)out;
	return -EINVAL;
}

static void cfg_read(struct pciplug_device *dev, uint32_t offset, void *buf,
		     size_t len)
{
	(void)dev;
	(void)offset;
	memset(buf, 0, len);
}

static void cfg_write(struct pciplug_device *dev, uint32_t offset,
		      const void *buf, size_t len)
{
	(void)dev;
	(void)offset;
	(void)buf;
	(void)len;
}

static void bar_read(struct pciplug_device *dev, uint32_t bar, uint64_t offset,
		     void *buf, size_t len)
{
	(void)bar;
	(void)offset;
	cfg_read(dev, 0, buf, len);
}

static void bar_write(struct pciplug_device *dev, uint32_t bar,
		      uint64_t offset, const void *buf, size_t len)
{
	(void)bar;
	(void)offset;
	cfg_write(dev, 0, buf, len);
}

static int mem_add(struct pciplug_device *dev, uint64_t gpa, uint64_t size,
		   void *host, uint32_t flags)
{
	(void)dev;
	(void)gpa;
	(void)size;
	(void)host;
	(void)flags;
	return -EINVAL;
}

static int mem_remove(struct pciplug_device *dev, uint64_t gpa, uint64_t size)
{
	(void)dev;
	(void)gpa;
	(void)size;
	return -ENOENT;
}

static int start(struct pciplug_device *dev)
{
	(void)dev;
	return -EINVAL;
}

static const struct pciplug_plugin plugin = {
	.size = sizeof(plugin),
	.name = "escape",
	.version = "0",
	.description = "tries to get out",
	.option = "escape",
	.option_value = "ATTEMPT:ROOT",
	.option_help = "",
	.create = create,
	.destroy = destroy,
	.bar_info = bar_info,
	.cfg_read = cfg_read,
	.cfg_write = cfg_write,
	.bar_read = bar_read,
	.bar_write = bar_write,
	.mem_add = mem_add,
	.mem_remove = mem_remove,
	.start = start,
	.stop = destroy,
	.reset = destroy,
	.paths = paths,
};

PCIPLUG_EXPORT const struct pciplug_plugin *pciplug_entry_v1(void)
{
	return &plugin;
}
