/* SPDX-License-Identifier: MIT */
/*
 * The whole plugin as a guest's CPU sees it: reads and writes of configuration
 * space and BARs, of any width and place, with rings in memory that hold what
 * the input says.  Whatever happened, a reset by the bus leaves a function that
 * is as new.
 */
#include "common/bytes.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/fake_guest.h"
#include "tests/lib/tmptree.h"
#include "virtio/virtio_spec.h"

#include <unistd.h>

#define RAM_SIZE (1u << 20)
#define STEPS_MAX 128
#define ACCESS_MAX 16                   /* bytes */

static struct tmptree tree;
static struct fake_host host;
static const struct pciplug_plugin *plugin;
static struct pciplug_device *dev;
static uint8_t fresh[256];              /* configuration space after reset */

/* A host that counts nothing: the messages are the input's. */
static void msix_signal(void *ctx, uint16_t vector, uint64_t addr,
			uint32_t data)
{
	(void)ctx;
	(void)addr;
	(void)data;
	fuzz_must(vector < FAKE_HOST_VECTORS);
}

static void no_log(void *ctx, int level, const char *target,
		   const char *message)
{
	(void)ctx;
	(void)level;
	(void)target;
	(void)message;
}

static void done(void)
{
	plugin->destroy(dev);
	fake_host_done(&host);
	tmptree_done(&tree);
}

static void begin(void)
{
	char config[sizeof(tree.root) + 32];

	plugin = pciplug_entry_v1();
	tmptree_init(&tree, "f file hello\nd dir\n");
	fake_host_init(&host, RAM_SIZE);
	host.table.msix_signal = msix_signal;
	host.table.log = no_log;
	/* Doorbells are writes, so that they come when the input says. */
	host.table.doorbell_add = NULL;
	host.table.doorbell_del = NULL;
	snprintf(config, sizeof(config), "fuzz:%s,queues=2", tree.root);
	fuzz_must(!plugin->create(&host.table, config, NULL, 0, &dev));
	fuzz_must(!plugin->mem_add(dev, host.ram.gpa, host.ram.size,
				   fake_ram_map(&host.ram), PCIPLUG_MEM_READ |
				   PCIPLUG_MEM_WRITE));
	fuzz_must(!plugin->start(dev));
	plugin->reset(dev);
	plugin->cfg_read(dev, 0, fresh, sizeof(fresh));
	atexit(done);
}

/* ---- steps ------------------------------------------------------------- */

static void config_access(struct fuzz_input *in, bool write)
{
	uint8_t bytes[ACCESS_MAX];
	uint32_t offset = fuzz_u16(in);
	size_t len = fuzz_u8(in) % (ACCESS_MAX + 1);

	/* Within the 256 bytes that there are, more often than not. */
	if (offset < 0xf000)
		offset %= 256;
	fuzz_take(in, bytes, write ? len : 0);
	if (write)
		plugin->cfg_write(dev, offset, bytes, len);
	else
		plugin->cfg_read(dev, offset, bytes, len);
}

static void bar_access(struct fuzz_input *in, bool write)
{
	uint8_t bytes[ACCESS_MAX];
	uint32_t bar = fuzz_u8(in) % 8;
	uint64_t offset = fuzz_u16(in);
	size_t len = fuzz_u8(in) % (ACCESS_MAX + 1);

	if (bar == 7)
		offset = fuzz_u64(in);
	fuzz_take(in, bytes, write ? len : 0);
	if (write)
		plugin->bar_write(dev, bar, offset, bytes, len);
	else
		plugin->bar_read(dev, bar, offset, bytes, len);
}

/* Bytes of a ring, or of what it leads to. */
static void put_bytes(struct fuzz_input *in, struct fake_guest *g)
{
	const struct fake_ring *ring = &g->queue[fuzz_u8(in) % 3].ring;
	const uint64_t areas[] = {
		ring->desc, ring->avail, ring->used, host.ram.gpa,
	};
	uint64_t at = areas[fuzz_u8(in) % ARRAY_LEN(areas)];
	uint8_t bytes[256];
	size_t len = fuzz_u8(in);

	if (at < host.ram.gpa)
		at = host.ram.gpa;
	fuzz_take(in, bytes, len);
	(void)fake_ram_write(&host.ram, at + fuzz_u16(in), bytes, len);
}

/* What a driver does, so that inputs need not find out. */
static void set_up(struct fuzz_input *in, struct fake_guest *g)
{
	const struct fake_guest_options options = {
		.features = (uint64_t)(fuzz_u8(in) & 1) << VIRTIO_F_RING_PACKED,
		.queue_size = 16,
		.intx = fuzz_u8(in) & 1,
	};

	fake_ram_release(&host.ram, 0);
	if (fake_guest_probe(g, &host, plugin, dev))
		return;
	/* No arenas of fake_guest_call(): they are larger than the memory. */
	for (unsigned q = 0; q < FAKE_GUEST_QUEUES; q++)
		g->queue[q].arena = host.ram.gpa;
	(void)fake_guest_setup(g, &options);
}

static void step(struct fuzz_input *in, struct fake_guest *g)
{
	switch (fuzz_u8(in) % 8) {
	case 0:
		config_access(in, false);
		break;
	case 1:
		config_access(in, true);
		break;
	case 2:
		bar_access(in, false);
		break;
	case 3:
	case 4:
		bar_access(in, true);
		break;
	case 5:
		put_bytes(in, g);
		break;
	case 6:
		if (g->host)
			fake_guest_kick(g, fuzz_u8(in) % 3);
		break;
	default:
		set_up(in, g);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct fake_guest g = { 0 };
	uint8_t now[sizeof(fresh)];

	if (!dev)
		begin();
	memset(host.ram.base, 0, host.ram.size);
	for (unsigned i = 0; in.left && i < STEPS_MAX; i++)
		step(&in, &g);
	plugin->reset(dev);
	plugin->cfg_read(dev, 0, now, sizeof(now));
	fuzz_must(!memcmp(now, fresh, sizeof(now)));
	return 0;
}
