/* SPDX-License-Identifier: MIT */
/*
 * Directories are read with getdents64() into a buffer of the open directory.
 * The offset of an entry is the cookie that the host's file system gave for
 * it (d_off), so any entry can be returned to, by another handle too, and
 * nothing is skipped or repeated because of what is created or removed
 * meanwhile, as far as the file system keeps that promise.
 *
 * A guest goes on where it stopped, mostly in the middle of the buffer; the
 * position is sought only when it asks for something else.  Offset 0 is
 * rewinddir(3): it reads anew.
 */
#include "lxutil/linux/lx_node.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int lx_opendir(struct lx_volume *vol, struct lx_node *node,
	       struct lx_file **ret_file)
{
	struct lx_file *file;
	int path, fd, err;

	if (!LX_S_ISDIR(lx_node_type(node)))
		return -LX_ENOTDIR;
	err = lx_file_new(vol, &file);
	if (err)
		return err;
	path = lx_node_fd_get(vol, node);
	fd = path < 0 ? path : lx_reopen(vol, path, O_RDONLY | O_DIRECTORY);
	lx_node_fd_put(vol, node, path);
	err = lx_file_opened(file, fd, O_RDONLY);
	if (err)
		return err;
	file->dir = malloc(sizeof(*file->dir));
	if (!file->dir) {
		lx_file_close(file);
		return -LX_ENOMEM;
	}
	lx_file_attach(file, node);
	file->dir->offset = 0;
	file->dir->pos = file->dir->len = 0;
	*ret_file = file;
	return 0;
}

static int seek(struct lx_file *file, uint64_t offset)
{
	struct lx_dir *dir = file->dir;

	if (offset == dir->offset && (offset != 0 || dir->len == 0))
		return 0;
	if (offset > INT64_MAX)
		return -LX_EINVAL;
	if (lseek(file->fd, (off_t)offset, SEEK_SET) < 0)
		return lx_error();
	dir->offset = offset;
	dir->pos = dir->len = 0;
	return 0;
}

/* 0 and an empty buffer: the end. */
static int fill(struct lx_file *file)
{
	struct lx_dir *dir = file->dir;
	ssize_t n = getdents64(file->fd, dir->buf, sizeof(dir->buf));

	dir->pos = 0;
	dir->len = n > 0 ? (size_t)n : 0;
	return n < 0 ? lx_error() : 0;
}

int lx_readdir(struct lx_file *file, uint64_t offset,
	       bool (*fn)(void *ctx, const struct lx_dirent *entry), void *ctx)
{
	struct lx_dir *dir = file->dir;
	int err;

	if (!dir)
		return -LX_ENOTDIR;
	err = seek(file, offset);
	if (!err && dir->pos == dir->len)
		err = fill(file);
	if (err)
		return err;
	while (dir->pos < dir->len) {
		const struct dirent64 *d = (void *)(dir->buf + dir->pos);
		const struct lx_dirent entry = {
			.ino = d->d_ino,
			.next = (uint64_t)d->d_off,
			.type = d->d_type,
			.namelen = strlen(d->d_name),
			.name = d->d_name,
		};

		if (!fn(ctx, &entry))
			return 0;
		dir->offset = entry.next;
		dir->pos += d->d_reclen;
	}
	return 0;
}
