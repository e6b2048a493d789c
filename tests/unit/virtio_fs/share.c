/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"

#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MUST(call) \
	do { \
		if ((call) < 0) { \
			perror(#call); \
			abort(); \
		} \
	} while (0)

/* Counts what the server finds worth a warning; shows nothing. */
static void sink(void *ctx, enum log_level level, const char *target,
		 const char *message)
{
	struct share *s = ctx;

	(void)target;
	(void)message;
	if (level <= LOG_WARN)
		__atomic_fetch_add(&s->log_lines, 1, __ATOMIC_RELAXED);
}

struct share *share_new(void)
{
	struct share *s = calloc(1, sizeof(*s));
	const char *tmp = getenv("TMPDIR");

	assert(s);
	snprintf(s->root, sizeof(s->root), "%.32s/vfs-test-XXXXXX",
		 tmp ? tmp : "/tmp");
	if (!mkdtemp(s->root)) {
		perror(s->root);
		abort();
	}
	s->root_fd = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(s->root_fd);
	lx_thread_init();
	log_init(&s->log, -1);
	log_set_sink(&s->log, sink, s);
	log_set_filter(&s->log, "trace", NULL, 0);
	return s;
}

int share_mount(struct share *s, uint64_t offered)
{
	s->session = fuse_session_new(vfs_server_ops(s->server), s->server,
				      &s->log);
	assert(s->session);
	s->client = client_new(s->session);
	if (offered)
		s->client->offered = offered;
	return client_init(s->client);
}

int share_up_with(void **state, const struct vfs_options *options,
		  uint64_t offered, void (*make)(int root_fd))
{
	struct share *s = share_new();

	if (make)
		make(s->root_fd);
	MUST(vfs_server_new(s->root, options, &s->log, &s->server));
	MUST(share_mount(s, offered));
	*state = s;
	return 0;
}

int share_up(void **state)
{
	struct vfs_options options;

	vfs_options_default(&options);
	return share_up_with(state, &options, 0, NULL);
}

int share_up_read_only(void **state, void (*make)(int root_fd))
{
	struct vfs_options options;

	vfs_options_default(&options);
	options.read_only = true;
	return share_up_with(state, &options, 0, make);
}

static int delete(const char *path, const struct stat *st, int type,
		  struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int share_down(void **state)
{
	struct share *s = *state;

	client_free(s->client);
	fuse_session_free(s->session);
	vfs_server_free(s->server);
	close(s->root_fd);
	MUST(nftw(s->root, delete, 16, FTW_DEPTH | FTW_PHYS));
	free(s);
	return 0;
}

void host_file(int dir_fd, const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0644);

	MUST(fd);
	MUST(write(fd, text, strlen(text)));
	close(fd);
}

void host_dir(int dir_fd, const char *name)
{
	MUST(mkdirat(dir_fd, name, 0755));
}

uint64_t node_of(struct share *s, uint64_t dir, const char *name)
{
	struct fuse_entry_out entry;

	MUST(client_lookup(s->client, dir, name, &entry));
	return entry.nodeid;
}
