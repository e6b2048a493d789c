/* SPDX-License-Identifier: MIT */
/*
 * pciplug-vfio-user - serve the devices of a pciplug plugin on vfio-user
 * sockets, and run a VMM that has them.
 *
 * Each --virtio-fs (or whatever option the plugin takes) is one PCI function
 * on a socket of its own, with a thread of its own.  They are in a process of
 * their own, shut in with the shares, whose main thread waits for signals.  The
 * one outside has made the sockets and will remove them, and runs the VMM.
 */
#include "config.h"

#include "common/guard.h"
#include "common/log.h"
#include "tools/host_listen.h"
#include "tools/host_options.h"
#include "tools/host_paths.h"
#include "tools/host_socket.h"
#include "tools/plugin_load.h"
#include "tools/unblock.h"
#include "tools/vfio_user/vfio_user_server.h"
#include "tools/vmm_args.h"
#include "tools/vmm_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "pciplug-vfio-user"

enum { EXIT_OK, EXIT_RUN, EXIT_USAGE };

/* One share: a device on a socket. */
struct function {
	const char *value;              /* of the option */
	const char *path;               /* of the socket */
	char *name;                     /* for the log */
	int listen_fd;                  /* -1: not, or no longer */
	bool has_socket;
	struct vfio_user_device *device;
	struct vfio_user_server *server;
};

struct program {
	struct host_options options;
	struct plugin_load plugin;
	struct log log;
	char *temporary_dir;            /* NULL: none was made */
	char **paths;                   /* of the sockets */
	GPtrArray *functions;           /* of struct function */
	pid_t server;                   /* 0: that is us; -1: there is none */
	char err[HOST_ERR_MAX];
};

static int fail(const struct program *p, int status)
{
	fprintf(stderr, PROGRAM ": %s\n", p->err);
	return status;
}

/* The plugin's own words, set in below its option. */
static void print_option_help(const char *text)
{
	while (*text) {
		int len = (int)strcspn(text, "\n");

		printf("      %.*s\n", len, text);
		text += len;
		text += *text == '\n';
	}
}

static int print_help(const struct program *p)
{
	const struct pciplug_plugin *t = &p->plugin.table;

	printf("Usage: " PROGRAM " --%s %s... --socket-dir DIR\n"
	       "       " PROGRAM " --%s %s... [OPTION...] -- COMMAND [ARGUMENT...]\n"
	       "Serve the PCI devices of the plugin %s on vfio-user sockets.\n"
	       "\n", t->option, t->option_value, t->option, t->option_value,
	       t->name);
	printf("  --%s %s\n", t->option, t->option_value);
	print_option_help(t->option_help);
	printf("  --socket-dir DIR  where the sockets are made, each TAG.sock\n"
	       "  --log-file PATH   append the log to PATH instead of stderr\n"
	       "  --plugin PATH     the plugin, instead of the installed virtiofs.so\n"
	       "%s"
	       "  --help            this text\n"
	       "  --version         the version\n"
	       "  -- COMMAND        run a QEMU with the devices attached, and exit with it\n"
	       "\n"
	       "HVLITE_LOG filters the log: off, error, warn, info, debug or trace, or\n"
	       "TARGET=LEVEL, separated by commas.\n",
	       sandbox_option_help);
	return EXIT_OK;
}

/* ---- the functions ---------------------------------------------------- */

static void stop_listening(struct function *f)
{
	if (f->listen_fd >= 0)
		close(f->listen_fd);
	f->listen_fd = -1;
}

static void free_function(void *data)
{
	struct function *f = data;

	vfio_user_server_free(f->server);
	if (f->device)
		vfio_user_device_free(f->device);
	stop_listening(f);
	g_free(f->name);
	g_free(f);
}

/* The socket comes first: what can be wrong with it is cheap to see. */
static int add_function(struct program *p, const char *value, const char *path)
{
	struct function *f = g_new0(struct function, 1);

	f->value = value;
	f->path = path;
	f->name = g_path_get_basename(path);
	f->listen_fd = -1;
	g_ptr_array_add(p->functions, f);
	if (host_listen(path, NULL, p->err, sizeof(p->err), &f->listen_fd))
		return fail(p, EXIT_USAGE);
	f->has_socket = true;
	return EXIT_OK;
}

static int make_device(struct program *p, struct function *f)
{
	char err[HOST_ERR_MAX / 2];

	if (vfio_user_device_new(&p->plugin.table, f->value, p->functions->len,
				 f->name, &p->log, err, sizeof(err),
				 &f->device)) {
		snprintf(p->err, sizeof(p->err), "--%s %s: %s",
			 p->plugin.table.option, f->value, err);
		return fail(p, EXIT_USAGE);
	}
	return EXIT_OK;
}

static int start_server(struct program *p, struct function *f)
{
	int ret = vfio_user_server_new(f->device, f->listen_fd, f->name,
				       &p->log, &f->server);

	if (ret) {
		snprintf(p->err, sizeof(p->err), "cannot serve '%s': %s",
			 f->path, strerror(-ret));
		return fail(p, EXIT_RUN);
	}
	return EXIT_OK;
}

static int for_each_function(struct program *p,
			     int (*act)(struct program *p, struct function *f))
{
	int status = EXIT_OK;

	for (guint i = 0; !status && i < p->functions->len; i++)
		status = act(p, p->functions->pdata[i]);
	return status;
}

static int start_servers(struct program *p)
{
	int ret = unblock_start();

	if (!ret)
		return for_each_function(p, start_server);
	snprintf(p->err, sizeof(p->err), "cannot start a thread: %s",
		 strerror(-ret));
	return fail(p, EXIT_RUN);
}

/* What devices make, they make before the sandbox is closed. */
static int start_functions(struct program *p)
{
	int status = for_each_function(p, make_device);

	if (!status &&
	    sandbox_close(&p->options.sandbox, p->err, sizeof(p->err)))
		status = fail(p, EXIT_RUN);
	return status ? status : start_servers(p);
}

/* stdout is the VMM's, where there is one. */
static void say_where(const struct program *p)
{
	FILE *to = p->options.command ? stderr : stdout;

	for (guint i = 0; i < p->functions->len; i++) {
		const struct function *f = p->functions->pdata[i];

		fprintf(to, PROGRAM ": %s is on %s\n", f->value, f->path);
	}
	fflush(to);
}

/* By the one outside: the other does not know them by these paths. */
static void remove_sockets(const struct program *p)
{
	for (guint i = 0; i < p->functions->len; i++) {
		const struct function *f = p->functions->pdata[i];

		if (f->has_socket)
			unlink(f->path);
	}
	if (p->temporary_dir)
		rmdir(p->temporary_dir);
}

/* Choose the sockets' paths, and listen there. */
static int add_functions(struct program *p)
{
	const char *dir = p->options.socket_dir;

	if (!dir)
		dir = p->temporary_dir =
			host_socket_make_dir(p->err, sizeof(p->err));
	if (!dir)
		return fail(p, EXIT_RUN);
	if (!host_socket_check_dir(dir, p->err, sizeof(p->err)))
		return fail(p, EXIT_USAGE);
	p->paths = host_socket_paths(p->options.shares, dir, p->err,
				     sizeof(p->err));
	if (!p->paths)
		return fail(p, EXIT_USAGE);
	for (guint i = 0; i < p->options.shares->len; i++) {
		const struct host_share *share = p->options.shares->pdata[i];
		int status = add_function(p, share->value, p->paths[i]);

		if (status)
			return status;
	}
	return EXIT_OK;
}

/* ---- inside ----------------------------------------------------------- */

/* Serve until told to end; `ready` hears when the functions are there. */
static int serve(struct program *p, int ready)
{
	int status = start_functions(p);

	if (!status && write(ready, "", 1) != 1)
		status = EXIT_RUN;      /* who would hear it is gone */
	close(ready);
	if (status)
		return status;
	if (p->options.command)
		vmm_run_until_term();
	else
		vmm_run_until_signal();
	return EXIT_OK;
}

/* ---- outside ---------------------------------------------------------- */

static void report_end(struct program *p, int wait_status)
{
	sandbox_status(wait_status, p->err, sizeof(p->err));
	if (*p->err)
		log_error(&p->log, LOG_VFIO_USER, "%s", p->err);
	else
		log_error(&p->log, LOG_VFIO_USER, "the server has ended");
	p->server = -1;
}

/* Until the VMM ends; its exit status. */
static int wait_for_vmm(struct program *p, pid_t vmm)
{
	char line[SANDBOX_ERR_MAX];
	int wait_status;
	pid_t ended;

	while ((ended = vmm_run_wait(vmm, &wait_status)) != vmm) {
		if (ended == p->server)
			report_end(p, wait_status);
	}
	return sandbox_status(wait_status, line, sizeof(line));
}

/* The exit status of the server, which is or will be told to end. */
static int wait_for_server(struct program *p)
{
	int status;

	if (p->server < 0)
		return EXIT_RUN;
	status = sandbox_wait(p->server, p->err, sizeof(p->err));
	p->server = -1;
	if (*p->err)
		log_error(&p->log, LOG_VFIO_USER, "%s", p->err);
	return status;
}

static int run_vmm(struct program *p, char **args)
{
	pid_t vmm;
	int status;

	if (vmm_run_start(args, &vmm, p->err, sizeof(p->err)))
		status = fail(p, EXIT_RUN);
	else
		status = wait_for_vmm(p, vmm);
	if (p->server > 0)
		kill(p->server, SIGTERM);
	wait_for_server(p);
	return status;
}

/* With the server inside, which says on `ready` when it serves. */
static int attend(struct program *p, char **args, int ready)
{
	char byte;
	ssize_t n;

	/* They are the server's now, and gone when it is. */
	for (guint i = 0; i < p->functions->len; i++)
		stop_listening(p->functions->pdata[i]);
	do
		n = read(ready, &byte, 1);
	while (n < 0 && errno == EINTR);
	close(ready);
	if (n != 1)
		return wait_for_server(p);      /* it has said why */
	say_where(p);
	return args ? run_vmm(p, args) : wait_for_server(p);
}

/* ---- both ------------------------------------------------------------- */

/* From here on there are two of us. */
static int part(struct program *p, char **paths)
{
	const guint count = g_strv_length(paths);
	g_autofree struct sandbox_share *shares =
		g_new0(struct sandbox_share, count + 1);

	for (guint i = 0; i < count; i++)
		shares[i].path = paths[i];
	if (!sandbox_enter(&p->options.sandbox, shares, count, p->err,
			   sizeof(p->err), &p->server))
		return EXIT_OK;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): g_autofree */
	p->server = -1;
	return fail(p, EXIT_USAGE);
}

static int part_and_serve(struct program *p, char **args)
{
	g_auto(GStrv) paths = NULL;
	int ready[2], status;

	if (p->options.sandbox.mode == SANDBOX_NONE)
		paths = g_new0(char *, 1);
	else
		paths = host_paths(p->options.shares, &p->plugin.table, p->err,
				   sizeof(p->err));
	if (!paths)
		return fail(p, EXIT_USAGE);
	if (pipe2(ready, O_CLOEXEC)) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): g_auto */
		snprintf(p->err, sizeof(p->err), "cannot make a pipe: %s",
			 strerror(errno));
		return fail(p, EXIT_RUN);
	}
	status = part(p, paths);
	if (!p->server) {
		close(ready[0]);
		return serve(p, ready[1]);
	}
	close(ready[1]);
	if (!status)
		return attend(p, args, ready[0]);
	close(ready[0]);
	return status;
}

static int run_functions(struct program *p)
{
	g_auto(GStrv) args = NULL;
	int status = add_functions(p);

	if (status)
		return status;
	if (p->options.command) {
		args = vmm_args_build(p->options.command, p->paths, p->err,
				      sizeof(p->err));
		if (!args || !vmm_run_check(args[0], p->err, sizeof(p->err)))
			return fail(p, EXIT_USAGE);
	}
	return part_and_serve(p, args);
}

static int open_log(struct program *p)
{
	const char *path = p->options.log_file;
	int ret;

	log_init(&p->log, STDERR_FILENO);
	if (path) {
		ret = log_open_file(&p->log, path);
		if (ret) {
			snprintf(p->err, sizeof(p->err),
				 "cannot open the log file '%s': %s", path,
				 strerror(-ret));
			return fail(p, EXIT_USAGE);
		}
	}
	log_set_filter_from_env(&p->log);
	return EXIT_OK;
}

static int run(struct program *p)
{
	int status;

	if (!host_options_check(&p->options, &p->plugin.table, p->err,
				sizeof(p->err)))
		return fail(p, EXIT_USAGE);
	status = open_log(p);
	if (status)
		return status;
	vmm_run_block_signals();
	guard_catch();
	p->server = -1;
	p->functions = g_ptr_array_new_with_free_func(free_function);
	status = run_functions(p);
	if (p->server)
		remove_sockets(p);
	g_ptr_array_unref(p->functions);
	g_strfreev(p->paths);
	g_free(p->temporary_dir);
	log_done(&p->log);
	return status;
}

static int load_and_run(struct program *p)
{
	int status;

	if (p->options.version) {
		printf(PROGRAM " " PACKAGE_VERSION "\n");
		return EXIT_OK;
	}
	if (plugin_load_open(p->options.plugin, &p->plugin, p->err,
			     sizeof(p->err)))
		return fail(p, EXIT_USAGE);
	status = p->options.help ? print_help(p) : run(p);
	plugin_load_close(&p->plugin);
	return status;
}

int main(int argc, char **argv)
{
	struct program p = { .temporary_dir = NULL };
	int status;

	if (!host_options_parse(argc, argv, &p.options, p.err, sizeof(p.err)))
		return fail(&p, EXIT_USAGE);
	status = load_and_run(&p);
	host_options_done(&p.options);
	return status;
}
