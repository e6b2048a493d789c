/* SPDX-License-Identifier: MIT */
/*
 * vuf_share.h - one share behind vhost-user: file server, device, transport.
 */
#ifndef VUF_SHARE_H
#define VUF_SHARE_H

#include "common/event.h"
#include "common/log.h"
#include "plugin/plugin_config.h"

#include <stdbool.h>
#include <stddef.h>

struct vuf_share;

/*
 * A share by its config; with `tell_tag` the front-end can ask for the tag.
 * config and log are borrowed until vuf_share_free().  0 or -errno; then err
 * holds one line for a person.
 */
int vuf_share_new(const struct plugin_config *config, bool tell_tag,
		  const struct log *log, char *err, size_t err_size,
		  struct vuf_share **ret_share);
void vuf_share_free(struct vuf_share *share);

/*
 * Serve one front-end after the other that connects to `listen_fd`, or with
 * `once` one, until `stop` is signalled.  0, or -errno: with `once` what ended
 * the connection, else why no front-end can be taken any more.
 */
int vuf_share_serve(struct vuf_share *share, int listen_fd, bool once,
		    struct event *stop);

#endif
