/* SPDX-License-Identifier: MIT */
/*
 * lx_cred.h - act as somebody else; private to lxutil/linux.
 *
 * The kernel makes a new inode's owner of the thread's file system ids, so a
 * thread takes those of the guest's caller for just the call that creates:
 * the owner is right from the first moment, and the kernel's rules about
 * set-group-id directories apply as they would in the guest.
 *
 * It is about owners only.  The guest's kernel has checked the permission, so
 * the thread keeps its capabilities (a change from uid 0 would take those
 * about files away), but CAP_FSETID where the caller is not root: who has it
 * may leave S_ISGID on a file of a group that is not his own.  That is what
 * the caller's further group is for: a set-group-id directory's, of which he
 * is a member.
 *
 * It needs CAP_SETUID and CAP_SETGID; without, nothing happens and the
 * process is the owner.  All of it is the thread's own, but for one thing
 * that the kernel does: a process of which a thread has changed ids leaves
 * no core dump (see prctl(2), PR_SET_DUMPABLE).
 *
 * CAP_FSETID also decides whether a change of data takes S_ISUID and S_ISGID
 * away, and, without it, the group does (see lx_thread_group()).  They and the
 * umask are states of the thread that stay as they were asked for last, so that
 * they cost nothing where requests are alike.  Hence
 * the rule: whatever CAP_FSETID matters to (creating, writing, truncating,
 * chmod, chown, ACLs) says first whether it wants it; nothing else looks.
 *
 * Where the kernel refuses a change (it has no memory), nothing is done as
 * somebody that it should not be done as: the call fails, and so do further
 * ones until the thread is itself again.  In a user namespace where not every
 * number is somebody, the process is the owner of what nobody would own.
 */
#ifndef LXUTIL_LINUX_LX_CRED_H
#define LXUTIL_LINUX_LX_CRED_H

#include "lxutil/lx.h"

/* What lx_cred_leave() goes back to. */
struct lx_cred {
	bool changed, grouped;
};

/*
 * No nesting.  0 or -LX_E..., and nothing is changed.  *ret_umask are bits to
 * take from the mode of what is created: of permissions none where the kernel
 * does it, knowing of default ACLs; S_ISUID and S_ISGID where somebody else
 * than the caller will own it.
 */
int lx_cred_enter(const struct lx_caller *who, uint32_t *ret_umask,
		  struct lx_cred *ret_own);
void lx_cred_leave(const struct lx_cred *own);

/* From now on with CAP_FSETID (where the thread had it), or without. */
int lx_cred_fsetid(bool want);

#endif
