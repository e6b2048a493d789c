/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_init.h"

#include "common/bytes.h"
#include "fuse/fuse_session.h"
#include "lxutil/lx.h"

#include <string.h>

/* What this layer does itself, or what every file system behind it can do. */
#define FLAGS_OF_SESSION \
	(FUSE_INIT_EXT | FUSE_MAX_PAGES | FUSE_BIG_WRITES | FUSE_ASYNC_READ | \
	 FUSE_ASYNC_DIO | FUSE_PARALLEL_DIROPS | FUSE_ATOMIC_O_TRUNC | \
	 FUSE_AUTO_INVAL_DATA | FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO)

/* The unit of max_pages is the guest's page; this is the smallest there is. */
#define PAGE_SIZE_MIN 4096u

/*
 * Requests that the guest may have in flight on behalf of nobody (read-ahead,
 * write-back).  Linux' own default of 12 starves a queue; what limits a guest
 * here is the size of its virtqueues.
 */
#define MAX_BACKGROUND 65535u

int fuse_init_propose(const struct fuse_init_in *in,
		      struct fuse_init_info *ret_info)
{
	uint64_t offered = in->flags;

	if (in->major != FUSE_KERNEL_VERSION || in->minor < FUSE_MINOR_MIN)
		return -LX_EPROTO;
	if (offered & FUSE_INIT_EXT)
		offered |= (uint64_t)in->flags2 << 32;
	*ret_info = (struct fuse_init_info){
		.minor = in->minor,
		.offered = offered,
		.flags = offered & FLAGS_OF_SESSION,
		.max_readahead = in->max_readahead,
		.max_write = FUSE_MAX_WRITE,
		.max_background = MAX_BACKGROUND,
		.time_gran = 1,
	};
	return 0;
}

void fuse_init_answer(struct fuse_init_info *info,
		      struct fuse_init_out *ret_out)
{
	uint32_t background = MIN(info->max_background, MAX_BACKGROUND);

	/* These two are about the reply below, whatever init() thinks. */
	info->flags |= FUSE_INIT_EXT | FUSE_MAX_PAGES;
	info->flags &= info->offered;
	/* Linux takes no less than a page for an answer. */
	info->max_write = MAX(MIN(info->max_write, FUSE_MAX_WRITE),
			      PAGE_SIZE_MIN);
	memset(ret_out, 0, sizeof(*ret_out));
	ret_out->major = FUSE_KERNEL_VERSION;
	ret_out->minor = FUSE_KERNEL_MINOR_VERSION;
	ret_out->max_readahead = info->max_readahead;
	ret_out->flags = (uint32_t)info->flags;
	ret_out->flags2 = (uint32_t)(info->flags >> 32);
	ret_out->max_background = (uint16_t)background;
	/* Three quarters, the kernel's own ratio. */
	ret_out->congestion_threshold = (uint16_t)(background / 4 * 3);
	ret_out->max_write = info->max_write;
	ret_out->time_gran = info->time_gran;
	if (info->flags & FUSE_MAX_PAGES)
		ret_out->max_pages =
			(uint16_t)(info->max_write / PAGE_SIZE_MIN);
}
