/* SPDX-License-Identifier: MIT */
/*
 * conf_mount.c - the directories that cases run in:
 *
 *     DIR/rw/host      plain
 *     DIR/rw/share     underneath DIR/rw/mnt, a virtiofs-mount
 *     DIR/ro/host      bind-mounted read-only at DIR/ro/view
 *     DIR/ro/share     underneath DIR/ro/mnt, a read-only share
 *
 * In a guest, SHARES/rw and SHARES/ro are in the place of DIR/.../mnt, and
 * SHARES/under/rw and SHARES/under/ro are underneath them.
 */
#include "tests/conformance/conf_run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_STEP_MS 10
#define WAIT_STEPS 3000

static bool complain(const char *what, const char *path)
{
	fprintf(stderr, "%s %s: %s\n", what, path, strerror(errno));
	return false;
}

static bool make_dir(char *ret_path, const char *dir, const char *name)
{
	if (snprintf(ret_path, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		errno = ENAMETOOLONG;
	else if (!mkdir(ret_path, 0755))
		return true;
	return complain("mkdir", ret_path);
}

/*
 * Each case has a directory in this one.  ext4 looks at every inode that was
 * freed a short while ago before it takes one, and so must not put them all in
 * the same block group.
 */
static bool make_dir_of_cases(char *ret_path, const char *dir, const char *name)
{
	int flags, fd;

	if (!make_dir(ret_path, dir, name))
		return false;
	fd = open(ret_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Other file systems refuse it, and do not need it. */
	if (!ioctl(fd, FS_IOC_GETFLAGS, &flags)) {
		flags |= FS_TOPDIR_FL;
		(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
	close(fd);
	return true;
}

static bool bind_read_only(const char *from, const char *to)
{
	if (mount(from, to, NULL, MS_BIND, NULL) ||
	    mount(NULL, to, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))
		return complain("bind", to);
	return true;
}

/* TAG:ROOT,OPTIONS with the commas of ROOT written twice. */
static char *share_text(const char *root, bool read_only, const char *options)
{
	char *text = malloc(2 * strlen(root) + strlen(options) + 16);
	char *at = text + sprintf(text, "conf:");

	for (; *root; root++) {
		if (*root == ',')
			*at++ = ',';
		*at++ = *root;
	}
	sprintf(at, "%s%s%s", read_only ? ",ro" : "", *options ? "," : "",
		options);
	return text;
}

static void show_log(const struct conf_setup *setup)
{
	char path[PATH_MAX + 8], buf[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/log", setup->dir);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, stderr);
	close(fd);
}

static void exec_server(const struct conf_setup *setup,
			const struct conf_pair *pair, bool read_only)
{
	const char *sanitizer = getenv("SANITIZE");
	char log[PATH_MAX + 8];

	/* It unmounts when we end, however that comes. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	snprintf(log, sizeof(log), "%s/log", setup->dir);
	/* A sanitizer has calls of its own. */
	execl(setup->program, setup->program, "--log-file", log, "--seccomp",
	      sanitizer && *sanitizer ? "none" : "kill",
	      share_text(pair->shared, read_only, setup->options), pair->mount,
	      NULL);
	perror(setup->program);
	_exit(1);
}

static bool start_server(const struct conf_setup *setup,
			 struct conf_pair *pair, bool read_only)
{
	pid_t pid = fork();

	if (pid < 0)
		return complain("fork", "");
	if (!pid)
		exec_server(setup, pair, read_only);
	for (int i = 0; i < WAIT_STEPS; i++) {
		struct statfs st;
		int status;

		if (!statfs(pair->mount, &st) &&
		    st.f_type == FUSE_SUPER_MAGIC) {
			pair->server = pid;
			return true;
		}
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		usleep(WAIT_STEP_MS * 1000);
	}
	fprintf(stderr, "%s did not mount\n", setup->program);
	show_log(setup);
	kill(pid, SIGTERM);
	return false;
}

/* After make_dir() of dir: the two directories, and the mount over one. */
static bool find_shares(const struct conf_setup *setup, struct conf_pair *pair,
			const char *name)
{
	snprintf(pair->mount, PATH_MAX, "%s/%s", setup->guest, name);
	snprintf(pair->shared, PATH_MAX, "%s/under/%s", setup->guest, name);
	if (access(pair->mount, F_OK))
		return complain("access", pair->mount);
	return !access(pair->shared, F_OK) || complain("access", pair->shared);
}

/* What stands for the host: a directory, and where cases find it. */
static bool begin_host(struct conf_pair *pair, const char *dir, bool read_only)
{
	if (!make_dir_of_cases(pair->host, dir, "host"))
		return false;
	if (!read_only) {
		strcpy(pair->host_view, pair->host);
		return true;
	}
	return make_dir(pair->host_view, dir, "view") &&
	       bind_read_only(pair->host, pair->host_view);
}

static bool begin_pair(const struct conf_setup *setup, struct conf_pair *pair,
		       const char *name, bool read_only)
{
	char dir[PATH_MAX];

	if (!make_dir(dir, setup->dir, name) ||
	    !begin_host(pair, dir, read_only))
		return false;
	if (setup->guest)
		return find_shares(setup, pair, name);
	if (!make_dir_of_cases(pair->shared, dir, "share") ||
	    !make_dir(pair->mount, dir, "mnt"))
		return false;
	if (setup->program)
		return start_server(setup, pair, read_only);
	if (read_only)
		return bind_read_only(pair->shared, pair->mount);
	strcpy(pair->mount, pair->shared);
	return true;
}

/*
 * What is mounted goes with us, however we end.  Where `/` is no mount point,
 * as in a chroot, only our directory can be made private.
 */
static bool keep_mounts_private(struct conf_setup *setup)
{
	const char *dir = setup->dir;

	if (unshare(CLONE_NEWNS))
		return complain("unshare", "mounts");
	if (!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return true;
	if (errno != EINVAL || mount(dir, dir, NULL, MS_BIND, NULL))
		return complain("bind", dir);
	setup->bound = true;
	return !mount(NULL, dir, NULL, MS_PRIVATE, NULL) ||
	       complain("make private", dir);
}

static const char *file_system(const char *dir)
{
	struct statfs st;

	if (statfs(dir, &st))
		return "other";
	return st.f_type == EXT4_SUPER_MAGIC ? "ext4" :
	       st.f_type == TMPFS_MAGIC ? "tmpfs" : "other";
}

bool conf_setup_begin(struct conf_setup *setup)
{
	if (!mkdtemp(setup->dir) || chmod(setup->dir, 0755))
		return complain("mkdtemp", setup->dir);
	setup->fs = file_system(setup->dir);
	return keep_mounts_private(setup) &&
	       begin_pair(setup, &setup->rw, "rw", false) &&
	       begin_pair(setup, &setup->ro, "ro", true);
}

static bool end_pair(struct conf_pair *pair)
{
	bool ok = true;
	int status;

	if (strcmp(pair->host_view, pair->host))
		umount2(pair->host_view, MNT_DETACH);
	/* A plain unmount finds out whether something is still open. */
	if (strcmp(pair->mount, pair->shared) && umount2(pair->mount, 0)) {
		ok = !pair->server || complain("umount", pair->mount);
		umount2(pair->mount, MNT_DETACH);
	}
	if (!pair->server)
		return ok;
	if (waitpid(pair->server, &status, 0) != pair->server || status) {
		fprintf(stderr, "the server ended with status %#x\n", status);
		ok = false;
	}
	return ok;
}

bool conf_setup_end(struct conf_setup *setup)
{
	bool ok = end_pair(&setup->rw);

	ok = end_pair(&setup->ro) && ok;
	if (!ok)
		show_log(setup);
	if (setup->bound)
		umount2(setup->dir, MNT_DETACH);
	conf_tree_remove(setup->dir);
	return ok;
}
