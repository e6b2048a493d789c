/* SPDX-License-Identifier: MIT */
/*
 * virtio_request.h - a descriptor chain on its way from the ring to the
 * device: descriptors are added one by one, translated to pieces of memory.
 *
 * What a descriptor names may span several ranges of guest memory, which
 * makes several pieces; pieces that are neighbours in memory become one.
 * Memory that cannot be mapped but is served by the host's callbacks goes
 * through a bounce buffer: readable bytes are copied in when the descriptor is
 * added, writable ones are copied back when the request is finished, as far as
 * they were used.
 *
 * Where writes are logged (common/gmem_log.h), those of the device are marked
 * when the request is finished, as far as they were used.
 *
 * Used by one thread.
 */
#ifndef VIRTIO_VIRTIO_REQUEST_H
#define VIRTIO_VIRTIO_REQUEST_H

#include "common/gmem.h"
#include "common/limits.h"
#include "virtio/virtio_device.h"

#include <stdbool.h>

struct virtio_bounce;
struct virtio_target;

struct virtio_request {
	struct virtio_chain chain;      /* what the device gets */
	uint16_t id;                    /* how the ring calls it */
	uint16_t places;                /* descriptors of a packed ring */

	/* Private. */
	struct gmem *mem;
	struct gmem_reader *reader;
	struct iov *iov;                /* VIRTIO_PIECES_MAX */
	size_t readable, writable;      /* pieces; the readable come first */
	uint64_t length;                /* bytes, of both together */
	uint64_t writable_length;
	bool started_writable;
	struct virtio_bounce *bounce;   /* NULL until first needed; kept */
	struct virtio_target *target;   /* VIRTIO_PIECES_MAX */
	size_t targets;                 /* what will have to be marked */
};

/* 0 or -ENOMEM.  mem and reader are borrowed until virtio_request_done(). */
int virtio_request_init(struct virtio_request *req, struct gmem *mem,
			struct gmem_reader *reader);
void virtio_request_done(struct virtio_request *req);

/* An empty request. */
void virtio_request_begin(struct virtio_request *req, uint16_t id);

/*
 * Add the buffer of one descriptor; a length of 0 adds nothing.  Returns NULL,
 * or what is wrong with it.  The reader is inside.
 */
const char *virtio_request_add(struct virtio_request *req, uint64_t gpa,
			       uint32_t len, bool writable);

/* All descriptors are added: fill in req->chain. */
void virtio_request_ready(struct virtio_request *req);

/* Is some of it in memory that cannot be mapped? */
bool virtio_request_bounces(const struct virtio_request *req);
/* Give the bounce buffer that is kept, and not in use, to one that has none. */
void virtio_request_hand_on(struct virtio_request *req,
			    struct virtio_request *to);

/*
 * The device has written `used` bytes: bring them to memory that cannot be
 * mapped, and log them.  0 or -EFAULT.
 */
int virtio_request_finish(struct virtio_request *req, uint32_t used);

#endif
