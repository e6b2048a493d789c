/* SPDX-License-Identifier: MIT */
/*
 * vfio_user_request.c - what each request of the client does.
 *
 * A handler gets the message and either answers with data itself or returns a
 * negative errno, or 0 for an answer without data.  A request that makes no
 * sense gets an error reply; one that cannot be answered (the client wants no
 * reply) is logged.  Only what is no message at all, or comes before VERSION,
 * ends the connection.
 */
#include "tools/vfio_user/vfio_user_device.h"

#include "common/bytes.h"
#include "tools/vfio_user/vfio_user_version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The most writes in one REGION_WRITE_MULTI that fit a message. */
#define WRITES_MAX (VFIO_USER_BODY_MAX / sizeof(struct vfio_user_write_one))

/* A handler answered by itself; the reply was sent, or failed to be. */
#define ANSWERED 1

typedef int (*handler)(struct vfio_user_device *device,
		       struct vfio_user_msg *msg);

/* Copy the fixed part of a body; -EINVAL: it is not all there. */
static int get_body(const struct vfio_user_msg *msg, void *out, size_t len)
{
	if (msg->len < len)
		return -EINVAL;
	memcpy(out, msg->body, len);
	return 0;
}

static int answer(struct vfio_user_device *device,
		  const struct vfio_user_msg *msg, const void *head,
		  size_t head_len, const void *data, size_t data_len)
{
	int ret = vfio_user_conn_reply(&device->conn, msg, 0, head, head_len,
				       data, data_len);

	return ret ? ret : ANSWERED;
}

/* ---- connection and device -------------------------------------------- */

/* The first message: agree, and start the device. */
static int do_version(struct vfio_user_device *device,
		      struct vfio_user_msg *msg)
{
	struct vfio_user_version version = { .major = VFIO_USER_MAJOR };
	struct vfio_user_caps caps;
	const char *why;
	char *json;
	int ret;

	if (device->started)
		return -EINVAL;
	ret = vfio_user_version_parse(msg->body, msg->len, &caps, &why);
	if (ret) {
		log_warn(device->log, LOG_VFIO_USER,
			 "%s: refused a client: %s", device->name, why);
		return ret;
	}
	vfio_user_conn_set_xfer_max(&device->conn, caps.max_data_xfer_size);
	ret = device->plugin->start(device->dev);
	if (ret) {
		log_error(device->log, LOG_VFIO_USER,
			  "%s: the device does not start: %s", device->name,
			  strerror(-ret));
		return ret;
	}
	device->started = true;
	json = vfio_user_version_json();
	if (!json)
		return -ENOMEM;
	version.minor = caps.minor;
	ret = answer(device, msg, &version, sizeof(version), json,
		     strlen(json) + 1);
	free(json);
	return ret;
}

static int do_device_info(struct vfio_user_device *device,
			  struct vfio_user_msg *msg)
{
	struct vfio_user_device_info info;
	int ret = get_body(msg, &info, sizeof(info));

	if (ret)
		return ret;
	info = (struct vfio_user_device_info){
		.argsz = sizeof(info),
		.flags = VFIO_USER_DEVICE_F_PCI | VFIO_USER_DEVICE_F_RESET,
		.num_regions = VFIO_USER_REGIONS,
		.num_irqs = VFIO_USER_IRQS,
	};
	return answer(device, msg, &info, sizeof(info), NULL, 0);
}

/* The reset waits for the workers, so they must not wait for the client. */
static int do_reset(struct vfio_user_device *device, struct vfio_user_msg *msg)
{
	(void)msg;
	vfio_user_conn_block_dma(&device->conn);
	device->plugin->reset(device->dev);
	vfio_user_conn_allow_dma(&device->conn);
	return 0;
}

/* ---- memory ----------------------------------------------------------- */

static int do_dma_map(struct vfio_user_device *device,
		      struct vfio_user_msg *msg)
{
	struct vfio_user_dma_map map;
	int ret = get_body(msg, &map, sizeof(map));

	if (ret)
		return ret;
	if (msg->fd_count > 1)
		return -EINVAL;
	ret = vfio_user_dma_map(&device->dma, &map,
				msg->fd_count ? msg->fds[0] : -1);
	log_limited(device->log, LOG_VFIO_USER, LOG_DEBUG,
		    "%s: map 0x%llx, 0x%llx bytes, flags %u, %s: %s",
		    device->name, (unsigned long long)map.iova,
		    (unsigned long long)map.size, map.flags,
		    msg->fd_count ? "file" : "no file",
		    ret ? strerror(-ret) : "done");
	return ret;
}

static int unmap(struct vfio_user_device *device,
		 const struct vfio_user_dma_unmap *unmap)
{
	bool waits = unmap->flags & VFIO_USER_UNMAP_F_ALL ||
		     vfio_user_dma_is_mapped(&device->dma, unmap->iova,
					     unmap->size);
	int ret = 0;

	if (unmap->flags & ~(uint32_t)VFIO_USER_UNMAP_F_ALL)
		return -ENOTSUP;
	if (unmap->flags && (unmap->iova || unmap->size))
		return -EINVAL;
	if (waits)
		vfio_user_conn_block_dma(&device->conn);
	if (unmap->flags)
		ret = vfio_user_dma_unmap_all(&device->dma);
	else
		ret = vfio_user_dma_unmap(&device->dma, unmap->iova,
					  unmap->size);
	if (waits)
		vfio_user_conn_allow_dma(&device->conn);
	return ret;
}

static int do_dma_unmap(struct vfio_user_device *device,
			struct vfio_user_msg *msg)
{
	struct vfio_user_dma_unmap body;
	int ret = get_body(msg, &body, sizeof(body));

	if (ret)
		return ret;
	ret = unmap(device, &body);
	log_limited(device->log, LOG_VFIO_USER, LOG_DEBUG,
		    "%s: unmap 0x%llx, 0x%llx bytes, flags %u: %s",
		    device->name, (unsigned long long)body.iova,
		    (unsigned long long)body.size, body.flags,
		    ret ? strerror(-ret) : "done");
	return ret ? ret : answer(device, msg, &body, sizeof(body), NULL, 0);
}

/* ---- interrupts ------------------------------------------------------- */

static int do_irq_info(struct vfio_user_device *device,
		       struct vfio_user_msg *msg)
{
	struct vfio_user_irq_info info;
	int ret = get_body(msg, &info, sizeof(info));

	if (!ret)
		ret = vfio_user_irqs_info(&device->irqs, &info);
	return ret ? ret : answer(device, msg, &info, sizeof(info), NULL, 0);
}

static int do_set_irqs(struct vfio_user_device *device,
		       struct vfio_user_msg *msg)
{
	return vfio_user_irqs_set(&device->irqs, msg);
}

/* ---- regions ---------------------------------------------------------- */

static int do_region_info(struct vfio_user_device *device,
			  struct vfio_user_msg *msg)
{
	struct vfio_user_region_info info;
	uint64_t size;
	int ret = get_body(msg, &info, sizeof(info));

	if (ret)
		return ret;
	if (info.index >= VFIO_USER_REGIONS)
		return -EINVAL;
	size = device->region_size[info.index];
	info = (struct vfio_user_region_info){
		.argsz = sizeof(info),
		.flags = size ? VFIO_USER_REGION_F_READ |
				VFIO_USER_REGION_F_WRITE : 0,
		.index = info.index,
		.size = size,
	};
	return answer(device, msg, &info, sizeof(info), NULL, 0);
}

/* Is there this piece of this region? */
static bool access_ok(const struct vfio_user_device *device,
		      const struct vfio_user_region_rw *rw)
{
	return rw->region < VFIO_USER_REGIONS && rw->count &&
	       rw->count <= VFIO_USER_XFER_MAX &&
	       range_within(rw->offset, rw->count, 0,
			    device->region_size[rw->region]);
}

static int do_region_read(struct vfio_user_device *device,
			  struct vfio_user_msg *msg)
{
	/* The request was copied out, so its buffer is free. */
	uint8_t *data = device->conn.buf;
	struct vfio_user_region_rw rw;
	int ret = get_body(msg, &rw, sizeof(rw));

	if (ret)
		return ret;
	if (msg->len != sizeof(rw) || !access_ok(device, &rw))
		return -EINVAL;
	if (rw.region == VFIO_USER_REGION_CONFIG)
		device->plugin->cfg_read(device->dev, (uint32_t)rw.offset, data,
					 rw.count);
	else
		device->plugin->bar_read(device->dev, rw.region, rw.offset,
					 data, rw.count);
	return answer(device, msg, &rw, sizeof(rw), data, rw.count);
}

static int region_write(struct vfio_user_device *device,
			const struct vfio_user_region_rw *rw,
			const uint8_t *data)
{
	if (!access_ok(device, rw))
		return -EINVAL;
	if (rw->region == VFIO_USER_REGION_CONFIG)
		device->plugin->cfg_write(device->dev, (uint32_t)rw->offset,
					  data, rw->count);
	else
		device->plugin->bar_write(device->dev, rw->region, rw->offset,
					  data, rw->count);
	return 0;
}

static int do_region_write(struct vfio_user_device *device,
			   struct vfio_user_msg *msg)
{
	struct vfio_user_region_rw rw;
	int ret = get_body(msg, &rw, sizeof(rw));

	if (ret)
		return ret;
	if (msg->len - sizeof(rw) != rw.count)
		return -EINVAL;
	ret = region_write(device, &rw, msg->body + sizeof(rw));
	return ret ? ret : answer(device, msg, &rw, sizeof(rw), NULL, 0);
}

static int do_write_multi(struct vfio_user_device *device,
			  struct vfio_user_msg *msg)
{
	const uint8_t *at = msg->body + sizeof(uint64_t);
	struct vfio_user_write_one one;
	uint64_t count;
	int ret = get_body(msg, &count, sizeof(count));

	if (ret)
		return ret;
	if (count > WRITES_MAX ||
	    msg->len - sizeof(count) != count * sizeof(one))
		return -EINVAL;
	for (uint64_t i = 0; i < count && !ret; i++, at += sizeof(one)) {
		struct vfio_user_region_rw rw;

		memcpy(&one, at, sizeof(one));
		rw = (struct vfio_user_region_rw){ one.offset, one.region,
						   one.count };
		ret = one.count <= sizeof(one.data) ?
			      region_write(device, &rw, one.data) : -EINVAL;
	}
	return ret ? ret : answer(device, msg, &count, sizeof(count), NULL, 0);
}

/* ---- dispatch --------------------------------------------------------- */

static const struct {
	const char *name;
	handler handle;
} commands[VFIO_USER_COMMANDS] = {
	[VFIO_USER_VERSION] = { "VERSION", do_version },
	[VFIO_USER_DMA_MAP] = { "DMA_MAP", do_dma_map },
	[VFIO_USER_DMA_UNMAP] = { "DMA_UNMAP", do_dma_unmap },
	[VFIO_USER_DEVICE_GET_INFO] = { "DEVICE_GET_INFO", do_device_info },
	[VFIO_USER_DEVICE_GET_REGION_INFO] = { "DEVICE_GET_REGION_INFO",
					       do_region_info },
	[VFIO_USER_DEVICE_GET_IRQ_INFO] = { "DEVICE_GET_IRQ_INFO",
					    do_irq_info },
	[VFIO_USER_DEVICE_SET_IRQS] = { "DEVICE_SET_IRQS", do_set_irqs },
	[VFIO_USER_REGION_READ] = { "REGION_READ", do_region_read },
	[VFIO_USER_REGION_WRITE] = { "REGION_WRITE", do_region_write },
	[VFIO_USER_DEVICE_RESET] = { "DEVICE_RESET", do_reset },
	[VFIO_USER_REGION_WRITE_MULTI] = { "REGION_WRITE_MULTI",
					   do_write_multi },
};

/* Do it and answer; 0, or -errno: the connection must end. */
static int request(struct vfio_user_device *device, struct vfio_user_msg *msg)
{
	uint16_t command = msg->hdr.command;
	bool known = command < VFIO_USER_COMMANDS && commands[command].handle;
	int ret, error;

	if (!device->started && command != VFIO_USER_VERSION)
		return -EPROTO;
	if (msg->fds_lost)
		error = -EMFILE;
	else
		error = known ? commands[command].handle(device, msg) :
				-ENOTSUP;
	log_trace(device->log, LOG_VFIO_USER,
		  "%s: command %u %s, id %u, %zu bytes, %zu descriptors%s: %s",
		  device->name, command, known ? commands[command].name : "",
		  msg->hdr.id, msg->len, msg->fd_count,
		  msg->hdr.flags & VFIO_USER_F_NO_REPLY ? ", posted" : "",
		  error < 0 ? strerror(-error) : "done");
	if (error < 0)
		log_limited(device->log, LOG_VFIO_USER, LOG_DEBUG,
			    "%s: refused command %u: %s", device->name, command,
			    strerror(-error));
	ret = error == ANSWERED ? 0 :
	      vfio_user_conn_reply(&device->conn, msg, error, NULL, 0, NULL, 0);
	/* Without a common version there is nothing more to say. */
	return device->started ? ret : -EPROTO;
}

int vfio_user_device_handle(struct vfio_user_device *device)
{
	struct vfio_user_msg msg;
	int ret = vfio_user_conn_recv(&device->conn, &msg);

	if (ret > 0) {
		switch (msg.hdr.flags & VFIO_USER_F_TYPE) {
		case 0:
			ret = request(device, &msg);
			break;
		case VFIO_USER_F_REPLY:
			ret = vfio_user_conn_dma_reply(&device->conn, &msg);
			break;
		default:
			ret = -EPROTO;
		}
		vfio_user_msg_done(&msg);
		if (!ret)
			return 1;
	}
	if (ret < 0 && ret != -EPIPE && ret != -ECONNRESET)
		log_limited(device->log, LOG_VFIO_USER, LOG_WARN,
			    "%s: ended the connection: %s", device->name,
			    strerror(-ret));
	return ret;
}
