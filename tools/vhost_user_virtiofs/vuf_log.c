/* SPDX-License-Identifier: MIT */
#include "tools/vhost_user_virtiofs/vuf_log.h"

/* From here on LOG_INFO and some others are the system's numbers. */
#include <syslog.h>

#include <string.h>
#include <time.h>
#include <unistd.h>

static void to_syslog(void *ctx, enum log_level level, const char *target,
		      const char *message)
{
	/* By log_level: off, error, warn, info, debug, trace. */
	static const int priorities[] = {
		LOG_ERR, LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_DEBUG,
	};

	(void)ctx;
	syslog(priorities[level], "%s: %s", target, message);
}

int vuf_log_open(const struct vuf_options *options, struct log *ret_log,
		 char *err, size_t err_size)
{
	static char ident[64];          /* openlog() keeps the pointer */
	int ret;

	log_init(ret_log, STDERR_FILENO);
	if (options->syslog) {
		/*
		 * Now, as within the sandbox neither will be found, and the
		 * process has another id.
		 */
		tzset();
		g_snprintf(ident, sizeof(ident), "vhost-user-virtiofs[%d]",
			   (int)getpid());
		openlog(ident, LOG_NDELAY, LOG_DAEMON);
		log_set_sink(ret_log, to_syslog, NULL);
	}
	if (options->log_file) {
		ret = log_open_file(ret_log, options->log_file);
		if (ret) {
			g_snprintf(err, err_size,
				   "cannot open the log file '%s': %s",
				   options->log_file, strerror(-ret));
			return ret;
		}
	}
	if (options->log_level)
		log_set_filter(ret_log, options->log_level, NULL, 0);
	log_set_filter_from_env(ret_log);
	return 0;
}
