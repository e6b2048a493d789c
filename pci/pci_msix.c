/* SPDX-License-Identifier: MIT */
#include "pci/pci_msix.h"

#include "common/bytes.h"

#include <errno.h>
#include <string.h>

/* What software can write of a table entry. */
static const uint8_t entry_writable[PCI_MSIX_ENTRY_SIZE] = {
	0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, PCI_MSIX_ENTRY_CTRL_MASKBIT, 0, 0, 0,
};

static const uint8_t *entry_of(const struct pci_msix *msix, unsigned vector)
{
	return msix->state.table + vector * PCI_MSIX_ENTRY_SIZE;
}

static size_t table_size(const struct pci_msix *msix)
{
	return msix->vectors * PCI_MSIX_ENTRY_SIZE;
}

/* The PBA comes in quadwords. */
static size_t pba_size(const struct pci_msix *msix)
{
	return (msix->vectors + 63) / 64 * 8;
}

int pci_msix_init(struct pci_msix *msix, unsigned vectors, bool host_table,
		  pci_msix_send send, void *ctx)
{
	if (vectors < 1 || vectors > PCI_MSIX_VECTORS_MAX)
		return -EINVAL;
	*msix = (struct pci_msix){ .vectors = vectors,
				   .host_table = host_table,
				   .send = send,
				   .ctx = ctx };
	pci_msix_reset(msix);
	return 0;
}

void pci_msix_capability(const struct pci_msix *msix, unsigned bar,
			 uint8_t ret_bytes[PCI_CAP_MSIX_SIZEOF],
			 uint8_t ret_writable[PCI_CAP_MSIX_SIZEOF])
{
	memset(ret_bytes, 0, PCI_CAP_MSIX_SIZEOF);
	memset(ret_writable, 0, PCI_CAP_MSIX_SIZEOF);
	le16_store(ret_bytes + PCI_MSIX_FLAGS, (uint16_t)(msix->vectors - 1));
	le32_store(ret_bytes + PCI_MSIX_TABLE, bar);
	le32_store(ret_bytes + PCI_MSIX_PBA, PCI_MSIX_PBA_OFFSET | bar);
	le16_store(ret_writable + PCI_MSIX_FLAGS,
		   PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
}

void pci_msix_reset(struct pci_msix *msix)
{
	msix->enabled = false;
	msix->blocked = true;
	pci_msix_forget(msix);
	memset(msix->state.table, 0, sizeof(msix->state.table));
	for (unsigned v = 0; v < msix->vectors; v++)
		msix->state.table[v * PCI_MSIX_ENTRY_SIZE +
			    PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

void pci_msix_forget(struct pci_msix *msix)
{
	memset(msix->state.pba, 0, sizeof(msix->state.pba));
}

static bool can_send(const struct pci_msix *msix, unsigned vector)
{
	return msix->enabled && !msix->blocked &&
	       !(entry_of(msix, vector)[PCI_MSIX_ENTRY_VECTOR_CTRL] &
		 PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

static void send_message(struct pci_msix *msix, unsigned vector)
{
	const uint8_t *entry = entry_of(msix, vector);

	msix->send(msix->ctx, (uint16_t)vector,
		   le64_load(entry + PCI_MSIX_ENTRY_LOWER_ADDR),
		   le32_load(entry + PCI_MSIX_ENTRY_DATA));
}

/* Send those of vectors first..last that wait and need wait no more. */
static void send_pending(struct pci_msix *msix, unsigned first, unsigned last)
{
	for (unsigned v = first; v <= last; v++) {
		uint8_t bit = (uint8_t)(1u << v % 8);

		if ((msix->state.pba[v / 8] & bit) && can_send(msix, v)) {
			msix->state.pba[v / 8] &= (uint8_t)~bit;
			send_message(msix, v);
		}
	}
}

void pci_msix_update(struct pci_msix *msix, uint16_t control, bool bus_master)
{
	if (!msix->vectors)
		return;
	msix->enabled = control & PCI_MSIX_FLAGS_ENABLE;
	msix->blocked = (control & PCI_MSIX_FLAGS_MASKALL) || !bus_master;
	if (msix->enabled)
		send_pending(msix, 0, msix->vectors - 1);
	else
		pci_msix_forget(msix);
}

bool pci_msix_signal(struct pci_msix *msix, unsigned vector)
{
	if (!msix->enabled)
		return false;
	if (vector >= msix->vectors)
		return true;
	if (msix->host_table)
		msix->send(msix->ctx, (uint16_t)vector, 0, 0);
	else if (can_send(msix, vector))
		send_message(msix, vector);
	else
		msix->state.pba[vector / 8] |= (uint8_t)(1u << vector % 8);
	return true;
}

void pci_msix_restore(struct pci_msix *msix, const struct pci_msix_state *state)
{
	pci_msix_reset(msix);
	for (size_t i = 0; i < table_size(msix); i++)
		msix->state.table[i] =
			state->table[i] &
			entry_writable[i % PCI_MSIX_ENTRY_SIZE];
	/* Where the host emulates the table, it has the pending bits, too. */
	for (unsigned v = 0; v < msix->vectors && !msix->host_table; v++)
		msix->state.pba[v / 8] |=
			(uint8_t)(state->pba[v / 8] & 1u << v % 8);
}

/*
 * The part of [offset, offset + len) that is within [start, start + size):
 * how many bytes, and where it begins in the access.
 */
static size_t clip(uint64_t offset, size_t len, uint64_t start, size_t size,
		   size_t *ret_skip)
{
	uint64_t skip = offset < start ? start - offset : 0;
	uint64_t from = offset + skip;

	if (skip >= len || from >= start + size)
		return 0;
	*ret_skip = (size_t)skip;
	return (size_t)MIN(len - skip, start + size - from);
}

void pci_msix_read(const struct pci_msix *msix, uint64_t offset, void *buf,
		   size_t len)
{
	uint8_t *p = buf;
	size_t skip = 0, n;

	memset(buf, 0xff, len);
	n = clip(offset, len, 0, table_size(msix), &skip);
	if (n)
		memcpy(p + skip, msix->state.table + offset + skip, n);
	n = clip(offset, len, PCI_MSIX_PBA_OFFSET, pba_size(msix), &skip);
	if (n)
		memcpy(p + skip, msix->state.pba + (offset + skip -
						    PCI_MSIX_PBA_OFFSET), n);
}

void pci_msix_write(struct pci_msix *msix, uint64_t offset, const void *buf,
		    size_t len)
{
	const uint8_t *p = buf;
	size_t skip = 0;
	size_t n = clip(offset, len, 0, table_size(msix), &skip);

	if (!n)
		return;
	for (size_t i = 0; i < n; i++) {
		uint8_t writable =
			entry_writable[(offset + i) % PCI_MSIX_ENTRY_SIZE];
		uint8_t *byte = &msix->state.table[offset + i];

		*byte = (uint8_t)((*byte & ~writable) | (p[i] & writable));
	}
	send_pending(msix, (unsigned)(offset / PCI_MSIX_ENTRY_SIZE),
		     (unsigned)((offset + n - 1) / PCI_MSIX_ENTRY_SIZE));
}
