/* SPDX-License-Identifier: MIT */
#include "common/guard_map.h"

#include "common/bytes.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/*
 * What a mapping's offset and length are multiples of, if the file holds all
 * that is to be mapped.
 */
static int check_file(int fd, uint64_t offset, uint64_t size,
		      uint64_t *ret_granule)
{
	uint64_t granule = (uint64_t)sysconf(_SC_PAGESIZE);
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) || fstatfs(fd, &fs))
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return -EINVAL;
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size < offset + size)
		return -ENXIO;
	if (fs.f_type == HUGETLBFS_MAGIC && fs.f_bsize > 0)
		granule = MAX(granule, (uint64_t)fs.f_bsize);
	*ret_granule = granule;
	return 0;
}

int guard_map(struct guard *guard, int fd, uint64_t offset, uint64_t size,
	      int prot, struct guard_map *ret_map)
{
	struct guard_map map = { 0 };
	uint64_t granule = 0, skip;
	int ret;

	if (!size || offset + size <= offset || offset + size > INT64_MAX ||
	    size > SIZE_MAX / 2)
		return -EINVAL;
	ret = check_file(fd, offset, size, &granule);
	if (ret)
		return ret;
	/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a page's, at least */
	skip = offset % granule;
	map.size = (size_t)((skip + size + granule - 1) / granule * granule);
	map.start = mmap(NULL, map.size, prot, MAP_SHARED | MAP_NORESERVE, fd,
			 (off_t)(offset - skip));
	if (map.start == MAP_FAILED)
		/* cppcheck-suppress memleak ; nothing was mapped */
		return -errno;
	ret = guard_add(guard, map.start, map.size);
	if (ret) {
		munmap(map.start, map.size);
		return ret;
	}
	map.bytes = (uint8_t *)map.start + skip;
	*ret_map = map;
	return 0;
}

void guard_unmap(struct guard_map *map)
{
	if (map->start) {
		guard_remove(map->start);
		munmap(map->start, map->size);
	}
	*map = (struct guard_map){ 0 };
}
