/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - a process that serves a hostile guest, shut in with its shares.
 *
 * sandbox_enter() makes two processes of one.  The child serves: it is where
 * only the shares are, with few capabilities and few system calls.  The parent
 * stays outside with all that it had: it does what the child cannot any more
 * (start a VMM, remove sockets), and sandbox_wait() makes it stand for the
 * child as far as signals and the exit status go.
 *
 * The child keeps every open descriptor (listening sockets, the log, pipes),
 * but directories (one leads out by ".."), and each share at the path by which
 * it was known, absolute or relative; there is /proc/self/fd, and nothing else.
 * So whatever else is wanted from the system (the plugin, the log, time zones,
 * names of users) is loaded or opened before; the shares themselves are opened
 * after.  Nor must the child remove sockets when it ends: their paths are not
 * what they were.
 *
 * What serves is made then, and sandbox_close() called before there is a guest.
 *
 * These functions are for a program, which owns its process; the plugin, a
 * guest of its host's process, has no use for them.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "tools/sandbox/sandbox_idmap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What one error line may need. */
#define SANDBOX_ERR_MAX 512

/* Where the child is. */
enum sandbox_mode {
	/*
	 * In new mount, PID, network, IPC and UTS namespaces, and, unless it
	 * is root without maps, a new user namespace.
	 */
	SANDBOX_NAMESPACE,
	SANDBOX_CHROOT,                 /* in a new mount namespace; for root */
	/*
	 * Where it was, but with nothing opened, made or removed beyond the
	 * shares, by Landlock; for who may not have namespaces.  No file
	 * handles.  Attributes of what the user owns can still be changed.
	 */
	SANDBOX_LANDLOCK,
	SANDBOX_NONE                    /* where it was */
};

/* What a system call that is not needed comes to. */
enum sandbox_seccomp {
	SANDBOX_SECCOMP_KILL,           /* the process is killed: SIGSYS */
	SANDBOX_SECCOMP_NONE,           /* it is done */
	SANDBOX_SECCOMP_LOG,            /* it is done, and the kernel logs it */
	SANDBOX_SECCOMP_TRAP            /* SIGSYS, for a debugger or a core */
};

/* All zeros is the default. */
struct sandbox_options {
	enum sandbox_mode mode;
	enum sandbox_seccomp seccomp;
	struct sandbox_idmap uid_map, gid_map;
	/* Capabilities (1 << CAP_...) besides the usual ones, and without. */
	uint64_t caps_add, caps_drop;
	/*
	 * The shares are served without file handles, hence without
	 * CAP_DAC_READ_SEARCH.
	 */
	bool no_file_handles;
	bool nofile_given;              /* else as many as there may be */
	uint64_t nofile;                /* RLIMIT_NOFILE; 0: as it is */
};

/* A directory, or a regular file, that the child will open. */
struct sandbox_share {
	const char *path;
	bool read_only;                 /* nobody will write */
};

/* ---- the command line -------------------------------------------------- */

/* Lines of text for --help, one for each option. */
extern const char sandbox_option_help[];

/*
 * Is --NAME (given without dashes) an option of ours, all of which take a
 * value: sandbox, seccomp, modcaps, rlimit-nofile, uid-map, gid-map?
 */
bool sandbox_has_option(const char *name);
/* Take one of them.  False: err holds one line for a person. */
bool sandbox_set_option(struct sandbox_options *options, const char *name,
			const char *value, char *err, size_t err_size);

/* ---- going in ---------------------------------------------------------- */

/*
 * To be called while the process has one thread.  Returns twice: with
 * *ret_child 0 in the child, which is shut in, and with its process id in the
 * parent.  Or once, in the parent, with -errno; then err holds one line for a
 * person, which names the step that failed and what may help, and there is no
 * child.
 *
 * The child has the parent's signal mask and dispositions, umask 0, and gets
 * SIGTERM when the parent is gone.  In a PID namespace it is process 1, so a
 * signal that it neither blocks nor handles does nothing to it, but SIGKILL
 * from outside.
 *
 * Blocks until the child is in.  The arguments are borrowed.
 */
int sandbox_enter(const struct sandbox_options *options,
		  const struct sandbox_share *shares, size_t count, char *err,
		  size_t err_size, pid_t *ret_child);

/*
 * In the child, which may have threads by now: from here on nobody can make a
 * ring of io_uring, or change what the ones that there are can do.  0, or
 * -errno and one line for a person in err.
 */
int sandbox_close(const struct sandbox_options *options, char *err,
		  size_t err_size);

/*
 * In the parent: until the child ends.  SIGTERM, SIGINT, SIGHUP and SIGQUIT
 * are passed on to it (those of a terminal reach it by themselves); they must
 * be blocked, with SIGCHLD, since before there was a child.  Returns its exit
 * status, or 128 + n if signal n killed it; then err holds a line that says
 * so, and is empty otherwise.
 */
int sandbox_wait(pid_t child, char *err, size_t err_size);

/* The same of what waitpid(2) has said about the child, without waiting. */
int sandbox_status(int status, char *err, size_t err_size);

#endif
