/* SPDX-License-Identifier: MIT */
/* What a guest does with open files and directories. */
#include "tests/faults/operations.h"

#include "common/bytes.h"

#define TEXT "and something more of it"
#define OWNER 77u                       /* who locks, of the guest */

/* ---- files ------------------------------------------------------------- */

static ssize_t open_flags(struct world *w, uint32_t flags)
{
	uint64_t fh = 0;
	int err = client_open(w->c, FUSE_OPEN, w->file, flags, &fh);

	return world_keep(w, err, FUSE_RELEASE, w->file, fh);
}

static ssize_t open_to_read(struct world *w)
{
	return open_flags(w, LX_O_RDONLY);
}

static ssize_t open_to_write(struct world *w)
{
	return open_flags(w, LX_O_WRONLY);
}

static ssize_t open_and_cut(struct world *w)
{
	return open_flags(w, LX_O_RDWR | LX_O_TRUNC);
}

static ssize_t create(struct world *w, const char *name, uint32_t flags)
{
	struct fuse_entry_out e;
	uint64_t fh = 0;
	int err = client_create(w->c, w->dir, name, LX_O_RDWR | flags, 0644,
				&e, &fh);

	world_see_entry(w, err, &e);
	return world_keep(w, err, FUSE_RELEASE, e.nodeid, fh);
}

static ssize_t create_file(struct world *w)
{
	return create(w, "made", LX_O_EXCL);
}

static ssize_t create_labelled(struct world *w)
{
	w->c->label_name = "security.selinux";
	w->c->label = "a_u:label";
	w->c->group = 5;
	return create(w, "made", 0);
}

static ssize_t create_existing(struct world *w)
{
	return create(w, "old", 0);
}

static ssize_t create_over(struct world *w)
{
	return create(w, "file", LX_O_TRUNC);
}

static ssize_t create_nameless(struct world *w)
{
	struct fuse_entry_out e;
	uint64_t fh = 0;
	int err = client_tmpfile(w->c, w->dir, LX_O_RDWR, 0644, &e, &fh);

	world_see_entry(w, err, &e);
	return world_keep(w, err, FUSE_RELEASE, e.nodeid, fh);
}

static ssize_t read_file(struct world *w)
{
	return world_see_bytes(w, client_read(w->c, FUSE_READ, w->file, w->fh,
					      0, 4096));
}

/* A short reply would be the end of the file. */
static ssize_t read_some(struct world *w)
{
	return world_see_bytes(w, client_read(w->c, FUSE_READ, w->file, w->fh,
					      5, 10));
}

static ssize_t write_file(struct world *w)
{
	return client_write(w->c, w->file, w->fh, 2, TEXT, sizeof(TEXT) - 1);
}

static ssize_t write_cached(struct world *w)
{
	w->c->write_flags = FUSE_WRITE_CACHE | FUSE_WRITE_KILL_SUIDGID;
	return write_file(w);
}

static ssize_t append(struct world *w)
{
	w->c->file_flags = LX_O_APPEND;
	return write_file(w);
}

static ssize_t flush(struct world *w)
{
	return client_flush(w->c, w->file, w->fh);
}

static ssize_t release(struct world *w)
{
	return client_release(w->c, FUSE_RELEASE, w->file, w->fh);
}

static ssize_t fsync(struct world *w)
{
	return client_fsync(w->c, FUSE_FSYNC, w->file, w->fh, 0);
}

static ssize_t fdatasync(struct world *w)
{
	return client_fsync(w->c, FUSE_FSYNC, w->file, w->fh,
			    FUSE_FSYNC_FDATASYNC);
}

static ssize_t fallocate(struct world *w)
{
	return client_fallocate(w->c, w->file, w->fh, 0, 0, 100);
}

static ssize_t seek_data(struct world *w)
{
	return client_lseek(w->c, w->file, w->fh, 3, LX_SEEK_DATA);
}

static ssize_t copy(struct world *w)
{
	const struct fuse_copy_file_range_in in = {
		.fh_in = w->fh, .off_in = 0, .nodeid_out = w->file,
		.fh_out = w->fh2, .off_out = 40, .len = 10,
	};

	return client_copy(w->c, &in, w->file);
}

static ssize_t sync_all(struct world *w)
{
	return client_syncfs(w->c, FUSE_ROOT_ID);
}

static ssize_t sync_one(struct world *w)
{
	return client_syncfs(w->c, w->dir);
}

/* ---- directories ------------------------------------------------------- */

static ssize_t open_directory(struct world *w)
{
	uint64_t fh = 0;
	int err = client_open(w->c, FUSE_OPENDIR, w->sub, 0, &fh);

	return world_keep(w, err, FUSE_RELEASEDIR, w->sub, fh);
}

static ssize_t list(struct world *w, bool plus)
{
	struct client_dirent e;
	size_t at = 0, names = 0;
	ssize_t n = client_read(w->c, plus ? FUSE_READDIRPLUS : FUSE_READDIR,
				w->dir, w->dh, 0, 4096);

	while (n > 0 && client_next_dirent(w->c, plus, &at, &e)) {
		world_see(w, "%s %u\n", e.name, e.type);
		world_know(w, e.entry.nodeid);
		names++;
	}
	return n < 0 ? n : (ssize_t)names;
}

static ssize_t list_names(struct world *w)
{
	return list(w, false);
}

/* Who cannot be looked up comes without a node. */
static ssize_t list_nodes(struct world *w)
{
	return list(w, true);
}

static ssize_t release_directory(struct world *w)
{
	return client_release(w->c, FUSE_RELEASEDIR, w->dir, w->dh);
}

static ssize_t fsync_directory(struct world *w)
{
	return client_fsync(w->c, FUSE_FSYNCDIR, w->dir, w->dh, 0);
}

/* ---- locks ------------------------------------------------------------- */

static ssize_t lock(struct world *w, uint32_t opcode, uint32_t type)
{
	struct fuse_file_lock lk = { 0, INT64_MAX, type, 1 };
	int err = client_lock(w->c, opcode, w->file, w->fh, OWNER, &lk);

	if (!err && opcode == FUSE_GETLK)
		world_see(w, "%u", lk.type);
	return err;
}

static ssize_t get_lock(struct world *w)
{
	return lock(w, FUSE_GETLK, LX_F_WRLCK);
}

static ssize_t set_lock(struct world *w)
{
	return lock(w, FUSE_SETLK, LX_F_WRLCK);
}

static ssize_t wait_for_lock(struct world *w)
{
	return lock(w, FUSE_SETLKW, LX_F_RDLCK);
}

static ssize_t unlock(struct world *w)
{
	ssize_t err = lock(w, FUSE_SETLK, LX_F_RDLCK);

	return err ? err : lock(w, FUSE_SETLK, LX_F_UNLCK);
}

static ssize_t lock_whole(struct world *w)
{
	return client_flock(w->c, w->file, w->fh, LX_F_WRLCK);
}

/* ---- the list ---------------------------------------------------------- */

static const struct operation operations[] = {
	{ "OPEN to read", open_to_read, 0 },
	{ "OPEN to write", open_to_write, 0 },
	{ "OPEN that cuts", open_and_cut, 0 },
	{ "CREATE", create_file, OP_MAKES },
	{ "CREATE with a label", create_labelled, OP_MAKES },
	{ "CREATE of what exists", create_existing, 0 },
	{ "CREATE that cuts", create_over, OP_TELLS },
	{ "TMPFILE", create_nameless, 0 },
	{ "READ", read_file, 0 },
	{ "READ before the end", read_some, 0 },
	{ "WRITE", write_file, OP_COUNTS },
	{ "WRITE of a cache", write_cached, 0 },
	{ "WRITE that appends", append, OP_COUNTS },
	{ "FLUSH", flush, 0 },
	{ "RELEASE", release, 0 },
	{ "FSYNC", fsync, 0 },
	{ "FSYNC of data", fdatasync, 0 },
	{ "FALLOCATE", fallocate, 0 },
	{ "LSEEK", seek_data, 0 },
	{ "COPY_FILE_RANGE", copy, OP_COUNTS },
	{ "SYNCFS", sync_all, 0 },
	{ "SYNCFS of a file system", sync_one, 0 },
	{ "OPENDIR", open_directory, 0 },
	{ "READDIR", list_names, 0 },
	{ "READDIRPLUS", list_nodes, 0 },
	{ "RELEASEDIR", release_directory, 0 },
	{ "FSYNCDIR", fsync_directory, 0 },
	{ "GETLK", get_lock, 0 },
	{ "SETLK", set_lock, OP_OPENS_OTHERWISE },
	{ "SETLKW", wait_for_lock, 0 },
	{ "SETLK that unlocks", unlock, 0 },
	{ "SETLK of flock(2)", lock_whole, 0 },
};
const struct operations operations_on_files = {
	operations, ARRAY_LEN(operations),
};
