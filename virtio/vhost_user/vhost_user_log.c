/* SPDX-License-Identifier: MIT */
/*
 * The log of what the device writes, in memory of the front-end's, which needs
 * it to move its guest while that runs.
 *
 * There is a log while the front-end has both sent its memory and set
 * VHOST_F_LOG_ALL.  It is guest memory's (gmem_set_log()), so it changes while
 * rings run: when a request that changes it has been answered, all that was in
 * flight is done, and nobody touches the old log.
 */
#include "virtio/vhost_user/vhost_user_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int vhost_user_log_apply(struct vhost_user_conn *conn)
{
	const struct gmem_log log = {
		.bits = conn->log_map.bytes,
		.size = conn->log_size,
		.signal = conn->log_signal,
	};
	bool on = log.bits &&
		  (conn->features & VHOST_USER_BIT(VHOST_F_LOG_ALL));

	if (!on && !conn->logs)
		return 0;
	if (gmem_set_log(&conn->memory.gmem, on ? &log : NULL))
		return vhost_user_fail(conn, -ENOMEM, "%s", strerror(ENOMEM));
	conn->logs = on;
	return 0;
}

void vhost_user_log_done(struct vhost_user_conn *conn)
{
	guard_unmap(&conn->log_map);
	if (conn->log_signal >= 0)
		close(conn->log_signal);
}

/* The front-end waits for the answer before it looks at the old log. */
int vhost_user_set_log_base(struct vhost_user_conn *conn,
			    struct vhost_user_msg *msg)
{
	const struct vhost_user_log log = msg->payload.log;
	struct guard_map map, old = conn->log_map;
	uint64_t old_size = conn->log_size;
	int ret = guard_map(&conn->guard, msg->fd[0], log.offset, log.size,
			    PROT_READ | PROT_WRITE, &map);

	if (ret)
		return vhost_user_fail(conn, ret,
				       "a log of 0x%llx bytes at offset 0x%llx: %s",
				       (unsigned long long)log.size,
				       (unsigned long long)log.offset,
				       ret == -ENXIO ? "the file is too short" :
						       strerror(-ret));
	conn->log_map = map;
	conn->log_size = log.size;
	ret = vhost_user_log_apply(conn);
	if (ret) {
		conn->log_map = old;
		conn->log_size = old_size;
		guard_unmap(&map);
		return ret;
	}
	guard_unmap(&old);
	return vhost_user_reply_u64(msg, 0);
}

int vhost_user_set_log_fd(struct vhost_user_conn *conn,
			  struct vhost_user_msg *msg)
{
	int old = conn->log_signal, ret;

	if (vhost_user_check_signal(msg->fd[0]))
		return vhost_user_fail(conn, -EPROTO,
				       "the descriptor is no eventfd");
	conn->log_signal = vhost_user_msg_take_fd(msg, 0);
	ret = vhost_user_log_apply(conn);
	if (ret) {
		close(conn->log_signal);
		conn->log_signal = old;
	} else if (old >= 0) {
		close(old);
	}
	return ret;
}
