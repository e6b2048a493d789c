/* SPDX-License-Identifier: MIT */
/*
 * conf.h - conformance: what a program sees of a share is what it would see of
 * the host's directory.
 *
 * A case is a function that does operations in the current directory, which is
 * empty and its own, and records their results as lines of text.  The driver
 * runs it twice, each time in a new process: in a host directory, and in the
 * same kind of directory as seen through virtiofs-mount.  Every line must be
 * the same, and so must be what is left in the directory: seen on the host,
 * through the mount, and on the host underneath the mount.  There are no
 * expected results but the host's own, so no case needs to know what the
 * host's file system can do.
 *
 * A difference that has to be is in the table of conf_known.c, with its reason.
 *
 * All of this is about one process and one current directory: the recorder has
 * global state, in memory that children of a case share.
 */
#ifndef TESTS_CONFORMANCE_CONF_H
#define TESTS_CONFORMANCE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

/* ---- cases ------------------------------------------------------------- */

enum {
	CONF_ROOT = 1 << 0,             /* run as root... */
	CONF_USER = 1 << 1,             /* ...and as an ordinary user */
	CONF_BOTH = CONF_ROOT | CONF_USER,
	CONF_READ_ONLY = 1 << 2,        /* on a read-only mount and share */
	CONF_UNDERNEATH = 1 << 3,       /* changes files behind the mount */
	CONF_SMALL = 1 << 4,            /* "small" is a tmpfs of 1 MiB... */
	CONF_QUOTA = 1 << 5             /* ...or something with quotas */
};

struct conf_case {
	const char *name;
	unsigned flags;
	void (*run)(void);
	void (*prepare)(void);          /* as root on the host, or NULL */
	const char *options;            /* a pattern of traits, or NULL */
};

struct conf_area {
	const char *name;
	const struct conf_case *cases;
	size_t count;
};

#define CONF_CASE(function, bits) \
	{ .name = #function, .flags = (bits), .run = function }
#define CONF_PREPARED(function, bits, before) \
	{ .name = #function, .flags = (bits), .run = function, \
	  .prepare = before }
/* Where FUSE has neither STATX nor DIRECT_IO_ALLOW_MMAP. */
#define CONF_BEFORE_6_6 "@(5.*|6.[0-5].*)"
/* Where files can be mapped with MAP_SHARED. */
#define CONF_MAPPABLE \
	"@(*allow-mmap*,linux-!(" CONF_BEFORE_6_6 ")|!(*cache=@(never|metadata)*))"
#define CONF_MAPPED(function, bits) \
	{ .name = #function, .flags = (bits), .run = function, \
	  .options = CONF_MAPPABLE }
#define CONF_AREA(word, table) \
	const struct conf_area conf_area_##word = { \
		#word, table, sizeof(table) / sizeof((table)[0]) \
	}

/* ---- recording --------------------------------------------------------- */

/* Record a line. */
__attribute__((format(printf, 1, 2)))
void conf_say(const char *format, ...);

/* What the lines that follow are about; it is put before each. */
__attribute__((format(printf, 1, 2)))
void conf_on(const char *format, ...);

/* Record "TEXT = VALUE", or "TEXT = -1 ENAME" where it is -1; returns it. */
long long conf_ret(const char *text, long long value);
/* The same for a descriptor, of which the number does not count. */
int conf_fd(const char *text, int fd);

#define DO(call) conf_ret(#call, (long long)(call))
#define FD(call) conf_fd(#call, (call))

/* What has to succeed, as part of no test; ends the case where it does not. */
long long conf_must(const char *text, long long value);
#define MUST(call) conf_must(#call, (long long)(call))

/* "ENAME" of an errno. */
const char *conf_errname(int err);

/* ---- what is there ----------------------------------------------------- */

/* Type, mode, links, owner, size, allocation and device of a name or file. */
void conf_stat(const char *path);
void conf_fstat(const char *what, int fd);
void conf_statbuf(const char *what, const struct stat *st);
/* Length and a digest of a file's content, read through a new descriptor. */
void conf_content(const char *path);
/* The names and types in a directory, sorted. */
void conf_list(const char *path);

/*
 * Which times of a file move: conf_mark() remembers them and lets the clock
 * go on, conf_moved() says which are others now.
 */
void conf_mark(const char *path);
void conf_moved(const char *what, const char *path);
/* The times that were set explicitly, in full. */
void conf_times(const char *path);

/* ---- making things (they must succeed) --------------------------------- */

/* A file or directory of exactly this mode. */
void conf_file(const char *path, mode_t mode, const char *content);
void conf_dir(const char *path, mode_t mode);
/* Remove a name and everything below; nothing happens where there is none. */
void conf_remove(const char *path);
/* A file of `size` bytes of which each tells its offset. */
void conf_pattern(const char *path, size_t size);
uint8_t conf_pattern_byte(uint64_t offset);

/* ---- other people, other processes ------------------------------------- */

#define CONF_UID 1000
#define CONF_GID 1000
#define CONF_GROUP 2000                 /* a further group of CONF_UID */
#define CONF_OTHER 1001                 /* uid and gid of somebody else */

enum conf_who {
	CONF_AS_ROOT,
	CONF_AS_USER,                   /* CONF_UID, CONF_GID, CONF_GROUP */
	CONF_AS_OTHER,                  /* CONF_OTHER */
	CONF_AS_MEMBER                  /* CONF_OTHER + 1, in CONF_GID too */
};

const char *conf_who_name(enum conf_who who);
void conf_become(enum conf_who who);
/* Call fn in a child that is `who`, and wait for it. */
void conf_as(enum conf_who who, void (*fn)(void));
/* Wait for any child; its status. */
int conf_wait(void);

/*
 * The case's directory on the host: the current directory itself, or what
 * is underneath it; for CONF_UNDERNEATH and for what must not be remembered.
 */
extern int conf_host_fd;
/*
 * Wait until the mount has to look at what has changed underneath, so many
 * milliseconds; none in a host directory.
 */
void conf_settle(void);
extern unsigned conf_settle_ms;

#define CONF_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
