/* SPDX-License-Identifier: MIT */
/*
 * vhost-user-virtiofs - the virtio-fs device behind the vhost-user protocol.
 *
 * Each share is on a socket of its own, with a thread of its own that serves
 * one front-end after the other.  There are two processes: the child is shut in
 * with the shares and does all that a guest or a front-end can ask for, the
 * parent waits for it and removes the sockets.
 */
#include "config.h"

#include "common/bytes.h"
#include "common/guard.h"
#include "tools/host_socket.h"
#include "tools/unblock.h"
#include "tools/vhost_user_virtiofs/vuf_daemon.h"
#include "tools/vhost_user_virtiofs/vuf_log.h"
#include "tools/vhost_user_virtiofs/vuf_options.h"
#include "tools/vhost_user_virtiofs/vuf_share.h"
#include "tools/vhost_user_virtiofs/vuf_socket.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "vhost-user-virtiofs"

enum { EXIT_OK, EXIT_RUN, EXIT_USAGE };

/* One share, from its text on. */
struct served {
	struct plugin_config config;
	struct vuf_socket socket;
	struct vuf_share *share;
	pthread_t thread;
	bool once;
	int ret;                        /* of vuf_share_serve() */
};

struct program {
	struct vuf_options options;
	struct vuf_daemon daemon;
	struct log log;
	struct served *served;          /* for each of options.shares */
	unsigned configs, sockets, shares, threads;     /* that are there */
	char err[VUF_ERR_MAX];
};

static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };

static sigset_t signal_set;             /* those, and SIGCHLD */
/* By this a signal ends the threads of the child. */
static struct event stop;

static int fail(const struct program *p, int status)
{
	fprintf(stderr, PROGRAM ": %s\n", p->err);
	return status;
}

static int print_help(void)
{
	printf("Usage: " PROGRAM " --shared-dir=DIR --socket-path=PATH [OPTION...]\n"
	       "       " PROGRAM " --virtio-fs=TAG:ROOT[,OPTION...]... --socket-dir=DIR\n"
	       "Share a directory with a virtual machine by virtio-fs and vhost-user.\n"
	       "The options are those of virtiofsd, and some more.\n"
	       "\n");
	vuf_options_print(stdout);
	printf("%s"
	       "\n"
	       "HVLITE_LOG filters the log: off, error, warn, info, debug or trace, or\n"
	       "TARGET=LEVEL, separated by commas.\n", sandbox_option_help);
	return EXIT_OK;
}

/* The back-end's part of QEMU's docs/interop/vhost-user.json. */
static int print_capabilities(void)
{
	puts("{\n"
	     "  \"type\": \"fs\",\n"
	     "  \"features\": [\n"
	     "    \"migrate-precopy\",\n"
	     "    \"posix-acl-negotiation-mode\",\n"
	     "    \"security-label-negotiation-mode\",\n"
	     "    \"separate-options\"\n"
	     "  ]\n"
	     "}");
	return EXIT_OK;
}

/* ---- the child: serving ------------------------------------------------- */

static void on_signal(int signo)
{
	(void)signo;
	event_signal(&stop);
}

static void *serve(void *arg)
{
	struct served *s = arg;

	s->ret = vuf_share_serve(s->share, s->socket.fd, s->once, &stop);
	return NULL;
}

static bool cannot_start(struct program *p, int error)
{
	g_snprintf(p->err, sizeof(p->err), "cannot start a thread: %s",
		   strerror(error));
	event_signal(&stop);
	return false;
}

static bool start_threads(struct program *p)
{
	int ret = unblock_start();

	if (ret)
		return cannot_start(p, -ret);
	for (; p->threads < p->shares; p->threads++) {
		struct served *s = &p->served[p->threads];
		g_autofree char *what = plugin_config_describe(&s->config);

		log_info(&p->log, LOG_VHOST_USER,
			 "virtio-fs '%s' shares %s: waiting on %s",
			 s->config.tag, what, s->socket.path);
		ret = pthread_create(&s->thread, NULL, serve, s);
		if (ret)
			return cannot_start(p, ret);
	}
	return true;
}

static bool make_shares(struct program *p)
{
	for (; p->shares < p->configs; p->shares++) {
		struct served *s = &p->served[p->shares];

		plugin_config_divide(&s->config, p->configs);
		if (vuf_share_new(&s->config, p->options.has_tag, &p->log,
				  p->err, sizeof(p->err), &s->share))
			return false;
		s->once = p->options.once;
	}
	return true;
}

/* The signals are blocked in all threads but this one, which just waits. */
static void take_signals(void)
{
	const struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &action, NULL);
	sigprocmask(SIG_UNBLOCK, &signal_set, NULL);
}

static int serve_all(struct program *p)
{
	int ret = event_init(&stop);
	int status = EXIT_OK;

	if (ret) {
		g_snprintf(p->err, sizeof(p->err), "cannot make an event: %s",
			   strerror(-ret));
		return fail(p, EXIT_RUN);
	}
	if (!make_shares(p) ||
	    sandbox_close(&p->options.sandbox, p->err, sizeof(p->err)) ||
	    !start_threads(p)) {
		status = fail(p, EXIT_RUN);
	} else {
		take_signals();
		vuf_daemon_ready(&p->daemon);
	}
	for (unsigned i = 0; i < p->threads; i++) {
		pthread_join(p->served[i].thread, NULL);
		if (p->served[i].ret)
			status = EXIT_RUN;
	}
	for (unsigned i = 0; i < p->shares; i++)
		vuf_share_free(p->served[i].share);
	event_done(&stop);
	return status;
}

/* ---- the parent --------------------------------------------------------- */

static void block_signals(void)
{
	sigemptyset(&signal_set);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaddset(&signal_set, signals[i]);
	sigaddset(&signal_set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signal_set, NULL);
	signal(SIGCHLD, SIG_DFL);       /* or there is no exit status */
	signal(SIGPIPE, SIG_IGN);
	guard_catch();
}

static bool parse_configs(struct program *p)
{
	for (guint i = 0; i < p->options.shares->len; i++) {
		g_autoptr(GError) error = NULL;
		bool ok = plugin_config_parse(p->options.shares->pdata[i],
					      &p->served[i].config, &error);

		p->configs++;
		if (ok)
			continue;
		g_snprintf(p->err, sizeof(p->err), "%s", error->message);
		return false;
	}
	return true;
}

static char **socket_paths(struct program *p)
{
	g_autoptr(GPtrArray) shares = g_ptr_array_new_with_free_func(g_free);
	const char *dir = p->options.socket_dir;

	for (guint i = 0; i < p->options.shares->len; i++) {
		struct host_share *share = g_new0(struct host_share, 1);

		share->value = p->options.shares->pdata[i];
		g_ptr_array_add(shares, share);
	}
	if (!host_socket_check_dir(dir, p->err, sizeof(p->err)))
		return NULL;
	return host_socket_paths(shares, dir, p->err, sizeof(p->err));
}

/* One socket, at a path or inherited, or one for each share in a folder. */
static bool open_sockets(struct program *p)
{
	const struct vuf_options *o = &p->options;
	g_auto(GStrv) paths = NULL;

	if (o->socket_dir) {
		paths = socket_paths(p);
		if (!paths)
			return false;
	}
	for (; p->sockets < p->configs; p->sockets++) {
		struct vuf_socket *s = &p->served[p->sockets].socket;
		int ret;

		if (o->fd)
			ret = vuf_socket_inherit(o->fd, p->err, sizeof(p->err),
						 s);
		else
			ret = vuf_socket_open(paths ? paths[p->sockets] :
						      o->socket_path,
					      o->socket_group, p->err,
					      sizeof(p->err), s);
		if (ret)
			return false;
	}
	return true;
}

/* What the child will open for a share. */
static void add_places(const struct plugin_config *config, GArray *shares,
		       struct sandbox_options *sandbox)
{
	struct vfs_folder folder;

	for (guint i = 0; plugin_config_folder(config, i, &folder); i++) {
		const struct sandbox_share share = {
			.path = folder.root,
			.read_only = folder.options.read_only,
		};

		g_array_append_val(shares, share);
		sandbox->no_file_handles &=
			folder.options.inode_file_handles == LX_HANDLES_NEVER;
	}
}

static int enter_sandbox(struct program *p, pid_t *ret_child)
{
	g_autoptr(GArray) shares =
		g_array_new(FALSE, FALSE, sizeof(struct sandbox_share));
	struct sandbox_options *sandbox = &p->options.sandbox;

	sandbox->no_file_handles = true;
	for (unsigned i = 0; i < p->configs; i++)
		add_places(&p->served[i].config, shares, sandbox);
	return sandbox_enter(sandbox, (void *)shares->data, shares->len,
			     p->err, sizeof(p->err), ret_child);
}

/* The child serves and exits; the parent waits for that. */
static int serve_in_child(struct program *p)
{
	pid_t child;
	int status;

	if (enter_sandbox(p, &child))
		return fail(p, EXIT_RUN);
	if (!child)
		_exit(serve_all(p));
	vuf_daemon_leave(&p->daemon);
	status = sandbox_wait(child, p->err, sizeof(p->err));
	return *p->err ? fail(p, status) : status;
}

static int run(struct program *p)
{
	const struct vuf_options *o = &p->options;
	int status;

	if (!parse_configs(p))
		return fail(p, EXIT_USAGE);
	block_signals();
	if ((o->daemonize &&
	     vuf_daemon_start(&p->daemon, p->err, sizeof(p->err))) ||
	    vuf_log_open(o, &p->log, p->err, sizeof(p->err)))
		return fail(p, EXIT_RUN);
	for (guint i = 0; i < o->warnings->len; i++)
		log_warn(&p->log, LOG_VHOST_USER, "%s",
			 (const char *)o->warnings->pdata[i]);
	status = open_sockets(p) ? serve_in_child(p) : fail(p, EXIT_RUN);
	for (unsigned i = 0; i < p->sockets; i++)
		vuf_socket_close(&p->served[i].socket);
	log_done(&p->log);
	return status;
}

int main(int argc, char **argv)
{
	struct program p = { .daemon = VUF_DAEMON_NONE };
	int status;

	if (!vuf_options_parse(argc, argv, &p.options, p.err, sizeof(p.err)))
		return fail(&p, EXIT_USAGE);
	if (p.options.help)
		status = print_help();
	else if (p.options.version)
		status = puts(PROGRAM " " PACKAGE_VERSION) < 0;
	else if (p.options.print_capabilities)
		status = print_capabilities();
	else {
		p.served = g_new0(struct served, p.options.shares->len);
		status = run(&p);
		for (unsigned i = 0; i < p.configs; i++)
			plugin_config_done(&p.served[i].config);
		g_free(p.served);
	}
	vuf_options_done(&p.options);
	return status;
}
