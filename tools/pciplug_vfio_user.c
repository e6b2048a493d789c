/* SPDX-License-Identifier: MIT */
/*
 * pciplug-vfio-user - serve the devices of a pciplug plugin on vfio-user
 * sockets, and run a VMM that has them.
 *
 * Each --virtio-fs (or whatever option the plugin takes) is one PCI function
 * on a socket of its own, with a thread of its own.  The main thread waits for
 * signals, or for the VMM to end.
 */
#include "config.h"

#include "common/log.h"
#include "tools/host_listen.h"
#include "tools/host_options.h"
#include "tools/host_socket.h"
#include "tools/nofile.h"
#include "tools/plugin_load.h"
#include "tools/vfio_user/vfio_user_server.h"
#include "tools/vmm_args.h"
#include "tools/vmm_run.h"

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
	int listen_fd;                  /* -1: there is no socket */
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
	       "  --help            this text\n"
	       "  --version         the version\n"
	       "  -- COMMAND        run a QEMU with the devices attached, and exit with it\n"
	       "\n"
	       "HVLITE_LOG filters the log: off, error, warn, info, debug or trace, or\n"
	       "TARGET=LEVEL, separated by commas.\n");
	return EXIT_OK;
}

/* ---- the functions ---------------------------------------------------- */

static void free_function(void *data)
{
	struct function *f = data;

	vfio_user_server_free(f->server);
	if (f->device)
		vfio_user_device_free(f->device);
	if (f->listen_fd >= 0) {
		unlink(f->path);
		close(f->listen_fd);
	}
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
	return EXIT_OK;
}

static int start_function(struct program *p, struct function *f)
{
	char err[HOST_ERR_MAX / 2];
	int ret;

	if (vfio_user_device_new(&p->plugin.table, f->value, f->name, &p->log,
				 err, sizeof(err), &f->device)) {
		snprintf(p->err, sizeof(p->err), "--%s %s: %s",
			 p->plugin.table.option, f->value, err);
		return fail(p, EXIT_USAGE);
	}
	ret = vfio_user_server_new(f->device, f->listen_fd, f->name, &p->log,
				   &f->server);
	if (ret) {
		snprintf(p->err, sizeof(p->err), "cannot serve '%s': %s",
			 f->path, strerror(-ret));
		return fail(p, EXIT_RUN);
	}
	return EXIT_OK;
}

/* stdout is the VMM's, where there is one. */
static int start_functions(struct program *p)
{
	FILE *to = p->options.command ? stderr : stdout;

	for (guint i = 0; i < p->functions->len; i++) {
		int status = start_function(p, p->functions->pdata[i]);

		if (status)
			return status;
	}
	for (guint i = 0; i < p->functions->len; i++) {
		const struct function *f = p->functions->pdata[i];

		fprintf(to, PROGRAM ": %s is on %s\n", f->value, f->path);
	}
	fflush(to);
	return EXIT_OK;
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

/* ---- running ---------------------------------------------------------- */

/* The VMM with the functions; its exit status. */
static int run_command(struct program *p)
{
	g_auto(GStrv) args = NULL;
	int status;
	pid_t pid;

	args = vmm_args_build(p->options.command, p->paths, p->err,
			      sizeof(p->err));
	if (!args || !vmm_run_check(args[0], p->err, sizeof(p->err)))
		return fail(p, EXIT_USAGE);
	status = start_functions(p);
	if (status)
		return status;
	if (vmm_run_start(args, &pid, p->err, sizeof(p->err)))
		return fail(p, EXIT_RUN);
	raise_nofile();                 /* the VMM has its own limit */
	return vmm_run_wait(pid);
}

static int serve(struct program *p)
{
	int status = add_functions(p);

	if (!status && p->options.command)
		return run_command(p);
	raise_nofile();
	if (!status)
		status = start_functions(p);
	if (!status)
		vmm_run_until_signal();
	return status;
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
	p->functions = g_ptr_array_new_with_free_func(free_function);
	status = serve(p);
	g_ptr_array_unref(p->functions);
	g_strfreev(p->paths);
	if (p->temporary_dir)
		rmdir(p->temporary_dir);
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
