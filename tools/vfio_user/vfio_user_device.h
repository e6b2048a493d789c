/* SPDX-License-Identifier: MIT */
/*
 * vfio_user_device.h - one device of a pciplug plugin as one vfio-user
 * function: what is behind a socket.
 *
 * The device is created once.  A client connects, says VERSION, and the device
 * is started; the message thread does what the client's requests say, one
 * after the other; the device's workers interrupt by eventfd and reach memory
 * directly, or by messages where it could not be mapped (vfio_user_conn.h).
 * When the client goes, the device is stopped, its memory taken away, and
 * everything reset, so that the next client finds it as new.
 *
 * The client keeps the MSI-X table and masks vectors itself, as vfio-user
 * clients do: PCIPLUG_HOST_MSIX_TABLE.
 *
 * Whatever the client sends, the answer is a reply, an error reply, or the end
 * of the connection with a line in the log.
 */
#ifndef VFIO_USER_DEVICE_H
#define VFIO_USER_DEVICE_H

#include "common/log.h"
#include "include/pciplug.h"
#include "tools/vfio_user/vfio_user_conn.h"
#include "tools/vfio_user/vfio_user_dma.h"
#include "tools/vfio_user/vfio_user_irq.h"

struct vfio_user_device {
	const struct pciplug_plugin *plugin;
	struct pciplug_device *dev;
	const struct log *log;
	const char *name;               /* for the log; borrowed */
	uint64_t region_size[VFIO_USER_REGIONS];
	bool started;                   /* VERSION was exchanged */
	struct vfio_user_conn conn;
	struct vfio_user_dma dma;
	struct vfio_user_irqs irqs;
};

/*
 * Create the plugin's device from `config`, one of `devices` in this process.
 * plugin, log and name must outlive the device.  The device's log goes to `log`
 * too.  0 or -errno; then err holds one line for a person.
 */
int vfio_user_device_new(const struct pciplug_plugin *plugin,
			 const char *config, unsigned devices,
			 const char *name, const struct log *log,
			 char *err, size_t err_size,
			 struct vfio_user_device **ret_device);
/* No client may be connected. */
void vfio_user_device_free(struct vfio_user_device *device);

/*
 * A client is there; takes the socket.  This thread is the message thread
 * until vfio_user_device_disconnect().
 */
void vfio_user_device_connect(struct vfio_user_device *device, int sock);

/*
 * Receive one message and do what it says; blocks until there is one.  1: go
 * on; 0: the client went; -errno: it has to go.
 */
int vfio_user_device_handle(struct vfio_user_device *device);

/* May block on the file system: the device is stopped. */
void vfio_user_device_disconnect(struct vfio_user_device *device);

/* From any thread: end the connection, if there is one. */
void vfio_user_device_hang_up(struct vfio_user_device *device);

#endif
