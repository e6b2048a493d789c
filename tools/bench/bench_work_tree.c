/* SPDX-License-Identifier: MIT */
/*
 * bench_work_tree.c - workloads that open, make and remove.
 */
#include "tools/bench/bench_fail.h"
#include "tools/bench/bench_fuse.h"
#include "tools/bench/bench_session.h"
#include "tools/bench/bench_work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_success(const struct bench_slot *slot, const char *what)
{
	if (slot->step && slot->error)
		bench_fail("%s: error %d at step %u", what, slot->error,
			   slot->step);
}

/* ---- requests ----------------------------------------------------------- */

static void send_release(struct bench_slot *slot, uint64_t node, uint64_t fh)
{
	const struct fuse_release_in in = { .fh = fh };

	bench_slot_send(slot, &(struct bench_request){
		.opcode = FUSE_RELEASE,
		.node = node,
		.arg = &in,
		.arg_len = sizeof(in),
	});
}

static void send_name(struct bench_slot *slot, uint32_t opcode,
		      const char *name)
{
	bench_slot_send(slot, &(struct bench_request){
		.opcode = opcode,
		.node = bench_slot_session(slot)->work,
		.name = name,
	});
}

/* ---- open-read-close ---------------------------------------------------- */

void bench_open_step(struct bench_slot *slot)
{
	const struct bench_session *s = bench_slot_session(slot);
	const struct fuse_open_out *out = bench_slot_reply(slot);
	const struct fuse_open_in in = { .flags = O_RDONLY };

	expect_success(slot, "OPEN, READ, RELEASE");
	switch (slot->step) {
	case 0:
		slot->node[0] = s->file[bench_slot_random(
			slot, BENCH_DIRS * s->tree->files)];
		bench_slot_send(slot, &(struct bench_request){
			.opcode = FUSE_OPEN,
			.node = slot->node[0],
			.arg = &in,
			.arg_len = sizeof(in),
			.reply_len = sizeof(*out),
		});
		break;
	case 1:
		slot->fh = out->fh;
		bench_send_read(slot, slot->node[0], slot->fh, 0, BENCH_SMALL);
		break;
	case 2:
		send_release(slot, slot->node[0], slot->fh);
		break;
	default:
		bench_slot_done(slot);
	}
}

void bench_open_plain(struct bench_plain *plain)
{
	const struct bench_tree *tree = plain->tree;
	uint32_t pick = bench_random(&plain->random, BENCH_DIRS * tree->files);
	char name[BENCH_NAME];
	int fd;

	bench_tree_file_name(pick % tree->files, name);
	fd = openat(tree->dir[pick / tree->files], name, O_RDONLY | O_CLOEXEC);
	if (pread(fd, plain->data, BENCH_SMALL, 0) != BENCH_SMALL)
		bench_fail_errno("%s", name);
	close(fd);
}

/* ---- create-unlink ------------------------------------------------------ */

static void send_create(struct bench_slot *slot, const char *name)
{
	const struct fuse_create_in in = {
		.flags = O_RDWR | O_CREAT | O_EXCL,
		.mode = S_IFREG | 0644,
	};

	bench_slot_send(slot, &(struct bench_request){
		.opcode = FUSE_CREATE,
		.node = bench_slot_session(slot)->work,
		.arg = &in,
		.arg_len = sizeof(in),
		.name = name,
		.reply_len = sizeof(struct fuse_entry_out) +
			     sizeof(struct fuse_open_out),
	});
}

void bench_create_step(struct bench_slot *slot)
{
	const struct fuse_entry_out *entry = bench_slot_reply(slot);
	const struct fuse_open_out *open = (const void *)(entry + 1);
	char name[BENCH_NAME];

	bench_tree_own_name(name, 'c', slot->number);
	expect_success(slot, "CREATE, WRITE, RELEASE, UNLINK");
	switch (slot->step) {
	case 0:
		send_create(slot, name);
		break;
	case 1:
		slot->node[0] = entry->nodeid;
		slot->fh = open->fh;
		bench_send_write(slot, slot->node[0], slot->fh, 0,
				 BENCH_SMALL);
		break;
	case 2:
		send_release(slot, slot->node[0], slot->fh);
		break;
	case 3:
		send_name(slot, FUSE_UNLINK, name);
		break;
	case 4:
		bench_send_forget(slot, slot->node, 1);
		break;
	default:
		bench_slot_done(slot);
	}
}

void bench_create_plain(struct bench_plain *plain)
{
	char name[BENCH_NAME];
	int fd;

	bench_tree_own_name(name, 'c', plain->number);
	fd = openat(plain->tree->work, name,
		    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (pwrite(fd, plain->data, BENCH_SMALL, 0) != BENCH_SMALL)
		bench_fail_errno("%s", name);
	close(fd);
	if (unlinkat(plain->tree->work, name, 0))
		bench_fail_errno("%s", name);
}

/* ---- mkdir-rmdir -------------------------------------------------------- */

void bench_mkdir_step(struct bench_slot *slot)
{
	const struct fuse_entry_out *out = bench_slot_reply(slot);
	const struct fuse_mkdir_in in = { .mode = 0755 };
	char name[BENCH_NAME];

	bench_tree_own_name(name, 'm', slot->number);
	expect_success(slot, "MKDIR, RMDIR");
	switch (slot->step) {
	case 0:
		bench_slot_send(slot, &(struct bench_request){
			.opcode = FUSE_MKDIR,
			.node = bench_slot_session(slot)->work,
			.arg = &in,
			.arg_len = sizeof(in),
			.name = name,
			.reply_len = sizeof(*out),
		});
		break;
	case 1:
		slot->node[0] = out->nodeid;
		send_name(slot, FUSE_RMDIR, name);
		break;
	case 2:
		bench_send_forget(slot, slot->node, 1);
		break;
	default:
		bench_slot_done(slot);
	}
}

void bench_mkdir_plain(struct bench_plain *plain)
{
	char name[BENCH_NAME];

	bench_tree_own_name(name, 'm', plain->number);
	if (mkdirat(plain->tree->work, name, 0755) ||
	    unlinkat(plain->tree->work, name, AT_REMOVEDIR))
		bench_fail_errno("%s", name);
}

/* ---- rename ------------------------------------------------------------- */

/*
 * The slot's own file goes from one name to the other and back.  Which name
 * it has when a run begins depends on the run before, so the first look may
 * find nothing.
 */
void bench_rename_step(struct bench_slot *slot)
{
	const uint64_t work = bench_slot_session(slot)->work;
	const struct fuse_rename2_in in = { .newdir = work };
	char name[2][BENCH_NAME];

	bench_tree_own_name(name[0], 'r', slot->number);
	bench_tree_own_name(name[1], 's', slot->number);
	if (slot->step == 1 && slot->error == -ENOENT)
		slot->step = 0;
	expect_success(slot, "LOOKUP, RENAME");
	switch (slot->step) {
	case 0:
		slot->pick = !slot->pick;
		bench_send_lookup(slot, work, name[slot->pick]);
		break;
	case 1:
		bench_slot_send(slot, &(struct bench_request){
			.opcode = FUSE_RENAME2,
			.node = work,
			.arg = &in,
			.arg_len = sizeof(in),
			.name = name[slot->pick],
			.name2 = name[!slot->pick],
		});
		break;
	default:
		bench_slot_done(slot);
	}
}

void bench_rename_plain(struct bench_plain *plain)
{
	char name[2][BENCH_NAME];
	int work = plain->tree->work;
	unsigned from = plain->offset++ & 1;
	struct stat st;

	bench_tree_own_name(name[0], 'r', plain->number);
	bench_tree_own_name(name[1], 's', plain->number);
	if (fstatat(work, name[from], &st, AT_SYMLINK_NOFOLLOW)) {
		plain->offset++;
		from = !from;
	}
	if (renameat(work, name[from], work, name[!from]))
		bench_fail_errno("%s", name[from]);
}
