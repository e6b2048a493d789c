/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench_session.h"

#include "tools/bench/bench_driver.h"
#include "tools/bench/bench_fail.h"
#include "tools/bench/bench_fuse.h"
#include "tools/bench/bench_work.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* What the kernel's driver asks for, where it matters to the requests here. */
#define INIT_FLAGS                                                     \
	(FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_DO_READDIRPLUS |     \
	 FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES | FUSE_HANDLE_KILLPRIV_V2 | \
	 FUSE_ASYNC_DIO)

/* ---- mounting, as a workload of one transaction ------------------------- */

static void send_init(struct bench_slot *slot)
{
	const struct fuse_init_in in = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 36,
		.max_readahead = 128 * 1024,
		.flags = INIT_FLAGS,
	};

	bench_slot_send(slot, &(struct bench_request){
		.opcode = FUSE_INIT,
		.arg = &in,
		.arg_len = sizeof(in),
		.reply_len = sizeof(struct fuse_init_out),
	});
}

static void send_open_big(struct bench_slot *slot)
{
	const struct bench_session *s = bench_slot_session(slot);
	const struct fuse_open_in in = {
		.flags = O_RDWR | (s->tree->direct ? O_DIRECT : 0),
	};

	bench_slot_send(slot, &(struct bench_request){
		.opcode = FUSE_OPEN,
		.node = s->big,
		.arg = &in,
		.arg_len = sizeof(in),
		.reply_len = sizeof(struct fuse_open_out),
	});
}

/*
 * Where the next node of the tree goes, and how it is called: directories,
 * then their files, then the single ones.  False: there are no more.
 */
static bool next_node(struct bench_session *s, unsigned i, uint64_t *ret_parent,
		      char name[BENCH_NAME], uint64_t **ret_node)
{
	static const char *const single[] = { "many", "big", "work" };
	uint64_t *where[] = { &s->many, &s->big, &s->work };

	*ret_parent = FUSE_ROOT_ID;
	if (i < BENCH_DIRS) {
		bench_tree_dir_name(i, name);
		*ret_node = &s->dir[i];
		return true;
	}
	i -= BENCH_DIRS;
	if (i < BENCH_DIRS * s->tree->files) {
		*ret_parent = s->dir[i / s->tree->files];
		bench_tree_file_name(i % s->tree->files, name);
		*ret_node = &s->file[i];
		return true;
	}
	i -= BENCH_DIRS * s->tree->files;
	if (i >= 3)
		return false;
	strcpy(name, single[i]);
	*ret_node = where[i];
	return true;
}

static void mount_step(struct bench_slot *slot)
{
	struct bench_session *s = bench_slot_session(slot);
	char name[BENCH_NAME];
	uint64_t parent, *node;

	if (slot->error)
		bench_fail("the share cannot be mounted: error %d at step %u",
			   slot->error, slot->step);
	if (slot->step == 0) {
		send_init(slot);
		return;
	}
	if (slot->step >= 2 && next_node(s, slot->step - 2, &parent, name,
					 &node)) {
		const struct fuse_entry_out *out = bench_slot_reply(slot);

		*node = out->nodeid;
	} else if (slot->step >= 2) {
		const struct fuse_open_out *out = bench_slot_reply(slot);

		s->big_fh = out->fh;
		bench_slot_done(slot);
		return;
	}
	if (next_node(s, slot->step - 1, &parent, name, &node))
		bench_send_lookup(slot, parent, name);
	else
		send_open_big(slot);
}

static const struct bench_work mount_work = {
	.name = "mount",
	.step = mount_step,
};

/* ---- sessions ---------------------------------------------------------- */

static void open_device(struct bench_device *dev,
			const struct bench_target *target, const char *dir)
{
	switch (target->kind) {
	case BENCH_PLUGIN:
		bench_plugin_open(dev, target->arg, dir);
		break;
	case BENCH_SERVER:
		bench_server_open(dev, target->arg, dir);
		break;
	case BENCH_SOCKET:
		bench_vhost_user_open(dev, target->arg);
		break;
	case BENCH_PLAIN:
		bench_fail("%s: system calls have no session", target->name);
	}
}

void bench_session_open(struct bench_session *s,
			const struct bench_target *target,
			const struct bench_tree *tree,
			const struct bench_load *load)
{
	unsigned queues = load->threads + 1;
	struct bench_figures figures;

	memset(s, 0, sizeof(*s));
	s->tree = tree;
	s->file = calloc((size_t)BENCH_DIRS * tree->files, sizeof(*s->file));
	if (!s->file)
		bench_fail_errno("%s", target->name);
	s->dev.queues = queues;
	s->dev.features = load->features;
	bench_ram_init(&s->dev.ram,
		       queues * bench_ring_bytes() +
			       bench_driver_bytes(load->threads, load->depth));
	open_device(&s->dev, target, tree->path);
	if (!(s->dev.features >> VIRTIO_RING_F_INDIRECT_DESC & 1))
		bench_fail("%s: the device has no indirect descriptors",
			   target->name);
	s->driver = bench_driver_new(s, load->threads, load->depth,
				     load->segment);
	bench_driver_run(s->driver, &mount_work, 1, 1, 0, 1, &figures);
}

void bench_session_close(struct bench_session *s)
{
	bench_driver_free(s->driver);
	bench_device_close(&s->dev);
	free(s->file);
}
