/* SPDX-License-Identifier: MIT */
/*
 * stat.c - what is told of files and file systems: statx(2), statfs(2),
 * access(2) and faccessat2(2) by different people.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MASK (STATX_BASIC_STATS | STATX_BTIME)

static void say_statx(const char *path, int flags, unsigned mask)
{
	struct statx stx, under;

	memset(&stx, 0, sizeof(stx));
	if (DO(statx(AT_FDCWD, path, flags, mask, &stx)))
		return;
	/* A file system may tell more than it is asked for. */
	conf_say("asked for and not told %#x, mode %o nlink %u uid %u gid %u size %llu rdev %u:%u",
		 mask & MASK & ~stx.stx_mask, stx.stx_mode, stx.stx_nlink,
		 stx.stx_uid, stx.stx_gid, (unsigned long long)stx.stx_size,
		 stx.stx_rdev_major, stx.stx_rdev_minor);
	if (mask != MASK ||
	    statx(conf_host_fd, path, AT_SYMLINK_NOFOLLOW, MASK, &under))
		return;
	conf_say("underneath: ino %d btime %d mtime %d",
		 stx.stx_ino == under.stx_ino,
		 !memcmp(&stx.stx_btime, &under.stx_btime,
			 sizeof(stx.stx_btime)),
		 !memcmp(&stx.stx_mtime, &under.stx_mtime,
			 sizeof(stx.stx_mtime)));
}

static void tells_everything_of_every_type(void)
{
	static const char *const names[] = { "file", "dir", "link", "fifo",
					     "null", "missing", "." };
	static const int flags[] = {
		AT_SYMLINK_NOFOLLOW,
		AT_SYMLINK_NOFOLLOW | AT_STATX_FORCE_SYNC,
		AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
		AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, 0x8,
	};

	conf_file("file", 0644, "content");
	conf_dir("dir", 02755);
	MUST(symlink("file", "link"));
	MUST(mkfifo("fifo", 0644));
	if (!geteuid())
		MUST(mknod("null", S_IFCHR | 0666, 0x103));
	for (size_t n = 0; n < CONF_COUNT(names); n++)
	for (size_t f = 0; f < CONF_COUNT(flags); f++) {
		conf_on("%s flags %#x", names[n], flags[f]);
		say_statx(names[n], flags[f], MASK);
	}
	conf_on("masks");
	say_statx("file", AT_SYMLINK_NOFOLLOW, 0);
	say_statx("file", AT_SYMLINK_NOFOLLOW, STATX_BTIME);
	say_statx("file", AT_SYMLINK_NOFOLLOW, STATX__RESERVED);
	say_statx("", AT_EMPTY_PATH, MASK);
	say_statx("", 0, MASK);
}

static long long nanoseconds(const struct statx_timestamp *t)
{
	return t->tv_sec * 1000000000ll + t->tv_nsec;
}

static void birth_is_once(void)
{
	struct statx born, later;

	conf_file("file", 0644, "");
	if (DO(statx(AT_FDCWD, "file", 0, MASK, &born)) ||
	    !(born.stx_mask & STATX_BTIME))
		return;
	conf_say("born before ctime: %d",
		 nanoseconds(&born.stx_btime) <= nanoseconds(&born.stx_ctime));
	conf_mark("file");
	DO(truncate("file", 100));
	DO(utimensat(AT_FDCWD, "file",
		     (struct timespec[2]){ { 1, 0 }, { 2, 0 } }, 0));
	DO(rename("file", "other"));
	conf_moved("changes", "other");
	DO(statx(AT_FDCWD, "other", 0, MASK, &later));
	conf_say("born at the same time: %d", nanoseconds(&born.stx_btime) ==
		 nanoseconds(&later.stx_btime));
}

/* Others use the disk meanwhile. */
static bool near(unsigned long long a, unsigned long long b)
{
	return (a > b ? a - b : b - a) < 1ull << 30;
}

static unsigned long long bytes(const struct statfs *st, fsblkcnt_t blocks)
{
	return blocks * (unsigned long long)st->f_frsize;
}

static void tells_of_the_file_system(void)
{
	static const char *const names[] = { ".", "file", "link", "fifo" };
	struct statvfs vfs;
	struct statfs st, u;

	conf_file("file", 0644, "content");
	MUST(symlink("file", "link"));
	MUST(mkfifo("fifo", 0644));
	MUST(fstatfs(conf_host_fd, &u));
	for (size_t i = 0; i < CONF_COUNT(names); i++) {
		conf_on("%s", names[i]);
		DO(statfs(names[i], &st));
		conf_say("as underneath: size %d free %d %d, files %d, names %d",
			 bytes(&st, st.f_blocks) == bytes(&u, u.f_blocks),
			 near(bytes(&st, st.f_bfree), bytes(&u, u.f_bfree)),
			 near(bytes(&st, st.f_bavail), bytes(&u, u.f_bavail)),
			 st.f_files == u.f_files,
			 st.f_namelen == u.f_namelen);
		DO(statvfs(names[i], &vfs));
	}
	conf_on("%s", "");
	DO(pathconf(".", _PC_NAME_MAX));
	DO(pathconf(".", _PC_2_SYMLINKS));
	DO(statfs("missing", &st));
}

/* ---- access ------------------------------------------------------------ */

static const mode_t modes[] = { 0000, 0400, 0200, 0100, 0070, 0007, 0755,
				0640, 0111, 0777, 0604, 0060 };

static void access_all(void)
{
	static const char *const kinds[] = { "file", "dir" };
	static const int flags[] = { 0, AT_EACCESS, AT_SYMLINK_NOFOLLOW };
	char name[32];

	for (size_t m = 0; m < CONF_COUNT(modes); m++)
	for (size_t k = 0; k < CONF_COUNT(kinds); k++)
	for (size_t f = 0; f < CONF_COUNT(flags); f++) {
		snprintf(name, sizeof(name), "%s%03o", kinds[k], modes[m]);
		conf_on("%s flags %#x", name, flags[f]);
		for (int mask = 0; mask <= 7; mask++)
			DO(syscall(SYS_faccessat2, AT_FDCWD, name, mask,
				   flags[f]));
	}
	conf_on("other");
	DO(access("link", R_OK));
	DO(syscall(SYS_faccessat2, AT_FDCWD, "link", R_OK | W_OK,
		   AT_SYMLINK_NOFOLLOW));
	DO(access("dangling", F_OK));
	DO(syscall(SYS_faccessat2, AT_FDCWD, "dangling", F_OK,
		   AT_SYMLINK_NOFOLLOW));
	DO(access("dir000/x", F_OK));
	DO(access("file755", 8));
	DO(syscall(SYS_faccessat2, AT_FDCWD, "file755", F_OK, 0x8000));
}

static void prepare_access(void)
{
	char name[32];

	for (size_t m = 0; m < CONF_COUNT(modes); m++) {
		snprintf(name, sizeof(name), "file%03o", modes[m]);
		conf_file(name, modes[m], "");
		MUST(chown(name, CONF_UID, CONF_GID));
		snprintf(name, sizeof(name), "dir%03o", modes[m]);
		conf_dir(name, modes[m]);
		MUST(chown(name, CONF_UID, CONF_GID));
	}
	MUST(symlink("file400", "link"));
	MUST(symlink("absent", "dangling"));
}

static void access_asks_for_everybody(void)
{
	for (enum conf_who who = CONF_AS_ROOT; who <= CONF_AS_MEMBER; who++) {
		conf_on("%s", conf_who_name(who));
		conf_say("as");
		conf_as(who, access_all);
	}
}

/* access(2) asks for the real user, everything else for the effective one. */
static void access_asks_for_the_real_user(void)
{
	MUST(setresuid(CONF_OTHER, 0, 0));
	DO(access("file640", R_OK));
	DO(eaccess("file640", R_OK));
	DO(access("file640", W_OK));
	close(FD(open("file640", O_RDWR)));
	MUST(setresuid(CONF_UID, CONF_OTHER, 0));
	DO(access("file640", R_OK | W_OK));
	DO(eaccess("file640", R_OK | W_OK));
	close(FD(open("file640", O_RDWR)));
}

static const struct conf_case cases[] = {
	CONF_CASE(tells_everything_of_every_type, CONF_BOTH),
	{ .name = "birth_is_once", .flags = CONF_BOTH, .run = birth_is_once,
	  .options = "*,linux-!(" CONF_BEFORE_6_6 ")" },
	CONF_CASE(tells_of_the_file_system, CONF_BOTH),
	CONF_PREPARED(access_asks_for_everybody, CONF_ROOT, prepare_access),
	CONF_PREPARED(access_asks_for_the_real_user, CONF_ROOT,
		      prepare_access),
};
CONF_AREA(stat, cases);
