/* SPDX-License-Identifier: MIT */
/*
 * vuf_options.h - the command line of vhost-user-virtiofs.
 *
 * It is virtiofsd's (1.14), so that whatever starts virtiofsd can start this
 * program, and that of the C daemon before it (-o NAME[=VALUE],...); and some
 * options of our own.  What virtiofsd's options say of the share becomes the
 * text of a share, TAG:ROOT[,OPTION...] (plugin_config.h), which --virtio-fs
 * takes as it is.  So there is one place that knows what a share can do, and
 * one table (vuf_table.c) that knows virtiofsd's words for it.
 */
#ifndef VUF_OPTIONS_H
#define VUF_OPTIONS_H

#include "tools/sandbox/sandbox.h"

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#define VUF_ERR_MAX 1024

struct vuf_options {
	bool help, version, print_capabilities;
	/* What is shared: the texts that plugin_config_parse() takes. */
	GPtrArray *shares;
	/*
	 * Was the tag given?  Then the front-end is told.  It may be one that
	 * does not ask, and dies of a warning about that (QEMU 7.1 to 8.0).
	 */
	bool has_tag;
	/* Where: one of these. */
	const char *socket_path, *socket_dir, *fd;
	const char *socket_group;
	bool once;
	bool daemonize;
	const char *log_file, *log_level;
	bool syslog;
	struct sandbox_options sandbox;
	GPtrArray *warnings;            /* lines: options without effect */
	/* While parsing: of what the share's text is made. */
	const char *shared_dir, *tag;
	GString *share_options;
	GPtrArray *owned;               /* strings that others point to */
};

/*
 * Read the arguments, which must outlive the result.  False: err holds one
 * line for a person, and there is nothing to be freed.
 */
bool vuf_options_parse(int argc, char **argv, struct vuf_options *ret_options,
		       char *err, size_t err_size);
void vuf_options_done(struct vuf_options *options);

/* The options, with a line or more for each. */
void vuf_options_print(FILE *to);

#endif
