/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench_fuse.h"

void bench_send_lookup(struct bench_slot *slot, uint64_t parent,
		       const char *name)
{
	bench_slot_send(slot, &(struct bench_request){
		.opcode = FUSE_LOOKUP,
		.node = parent,
		.name = name,
		.reply_len = sizeof(struct fuse_entry_out),
	});
}

void bench_send_forget(struct bench_slot *slot, const uint64_t *node,
		       unsigned count)
{
	struct {
		struct fuse_batch_forget_in head;
		struct fuse_forget_one one[BENCH_FORGET_MAX];
	} in = { .head.count = count };

	for (unsigned i = 0; i < count; i++)
		in.one[i] = (struct fuse_forget_one){ node[i], 1 };
	bench_slot_send(slot, &(struct bench_request){
		.opcode = FUSE_BATCH_FORGET,
		.arg = &in,
		.arg_len = sizeof(in.head) + count * sizeof(in.one[0]),
		.no_reply = true,
	});
}

void bench_send_read(struct bench_slot *slot, uint64_t node, uint64_t fh,
		     uint64_t offset, uint32_t size)
{
	const struct fuse_read_in in = {
		.fh = fh,
		.offset = offset,
		.size = size,
	};

	bench_slot_send(slot, &(struct bench_request){
		.opcode = FUSE_READ,
		.node = node,
		.arg = &in,
		.arg_len = sizeof(in),
		.data_in = size,
	});
}

void bench_send_write(struct bench_slot *slot, uint64_t node, uint64_t fh,
		      uint64_t offset, uint32_t size)
{
	const struct fuse_write_in in = {
		.fh = fh,
		.offset = offset,
		.size = size,
	};

	bench_slot_send(slot, &(struct bench_request){
		.opcode = FUSE_WRITE,
		.node = node,
		.arg = &in,
		.arg_len = sizeof(in),
		.data_out = size,
		.reply_len = sizeof(struct fuse_write_out),
	});
}
