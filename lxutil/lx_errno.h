/* SPDX-License-Identifier: MIT */
/*
 * lx_errno.h - from the host's errno to Linux' numbers; private to lxutil.
 */
#ifndef LXUTIL_LX_ERRNO_H
#define LXUTIL_LX_ERRNO_H

/* The LX_E... number (positive) of a host errno; LX_EIO: it has none. */
int lx_errno_from_host(int host);

#endif
