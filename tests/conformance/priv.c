/* SPDX-License-Identifier: MIT */
/*
 * priv.c - privilege in files: when S_ISUID, S_ISGID and file capabilities are
 * dropped, and what directories with S_ISGID or S_ISVTX do.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- what takes privilege away ----------------------------------------- */

static void by_write(int fd)
{
	DO(write(fd, "x", 1));
}

static void by_writing_nothing(int fd)
{
	DO(write(fd, "", 0));
}

static void by_pwrite(int fd)
{
	DO(pwrite(fd, "x", 1, 100));
}

static void by_ftruncate(int fd)
{
	DO(ftruncate(fd, 3));
}

static void by_ftruncate_to_the_same(int fd)
{
	DO(ftruncate(fd, 7));
}

static void by_truncate(int fd)
{
	(void)fd;
	DO(truncate("file", 2));
}

static void by_open(int fd)
{
	(void)fd;
	close(FD(open("file", O_WRONLY | O_TRUNC)));
}

static void by_creat(int fd)
{
	(void)fd;
	close(FD(open("file", O_WRONLY | O_CREAT | O_TRUNC, 0600)));
}

static void by_chown(int fd)
{
	DO(fchown(fd, (uid_t)-1, getegid()));
}

static void by_chmod(int fd)
{
	DO(fchmod(fd, 06755));
}

static void by_utimes(int fd)
{
	DO(futimens(fd, NULL));
}

static void by_link(int fd)
{
	(void)fd;
	DO(link("file", "again"));
	DO(unlink("again"));
}

static void by_xattr(int fd)
{
	DO(fsetxattr(fd, "user.conf", "x", 1, 0));
}

static void by_fallocate(int fd)
{
	DO(fallocate(fd, 0, 0, 4096));
}

static void by_keeping_fallocate(int fd)
{
	DO(fallocate(fd, FALLOC_FL_KEEP_SIZE, 8192, 4096));
}

static void by_punching_a_hole(int fd)
{
	DO(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096));
}

static void by_copy(int fd)
{
	int from = (int)MUST(open("source", O_RDONLY));

	DO(copy_file_range(from, NULL, fd, NULL, 4, 0));
	close(from);
}

static void by_map(int fd)
{
	char *map = mmap(NULL, 7, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	conf_say("mmap %s", map == MAP_FAILED ? conf_errname(errno) : "fine");
	if (map == MAP_FAILED)
		return;
	map[0] = 'X';
	DO(msync(map, 7, MS_SYNC));
	DO(munmap(map, 7));
}

static const struct {
	const char *name;
	void (*fn)(int fd);
} changes[] = {
	{ "write", by_write }, { "write of nothing", by_writing_nothing },
	{ "pwrite", by_pwrite }, { "ftruncate", by_ftruncate },
	{ "ftruncate to the same", by_ftruncate_to_the_same },
	{ "truncate", by_truncate }, { "O_TRUNC", by_open },
	{ "O_CREAT|O_TRUNC", by_creat }, { "chown", by_chown },
	{ "chmod", by_chmod }, { "utimes", by_utimes }, { "link", by_link },
	{ "xattr", by_xattr },
	{ "fallocate", by_fallocate },
	{ "fallocate keeping", by_keeping_fallocate },
	{ "punch hole", by_punching_a_hole }, { "copy", by_copy },
	{ "mmap", by_map },
};

static const mode_t privileged[] = {
	04755, 02755, 06755, 02745, 02644, 04644, 06666, 06777, 01777, 0777,
};

/* In a writable file of every mode: each change, as who we are. */
static void change_all(void)
{
	for (size_t c = 0; c < CONF_COUNT(changes); c++)
	for (size_t m = 0; m < CONF_COUNT(privileged); m++) {
		int fd;

		conf_on("%s %04o", changes[c].name, privileged[m]);
		conf_remove("file");
		conf_file("file", privileged[m] | 0600, "content");
		fd = (int)MUST(open("file", O_RDWR));
		changes[c].fn(fd);
		conf_fstat("file", fd);
		conf_stat("file");
		close(fd);
		conf_stat("file");
	}
}

static void drops_setuid_and_setgid(void)
{
	conf_file("source", 0644, "source");
	change_all();
}

static void say_mode_alone(const char *path)
{
	struct statx stx;

	MUST(statx(AT_FDCWD, path, 0, STATX_MODE, &stx));
	conf_say("mode %04o", stx.stx_mode & 07777u);
}

/* Who asks for nothing but the mode sees it, too. */
static void setuid_goes_at_once(void)
{
	static const mode_t modes[] = { 04755, 02755, 06777 };

	for (size_t m = 0; m < CONF_COUNT(modes); m++) {
		int fd;

		conf_on("%04o", modes[m]);
		conf_remove("file");
		conf_file("file", modes[m], "content");
		say_mode_alone("file");
		fd = (int)MUST(open("file", O_RDWR));
		DO(pwrite(fd, "x", 1, 0));
		say_mode_alone("file");
		MUST(fchmod(fd, modes[m]));
		say_mode_alone("file");
		DO(ftruncate(fd, 1));
		say_mode_alone("file");
		close(fd);
	}
}

static size_t foreign_change;
static mode_t foreign_mode;
static int foreign_fd;

static void change_foreign(void)
{
	changes[foreign_change].fn(foreign_fd);
}

/* Somebody else changes a file of root's that he may write. */
static void others_drop_setuid_and_setgid(void)
{
	conf_file("source", 0644, "source");
	for (foreign_change = 0; foreign_change < CONF_COUNT(changes);
	     foreign_change++)
	for (size_t m = 0; m < CONF_COUNT(privileged); m++) {
		foreign_mode = privileged[m] | 0666;
		conf_on("%s %04o", changes[foreign_change].name, foreign_mode);
		conf_remove("file");
		conf_file("file", foreign_mode, "content");
		foreign_fd = (int)MUST(open("file", O_RDWR));
		conf_as(m % 2 ? CONF_AS_USER : CONF_AS_MEMBER, change_foreign);
		conf_stat("file");
		close(foreign_fd);
	}
}

/* cap_net_raw, permitted and effective. */
static void give_capability(const char *path)
{
	struct vfs_cap_data cap = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data[0].permitted = 1u << CAP_NET_RAW,
	};

	DO(setxattr(path, "security.capability", &cap, sizeof(cap), 0));
}

static void drops_capabilities(void)
{
	char buf[64];

	conf_file("source", 0644, "source");
	for (int as_user = 0; as_user < 2; as_user++)
	for (foreign_change = 0; foreign_change < CONF_COUNT(changes);
	     foreign_change++) {
		conf_on("%s %s", as_user ? "user" : "root",
			changes[foreign_change].name);
		conf_remove("file");
		conf_file("file", 0777, "content");
		foreign_fd = (int)MUST(open("file", O_RDWR));
		give_capability("file");
		DO(getxattr("file", "security.capability", buf, sizeof(buf)));
		conf_as(as_user ? CONF_AS_USER : CONF_AS_ROOT, change_foreign);
		DO(getxattr("file", "security.capability", buf, sizeof(buf)));
		close(foreign_fd);
		DO(getxattr("file", "security.capability", buf, sizeof(buf)));
		conf_stat("file");
		conf_remove("file");
	}
}

/* ---- directories ------------------------------------------------------- */

static void make_all_kinds(void)
{
	static const mode_t modes[] = { 0755, 02755, 02745, 04711, 06777 };
	char name[32];

	umask(0);
	for (size_t i = 0; i < CONF_COUNT(modes); i++) {
		conf_on("%04o", modes[i]);
		snprintf(name, sizeof(name), "file%zu", i);
		close(FD(open(name, O_WRONLY | O_CREAT | O_EXCL, modes[i])));
		conf_stat(name);
		conf_remove(name);
		DO(mkdir(name, modes[i]));
		conf_stat(name);
		conf_remove(name);
		DO(mknod(name, S_IFIFO | modes[i], 0));
		conf_stat(name);
		conf_remove(name);
		DO(mknod(name, S_IFREG | modes[i], 0));
		conf_stat(name);
		conf_remove(name);
		DO(symlink("x", name));
		conf_stat(name);
		conf_remove(name);
	}
}

static void directories_give_their_group(void)
{
	static const gid_t groups[] = { 0, CONF_GID, CONF_GROUP, 5 };
	int here = (int)MUST(open(".", O_PATH));
	char name[32];

	for (size_t g = 0; g < CONF_COUNT(groups); g++)
	for (int setgid = 0; setgid < 2; setgid++)
	for (enum conf_who who = CONF_AS_ROOT; who <= CONF_AS_MEMBER; who++) {
		snprintf(name, sizeof(name), "dir%u-%d-%d", groups[g], setgid,
			 who);
		MUST(mkdir(name, 0777));
		MUST(chown(name, 5, groups[g]));
		MUST(chmod(name, setgid ? 02777 : 0777));
		MUST(chdir(name));
		conf_on("%s", name);
		conf_say("as %s", conf_who_name(who));
		conf_as(who, make_all_kinds);
		MUST(fchdir(here));
	}
}

static void hand_down_setgid(void)
{
	DO(mkdir("a", 0755));
	DO(mkdir("a/b", 0700));
	conf_stat("a");
	conf_stat("a/b");
	close(FD(open("a/b/file", O_WRONLY | O_CREAT, 02755)));
	conf_stat("a/b/file");
	DO(rename("a/b", "b"));
	conf_stat("b");
	DO(chmod("a", 0755));
	conf_stat("a");
	DO(mkdir("a/c", 0755));
	conf_stat("a/c");
}

static void setgid_is_handed_down(void)
{
	MUST(chown(".", CONF_UID, CONF_GROUP));
	MUST(chmod(".", 02777));
	conf_as(CONF_AS_USER, hand_down_setgid);
}

static void remove_in_sticky(void)
{
	static const char *const names[] = {
		"sticky/root", "sticky/mine", "sticky/other", "own/root",
		"own/mine", "own/other",
	};

	for (size_t i = 0; i < CONF_COUNT(names); i++) {
		conf_on("%s", names[i]);
		DO(rename(names[i], "new"));
		DO(rename("new", names[i]));
		DO(link(names[i], "hard"));
		DO(unlink("hard"));
		DO(unlink(names[i]));
	}
}

static void sticky_directories_protect(void)
{
	static const char *const dirs[] = { "sticky", "own" };
	static const struct {
		const char *name;
		uid_t uid;
	} owners[] = {
		{ "root", 0 }, { "mine", CONF_UID }, { "other", CONF_OTHER },
	};
	char name[32];

	MUST(chmod(".", 0777));
	for (size_t d = 0; d < CONF_COUNT(dirs); d++) {
		conf_dir(dirs[d], 01777);
		MUST(chown(dirs[d], d ? CONF_UID : 0, 0));
		for (size_t i = 0; i < CONF_COUNT(owners); i++) {
			snprintf(name, sizeof(name), "%s/%s", dirs[d],
				 owners[i].name);
			conf_file(name, 0666, "x");
			MUST(chown(name, owners[i].uid, owners[i].uid));
		}
	}
	conf_as(CONF_AS_USER, remove_in_sticky);
}

static const struct conf_case cases[] = {
	CONF_CASE(drops_setuid_and_setgid, CONF_BOTH),
	CONF_CASE(setuid_goes_at_once, CONF_BOTH),
	CONF_CASE(others_drop_setuid_and_setgid, CONF_ROOT),
	CONF_CASE(drops_capabilities, CONF_ROOT),
	CONF_CASE(directories_give_their_group, CONF_ROOT),
	CONF_CASE(setgid_is_handed_down, CONF_ROOT),
	CONF_CASE(sticky_directories_protect, CONF_ROOT),
};
CONF_AREA(priv, cases);
