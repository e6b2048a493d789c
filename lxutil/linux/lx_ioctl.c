/* SPDX-License-Identifier: MIT */
/*
 * The ioctls that a share passes on: a list, as an ioctl may do anything, and
 * a guest must reach nothing but what belongs to the file.
 *
 * All go through a buffer of ours: the sizes that a command's number tells are
 * not always what the kernel reads and writes (FS_IOC_GETFLAGS says long and
 * means int), and a pointer in the data would be the guest's.
 */
#include "lxutil/linux/lx_node.h"

#include "common/bytes.h"

#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <string.h>
#include <sys/ioctl.h>

#define DIGEST_MAX 64                   /* FS_VERITY_MAX_DIGEST_SIZE */

/* One call. */
struct call {
	int fd;
	const char *data;
	size_t in_size;
	void *out;
	size_t out_size;
};

static int control(int fd, unsigned long cmd, void *arg)
{
	int err;

	do {
		err = ioctl(fd, cmd, arg) < 0 ? lx_error() : 0;
	} while (err == -LX_EINTR);
	return err;
}

static ssize_t get(const struct call *call, unsigned long cmd, void *buf,
		   size_t size)
{
	int err;

	if (call->in_size != 0 || call->out_size < size)
		return -LX_EINVAL;
	err = control(call->fd, cmd, buf);
	if (err)
		return err;
	memcpy(call->out, buf, size);
	return (ssize_t)size;
}

/* ---- attributes -------------------------------------------------------- */

static ssize_t get_flags(const struct call *call)
{
	int flags = 0;

	return get(call, FS_IOC_GETFLAGS, &flags, sizeof(flags));
}

static ssize_t get_version(const struct call *call)
{
	int version = 0;

	return get(call, FS_IOC_GETVERSION, &version, sizeof(version));
}

static ssize_t get_xattr(const struct call *call)
{
	struct fsxattr attr = { 0 };

	return get(call, FS_IOC_FSGETXATTR, &attr, sizeof(attr));
}

/*
 * A project quota is how a host limits what a share takes, so the project of
 * a file, and whether a directory hands its own down, stay as they are.
 */
static ssize_t set_flags(const struct call *call)
{
	int flags, now;
	int err;

	if (call->in_size != sizeof(flags))
		return -LX_EINVAL;
	memcpy(&flags, call->data, sizeof(flags));
	err = control(call->fd, FS_IOC_GETFLAGS, &now);
	if (!err && (flags ^ now) & FS_PROJINHERIT_FL)
		err = -LX_EPERM;
	return err ? err : control(call->fd, FS_IOC_SETFLAGS, &flags);
}

static ssize_t set_xattr(const struct call *call)
{
	struct fsxattr attr, now;
	int err;

	if (call->in_size != sizeof(attr))
		return -LX_EINVAL;
	memcpy(&attr, call->data, sizeof(attr));
	err = control(call->fd, FS_IOC_FSGETXATTR, &now);
	if (!err && (attr.fsx_projid != now.fsx_projid ||
		     (attr.fsx_xflags ^ now.fsx_xflags) & FS_XFLAG_PROJINHERIT))
		err = -LX_EPERM;
	return err ? err : control(call->fd, FS_IOC_FSSETXATTR, &attr);
}

/* ---- verity ------------------------------------------------------------ */

/* The struct, the salt, the signature. */
static ssize_t enable_verity(const struct call *call)
{
	struct fsverity_enable_arg arg;
	const char *salt = call->data + sizeof(arg);

	if (call->in_size < sizeof(arg))
		return -LX_EINVAL;
	memcpy(&arg, call->data, sizeof(arg));
	if (call->in_size != (uint64_t)sizeof(arg) + arg.salt_size +
				     arg.sig_size)
		return -LX_EINVAL;
	arg.salt_ptr = arg.salt_size ? (uintptr_t)salt : 0;
	arg.sig_ptr = arg.sig_size ? (uintptr_t)(salt + arg.salt_size) : 0;
	return control(call->fd, FS_IOC_ENABLE_VERITY, &arg);
}

static ssize_t measure_verity(const struct call *call)
{
	union {
		struct fsverity_digest head;
		char bytes[sizeof(struct fsverity_digest) + DIGEST_MAX];
	} digest = { .head = { 0 } };
	const size_t head = sizeof(digest.head);
	size_t room;
	int err;

	if (call->in_size < head || call->in_size > sizeof(digest) ||
	    call->out_size < head)
		return -LX_EINVAL;
	memcpy(&digest, call->data, head);
	room = MIN(call->out_size, sizeof(digest)) - head;
	digest.head.digest_size = (uint16_t)MIN(digest.head.digest_size, room);
	err = control(call->fd, FS_IOC_MEASURE_VERITY, &digest);
	if (err)
		return err;
	room = MIN(digest.head.digest_size, room);
	memcpy(call->out, &digest, head + room);
	return (ssize_t)(head + room);
}

/* ---- encryption -------------------------------------------------------- */

/*
 * Its number says that the policy goes in, whereas it comes out: a guest's
 * kernel that believes that leaves no room, and gets but the errors.
 */
static ssize_t get_policy(const struct call *call)
{
	struct fscrypt_policy_v1 policy = { 0 };
	int err;

	if (call->in_size > sizeof(policy))
		return -LX_EINVAL;
	err = control(call->fd, FS_IOC_GET_ENCRYPTION_POLICY, &policy);
	if (!err && call->out_size < sizeof(policy))
		err = -LX_EINVAL;
	if (err)
		return err;
	memcpy(call->out, &policy, sizeof(policy));
	return sizeof(policy);
}

static ssize_t get_policy_ex(const struct call *call)
{
	struct fscrypt_get_policy_ex_arg arg = { 0 };
	const size_t head = offsetof(struct fscrypt_get_policy_ex_arg, policy);
	uint64_t room;
	int err;

	if (call->in_size < head || call->in_size > sizeof(arg) ||
	    call->out_size < head)
		return -LX_EINVAL;
	memcpy(&arg, call->data, head);
	room = MIN(call->out_size - head, sizeof(arg.policy));
	arg.policy_size = MIN(arg.policy_size, room);
	err = control(call->fd, FS_IOC_GET_ENCRYPTION_POLICY_EX, &arg);
	if (err)
		return err;
	room = MIN(arg.policy_size, room);
	memcpy(call->out, &arg, head + room);
	return (ssize_t)(head + room);
}

/* ---- the list ---------------------------------------------------------- */

static const struct {
	uint32_t cmd;
	bool changes;
	ssize_t (*run)(const struct call *call);
} commands[] = {
	/* As programs of 64 and of 32 bits name them. */
	{ FS_IOC_GETFLAGS, false, get_flags },
	{ FS_IOC32_GETFLAGS, false, get_flags },
	{ FS_IOC_SETFLAGS, true, set_flags },
	{ FS_IOC32_SETFLAGS, true, set_flags },
	{ FS_IOC_GETVERSION, false, get_version },
	{ FS_IOC32_GETVERSION, false, get_version },
	{ FS_IOC_FSGETXATTR, false, get_xattr },
	{ FS_IOC_FSSETXATTR, true, set_xattr },
	{ FS_IOC_ENABLE_VERITY, true, enable_verity },
	{ FS_IOC_MEASURE_VERITY, false, measure_verity },
	{ FS_IOC_GET_ENCRYPTION_POLICY, false, get_policy },
	{ FS_IOC_GET_ENCRYPTION_POLICY_EX, false, get_policy_ex },
};

ssize_t lx_ioctl(struct lx_file *file, uint32_t cmd, const void *data,
		 size_t in_size, void *out, size_t out_size)
{
	const struct call call = { file->fd, data, in_size, out, out_size };

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (commands[i].cmd != cmd)
			continue;
		if (commands[i].changes && file->read_only)
			return -LX_EROFS;
		return commands[i].run(&call);
	}
	return -LX_ENOTTY;
}
