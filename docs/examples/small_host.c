/* SPDX-License-Identifier: MIT */
/*
 * small_host.c - the least that a virtual machine monitor does with a plugin:
 * load it, make a device, give it memory, and let a guest of a few lines talk
 * to it.  The guest asks the file system for its version (FUSE_INIT).
 *
 *	small_host /usr/lib/x86_64-linux-gnu/pciplug/virtiofs.so test:/srv
 *
 * For little-endian hosts.
 */
#include <dlfcn.h>
#include <linux/fuse.h>
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <pciplug.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAM_BASE 0x40000000u            /* where the guest sees it */
#define RAM_SIZE 0x10000u
#define QUEUE 1                         /* the first request queue */

static _Alignas(4096) unsigned char ram[RAM_SIZE];
static struct pciplug_plugin plugin;
static struct pciplug_device *dev;
static sem_t interrupt;

/* ---- the host ---------------------------------------------------------- */

static void fail(const char *message)
{
	fprintf(stderr, "small_host: %s\n", message);
	exit(1);
}

static void msix_signal(void *ctx, uint16_t vector, uint64_t addr,
			uint32_t data)
{
	(void)addr;
	(void)data;
	if (vector == 0)
		sem_post(ctx);
}

static void load(const char *path)
{
	const struct pciplug_plugin *(*entry)(void), *table;
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		fail(dlerror());
	*(void **)&entry = dlsym(handle, PCIPLUG_ENTRY_V1);
	if (!entry)
		fail("this is no plugin");
	table = entry();
	/* What the plugin does not know stays NULL in our copy. */
	memcpy(&plugin, table, table->size < sizeof(plugin) ?
	       table->size : sizeof(plugin));
	printf("%s %s: %s\n", plugin.name, plugin.version, plugin.description);
}

/* ---- the guest: registers ---------------------------------------------- */

static struct region {
	uint32_t bar, offset;
} region[VIRTIO_PCI_CAP_PCI_CFG + 1];
static uint32_t notify_multiplier;

static uint32_t cfg_get(uint32_t offset, size_t len)
{
	uint32_t value = 0;

	plugin.cfg_read(dev, offset, &value, len);
	return value;
}

static uint32_t get(int type, uint32_t offset, size_t len)
{
	uint32_t value = 0;

	plugin.bar_read(dev, region[type].bar, region[type].offset + offset,
			&value, len);
	return value;
}

static void put(int type, uint32_t offset, uint64_t value, size_t len)
{
	plugin.bar_write(dev, region[type].bar, region[type].offset + offset,
			 &value, len);
}

/* Find virtio's regions and the MSI-X table; unmask vector 0. */
static void probe(void)
{
	uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	const uint32_t entry[4] = { 0xfee00000, 0, 0x4021, 0 };

	printf("PCI function %04x:%04x\n", cfg_get(PCI_VENDOR_ID, 2),
	       cfg_get(PCI_DEVICE_ID, 2));
	plugin.cfg_write(dev, PCI_COMMAND, &command, 2);
	for (uint32_t at = cfg_get(PCI_CAPABILITY_LIST, 1); at;
	     at = cfg_get(at + 1, 1)) {
		uint32_t id = cfg_get(at, 1), type = cfg_get(at + 3, 1);

		if (id == PCI_CAP_ID_VNDR && type <= VIRTIO_PCI_CAP_PCI_CFG) {
			region[type].bar = cfg_get(at + 4, 1);
			region[type].offset = cfg_get(at + 8, 4);
			if (type == VIRTIO_PCI_CAP_NOTIFY_CFG)
				notify_multiplier = cfg_get(at + 16, 4);
		} else if (id == PCI_CAP_ID_MSIX) {
			uint32_t table = cfg_get(at + PCI_MSIX_TABLE, 4);
			uint16_t enable = PCI_MSIX_FLAGS_ENABLE;

			plugin.bar_write(dev, table & PCI_MSIX_TABLE_BIR,
					 table & PCI_MSIX_TABLE_OFFSET,
					 entry, sizeof(entry));
			plugin.cfg_write(dev, at + PCI_MSIX_FLAGS, &enable, 2);
		}
	}
}

/* ---- the guest: one queue ---------------------------------------------- */

static struct vring_desc *desc = (void *)ram;
static struct vring_avail *avail = (void *)(ram + 0x1000);
static struct vring_used *used = (void *)(ram + 0x2000);
static unsigned char *request = ram + 0x3000, *reply = ram + 0x4000;

static void negotiate(void)
{
	const int common = VIRTIO_PCI_CAP_COMMON_CFG;
	uint32_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

	put(common, VIRTIO_PCI_COMMON_STATUS, 0, 1);
	put(common, VIRTIO_PCI_COMMON_STATUS, status, 1);
	put(common, VIRTIO_PCI_COMMON_GFSELECT, 1, 4);
	put(common, VIRTIO_PCI_COMMON_GF, 1u << (VIRTIO_F_VERSION_1 - 32), 4);
	status |= VIRTIO_CONFIG_S_FEATURES_OK;
	put(common, VIRTIO_PCI_COMMON_STATUS, status, 1);
	if (get(common, VIRTIO_PCI_COMMON_STATUS, 1) != status)
		fail("the device refuses the features");
	put(common, VIRTIO_PCI_COMMON_Q_SELECT, QUEUE, 2);
	put(common, VIRTIO_PCI_COMMON_Q_SIZE, 4, 2);
	put(common, VIRTIO_PCI_COMMON_Q_MSIX, 0, 2);
	put(common, VIRTIO_PCI_COMMON_Q_DESCLO, RAM_BASE, 8);
	put(common, VIRTIO_PCI_COMMON_Q_AVAILLO, RAM_BASE + 0x1000, 8);
	put(common, VIRTIO_PCI_COMMON_Q_USEDLO, RAM_BASE + 0x2000, 8);
	put(common, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	status |= VIRTIO_CONFIG_S_DRIVER_OK;
	put(common, VIRTIO_PCI_COMMON_STATUS, status, 1);
}

/* Make request and reply available, ring the doorbell, await the interrupt. */
static void exchange(uint32_t request_len, uint32_t reply_len)
{
	uint32_t doorbell = get(VIRTIO_PCI_CAP_COMMON_CFG,
				VIRTIO_PCI_COMMON_Q_NOFF, 2);

	desc[0] = (struct vring_desc){ RAM_BASE + 0x3000, request_len,
				       VRING_DESC_F_NEXT, 1 };
	desc[1] = (struct vring_desc){ RAM_BASE + 0x4000, reply_len,
				       VRING_DESC_F_WRITE, 0 };
	avail->ring[0] = 0;
	__atomic_store_n(&avail->idx, 1, __ATOMIC_SEQ_CST);
	put(VIRTIO_PCI_CAP_NOTIFY_CFG, doorbell * notify_multiplier, QUEUE, 2);
	while (sem_wait(&interrupt))
		;
	if (__atomic_load_n(&used->idx, __ATOMIC_SEQ_CST) != 1)
		fail("an interrupt, but nothing was used");
}

static void fuse_init(void)
{
	struct fuse_in_header in = { .opcode = FUSE_INIT, .unique = 1 };
	struct fuse_init_in init = { .major = 7, .minor = 31 };
	struct fuse_out_header out;
	struct fuse_init_out answer;

	in.len = sizeof(in) + sizeof(init);
	memcpy(request, &in, sizeof(in));
	memcpy(request + sizeof(in), &init, sizeof(init));
	exchange(in.len, sizeof(out) + sizeof(answer));
	memcpy(&out, reply, sizeof(out));
	memcpy(&answer, reply + sizeof(out), sizeof(answer));
	if (out.error || out.unique != in.unique)
		fail("the file system refuses INIT");
	printf("FUSE %u.%u, writes of up to %u bytes\n", answer.major,
	       answer.minor, answer.max_write);
}

int main(int argc, char **argv)
{
	const struct pciplug_host host = {
		.size = sizeof(host),
		.ctx = &interrupt,
		.msix_signal = msix_signal,
	};
	char err[256] = "";

	if (argc != 3)
		fail("usage: small_host PLUGIN TAG:ROOT[,OPTION...]");
	sem_init(&interrupt, 0, 0);
	load(argv[1]);
	if (plugin.create(&host, argv[2], err, sizeof(err), &dev))
		fail(err);
	if (plugin.mem_add(dev, RAM_BASE, RAM_SIZE, ram,
			   PCIPLUG_MEM_READ | PCIPLUG_MEM_WRITE))
		fail("the device takes no memory");
	if (plugin.start(dev))
		fail("the device does not start");

	probe();
	negotiate();
	fuse_init();

	plugin.stop(dev);
	plugin.mem_remove(dev, RAM_BASE, RAM_SIZE);
	plugin.destroy(dev);
	return 0;
}
