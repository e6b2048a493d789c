/* SPDX-License-Identifier: MIT */
/*
 * bench_work_meta.c - workloads that look: attributes, names, directories.
 */
#include "common/bytes.h"
#include "tools/bench/bench_fail.h"
#include "tools/bench/bench_fuse.h"
#include "tools/bench/bench_session.h"
#include "tools/bench/bench_work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- null: the transport alone ------------------------------------------ */

#define UNKNOWN_OPCODE 3999

void bench_null_step(struct bench_slot *slot)
{
	if (slot->step) {
		if (slot->error != -ENOSYS)
			bench_fail("an unknown request got %d", slot->error);
		bench_slot_done(slot);
		return;
	}
	bench_slot_send(slot, &(struct bench_request){
		.opcode = UNKNOWN_OPCODE,
		.node = FUSE_ROOT_ID,
	});
}

/* ---- requests ----------------------------------------------------------- */

static void send_getattr(struct bench_slot *slot, uint64_t node)
{
	const struct fuse_getattr_in in = { 0 };

	bench_slot_send(slot, &(struct bench_request){
		.opcode = FUSE_GETATTR,
		.node = node,
		.arg = &in,
		.arg_len = sizeof(in),
		.reply_len = sizeof(struct fuse_attr_out),
	});
}

static void expect_success(const struct bench_slot *slot, const char *what)
{
	if (slot->step && slot->error)
		bench_fail("%s: error %d", what, slot->error);
}

static void stat_at(int dir, const char *name, int flags)
{
	struct statx st;

	if (statx(dir, name, flags | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS,
		  &st))
		bench_fail_errno("statx");
}

/* ---- getattr ------------------------------------------------------------ */

void bench_getattr_step(struct bench_slot *slot)
{
	expect_success(slot, "GETATTR");
	if (slot->step)
		bench_slot_done(slot);
	else
		send_getattr(slot, FUSE_ROOT_ID);
}

void bench_getattr_plain(struct bench_plain *plain)
{
	stat_at(plain->tree->root, "", AT_EMPTY_PATH);
}

/* ---- lookup ------------------------------------------------------------- */

/* A file of the tree: its directory's number, and its name. */
static unsigned pick_file(const struct bench_tree *tree, uint32_t random,
			  char name[BENCH_NAME])
{
	bench_tree_file_name(random % tree->files, name);
	return random / tree->files;
}

void bench_lookup_step(struct bench_slot *slot)
{
	const struct bench_session *s = bench_slot_session(slot);
	const struct fuse_entry_out *out = bench_slot_reply(slot);
	char name[BENCH_NAME];
	unsigned dir;

	expect_success(slot, "LOOKUP");
	switch (slot->step) {
	case 0:
		dir = pick_file(s->tree, bench_slot_random(
				slot, BENCH_DIRS * s->tree->files), name);
		bench_send_lookup(slot, s->dir[dir], name);
		break;
	case 1:
		send_getattr(slot, out->nodeid);
		break;
	default:
		bench_slot_done(slot);
	}
}

void bench_lookup_plain(struct bench_plain *plain)
{
	const struct bench_tree *tree = plain->tree;
	char name[BENCH_NAME];
	unsigned dir;

	dir = pick_file(tree, bench_random(&plain->random, BENCH_DIRS *
						 tree->files), name);
	stat_at(tree->dir[dir], name, 0);
	stat_at(tree->dir[dir], name, 0);
}

/* ---- walk --------------------------------------------------------------- */

void bench_walk_step(struct bench_slot *slot)
{
	const struct bench_session *s = bench_slot_session(slot);
	const struct fuse_entry_out *out = bench_slot_reply(slot);
	char name[BENCH_NAME];

	expect_success(slot, "LOOKUP");
	switch (slot->step) {
	case 0:
		slot->pick = bench_slot_random(slot,
					       BENCH_DIRS * s->tree->files);
		bench_tree_dir_name(slot->pick / s->tree->files, name);
		bench_send_lookup(slot, FUSE_ROOT_ID, name);
		break;
	case 1:
		slot->node[0] = out->nodeid;
		pick_file(s->tree, slot->pick, name);
		bench_send_lookup(slot, out->nodeid, name);
		break;
	case 2:
		slot->node[1] = out->nodeid;
		bench_send_forget(slot, slot->node, 2);
		break;
	default:
		bench_slot_done(slot);
	}
}

void bench_walk_plain(struct bench_plain *plain)
{
	const struct bench_tree *tree = plain->tree;
	uint32_t pick = bench_random(&plain->random, BENCH_DIRS * tree->files);
	char name[BENCH_NAME];
	int dir, file;

	bench_tree_dir_name(pick / tree->files, name);
	dir = openat(tree->root, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	stat_at(dir, "", AT_EMPTY_PATH);
	pick_file(tree, pick, name);
	file = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	stat_at(file, "", AT_EMPTY_PATH);
	close(file);
	close(dir);
}

/* ---- readdirplus -------------------------------------------------------- */

#define DIR_BUFFER (128 * 1024u)

/*
 * One transaction reads the whole directory.  The nodes of one buffer are
 * forgotten before the next is read; slot->offset is where that goes on, and
 * pick is how far the forgetting came in the buffer.
 */
static void send_readdirplus(struct bench_slot *slot, uint32_t opcode)
{
	const struct bench_session *s = bench_slot_session(slot);
	const struct fuse_read_in in = {
		.fh = slot->fh,
		.offset = slot->offset,
		.size = DIR_BUFFER,
	};
	const struct fuse_release_in release = { .fh = slot->fh };
	const struct fuse_open_in open = { .flags = O_RDONLY | O_DIRECTORY };
	struct bench_request req = { .opcode = opcode, .node = s->many };

	if (opcode == FUSE_OPENDIR) {
		req.arg = &open;
		req.arg_len = sizeof(open);
		req.reply_len = sizeof(struct fuse_open_out);
	} else if (opcode == FUSE_READDIRPLUS) {
		req.arg = &in;
		req.arg_len = sizeof(in);
		req.data_in = DIR_BUFFER;
	} else {
		req.arg = &release;
		req.arg_len = sizeof(release);
	}
	bench_slot_send(slot, &req);
}

/* Forget the next nodes of the buffer; false: there are no more. */
static bool forget_some(struct bench_slot *slot)
{
	uint64_t node[BENCH_FORGET_MAX];
	unsigned n = 0;

	while (n < BENCH_FORGET_MAX && slot->pick < slot->node[0]) {
		const struct fuse_direntplus *e =
			(const void *)(slot->data + slot->pick);

		if (e->entry_out.nodeid)
			node[n++] = e->entry_out.nodeid;
		slot->offset = e->dirent.off;
		slot->pick += (unsigned)FUSE_DIRENTPLUS_SIZE(e);
		slot->units++;
	}
	if (n)
		bench_send_forget(slot, node, n);
	return n;
}

void bench_readdir_step(struct bench_slot *slot)
{
	const struct fuse_open_out *out = bench_slot_reply(slot);

	expect_success(slot, "READDIRPLUS");
	if (slot->step == 0) {
		slot->units = 0;
		send_readdirplus(slot, FUSE_OPENDIR);
	} else if (slot->step == 1) {
		slot->fh = out->fh;
		slot->offset = 0;
		slot->node[1] = 0;      /* not at the end */
		send_readdirplus(slot, FUSE_READDIRPLUS);
	} else if (slot->node[1]) {
		bench_slot_done(slot);
	} else {
		if (!slot->no_reply) {
			slot->node[0] = slot->reply_len;
			slot->pick = 0;
			slot->node[1] = !slot->reply_len;
		}
		if (slot->node[1])
			send_readdirplus(slot, FUSE_RELEASEDIR);
		else if (!forget_some(slot))
			send_readdirplus(slot, FUSE_READDIRPLUS);
	}
}

void bench_readdir_plain(struct bench_plain *plain)
{
	int fd = openat(plain->tree->root, "many",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	plain->units = 0;
	while ((n = syscall(SYS_getdents64, fd, plain->data, DIR_BUFFER)) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent64 *e =
				(const void *)(plain->data + at);

			if (e->d_name[0] != '.')
				stat_at(fd, e->d_name, 0);
			at += e->d_reclen;
			plain->units++;
		}
	}
	close(fd);
}
