/* SPDX-License-Identifier: MIT */
/*
 * client.h - a vfio-user client as a test drives it, and a function to drive.
 *
 * It builds messages by itself, so that it can send wrong ones, and waits at
 * most ten seconds for an answer, so that a dead-lock is a failed test.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "tests/lib/count_fds.h"
#include "tests/unit/vfio_user/fake_plugin.h"
#include "tools/vfio_user/vfio_user_device.h"

/* cmocka needs its own list of headers before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct client {
	int sock;
	uint16_t next_id;
	struct vfio_user_header hdr;    /* of the last message received */
	uint8_t body[VFIO_USER_BODY_MAX];
	size_t len;
};

/* A device on the fake plugin, its message thread, and a client. */
struct rig {
	struct log log;
	struct vfio_user_device *device;
	pthread_t thread;
	bool connected;
	struct client client;
	unsigned fds;                   /* open before */
};

/* cmocka's setup and teardown; the latter fails if descriptors leaked. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* Connect a client without VERSION, or with it. */
void rig_connect(struct rig *rig);
void rig_start(struct rig *rig);
/* The client goes; returns when the device is as new. */
void rig_disconnect(struct rig *rig);

/* The message thread ended the connection by itself. */
void rig_expect_end(struct rig *rig);

/* Send a message of this id and flags, with descriptors. */
void client_send(struct client *c, uint16_t id, uint16_t command,
		 uint32_t flags, const void *body, size_t len, const int *fds,
		 size_t fd_count);
/* Send bytes as they are. */
void client_send_raw(struct client *c, const void *bytes, size_t len);
/* Receive a message into the client; false: the server closed. */
bool client_recv(struct client *c);
/* Send a request and receive its reply; the errno in it, or 0. */
int client_call(struct client *c, uint16_t command, const void *body,
		size_t len, const int *fds, size_t fd_count);

/* Requests with their usual arguments; each as client_call(). */
int client_version(struct client *c, const char *json);
int client_map(struct client *c, uint64_t iova, uint64_t size, uint32_t flags,
	       uint64_t offset, int fd);
int client_unmap(struct client *c, uint64_t iova, uint64_t size,
		 uint32_t flags);
int client_set_irqs(struct client *c, uint32_t flags, uint32_t index,
		    uint32_t start, uint32_t count, const void *data,
		    size_t data_len, const int *fds, size_t fd_count);
int client_read(struct client *c, uint32_t region, uint64_t offset,
		uint32_t count);
/* A write with a reply, and a posted one. */
int client_write(struct client *c, uint32_t region, uint64_t offset,
		 const void *data, uint32_t count);
void client_post(struct client *c, uint32_t region, uint64_t offset,
		 const void *data, uint32_t count);

/* Answer the DMA message that was received last. */
void client_dma_reply(struct client *c, const void *data, size_t data_len);

/* A memfd of so many bytes. */
int make_memfd(size_t size);

#endif
