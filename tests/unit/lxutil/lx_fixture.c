/* SPDX-License-Identifier: MIT */
#include "tests/unit/lxutil/lx_fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

int fixture_setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));
	struct lx_volume_options options = { .read_only = false };
	struct lx_stat st;

	assert_non_null(fx);
	fx->fds = count_fds();
	/* In the build tree and not in /tmp: that may have no user xattrs. */
	strcpy(fx->path, "lx_test.XXXXXX");
	assert_non_null(mkdtemp(fx->path));
	assert_int_equal(chmod(fx->path, 0777), 0);
	fx->fd = open(fx->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fx->fd >= 0);
	log_init(&fx->log, 2);
	assert_int_equal(lx_volume_open(fx->path, &options, &fx->log, &fx->vol),
			 0);
	options.read_only = true;
	assert_int_equal(lx_volume_open(fx->path, &options, &fx->log, &fx->ro),
			 0);
	assert_int_equal(lx_volume_root(fx->vol, &fx->root, &st), 0);
	*state = fx;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int fixture_teardown(void **state)
{
	struct fixture *fx = *state;
	unsigned fds;

	lx_node_close(fx->vol, fx->root);
	lx_volume_close(fx->vol);
	lx_volume_close(fx->ro);
	close(fx->fd);
	assert_int_equal(nftw(fx->path, remove_one, 16, FTW_DEPTH | FTW_PHYS),
			 0);
	fds = fx->fds;
	free(fx);
	assert_int_equal(count_fds(), fds);
	return 0;
}

void fixture_file(struct fixture *fx, const char *name, const char *text)
{
	int fd = openat(fx->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0644);

	assert_true(fd >= 0);
	if (text)
		assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void same_time(struct lx_time a, struct lx_time b)
{
	assert_int_equal(a.sec, b.sec);
	assert_int_equal(a.nsec, b.nsec);
}

void fixture_same(const struct lx_stat *a, const struct lx_stat *b)
{
	assert_int_equal(a->ino, b->ino);
	assert_int_equal(a->dev, b->dev);
	assert_int_equal(a->mount, b->mount);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->blocks, b->blocks);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->nlink, b->nlink);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->gid, b->gid);
	assert_int_equal(a->rdev_major, b->rdev_major);
	assert_int_equal(a->rdev_minor, b->rdev_minor);
	assert_int_equal(a->blksize, b->blksize);
	assert_int_equal(a->has_btime, b->has_btime);
	same_time(a->atime, b->atime);
	same_time(a->mtime, b->mtime);
	same_time(a->btime, b->btime);
}

struct stat fixture_stat(struct fixture *fx, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(fx->fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

struct lx_node *fixture_lookup(struct fixture *fx, const char *name)
{
	struct lx_node *node;
	struct lx_stat st;

	assert_int_equal(lx_lookup(fx->vol, fx->root, name, &node, &st), 0);
	return node;
}

struct lx_node *fixture_create(struct fixture *fx, const char *name)
{
	struct lx_file *file;
	struct lx_node *node;
	struct lx_stat st;

	assert_int_equal(lx_create(fx->vol, fx->root, name,
				   LX_O_RDWR | LX_O_EXCL, 0644, &fixture_root,
				   &file, &node, &st), 0);
	lx_file_close(file);
	return node;
}

struct lx_file *fixture_open(struct fixture *fx, const char *name,
			     uint32_t flags)
{
	struct lx_node *node = fixture_lookup(fx, name);
	struct lx_file *file;

	assert_int_equal(lx_open(fx->vol, node, flags, &file), 0);
	lx_node_close(fx->vol, node);
	return file;
}

void fixture_close(struct fixture *fx, struct lx_node **node)
{
	lx_node_close(fx->vol, *node);
	*node = NULL;
}

ssize_t fixture_read(struct lx_file *file, void *buf, size_t size,
		     uint64_t offset)
{
	struct iov iov = { buf, size };

	return lx_read(file, &iov, 1, offset, 0);
}

ssize_t fixture_write(struct lx_file *file, const void *buf, size_t size,
		      uint64_t offset)
{
	struct iov iov = { (void *)buf, size };

	return lx_write(file, &iov, 1, offset, false);
}

struct job {
	void (*fn)(void *arg);
	void *arg;
	bool drop;
};

static void *run(void *arg)
{
	struct job *job = arg;

	/* The system calls change this thread only, unlike glibc's. */
	if (job->drop && (syscall(SYS_setgroups, 0, NULL) ||
			  syscall(SYS_setresgid, 1000, 1000, 1000) ||
			  syscall(SYS_setresuid, 1000, 1000, 1000)))
		return arg;
	job->fn(job->arg);
	return NULL;
}

static void in_thread(struct job *job)
{
	pthread_t thread;
	void *failed;

	assert_int_equal(pthread_create(&thread, NULL, run, job), 0);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
}

void fixture_in_thread(void (*fn)(void *arg), void *arg)
{
	in_thread(&(struct job){ fn, arg, false });
}

void fixture_as_user(void (*fn)(void *arg), void *arg)
{
	in_thread(&(struct job){ fn, arg, true });
}
