/* SPDX-License-Identifier: MIT */
#include "fuse/dev/fuse_dev.h"

#include "common/bytes.h"
#include "fuse/dev/fuse_dev_wait.h"
#include "lxutil/lx.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* <linux/fuse.h> cannot be had beside fuse_proto.h. */
#define DEV_IOC_CLONE _IOR(229, 0, uint32_t)

/* A message is at most this long in either direction. */
#define BUFFER_SIZE (FUSE_MAX_WRITE + FUSE_REQUEST_MAX)

/*
 * Where a message starts in its buffer: so that the data of a WRITE, and of a
 * READ's reply, lies at the start of a page, as O_DIRECT files want it.
 */
#define PAGE_SIZE 4096
#define IN_OFFSET \
	(PAGE_SIZE - sizeof(struct fuse_in_header) - \
	 sizeof(struct fuse_write_in))
#define OUT_OFFSET (PAGE_SIZE - sizeof(struct fuse_out_header))

struct server {
	struct fuse_dev *dev;
	pthread_t thread;
	int fd;
	char *in_page, *out_page;       /* PAGE_SIZE + BUFFER_SIZE each */
	char *in, *out;                 /* BUFFER_SIZE of them each */
};

struct fuse_dev {
	struct fuse_session *session;
	const struct log *log;
	char *mountpoint;
	void (*thread_init)(void);
	bool by_helper;                 /* mounted by fusermount3 */
	struct fuse_dev_waits waits;
	unsigned count;                 /* servers that run */
	struct server server[FUSE_DEV_THREADS_MAX];
};

static void *serve(void *arg)
{
	struct server *s = arg;

	if (s->dev->thread_init)
		s->dev->thread_init();
	for (;;) {
		ssize_t n = read(s->fd, s->in, BUFFER_SIZE);
		size_t len = n > 0 ? (size_t)n : 0;
		struct iov in = { s->in, len };
		struct iov out = { s->out, BUFFER_SIZE };

		if (n < 0 && (errno == EINTR || errno == EAGAIN ||
			      errno == ENOENT))
			continue;
		if (n < 0)
			break;          /* ENODEV: unmounted */
		n = fuse_session_dispatch(s->dev->session,
					  iov_tail_init(&in, 1),
					  iov_tail_init(&out, 1));
		if (n > 0)
			fuse_dev_reply(s->fd, s->out, (size_t)n, s->dev->log);
		else if (n == FUSE_WAIT)
			fuse_dev_waits_add(&s->dev->waits, s->fd, s->in, len);
	}
	return NULL;
}

/* The descriptor that fusermount3 sends over the socket `fd`, or -errno. */
static int receive_fd(int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	int ret = -EPERM;

	while (recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) < 0)
		if (errno != EINTR)
			return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&ret, CMSG_DATA(c), sizeof(ret));
	return ret;
}

/*
 * Run fusermount3 with these arguments and, unless it is -1, the socket
 * comm_fd as its descriptor 3.  Its exit status, or -errno.
 */
static int run_helper(char *const argv[], int comm_fd)
{
	char *env[] = { (char *)"_FUSE_COMMFD=3", NULL };
	posix_spawn_file_actions_t actions;
	int status, ret;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	if (comm_fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, comm_fd, 3);
	ret = posix_spawnp(&pid, argv[0], &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	if (ret)
		return -ret;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* For ordinary users: the set-user-id program mounts and sends /dev/fuse. */
static int mount_by_helper(const struct fuse_dev_params *p)
{
	char options[256];
	char *argv[] = { (char *)"fusermount3", (char *)"-o", options,
			 (char *)"--", (char *)p->mountpoint, NULL };
	int pair[2], ret;

	snprintf(options, sizeof(options),
		 "default_permissions,subtype=virtiofs,fsname=%s%s", p->source,
		 p->read_only ? ",ro" : "");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	ret = run_helper(argv, pair[0]);
	close(pair[0]);
	if (!ret)
		ret = receive_fd(pair[1]);
	else if (ret > 0)
		ret = -EPERM;           /* it has said why */
	close(pair[1]);
	return ret;
}

/* Mount; returns the /dev/fuse descriptor or -errno. */
static int do_mount(const struct fuse_dev_params *p, bool *ret_by_helper,
		    const char **ret_what)
{
	char options[128];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC), ret;

	*ret_by_helper = geteuid() != 0;
	if (*ret_by_helper) {
		*ret_what = "fusermount3";
		if (fd >= 0)
			close(fd);
		return mount_by_helper(p);
	}
	*ret_what = "/dev/fuse";
	if (fd < 0)
		return -errno;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=%o,user_id=0,group_id=0,default_permissions,allow_other",
		 fd, p->root_is_file ? LX_S_IFREG : LX_S_IFDIR);
	*ret_what = "mount";
	if (!mount(p->source, p->mountpoint, "fuse.virtiofs",
		   p->read_only ? MS_RDONLY : 0, options))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

/* Another descriptor of the same mount with a queue of its own. */
static int clone_dev(int fd)
{
	int clone = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	uint32_t source = (uint32_t)fd;

	if (clone >= 0 && ioctl(clone, DEV_IOC_CLONE, &source)) {
		close(clone);
		clone = -1;
	}
	return clone >= 0 ? clone : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static bool make_buffers(struct server *s)
{
	void *in = NULL, *out = NULL;

	if (posix_memalign(&in, PAGE_SIZE, PAGE_SIZE + BUFFER_SIZE))
		return false;
	s->in_page = in;
	s->in = s->in_page + IN_OFFSET;
	if (posix_memalign(&out, PAGE_SIZE, PAGE_SIZE + BUFFER_SIZE))
		return false;
	s->out_page = out;
	s->out = s->out_page + OUT_OFFSET;
	return true;
}

static void free_buffers(struct server *s)
{
	free(s->in_page);
	free(s->out_page);
}

/* Start one more thread on `fd`, which it takes; 0 or -errno. */
static int add_server(struct fuse_dev *dev, int fd)
{
	struct server *s = &dev->server[dev->count];
	sigset_t all, old;
	bool have_buffers;
	int ret;

	*s = (struct server){ .dev = dev, .fd = fd };
	have_buffers = make_buffers(s);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = have_buffers ?
	      pthread_create(&s->thread, NULL, serve, s) : ENOMEM;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ret) {
		dev->count++;
		return 0;
	}
	free_buffers(s);
	close(fd);
	return -ret;
}

int fuse_dev_mount(const struct fuse_dev_params *params,
		   struct fuse_session *session, const struct log *log,
		   struct fuse_dev **ret_dev, const char **ret_what)
{
	unsigned threads = MIN(params->threads, FUSE_DEV_THREADS_MAX);
	struct fuse_dev *dev = calloc(1, sizeof(*dev));
	int fd, clone, ret;

	*ret_what = "memory";
	if (!dev)
		return -ENOMEM;
	dev->session = session;
	dev->log = log;
	dev->thread_init = params->thread_init;
	dev->mountpoint = realpath(params->mountpoint, NULL);
	if (!dev->mountpoint) {
		ret = -errno;
		*ret_what = "mount point";
		free(dev);
		return ret;
	}
	fd = do_mount(params, &dev->by_helper, ret_what);
	if (fd < 0) {
		free(dev->mountpoint);
		free(dev);
		return fd;
	}
	*ret_what = "thread";
	fuse_dev_waits_init(&dev->waits, session, dev->thread_init, log);
	ret = add_server(dev, fd);
	while (!ret && dev->count < threads && (clone = clone_dev(fd)) >= 0)
		if (add_server(dev, clone))
			break;          /* fewer threads will do */
	if (ret) {
		fuse_dev_unmount(dev);
		fuse_dev_join(dev);
		fuse_dev_free(dev);
		return ret;
	}
	*ret_dev = dev;
	return 0;
}

void fuse_dev_join(struct fuse_dev *dev)
{
	for (unsigned i = 0; i < dev->count; i++)
		pthread_join(dev->server[i].thread, NULL);
	fuse_dev_waits_done(&dev->waits);
}

void fuse_dev_free(struct fuse_dev *dev)
{
	for (unsigned i = 0; i < dev->count; i++) {
		close(dev->server[i].fd);
		free_buffers(&dev->server[i]);
	}
	free(dev->mountpoint);
	free(dev);
}

int fuse_dev_unmount(struct fuse_dev *dev)
{
	char *argv[] = { (char *)"fusermount3", (char *)"-u", (char *)"-z",
			 (char *)"--", dev->mountpoint, NULL };

	if (dev->by_helper)
		return run_helper(argv, -1) ? -EPERM : 0;
	return umount2(dev->mountpoint, MNT_DETACH) ? -errno : 0;
}
