/* SPDX-License-Identifier: MIT */
/*
 * bench_server.c - start a vhost-user server, and end it: ours or a peer's,
 * by the command line that its users would type.
 */
#include "tools/bench/bench_device.h"
#include "tools/bench/bench_fail.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 5000

struct server {
	pid_t pid;
	char *dir;                      /* of the socket */
	char *path;
	/* The connection to it. */
	const struct bench_device_ops *ops;
	void *impl;
};

/* %s and %d in one argument. */
static char *fill(const char *arg, const char *sock, const char *dir)
{
	GString *text = g_string_new(NULL);

	for (; *arg; arg++) {
		if (arg[0] == '%' && (arg[1] == 's' || arg[1] == 'd'))
			g_string_append(text, *++arg == 's' ? sock : dir);
		else
			g_string_append_c(text, *arg);
	}
	return g_string_free(text, FALSE);
}

static void run(char **argv)
{
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	/* NOLINTNEXTLINE(clang-analyzer-core.*): there is one */
	execvp(argv[0], argv);
	_exit(127);
}

/* Wait until the server listens. */
static void await(struct server *s, const char *command)
{
	struct stat st;
	int status;

	for (int ms = 0; ms < START_MS; ms += 10) {
		if (!stat(s->path, &st) && S_ISSOCK(st.st_mode))
			return;
		if (waitpid(s->pid, &status, WNOHANG) == s->pid)
			bench_fail("%s: ends with status %d", command,
				   WIFEXITED(status) ? WEXITSTATUS(status) :
						       -1);
		usleep(10000);
	}
	bench_fail("%s: no socket after %d ms", command, START_MS);
}

/* With the socket and what the server may have put beside it. */
static void remove_dir(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		char *file = g_build_filename(path, name, NULL);

		g_unlink(file);
		g_free(file);
	}
	if (dir)
		g_dir_close(dir);
	g_rmdir(path);
}

static void close_server(struct bench_device *dev)
{
	struct server *s = dev->impl;

	dev->impl = s->impl;
	s->ops->close(dev);
	kill(s->pid, SIGTERM);
	waitpid(s->pid, NULL, 0);
	remove_dir(s->dir);
	g_free(s->path);
	g_free(s->dir);
	g_free(s);
}

static const struct bench_device_ops server_ops = { .close = close_server };

void bench_server_open(struct bench_device *dev, const char *command,
		       const char *dir)
{
	struct server *s = g_new0(struct server, 1);
	GError *error = NULL;
	char **argv;

	s->dir = g_dir_make_tmp("virtiofs-bench-XXXXXX", &error);
	if (!s->dir || !g_shell_parse_argv(command, NULL, &argv, &error))
		bench_fail("%s", error->message);
	s->path = g_build_filename(s->dir, "sock", NULL);
	for (char **arg = argv; *arg; arg++) {
		char *text = fill(*arg, s->path, dir);

		g_free(*arg);
		*arg = text;
	}
	s->pid = fork();
	if (s->pid < 0)
		bench_fail_errno("fork");
	if (!s->pid)
		run(argv);
	await(s, command);
	g_strfreev(argv);
	bench_vhost_user_open(dev, s->path);
	dev->server = s->pid;
	s->ops = dev->ops;
	s->impl = dev->impl;
	dev->ops = &server_ops;
	dev->impl = s;
}
