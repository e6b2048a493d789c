/* SPDX-License-Identifier: MIT */
/*
 * A host in strict C99 that uses every struct and every function.  It is only
 * compiled.
 */
#include <pciplug.h>

static void msix_signal(void *ctx, uint16_t vector, uint64_t addr,
			uint32_t data)
{
	*(uint64_t *)ctx = addr + data + vector;
}

static int doorbell_add(void *ctx, const struct pciplug_doorbell *db)
{
	*(uint64_t *)ctx = db->offset + db->value + db->length + db->bar;
	return db->event < 0 ? -22 : 0;
}

int abi_c99(void *memory);

int abi_c99(void *memory)
{
	const struct pciplug_plugin *p = pciplug_entry_v1();
	struct pciplug_bar bar = { sizeof(bar), 0, 0 };
	struct pciplug_device *dev = NULL;
	struct pciplug_host host = { 0 };
	unsigned char id[4];
	uint64_t last = 0;
	char text[64];
	size_t len = sizeof(text);

	host.size = sizeof(host);
	host.flags = PCIPLUG_HOST_MSIX_TABLE;
	host.ctx = &last;
	host.msix_signal = msix_signal;
	host.doorbell_add = doorbell_add;
	if (p->create(&host, "tag:/", text, sizeof(text), &dev) ||
	    p->bar_info(dev, 0, &bar) ||
	    p->mem_add(dev, 0, 4096, memory, PCIPLUG_MEM_READ) ||
	    p->start(dev))
		return -1;
	p->cfg_read(dev, 0, id, sizeof(id));
	p->cfg_write(dev, 4, id, 2);
	p->bar_read(dev, 0, bar.length - 4, id, 4);
	p->bar_write(dev, 0, 0, id, 4);
	p->reset(dev);
	p->stop(dev);
	if (p->inspect)
		p->inspect(dev, text, &len);
	if (p->paths)
		p->paths("", text, sizeof(text), text, &len);
	p->mem_remove(dev, 0, 4096);
	p->destroy(dev);
	return 0;
}
