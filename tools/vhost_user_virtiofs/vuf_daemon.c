/* SPDX-License-Identifier: MIT */
#include "tools/vhost_user_virtiofs/vuf_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The old process: exit when the new one is ready, or as it has exited. */
static _Noreturn void wait_for(pid_t pid, int fd)
{
	char byte;
	int status;

	if (read(fd, &byte, 1) == 1)
		_exit(0);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

int vuf_daemon_start(struct vuf_daemon *daemon, char *err, size_t err_size)
{
	struct vuf_daemon d = VUF_DAEMON_NONE;
	int fds[2] = { -1, -1 };
	int ret;
	pid_t pid;

	d.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (d.null_fd < 0 || pipe2(fds, O_CLOEXEC))
		goto failed;
	pid = fork();
	if (pid < 0)
		goto failed;
	if (pid) {
		close(fds[1]);
		wait_for(pid, fds[0]);
	}
	close(fds[0]);
	setsid();
	d.ready_fd = fds[1];
	*daemon = d;
	return 0;
failed:
	ret = -errno;
	snprintf(err, err_size, "cannot go to the background: %s",
		 strerror(-ret));
	if (d.null_fd >= 0)
		close(d.null_fd);
	if (fds[0] >= 0) {
		close(fds[0]);
		close(fds[1]);
	}
	return ret;
}

void vuf_daemon_leave(struct vuf_daemon *daemon)
{
	if (daemon->null_fd < 0)
		return;
	for (int fd = 0; fd <= 2; fd++)
		dup2(daemon->null_fd, fd);
	close(daemon->null_fd);
	close(daemon->ready_fd);
	*daemon = (struct vuf_daemon)VUF_DAEMON_NONE;
}

void vuf_daemon_ready(struct vuf_daemon *daemon)
{
	ssize_t told = 0;

	if (daemon->ready_fd >= 0)
		told = write(daemon->ready_fd, "", 1);
	(void)told;                     /* nobody may be waiting any more */
	vuf_daemon_leave(daemon);
}
