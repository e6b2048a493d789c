/* SPDX-License-Identifier: MIT */
#include "tests/lib/fake_guest.h"

#include "common/bytes.h"
#include "virtio/virtio_spec.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define PCI_CAP_ID_VENDOR 9
#define CAP_COMMON 1
#define CAP_NOTIFY 2
#define CAP_ISR 3
#define CAP_DEVICE 4
#define PIECES 4                        /* of one direction of a call */
#define TABLE_SIZE (2 * PIECES * VIRTQ_DESC_SIZE)
_Static_assert(TABLE_SIZE + 2 * FAKE_GUEST_CALL_MAX == FAKE_GUEST_ARENA,
	       "the arena of a queue");

static void pause_ms(unsigned ms)
{
	const struct timespec t = { 0, ms * 1000000L };

	nanosleep(&t, NULL);
}

/* ---- registers --------------------------------------------------------- */

static uint64_t region_read(const struct fake_guest *g, unsigned type,
			    uint64_t offset, unsigned size)
{
	const struct fake_region *r = &g->region[type];

	return fake_pci_read(&g->pci, r->bar, r->offset + offset, size);
}

uint64_t fake_guest_get(const struct fake_guest *g, enum fake_common what)
{
	unsigned offset = what >> 4, size = what & 15;

	if (size < 8)
		return region_read(g, CAP_COMMON, offset, size);
	return region_read(g, CAP_COMMON, offset, 4) |
	       region_read(g, CAP_COMMON, offset + 4, 4) << 32;
}

void fake_guest_set(const struct fake_guest *g, enum fake_common what,
		    uint64_t value)
{
	const struct fake_region *r = &g->region[CAP_COMMON];
	unsigned size = what & 15;
	uint64_t at = r->offset + (what >> 4);

	fake_pci_write(&g->pci, r->bar, at, MIN(size, 4u), value);
	if (size == 8)
		fake_pci_write(&g->pci, r->bar, at + 4, 4, value >> 32);
}

uint64_t fake_guest_device_features(const struct fake_guest *g)
{
	uint64_t features;

	fake_guest_set(g, FAKE_DEVICE_FEATURE_SELECT, 0);
	features = fake_guest_get(g, FAKE_DEVICE_FEATURE);
	fake_guest_set(g, FAKE_DEVICE_FEATURE_SELECT, 1);
	return features | fake_guest_get(g, FAKE_DEVICE_FEATURE) << 32;
}

void fake_guest_set_driver_features(const struct fake_guest *g,
				    uint64_t features)
{
	fake_guest_set(g, FAKE_DRIVER_FEATURE_SELECT, 0);
	fake_guest_set(g, FAKE_DRIVER_FEATURE, (uint32_t)features);
	fake_guest_set(g, FAKE_DRIVER_FEATURE_SELECT, 1);
	fake_guest_set(g, FAKE_DRIVER_FEATURE, features >> 32);
}

uint8_t fake_guest_status(const struct fake_guest *g)
{
	return (uint8_t)fake_guest_get(g, FAKE_STATUS);
}

void fake_guest_config(const struct fake_guest *g, uint32_t offset, void *buf,
		       size_t len)
{
	const struct fake_region *r = &g->region[CAP_DEVICE];

	g->pci.plugin->bar_read(g->pci.dev, r->bar, r->offset + offset, buf,
				len);
}

uint8_t fake_guest_isr(const struct fake_guest *g)
{
	return (uint8_t)region_read(g, CAP_ISR, 0, 1);
}

/* ---- set-up ------------------------------------------------------------ */

const char *fake_guest_probe(struct fake_guest *g, struct fake_host *host,
			     const struct pciplug_plugin *plugin,
			     struct pciplug_device *dev)
{
	const char *error;

	*g = (struct fake_guest){ .host = host };
	error = fake_pci_probe(&g->pci, plugin, dev);
	if (error)
		return error;
	for (unsigned at = 0; (at = fake_pci_cap(&g->pci, PCI_CAP_ID_VENDOR,
						 at));) {
		unsigned type = fake_pci_cfg_read(&g->pci, at + 3, 1);

		/* The first of its type is the one to use. */
		if (!type || type >= ARRAY_LEN(g->region) ||
		    g->region[type].length)
			continue;
		g->region[type] = (struct fake_region){
			.bar = fake_pci_cfg_read(&g->pci, at + 4, 1),
			.offset = fake_pci_cfg_read(&g->pci, at + 8, 4),
			.length = fake_pci_cfg_read(&g->pci, at + 12, 4),
			.notify_multiplier = type == CAP_NOTIFY ?
				fake_pci_cfg_read(&g->pci, at + 16, 4) : 0,
		};
	}
	for (unsigned type = CAP_COMMON; type <= CAP_DEVICE; type++) {
		const struct fake_region *r = &g->region[type];

		if (!r->length)
			return "a structure has no capability";
		if (r->bar >= FAKE_PCI_BARS ||
		    !range_within(r->offset, r->length, 0,
				  g->pci.bar[r->bar].size))
			return "a structure is outside its BAR";
	}
	return NULL;
}

void fake_guest_enable_queue(struct fake_guest *g, unsigned q)
{
	struct fake_queue *fq = &g->queue[q];
	const struct fake_region *notify = &g->region[CAP_NOTIFY];
	uint64_t features = g->options.features;
	bool event_idx;
	uint16_t size;

	fake_guest_set(g, FAKE_QUEUE_SELECT, q);
	if (g->options.queue_size)
		fake_guest_set(g, FAKE_QUEUE_SIZE, g->options.queue_size);
	size = (uint16_t)fake_guest_get(g, FAKE_QUEUE_SIZE);
	event_idx = features & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
	if (features & VIRTIO_FEATURE(VIRTIO_F_RING_PACKED))
		fake_ring_init_packed(&fq->ring, &g->host->ram, size,
				      event_idx);
	else
		fake_ring_init(&fq->ring, &g->host->ram, size, event_idx);
	fq->vector = q + 1 < g->pci.msix_vectors ? q + 1 : 0;
	fake_guest_set(g, FAKE_QUEUE_VECTOR,
		       g->options.intx ? VIRTIO_MSI_NO_VECTOR : fq->vector);
	fake_guest_set(g, FAKE_QUEUE_DESC, fq->ring.desc);
	fake_guest_set(g, FAKE_QUEUE_DRIVER, fq->ring.avail);
	fake_guest_set(g, FAKE_QUEUE_DEVICE, fq->ring.used);
	fq->notify = notify->offset + notify->notify_multiplier *
		     fake_guest_get(g, FAKE_QUEUE_NOTIFY_OFF);
	fake_guest_set(g, FAKE_QUEUE_ENABLE, 1);
}

const char *fake_guest_setup(struct fake_guest *g,
			     const struct fake_guest_options *options)
{
	const uint8_t known = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
	const uint8_t agreed = known | VIRTIO_STATUS_FEATURES_OK;

	g->options = *options;
	g->options.features |= VIRTIO_FEATURE(VIRTIO_F_VERSION_1);
	if (options->indirect)
		g->options.features |=
			VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC);
	if (!fake_guest_reset(g))
		return "the reset does not end";
	fake_guest_set(g, FAKE_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
	fake_guest_set(g, FAKE_STATUS, known);
	if (g->options.features & ~fake_guest_device_features(g))
		return "a feature is not offered";
	fake_guest_set_driver_features(g, g->options.features);
	fake_guest_set(g, FAKE_STATUS, agreed);
	if (fake_guest_status(g) != agreed)
		return "the features are refused";

	fake_pci_enable_msix(&g->pci, !options->intx);
	fake_guest_set(g, FAKE_CONFIG_VECTOR,
		       options->intx ? VIRTIO_MSI_NO_VECTOR : 0);
	g->queues = MIN((unsigned)fake_guest_get(g, FAKE_NUM_QUEUES),
			(unsigned)FAKE_GUEST_QUEUES);
	for (unsigned q = 0; q < g->queues; q++) {
		if (!g->queue[q].arena)
			g->queue[q].arena = fake_ram_alloc(&g->host->ram,
							   FAKE_GUEST_ARENA,
							   4096);
		fake_guest_enable_queue(g, q);
	}
	fake_guest_set(g, FAKE_STATUS, agreed | VIRTIO_STATUS_DRIVER_OK);
	return NULL;
}

bool fake_guest_reset(struct fake_guest *g)
{
	fake_guest_set(g, FAKE_STATUS, 0);
	for (unsigned i = 0; i < FAKE_HOST_PATIENCE_S * 1000; i++) {
		if (!fake_guest_status(g))
			return true;
		pause_ms(1);
	}
	return false;
}

/* ---- traffic ----------------------------------------------------------- */

void fake_guest_kick(struct fake_guest *g, unsigned q)
{
	const struct fake_region *notify = &g->region[CAP_NOTIFY];
	uint64_t at = g->queue[q].notify;

	if (!fake_host_ring(g->host, notify->bar, at, q, 2))
		fake_pci_write(&g->pci, notify->bar, at, 2, q);
}

static bool broken(const struct fake_guest *g)
{
	return fake_guest_status(g) & VIRTIO_STATUS_NEEDS_RESET;
}

bool fake_guest_wait_broken(struct fake_guest *g)
{
	for (unsigned i = 0; i < FAKE_HOST_PATIENCE_S * 1000; i++) {
		if (broken(g))
			return true;
		pause_ms(1);
	}
	return false;
}

/*
 * Sleep until the queue's interrupt, of which `seen` have been counted.  False:
 * none came.
 */
static bool sleep_until_interrupt(struct fake_guest *g, unsigned q,
				  unsigned seen)
{
	if (!g->options.intx)
		return fake_host_wait_msix(g->host, g->queue[q].vector, seen);
	if (!fake_host_wait_intx(g->host))
		return false;
	(void)fake_guest_isr(g);
	return true;
}

int fake_guest_wait(struct fake_guest *g, unsigned q, uint16_t *ret_head,
		    uint32_t *ret_len)
{
	struct fake_ring *ring = &g->queue[q].ring;

	for (;;) {
		unsigned seen = fake_host_msix(g->host, g->queue[q].vector);

		if (fake_ring_collect(ring, ret_head, ret_len))
			return 0;
		if (!fake_ring_arm(ring) ||
		    sleep_until_interrupt(g, q, seen))
			continue;
		if (fake_host_gives_up(g->host))
			return -ECANCELED;
		return broken(g) ? -ECONNRESET : -ETIMEDOUT;
	}
}

/* Cut `len` bytes at `gpa` into at most PIECES buffers of different sizes. */
static size_t cut(uint64_t gpa, size_t len, size_t first, struct fake_buf *buf)
{
	size_t n = 0;

	while (len) {
		size_t here = n == PIECES - 1 ? len : MIN(len, first);

		buf[n++] = (struct fake_buf){ gpa, (uint32_t)here };
		gpa += here;
		len -= here;
		first = 4096;
	}
	return n;
}

int64_t fake_guest_call(struct fake_guest *g, unsigned q, const void *in,
			size_t in_len, void *out, size_t out_len)
{
	struct fake_queue *fq = &g->queue[q];
	uint64_t in_gpa = fq->arena + TABLE_SIZE;
	uint64_t out_gpa = in_gpa + FAKE_GUEST_CALL_MAX;
	struct fake_buf buf[2 * PIECES];
	size_t readable, writable;
	uint32_t used = 0;
	uint16_t head, got;
	int ret;

	if (in_len > FAKE_GUEST_CALL_MAX || out_len > FAKE_GUEST_CALL_MAX)
		return -EMSGSIZE;
	if (in_len)
		memcpy(fake_ram_ptr(&g->host->ram, in_gpa), in, in_len);
	readable = cut(in_gpa, in_len, 40, buf);
	writable = cut(out_gpa, out_len, 16, buf + readable);
	head = fake_ring_add(&fq->ring, buf, readable, writable,
			     g->options.indirect ? fq->arena : 0);
	if (fake_ring_must_kick(&fq->ring))
		fake_guest_kick(g, q);
	ret = fake_guest_wait(g, q, &got, &used);
	if (ret)
		return ret;
	if (got != head || used > out_len)
		return -EPROTO;
	if (used)
		memcpy(out, fake_ram_ptr(&g->host->ram, out_gpa), used);
	return used;
}
