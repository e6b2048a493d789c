/* SPDX-License-Identifier: MIT */
#include "tests/lib/fuse_traffic.h"

#include "common/bytes.h"
#include "lxutil/lx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUF_SIZE (256u << 10)
#define FILE_MAX (1u << 20)             /* files do not grow beyond */
#define OPEN_FLAGS 4

#define PART(thing) { &(thing), sizeof(thing) }
#define STRING(s) { (s), strlen(s) + 1 }

static unsigned pick(struct fuse_traffic *t, unsigned n)
{
	return (unsigned)rand_r(&t->seed) / 7 % n;
}

const char *fuse_traffic_name(unsigned random)
{
	static const char *const names[] = {
		"a", "b", "c", "d", "e", "f", "secret", "inner",
	};

	return names[random % ARRAY_LEN(names)];
}

static const char *name(struct fuse_traffic *t)
{
	return fuse_traffic_name(pick(t, 64));
}

/* The root more often than the others. */
static uint64_t node(struct fuse_traffic *t)
{
	return t->node[pick(t, 4) ? pick(t, FUSE_TRAFFIC_NODES) : 0];
}

static void saw_attr(struct fuse_traffic *t, const struct fuse_attr *attr)
{
	if (t->saw_inode)
		t->saw_inode(t->ctx, attr->ino, "");
}

static void saw_data(struct fuse_traffic *t, int64_t len)
{
	if (len > 0 && t->saw_data)
		t->saw_data(t->ctx, t->buf, (size_t)len);
}

/* A node from a reply takes the place of another one. */
static int64_t entered(struct fuse_traffic *t, int ret,
		       const struct fuse_entry_out *e)
{
	if (ret)
		return ret;
	saw_attr(t, &e->attr);
	if (e->nodeid)
		t->node[1 + pick(t, FUSE_TRAFFIC_NODES - 1)] = e->nodeid;
	return 0;
}

/* ---- handles ----------------------------------------------------------- */

/* One that is open, or another one. */
static unsigned handle(struct fuse_traffic *t)
{
	unsigned first = pick(t, FUSE_TRAFFIC_HANDLES), i = first;

	while (!t->handle[i].open) {
		i = (i + 1) % FUSE_TRAFFIC_HANDLES;
		if (i == first)
			break;
	}
	return i;
}

static int64_t release(struct fuse_traffic *t, unsigned i)
{
	if (!t->handle[i].open)
		return -LX_EBADF;
	t->handle[i].open = false;
	return t->handle[i].dir ?
		fuse_client_releasedir(&t->client, t->handle[i].node,
				       t->handle[i].fh) :
		fuse_client_release(&t->client, t->handle[i].node,
				    t->handle[i].fh);
}

/* An open file or directory takes the place of another one. */
static int64_t opened(struct fuse_traffic *t, int ret, uint64_t n, uint64_t fh,
		      bool dir)
{
	unsigned i = pick(t, FUSE_TRAFFIC_HANDLES);
	int64_t closed = 0;

	if (ret)
		return ret;
	if (t->handle[i].open)
		closed = release(t, i);
	t->handle[i].node = n;
	t->handle[i].fh = fh;
	t->handle[i].open = true;
	t->handle[i].dir = dir;
	return closed;
}

/* ---- names ------------------------------------------------------------- */

static int64_t do_lookup(struct fuse_traffic *t)
{
	struct fuse_entry_out e;
	const char *n = pick(t, 16) ? name(t) : "..";

	return entered(t, fuse_client_lookup(&t->client, node(t), n, &e), &e);
}

static int64_t do_symlink(struct fuse_traffic *t)
{
	struct fuse_entry_out e;

	return entered(t, fuse_client_symlink(&t->client, node(t), name(t),
					      "../outside", &e), &e);
}

static int64_t do_mknod(struct fuse_traffic *t)
{
	static const uint32_t types[] = {
		LX_S_IFREG, LX_S_IFREG, LX_S_IFIFO, LX_S_IFSOCK,
	};
	struct fuse_entry_out e;

	return entered(t, fuse_client_mknod(&t->client, node(t), name(t),
					    types[pick(t, 4)] | 0644, 0, &e),
		       &e);
}

static int64_t do_mkdir(struct fuse_traffic *t)
{
	struct fuse_entry_out e;

	return entered(t, fuse_client_mkdir(&t->client, node(t), name(t), 0755,
					    &e), &e);
}

static int64_t do_unlink(struct fuse_traffic *t)
{
	return fuse_client_unlink(&t->client, node(t), name(t));
}

static int64_t do_rmdir(struct fuse_traffic *t)
{
	return fuse_client_rmdir(&t->client, node(t), name(t));
}

static int64_t do_rename(struct fuse_traffic *t)
{
	static const uint32_t flags[] = {
		0, 0, LX_RENAME_NOREPLACE, LX_RENAME_EXCHANGE,
	};

	return fuse_client_rename(&t->client, node(t), name(t), node(t),
				  name(t), flags[pick(t, 4)]);
}

static int64_t do_link(struct fuse_traffic *t)
{
	struct fuse_entry_out e;

	return entered(t, fuse_client_link(&t->client, node(t), node(t),
					   name(t), &e), &e);
}

static int64_t do_create(struct fuse_traffic *t)
{
	struct fuse_entry_out e;
	uint64_t fh;
	uint32_t excl = pick(t, 2) ? LX_O_EXCL : 0;
	int64_t ret = entered(t, fuse_client_create(&t->client, node(t),
						    name(t), LX_O_CREAT |
						    LX_O_RDWR | excl, 0644, &e,
						    &fh), &e);

	return ret ? ret : opened(t, 0, e.nodeid, fh, false);
}

static int64_t do_tmpfile(struct fuse_traffic *t)
{
	const struct fuse_create_in in = {
		.flags = LX_O_RDWR, .mode = LX_S_IFREG | 0600,
	};
	const struct fuse_part parts[] = { PART(in), STRING("") };
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out;
	int64_t ret = fuse_client_call(&t->client, FUSE_TMPFILE, node(t), parts,
				       2, &out, sizeof(out));

	if (ret < 0)
		return ret;
	ret = entered(t, ret == sizeof(out) ? 0 : -EPROTO, &out.entry);
	return ret ? ret : opened(t, 0, out.entry.nodeid, out.open.fh, false);
}

/* ---- inodes ------------------------------------------------------------ */

static int64_t do_getattr(struct fuse_traffic *t)
{
	struct fuse_attr attr;
	int ret = fuse_client_getattr(&t->client, node(t), &attr);

	if (!ret)
		saw_attr(t, &attr);
	return ret;
}

static int64_t do_setattr(struct fuse_traffic *t)
{
	struct fuse_setattr_in in = {
		.valid = 1u << pick(t, 9), .mode = 0640 | pick(t, 8),
		.size = pick(t, FILE_MAX), .mtime = pick(t, 1u << 30),
		.uid = t->client.uid, .gid = t->client.gid,
	};
	struct fuse_attr attr;
	int ret;

	in.valid &= ~(uint32_t)FATTR_FH;
	ret = fuse_client_setattr(&t->client, node(t), &in, &attr);
	if (!ret)
		saw_attr(t, &attr);
	return ret;
}

static int64_t do_statx(struct fuse_traffic *t)
{
	const struct fuse_statx_in in = { .sx_mask = 0xfff };
	const struct fuse_part parts[] = { PART(in) };
	struct fuse_statx_out out;
	int64_t ret = fuse_client_call(&t->client, FUSE_STATX, node(t), parts,
				       1, &out, sizeof(out));

	if (ret == sizeof(out) && t->saw_inode)
		t->saw_inode(t->ctx, out.stat.ino, "");
	return ret;
}

static int64_t do_readlink(struct fuse_traffic *t)
{
	int ret = fuse_client_readlink(&t->client, node(t), (char *)t->buf,
				       4096);

	saw_data(t, ret);
	return ret;
}

static int64_t do_access(struct fuse_traffic *t)
{
	return fuse_client_access(&t->client, node(t), pick(t, 8));
}

static int64_t do_statfs(struct fuse_traffic *t)
{
	struct fuse_kstatfs st;

	return fuse_client_statfs(&t->client, &st);
}

static const char *xattr(struct fuse_traffic *t)
{
	static const char *const names[] = {
		"user.a", "user.b", "user.secret", "security.capability",
	};

	return names[pick(t, ARRAY_LEN(names))];
}

static int64_t do_setxattr(struct fuse_traffic *t)
{
	return fuse_client_setxattr(&t->client, node(t), xattr(t), t->buf,
				    pick(t, 256), pick(t, 3));
}

static int64_t do_getxattr(struct fuse_traffic *t)
{
	int64_t ret = fuse_client_getxattr(&t->client, node(t), xattr(t),
					   t->buf, pick(t, 2) ? 4096 : 0);

	/* A length is no data, but then the buffer has none of it either. */
	if (ret <= 4096)
		saw_data(t, ret);
	return ret;
}

static int64_t do_listxattr(struct fuse_traffic *t)
{
	int64_t ret = fuse_client_listxattr(&t->client, node(t), t->buf, 4096);

	saw_data(t, ret);
	return ret;
}

static int64_t do_removexattr(struct fuse_traffic *t)
{
	return fuse_client_removexattr(&t->client, node(t), xattr(t));
}

static int64_t do_forget(struct fuse_traffic *t)
{
	unsigned i = 1 + pick(t, FUSE_TRAFFIC_NODES - 1);
	uint64_t n = t->node[i];

	t->node[i] = FUSE_ROOT_ID;
	return fuse_client_forget(&t->client, n, 1 + pick(t, 3));
}

static int64_t do_batch_forget(struct fuse_traffic *t)
{
	struct {
		struct fuse_batch_forget_in in;
		struct fuse_forget_one one[2];
	} body = {
		{ .count = 2 }, { { node(t), 1 }, { node(t), UINT64_MAX } },
	};
	const struct fuse_part parts[] = { PART(body) };

	return fuse_client_call(&t->client, FUSE_BATCH_FORGET, 0, parts, 1,
				NULL, 0);
}

/* ---- files ------------------------------------------------------------- */

static int64_t do_open(struct fuse_traffic *t)
{
	static const uint32_t flags[OPEN_FLAGS] = {
		LX_O_RDONLY, LX_O_RDWR, LX_O_WRONLY | LX_O_APPEND,
		LX_O_RDWR | LX_O_TRUNC,
	};
	uint64_t n = node(t), fh;
	int ret = fuse_client_open(&t->client, n, flags[pick(t, OPEN_FLAGS)],
				   &fh);

	return opened(t, ret, n, fh, false);
}

static int64_t do_read(struct fuse_traffic *t)
{
	unsigned i = handle(t);
	int64_t ret = fuse_client_read(&t->client, t->handle[i].node,
				       t->handle[i].fh, pick(t, FILE_MAX) / 2,
				       t->buf, 1 + pick(t, BUF_SIZE));

	saw_data(t, ret);
	return ret;
}

static int64_t do_write(struct fuse_traffic *t)
{
	unsigned i = handle(t);
	uint32_t size = pick(t, 4) ? pick(t, 8192) : pick(t, BUF_SIZE);

	memset(t->buf, (int)pick(t, 256), size);
	return fuse_client_write(&t->client, t->handle[i].node,
				 t->handle[i].fh, pick(t, FILE_MAX), t->buf,
				 size);
}

static int64_t do_flush(struct fuse_traffic *t)
{
	unsigned i = handle(t);

	return fuse_client_flush(&t->client, t->handle[i].node,
				 t->handle[i].fh);
}

static int64_t do_fsync(struct fuse_traffic *t)
{
	unsigned i = handle(t);
	const struct fuse_fsync_in in = { .fh = t->handle[i].fh };
	const struct fuse_part parts[] = { PART(in) };

	/* Disks are slow. */
	if (pick(t, 8))
		return do_flush(t);
	return fuse_client_call(&t->client, t->handle[i].dir ? FUSE_FSYNCDIR :
				FUSE_FSYNC, t->handle[i].node, parts, 1, NULL,
				0);
}

static int64_t do_release(struct fuse_traffic *t)
{
	return release(t, handle(t));
}

static int64_t do_fallocate(struct fuse_traffic *t)
{
	static const uint32_t modes[] = { 0, 1, 3 };    /* KEEP_SIZE, HOLE */
	unsigned i = handle(t);
	const struct fuse_fallocate_in in = {
		.fh = t->handle[i].fh, .offset = pick(t, FILE_MAX),
		.length = 1 + pick(t, 65536), .mode = modes[pick(t, 3)],
	};
	const struct fuse_part parts[] = { PART(in) };

	return fuse_client_call(&t->client, FUSE_FALLOCATE, t->handle[i].node,
				parts, 1, NULL, 0);
}

static int64_t do_lseek(struct fuse_traffic *t)
{
	unsigned i = handle(t);
	const struct fuse_lseek_in in = {
		.fh = t->handle[i].fh, .offset = pick(t, FILE_MAX),
		.whence = 3 + pick(t, 2),       /* SEEK_DATA, SEEK_HOLE */
	};
	const struct fuse_part parts[] = { PART(in) };
	struct fuse_lseek_out out;

	return fuse_client_call(&t->client, FUSE_LSEEK, t->handle[i].node,
				parts, 1, &out, sizeof(out));
}

static int64_t do_copy(struct fuse_traffic *t)
{
	unsigned i = handle(t), j = handle(t);
	const struct fuse_copy_file_range_in in = {
		.fh_in = t->handle[i].fh, .off_in = pick(t, FILE_MAX),
		.nodeid_out = t->handle[j].node, .fh_out = t->handle[j].fh,
		.off_out = pick(t, FILE_MAX), .len = pick(t, 65536),
	};
	const struct fuse_part parts[] = { PART(in) };
	struct fuse_write_out out;

	return fuse_client_call(&t->client, FUSE_COPY_FILE_RANGE,
				t->handle[i].node, parts, 1, &out,
				sizeof(out));
}

static int64_t do_ioctl(struct fuse_traffic *t)
{
	unsigned i = handle(t);
	const struct fuse_ioctl_in in = {
		.fh = t->handle[i].fh, .cmd = 0x80086601,  /* GETFLAGS */
		.out_size = 8,
	};
	const struct fuse_part parts[] = { PART(in) };

	return fuse_client_call(&t->client, FUSE_IOCTL, t->handle[i].node,
				parts, 1, t->buf,
				sizeof(struct fuse_ioctl_out) + 8);
}

static int64_t lock(struct fuse_traffic *t, unsigned i, uint32_t opcode,
		    uint32_t type)
{
	const struct fuse_lk_in in = {
		.fh = t->handle[i].fh, .owner = 4711 + t->client.queue,
		.lk = { .start = 0, .end = 100, .type = type, .pid = 1 },
	};
	const struct fuse_part parts[] = { PART(in) };
	struct fuse_lk_out out;

	return fuse_client_call(&t->client, opcode, t->handle[i].node, parts,
				1, &out, opcode == FUSE_GETLK ? sizeof(out) :
								0);
}

static int64_t do_getlk(struct fuse_traffic *t)
{
	return lock(t, handle(t), FUSE_GETLK, LX_F_WRLCK);
}

/* Unlocked at once, so that whoever waits gets it. */
static int64_t do_setlk(struct fuse_traffic *t)
{
	unsigned i = handle(t);
	int64_t ret = lock(t, i, pick(t, 2) ? FUSE_SETLK : FUSE_SETLKW,
			   pick(t, 2) ? LX_F_RDLCK : LX_F_WRLCK);

	return ret ? ret : lock(t, i, FUSE_SETLK, LX_F_UNLCK);
}

static int64_t do_interrupt(struct fuse_traffic *t)
{
	const struct fuse_interrupt_in in = { t->client.unique - pick(t, 3) };
	const struct fuse_part parts[] = { PART(in) };

	return fuse_client_call(&t->client, FUSE_INTERRUPT, 0, parts, 1, NULL,
				0);
}

/* What no server here has; but an answer it must have. */
static int64_t do_others(struct fuse_traffic *t)
{
	const struct fuse_poll_in in = { .fh = t->handle[handle(t)].fh };
	const struct fuse_part parts[] = { PART(in) };

	return fuse_client_call(&t->client, FUSE_POLL, node(t), parts, 1,
				t->buf, sizeof(struct fuse_poll_out));
}

/* ---- directories ------------------------------------------------------- */

static int64_t do_opendir(struct fuse_traffic *t)
{
	uint64_t n = node(t), fh;
	int ret = fuse_client_opendir(&t->client, n, &fh);

	return opened(t, ret, n, fh, true);
}

static int64_t do_readdir(struct fuse_traffic *t)
{
	unsigned i = handle(t);
	bool plus = pick(t, 2);
	struct fuse_entry_out e = { .nodeid = 0 };
	struct fuse_dirent d;
	char found[256];
	size_t at = 0;
	int64_t ret = fuse_client_readdir(&t->client, t->handle[i].node,
					  t->handle[i].fh, 0, plus, t->buf,
					  4096);

	while (ret > 0 && fuse_client_dirent(t->buf, (size_t)ret, plus, &at,
					     &d, found, &e)) {
		if (t->saw_inode)
			t->saw_inode(t->ctx, d.ino, found);
		if (plus && strcmp(found, ".."))
			(void)entered(t, 0, &e);
	}
	return ret;
}

/* ---- steps ------------------------------------------------------------- */

#define STEP(name) { #name, do_##name }

static const struct {
	const char *name;
	int64_t (*step)(struct fuse_traffic *t);
} steps[] = {
	STEP(lookup), STEP(lookup), STEP(lookup), STEP(symlink), STEP(mknod),
	STEP(mkdir), STEP(unlink), STEP(rmdir), STEP(rename), STEP(link),
	STEP(create), STEP(tmpfile), STEP(getattr), STEP(setattr), STEP(statx),
	STEP(readlink), STEP(access), STEP(statfs), STEP(setxattr),
	STEP(getxattr), STEP(listxattr), STEP(removexattr), STEP(forget),
	STEP(batch_forget), STEP(open), STEP(open), STEP(read), STEP(write),
	STEP(flush), STEP(fsync), STEP(release), STEP(fallocate), STEP(lseek),
	STEP(copy), STEP(ioctl), STEP(getlk), STEP(setlk), STEP(interrupt),
	STEP(others), STEP(opendir), STEP(readdir), STEP(readdir),
};

int64_t fuse_traffic_step(struct fuse_traffic *t, const char **ret_what)
{
	unsigned i = pick(t, ARRAY_LEN(steps));
	int64_t ret = steps[i].step(t);

	t->steps++;
	t->good += ret >= 0;
	*ret_what = steps[i].name;
	return ret;
}

void fuse_traffic_init(struct fuse_traffic *t, const struct fuse_client *client,
		       unsigned seed)
{
	*t = (struct fuse_traffic){ .client = *client, .seed = seed };
	for (unsigned i = 0; i < FUSE_TRAFFIC_NODES; i++)
		t->node[i] = FUSE_ROOT_ID;
	t->buf = calloc(1, BUF_SIZE);
	if (!t->buf)
		abort();
}

void fuse_traffic_done(struct fuse_traffic *t)
{
	free(t->buf);
}
