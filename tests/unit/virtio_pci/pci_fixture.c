/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_pci/pci_fixture.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define RAM_GPA 0x100000
#define RAM_SIZE 0x100000
#define PATIENCE_S 20                   /* for what must come */

/* ---- the host ---------------------------------------------------------- */

static void host_msix_signal(void *ctx, uint16_t vector, uint64_t addr,
			     uint32_t data)
{
	struct fixture *f = ctx;

	pthread_mutex_lock(&f->lock);
	assert(vector < VECTORS);
	f->messages[vector]++;
	f->address = addr;
	f->data = data;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static void host_intx_set(void *ctx, bool asserted)
{
	fixture_set(ctx, &((struct fixture *)ctx)->line, asserted);
}

static int host_bar_map(void *ctx, unsigned bar, uint64_t gpa)
{
	struct fixture *f = ctx;

	pthread_mutex_lock(&f->lock);
	f->mapped[bar] = gpa;
	pthread_mutex_unlock(&f->lock);
	return 0;
}

static void host_bar_unmap(void *ctx, unsigned bar)
{
	(void)host_bar_map(ctx, bar, 0);
}

static int host_doorbell_add(void *ctx, const struct virtio_pci_doorbell *db)
{
	struct fixture *f = ctx;
	int r = 0;

	pthread_mutex_lock(&f->lock);
	f->doorbell_calls++;
	f->last_doorbell = *db;
	if (f->refuse_doorbells)
		r = -ENOSPC;
	else
		f->doorbell[db->value] = true;
	pthread_mutex_unlock(&f->lock);
	return r;
}

static void host_doorbell_del(void *ctx, const struct virtio_pci_doorbell *db)
{
	struct fixture *f = ctx;

	pthread_mutex_lock(&f->lock);
	f->doorbell_calls++;
	f->last_doorbell = *db;
	assert(f->doorbell[db->value]);
	f->doorbell[db->value] = false;
	pthread_mutex_unlock(&f->lock);
}

/* ---- the device -------------------------------------------------------- */

static void dev_config_read(void *dev, uint32_t offset, void *buf, size_t len)
{
	(void)dev;
	memcpy(buf, &CONFIG_BYTES[offset], len);
}

static ssize_t dev_request(void *dev, unsigned queue,
			   struct virtio_chain *chain)
{
	struct fixture *f = dev;
	bool corrupt;

	(void)chain;
	pthread_mutex_lock(&f->lock);
	f->requests[queue]++;
	pthread_cond_broadcast(&f->changed);
	while (f->hold)
		pthread_cond_wait(&f->changed, &f->lock);
	corrupt = f->corrupt;
	pthread_mutex_unlock(&f->lock);
	return corrupt ? -1 : 0;
}

static void dev_reset(void *dev)
{
	struct fixture *f = dev;

	pthread_mutex_lock(&f->lock);
	f->device_resets++;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static const struct virtio_device_ops device_ops = {
	.id = VIRTIO_ID_FS,
	.config_size = CONFIG_SIZE,
	.config_read = dev_config_read,
	.request = dev_request,
	.reset = dev_reset,
};

static const struct virtio_device_ops device_ops_no_config = {
	.id = VIRTIO_ID_FS,
	.config_read = dev_config_read,
	.request = dev_request,
	.reset = dev_reset,
};

/* ---- life cycle -------------------------------------------------------- */

static void new_function(struct fixture *f,
			 const struct fixture_options *options)
{
	const struct virtio_pci_params params = {
		.core = { .queues = QUEUES,
			  .queue_size = QUEUE_SIZE,
			  .name = "test" },
		.class_code = PCI_CLASS_SYSTEM_OTHER,
		.host_msix_table = options->host_msix_table,
	};
	struct virtio_pci_host_ops host = {
		.msix_signal = host_msix_signal,
		.intx_set = options->no_intx ? NULL : host_intx_set,
		.bar_map = host_bar_map,
		.bar_unmap = host_bar_unmap,
	};

	if (!options->no_doorbells) {
		host.doorbell_add = host_doorbell_add;
		host.doorbell_del = host_doorbell_del;
	}
	assert_int_equal(virtio_pci_new(&params,
					options->no_config ?
						&device_ops_no_config :
						&device_ops,
					f, &host, f, &f->mem, &f->log, &f->vp),
			 0);
}

void fixture_init(struct fixture *f, const struct fixture_options *options)
{
	memset(f, 0, sizeof(*f));
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	log_init(&f->log, 2);
	log_set_filter(&f->log, "error", NULL, 0);
	fake_ram_init(&f->ram, RAM_GPA, RAM_SIZE);
	assert_int_equal(gmem_init(&f->mem, NULL, NULL), 0);
	assert_int_equal(gmem_add(&f->mem, RAM_GPA, RAM_SIZE, f->ram.base,
				  GMEM_READ | GMEM_WRITE), 0);
	new_function(f, options);
	if (!options->stopped)
		assert_int_equal(virtio_pci_start(f->vp), 0);
}

static void free_function(struct fixture *f)
{
	fixture_set(f, &f->hold, false);
	virtio_pci_free(f->vp);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_false(f->doorbell[q]);
}

void fixture_replace(struct fixture *f, const struct fixture_options *options)
{
	free_function(f);
	memset(f->mapped, 0, sizeof(f->mapped));
	f->line = false;
	new_function(f, options);
}

void fixture_done(struct fixture *f)
{
	free_function(f);
	gmem_done(&f->mem);
	fake_ram_done(&f->ram);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
}

int fixture_setup(void **state)
{
	const struct fixture_options usual = { 0 };
	struct fixture *f = malloc(sizeof(*f));

	if (!f)
		return -1;
	fixture_init(f, &usual);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	fixture_done(*state);
	free(*state);
	return 0;
}

/* ---- counters and flags ------------------------------------------------ */

unsigned fixture_get(struct fixture *f, const unsigned *what)
{
	unsigned value;

	pthread_mutex_lock(&f->lock);
	value = *what;
	pthread_mutex_unlock(&f->lock);
	return value;
}

void fixture_await(struct fixture *f, const unsigned *what, unsigned n)
{
	struct timespec end;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&f->lock);
	while (*what < n && !r)
		r = pthread_cond_timedwait(&f->changed, &f->lock, &end);
	pthread_mutex_unlock(&f->lock);
	assert_int_equal(r, 0);
}

void fixture_set(struct fixture *f, bool *flag, bool value)
{
	pthread_mutex_lock(&f->lock);
	*flag = value;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

bool fixture_is(struct fixture *f, const bool *flag)
{
	bool value;

	pthread_mutex_lock(&f->lock);
	value = *flag;
	pthread_mutex_unlock(&f->lock);
	return value;
}

/* ---- the driver -------------------------------------------------------- */

uint32_t cfg_get(struct fixture *f, uint32_t offset, size_t width)
{
	uint8_t bytes[4] = { 0 };

	virtio_pci_cfg_read(f->vp, offset, bytes, width);
	return le32_load(bytes);
}

void cfg_set(struct fixture *f, uint32_t offset, size_t width, uint32_t value)
{
	uint8_t bytes[4];

	le32_store(bytes, value);
	virtio_pci_cfg_write(f->vp, offset, bytes, width);
}

uint64_t bar_get(struct fixture *f, unsigned bar, uint64_t offset, size_t width)
{
	uint8_t bytes[8] = { 0 };

	virtio_pci_bar_read(f->vp, bar, offset, bytes, width);
	return le64_load(bytes);
}

void bar_set(struct fixture *f, unsigned bar, uint64_t offset, size_t width,
	     uint64_t value)
{
	uint8_t bytes[8];

	le64_store(bytes, value);
	virtio_pci_bar_write(f->vp, bar, offset, bytes, width);
}

uint32_t find_cap(struct fixture *f, uint8_t id, uint8_t cfg_type)
{
	uint32_t cap = cfg_get(f, PCI_CAPABILITY_LIST, 1);

	while (cap && (cfg_get(f, cap, 1) != id ||
		       (id == PCI_CAP_ID_VNDR &&
			cfg_get(f, cap + VIRTIO_PCI_CAP_CFG_TYPE, 1) !=
				cfg_type)))
		cap = cfg_get(f, cap + PCI_CAP_LIST_NEXT, 1);
	return cap;
}

void enable_msix(struct fixture *f)
{
	uint32_t cap = find_cap(f, PCI_CAP_ID_MSIX, 0);

	assert_int_not_equal(cap, 0);
	cfg_set(f, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	cfg_set(f, cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	for (unsigned v = 0; v < VECTORS; v++) {
		bar_set(f, 2, v * 16, 8, 0xfee00000);
		bar_set(f, 2, v * 16 + 8, 4, 0x100 + v);
		bar_set(f, 2, v * 16 + 12, 4, 0);
	}
}

void assign_vectors(struct fixture *f)
{
	bar_set(f, 0, VIRTIO_PCI_COMMON_MSIX, 2, 0);
	for (unsigned q = 0; q < QUEUES; q++) {
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, q);
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2, q + 1);
	}
}

void negotiate(struct fixture *f, uint64_t features)
{
	cfg_set(f, PCI_COMMAND, 2,
		cfg_get(f, PCI_COMMAND, 2) | PCI_COMMAND_MASTER);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1,
		VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	for (unsigned bank = 0; bank < 2; bank++) {
		bar_set(f, 0, VIRTIO_PCI_COMMON_GFSELECT, 4, bank);
		bar_set(f, 0, VIRTIO_PCI_COMMON_GF, 4, features >> 32 * bank);
	}
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, NEGOTIATED);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1),
			 NEGOTIATED);
}

void set_up_queues(struct fixture *f)
{
	for (unsigned q = 0; q < QUEUES; q++) {
		struct fake_ring *ring = &f->ring[q];

		fake_ring_init(ring, &f->ram, QUEUE_SIZE, false);
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, q);
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_DESCLO, 8, ring->desc);
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_AVAILLO, 8, ring->avail);
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_USEDLO, 8, ring->used);
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	}
}

void add_buffer(struct fixture *f, unsigned queue)
{
	const struct fake_buf buf = { fake_ram_alloc(&f->ram, 8, 8), 8 };

	fake_ring_add(&f->ring[queue], &buf, 0, 1, false);
}

void start_driver(struct fixture *f)
{
	negotiate(f, V1);
	set_up_queues(f);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
}

void request(struct fixture *f, unsigned queue)
{
	unsigned before = fixture_get(f, &f->requests[queue]);

	add_buffer(f, queue);
	bar_set(f, 0, NOTIFY + queue * 4, 2, queue);
	fixture_await(f, &f->requests[queue], before + 1);
}
