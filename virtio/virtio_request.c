/* SPDX-License-Identifier: MIT */
#include "virtio/virtio_request.h"

#include "common/bytes.h"

#include <errno.h>
#include <stdlib.h>

/* Writable memory that is bounced: where it goes in the end. */
struct bounced {
	uint64_t gpa;
	const uint8_t *data;
	size_t len;
	uint64_t offset;                /* in the writable bytes */
};

struct virtio_bounce {
	size_t used;                    /* bytes of buf */
	size_t count;
	struct bounced part[VIRTIO_PIECES_MAX];
	uint8_t buf[VIRTIO_BOUNCE_MAX];
};

/* Guest memory that is writable, in the order of the writable bytes. */
struct virtio_target {
	uint64_t gpa;
	uint64_t len;
};

int virtio_request_init(struct virtio_request *req, struct gmem *mem,
			struct gmem_reader *reader)
{
	*req = (struct virtio_request){ .mem = mem, .reader = reader };
	req->iov = calloc(VIRTIO_PIECES_MAX, sizeof(req->iov[0]));
	/* Not touched, and so no memory, where nothing is logged. */
	req->target = malloc(VIRTIO_PIECES_MAX * sizeof(req->target[0]));
	if (req->iov && req->target)
		return 0;
	virtio_request_done(req);
	return -ENOMEM;
}

void virtio_request_done(struct virtio_request *req)
{
	free(req->iov);
	free(req->bounce);
	free(req->target);
	req->iov = NULL;
	req->bounce = NULL;
	req->target = NULL;
}

void virtio_request_begin(struct virtio_request *req, uint16_t id)
{
	*req = (struct virtio_request){
		.id = id,
		.mem = req->mem,
		.reader = req->reader,
		.iov = req->iov,
		.bounce = req->bounce,
		.target = req->target,
	};
	if (req->bounce)
		req->bounce->used = req->bounce->count = 0;
}

static inline const char *add_piece(struct virtio_request *req, uint8_t *base,
				    size_t len, bool writable)
{
	size_t *count = writable ? &req->writable : &req->readable;
	size_t total = req->readable + req->writable;
	struct iov *last = *count ? &req->iov[total - 1] : NULL;

	if (last && (uint8_t *)last->base + last->len == base) {
		last->len += len;
		return NULL;
	}
	if (total == VIRTIO_PIECES_MAX)
		return "the buffers are in too many pieces";
	/* NOLINTNEXTLINE(clang-analyzer-core.*): there since the request is */
	req->iov[total] = (struct iov){ base, len };
	++*count;
	return NULL;
}

static const char *add_bounced(struct virtio_request *req, uint64_t gpa,
			       size_t len, bool writable)
{
	struct virtio_bounce *b = req->bounce;
	uint8_t *data;

	if (writable ? !req->mem->ops.write : !req->mem->ops.read)
		return "a buffer is outside guest memory";
	if (!b) {
		b = calloc(1, sizeof(*b));
		if (!b)
			return "no memory for a bounce buffer";
		req->bounce = b;
	}
	if (len > sizeof(b->buf) - b->used || b->count == ARRAY_LEN(b->part))
		return "too much in memory that cannot be mapped";
	data = b->buf + b->used;
	if (!writable && gmem_read(req->mem, req->reader, gpa, data, len))
		return "a buffer is outside guest memory";
	if (writable)
		b->part[b->count++] = (struct bounced){
			gpa, data, len, req->writable_length
		};
	b->used += len;
	return add_piece(req, data, len, writable);
}

/* To be marked, when it was written. */
static const char *add_target(struct virtio_request *req, uint64_t gpa,
			      uint64_t len)
{
	if (req->targets == VIRTIO_PIECES_MAX)
		return "the buffers are in too many pieces";
	req->target[req->targets++] = (struct virtio_target){ gpa, len };
	return NULL;
}

/* One that spans ranges, or is in none. */
static const char *add_parts(struct virtio_request *req, uint64_t gpa,
			     uint64_t left, bool writable)
{
	const char *error = NULL;

	while (left && !error) {
		uint64_t n = left;
		uint8_t *base = gmem_map(req->reader, gpa,
					 writable ? GMEM_WRITE : GMEM_READ,
					 &n);

		if (!base)
			n = left;
		error = base ? add_piece(req, base, (size_t)n, writable) :
			       add_bounced(req, gpa, (size_t)n, writable);
		if (writable)
			req->writable_length += n;
		gpa += n;
		left -= n;
	}
	return error;
}

const char *virtio_request_add(struct virtio_request *req, uint64_t gpa,
			       uint32_t len, bool writable)
{
	const char *error = NULL;
	uint64_t n = len;
	uint8_t *base;

	if (!writable && req->started_writable)
		return "a readable descriptor after a writable one";
	req->started_writable = writable;
	if (!len)
		return NULL;
	if (gpa + len - 1 < gpa)
		return "a buffer wraps around the end of memory";
	req->length += len;
	if (req->length > UINT32_MAX)
		return "the buffers are longer than 2^32 - 1 bytes";
	if (writable && gmem_reader_log(req->reader))
		error = add_target(req, gpa, len);
	if (error)
		return error;
	base = gmem_map(req->reader, gpa, writable ? GMEM_WRITE : GMEM_READ,
			&n);
	if (!base || n < len)
		return add_parts(req, gpa, len, writable);
	if (writable)
		req->writable_length += n;
	return add_piece(req, base, len, writable);
}

void virtio_request_ready(struct virtio_request *req)
{
	req->chain = (struct virtio_chain){
		.readable = req->iov,
		.readable_count = req->readable,
		.writable = req->iov + req->readable,
		.writable_count = req->writable,
	};
}

bool virtio_request_bounces(const struct virtio_request *req)
{
	return req->bounce && req->bounce->used;
}

void virtio_request_hand_on(struct virtio_request *req,
			    struct virtio_request *to)
{
	if (to->bounce)
		return;
	to->bounce = req->bounce;
	req->bounce = NULL;
}

static int copy_bounced(const struct virtio_request *req, uint32_t used)
{
	const struct virtio_bounce *b = req->bounce;

	for (size_t i = 0; b && i < b->count; i++) {
		const struct bounced *p = &b->part[i];
		int ret;

		if (p->offset >= used)
			break;
		ret = gmem_write(req->mem, req->reader, p->gpa, p->data,
				 (size_t)MIN(p->len, used - p->offset));
		if (ret)
			return ret;
	}
	return 0;
}

static void mark_targets(const struct virtio_request *req, uint32_t used)
{
	const struct gmem_log *log = gmem_reader_log(req->reader);
	uint64_t left = used;

	for (size_t i = 0; log && left && i < req->targets; i++) {
		uint64_t n = MIN(left, req->target[i].len);

		gmem_log_mark(log, req->target[i].gpa, n);
		left -= n;
	}
}

int virtio_request_finish(struct virtio_request *req, uint32_t used)
{
	int ret = copy_bounced(req, used);

	if (req->targets)
		mark_targets(req, used);
	return ret;
}
