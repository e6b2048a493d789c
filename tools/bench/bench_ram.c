/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench_ram.h"

#include "tools/bench/bench_fail.h"

#include <sys/mman.h>
#include <unistd.h>

void bench_ram_init(struct bench_ram *ram, size_t size)
{
	ram->size = bench_pages(size);
	ram->used = 0;
	ram->fd = memfd_create("virtiofs-bench", MFD_CLOEXEC);
	if (ram->fd < 0 || ftruncate(ram->fd, (off_t)ram->size))
		bench_fail_errno("guest memory of %zu bytes", ram->size);
	ram->base = mmap(NULL, ram->size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE, ram->fd, 0);
	if (ram->base == MAP_FAILED)
		bench_fail_errno("guest memory of %zu bytes", ram->size);
}

void bench_ram_done(struct bench_ram *ram)
{
	munmap(ram->base, ram->size);
	close(ram->fd);
}

void *bench_ram_take(struct bench_ram *ram, size_t size)
{
	void *p = ram->base + ram->used;

	size = bench_pages(size);
	if (size > ram->size - ram->used)
		bench_fail("guest memory of %zu bytes is too small", ram->size);
	ram->used += size;
	return p;
}
