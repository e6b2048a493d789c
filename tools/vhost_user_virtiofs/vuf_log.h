/* SPDX-License-Identifier: MIT */
/*
 * vuf_log.h - where the log of vhost-user-virtiofs goes: stderr, a file, or
 * the system's log; and what is in it.
 */
#ifndef VUF_LOG_H
#define VUF_LOG_H

#include "common/log.h"
#include "tools/vhost_user_virtiofs/vuf_options.h"

/*
 * Set the log up by --log-file, --syslog, --log-level and the environment,
 * which wins.  0 or -errno; then err holds one line for a person.
 */
int vuf_log_open(const struct vuf_options *options, struct log *ret_log,
		 char *err, size_t err_size);

#endif
