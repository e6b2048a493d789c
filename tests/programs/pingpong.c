/* SPDX-License-Identifier: MIT */
/*
 * pingpong - two views of one folder must be one.
 *
 * usage: pingpong A B ROUNDS [SEED]
 *
 * A and B are mounts of the same empty folder.  In each round one of them,
 * by turns and by chance, has something made, written, cut, renamed, linked,
 * removed or given attributes, and then both must show all that a model in
 * memory says: names, types, sizes, modes, links, times, attributes, targets,
 * and data, through files opened just now and through files opened at first,
 * of which some have no name any more.
 */
#include <sys/stat.h>
#include <sys/xattr.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIDES 2
#define NAMES 12
#define ROOM 40000                      /* bytes a file: several pages */
#define ATTR "user.pingpong"

struct object {
	char type;                      /* 'f', 'd' or 'l' */
	unsigned names;
	mode_t mode;
	int fd[SIDES];                  /* of a file, open from its birth on */
	size_t size;
	struct timespec mtime;          /* tv_nsec UTIME_OMIT: not known */
	char attr[32];                  /* empty: none */
	uint8_t data[ROOM];             /* of a link: its target */
};

static struct object *names[NAMES];
static const char *paths[SIDES];
static int dirs[SIDES];
static unsigned round_now;
static const char *op_now = "nothing";

__attribute__((format(printf, 2, 3), noreturn))
static void differs(int side, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "round %u, after %s: %s: ", round_now, op_now,
		paths[side]);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* What must not fail, with its name and its error. */
#define MUST(side, call)                                                  \
	do {                                                              \
		if ((call) < 0)                                           \
			differs(side, "%s: %s", #call, strerror(errno));  \
	} while (0)

static unsigned chance(unsigned n)
{
	return (unsigned)random() % n;
}

static const char *name_of(int i)
{
	static char text[4][8];
	static unsigned next;
	char *name = text[next++ % 4];

	sprintf(name, "n%d", i);
	return name;
}

/* ---- what is done ------------------------------------------------------- */

static struct object *new_object(char type, mode_t mode)
{
	struct object *o = calloc(1, sizeof(*o));

	if (!o)
		err(1, "object");
	o->type = type;
	o->mode = mode;
	o->names = 1;
	o->mtime.tv_nsec = UTIME_OMIT;
	o->fd[0] = o->fd[1] = -1;
	return o;
}

static void drop_name(int i)
{
	struct object *o = names[i];

	names[i] = NULL;
	if (--o->names)
		return;
	for (int side = 0; side < SIDES; side++)
		if (o->fd[side] >= 0)
			close(o->fd[side]);
	free(o);
}

static void make_file(int side, int i)
{
	struct object *o = new_object('f', 0644);

	op_now = "create";
	o->fd[side] = openat(dirs[side], name_of(i),
			     O_RDWR | O_CREAT | O_EXCL, 0644);
	MUST(side, o->fd[side]);
	o->fd[!side] = openat(dirs[!side], name_of(i), O_RDWR);
	MUST(!side, o->fd[!side]);
	names[i] = o;
}

static void make_other(int side, int i)
{
	struct object *o;

	if (chance(2)) {
		op_now = "mkdir";
		MUST(side, mkdirat(dirs[side], name_of(i), 0755));
		names[i] = new_object('d', 0755);
		return;
	}
	op_now = "symlink";
	o = new_object('l', 0777);
	o->size = (size_t)sprintf((char *)o->data, "target%u", chance(1000));
	MUST(side, symlinkat((char *)o->data, dirs[side], name_of(i)));
	names[i] = o;
}

/* An object that has lost its name must still be there for who has it open. */
static void check_data(int side, const struct object *o, int fd);

static void unlink_name(int side, int i)
{
	struct object *o = names[i];
	struct stat st;

	op_now = "unlink";
	MUST(side, unlinkat(dirs[side], name_of(i),
			    o->type == 'd' ? AT_REMOVEDIR : 0));
	if (o->type == 'f') {
		MUST(!side, fstat(o->fd[!side], &st));
		if (st.st_nlink != o->names - 1)
			differs(!side, "%u links, expected %u",
				(unsigned)st.st_nlink, o->names - 1);
		check_data(!side, o, o->fd[!side]);
	}
	drop_name(i);
}

static void rename_name(int side, int from, int to)
{
	struct object *a = names[from], *b = names[to];

	if (a == b)
		return;
	if (b && chance(2)) {
		op_now = "exchange";
		MUST(side, renameat2(dirs[side], name_of(from), dirs[side],
				     name_of(to), RENAME_EXCHANGE));
		names[from] = b;
		names[to] = a;
		return;
	}
	if (b && (a->type == 'd') != (b->type == 'd'))
		return;
	op_now = "rename";
	MUST(side, renameat(dirs[side], name_of(from), dirs[side],
			    name_of(to)));
	if (b)
		drop_name(to);
	names[to] = a;
	names[from] = NULL;
}

static void link_name(int side, int from, int to)
{
	op_now = "link";
	MUST(side, linkat(dirs[side], name_of(from), dirs[side], name_of(to),
			  0));
	names[from]->names++;
	names[to] = names[from];
}

static void write_file(int side, struct object *o)
{
	uint8_t data[5000];
	size_t len = 1 + chance(sizeof(data)), at = chance(ROOM - len);

	op_now = "write";
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)random();
	MUST(side, pwrite(o->fd[side], data, len, (off_t)at));
	memcpy(o->data + at, data, len);
	if (o->size < at + len)
		o->size = at + len;
	o->mtime.tv_nsec = UTIME_OMIT;
}

static void cut_file(int side, int i)
{
	struct object *o = names[i];
	size_t size = chance(ROOM);
	int fd = openat(dirs[side], name_of(i), O_WRONLY);

	op_now = "truncate";
	MUST(side, fd);
	MUST(side, ftruncate(fd, (off_t)size));
	close(fd);
	if (size < o->size)
		memset(o->data + size, 0, o->size - size);
	o->size = size;
	o->mtime.tv_nsec = UTIME_OMIT;
}

static void change_attributes(int side, int i)
{
	struct object *o = names[i];
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };

	switch (chance(4)) {
	case 0:
		op_now = "chmod";
		o->mode = 0600 | chance(0200);
		MUST(side, fchmodat(dirs[side], name_of(i), o->mode, 0));
		break;
	case 1:
		op_now = "utimens";
		o->mtime = (struct timespec){ chance(1000000), chance(1000) };
		times[1] = o->mtime;
		MUST(side, utimensat(dirs[side], name_of(i), times, 0));
		break;
	case 2:
		op_now = "setxattr";
		sprintf(o->attr, "%ld", random());
		MUST(side, fsetxattr(o->fd[side], ATTR, o->attr,
				     strlen(o->attr), 0));
		break;
	default:
		if (!*o->attr)
			break;
		op_now = "removexattr";
		*o->attr = '\0';
		MUST(side, fremovexattr(o->fd[side], ATTR));
	}
}

static void change(int side)
{
	int i = (int)chance(NAMES), j = (int)chance(NAMES);
	struct object *o = names[i];
	unsigned what = chance(8);

	if (!o && what < 5)
		make_file(side, i);
	else if (!o)
		make_other(side, i);
	else if (what == 0)
		unlink_name(side, i);
	else if (what == 1)
		rename_name(side, i, j);
	else if (o->type != 'f')
		return;
	else if (what == 2 && !names[j])
		link_name(side, i, j);
	else if (what < 5)
		write_file(side, o);
	else if (what == 5)
		cut_file(side, i);
	else
		change_attributes(side, i);
}

/* ---- what must be seen --------------------------------------------------- */

static void check_data(int side, const struct object *o, int fd)
{
	static uint8_t data[ROOM + 1];
	ssize_t len = pread(fd, data, sizeof(data), 0);
	size_t i = 0;

	MUST(side, len);
	if ((size_t)len != o->size)
		differs(side, "read %zd bytes, expected %zu", len, o->size);
	while (i < o->size && data[i] == o->data[i])
		i++;
	if (i < o->size)
		differs(side, "byte %zu is %02x, expected %02x", i, data[i],
			o->data[i]);
}

static void check_stat(int side, int i, const struct object *o)
{
	const mode_t type = o->type == 'd' ? S_IFDIR :
			    o->type == 'l' ? S_IFLNK : S_IFREG;
	struct stat st;

	if (fstatat(dirs[side], name_of(i), &st, AT_SYMLINK_NOFOLLOW))
		differs(side, "%s: %s", name_of(i), strerror(errno));
	if (st.st_mode != (type | o->mode))
		differs(side, "%s: mode %o, expected %o", name_of(i),
			st.st_mode, type | o->mode);
	if (o->type == 'd')
		return;
	if ((size_t)st.st_size != o->size || st.st_nlink != o->names)
		differs(side, "%s: size %lld, %u links, expected %zu, %u",
			name_of(i), (long long)st.st_size,
			(unsigned)st.st_nlink, o->size, o->names);
	if (o->mtime.tv_nsec != UTIME_OMIT &&
	    (st.st_mtim.tv_sec != o->mtime.tv_sec ||
	     st.st_mtim.tv_nsec != o->mtime.tv_nsec))
		differs(side, "%s: mtime %lld.%09ld", name_of(i),
			(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void check_file(int side, int i, const struct object *o)
{
	char attr[32] = "";
	int fd = openat(dirs[side], name_of(i), O_RDONLY);
	ssize_t len;

	MUST(side, fd);
	check_data(side, o, fd);
	check_data(side, o, o->fd[side]);
	len = fgetxattr(fd, ATTR, attr, sizeof(attr) - 1);
	if ((len < 0 && errno != ENODATA) || strcmp(attr, o->attr))
		differs(side, "%s: attribute '%s', expected '%s'", name_of(i),
			attr, o->attr);
	close(fd);
}

static void check_link(int side, int i, const struct object *o)
{
	char target[64] = "";

	MUST(side, readlinkat(dirs[side], name_of(i), target,
			      sizeof(target) - 1));
	if (strcmp(target, (const char *)o->data))
		differs(side, "%s: target %s, expected %s", name_of(i), target,
			o->data);
}

static void check_names(int side)
{
	bool seen[NAMES] = { false };
	DIR *dir = opendir(paths[side]);
	struct dirent *entry;
	struct stat st;
	int i;

	if (!dir)
		differs(side, "opendir: %s", strerror(errno));
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		if (sscanf(entry->d_name, "n%d", &i) != 1 || i >= NAMES ||
		    !names[i] || seen[i])
			differs(side, "readdir: %s", entry->d_name);
		seen[i] = true;
	}
	closedir(dir);
	for (i = 0; i < NAMES; i++) {
		if (names[i] && !seen[i])
			differs(side, "readdir: no %s", name_of(i));
		if (!names[i] && !fstatat(dirs[side], name_of(i), &st,
					  AT_SYMLINK_NOFOLLOW))
			differs(side, "%s is there", name_of(i));
	}
}

static void check(int side)
{
	check_names(side);
	for (int i = 0; i < NAMES; i++) {
		if (!names[i])
			continue;
		check_stat(side, i, names[i]);
		if (names[i]->type == 'f')
			check_file(side, i, names[i]);
		else if (names[i]->type == 'l')
			check_link(side, i, names[i]);
	}
}

int main(int argc, char **argv)
{
	unsigned rounds, seed = 1;

	if (argc < 4)
		errx(2, "usage: pingpong A B ROUNDS [SEED]");
	rounds = (unsigned)strtoul(argv[3], NULL, 10);
	if (argc > 4)
		seed = (unsigned)strtoul(argv[4], NULL, 10);
	srandom(seed);
	umask(0);
	for (int side = 0; side < SIDES; side++) {
		paths[side] = argv[1 + side];
		dirs[side] = open(paths[side], O_RDONLY | O_DIRECTORY);
		MUST(side, dirs[side]);
	}
	for (round_now = 1; round_now <= rounds; round_now++) {
		int side = (int)chance(2);

		change(side);
		check(!side);
		check(side);
	}
	return 0;
}
