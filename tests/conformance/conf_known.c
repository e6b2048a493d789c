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

static const struct {
	const char *name;               /* AREA/CASE */
	const char *host, *mount;       /* lines */
	const char *option;             /* only with this one; NULL: always */
	const char *why;
} known[] = {
	/*
	 * Which S_ISGID: of a file whose group may not execute it, so that it
	 * gives nobody anything.
	 */
	{ "priv/*drop*_setuid_and_setgid",
	  "*: stat file: file [26]?[0246]? *",
	  "*: stat file: file [04]?[0246]? *", NULL, SETGID },
	{ "priv/*drop*_setuid_and_setgid",
	  "*: stat file: file [04]?[0246]? *",
	  "*: stat file: file [26]?[0246]? *", NULL, SETGID },
	{ "priv/drops_setuid_and_setgid",
	  "fallocate*: stat file: file [2-7]*",
	  "fallocate*: stat file: file [0-2]*", NULL, NO_CALLER },
	{ "priv/drops_setuid_and_setgid",
	  "punch hole *: stat file: file [2-7]*",
	  "punch hole *: stat file: file [0-2]*", NULL, NO_CALLER },
	{ "priv/drops_setuid_and_setgid",
	  "copy *: stat file: file [2-7]*",
	  "copy *: stat file: file [0-2]*", NULL, NO_CALLER },
	{ "size/allocates_in_every_mode",
	  "@(collapse|insert|unshare)*: fallocate(*",
	  "@(collapse|insert|unshare)*: fallocate(* = -1 EOPNOTSUPP", NULL,
	  THREE_MODES },
	/* The file is then as it was. */
	{ "size/allocates_in_every_mode",
	  "@(collapse|insert|unshare)*: stat file: *",
	  "@(collapse|insert|unshare)*: stat file: * size 10000, *", NULL,
	  THREE_MODES },
	{ "size/allocates_in_every_mode",
	  "@(collapse|insert|unshare)*: content file: *",
	  "@(collapse|insert|unshare)*: content file: 10000 bytes 219e7fc5 *",
	  NULL, THREE_MODES },
	{ "attr/gives_files_to_nobody", "stat file: *", "stat file: *", NULL,
	  CHOWN_NOBODY },
	{ "attr/gives_files_to_nobody", "chown to nobody moves: ctime",
	  "chown to nobody moves:", NULL, CHOWN_NOBODY },
	{ "priv/drops_capabilities", "* mmap: getxattr(* = 20",
	  "* mmap: getxattr(* = -1 ENODATA", NULL,
	  "pages that were changed through a map are written by the server, and each write drops file capabilities" },
	{ "flags/sets_each_flag", "SETFLAGS moves: ctime", "SETFLAGS moves:",
	  NULL, "after an ioctl, Linux' FUSE believes old attributes until they time out" },
	{ "xattr/others_obey_permission", "*: list *: user.x security.x *",
	  "*: list *: user.x trusted.x security.x *", NULL,
	  "FUSE does not tell who lists, so names (not values) in trusted. are shown to all" },
	{ "readonly/opens_for_reading_only", "* flags 0x3: open(* = fd",
	  "* flags 0x3: open(* = EROFS", NULL, READ_ONLY },
	{ "readonly/access_says_so", "* = -1 EACCES", "* = -1 EROFS", NULL,
	  READ_ONLY },
	{ "open/empties_files_at_open", "O_TRUNC of an empty file moves:*",
	  "O_TRUNC of an empty file moves:*", "no-killpriv-v2",
	  "O_TRUNC is then a SETATTR of the size, from which Linux' FUSE leaves out the times" },
	{ "map/what_is_mapped_is_written", "msync moves: mtime ctime",
	  "msync moves: atime mtime ctime", NULL,
	  "the page that is changed through a map is read by the server first, which moves atime" },
};

static bool matches(const char *pattern, const char *text)
{
	return !fnmatch(pattern, text, FNM_EXTMATCH);
}

const char *conf_known(const char *name, const char *host, const char *mount,
		       const char *options)
{
	for (size_t i = 0; i < CONF_COUNT(known); i++) {
		if (matches(known[i].name, name) &&
		    matches(known[i].host, host) &&
		    matches(known[i].mount, mount) &&
		    (!known[i].option || strstr(options, known[i].option)))
			return known[i].why;
	}
	return NULL;
}

void conf_known_print(void)
{
	puts("Differences that are accepted:");
	for (size_t i = 0; i < CONF_COUNT(known); i++)
		printf("  %s%s%s\n    host:  %s\n    mount: %s\n    %s\n",
		       known[i].name, known[i].option ? " with " : "",
		       known[i].option ? known[i].option : "",
		       known[i].host, known[i].mount, known[i].why);
}
