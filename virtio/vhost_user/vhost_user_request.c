/* SPDX-License-Identifier: MIT */
/*
 * The table of requests: the form that each must have, and who serves it.
 * What is not in the table is unknown.  A front-end that wants an answer to an
 * unknown request is told that it failed; with another the connection ends,
 * because it may be waiting for a reply.
 *
 * Two statuses look alike and are not.  VHOST_USER_RESET_DEVICE resets the
 * device.  SET_STATUS 0 does not: QEMU sends it whenever it stops the rings,
 * and so when its machine is paused, and the guest's mounts must live through
 * that.
 */
#include "virtio/vhost_user/vhost_user_internal.h"

#include "common/bytes.h"
#include "virtio/virtio_spec.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Features of the core that do not reach through this protocol: translating
 * addresses (IOTLB_MSG) and data in notifications, which are not implemented;
 * and the reset of single queues, which front-ends do not tell us about.
 */
#define NOT_OFFERED \
	(VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) | \
	 VIRTIO_FEATURE(VIRTIO_F_NOTIFICATION_DATA) | \
	 VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

/* Features that are the protocol's and not the driver's. */
#define NOT_VIRTIO \
	(VHOST_USER_BIT(VHOST_F_LOG_ALL) | \
	 VHOST_USER_BIT(VHOST_USER_F_PROTOCOL_FEATURES))

#define PROTOCOL_FEATURES \
	(VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_MQ) | \
	 VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_LOG_SHMFD) | \
	 VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) | \
	 VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_BACKEND_REQ) | \
	 VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_RESET_DEVICE) | \
	 VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS) | \
	 VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_STATUS))

int vhost_user_fail(struct vhost_user_conn *conn, int error,
		    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(conn->error, sizeof(conn->error), format, args);
	va_end(args);
	return error;
}

/* Does the front-end use it? */
static bool negotiated(const struct vhost_user_conn *conn, unsigned feature)
{
	return conn->protocol_features & VHOST_USER_BIT(feature);
}

/*
 * Does the front-end wait for the outcome?  Asked when the request has been
 * served, since the one that negotiates this may use it.
 */
static bool wants_ack(const struct vhost_user_conn *conn,
		      const struct vhost_user_msg *msg)
{
	return (msg->header.flags & VHOST_USER_NEED_REPLY) &&
	       negotiated(conn, VHOST_USER_PROTOCOL_F_REPLY_ACK);
}

int vhost_user_reply_u64(struct vhost_user_msg *msg, uint64_t value)
{
	msg->payload.u64 = value;
	msg->reply_size = sizeof(msg->payload.u64);
	return 0;
}

/* ---- features ---------------------------------------------------------- */

/* Other ways to pass a log than LOG_SHMFD are of no use to a process. */
static uint64_t offered(const struct vhost_user_conn *conn)
{
	uint64_t features = virtio_core_features(conn->core) & ~NOT_OFFERED;

	if (negotiated(conn, VHOST_USER_PROTOCOL_F_LOG_SHMFD))
		features |= VHOST_USER_BIT(VHOST_F_LOG_ALL);
	return features | VHOST_USER_BIT(VHOST_USER_F_PROTOCOL_FEATURES);
}

static uint64_t protocol_offered(const struct vhost_user_conn *conn)
{
	const struct virtio_device_ops *ops = conn->vu->ops;
	uint64_t features = PROTOCOL_FEATURES;

	if (conn->vu->params.config)
		features |= VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_CONFIG);
	if (ops->save && ops->restore)
		features |= VHOST_USER_BIT(VHOST_USER_PROTOCOL_F_DEVICE_STATE);
	return features;
}

void vhost_user_apply_features(struct vhost_user_conn *conn)
{
	uint64_t value = conn->features & ~NOT_VIRTIO;

	for (unsigned bank = 0; bank < 2; bank++)
		virtio_core_set_driver_features(conn->core, bank,
						(uint32_t)(value >> 32 * bank));
}

static int get_features(struct vhost_user_conn *conn,
			struct vhost_user_msg *msg)
{
	return vhost_user_reply_u64(msg, offered(conn));
}

/* The log is switched on and off while rings run; nothing else is. */
static int set_features(struct vhost_user_conn *conn,
			struct vhost_user_msg *msg)
{
	const uint64_t log = VHOST_USER_BIT(VHOST_F_LOG_ALL);
	uint64_t value = msg->payload.u64, old = conn->features;
	int ret;

	if (value & ~offered(conn))
		return vhost_user_fail(conn, -EPROTO,
				       "0x%llx were not offered",
				       (unsigned long long)(value &
							    ~offered(conn)));
	if ((value ^ old) & ~log && vhost_user_rings_running(conn))
		return vhost_user_fail(conn, -EPROTO,
				       "other features while rings are running");
	conn->features = value;
	ret = vhost_user_log_apply(conn);
	if (ret) {
		conn->features = old;
		return ret;
	}
	vhost_user_apply_features(conn);
	if (value & VHOST_USER_BIT(VHOST_USER_F_PROTOCOL_FEATURES))
		return 0;
	vhost_user_rings_enable(conn);
	return vhost_user_rings_start(conn);
}

static int get_protocol_features(struct vhost_user_conn *conn,
				 struct vhost_user_msg *msg)
{
	return vhost_user_reply_u64(msg, protocol_offered(conn));
}

static int set_protocol_features(struct vhost_user_conn *conn,
				 struct vhost_user_msg *msg)
{
	uint64_t unknown = msg->payload.u64 & ~protocol_offered(conn);

	if (unknown)
		return vhost_user_fail(conn, -EPROTO, "0x%llx were not offered",
				       (unsigned long long)unknown);
	conn->protocol_features = msg->payload.u64;
	return 0;
}

/* ---- the device -------------------------------------------------------- */

/* SET_OWNER begins nothing here; RESET_OWNER is best ignored, says its text. */
static int nothing(struct vhost_user_conn *conn, struct vhost_user_msg *msg)
{
	(void)conn;
	(void)msg;
	return 0;
}

static int reset_device(struct vhost_user_conn *conn,
			struct vhost_user_msg *msg)
{
	(void)msg;
	vhost_user_state_end(conn);
	vhost_user_rings_stop(conn);
	vhost_user_rings_reset(conn);
	vhost_user_reset(conn);
	conn->status = 0;
	return 0;
}

static int get_status(struct vhost_user_conn *conn, struct vhost_user_msg *msg)
{
	uint8_t broken = virtio_core_status(conn->core) &
			 VIRTIO_STATUS_NEEDS_RESET;

	return vhost_user_reply_u64(msg, conn->status | broken);
}

static int set_status(struct vhost_user_conn *conn, struct vhost_user_msg *msg)
{
	if (msg->payload.u64 > UINT8_MAX)
		return vhost_user_fail(conn, -EPROTO, "0x%llx is no status",
				       (unsigned long long)msg->payload.u64);
	conn->status = (uint8_t)msg->payload.u64 &
		       (uint8_t)~VIRTIO_STATUS_NEEDS_RESET;
	return 0;
}

static int get_queue_num(struct vhost_user_conn *conn,
			 struct vhost_user_msg *msg)
{
	return vhost_user_reply_u64(msg, virtio_core_queues(conn->core));
}

/* Kept open for requests of our own; there are none yet. */
static int set_backend_req_fd(struct vhost_user_conn *conn,
			      struct vhost_user_msg *msg)
{
	if (conn->backend_req >= 0)
		close(conn->backend_req);
	conn->backend_req = vhost_user_msg_take_fd(msg, 0);
	return 0;
}

/* ---- configuration space ----------------------------------------------- */

static int check_config(struct vhost_user_conn *conn,
			const struct vhost_user_msg *msg)
{
	uint32_t size = msg->payload.config.size;

	if (msg->header.size == VHOST_USER_CONFIG_MIN + (uint64_t)size)
		return 0;
	return vhost_user_fail(conn, -EPROTO,
			       "%u bytes of configuration space in a payload of %u",
			       size, msg->header.size);
}

/* Without data in the reply when it is not all within. */
static int get_config(struct vhost_user_conn *conn, struct vhost_user_msg *msg)
{
	struct vhost_user_config *c = &msg->payload.config;
	uint32_t total = conn->vu->ops->config_size;
	int ret = check_config(conn, msg);

	if (ret)
		return ret;
	if (c->offset > total || c->size > total - c->offset) {
		msg->reply_size = 0;
		return 0;
	}
	virtio_core_config_read(conn->core, c->offset, c->data, c->size);
	msg->reply_size = msg->header.size;
	return 0;
}

/* A guest may try that; it does the connection no harm. */
static int set_config(struct vhost_user_conn *conn, struct vhost_user_msg *msg)
{
	int ret = check_config(conn, msg);

	if (ret)
		return ret;
	log_limited(conn->log, LOG_VHOST_USER, LOG_WARN,
		    "%s: the guest writes to the configuration space, which is read-only",
		    conn->vu->params.core.name);
	return wants_ack(conn, msg) ? vhost_user_reply_u64(msg, 1) : 0;
}

/* ---- memory ------------------------------------------------------------ */

static int bad_region(struct vhost_user_conn *conn,
		      const struct vhost_user_region *r, int error)
{
	return vhost_user_fail(conn, error,
			       "0x%llx bytes at guest address 0x%llx, file offset 0x%llx: %s",
			       (unsigned long long)r->size,
			       (unsigned long long)r->guest_addr,
			       (unsigned long long)r->mmap_offset,
			       error == -ENXIO ? "the file is too short" :
						 strerror(-error));
}

/* Rings that run are stopped over it, so none sees the time between. */
static int set_mem_table(struct vhost_user_conn *conn,
			 struct vhost_user_msg *msg)
{
	const struct vhost_user_mem_table *t = &msg->payload.mem_table;
	int ret;

	if (t->count > VHOST_USER_REGIONS_MAX || msg->fd_count != t->count ||
	    msg->header.size < VHOST_USER_MEM_TABLE_MIN +
				       t->count * sizeof(t->region[0]))
		return vhost_user_fail(conn, -EPROTO,
				       "%u regions in a payload of %u with %zu descriptors",
				       t->count, msg->header.size,
				       msg->fd_count);
	vhost_user_rings_stop(conn);
	ret = vhost_user_memory_clear(&conn->memory);
	if (ret)
		return vhost_user_fail(conn, ret, "%s", strerror(-ret));
	for (uint32_t i = 0; i < t->count; i++) {
		ret = vhost_user_memory_add(&conn->memory, &t->region[i],
					    msg->fd[i]);
		if (ret)
			return bad_region(conn, &t->region[i], ret);
	}
	return vhost_user_rings_start(conn);
}

static int get_max_mem_slots(struct vhost_user_conn *conn,
			     struct vhost_user_msg *msg)
{
	(void)conn;
	return vhost_user_reply_u64(msg, VHOST_USER_MEM_SLOTS_MAX);
}

static int add_mem_reg(struct vhost_user_conn *conn, struct vhost_user_msg *msg)
{
	const struct vhost_user_region *r = &msg->payload.mem_reg.region;
	int ret = vhost_user_memory_add(&conn->memory, r, msg->fd[0]);

	return ret ? bad_region(conn, r, ret) : 0;
}

/* Some front-ends send a descriptor along, which is closed. */
static int rem_mem_reg(struct vhost_user_conn *conn, struct vhost_user_msg *msg)
{
	const struct vhost_user_region *r = &msg->payload.mem_reg.region;
	int ret = vhost_user_memory_remove(&conn->memory, r);

	return ret ? bad_region(conn, r, ret) : 0;
}

/* ---- the table --------------------------------------------------------- */

struct request {
	const char *name;
	int (*serve)(struct vhost_user_conn *conn, struct vhost_user_msg *msg);
	size_t size, more;              /* bytes; and how many more may come */
	size_t fds, more_fds;           /* descriptors, likewise */
	unsigned offered, agreed;       /* features that must be; 0: none */
};

#define STATE sizeof(struct vhost_user_vring_state)
#define REQUEST(request, ...) \
	[VHOST_USER_##request] = { .name = #request, .serve = __VA_ARGS__ }

static const struct request requests[VHOST_USER_REQUESTS] = {
	REQUEST(GET_FEATURES, get_features),
	REQUEST(SET_FEATURES, set_features, .size = 8),
	REQUEST(SET_OWNER, nothing),
	REQUEST(RESET_OWNER, nothing),
	REQUEST(SET_MEM_TABLE, set_mem_table, .size = VHOST_USER_MEM_TABLE_MIN,
		.more = VHOST_USER_REGIONS_MAX *
			sizeof(struct vhost_user_region),
		.more_fds = VHOST_USER_REGIONS_MAX),
	REQUEST(SET_LOG_BASE, vhost_user_set_log_base,
		.size = sizeof(struct vhost_user_log), .fds = 1,
		.agreed = VHOST_USER_PROTOCOL_F_LOG_SHMFD),
	REQUEST(SET_LOG_FD, vhost_user_set_log_fd, .fds = 1,
		.agreed = VHOST_USER_PROTOCOL_F_LOG_SHMFD),
	REQUEST(SET_VRING_NUM, vhost_user_set_vring_num, .size = STATE),
	REQUEST(SET_VRING_ADDR, vhost_user_set_vring_addr,
		.size = sizeof(struct vhost_user_vring_addr)),
	REQUEST(SET_VRING_BASE, vhost_user_set_vring_base, .size = STATE),
	REQUEST(GET_VRING_BASE, vhost_user_get_vring_base, .size = STATE),
	REQUEST(SET_VRING_KICK, vhost_user_set_vring_kick, .size = 8,
		.more_fds = 1),
	REQUEST(SET_VRING_CALL, vhost_user_set_vring_call, .size = 8,
		.more_fds = 1),
	REQUEST(SET_VRING_ERR, vhost_user_set_vring_err, .size = 8,
		.more_fds = 1),
	REQUEST(GET_PROTOCOL_FEATURES, get_protocol_features),
	REQUEST(SET_PROTOCOL_FEATURES, set_protocol_features, .size = 8),
	REQUEST(GET_QUEUE_NUM, get_queue_num),
	REQUEST(SET_VRING_ENABLE, vhost_user_set_vring_enable, .size = STATE),
	REQUEST(SET_BACKEND_REQ_FD, set_backend_req_fd, .fds = 1),
	REQUEST(GET_CONFIG, get_config, .size = VHOST_USER_CONFIG_MIN,
		.more = VHOST_USER_CONFIG_MAX,
		.offered = VHOST_USER_PROTOCOL_F_CONFIG),
	REQUEST(SET_CONFIG, set_config, .size = VHOST_USER_CONFIG_MIN,
		.more = VHOST_USER_CONFIG_MAX,
		.offered = VHOST_USER_PROTOCOL_F_CONFIG),
	REQUEST(RESET_DEVICE, reset_device),
	REQUEST(GET_MAX_MEM_SLOTS, get_max_mem_slots),
	REQUEST(ADD_MEM_REG, add_mem_reg,
		.size = sizeof(struct vhost_user_mem_reg), .fds = 1),
	REQUEST(REM_MEM_REG, rem_mem_reg,
		.size = sizeof(struct vhost_user_mem_reg), .more_fds = 1),
	REQUEST(SET_STATUS, set_status, .size = 8),
	REQUEST(GET_STATUS, get_status),
	REQUEST(SET_DEVICE_STATE_FD, vhost_user_set_device_state_fd,
		.size = sizeof(struct vhost_user_transfer_params), .fds = 1,
		.agreed = VHOST_USER_PROTOCOL_F_DEVICE_STATE),
	REQUEST(CHECK_DEVICE_STATE, vhost_user_check_device_state,
		.agreed = VHOST_USER_PROTOCOL_F_DEVICE_STATE),
};

/* NULL: unknown. */
static const struct request *find(uint32_t number)
{
	return number < ARRAY_LEN(requests) && requests[number].serve ?
		       &requests[number] : NULL;
}

const char *vhost_user_request_name(const struct vhost_user_msg *msg)
{
	const struct request *r = find(msg->header.request);

	return r ? r->name : "unknown request";
}

static bool allowed(const struct vhost_user_conn *conn, const struct request *r)
{
	return (!r->offered ||
		(protocol_offered(conn) & VHOST_USER_BIT(r->offered))) &&
	       (!r->agreed || negotiated(conn, r->agreed));
}

static int check_form(struct vhost_user_conn *conn, const struct request *r,
		      const struct vhost_user_msg *msg)
{
	uint32_t size = msg->header.size;

	if (size < r->size || size > r->size + r->more)
		return vhost_user_fail(conn, -EPROTO, "a payload of %u bytes",
				       size);
	if (msg->fd_count < r->fds || msg->fd_count > r->fds + r->more_fds)
		return vhost_user_fail(conn, -EPROTO, "%zu descriptors",
				       msg->fd_count);
	return 0;
}

static int serve(struct vhost_user_conn *conn, struct vhost_user_msg *msg)
{
	const struct request *r = find(msg->header.request);
	int ret;

	if (!r || !allowed(conn, r))
		return vhost_user_fail(conn, -EOPNOTSUPP,
				       "request %u is not supported",
				       msg->header.request);
	ret = check_form(conn, r, msg);
	return ret ? ret : r->serve(conn, msg);
}

int vhost_user_request(struct vhost_user_conn *conn, struct vhost_user_msg *msg)
{
	int ret;

	log_trace(conn->log, LOG_VHOST_USER,
		  "%s: %s, %u bytes, %zu descriptors",
		  conn->vu->params.core.name, vhost_user_request_name(msg),
		  msg->header.size, msg->fd_count);
	conn->error[0] = '\0';
	ret = serve(conn, msg);
	if (ret == -EPROTO ||
	    (ret && (!conn->error[0] || !wants_ack(conn, msg))))
		return ret;
	if (ret) {
		log_limited(conn->log, LOG_VHOST_USER, LOG_WARN,
			    "%s: %s failed: %s", conn->vu->params.core.name,
			    vhost_user_request_name(msg), conn->error);
		(void)vhost_user_reply_u64(msg, 1);
	} else if (msg->reply_size < 0 && wants_ack(conn, msg)) {
		(void)vhost_user_reply_u64(msg, 0);
	}
	return msg->reply_size < 0 ? 0 : vhost_user_msg_reply(&conn->link, msg);
}
