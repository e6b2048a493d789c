/* SPDX-License-Identifier: MIT */
#include "tests/lib/fake_ram.h"

#include "common/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "fake_ram: %s\n", what);
	abort();
}

void fake_ram_init(struct fake_ram *ram, uint64_t gpa, size_t size)
{
	*ram = (struct fake_ram){ .gpa = gpa, .size = size };
	ram->fd = memfd_create("fake_ram", MFD_CLOEXEC);
	if (ram->fd < 0 || ftruncate(ram->fd, (off_t)size))
		die("no memory");
	ram->base = fake_ram_map(ram);
	pthread_mutex_init(&ram->lock, NULL);
}

void fake_ram_done(struct fake_ram *ram)
{
	fake_ram_unmap(ram, ram->base);
	close(ram->fd);
	pthread_mutex_destroy(&ram->lock);
}

void *fake_ram_map(const struct fake_ram *ram)
{
	void *p = mmap(NULL, ram->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       ram->fd, 0);

	if (p == MAP_FAILED)
		die("cannot be mapped");
	return p;
}

void fake_ram_unmap(const struct fake_ram *ram, void *alias)
{
	munmap(alias, ram->size);
}

uint64_t fake_ram_alloc(struct fake_ram *ram, size_t size, size_t align)
{
	size_t at = (size_t)align_up(ram->used, align);

	if (at > ram->size || size > ram->size - at)
		die("used up");
	ram->used = at + size;
	return ram->gpa + at;
}

size_t fake_ram_mark(const struct fake_ram *ram)
{
	return ram->used;
}

void fake_ram_release(struct fake_ram *ram, size_t mark)
{
	ram->used = mark;
}

void *fake_ram_ptr(const struct fake_ram *ram, uint64_t gpa)
{
	if (!range_within(gpa, 1, ram->gpa, ram->size))
		die("an address that is not in it");
	return ram->base + (gpa - ram->gpa);
}

uint16_t fake_ram_load16(struct fake_ram *ram, uint64_t gpa)
{
	uint16_t raw;

	pthread_mutex_lock(&ram->lock);
	raw = __atomic_load_n((uint16_t *)fake_ram_ptr(ram, gpa),
			      __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&ram->lock);
	return le16_load(&raw);
}

void fake_ram_store16(struct fake_ram *ram, uint64_t gpa, uint16_t value)
{
	uint16_t raw;

	le16_store(&raw, value);
	pthread_mutex_lock(&ram->lock);
	__atomic_store_n((uint16_t *)fake_ram_ptr(ram, gpa), raw,
			 __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&ram->lock);
}

int fake_ram_read(struct fake_ram *ram, uint64_t gpa, void *buf, size_t len)
{
	if (!range_within(gpa, len, ram->gpa, ram->size))
		return -EFAULT;
	pthread_mutex_lock(&ram->lock);
	memcpy(buf, ram->base + (gpa - ram->gpa), len);
	pthread_mutex_unlock(&ram->lock);
	return 0;
}

int fake_ram_write(struct fake_ram *ram, uint64_t gpa, const void *buf,
		   size_t len)
{
	if (!range_within(gpa, len, ram->gpa, ram->size))
		return -EFAULT;
	pthread_mutex_lock(&ram->lock);
	memcpy(ram->base + (gpa - ram->gpa), buf, len);
	pthread_mutex_unlock(&ram->lock);
	return 0;
}
