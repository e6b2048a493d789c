/* SPDX-License-Identifier: MIT */
/*
 * bench_work_io.c - workloads that move data of the large file.
 */
#include "tools/bench/bench_fail.h"
#include "tools/bench/bench_fuse.h"
#include "tools/bench/bench_session.h"
#include "tools/bench/bench_work.h"

#include <unistd.h>

#define BLOCK 4096u

static void send_read(struct bench_slot *slot, uint64_t offset, uint32_t size)
{
	const struct bench_session *s = bench_slot_session(slot);

	bench_send_read(slot, s->big, s->big_fh, offset, size);
}

static void send_write(struct bench_slot *slot, uint64_t offset, uint32_t size)
{
	const struct bench_session *s = bench_slot_session(slot);

	bench_send_write(slot, s->big, s->big_fh, offset, size);
}

/* Every byte must have gone. */
static void end(struct bench_slot *slot, size_t reply)
{
	if (slot->error || slot->reply_len != reply)
		bench_fail("a transfer got error %d and %zu bytes of reply",
			   slot->error, slot->reply_len);
	bench_slot_done(slot);
}

static uint64_t anywhere(const struct bench_tree *tree, uint32_t random)
{
	return (uint64_t)random % (tree->size / BLOCK) * BLOCK;
}

static uint64_t slot_anywhere(struct bench_slot *slot)
{
	return anywhere(bench_slot_session(slot)->tree,
			bench_slot_random(slot, UINT32_MAX));
}

/* The next piece in order; each slot or thread begins somewhere else. */
static uint64_t next(const struct bench_tree *tree, uint64_t *offset,
		     unsigned number, uint64_t size)
{
	uint64_t pieces = tree->size / size;

	return ((*offset)++ + number * 7) % pieces * size;
}

static uint64_t slot_next(struct bench_slot *slot, uint64_t size)
{
	return next(bench_slot_session(slot)->tree, &slot->offset,
		    slot->number, size);
}

/* ---- steps -------------------------------------------------------------- */

void bench_random_read_step(struct bench_slot *slot)
{
	if (slot->step)
		end(slot, BLOCK);
	else
		send_read(slot, slot_anywhere(slot), BLOCK);
}

void bench_random_write_step(struct bench_slot *slot)
{
	if (slot->step)
		end(slot, sizeof(struct fuse_write_out));
	else
		send_write(slot, slot_anywhere(slot), BLOCK);
}

void bench_read_step(struct bench_slot *slot)
{
	uint32_t size = (uint32_t)bench_slot_work(slot)->bytes;

	if (slot->step)
		end(slot, size);
	else
		send_read(slot, slot_next(slot, size), size);
}

void bench_write_step(struct bench_slot *slot)
{
	uint32_t size = (uint32_t)bench_slot_work(slot)->bytes;

	if (slot->step)
		end(slot, sizeof(struct fuse_write_out));
	else
		send_write(slot, slot_next(slot, size), size);
}

void bench_mixed_step(struct bench_slot *slot)
{
	if (!slot->step)
		slot->pick = bench_slot_random(slot, 10);
	if (slot->pick < 7)
		bench_random_read_step(slot);
	else if (slot->pick < 9)
		bench_random_write_step(slot);
	else
		bench_lookup_step(slot);
}

/* ---- plain calls -------------------------------------------------------- */

static void expect(ssize_t n, size_t size)
{
	if (n != (ssize_t)size)
		bench_fail_errno("big");
}

void bench_random_read_plain(struct bench_plain *plain)
{
	uint64_t at = anywhere(plain->tree, bench_random(&plain->random,
							       UINT32_MAX));

	expect(pread(plain->big, plain->data, BLOCK, (off_t)at), BLOCK);
}

void bench_random_write_plain(struct bench_plain *plain)
{
	uint64_t at = anywhere(plain->tree, bench_random(&plain->random,
							       UINT32_MAX));

	expect(pwrite(plain->big, plain->data, BLOCK, (off_t)at), BLOCK);
}

void bench_read_plain(struct bench_plain *plain)
{
	size_t size = plain->work->bytes;
	uint64_t at = next(plain->tree, &plain->offset, plain->number, size);

	expect(pread(plain->big, plain->data, size, (off_t)at), size);
}

void bench_write_plain(struct bench_plain *plain)
{
	size_t size = plain->work->bytes;
	uint64_t at = next(plain->tree, &plain->offset, plain->number, size);

	expect(pwrite(plain->big, plain->data, size, (off_t)at), size);
}

void bench_mixed_plain(struct bench_plain *plain)
{
	uint32_t pick = bench_random(&plain->random, 10);

	if (pick < 7)
		bench_random_read_plain(plain);
	else if (pick < 9)
		bench_random_write_plain(plain);
	else
		bench_lookup_plain(plain);
}
