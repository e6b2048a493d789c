/* SPDX-License-Identifier: MIT */
#include "pci/pci_function.h"

#include "common/bytes.h"
#include "common/save.h"
#include "pci/pci_cap.h"
#include "pci/pci_intx.h"
#include "pci/pci_msix.h"
#include "pci/pci_spec.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct pci_function {
	/* Constant once built. */
	struct pci_function_ops ops;
	void *ctx;
	bool host_msix_table;
	uint32_t msix_cap;              /* offset; 0: no MSI-X */
	struct pci_function_window window;

	pthread_mutex_t lock;           /* guards the rest; see the header */
	struct pci_config config;
	struct pci_cap_list caps;
	struct pci_bars bars;
	struct pci_msix msix;
	struct pci_intx intx;
};

static void define_header(struct pci_config *config,
			  const struct pci_function_params *params)
{
	pci_config_define_le(config, PCI_VENDOR_ID, 2, params->vendor, 0);
	pci_config_define_le(config, PCI_DEVICE_ID, 2, params->device, 0);
	pci_config_define_le(config, PCI_COMMAND, 2, 0,
			     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			     PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
			     PCI_COMMAND_INTX_DISABLE);
	pci_config_define_clearable(config, PCI_STATUS, PCI_STATUS_ERRORS);
	pci_config_define_le(config, PCI_REVISION_ID, 4,
			     params->class_code << 8 | params->revision, 0);
	pci_config_define_le(config, PCI_CACHE_LINE_SIZE, 1, 0, 0xff);
	pci_config_define_le(config, PCI_LATENCY_TIMER, 1, 0, 0xff);
	pci_config_define_le(config, PCI_SUBSYSTEM_VENDOR_ID, 2,
			     params->subsystem_vendor, 0);
	pci_config_define_le(config, PCI_SUBSYSTEM_ID, 2, params->subsystem, 0);
}

int pci_function_new(const struct pci_function_params *params,
		     const struct pci_function_ops *ops, void *ctx,
		     struct pci_function **ret_function)
{
	struct pci_function *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	pthread_mutex_init(&f->lock, NULL);
	f->ops = *ops;
	f->ctx = ctx;
	f->host_msix_table = params->host_msix_table;
	f->bars.ops = (struct pci_bar_ops){ .map = ops->bar_map,
					    .unmap = ops->bar_unmap };
	f->bars.ctx = ctx;
	define_header(&f->config, params);
	pci_intx_init(&f->intx, &f->config, ops->intx_set, ctx);
	*ret_function = f;
	return 0;
}

void pci_function_free(struct pci_function *f)
{
	if (!f)
		return;
	pthread_mutex_destroy(&f->lock);
	free(f);
}

int pci_function_add_bar(struct pci_function *f, unsigned bar, uint64_t size,
			 unsigned flags)
{
	return pci_bar_add(&f->bars, &f->config, bar, size, flags);
}

int pci_function_add_cap(struct pci_function *f, uint8_t id, const void *bytes,
			 const void *writable, size_t len)
{
	return pci_cap_add(&f->caps, &f->config, id, bytes, writable, len);
}

int pci_function_add_msix(struct pci_function *f, unsigned bar,
			  unsigned vectors)
{
	uint8_t bytes[PCI_CAP_MSIX_SIZEOF], writable[PCI_CAP_MSIX_SIZEOF];
	int r;

	if (f->msix_cap)
		return -EINVAL;
	r = pci_msix_init(&f->msix, vectors, f->host_msix_table,
			  f->ops.msix_signal, f->ctx);
	if (r == 0)
		r = pci_function_add_bar(f, bar, PCI_MSIX_BAR_SIZE,
					 PCI_BAR_64BIT);
	if (r < 0)
		return r;
	pci_msix_capability(&f->msix, bar, bytes, writable);
	r = pci_function_add_cap(f, PCI_CAP_ID_MSIX, bytes, writable,
				 sizeof(bytes));
	if (r < 0)
		return r;
	f->msix_cap = (uint32_t)r;
	return 0;
}

void pci_function_set_window(struct pci_function *f,
			     const struct pci_function_window *window)
{
	f->window = *window;
}

/* Bring everything in line with the configuration space; under the lock. */
static void settle(struct pci_function *f)
{
	uint32_t command = pci_config_get(&f->config, PCI_COMMAND, 2);
	uint32_t control = 0;

	if (f->msix_cap)
		control = pci_config_get(&f->config,
					 f->msix_cap + PCI_MSIX_FLAGS, 2);
	pci_intx_update(&f->intx, &f->config, control & PCI_MSIX_FLAGS_ENABLE);
	pci_msix_update(&f->msix, (uint16_t)control,
			command & PCI_COMMAND_MASTER);
	pci_bar_update(&f->bars, &f->config);
}

static bool in_window(const struct pci_function *f, uint32_t offset, size_t len)
{
	return len && range_within(offset, len, f->window.offset,
				   f->window.length);
}

void pci_function_cfg_read(struct pci_function *f, uint32_t offset, void *buf,
			   size_t len)
{
	if (in_window(f, offset, len)) {
		f->window.read(f->window.ctx, offset - f->window.offset, buf,
			       len);
		return;
	}
	pthread_mutex_lock(&f->lock);
	pci_config_read(&f->config, offset, buf, len);
	pthread_mutex_unlock(&f->lock);
}

void pci_function_cfg_write(struct pci_function *f, uint32_t offset,
			    const void *buf, size_t len)
{
	if (in_window(f, offset, len)) {
		f->window.write(f->window.ctx, offset - f->window.offset, buf,
				len);
		return;
	}
	pthread_mutex_lock(&f->lock);
	pci_config_write(&f->config, offset, buf, len);
	settle(f);
	pthread_mutex_unlock(&f->lock);
}

void pci_function_msix_read(struct pci_function *f, uint64_t offset, void *buf,
			    size_t len)
{
	pthread_mutex_lock(&f->lock);
	pci_msix_read(&f->msix, offset, buf, len);
	pthread_mutex_unlock(&f->lock);
}

void pci_function_msix_write(struct pci_function *f, uint64_t offset,
			     const void *buf, size_t len)
{
	pthread_mutex_lock(&f->lock);
	pci_msix_write(&f->msix, offset, buf, len);
	pthread_mutex_unlock(&f->lock);
}

bool pci_function_msix_signal(struct pci_function *f, unsigned vector)
{
	bool enabled;

	pthread_mutex_lock(&f->lock);
	enabled = pci_msix_signal(&f->msix, vector);
	pthread_mutex_unlock(&f->lock);
	return enabled;
}

void pci_function_msix_forget(struct pci_function *f)
{
	pthread_mutex_lock(&f->lock);
	pci_msix_forget(&f->msix);
	pthread_mutex_unlock(&f->lock);
}

void pci_function_intx_set(struct pci_function *f, bool pending)
{
	pthread_mutex_lock(&f->lock);
	f->intx.pending = pending;
	pci_intx_update(&f->intx, &f->config, f->msix.enabled);
	pthread_mutex_unlock(&f->lock);
}

bool pci_function_bus_master(struct pci_function *f)
{
	uint32_t command;

	pthread_mutex_lock(&f->lock);
	command = pci_config_get(&f->config, PCI_COMMAND, 2);
	pthread_mutex_unlock(&f->lock);
	return command & PCI_COMMAND_MASTER;
}

struct pci_bar pci_function_bar(struct pci_function *f, unsigned bar)
{
	struct pci_bar copy = { 0 };

	if (bar >= PCI_BARS)
		return copy;
	pthread_mutex_lock(&f->lock);
	copy = f->bars.bar[bar];
	pthread_mutex_unlock(&f->lock);
	return copy;
}

void pci_function_reset(struct pci_function *f)
{
	pthread_mutex_lock(&f->lock);
	pci_config_reset(&f->config);
	pci_msix_reset(&f->msix);
	f->intx.pending = false;
	settle(f);
	pthread_mutex_unlock(&f->lock);
}

/* ---- saved state: u32 vectors, configuration space, table, PBA ---------- */

#define TAG_FUNCTION SAVE_TAG('p', 'c', 'i', 'f')

void pci_function_save(struct pci_function *f, struct save_writer *w)
{
	uint8_t value[PCI_CONFIG_SIZE];
	struct pci_msix_state msix;

	pthread_mutex_lock(&f->lock);
	memcpy(value, f->config.value, sizeof(value));
	msix = f->msix.state;
	pthread_mutex_unlock(&f->lock);

	save_begin(w, TAG_FUNCTION);
	save_u32(w, f->msix.vectors);
	save_bytes(w, value, sizeof(value));
	save_bytes(w, msix.table, sizeof(msix.table));
	save_bytes(w, msix.pba, sizeof(msix.pba));
	save_end(w);
}

int pci_function_restore(struct pci_function *f, struct save_reader *r)
{
	uint8_t value[PCI_CONFIG_SIZE];
	struct pci_msix_state msix;
	uint32_t vectors;

	save_take(r, TAG_FUNCTION);
	vectors = save_get_u32(r);
	save_get_bytes(r, value, sizeof(value));
	save_get_bytes(r, msix.table, sizeof(msix.table));
	save_get_bytes(r, msix.pba, sizeof(msix.pba));
	if (save_done(r))
		return r->error;
	if (vectors != f->msix.vectors)
		return save_refuse(r, -EINVAL,
				   "a function of %u vectors, this one has %u",
				   vectors, f->msix.vectors);

	pthread_mutex_lock(&f->lock);
	pci_config_restore(&f->config, value);
	pci_msix_restore(&f->msix, &msix);
	settle(f);
	pthread_mutex_unlock(&f->lock);
	return 0;
}
