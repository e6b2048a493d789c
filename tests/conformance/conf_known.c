/* SPDX-License-Identifier: MIT */
/*
 * conf_known.c - the differences that have to be, each with its reason.
 *
 * Where what the host recorded and what the mount recorded match a row, the
 * difference is accepted.  Patterns are those of fnmatch(3); a row is as narrow
 * as it can be.  Not recorded at all, hence not here: st_dev, which tells the
 * mounts apart; st_ino of the plain host directory, whose files are others
 * (the mount's must be those of the host's files underneath); st_blksize, which
 * FUSE makes the page size at least.
 */
#include "tests/conformance/conf_run.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* Reasons. */
#define SETGID \
	"the guest tells that setgid goes, but not in which groups the writer is"
#define CHOWN_NOBODY \
	"chown(-1, -1) is a SETATTR of nothing, which anybody may send and nobody signs"
#define THREE_MODES \
	"Linux' FUSE passes KEEP_SIZE, PUNCH_HOLE and ZERO_RANGE, and refuses the others itself"
#define READ_ONLY \
	"the mount is a read-only file system, the host's a read-only mount of a writable one"
#define NO_CALLER \
	"FALLOCATE and COPY_FILE_RANGE do not tell of privilege, and with FUSE_ALLOW_IDMAP no caller"
#define WRITTEN_BY_SERVER \
	"pages that were changed through a map are written by the server, and each write drops file capabilities"
#define IOCTL_ATTRIBUTES \
	"after an ioctl, Linux' FUSE believes old attributes until they time out"
#define WHO_LISTS \
	"FUSE does not tell who lists, so names (not values) in trusted. are shown to all"
#define TRUNC_TIMES \
	"O_TRUNC is then a SETATTR of the size, from which Linux' FUSE leaves out the times"
#define READ_BY_SERVER \
	"the page that is changed through a map is read by the server first, which moves atime"
#define NOT_MAPPABLE \
	"what the guest's page cache does not hold cannot be mapped and shared"
#define TAKES_BUFFER_FIRST \
	"without a page cache the guest's kernel takes hold of the buffer before it asks for data"
#define BELIEVES \
	"by its policy the guest believes what it knows of names and attributes, for a day"
#define BELIEVES_DATA \
	"with its attributes, which hold for a day, the guest believes that a file's data is the same"
#define OWN_SIZE_AND_TIMES \
	"with FUSE_WRITEBACK_CACHE the guest's kernel keeps size, mtime and ctime of files itself"
#define TIME_IS_SENT \
	"with FUSE_WRITEBACK_CACHE the guest's kernel sends the time that it is, which takes an owner's right"
#define READ_FROM_CACHE \
	"what is read from the guest's cache moves no atime on the host"
#define NOT_YET_ALLOCATED \
	"blocks are taken when data is written back"
#define NOTHING_KNOWN \
	"AT_STATX_DONT_SYNC asks for what the guest knows, and Linux' virtio-fs driver forgets what it may not keep"
#define NO_GROUP \
	"before Linux 6.3 the kernel does not tell whether the caller is in the directory's group"
#define NO_STATX \
	"before Linux 6.6 FUSE has no time of birth"
#define NO_DIRECT \
	"O_DIRECT is about the guest's cache; some file systems, as tmpfs before Linux 6.6, have none"
#define TOLD_BY_MSYNC \
	"room for a page that is changed through a map is asked for when it is written back"
#define NO_ATTRIBUTES \
	"of STATX's attributes Linux' FUSE passes none on"
#define HOST_LIMIT \
	"to Linux' FUSE a file may be as long as off_t, whatever the host's file system can have"
#define NO_SUCH_FLAG \
	"Linux' FUSE has no RWF_NOWAIT and no RWF_DONTCACHE"
#define APPENDS \
	"WRITE of a file with O_APPEND does not say that RWF_NOAPPEND was asked for"
#define NOATIME_KEPT \
	"O_NOATIME is asked for on the host only with preserve-noatime"
#define NOTHING_READ \
	"where there is nothing to read, the guest's kernel reads nothing"
#define COPIED_FROM \
	"Linux' FUSE goes on believing the times of a file that was copied from"
#define READ_TO_WRITE \
	"to write a part of a page the guest's kernel reads it first"
#define NO_MODE \
	"a change of owner that takes S_ISUID away is to a local file system a change of mode, which takes an owner's right"
#define NO_PRIVILEGE \
	"CREATE does not tell of privilege (CAP_FSETID)"
#define BEING_WRITTEN \
	"an inode whose data is being written back lives until that is done"

/* Options. */
#define ANY NULL
#define NOT_NEVER "!(*cache=never*)"
#define UNCACHED "*cache=@(never|metadata)*"
#define UNMAPPABLE "!(" CONF_MAPPABLE ")"
#define DAY_LONG "*cache=@(metadata|always)*"
#define ALWAYS "*cache=always*"
#define WRITEBACK "*writeback*"
#define NO_WRITEBACK "!(*writeback*)"
#define BEFORE_6_3 "*,linux-@(5.*|6.[0-2].*)"
#define BEFORE_6_6 "*,linux-" CONF_BEFORE_6_6
/* In a guest, what is underneath has none either. */
#define HOST_BEFORE_6_6 "!(*,guest),linux-" CONF_BEFORE_6_6
#define GUEST_NEVER "*cache=never*,guest,*"
#define GUEST_6_6_NEVER "*cache=never*,guest,linux-!(" CONF_BEFORE_6_6 ")"

/* File systems. */
#define EVERYWHERE NULL
#define SOMETIMES ""

/*
 * A row must be used where its case has run, its options are the share's and
 * the host's file system is fs; it may be used on others.
 */
static const struct {
	const char *why;
	const char *options;            /* a pattern of conf_setup's traits */
	const char *fs;
	const char *name;               /* AREA/CASE */
	const char *host, *mount;       /* lines */
} known[] = {
	/*
	 * Which S_ISGID: of a file whose group may not execute it, so that it
	 * gives nobody anything.
	 */
	{ SETGID, ANY, EVERYWHERE, "priv/*drop*_setuid_and_setgid",
	  "*: stat file: file [26]?[0246]? *",
	  "*: stat file: file [04]?[0246]? *" },
	{ SETGID, ANY, EVERYWHERE, "priv/*drop*_setuid_and_setgid",
	  "*: stat file: file [04]?[0246]? *",
	  "*: stat file: file [26]?[0246]? *" },
	{ NO_CALLER, ANY, EVERYWHERE, "priv/drops_setuid_and_setgid",
	  "fallocate*: stat file: file [2-7]*",
	  "fallocate*: stat file: file [0-2]*" },
	{ NO_CALLER, ANY, EVERYWHERE, "priv/drops_setuid_and_setgid",
	  "punch hole *: stat file: file [2-7]*",
	  "punch hole *: stat file: file [0-2]*" },
	{ NO_CALLER, ANY, EVERYWHERE, "priv/drops_setuid_and_setgid",
	  "copy *: stat file: file [2-7]*",
	  "copy *: stat file: file [0-2]*" },
	{ THREE_MODES, ANY, "ext4", "size/allocates_in_every_mode",
	  "@(collapse|insert|unshare)*: fallocate(*",
	  "@(collapse|insert|unshare)*: fallocate(* = -1 EOPNOTSUPP" },
	/* The file is then as it was. */
	{ THREE_MODES, ANY, "ext4", "size/allocates_in_every_mode",
	  "@(collapse|insert|unshare)*: stat file: *",
	  "@(collapse|insert|unshare)*: stat file: * size 10000, *" },
	{ THREE_MODES, ANY, "ext4", "size/allocates_in_every_mode",
	  "@(collapse|insert|unshare)*: content file: *",
	  "@(collapse|insert|unshare)*: content file: 10000 bytes 219e7fc5 *" },
	{ CHOWN_NOBODY, ANY, EVERYWHERE, "attr/gives_files_to_nobody",
	  "stat file: *", "stat file: *" },
	{ CHOWN_NOBODY, NO_WRITEBACK, EVERYWHERE, "attr/gives_files_to_nobody",
	  "chown to nobody moves: ctime", "chown to nobody moves:" },
	{ WRITTEN_BY_SERVER, CONF_MAPPABLE, EVERYWHERE,
	  "priv/drops_capabilities", "* mmap: getxattr(* = 20",
	  "* mmap: getxattr(* = -1 ENODATA" },
	{ IOCTL_ATTRIBUTES, NOT_NEVER, EVERYWHERE, "flags/sets_each_flag",
	  "SETFLAGS moves: ctime", "SETFLAGS moves:" },
	{ WHO_LISTS, ANY, EVERYWHERE, "xattr/others_obey_permission",
	  "*: list *: security.x*", "*: list *: security.x trusted.x*" },
	{ READ_ONLY, ANY, EVERYWHERE, "readonly/opens_for_reading_only",
	  "* flags 0x3: open(* = fd", "* flags 0x3: open(* = EROFS" },
	{ READ_ONLY, ANY, EVERYWHERE, "readonly/access_says_so",
	  "* = -1 EACCES", "* = -1 EROFS" },
	{ TRUNC_TIMES, "*no-killpriv-v2*", EVERYWHERE,
	  "open/empties_files_at_open",
	  "O_TRUNC of an empty file moves:*",
	  "O_TRUNC of an empty file moves:*" },
	{ READ_BY_SERVER, ANY, EVERYWHERE, "map/what_is_mapped_is_written",
	  "msync moves: mtime ctime", "msync moves: atime mtime ctime" },
	{ TOLD_BY_MSYNC, CONF_MAPPABLE, EVERYWHERE,
	  "full/full_ones_take_no_pages", "full: SIGBUS", "full: ENOSPC" },
	{ NO_ATTRIBUTES, ANY, SOMETIMES, "flags/statx_tells_of_flags",
	  "attributes of *: 0x*", "attributes of *: 0" },
	{ HOST_LIMIT, ANY, "ext4", "far/reaches_far_offsets",
	  "*SEEK_SET) = -1 EINVAL", "*SEEK_SET) = *" },
	{ NO_SUCH_FLAG, ANY, SOMETIMES, "far/vectors_have_flags",
	  "@(NOWAIT|DONTCACHE)*", "*) = -1 EOPNOTSUPP" },
	/* The file is then as it was. */
	{ NO_SUCH_FLAG, ANY, SOMETIMES, "far/vectors_have_flags",
	  "DONTCACHE*", "DONTCACHE*: stat file: * size 10, *" },
	{ NO_SUCH_FLAG, ANY, SOMETIMES, "far/vectors_have_flags",
	  "DONTCACHE*", "DONTCACHE*: content file: * '0123456789'" },
	{ APPENDS, ANY, SOMETIMES, "far/vectors_have_flags",
	  "NOAPPEND append 1: *", "NOAPPEND append 1: stat file: * size 13, *" },
	{ APPENDS, ANY, SOMETIMES, "far/vectors_have_flags",
	  "NOAPPEND append 1: *", "NOAPPEND append 1: content file: * '0123456789abc'" },
	{ NOATIME_KEPT, "!(*preserve-noatime*)", SOMETIMES,
	  "times/each_operation_moves_its_times",
	  "read O_NOATIME *, moved:", "read O_NOATIME *, moved: atime" },
	{ NOTHING_READ, ANY, SOMETIMES, "times/each_operation_moves_its_times",
	  "read nothing *, moved: atime", "read nothing *, moved:" },
	{ NO_MODE, ANY, EVERYWHERE, "caps/one_capability_is_enough",
	  "chown: chown(\"dir/program\"* = -1 EPERM",
	  "chown: chown(\"dir/program\"* = 0" },
	{ NO_MODE, ANY, EVERYWHERE, "caps/one_capability_is_enough",
	  "chown: stat dir/program: file 6755 * uid 0 *",
	  "chown: stat dir/program: file 0755 * uid @(7|1000) *" },
	{ NO_PRIVILEGE, ANY, EVERYWHERE, "caps/one_capability_is_enough",
	  "fsetid: stat dir/group/file: file 2755 *",
	  "fsetid: stat dir/group/file: file 0755 *" },

	/* ---- by policy ---- */
	{ NOT_MAPPABLE, UNMAPPABLE, EVERYWHERE,
	  "map/maps_what_the_access_mode_allows",
	  "* flags 1: mmap file: fine", "* flags 1: mmap file: ENODEV" },
	{ NOT_MAPPABLE, UNMAPPABLE, EVERYWHERE,
	  "map/maps_what_the_access_mode_allows",
	  "* flags 1: byte: *", CONF_NOTHING },
	{ NOT_MAPPABLE, UNMAPPABLE, EVERYWHERE, "priv/*drop*",
	  "*mmap*: mmap fine", "*mmap*: mmap ENODEV" },
	{ NOT_MAPPABLE, UNMAPPABLE, EVERYWHERE, "priv/*drop*",
	  "*mmap*: m@(sync|unmap)(*", CONF_NOTHING },
	{ NOT_MAPPABLE, UNMAPPABLE, EVERYWHERE, "priv/*drop*",
	  "content file: 7 bytes 6689c0bf 'Xontent'",
	  "content file: 7 bytes 90bec3c2 'content'" },
	{ TAKES_BUFFER_FIRST, UNCACHED, "ext4", "io/moves_the_offset",
	  "read(fd, hole, 4) = 0", "read(fd, hole, 4) = -1 EFAULT" },
	{ BELIEVES, DAY_LONG, EVERYWHERE, "under/open_files_survive_the_host",
	  "@(fstat|stat|content) *", "@(fstat|stat|content) *" },
	{ BELIEVES, DAY_LONG, EVERYWHERE,
	  "under/open_directories_survive_the_host",
	  "stat removed: dir 0755 nlink 0 *",
	  "stat removed: dir 0755 nlink 2 *" },
	{ BELIEVES, DAY_LONG, EVERYWHERE,
	  "under/open_directories_survive_the_host",
	  "list removed: ENOENT", CONF_NOTHING },
	{ BELIEVES, DAY_LONG, EVERYWHERE, "under/what_the_host_changes_is_seen",
	  "@(stat|times|content) *", "@(stat|times|content) *" },
	{ BELIEVES, DAY_LONG, EVERYWHERE, "under/names_go_away_underneath",
	  "open(\"c\", O_RDONLY) = ENOENT", "open(\"c\", O_RDONLY) = fd" },
	{ BELIEVES, DAY_LONG, EVERYWHERE, "under/names_go_away_underneath",
	  "@(chmod|truncate)(* = -1 ENOENT", "@(chmod|truncate)(* = 0" },
	{ BELIEVES, DAY_LONG, EVERYWHERE, "under/names_go_away_underneath",
	  "list .: g type 8", CONF_NOTHING },
	{ BELIEVES_DATA, ALWAYS, EVERYWHERE, "under/what_the_host_writes_is_read",
	  "file: 6 bytes 'AFTER!'", "file: 6 bytes 'before'" },
	{ BELIEVES_DATA, ALWAYS, EVERYWHERE, "under/what_the_host_writes_is_read",
	  "content *", "content *" },
	{ OWN_SIZE_AND_TIMES, WRITEBACK, EVERYWHERE, "*",
	  "identity *", "identity *" },
	{ OWN_SIZE_AND_TIMES, WRITEBACK, EVERYWHERE, "*",
	  "ctime *", "ctime *" },
	{ OWN_SIZE_AND_TIMES, WRITEBACK, EVERYWHERE,
	  "under/what_the_host_changes_is_seen", "times *", "times *" },
	{ OWN_SIZE_AND_TIMES, WRITEBACK, EVERYWHERE,
	  "under/what_the_host_writes_is_read", "stat *", "stat *" },
	{ OWN_SIZE_AND_TIMES, WRITEBACK, EVERYWHERE,
	  "under/what_the_host_writes_is_read", "content *", "content *" },
	{ OWN_SIZE_AND_TIMES, WRITEBACK, EVERYWHERE,
	  "under/what_the_host_writes_is_read", "file: *", "file: *" },
	{ OWN_SIZE_AND_TIMES, WRITEBACK, EVERYWHERE, "size/moves_times",
	  "truncate to the same moves: mtime ctime",
	  "truncate to the same moves:" },
	{ OWN_SIZE_AND_TIMES, WRITEBACK, SOMETIMES,
	  "stat/tells_everything_of_every_type",
	  "file * underneath: * mtime 1", "file * underneath: * mtime 0" },
	{ TIME_IS_SENT, WRITEBACK, EVERYWHERE, "flags/append_only_files_grow",
	  "utimensat(AT_FDCWD, \"file\", NULL, 0) = 0",
	  "utimensat(AT_FDCWD, \"file\", NULL, 0) = -1 EPERM" },
	{ OWN_SIZE_AND_TIMES, WRITEBACK, EVERYWHERE,
	  "times/each_operation_moves_its_times",
	  "truncate @(file*0x7|empty*): *, moved: mtime ctime",
	  "truncate @(file*0x7|empty*): *, moved:" },
	{ READ_TO_WRITE, WRITEBACK, SOMETIMES,
	  "times/each_operation_moves_its_times",
	  "@(write|append) *, moved: mtime ctime",
	  "@(write|append) *, moved: atime mtime ctime" },
	{ COPIED_FROM, NOT_NEVER, SOMETIMES,
	  "times/each_operation_moves_its_times",
	  "copy file *, moved: atime", "copy file *, moved:" },
	{ READ_FROM_CACHE, WRITEBACK, EVERYWHERE, "io/moves_times",
	  "read moves: atime", "read moves:" },
	{ READ_FROM_CACHE, WRITEBACK, EVERYWHERE, "io/moves_times",
	  "close moves:", "close moves: atime" },
	{ NOT_YET_ALLOCATED, WRITEBACK, SOMETIMES, "*",
	  "*stat file: *, whole, *", "*stat file: *, sparse, *" },
	{ NOTHING_KNOWN, GUEST_NEVER, EVERYWHERE,
	  "stat/tells_everything_of_every_type",
	  "* flags 0x4100: asked for and not told 0, *",
	  "* flags 0x4100: asked for and not told 0x800, *" },
	{ NOTHING_KNOWN, GUEST_6_6_NEVER, EVERYWHERE,
	  "stat/tells_everything_of_every_type",
	  "* flags 0x4100: underneath: * btime 1 *",
	  "* flags 0x4100: underneath: * btime 0 *" },
	{ BEING_WRITTEN, WRITEBACK, SOMETIMES, "tmpfile/handles_survive_renames",
	  "@((nothing)|open_by_handle_at*ESTALE)",
	  "@((nothing)|open_by_handle_at*fd|stat it: *nlink 0 *)" },

	/* ---- by kernel ---- */
	{ NO_GROUP, BEFORE_6_3, EVERYWHERE,
	  "priv/@(directories_give_their_group|setgid_is_handed_down)",
	  "*stat *: @(file|fifo) [2367]??? *",
	  "*stat *: @(file|fifo) [0145]??? *" },
	{ NO_STATX, BEFORE_6_6, EVERYWHERE,
	  "stat/tells_everything_of_every_type",
	  "*: asked for and not told 0, *",
	  "*: asked for and not told 0x800, *" },
	{ NO_STATX, HOST_BEFORE_6_6, EVERYWHERE,
	  "stat/tells_everything_of_every_type",
	  "*: underneath: * btime 1 *", "*: underneath: * btime 0 *" },
	{ NO_DIRECT, BEFORE_6_6, "tmpfs", "io/passes_the_page_cache_by",
	  CONF_NOTHING, "*" },
	{ NO_DIRECT, BEFORE_6_6, "tmpfs", "io/passes_the_page_cache_by",
	  "@(stat|content) file: *", "@(stat|content) file: *" },
};

static struct {
	bool due;                       /* its case has run */
	bool seen;
} state[CONF_COUNT(known)];

static bool matches(const char *pattern, const char *text)
{
	return !pattern || !fnmatch(pattern, text, FNM_EXTMATCH);
}

const char *conf_known(const char *name, const char *host, const char *mount,
		       const struct conf_setup *setup)
{
	const char *why = NULL;

	for (size_t i = 0; i < CONF_COUNT(known); i++) {
		if (matches(known[i].name, name) &&
		    matches(known[i].options, setup->traits) &&
		    matches(known[i].host, host) &&
		    matches(known[i].mount, mount)) {
			state[i].seen = true;
			why = known[i].why;
		}
	}
	return why;
}

void conf_known_ran(const char *name)
{
	for (size_t i = 0; i < CONF_COUNT(known); i++)
		if (matches(known[i].name, name))
			state[i].due = true;
}

static void print(size_t i)
{
	printf("  %s%s%s%s%s\n    host:  %s\n    mount: %s\n    %s\n",
	       known[i].name, known[i].options ? " with " : "",
	       known[i].options ? known[i].options : "",
	       known[i].fs ? " on " : "", known[i].fs ? known[i].fs : "",
	       known[i].host, known[i].mount, known[i].why);
}

unsigned conf_known_missing(const struct conf_setup *setup)
{
	unsigned count = 0;

	for (size_t i = 0; i < CONF_COUNT(known); i++) {
		if (!state[i].due || state[i].seen ||
		    !matches(known[i].options, setup->traits) ||
		    !matches(known[i].fs, setup->fs))
			continue;
		if (!count++)
			puts("Known differences that there are not:");
		print(i);
	}
	return count;
}

void conf_known_print(void)
{
	puts("Known differences:");
	for (size_t i = 0; i < CONF_COUNT(known); i++)
		print(i);
}
