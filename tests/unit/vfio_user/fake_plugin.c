/* SPDX-License-Identifier: MIT */
#include "tests/unit/vfio_user/fake_plugin.h"

#include "common/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct pciplug_device fake_device;

/* MSI-X of FAKE_VECTORS vectors, table and PBA in BAR 2. */
static const uint8_t msix_cap[] = {
	0x11, 0x00, FAKE_VECTORS - 1, 0x00, 0x02, 0, 0, 0, 0x02, 0x08, 0, 0,
};

static int create(const struct pciplug_host *host, const char *config,
		  char *err, size_t err_size, struct pciplug_device **out)
{
	struct pciplug_device *dev = &fake_device;

	if (!strcmp(config, "bad")) {
		snprintf(err, err_size, "bad it is");
		return -EINVAL;
	}
	memset(dev, 0, sizeof(*dev));
	dev->host = *host;
	pthread_mutex_init(&dev->lock, NULL);
	pthread_cond_init(&dev->idle, NULL);
	le32_store(dev->config, 0x105a1af4);
	dev->config[0x06] = 0x10;
	dev->config[0x34] = 0x40;
	dev->config[0x3d] = strcmp(config, "nopin") != 0;
	memcpy(dev->config + 0x40, msix_cap, sizeof(msix_cap));
	dev->created = 1;
	*out = dev;
	return 0;
}

static void destroy(struct pciplug_device *dev)
{
	if (!dev)
		return;
	pthread_cond_destroy(&dev->idle);
	pthread_mutex_destroy(&dev->lock);
	dev->destroyed = 1;
}

static int bar_info(struct pciplug_device *dev, uint32_t bar,
		    struct pciplug_bar *out)
{
	(void)dev;
	if (bar > 5)
		return -EINVAL;
	out->flags = PCIPLUG_BAR_64BIT;
	out->length = bar == 0 || bar == 2 ? FAKE_BAR_SIZE :
		      bar == 4 ? FAKE_LARGE_BAR_SIZE : 0;
	return 0;
}

static void cfg_read(struct pciplug_device *dev, uint32_t offset, void *buf,
		     size_t len)
{
	if (offset == FAKE_HOOK_OFFSET && dev->hook)
		dev->hook(dev);
	memcpy(buf, dev->config + offset, len);
}

static void cfg_write(struct pciplug_device *dev, uint32_t offset,
		      const void *buf, size_t len)
{
	memcpy(dev->config + offset, buf, len);
}

static void bar_read(struct pciplug_device *dev, uint32_t bar, uint64_t offset,
		     void *buf, size_t len)
{
	if (bar == 4)
		memset(buf, 0, len);
	else
		memcpy(buf, dev->bar + offset, len);
}

static void bar_write(struct pciplug_device *dev, uint32_t bar,
		      uint64_t offset, const void *buf, size_t len)
{
	if (bar != 4)
		memcpy(dev->bar + offset, buf, len);
}

static int mem_add(struct pciplug_device *dev, uint64_t gpa, uint64_t size,
		   void *host, uint32_t flags)
{
	int ret = -ENOSPC;

	pthread_mutex_lock(&dev->lock);
	if (dev->ranges < ARRAY_LEN(dev->range)) {
		dev->range[dev->ranges++] =
			(struct fake_range){ gpa, size, host, flags };
		ret = 0;
	}
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

/* With the lock: until the worker is idle; then count. */
static void wait_idle(struct pciplug_device *dev, unsigned *counter)
{
	while (dev->busy)
		pthread_cond_wait(&dev->idle, &dev->lock);
	++*counter;
}

static int mem_remove(struct pciplug_device *dev, uint64_t gpa, uint64_t size)
{
	int ret = -ENOENT;

	pthread_mutex_lock(&dev->lock);
	wait_idle(dev, &dev->removes);
	if (dev->remove_result) {
		pthread_mutex_unlock(&dev->lock);
		return dev->remove_result;
	}
	for (unsigned i = 0; i < dev->ranges && ret; i++) {
		if (dev->range[i].gpa != gpa || dev->range[i].size != size)
			continue;
		dev->range[i] = dev->range[--dev->ranges];
		ret = 0;
	}
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

static int start(struct pciplug_device *dev)
{
	pthread_mutex_lock(&dev->lock);
	dev->starts++;
	pthread_mutex_unlock(&dev->lock);
	return dev->start_result;
}

static void stop(struct pciplug_device *dev)
{
	pthread_mutex_lock(&dev->lock);
	wait_idle(dev, &dev->stops);
	pthread_mutex_unlock(&dev->lock);
}

static void reset(struct pciplug_device *dev)
{
	pthread_mutex_lock(&dev->lock);
	wait_idle(dev, &dev->resets);
	pthread_mutex_unlock(&dev->lock);
}

const struct pciplug_plugin fake_plugin = {
	.size = sizeof(fake_plugin),
	.name = "fake",
	.version = "1",
	.description = "a fake",
	.option = "fake",
	.option_value = "TEXT",
	.option_help = "Nothing.",
	.create = create,
	.destroy = destroy,
	.bar_info = bar_info,
	.cfg_read = cfg_read,
	.cfg_write = cfg_write,
	.bar_read = bar_read,
	.bar_write = bar_write,
	.mem_add = mem_add,
	.mem_remove = mem_remove,
	.start = start,
	.stop = stop,
	.reset = reset,
};

static void *worker(void *arg)
{
	struct pciplug_device *dev = arg;
	const struct pciplug_host *host = &dev->host;

	dev->result = dev->write ?
		host->mem_write(host->ctx, dev->gpa, dev->buf, dev->len) :
		host->mem_read(host->ctx, dev->gpa, dev->buf, dev->len);
	pthread_mutex_lock(&dev->lock);
	dev->busy = false;
	pthread_cond_broadcast(&dev->idle);
	pthread_mutex_unlock(&dev->lock);
	return NULL;
}

void fake_begin(bool write, uint64_t gpa, void *buf, size_t len)
{
	struct pciplug_device *dev = &fake_device;

	pthread_mutex_lock(&dev->lock);
	dev->busy = true;
	pthread_mutex_unlock(&dev->lock);
	dev->write = write;
	dev->gpa = gpa;
	dev->buf = buf;
	dev->len = len;
	pthread_create(&dev->worker, NULL, worker, dev);
}

int fake_join(void)
{
	pthread_join(fake_device.worker, NULL);
	return fake_device.result;
}

bool fake_find(uint64_t gpa, struct fake_range *ret_range)
{
	struct pciplug_device *dev = &fake_device;
	bool found = false;

	pthread_mutex_lock(&dev->lock);
	for (unsigned i = 0; i < dev->ranges && !found; i++) {
		found = dev->range[i].gpa == gpa;
		if (found)
			*ret_range = dev->range[i];
	}
	pthread_mutex_unlock(&dev->lock);
	return found;
}

unsigned fake_count(const unsigned *counter)
{
	unsigned value;

	pthread_mutex_lock(&fake_device.lock);
	value = *counter;
	pthread_mutex_unlock(&fake_device.lock);
	return value;
}
