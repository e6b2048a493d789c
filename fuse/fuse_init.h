/* SPDX-License-Identifier: MIT */
/*
 * fuse_init.h - what a guest and a server agree on at INIT.
 *
 * The guest tells its version, its flags and its limits.  The server answers
 * with its own version, of which the lower counts, with those of the offered
 * flags that it wants, and with its limits.  Versions below 7.27 are refused:
 * virtio-fs came with 7.31, and all records have had one size since 7.23.
 */
#ifndef FUSE_FUSE_INIT_H
#define FUSE_FUSE_INIT_H

#include "fuse/fuse_ops.h"

#define FUSE_MINOR_MIN 27u

/*
 * Read what the guest offers, and propose an answer to it.  0, or -LX_EPROTO:
 * a version that is not spoken here.
 */
int fuse_init_propose(const struct fuse_init_in *in,
		      struct fuse_init_info *ret_info);

/* The reply that tells what was agreed on; settles info->flags. */
void fuse_init_answer(struct fuse_init_info *info,
		      struct fuse_init_out *ret_out);

#endif
