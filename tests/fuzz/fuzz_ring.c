/* SPDX-License-Identifier: MIT */
/*
 * A virtqueue, split or packed, whose driver writes what the input says: its
 * ring, its descriptors and what they describe, between the steps of a device.
 * Every piece of a request that comes out lies in guest memory.
 */
#include "common/bytes.h"
#include "tests/fuzz/fuzz.h"
#include "virtio/virtio_queue.h"
#include "virtio/virtio_spec.h"

#include <errno.h>

#define RAM_GPA 0x10000u
#define RAM_SIZE 0x8000u
#define DESC_AT 0u
#define DRIVER_AT 0x1000u
#define DEVICE_AT 0x2000u
#define TABLE_AT 0x3000u                /* where indirect tables may be */
#define STEPS_MAX 256

struct driver {
	struct gmem mem;
	struct virtio_queue queue;
	struct virtio_request req;
	uint16_t size;
	bool there;                     /* the memory is announced */
};

static _Alignas(4096) uint8_t ram[RAM_SIZE];

/* ---- the driver -------------------------------------------------------- */

static void put(size_t at, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ram[(at + i) % RAM_SIZE] = ((const uint8_t *)bytes)[i];
}

static void put_bytes(struct fuzz_input *in)
{
	size_t at = fuzz_u16(in), len = fuzz_u8(in);
	uint8_t bytes[256];

	fuzz_take(in, bytes, len);
	put(at, bytes, len);
}

/* An address that is good more often than not. */
static uint64_t some_address(struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);

	if (how < 0xe0)
		return RAM_GPA + fuzz_u16(in) % RAM_SIZE;
	return how < 0xf0 ? RAM_GPA + TABLE_AT : fuzz_u64(in);
}

/* One descriptor of a table, in the layout of split or of packed rings. */
static void put_desc(struct fuzz_input *in, size_t table)
{
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t a, b;
	} desc;
	size_t i = fuzz_u8(in);

	desc.addr = some_address(in);
	desc.len = fuzz_u8(in) < 0xf0 ? fuzz_u8(in) * 16u : fuzz_u32(in);
	desc.a = fuzz_u16(in);
	desc.b = fuzz_u16(in);
	put(table + i % 128 * sizeof(desc), &desc, sizeof(desc));
}

/* Make a head available in a split ring. */
static void publish(struct driver *d, struct fuzz_input *in)
{
	uint16_t head = fuzz_u8(in), idx;

	memcpy(&idx, ram + DRIVER_AT + 2, sizeof(idx));
	put(DRIVER_AT + 4 + idx % d->size * 2u, &head, sizeof(head));
	idx++;
	put(DRIVER_AT + 2, &idx, sizeof(idx));
}

/* ---- the device -------------------------------------------------------- */

static void check_pieces(const struct iov *piece, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const uint8_t *base = piece[i].base;

		fuzz_must(base >= ram && base < ram + RAM_SIZE);
		fuzz_must(piece[i].len <= (size_t)(ram + RAM_SIZE - base));
	}
}

/* What came out is good; use it and give it back, or park it. */
static void serve(struct driver *d, int got, uint8_t how)
{
	const struct virtio_chain *chain = &d->req.chain;

	fuzz_must(got == 1 || got == 0 || got == -EPROTO);
	fuzz_must(got >= 0 || d->queue.error);
	if (got != 1)
		return;
	fuzz_must(chain->readable_count + chain->writable_count <=
		  VIRTIO_PIECES_MAX);
	check_pieces(chain->readable, chain->readable_count);
	check_pieces(chain->writable, chain->writable_count);
	for (size_t i = 0; i < chain->writable_count; i++)
		memset(chain->writable[i].base, how, chain->writable[i].len);
	if (how & 1 && !virtio_queue_park(&d->queue, &d->req))
		return;
	(void)virtio_queue_push(&d->queue, &d->req, how);
}

static void give_up_if_broken(struct driver *d)
{
	if (d->queue.error && d->queue.parked_count)
		virtio_queue_give_up(&d->queue, &d->req);
}

static void toggle_memory(struct driver *d)
{
	virtio_queue_leave(&d->queue);
	if (d->there)
		fuzz_must(!gmem_remove(&d->mem, RAM_GPA, RAM_SIZE));
	else
		fuzz_must(!gmem_add(&d->mem, RAM_GPA, RAM_SIZE, ram,
				    GMEM_READ | GMEM_WRITE));
	d->there = !d->there;
	virtio_queue_enter(&d->queue);
}

static void step(struct driver *d, struct fuzz_input *in)
{
	uint8_t what = fuzz_u8(in);

	switch (what % 12) {
	case 0:
		put_bytes(in);
		break;
	case 1:
	case 2:
		put_desc(in, DESC_AT);
		break;
	case 3:
		put_desc(in, TABLE_AT);
		break;
	case 4:
		publish(d, in);
		break;
	case 5:
	case 6:
	case 7:
		/* In order, what waits holds up what comes. */
		if (!d->queue.in_order || !d->queue.parked_count)
			serve(d, virtio_queue_pop(&d->queue, &d->req),
			      fuzz_u8(in));
		break;
	case 8:
		if (d->queue.parked_count && !d->queue.error)
			serve(d, virtio_queue_resume(&d->queue, &d->req),
			      fuzz_u8(in));
		break;
	case 9:
		(void)virtio_queue_must_interrupt(&d->queue);
		break;
	case 10:
		if (virtio_queue_arm(&d->queue))
			virtio_queue_disarm(&d->queue);
		break;
	default:
		toggle_memory(d);
	}
	give_up_if_broken(d);
}

/* ---- one input --------------------------------------------------------- */

static void attach(struct driver *d, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in), size = fuzz_u8(in);
	uint64_t features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1);
	struct virtio_queue_regs regs = {
		.enabled = true,
		.desc = RAM_GPA + DESC_AT,
		.driver = RAM_GPA + DRIVER_AT,
		.device = RAM_GPA + DEVICE_AT,
	};

	features |= how & 1 ? VIRTIO_FEATURE(VIRTIO_F_RING_PACKED) : 0;
	features |= how & 2 ? VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX) : 0;
	features |= how & 4 ? VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) : 0;
	features |= how & 8 && !(how & 1) ?
		VIRTIO_FEATURE(VIRTIO_F_IN_ORDER) : 0;
	/* A power of two, as the registers take no other for a split ring. */
	d->size = (uint16_t)(1u << size % 8);
	regs.size = d->size;
	if (how & 16)
		regs.desc = some_address(in);
	if (how & 32)
		regs.device = some_address(in);
	virtio_queue_attach(&d->queue, &regs, features);
	virtio_queue_enter(&d->queue);
	if (how & 64)
		(void)virtio_queue_set_base(&d->queue, fuzz_u32(in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct driver d;
	struct fuzz_input in = { data, size };

	memset(ram, 0, sizeof(ram));
	memset(&d, 0, sizeof(d));
	fuzz_must(!gmem_init(&d.mem, NULL, NULL));
	d.there = true;
	fuzz_must(!gmem_add(&d.mem, RAM_GPA, RAM_SIZE, ram,
			    GMEM_READ | GMEM_WRITE));
	virtio_queue_init(&d.queue, &d.mem);
	fuzz_must(!virtio_request_init(&d.req, &d.mem, &d.queue.reader));
	attach(&d, &in);
	for (unsigned i = 0; in.left && i < STEPS_MAX; i++)
		step(&d, &in);
	virtio_queue_leave(&d.queue);
	virtio_request_done(&d.req);
	virtio_queue_done(&d.queue);
	gmem_done(&d.mem);
	return 0;
}
