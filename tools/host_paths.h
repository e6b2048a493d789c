/* SPDX-License-Identifier: MIT */
/*
 * host_paths.h - the directories that the shares are about, of which only the
 * plugin can tell.
 */
#ifndef HOST_PATHS_H
#define HOST_PATHS_H

#include "tools/host_options.h"

/*
 * Those of all shares, some twice perhaps: a NULL-terminated vector for
 * g_strfreev().  NULL: the plugin does not like a share's value, or cannot
 * tell, and err holds one line for a person.
 */
char **host_paths(const GPtrArray *shares, const struct pciplug_plugin *plugin,
		  char *err, size_t err_size);

#endif
