/* SPDX-License-Identifier: MIT */
/*
 * front_end.h - a vhost-user front-end for tests: it speaks to a back-end on a
 * socketpair, shares a fake_ram, and drives fake_rings in it.  Behind the
 * back-end is a device that can be held up.
 *
 * Nothing of the protocol is shared with the back-end's side.
 */
#ifndef TESTS_UNIT_VIRTIO_VHOST_USER_FRONT_END_H
#define TESTS_UNIT_VIRTIO_VHOST_USER_FRONT_END_H

#include "common/bytes.h"
#include "common/event.h"
#include "tests/lib/fake_ring.h"
#include "virtio/vhost_user/vhost_user.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define FE_RAM_GPA 0x100000
#define FE_RAM_SIZE 0x100000
#define FE_USER UINT64_C(0x7f5500000000)        /* where it has that memory */
#define FE_QUEUES 3
#define FE_QUEUE_SIZE 16

enum {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	RESET_OWNER = 4,
	SET_MEM_TABLE = 5,
	SET_LOG_BASE = 6,
	SET_LOG_FD = 7,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	GET_VRING_BASE = 11,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	SET_VRING_ERR = 14,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	GET_QUEUE_NUM = 17,
	SET_VRING_ENABLE = 18,
	SET_BACKEND_REQ_FD = 21,
	GET_CONFIG = 24,
	SET_CONFIG = 25,
	RESET_DEVICE = 34,
	GET_MAX_MEM_SLOTS = 36,
	ADD_MEM_REG = 37,
	REM_MEM_REG = 38,
	SET_STATUS = 39,
	GET_STATUS = 40,
	SET_DEVICE_STATE_FD = 42,
	CHECK_DEVICE_STATE = 43
};

#define FE_VERSION 1u
#define FE_REPLY 4u
#define FE_NEED_REPLY 8u
#define FE_NOFD 0x100u

#define FE_F_VERSION_1 (UINT64_C(1) << 32)
#define FE_F_PACKED (UINT64_C(1) << 34)
#define FE_F_PROTOCOL (UINT64_C(1) << 30)
#define FE_F_LOG_ALL (UINT64_C(1) << 26)
#define FE_F_EVENT_IDX (UINT64_C(1) << 29)
#define FE_F_INDIRECT (UINT64_C(1) << 28)
#define FE_FEATURES (FE_F_VERSION_1 | FE_F_PROTOCOL | FE_F_EVENT_IDX)

#define FE_P_MQ (1u << 0)
#define FE_P_LOG_SHMFD (1u << 1)
#define FE_P_REPLY_ACK (1u << 3)
#define FE_P_BACKEND_REQ (1u << 5)
#define FE_P_CONFIG (1u << 9)
#define FE_P_RESET_DEVICE (1u << 13)
#define FE_P_MEM_SLOTS (1u << 15)
#define FE_P_STATUS (1u << 16)
#define FE_P_DEVICE_STATE (1u << 19)

struct fe_region {
	uint64_t gpa, size, user, offset;
};

struct front_end {
	struct log log;
	struct fake_ram ram;
	struct fake_ring ring[FE_QUEUES];
	int kick[FE_QUEUES], call[FE_QUEUES], err[FE_QUEUES];
	int sock;                       /* -1: closed */
	int fds, threads;               /* before it all */

	/* The back-end. */
	struct vhost_user *vu;
	struct event stop;
	int their_sock;
	bool serving;
	pthread_t thread;
	int end;                        /* what vhost_user_serve() returned */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Protected by lock. */
	bool hold;                      /* requests wait while this is set */
	bool let_go;                    /* those that begin with 'w' do not */
	unsigned entered, handled, tries, resets;
	/* What the device has to save: so many large records, and a number. */
	unsigned large, number;
	size_t log_len;
	char log_text[8192];
};

/* What it serves; its `dev` is the front_end (front_end_device.c). */
extern const struct virtio_device_ops fe_device_ops;

/* Begin with a back-end (params NULL: three queues of 16) and a connection. */
void fe_begin(struct front_end *f, const struct vhost_user_params *params);
/* End it all; nothing may have leaked. */
void fe_finish(struct front_end *f);

/* A new connection, served by a thread. */
void fe_connect(struct front_end *f);
/* Close the connection if it is open; how did vhost_user_serve() end? */
int fe_disconnect(struct front_end *f);
/* It ends by itself, with this error and a line with this text in the log. */
void fe_assert_ends(struct front_end *f, int error, const char *text);
bool fe_logged(struct front_end *f, const char *text);

/* ---- messages ---------------------------------------------------------- */

/* Send one, with descriptors, which stay open here. */
void fe_send_flags(struct front_end *f, uint32_t request, uint32_t flags,
		   const void *payload, size_t size, const int *fds,
		   size_t count);
void fe_send(struct front_end *f, uint32_t request, const void *payload,
	     size_t size);
void fe_send_u64(struct front_end *f, uint32_t request, uint64_t value);
void fe_send_state(struct front_end *f, uint32_t request, uint32_t index,
		   uint32_t num);
void fe_send_fd(struct front_end *f, uint32_t request, uint64_t value, int fd);
/* The reply to a request: its payload, of this size. */
void fe_reply(struct front_end *f, uint32_t request, void *payload,
	      size_t size);
uint64_t fe_reply_u64(struct front_end *f, uint32_t request);
uint64_t fe_get_u64(struct front_end *f, uint32_t request);
/* Everything sent so far has been served. */
void fe_sync(struct front_end *f);
/* Send with NEED_REPLY; what is the answer? */
uint64_t fe_ask(struct front_end *f, uint32_t request, const void *payload,
		size_t size, int fd);

/* ---- the usual --------------------------------------------------------- */

struct fe_region fe_whole_ram(void);
void fe_set_mem_table(struct front_end *f, const struct fe_region *region,
		      uint32_t count, const int *fds);
void fe_add_mem(struct front_end *f, struct fe_region region, int fd);
void fe_rem_mem(struct front_end *f, struct fe_region region);

/* Features (all protocol features), memory. */
void fe_negotiate(struct front_end *f, uint64_t features);
void fe_send_addr(struct front_end *f, unsigned queue);
/* Everything about a ring but SET_VRING_ENABLE. */
void fe_set_ring(struct front_end *f, unsigned queue, uint32_t base);
void fe_enable(struct front_end *f, unsigned queue, bool enable);
uint32_t fe_get_base(struct front_end *f, unsigned queue);
/* A fresh ring. */
void fe_make_ring(struct front_end *f, unsigned queue, uint64_t features);
/* Where a fresh ring begins. */
uint32_t fe_first_base(uint64_t features);
/* All of it, as QEMU does: fresh rings that run. */
void fe_start(struct front_end *f, uint64_t features);

/* ---- traffic ----------------------------------------------------------- */

/* One writable buffer of 8 bytes that holds `first`, without a kick. */
uint16_t fe_add(struct front_end *f, unsigned queue, char first);
void fe_kick(struct front_end *f, unsigned queue);
/* Wait for an interrupt. */
void fe_wait_call(struct front_end *f, unsigned queue);
bool fe_called(struct front_end *f, unsigned queue);
/* Wait until a chain was used, by 4 bytes: its head, or that it is this. */
uint16_t fe_next_used(struct front_end *f, unsigned queue);
void fe_wait_used(struct front_end *f, unsigned queue, uint16_t head);
/* Add, kick and wait. */
void fe_call(struct front_end *f, unsigned queue);

void fe_set(struct front_end *f, bool *flag, bool value);
void fe_set_number(struct front_end *f, unsigned *number, unsigned value);
unsigned fe_get(struct front_end *f, const unsigned *counter);
void fe_await(struct front_end *f, const unsigned *counter, unsigned n);

#define fe_test(name) \
	cmocka_unit_test_setup_teardown(name, fe_setup, fe_teardown)
int fe_setup(void **state);
int fe_teardown(void **state);

#endif
