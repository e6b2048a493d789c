/* SPDX-License-Identifier: MIT */
/*
 * guard_map.h - a part of a file that a peer has sent, mapped and guarded.
 *
 * What is beyond the file's end is refused, as touching it would be a SIGBUS.
 * What the peer cuts off later is the guard's business (common/guard.h).  Huge
 * pages are mapped whole, as the kernel takes no part of one away again.
 */
#ifndef COMMON_GUARD_MAP_H
#define COMMON_GUARD_MAP_H

#include "common/guard.h"

#include <stdint.h>

struct guard_map {
	void *start;                    /* NULL: nothing is mapped */
	size_t size;
	uint8_t *bytes;                 /* what was asked for, within */
};

/*
 * Map `size` bytes at `offset` with `prot` (PROT_READ and so on); fd is
 * borrowed.  0; -EINVAL: that makes no sense, or the file is of no such kind;
 * -ENXIO: the file is too short; or what fstat() or mmap() said.
 */
int guard_map(struct guard *guard, int fd, uint64_t offset, uint64_t size,
	      int prot, struct guard_map *ret_map);
/* Nothing, if nothing is mapped. */
void guard_unmap(struct guard_map *map);

#endif
