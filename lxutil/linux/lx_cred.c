/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_cred.h"

#include "lxutil/linux/lx_node.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAP_WORDS _LINUX_CAPABILITY_U32S_3
#define NOBODY ((uid_t)-1)              /* changes nothing, tells what is */
#define UMASK_BITS 0777u
#define PRIV_BITS (LX_S_ISUID | LX_S_ISGID)

struct caps {
	struct __user_cap_data_struct word[CAP_WORDS];
};

/* What the thread was when it called lx_thread_init(), and what it is. */
static _Thread_local struct {
	bool may_change;
	bool may_group;                 /* has no further groups, and may */
	bool all_ids;                   /* each number is somebody */
	bool has_umask;                 /* of its own */
	uint32_t uid, gid;
	struct caps caps;

	uint32_t umask;
	uint32_t group;
	bool no_fsetid;
	bool lost;                      /* it is not what it was */
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

static int caps_set(const struct caps *caps)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
						 0 };

	return syscall(SYS_capset, &head, caps->word) ? lx_error() : 0;
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

/* ---- changing ---------------------------------------------------------- */

/*
 * setfsuid(2) and setfsgid(2) do not tell whether they did it; the kernel may
 * have had no memory.
 */
static bool is(uint32_t uid, uint32_t gid)
{
	return (uint32_t)setfsuid(NOBODY) == uid &&
	       (uint32_t)setfsgid(NOBODY) == gid;
}

/* Is it somebody, so that a thread that may change can be him? */
static bool is_somebody(uint32_t uid, uint32_t gid)
{
	return self.all_ids && uid != NOBODY && gid != NOBODY;
}

/* Take somebody's ids, if they are anybody's, with these capabilities. */
static int become(uint32_t uid, uint32_t gid, const struct caps *caps)
{
	int err;

	setfsgid(gid);
	setfsuid(uid);
	/* A change from or to uid 0 has changed what is about files. */
	err = caps_set(caps);
	if (!err && is_somebody(uid, gid) && !is(uid, gid))
		err = -LX_ENOMEM;
	return err;
}

/* Be again what the thread was, as far as it is not. */
static int go_back(bool grouped, bool changed)
{
	int err = 0;

	if (grouped && syscall(SYS_setgroups, 0, NULL))
		err = lx_error();
	if (changed && !err) {
		err = become(self.uid, self.gid, &self.caps);
		self.group = self.gid;
		self.no_fsetid = false;
	}
	self.lost = err;
	return err;
}

static int find_oneself(void)
{
	return self.lost ? go_back(self.may_group, true) : 0;
}

int lx_cred_fsetid(bool want)
{
	struct caps caps;
	int err = find_oneself();

	if (err || self.no_fsetid == !want ||
	    !caps_has(&self.caps, CAP_FSETID))
		return err;
	caps = want ? self.caps : caps_without(&self.caps, CAP_FSETID);
	err = caps_set(&caps);
	if (!err)
		self.no_fsetid = !want;
	return err;
}

/* ---- the thread -------------------------------------------------------- */

/* In a user namespace, a number that is not in its map is nobody. */
static bool all_ids(const char *map)
{
	int fd = open(map, O_RDONLY | O_CLOEXEC);
	unsigned first, outside, count;
	char buf[64] = "";
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
	return n > 0 && sscanf(buf, "%u %u %u", &first, &outside, &count) == 3 &&
	       first == 0 && count == UINT32_MAX;
}

void lx_thread_group(uint32_t gid)
{
	if (!self.may_group || find_oneself())
		return;
	if (gid == LX_GROUP_NONE)
		gid = self.gid;
	if (gid == self.group)
		return;
	setfsgid(gid);
	self.group = (uint32_t)setfsgid(NOBODY);        /* if it is anybody's */
}

void lx_thread_init(void)
{
	/* Asked a second time: what it is now is not what it was. */
	lx_cred_fsetid(true);
	lx_thread_group(LX_GROUP_NONE);
	/* A seccomp filter may refuse it; then the umask is the process'. */
	self.has_umask = !unshare(CLONE_FS);
	self.umask = 0;
	if (self.has_umask)
		umask(0);
	self.uid = (uint32_t)setfsuid(NOBODY);
	self.gid = self.group = (uint32_t)setfsgid(NOBODY);
	self.all_ids = all_ids("/proc/self/uid_map") &&
		       all_ids("/proc/self/gid_map");
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
	uint32_t priv = mask & PRIV_BITS;

	mask &= UMASK_BITS;
	if (!self.has_umask)
		return mask | priv;
	if (mask != self.umask)
		umask(mask);
	self.umask = mask;
	return priv;
}

/*
 * Without that privilege there is nothing to change.  *ret_owner: what is
 * created will be his.
 */
static int enter(const struct lx_caller *who, struct lx_cred *own,
		 bool *ret_owner)
{
	const bool fsetid = who->uid == 0;
	struct caps caps;
	int err;

	*ret_owner = who->uid == self.uid && who->gid == self.group;
	if (!self.may_change)
		return lx_cred_fsetid(true);
	if (who->has_group && who->group != who->gid && self.may_group) {
		own->grouped = !syscall(SYS_setgroups, 1, &who->group);
		/* Else it is nobody's. */
		if (!own->grouped && errno != EINVAL)
			return lx_error();
	}
	if (*ret_owner)
		return lx_cred_fsetid(fsetid);
	own->changed = true;
	caps = fsetid ? self.caps : caps_without(&self.caps, CAP_FSETID);
	err = become(who->uid, who->gid, &caps);
	*ret_owner = is_somebody(who->uid, who->gid) || is(who->uid, who->gid);
	return err;
}

int lx_cred_enter(const struct lx_caller *who, uint32_t *ret_umask,
		  struct lx_cred *ret_own)
{
	struct lx_cred own = { .changed = false };
	int err = find_oneself();
	bool owner = false;

	if (!err)
		err = enter(who, &own, &owner);
	if (err) {
		lx_cred_leave(&own);
		return err;
	}
	*ret_umask = take_umask(who->umask) | (owner ? 0 : PRIV_BITS);
	*ret_own = own;
	return 0;
}

void lx_cred_leave(const struct lx_cred *own)
{
	if (own->grouped || own->changed)
		go_back(own->grouped, own->changed);
}
