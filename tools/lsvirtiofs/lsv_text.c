/* SPDX-License-Identifier: MIT */
#include "tools/lsvirtiofs/lsv_report.h"

#include "common/bytes.h"
#include "common/log.h"

#include <inttypes.h>
#include <string.h>

static void print_identity(FILE *out, const struct lsv_config *c)
{
	fprintf(out, "  identity    %04x:%04x revision %u class %06x subsystem %04x:%04x\n",
		c->vendor, c->device, c->revision, c->class_code,
		c->sub_vendor, c->sub_device);
	fprintf(out, "  command     %s%s%s, interrupt pin ",
		c->command & 2 ? "memory" : "no memory",
		c->command & 4 ? ", bus master" : "",
		c->command & 0x400 ? ", INTx disabled" : "");
	if (c->interrupt_pin)
		fprintf(out, "%c\n", 'A' + c->interrupt_pin - 1);
	else
		fputs("none\n", out);
}

static void print_bars(FILE *out, const struct lsv_config *c)
{
	for (unsigned i = 0; i < LSV_BARS; i++) {
		const struct lsv_bar *b = &c->bars[i];

		if (!b->present)
			continue;
		fprintf(out, "  BAR %u       %s%s%s at %#" PRIx64 ", %#" PRIx64
			" bytes\n", i, b->is_64bit ? "64-bit " : "",
			b->prefetchable ? "prefetchable " : "",
			b->io ? "ports" : "memory", b->addr, b->size);
	}
}

static void print_caps(FILE *out, const struct lsv_config *c)
{
	const struct lsv_msix *m = &c->msix;

	for (unsigned i = 0; i < c->n_caps; i++) {
		const struct lsv_cap *cap = &c->caps[i];

		fprintf(out, "  cap %#04x    ", cap->pos);
		if (cap->id == LSV_PCI_CAP_MSIX)
			fprintf(out, "MSI-X, %s%s, %u vectors, table BAR %u + %#x, PBA BAR %u + %#x\n",
				m->enabled ? "enabled" : "disabled",
				m->masked ? ", masked" : "", m->vectors,
				m->table_bar, m->table_offset, m->pba_bar,
				m->pba_offset);
		else if (cap->id != LSV_PCI_CAP_VENDOR)
			fprintf(out, "PCI capability %#x\n", cap->id);
		else if (cap->type == LSV_PCI_CFG)
			fprintf(out, "virtio PCI_CFG\n");
		else
			fprintf(out, "virtio %s, BAR %u + %#" PRIx64 ", %#"
				PRIx64 " bytes\n", lsv_type_name(cap->type),
				cap->bar, cap->offset, cap->length);
	}
}

static void print_features(FILE *out, const char *what, uint64_t features)
{
	fprintf(out, "  %-10s ", what);
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!lsv_has(features, bit))
			continue;
		if (lsv_feature_name(bit))
			fprintf(out, " %s", lsv_feature_name(bit));
		else
			fprintf(out, " bit-%u", bit);
	}
	fputc('\n', out);
}

static void print_vector(FILE *out, uint16_t vector)
{
	if (vector == LSV_NO_VECTOR)
		fputs("no vector", out);
	else
		fprintf(out, "vector %u", vector);
}

static void print_regs(FILE *out, const struct lsv_regs *r)
{
	fprintf(out, "  status     ");
	for (unsigned bit = 0; bit < 8; bit++)
		if (lsv_has(r->status, bit))
			fprintf(out, " %s", lsv_status_name(bit) ?
				lsv_status_name(bit) : "?");
	fprintf(out, "%s\n", r->status ? "" : " reset");
	print_features(out, "offered", r->device_features);
	print_features(out, "accepted", r->driver_features);
	fprintf(out, "  config      generation %u, ", r->generation);
	print_vector(out, r->config_vector);
	fprintf(out, ", %u request queues\n", r->num_request_queues);
	for (unsigned i = 0; i < r->n_queues; i++) {
		const struct lsv_queue *q = &r->queues[i];

		fprintf(out, "  queue %-5u %s, size %u, %s, notify offset %u, ",
			i, lsv_queue_role(r, i), q->size,
			q->enable ? "enabled" : "disabled", q->notify_off);
		print_vector(out, q->msix_vector);
		fputc('\n', out);
	}
}

void lsv_report_text(FILE *out, const struct lsv_report_data *data)
{
	char tag[4 * LSV_TAG_SIZE + 1];

	fprintf(out, "%s virtio-fs", data->slot);
	if (data->regs) {
		const char *text = (const char *)data->regs->tag;

		fprintf(out, " \"%s\"",
			log_escape(tag, sizeof(tag), text,
				   strnlen(text, LSV_TAG_SIZE)));
	}
	fputc('\n', out);
	print_identity(out, data->config);
	print_bars(out, data->config);
	print_caps(out, data->config);
	if (data->regs)
		print_regs(out, data->regs);
	for (unsigned i = 0; i < data->n_vectors; i++) {
		const struct lsv_vector *v = &data->vectors[i];

		fprintf(out, "  vector %-4u %#" PRIx64 " = %#x%s\n", i,
			v->addr, v->data, v->masked ? ", masked" : "");
	}
}
