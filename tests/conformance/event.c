/* SPDX-License-Identifier: MIT */
/*
 * event.c - what a program hears of changes that programs beside it make:
 * inotify(7), leases and dnotify.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- inotify ----------------------------------------------------------- */

static const struct {
	uint32_t bit;
	const char *name;
} bits[] = {
	{ IN_ACCESS, "access" }, { IN_MODIFY, "modify" },
	{ IN_ATTRIB, "attrib" }, { IN_CLOSE_WRITE, "close after writing" },
	{ IN_CLOSE_NOWRITE, "close" }, { IN_OPEN, "open" },
	{ IN_MOVED_FROM, "moved from" }, { IN_MOVED_TO, "moved to" },
	{ IN_CREATE, "create" }, { IN_DELETE, "delete" },
	{ IN_DELETE_SELF, "deleted itself" }, { IN_MOVE_SELF, "moved itself" },
	{ IN_UNMOUNT, "unmount" }, { IN_Q_OVERFLOW, "overflow" },
	{ IN_IGNORED, "ignored" }, { IN_ISDIR, "directory" },
};

static int notify_fd;

static void say_event(const struct inotify_event *event)
{
	char text[256] = "";

	for (size_t i = 0; i < CONF_COUNT(bits); i++)
		if (event->mask & bits[i].bit) {
			strcat(text, " ");
			strcat(text, bits[i].name);
		}
	conf_say("watch %d:%s '%s'%s", event->wd, text,
		 event->len ? event->name : "", event->cookie ? " cookie" : "");
}

/* All that has been heard by now. */
static void say_events(void)
{
	char buf[8192] __attribute__((aligned(8)));
	ssize_t n;

	while ((n = read(notify_fd, buf, sizeof(buf))) > 0) {
		const struct inotify_event *event;

		for (char *at = buf; at < buf + n;
		     at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)at;
			say_event(event);
		}
	}
}

static void begin(void)
{
	notify_fd = (int)MUST(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
}

static void heard_of(const char *what)
{
	conf_on("%s", what);
	say_events();
	conf_on("%s", "");
}

static void hears_of_names(void)
{
	conf_dir("dir", 0755);
	conf_dir("other", 0755);
	begin();
	DO(inotify_add_watch(notify_fd, "dir", IN_ALL_EVENTS));
	DO(inotify_add_watch(notify_fd, "other", IN_ALL_EVENTS));
	conf_file("dir/file", 0644, "content");
	heard_of("creating");
	DO(mkdir("dir/sub", 0755));
	DO(symlink("x", "dir/link"));
	DO(mknod("dir/fifo", S_IFIFO | 0644, 0));
	heard_of("making");
	DO(link("dir/file", "other/hard"));
	heard_of("link");
	DO(rename("dir/file", "dir/renamed"));
	heard_of("rename");
	DO(rename("dir/renamed", "other/moved"));
	heard_of("moving");
	DO(rename("dir/sub", "other/sub"));
	heard_of("moving a directory");
	DO(rename("other/hard", "other/moved"));
	heard_of("rename to the same file");
	DO(unlink("dir/link"));
	DO(unlink("other/moved"));
	DO(rmdir("other/sub"));
	DO(unlink("dir/missing"));
	heard_of("removing");
	conf_list("dir");
	heard_of("listing");
	DO(unlink("dir/fifo"));
	DO(rmdir("dir"));
	heard_of("removing the directory");
	close(notify_fd);
}

static void hears_of_a_file(void)
{
	char buf[8];
	int fd;

	conf_file("file", 0644, "content");
	begin();
	DO(inotify_add_watch(notify_fd, "file", IN_ALL_EVENTS));
	fd = FD(open("file", O_RDWR));
	heard_of("open");
	DO(read(fd, buf, 4));
	heard_of("read");
	DO(write(fd, "new", 3));
	heard_of("write");
	DO(ftruncate(fd, 2));
	heard_of("ftruncate");
	DO(fallocate(fd, 0, 0, 100));
	heard_of("fallocate");
	DO(fchmod(fd, 0600));
	heard_of("chmod");
	DO(futimens(fd, NULL));
	heard_of("utimes");
	DO(fsetxattr(fd, "user.x", "v", 1, 0));
	heard_of("setxattr");
	DO(fsync(fd));
	heard_of("fsync");
	close(fd);
	heard_of("close");
	close(FD(open("file", O_RDONLY)));
	heard_of("open to read");
	DO(rename("file", "other"));
	heard_of("rename");
	DO(link("other", "second"));
	DO(unlink("second"));
	heard_of("links");
	DO(unlink("other"));
	heard_of("unlink");
	close(notify_fd);
}

static void hears_of_emptying(void)
{
	conf_file("file", 0644, "content");
	begin();
	DO(inotify_add_watch(notify_fd, "file", IN_MODIFY));
	close(FD(open("file", O_WRONLY | O_TRUNC)));
	heard_of("O_TRUNC");
	DO(truncate("file", 5));
	heard_of("truncate");
	close(notify_fd);
}

static void hears_of_what_it_asked_for(void)
{
	conf_dir("dir", 0755);
	begin();
	DO(inotify_add_watch(notify_fd, "missing", IN_CREATE));
	DO(inotify_add_watch(notify_fd, "dir", 0));
	DO(inotify_add_watch(notify_fd, "dir", IN_CREATE | IN_ONESHOT));
	conf_file("dir/a", 0644, "");
	conf_file("dir/b", 0644, "");
	heard_of("once");
	DO(inotify_add_watch(notify_fd, "dir", IN_DELETE | IN_ONLYDIR));
	DO(inotify_add_watch(notify_fd, "dir/a", IN_OPEN | IN_ONLYDIR));
	DO(unlink("dir/a"));
	DO(inotify_add_watch(notify_fd, "dir", IN_CREATE | IN_MASK_ADD));
	conf_file("dir/c", 0644, "");
	DO(unlink("dir/b"));
	heard_of("added");
	DO(inotify_rm_watch(notify_fd, 2));
	heard_of("removed");
	close(notify_fd);
}

/* ---- fanotify ---------------------------------------------------------- */

/* All that has been heard of files by now, which are open then. */
static void say_files(int notify)
{
	struct fanotify_event_metadata buf[64], *event = buf;
	ssize_t n = read(notify, buf, sizeof(buf));
	char path[64], name[PATH_MAX];

	for (; FAN_EVENT_OK(event, n); event = FAN_EVENT_NEXT(event, n)) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", event->fd);
		len = readlink(path, name, sizeof(name) - 1);
		name[len > 0 ? len : 0] = '\0';
		conf_say("mask %#llx of %s", (unsigned long long)event->mask,
			 strrchr(name, '/') ? strrchr(name, '/') : name);
		close(event->fd);
	}
}

static void hears_of_files_by_mark(void)
{
	const uint64_t mask = FAN_OPEN | FAN_ACCESS | FAN_MODIFY |
		FAN_CLOSE_WRITE | FAN_CLOSE_NOWRITE | FAN_EVENT_ON_CHILD |
		FAN_ONDIR;
	int notify = FD(fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK,
				      O_RDONLY)), fd;
	char buf[8];

	if (notify < 0)
		return;
	conf_dir("dir", 0755);
	conf_file("dir/file", 0644, "content");
	DO(fanotify_mark(notify, FAN_MARK_ADD, mask, AT_FDCWD, "dir"));
	DO(fanotify_mark(notify, FAN_MARK_ADD | FAN_MARK_ONLYDIR, mask,
			 AT_FDCWD, "dir/file"));
	fd = FD(open("dir/file", O_RDWR));
	DO(read(fd, buf, 4));
	say_files(notify);
	DO(write(fd, "new", 3));
	DO(ftruncate(fd, 1));
	close(fd);
	say_files(notify);
	conf_list("dir");
	say_files(notify);
	close(notify);
}

/* ---- leases ------------------------------------------------------------ */

static const struct {
	const char *name;
	int type;
} leases[] = {
	{ "read", F_RDLCK }, { "write", F_WRLCK }, { "none", F_UNLCK },
	{ "wrong", 77 },
};

static void breaks_leases(void)
{
	close(FD(open("file", O_RDONLY | O_NONBLOCK)));
	close(FD(open("file", O_WRONLY | O_NONBLOCK)));
	DO(truncate("file", 3));
}

static void leases_are_taken_and_broken(void)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };

	signal(SIGIO, SIG_IGN);
	for (size_t m = 0; m < CONF_COUNT(modes); m++)
	for (size_t l = 0; l < CONF_COUNT(leases); l++) {
		int fd;

		conf_on("mode %d %s", modes[m], leases[l].name);
		conf_file("file", 0666, "content");
		fd = FD(open("file", modes[m]));
		if (!DO(fcntl(fd, F_SETLEASE, leases[l].type)) &&
		    leases[l].type == F_RDLCK)
			close(FD(open("file", O_RDONLY)));
		DO(fcntl(fd, F_GETLEASE));
		close(fd);
		close(FD(open("file", O_RDWR)));
	}
	conf_on("directory");
	close(FD(open(".", O_RDONLY)));
	DO(fcntl(open(".", O_RDONLY), F_SETLEASE, F_RDLCK));
	conf_on("%s", "");
	conf_as(CONF_AS_ROOT, breaks_leases);
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

static void dnotify_signals(void)
{
	int fd;

	signal(SIGIO, on_signal);
	fd = FD(open(".", O_RDONLY));
	DO(fcntl(fd, F_NOTIFY, DN_CREATE | DN_DELETE | DN_MULTISHOT));
	conf_file("file", 0644, "");
	conf_say("signals: %d", signals);
	DO(unlink("file"));
	conf_say("signals: %d", signals);
	close(fd);
	conf_file("file", 0644, "");
	conf_say("signals: %d", signals);
}

/* Regular files are always ready. */
static void polls_files(void)
{
	struct pollfd p[2] = { { .events = POLLIN | POLLOUT | POLLPRI },
			       { .events = POLLIN | POLLOUT | POLLPRI } };

	conf_file("file", 0644, "");
	p[0].fd = FD(open("file", O_RDWR));
	p[1].fd = FD(open(".", O_RDONLY));
	DO(poll(p, 2, 0));
	conf_say("file %#x directory %#x", p[0].revents, p[1].revents);
	close(p[0].fd);
	close(p[1].fd);
}

static const struct conf_case cases[] = {
	CONF_CASE(hears_of_names, CONF_BOTH),
	CONF_CASE(hears_of_a_file, CONF_BOTH),
	CONF_CASE(hears_of_emptying, CONF_BOTH),
	CONF_CASE(hears_of_what_it_asked_for, CONF_BOTH),
	CONF_CASE(hears_of_files_by_mark, CONF_ROOT),
	CONF_CASE(leases_are_taken_and_broken, CONF_BOTH),
	CONF_CASE(dnotify_signals, CONF_BOTH),
	CONF_CASE(polls_files, CONF_BOTH),
};
CONF_AREA(event, cases);
