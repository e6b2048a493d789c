/* SPDX-License-Identifier: MIT */
/*
 * link.c - hard and symbolic links that are protected (proc(5),
 * fs.protected_hardlinks and protected_symlinks), linkat(2) with its flags, and
 * what can be done by a descriptor that only leads to a file (O_PATH).
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static const mode_t modes[] = { 0644, 0666, 0600, 04777, 02777, 02767, 0622,
				0606, 0060 };

static void prepare_foreign(void)
{
	char name[32];

	conf_dir("open", 0777);
	conf_dir("sticky", 01777);
	for (size_t i = 0; i < CONF_COUNT(modes); i++) {
		snprintf(name, sizeof(name), "file%04o", modes[i]);
		conf_file(name, modes[i], "");
		MUST(chown(name, CONF_OTHER, CONF_GROUP));
		MUST(chmod(name, modes[i]));
	}
	MUST(mknod("fifo", S_IFIFO | 0666, 0));
	MUST(chmod("fifo", 0666));
	MUST(mknod("null", S_IFCHR | 0666, 0x103));
	MUST(chmod("null", 0666));
	conf_file("file", 0666, "target");
	MUST(symlink("file", "link"));
	MUST(symlink("../file", "sticky/roots"));
	MUST(symlink("../file", "sticky/users"));
	MUST(lchown("sticky/users", CONF_UID, CONF_GID));
	MUST(symlink("../file", "sticky/others"));
	MUST(lchown("sticky/others", CONF_OTHER, CONF_OTHER));
	conf_file("sticky/file", 0666, "");
	MUST(chown("sticky/file", CONF_OTHER, CONF_OTHER));
	MUST(mknod("sticky/fifo", S_IFIFO | 0666, 0));
	MUST(chmod("sticky/fifo", 0666));
	MUST(chown("sticky/fifo", CONF_OTHER, CONF_OTHER));
}

static void link_and_follow(void)
{
	static const char *const links[] = { "roots", "users", "others" };
	char name[32];

	for (size_t i = 0; i < CONF_COUNT(modes); i++) {
		snprintf(name, sizeof(name), "file%04o", modes[i]);
		if (!DO(link(name, "open/hard")))
			DO(unlink("open/hard"));
	}
	DO(link("fifo", "open/hardfifo"));
	DO(link("null", "open/hardnull"));
	DO(link("link", "open/hardlink"));
	DO(linkat(AT_FDCWD, "link", AT_FDCWD, "open/hard", AT_SYMLINK_FOLLOW));
	for (size_t i = 0; i < CONF_COUNT(links); i++) {
		snprintf(name, sizeof(name), "sticky/%s", links[i]);
		close(FD(open(name, O_RDWR)));
		conf_content(name);
		DO(chmod(name, 0666));
		DO(truncate(name, 3));
		DO(readlink(name, (char[32]){ 0 }, 32));
	}
	close(FD(open("sticky/file", O_RDWR | O_CREAT, 0666)));
	close(FD(open("sticky/fifo", O_RDWR | O_CREAT, 0666)));
	conf_remove("open/hardfifo");
	conf_remove("open/hardnull");
	conf_remove("open/hardlink");
	conf_remove("open/hard");
}

static void protects_links(void)
{
	for (enum conf_who who = CONF_AS_ROOT; who <= CONF_AS_MEMBER; who++) {
		conf_on("%s", conf_who_name(who));
		conf_as(who, link_and_follow);
	}
}

static void links_with_every_flag(void)
{
	static const int flags[] = {
		0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH,
		AT_EMPTY_PATH | AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, 0x8000,
	};
	static const char *const names[] = { "file", "link", "dir", "fifo",
					     "dangling", "missing", "" };

	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	MUST(symlink("file", "link"));
	MUST(symlink("absent", "dangling"));
	MUST(mkfifo("fifo", 0644));
	for (size_t n = 0; n < CONF_COUNT(names); n++)
	for (size_t f = 0; f < CONF_COUNT(flags); f++) {
		int fd = open(names[n], O_PATH | O_NOFOLLOW);

		conf_on("%s flags %#x", names[n], flags[f]);
		DO(linkat(AT_FDCWD, names[n], AT_FDCWD, "hard", flags[f]));
		conf_stat("hard");
		conf_remove("hard");
		DO(linkat(fd, "", AT_FDCWD, "hard", flags[f]));
		conf_stat("hard");
		conf_remove("hard");
		close(fd);
	}
	conf_on("%s", "");
	MUST(unlink("file"));
	close(FD(open("file", O_RDWR | O_CREAT, 0600)));
}

/* ---- O_PATH ------------------------------------------------------------- */

static void use_path(const char *name)
{
	char buf[64] = "", path[64];
	struct statfs sfs;
	struct statx stx;
	int fd = FD(open(name, O_PATH | O_NOFOLLOW)), again;

	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	DO(fcntl(fd, F_GETFL));
	DO(fcntl(fd, F_SETFL, O_APPEND));
	DO(fcntl(fd, F_SETLK, &(struct flock){ .l_type = F_RDLCK }));
	DO(fcntl(fd, F_GETLEASE));
	DO(lseek(fd, 0, SEEK_CUR));
	DO(fchown(fd, getuid(), getgid()));
	DO(fchownat(fd, "", getuid(), getgid(), AT_EMPTY_PATH));
	DO(fsetxattr(fd, "user.x", "v", 1, 0));
	DO(flistxattr(fd, buf, sizeof(buf)));
	DO(setxattr(path, "user.x", "v", 1, 0));
	DO(getxattr(path, "user.x", buf, sizeof(buf)));
	DO(futimens(fd, NULL));
	DO(utimensat(fd, "", NULL, AT_EMPTY_PATH));
	DO(utimensat(AT_FDCWD, path, NULL, 0));
	DO(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH));
	DO(syscall(SYS_faccessat2, fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS));
	DO(access(path, R_OK | W_OK));
	DO(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx));
	conf_say("mode %o size %llu", stx.stx_mode,
		 (unsigned long long)stx.stx_size);
	DO(fstatfs(fd, &sfs));
	DO(fchmod(fd, 0600));
	DO(chmod(path, 0640));
	conf_fstat("it", fd);
	DO(truncate(path, 5));
	DO(readlinkat(fd, "", buf, sizeof(buf)));
	again = FD(open(path, O_RDONLY | O_NONBLOCK));
	if (again >= 0)
		conf_fstat("again", again);
	close(again);
	again = FD(openat(fd, "", O_RDONLY));
	close(again);
	again = FD(open(path, O_WRONLY | O_NONBLOCK | O_TRUNC));
	close(again);
	DO(fchdir(fd) && errno ? -1 : fchdir(MUST(openat(fd, "..", O_PATH))));
	conf_remove(name);
	conf_fstat("removed", fd);
	again = FD(open(path, O_RDONLY | O_NONBLOCK));
	close(again);
	DO(linkat(fd, "", AT_FDCWD, "hard", AT_EMPTY_PATH));
	DO(linkat(AT_FDCWD, path, AT_FDCWD, "hard", AT_SYMLINK_FOLLOW));
	close(fd);
}

static void paths_lead_to_every_type(void)
{
	static const char *const names[] = { "file", "dir", "link", "dangling",
					     "fifo", "null", "closed" };

	conf_file("file", 0644, "content");
	conf_file("closed", 0, "content");
	conf_dir("dir", 0755);
	MUST(symlink("file", "link"));
	MUST(symlink("absent", "dangling"));
	MUST(mkfifo("fifo", 0644));
	if (!geteuid())
		MUST(mknod("null", S_IFCHR | 0666, 0x103));
	for (size_t i = 0; i < CONF_COUNT(names); i++) {
		conf_on("%s", names[i]);
		use_path(names[i]);
	}
}

static const struct conf_case cases[] = {
	CONF_PREPARED(protects_links, CONF_ROOT, prepare_foreign),
	CONF_CASE(links_with_every_flag, CONF_BOTH),
	CONF_CASE(paths_lead_to_every_type, CONF_BOTH),
};
CONF_AREA(link, cases);
