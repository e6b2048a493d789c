/* SPDX-License-Identifier: MIT */
#include "tools/sandbox/sandbox_caps.h"

#include "common/bytes.h"
#include "tools/sandbox/sandbox_fail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAP_WORDS _LINUX_CAPABILITY_U32S_3

static const char *const names[] = {
	[CAP_CHOWN] = "chown",
	[CAP_DAC_OVERRIDE] = "dac_override",
	[CAP_DAC_READ_SEARCH] = "dac_read_search",
	[CAP_FOWNER] = "fowner",
	[CAP_FSETID] = "fsetid",
	[CAP_KILL] = "kill",
	[CAP_SETGID] = "setgid",
	[CAP_SETUID] = "setuid",
	[CAP_SETPCAP] = "setpcap",
	[CAP_LINUX_IMMUTABLE] = "linux_immutable",
	[CAP_NET_BIND_SERVICE] = "net_bind_service",
	[CAP_NET_BROADCAST] = "net_broadcast",
	[CAP_NET_ADMIN] = "net_admin",
	[CAP_NET_RAW] = "net_raw",
	[CAP_IPC_LOCK] = "ipc_lock",
	[CAP_IPC_OWNER] = "ipc_owner",
	[CAP_SYS_MODULE] = "sys_module",
	[CAP_SYS_RAWIO] = "sys_rawio",
	[CAP_SYS_CHROOT] = "sys_chroot",
	[CAP_SYS_PTRACE] = "sys_ptrace",
	[CAP_SYS_PACCT] = "sys_pacct",
	[CAP_SYS_ADMIN] = "sys_admin",
	[CAP_SYS_BOOT] = "sys_boot",
	[CAP_SYS_NICE] = "sys_nice",
	[CAP_SYS_RESOURCE] = "sys_resource",
	[CAP_SYS_TIME] = "sys_time",
	[CAP_SYS_TTY_CONFIG] = "sys_tty_config",
	[CAP_MKNOD] = "mknod",
	[CAP_LEASE] = "lease",
	[CAP_AUDIT_WRITE] = "audit_write",
	[CAP_AUDIT_CONTROL] = "audit_control",
	[CAP_SETFCAP] = "setfcap",
	[CAP_MAC_OVERRIDE] = "mac_override",
	[CAP_MAC_ADMIN] = "mac_admin",
	[CAP_SYSLOG] = "syslog",
	[CAP_WAKE_ALARM] = "wake_alarm",
	[CAP_BLOCK_SUSPEND] = "block_suspend",
	[CAP_AUDIT_READ] = "audit_read",
	[CAP_PERFMON] = "perfmon",
	[CAP_BPF] = "bpf",
	[CAP_CHECKPOINT_RESTORE] = "checkpoint_restore",
};

/* ---- text -------------------------------------------------------------- */

/* The set of the one capability with that name, or 0. */
static uint64_t find(const char *name, size_t len)
{
	if (len > 4 && !strncasecmp(name, "cap_", 4)) {
		name += 4;
		len -= 4;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strlen(names[i]) == len &&
		    !strncasecmp(names[i], name, len))
			return SANDBOX_CAP(i);
	}
	return 0;
}

bool sandbox_caps_parse(const char *text, uint64_t *add, uint64_t *drop,
			char *err, size_t err_size)
{
	uint64_t more = *add, less = *drop;

	for (const char *s = text;; s++) {
		size_t len = strcspn(s, ":");
		uint64_t cap = 0;

		if (*s == '+' || *s == '-')
			cap = find(s + 1, len - 1);
		if (!cap) {
			snprintf(err, err_size,
				 "'%.*s' is no change of a capability; expected +NAME or -NAME, as in +sys_admin",
				 (int)len, s);
			return false;
		}
		more = *s == '+' ? more | cap : more & ~cap;
		less = *s == '-' ? less | cap : less & ~cap;
		s += len;
		if (!*s)
			break;
	}
	*add = more;
	*drop = less;
	return true;
}

/* ---- the thread's sets ------------------------------------------------- */

static int capget_self(struct __user_cap_data_struct *data)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
						 0 };

	return (int)syscall(SYS_capget, &head, data);
}

static uint64_t join(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

uint64_t sandbox_caps_get(void)
{
	struct __user_cap_data_struct data[CAP_WORDS];

	if (capget_self(data))
		return 0;
	return join(data[0].permitted, data[1].permitted);
}

static int cut_bounding(uint64_t keep)
{
	for (int cap = 0; cap < 64; cap++) {
		if (keep & SANDBOX_CAP(cap))
			continue;
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0)
			break;          /* the kernel has no more */
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return -errno;
	}
	return 0;
}

static int set(uint64_t caps)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
						 0 };
	struct __user_cap_data_struct data[CAP_WORDS] = { { 0, 0, 0 } };

	for (unsigned i = 0; i < CAP_WORDS; i++) {
		uint32_t word = (uint32_t)(caps >> (32 * i));

		data[i].effective = data[i].permitted = word;
	}
	return (int)syscall(SYS_capset, &head, data);
}

int sandbox_caps_keep(uint64_t keep, char *err, size_t err_size)
{
	const uint64_t had = sandbox_caps_get();

	if (had & SANDBOX_CAP(CAP_SETPCAP) && cut_bounding(keep))
		return sandbox_fail(err, err_size, SANDBOX_HELP_REPORT,
				    "cut the bounding set of capabilities");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (set(had & keep))
		return sandbox_fail(err, err_size, SANDBOX_HELP_REPORT,
				    "give up capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return sandbox_fail(err, err_size, SANDBOX_HELP_REPORT,
				    "forbid new privileges");
	return 0;
}
