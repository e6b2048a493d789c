/* SPDX-License-Identifier: MIT */
/*
 * open.c - open(2): each flag on each type of file, modes and umask, what an
 * access mode allows, O_TMPFILE and O_DIRECT.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct {
	const char *name;
	int flags;
} access_modes[] = {
	{ "O_RDONLY", O_RDONLY },
	{ "O_WRONLY", O_WRONLY },
	{ "O_RDWR", O_RDWR },
	{ "3", 3 },
}, open_flags[] = {
	{ "0", 0 },
	{ "O_CREAT", O_CREAT },
	{ "O_CREAT|O_EXCL", O_CREAT | O_EXCL },
	{ "O_CREAT|O_TRUNC", O_CREAT | O_TRUNC },
	{ "O_CREAT|O_EXCL|O_NOFOLLOW", O_CREAT | O_EXCL | O_NOFOLLOW },
	{ "O_CREAT|O_NOFOLLOW", O_CREAT | O_NOFOLLOW },
	{ "O_CREAT|O_DIRECTORY", O_CREAT | O_DIRECTORY },
	{ "O_EXCL", O_EXCL },
	{ "O_TRUNC", O_TRUNC },
	{ "O_TRUNC|O_NOFOLLOW", O_TRUNC | O_NOFOLLOW },
	{ "O_APPEND", O_APPEND },
	{ "O_APPEND|O_TRUNC", O_APPEND | O_TRUNC },
	{ "O_DIRECTORY", O_DIRECTORY },
	{ "O_DIRECTORY|O_NOFOLLOW", O_DIRECTORY | O_NOFOLLOW },
	{ "O_NOFOLLOW", O_NOFOLLOW },
	{ "O_PATH", O_PATH },
	{ "O_PATH|O_NOFOLLOW", O_PATH | O_NOFOLLOW },
	{ "O_PATH|O_DIRECTORY", O_PATH | O_DIRECTORY },
	{ "O_SYNC", O_SYNC },
	{ "O_DSYNC", O_DSYNC },
	{ "O_NOATIME", O_NOATIME },
	{ "O_NOCTTY", O_NOCTTY },
	{ "O_NONBLOCK", O_NONBLOCK },
	{ "O_CREAT|O_SYNC|O_APPEND|O_NOATIME",
	  O_CREAT | O_SYNC | O_APPEND | O_NOATIME },
};

static void make_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = (int)MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

	strcpy(addr.sun_path, path);
	MUST(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	close(fd);
}

static const char *const targets[] = {
	"missing", "file", "dir", "to-file", "to-dir", "dangling", "loop",
	"fifo", "socket", "null", "locked", "read-only", "missing/x",
	"file/x", "file/", "missing/", "dir/", ".", "to-dir/", "to-file/",
};

static void make_targets(void)
{
	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	MUST(symlink("file", "to-file"));
	MUST(symlink("dir", "to-dir"));
	MUST(symlink("absent", "dangling"));
	MUST(symlink("loop", "loop"));
	MUST(mkfifo("fifo", 0666));
	make_socket("socket");
	if (!geteuid())
		MUST(mknod("null", S_IFCHR | 0666, 0x103));
	conf_file("locked", 0000, "secret");
	conf_file("read-only", 0444, "fixed");
}

/* As before, after what may have created or emptied one. */
static void restore_targets(void)
{
	static const char *const created[] = { "missing", "absent" };

	for (size_t i = 0; i < CONF_COUNT(created); i++)
		conf_remove(created[i]);
	conf_file("file", 0644, "content");
	if (geteuid())
		return;
	conf_file("locked", 0000, "secret");
	conf_file("read-only", 0444, "fixed");
}

static void open_one(const char *target, int flags)
{
	int fd = FD(open(target, flags, 0640));

	if (fd < 0)
		return;
	DO(fcntl(fd, F_GETFL));
	conf_fstat("it", fd);
	close(fd);
}

static void opens_with_every_flag(void)
{
	make_targets();
	for (size_t t = 0; t < CONF_COUNT(targets); t++)
	for (size_t a = 0; a < CONF_COUNT(access_modes); a++)
	for (size_t f = 0; f < CONF_COUNT(open_flags); f++) {
		int flags = access_modes[a].flags | open_flags[f].flags;

		/* Nobody is at the FIFO's other end. */
		if (!strcmp(targets[t], "fifo"))
			flags |= O_NONBLOCK;
		conf_on("%s %s|%s", targets[t], access_modes[a].name,
			open_flags[f].name);
		open_one(targets[t], flags);
		if (flags & (O_CREAT | O_TRUNC)) {
			conf_stat(targets[t]);
			conf_stat("absent");
			restore_targets();
		}
	}
}

static void gives_new_files_mode_and_umask(void)
{
	static const mode_t masks[] = { 0, 022, 027, 077, 0777 };

	for (size_t m = 0; m < CONF_COUNT(masks); m++)
	for (mode_t mode = 0; mode <= 07777;
	     mode += mode < 0777 ? 0111 : 0401) {
		int fd;

		umask(masks[m]);
		conf_on("mode %04o umask %03o", mode, masks[m]);
		fd = FD(open("new", O_RDWR | O_CREAT | O_EXCL, mode));
		conf_stat("new");
		/* Whatever the mode, the one who creates may use it. */
		if (fd >= 0) {
			DO(write(fd, "x", 1));
			close(fd);
		}
		conf_remove("new");
		DO(mkdir("new", mode));
		conf_stat("new");
		conf_remove("new");
		DO(mknod("new", S_IFIFO | mode, 0));
		conf_stat("new");
		conf_remove("new");
	}
}

static void allows_what_the_access_mode_says(void)
{
	char buf[8];

	conf_file("file", 0666, "content");
	for (int mode = 0; mode < 4; mode++)
	for (int append = 0; append <= O_APPEND; append += O_APPEND) {
		int fd = open("file", mode | append);

		conf_on("mode %d append %d", mode, append);
		DO(read(fd, buf, 4));
		DO(pread(fd, buf, 4, 2));
		DO(write(fd, "new", 3));
		DO(pwrite(fd, "end", 3, 1));
		DO(lseek(fd, 0, SEEK_CUR));
		DO(ftruncate(fd, 12));
		DO(fsync(fd));
		DO(fchmod(fd, 0660));
		DO(futimens(fd, NULL));
		DO(posix_fallocate(fd, 0, 4));
		DO(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
		DO(fcntl(fd, F_GETFL));
		DO(write(fd, "x", 1));
		conf_content("file");
		close(fd);
	}
}

static void path_descriptors_do_nothing_but_lead(void)
{
	char buf[8];
	int fd, dir;

	conf_file("file", 0666, "content");
	conf_dir("dir", 0755);
	MUST(symlink("file", "link"));
	fd = FD(open("file", O_PATH));
	DO(read(fd, buf, 4));
	DO(write(fd, "x", 1));
	DO(ftruncate(fd, 0));
	DO(fchmod(fd, 0600));
	DO(fsync(fd));
	conf_fstat("file", fd);
	DO(linkat(fd, "", AT_FDCWD, "again", AT_EMPTY_PATH));
	close(fd);
	fd = FD(open("link", O_PATH | O_NOFOLLOW));
	memset(buf, 0, sizeof(buf));
	DO(readlinkat(fd, "", buf, sizeof(buf) - 1));
	conf_fstat("link", fd);
	close(fd);
	dir = FD(open("dir", O_PATH | O_DIRECTORY));
	fd = FD(openat(dir, "new", O_CREAT | O_WRONLY, 0644));
	close(fd);
	DO(mkdirat(dir, "sub", 0700));
	DO(fchdir(dir));
	conf_list(".");
}

static void empties_files_at_open(void)
{
	int fd;

	conf_file("file", 0666, "content");
	conf_mark("file");
	fd = FD(open("file", O_WRONLY | O_TRUNC));
	conf_moved("O_TRUNC", "file");
	conf_stat("file");
	conf_mark("file");
	close(FD(open("file", O_WRONLY | O_TRUNC)));
	conf_moved("O_TRUNC of an empty file", "file");
	DO(write(fd, "more", 4));
	close(FD(open("file", O_RDONLY | O_TRUNC)));
	DO(write(fd, "end", 3));
	conf_content("file");
	conf_mark("file");
	close(FD(open("file", O_RDWR | O_CREAT, 0600)));
	conf_moved("O_CREAT of a file", "file");
	conf_mark(".");
	close(FD(open("other", O_RDWR | O_CREAT, 0600)));
	conf_moved("O_CREAT", ".");
}

static void keeps_what_is_unlinked_while_open(void)
{
	char buf[16] = "";
	int fd, again;

	conf_file("file", 0644, "content");
	fd = FD(open("file", O_RDWR));
	DO(unlink("file"));
	conf_fstat("unlinked", fd);
	DO(pwrite(fd, "CON", 3, 0));
	DO(pread(fd, buf, 7, 0));
	conf_say("read %s", buf);
	DO(ftruncate(fd, 3));
	DO(fchmod(fd, 0600));
	DO(fsync(fd));
	conf_fstat("unlinked", fd);
	close(FD(open("file", O_WRONLY | O_CREAT | O_EXCL, 0600)));
	conf_fstat("unlinked", fd);
	again = FD(open("/proc/self/fd/3", O_PATH));
	close(again);
	snprintf(buf, sizeof(buf), "/proc/self/fd/%d", fd);
	again = FD(open(buf, O_RDWR));
	DO(pwrite(again, "again", 5, 0));
	close(again);
	DO(pread(fd, buf, 7, 0));
	conf_say("read %.5s", buf);
	close(fd);
}

static void refuses_flags_that_make_no_sense(void)
{
	conf_file("file", 0666, "content");
	FD(open("", O_RDONLY));
	FD(open("file", O_TMPFILE | O_RDWR, 0600));
	FD(open(".", O_TMPFILE | O_RDONLY, 0600));
	FD(open("missing", O_TMPFILE | O_RDWR, 0600));
	FD(open("file", O_CREAT | O_DIRECTORY | O_EXCL, 0600));
	FD(open(".", O_CREAT, 0600));
	FD(open(".", O_WRONLY));
	FD(open("..", O_RDWR));
	FD(open("file", ~0));
}

static void obeys_permission(void)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR,
				     O_RDONLY | O_TRUNC, O_RDONLY | O_NOATIME };

	for (mode_t mode = 0; mode <= 0777; mode++) {
		if ((mode & 7) > 2 && (mode & 7) < 6)
			continue;
		conf_remove("file");
		conf_file("file", mode, "content");
		for (size_t i = 0; i < CONF_COUNT(modes); i++) {
			conf_on("mode %03o flags %#x", mode, modes[i]);
			close(FD(open("file", modes[i])));
		}
	}
}

static void obeys_permission_of_others(void)
{
	MUST(chmod(".", 0777));
	for (enum conf_who who = CONF_AS_ROOT; who <= CONF_AS_MEMBER; who++) {
		conf_on("%s", conf_who_name(who));
		conf_as(who, obeys_permission);
		conf_remove("file");
	}
}

static void prepare_foreign(void)
{
	mode_t modes[] = { 0600, 0640, 0604, 0660, 0606, 0670, 0060, 0006 };
	char name[32];

	for (size_t i = 0; i < CONF_COUNT(modes); i++)
	for (int kind = 0; kind < 3; kind++) {
		snprintf(name, sizeof(name), "%03o-%d", modes[i], kind);
		conf_file(name, modes[i], "content");
		MUST(chown(name, kind == 0 ? CONF_UID : 5,
			   kind == 1 ? CONF_GID : kind == 2 ? CONF_GROUP : 5));
	}
}

static void open_foreign(void)
{
	mode_t modes[] = { 0600, 0640, 0604, 0660, 0606, 0670, 0060, 0006 };
	char name[32];

	for (size_t i = 0; i < CONF_COUNT(modes); i++)
	for (int kind = 0; kind < 3; kind++) {
		snprintf(name, sizeof(name), "%03o-%d", modes[i], kind);
		for (int access = 0; access < 3; access++) {
			conf_on("%s mode %d", name, access);
			close(FD(open(name, access)));
			close(FD(open(name, access | O_NOATIME)));
		}
		DO(truncate(name, 3));
	}
}

static void owners_groups_and_others_may_differ(void)
{
	for (enum conf_who who = CONF_AS_ROOT; who <= CONF_AS_MEMBER; who++) {
		conf_on("%s", conf_who_name(who));
		conf_say("as");
		conf_as(who, open_foreign);
	}
}

static const struct conf_case cases[] = {
	CONF_CASE(opens_with_every_flag, CONF_BOTH),
	CONF_CASE(gives_new_files_mode_and_umask, CONF_BOTH),
	CONF_CASE(allows_what_the_access_mode_says, CONF_BOTH),
	CONF_CASE(path_descriptors_do_nothing_but_lead, CONF_BOTH),
	CONF_CASE(empties_files_at_open, CONF_BOTH),
	CONF_CASE(keeps_what_is_unlinked_while_open, CONF_BOTH),
	CONF_CASE(refuses_flags_that_make_no_sense, CONF_BOTH),
	CONF_CASE(obeys_permission, CONF_BOTH),
	CONF_CASE(obeys_permission_of_others, CONF_ROOT),
	CONF_PREPARED(owners_groups_and_others_may_differ, CONF_ROOT,
		      prepare_foreign),
};
CONF_AREA(open, cases);
