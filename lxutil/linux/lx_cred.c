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

struct caps {
	struct __user_cap_data_struct word[CAP_WORDS];
};

/* What the thread was when it called lx_thread_init(). */
static _Thread_local struct {
	bool may_change;
	uint32_t uid, gid;
	struct caps caps;
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

void lx_thread_init(void)
{
	/* A seccomp filter may refuse it; then the umask is the process'. */
	if (!unshare(CLONE_FS))
		umask(0);
	self.uid = (uint32_t)setfsuid(NOBODY);
	self.gid = (uint32_t)setfsgid(NOBODY);
	self.may_change = caps_get(&self.caps) &&
			  caps_has(&self.caps, CAP_SETUID) &&
			  caps_has(&self.caps, CAP_SETGID);
	/*
	 * The process' further groups are not the guest's, and a thread that
	 * may override permissions does not need them.
	 */
	if (self.may_change && caps_has(&self.caps, CAP_DAC_OVERRIDE))
		syscall(SYS_setgroups, 0, NULL);
}

struct lx_cred lx_cred_enter(const struct lx_caller *who)
{
	struct lx_cred own = { .changed = false };
	struct caps caps = self.caps;

	if (!self.may_change ||
	    (who->uid == self.uid && who->gid == self.gid &&
	     (who->uid == 0 || !caps_has(&caps, CAP_FSETID))))
		return own;
	own.changed = true;
	own.gid = (uint32_t)setfsgid(who->gid);
	own.uid = (uint32_t)setfsuid(who->uid);
	if (who->uid != 0)
		caps.word[CAP_TO_INDEX(CAP_FSETID)].effective &=
			~CAP_TO_MASK(CAP_FSETID);
	caps_set(&caps);
	return own;
}

void lx_cred_leave(const struct lx_cred *own)
{
	if (!own->changed)
		return;
	setfsuid(own->uid);
	setfsgid(own->gid);
	caps_set(&self.caps);
}
