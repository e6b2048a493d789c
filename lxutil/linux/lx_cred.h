/* SPDX-License-Identifier: MIT */
/*
 * lx_cred.h - create as somebody else; private to lxutil/linux.
 *
 * The kernel makes a new inode's owner of the thread's file system ids, so a
 * thread takes those of the guest's caller for just the call that creates:
 * the owner is right from the first moment, and the kernel's rules about
 * set-group-id directories apply as they would in the guest.
 *
 * It is about owners only.  The guest's kernel has checked the permission, so
 * the thread keeps its capabilities (a change from uid 0 would take those
 * about files away), but CAP_FSETID where the caller is not root: who has it
 * may leave S_ISGID on a file of a group that is not his own.
 *
 * It needs CAP_SETUID and CAP_SETGID; without, nothing happens and the
 * process is the owner.  All of it is the thread's own, but for one thing
 * that the kernel does: a process of which a thread has changed ids leaves
 * no core dump (see prctl(2), PR_SET_DUMPABLE).
 */
#ifndef LXUTIL_LINUX_LX_CRED_H
#define LXUTIL_LINUX_LX_CRED_H

#include "lxutil/lx.h"

/* What lx_cred_leave() goes back to. */
struct lx_cred {
	bool changed;
	uint32_t uid, gid;
};

/* No nesting. */
struct lx_cred lx_cred_enter(const struct lx_caller *who);
void lx_cred_leave(const struct lx_cred *own);

#endif
