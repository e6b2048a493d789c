/* SPDX-License-Identifier: MIT */
/*
 * plugin_load.h - find and load a pciplug plugin.
 *
 * The plugin is a shared object with the entry of ABI version 1.  Its table is
 * copied over zeros, so that a plugin built with an older or newer header
 * works as long as everything that the header requires is there.
 */
#ifndef PLUGIN_LOAD_H
#define PLUGIN_LOAD_H

#include "include/pciplug.h"

struct plugin_load {
	void *handle;                   /* dlopen()'s */
	struct pciplug_plugin table;
};

/*
 * Load the plugin at `path`.  NULL: virtiofs.so in the folder that the
 * environment variable PCIPLUG_PATH names, or else in the build tree that this
 * program was built in and runs from, or else where it is installed.  0 or
 * -errno; then err holds one line for a person.
 */
int plugin_load_open(const char *path, struct plugin_load *ret_plugin,
		     char *err, size_t err_size);

/* No device may be left. */
void plugin_load_close(struct plugin_load *plugin);

#endif
