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
	/* What the failure then leaves as it was is told on two more lines. */
	{ "size/allocates_in_every_mode", "collapse *", "collapse *", NULL,
	  THREE_MODES },
	{ "size/allocates_in_every_mode", "insert *", "insert *", NULL,
	  THREE_MODES },
	{ "size/allocates_in_every_mode", "unshare *", "unshare *", NULL,
	  THREE_MODES },
	{ "attr/gives_files_to_nobody", "stat file: *", "stat file: *", NULL,
	  CHOWN_NOBODY },
	{ "attr/gives_files_to_nobody", "chown to nobody moves: ctime",
	  "chown to nobody moves:", NULL, CHOWN_NOBODY },
	{ "priv/drops_capabilities", "* mmap: getxattr(* = 20",
	  "* mmap: getxattr(* = -1 ENODATA", NULL,
	  "pages that were changed through a map are written by the server, and each write drops file capabilities" },
	{ "map/what_is_mapped_is_written", "msync moves: mtime ctime",
	  "msync moves: atime mtime ctime", NULL,
	  "the page that is changed through a map is read by the server first, which moves atime" },
};

const char *conf_known(const char *name, const char *host, const char *mount,
		       const char *options)
{
	for (size_t i = 0; i < CONF_COUNT(known); i++) {
		if (!fnmatch(known[i].name, name, 0) &&
		    !fnmatch(known[i].host, host, 0) &&
		    !fnmatch(known[i].mount, mount, 0) &&
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
