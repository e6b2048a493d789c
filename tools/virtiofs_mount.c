/* SPDX-License-Identifier: MIT */
/*
 * virtiofs-mount - the VirtioFs server on /dev/fuse: a share without a VM.
 *
 * What a guest sees of a share is mounted on this host.  It serves until it
 * is unmounted or told to end by a signal, and then exits.
 */
#include "config.h"

#include "fuse/dev/fuse_dev.h"
#include "lxutil/lx_volume.h"
#include "plugin/plugin_config.h"
#include "tools/nofile.h"
#include "tools/sandbox/sandbox_seccomp.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROGRAM "virtiofs-mount"
#define THREADS_DEFAULT 4

struct options {
	const char *share, *mountpoint, *log_file;
	unsigned threads;
	bool has_nofile;
	guint64 nofile;
	struct sandbox_options sandbox; /* its seccomp */
};

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: " PROGRAM " [OPTION...] TAG:ROOT[,OPTION...] MOUNTPOINT\n"
		"Mount on this host what a guest would see of a virtio-fs share.\n"
		"\n"
		"  --threads=N      threads that serve (default: %d)\n"
		"  --rlimit-nofile=N\n"
		"                   how many descriptors it may have; 0: as many as now\n"
		"                   (default: up to 1000000)\n"
		"  --seccomp=kill|log|trap|none\n"
		"                   what a system call comes to that servers in a sandbox\n"
		"                   are not allowed (default: none)\n"
		"  --log-file=PATH  append the log to PATH instead of stderr\n"
		"  --help           show this\n"
		"  --version        show the version\n"
		"\n"
		"It ends when MOUNTPOINT is unmounted, or by SIGINT or SIGTERM.\n"
		"HVLITE_LOG=fuse=trace,virtiofs=trace logs every request and reply.\n"
		"\n%s", THREADS_DEFAULT, plugin_option_help);
}

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *format, ...)
{
	va_list ap;

	fputs(PROGRAM ": ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static void parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "threads", required_argument, NULL, 't' },
		{ "rlimit-nofile", required_argument, NULL, 'n' },
		{ "seccomp", required_argument, NULL, 's' },
		{ "log-file", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	guint64 threads = THREADS_DEFAULT;
	char err[SANDBOX_ERR_MAX];
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 't':
			if (!g_ascii_string_to_unsigned(optarg, 10, 1,
							FUSE_DEV_THREADS_MAX,
							&threads, NULL))
				die("--threads=%s: expected 1 to %d", optarg,
				    FUSE_DEV_THREADS_MAX);
			break;
		case 'n':
			if (!g_ascii_string_to_unsigned(optarg, 10, 0, INT_MAX,
							&o->nofile, NULL))
				die("--rlimit-nofile=%s: expected a number",
				    optarg);
			o->has_nofile = true;
			break;
		case 's':
			if (!sandbox_set_option(&o->sandbox, "seccomp", optarg,
						err, sizeof(err)))
				die("%s", err);
			break;
		case 'l':
			o->log_file = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'V':
			puts(PROGRAM " " PACKAGE_VERSION);
			exit(0);
		default:        /* getopt has said what is wrong */
			exit(2);
		}
	}
	if (argc - optind != 2)
		die("expected TAG:ROOT and MOUNTPOINT (see --help)");
	o->share = argv[optind];
	o->mountpoint = argv[optind + 1];
	o->threads = (unsigned)threads;
}

/* The mount, and whether it is gone already. */
struct mounted {
	struct fuse_dev *dev;
	_Atomic bool over;
};

/* Turns the first signal into an unmount, which ends the serving threads. */
static void *unmount_on_signal(void *arg)
{
	const struct mounted *mounted = arg;
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	while (sigwait(&set, &signal))
		;
	if (!mounted->over)
		fuse_dev_unmount(mounted->dev);
	return NULL;
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static bool is_read_only(const struct plugin_config *config)
{
	struct vfs_folder folder;

	for (guint i = 0; plugin_config_folder(config, i, &folder); i++)
		if (!folder.options.read_only)
			return false;
	return true;
}

/* What a server in a sandbox may do, and unmounting, which it need not. */
static void limit_calls(const struct options *o)
{
	const int more[] = { SYS_umount2 };
	char err[SANDBOX_ERR_MAX];

	if (sandbox_seccomp(o->sandbox.seccomp, more, 1, err, sizeof(err)))
		die("%s", err);
}

static void serve(const struct options *o, const struct plugin_config *config,
		  struct fuse_session *session, const struct log *log)
{
	const struct fuse_dev_params params = {
		.source = config->tag,
		.mountpoint = o->mountpoint,
		.read_only = is_read_only(config),
		.threads = o->threads,
		.thread_init = lx_thread_init,
	};
	g_autofree char *what_is_shared = NULL;
	struct mounted mounted = { .over = false };
	pthread_t thread;
	const char *what;
	int ret;

	ret = fuse_dev_mount(&params, session, log, &mounted.dev, &what);
	if (ret)
		die("%s: %s: %s", o->mountpoint, what, strerror(-ret));
	if (pthread_create(&thread, NULL, unmount_on_signal, &mounted)) {
		fuse_dev_unmount(mounted.dev);
		die("cannot start a thread");
	}
	what_is_shared = plugin_config_describe(config);
	log_info(log, LOG_PLUGIN, "'%s' shares %s at %s", config->tag,
		 what_is_shared, o->mountpoint);
	limit_calls(o);
	fuse_dev_join(mounted.dev);
	mounted.over = true;
	/* NOLINTNEXTLINE(bugprone-*,cert-pos44-c): it is in sigwait() */
	pthread_kill(thread, SIGTERM);
	pthread_join(thread, NULL);
	fuse_dev_free(mounted.dev);
}

static void limit_descriptors(const struct options *o)
{
	int ret = o->has_nofile ? nofile_set(o->nofile) : nofile_raise();

	if (ret)
		die("--rlimit-nofile: cannot set the limit of descriptors: %s",
		    strerror(-ret));
}

int main(int argc, char **argv)
{
	struct options o = { .sandbox.seccomp = SANDBOX_SECCOMP_NONE };
	struct plugin_config config;
	struct fuse_session *session;
	struct vfs_server *server;
	g_autoptr(GError) error = NULL;
	struct log log;
	int ret;

	parse(argc, argv, &o);
	if (o.sandbox.seccomp != SANDBOX_SECCOMP_NONE && geteuid())
		die("--seccomp is for root: others unmount by fusermount3");
	if (!plugin_config_parse(o.share, &config, &error))
		die("%s", error->message);
	block_signals();
	limit_descriptors(&o);
	log_init(&log, 2);
	ret = o.log_file ? log_open_file(&log, o.log_file) : 0;
	if (ret)
		die("--log-file %s: %s", o.log_file, strerror(-ret));
	log_set_filter_from_env(&log);
	if (!plugin_config_serve(&config, &log, &server, &error))
		die("%s", error->message);
	session = fuse_session_new(vfs_server_ops(server), server, &log);
	if (!session)
		die("out of memory");
	serve(&o, &config, session, &log);
	fuse_session_free(session);
	vfs_server_free(server);
	plugin_config_done(&config);
	log_done(&log);
	return 0;
}
