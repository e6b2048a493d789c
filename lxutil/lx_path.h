/* SPDX-License-Identifier: MIT */
/*
 * lx_path.h - what a name may be.
 *
 * There are no paths in lxutil, only names: one component below a directory.
 * Whatever could make a name lead elsewhere is refused here, in one place.
 */
#ifndef LXUTIL_LX_PATH_H
#define LXUTIL_LX_PATH_H

/*
 * 0 when `name` is one component.  -LX_EINVAL: "", ".", ".." or a '/' in it;
 * -LX_ENAMETOOLONG: more than LX_NAME_MAX bytes (no more are read).
 */
int lx_check_name(const char *name);

#endif
