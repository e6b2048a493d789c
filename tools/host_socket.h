/* SPDX-License-Identifier: MIT */
/*
 * host_socket.h - where the sockets are: a folder, and a name in it for each
 * function.
 *
 * A function's socket is called TAG.sock, the tag being its option's text up to
 * the first ':' or ',' (",," is a comma of the tag), or "tag" of a JSON object.
 * A tag that cannot be a file name, with a slash, say, is replaced by the
 * function's number.
 */
#ifndef HOST_SOCKET_H
#define HOST_SOCKET_H

#include "tools/host_options.h"

/*
 * The path of each share's socket in `dir`: a NULL-terminated vector for
 * g_strfreev().  NULL: a tag occurs twice, and err holds one line for a person.
 */
char **host_socket_paths(const GPtrArray *shares, const char *dir, char *err,
			 size_t err_size);

/* Is there such a folder?  False: err says what is wrong with it. */
bool host_socket_check_dir(const char *dir, char *err, size_t err_size);

/*
 * A new private folder, in $XDG_RUNTIME_DIR or /tmp; for g_free().  NULL: err
 * says why not.
 */
char *host_socket_make_dir(char *err, size_t err_size);

#endif
