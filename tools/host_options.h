/* SPDX-License-Identifier: MIT */
/*
 * host_options.h - the command line of pciplug-vfio-user.
 *
 * The option that asks for a device is the plugin's (its table says
 * "virtio-fs"), and the plugin is itself an option.  So every option that is
 * not one of ours is taken for the plugin's, and its name is checked when the
 * plugin is known.
 */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include "include/pciplug.h"
#include "tools/sandbox/sandbox.h"

#include <glib.h>
#include <stdbool.h>

#define HOST_ERR_MAX 1024

/* One --OPTION VALUE that may be the plugin's. */
struct host_share {
	char *option;                   /* without dashes */
	const char *value;              /* NULL: there was none */
};

struct host_options {
	bool help;
	bool version;
	const char *plugin;             /* all of these may be NULL */
	const char *socket_dir;
	const char *log_file;
	struct sandbox_options sandbox;
	GPtrArray *shares;              /* of struct host_share */
	char **command;                 /* NULL, or NULL-terminated */
};

/*
 * Read the arguments, which must outlive the result.  False: err holds one
 * line for a person, and there is nothing to be freed.
 */
bool host_options_parse(int argc, char **argv, struct host_options *ret_options,
			char *err, size_t err_size);
void host_options_done(struct host_options *options);

/*
 * Are the options ones that the plugin has, and enough?  False: err holds one
 * line for a person.
 */
bool host_options_check(const struct host_options *options,
			const struct pciplug_plugin *plugin, char *err,
			size_t err_size);

#endif
