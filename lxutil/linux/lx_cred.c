/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_cred.h"

#include "lxutil/lx_volume.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAP_WORDS _LINUX_CAPABILITY_U32S_3
#define NOBODY ((uid_t)-1)              /* changes nothing, tells what is */
#define UMASK_BITS 0777u

struct caps {
	struct __user_cap_data_struct word[CAP_WORDS];
};

/* What the thread was when it called lx_thread_init(), and what it is. */
static _Thread_local struct {
	bool may_change;
	bool may_group;                 /* has no further groups, and may */
	bool has_umask;                 /* of its own */
	uint32_t uid, gid;
	struct caps caps;

	uint32_t umask;
	bool no_fsetid;
} self;

/*
 * glibc's setgroups() changes all threads, and it has no header for capget()
 * and capset(); the system calls are about this thread.
 */
static bool caps_get(struct caps *caps)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
						 0 };

	return !syscall(SYS_capget, &head, caps->word);
}

static void caps_set(const struct caps *caps)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
						 0 };

	syscall(SYS_capset, &head, caps->word);
}

static bool caps_has(const struct caps *caps, unsigned cap)
{
	return caps->word[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap);
}

static struct caps caps_without(const struct caps *from, unsigned cap)
{
	struct caps caps = *from;

	caps.word[CAP_TO_INDEX(cap)].effective &= ~CAP_TO_MASK(cap);
	return caps;
}

void lx_cred_fsetid(bool want)
{
	struct caps caps;

	if (self.no_fsetid == !want || !caps_has(&self.caps, CAP_FSETID))
		return;
	caps = want ? self.caps : caps_without(&self.caps, CAP_FSETID);
	caps_set(&caps);
	self.no_fsetid = !want;
}

void lx_thread_init(void)
{
	/* Asked a second time: what it is now is not what it was. */
	lx_cred_fsetid(true);
	/* A seccomp filter may refuse it; then the umask is the process'. */
	self.has_umask = !unshare(CLONE_FS);
	self.umask = 0;
	if (self.has_umask)
		umask(0);
	self.uid = (uint32_t)setfsuid(NOBODY);
	self.gid = (uint32_t)setfsgid(NOBODY);
	if (!caps_get(&self.caps))
		self.caps = (struct caps){ 0 };
	self.may_change = caps_has(&self.caps, CAP_SETUID) &&
			  caps_has(&self.caps, CAP_SETGID);
	/* Quotas hold for the guest: with it, they would hold for nobody. */
	if (caps_has(&self.caps, CAP_SYS_RESOURCE)) {
		self.caps = caps_without(&self.caps, CAP_SYS_RESOURCE);
		caps_set(&self.caps);
	}
	/*
	 * The process' further groups are not the guest's, and a thread that
	 * may override permissions does not need them.
	 */
	self.may_group = self.may_change &&
			 caps_has(&self.caps, CAP_DAC_OVERRIDE) &&
			 !syscall(SYS_setgroups, 0, NULL);
}

/* Bits that the kernel will not take. */
static uint32_t take_umask(uint32_t mask)
{
	mask &= UMASK_BITS;
	if (!self.has_umask)
		return mask;
	if (mask != self.umask)
		umask(mask);
	self.umask = mask;
	return 0;
}

struct lx_cred lx_cred_enter(const struct lx_caller *who, uint32_t *ret_umask)
{
	struct lx_cred own = { .changed = false };
	const bool fsetid = who->uid == 0;
	struct caps caps;

	*ret_umask = take_umask(who->umask);
	if (!self.may_change) {
		lx_cred_fsetid(true);
		return own;
	}
	if (who->has_group && who->group != who->gid && self.may_group)
		own.grouped = !syscall(SYS_setgroups, 1, &who->group);
	if (who->uid == self.uid && who->gid == self.gid) {
		lx_cred_fsetid(fsetid);
		return own;
	}
	own.changed = true;
	own.gid = (uint32_t)setfsgid(who->gid);
	own.uid = (uint32_t)setfsuid(who->uid);
	/* A change from or to uid 0 has changed what is about files. */
	caps = fsetid ? self.caps : caps_without(&self.caps, CAP_FSETID);
	caps_set(&caps);
	return own;
}

void lx_cred_leave(const struct lx_cred *own)
{
	if (own->grouped)
		syscall(SYS_setgroups, 0, NULL);
	if (!own->changed)
		return;
	setfsuid(own->uid);
	setfsgid(own->gid);
	caps_set(&self.caps);
	self.no_fsetid = false;
}
