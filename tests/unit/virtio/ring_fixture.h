/* SPDX-License-Identifier: MIT */
/*
 * ring_fixture.h - both sides of one queue over plain memory, for the tests of
 * virtio_queue.c, its ring formats and virtio_request.c.
 */
#ifndef TESTS_UNIT_VIRTIO_RING_FIXTURE_H
#define TESTS_UNIT_VIRTIO_RING_FIXTURE_H

#include "common/bytes.h"
#include "tests/lib/fake_ring.h"
#include "virtio/virtio_core.h"
#include "virtio/virtio_queue.h"
#include "virtio/virtio_spec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define RAM_GPA 0x100000
#define RAM_SIZE 0x800000
#define NOWHERE 0x10                    /* no memory there */

#define PLAIN VIRTIO_FEATURE(VIRTIO_F_VERSION_1)
#define INDIRECT (PLAIN | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC))
#define EVENT_IDX (PLAIN | VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX))
#define PACKED VIRTIO_FEATURE(VIRTIO_F_RING_PACKED)

struct ring_fixture {
	uint64_t format;                /* PACKED or 0 */
	struct gmem mem;
	struct fake_ram ram;
	struct fake_ring ring;
	struct virtio_queue queue;
	struct virtio_request req;
};

static inline int fixture_read(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	return fake_ram_read(ctx, gpa, buf, len);
}

static inline int fixture_write(void *ctx, uint64_t gpa, const void *buf,
				size_t len)
{
	return fake_ram_write(ctx, gpa, buf, len);
}

/* With `mapped` false, the host's callbacks serve all memory. */
static inline void fixture_init(struct ring_fixture *f, bool mapped)
{
	const struct gmem_ops ops = { fixture_read, fixture_write };

	fake_ram_init(&f->ram, RAM_GPA, RAM_SIZE);
	assert_int_equal(gmem_init(&f->mem, mapped ? NULL : &ops, &f->ram), 0);
	if (mapped)
		assert_int_equal(gmem_add(&f->mem, RAM_GPA, RAM_SIZE,
					  f->ram.base, GMEM_READ | GMEM_WRITE),
				 0);
	virtio_queue_init(&f->queue, &f->mem);
	assert_int_equal(virtio_request_init(&f->req, &f->mem,
					     &f->queue.reader), 0);
}

static inline void fixture_done(struct ring_fixture *f)
{
	virtio_request_done(&f->req);
	virtio_queue_done(&f->queue);
	gmem_done(&f->mem);
	fake_ram_done(&f->ram);
}

static inline struct virtio_queue_regs
fixture_regs(const struct ring_fixture *f)
{
	return (struct virtio_queue_regs){
		.size = f->ring.size,
		.enabled = true,
		.desc = f->ring.desc,
		.driver = f->ring.avail,
		.device = f->ring.used,
	};
}

/* A ring of this size on both sides; the device is inside guest memory. */
static inline void fixture_attach(struct ring_fixture *f, uint16_t size,
				  uint64_t features)
{
	struct virtio_queue_regs regs;
	bool event_idx = features & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);

	if (f->format)
		fake_ring_init_packed(&f->ring, &f->ram, size, event_idx);
	else
		fake_ring_init(&f->ring, &f->ram, size, event_idx);
	regs = fixture_regs(f);
	virtio_queue_attach(&f->queue, &regs, features | f->format);
	virtio_queue_enter(&f->queue);
}

static inline struct fake_buf fixture_buf(struct ring_fixture *f, uint32_t len)
{
	return (struct fake_buf){ fake_ram_alloc(&f->ram, len, 1), len };
}

/* Pop yields an error for this reason. */
static inline void assert_breaks(struct ring_fixture *f, const char *why)
{
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), -EPROTO);
	assert_string_equal(f->queue.error, why);
	/* It stays broken. */
	assert_int_equal(virtio_queue_pop(&f->queue, &f->req), -EPROTO);
	assert_false(virtio_queue_arm(&f->queue));
}

/* Attach with one register wrong. */
static inline void attach_breaks(struct ring_fixture *f,
				 struct virtio_queue_regs regs, const char *why)
{
	virtio_queue_attach(&f->queue, &regs, PLAIN | f->format);
	virtio_queue_enter(&f->queue);
	assert_breaks(f, why);
	virtio_queue_leave(&f->queue);
}

/* The chain was given back, with this length. */
static inline void assert_used(struct ring_fixture *f, uint16_t head,
			       uint32_t len)
{
	uint16_t got_head = 0xffff;
	uint32_t got_len = 0xffffffff;

	virtio_queue_publish(&f->queue);
	assert_true(fake_ring_collect(&f->ring, &got_head, &got_len));
	assert_int_equal(got_head, head);
	assert_int_equal(got_len, len);
}

static inline void assert_none_used(struct ring_fixture *f)
{
	virtio_queue_publish(&f->queue);
	assert_false(fake_ring_has_used(&f->ring));
}

static inline int fixture_begin(void **state, uint64_t format, bool mapped)
{
	static struct ring_fixture f;

	f.format = format;
	fixture_init(&f, mapped);
	*state = &f;
	return 0;
}

static inline int fixture_setup(void **state)
{
	return fixture_begin(state, 0, true);
}

static inline int fixture_setup_packed(void **state)
{
	return fixture_begin(state, PACKED, true);
}

static inline int fixture_setup_unmapped(void **state)
{
	return fixture_begin(state, 0, false);
}

static inline int fixture_setup_packed_unmapped(void **state)
{
	return fixture_begin(state, PACKED, false);
}

static inline int fixture_teardown(void **state)
{
	struct ring_fixture *f = *state;

	virtio_queue_leave(&f->queue);
	fixture_done(f);
	return 0;
}

#define ring_test(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define unmapped_test(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup_unmapped, \
					fixture_teardown)

/* The same tests for a packed ring. */
#define packed_test(name) \
	{ "packed: " #name, name, fixture_setup_packed, fixture_teardown, NULL }
#define packed_unmapped_test(name) \
	{ "packed: " #name, name, fixture_setup_packed_unmapped, \
	  fixture_teardown, NULL }

#endif
