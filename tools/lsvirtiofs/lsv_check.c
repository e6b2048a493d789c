/* SPDX-License-Identifier: MIT */
#include "tools/lsvirtiofs/lsv_check.h"

#include "common/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where violations go. */
struct judge {
	lsv_report report;
	void *ctx;
	unsigned count;
};

__attribute__((format(printf, 3, 4)))
static void expect(struct judge *j, bool ok, const char *format, ...)
{
	char text[200];
	va_list args;

	if (ok)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	j->count++;
	j->report(j->ctx, text);
}

/* ---- configuration space ---------------------------------------------- */

static void check_identity(struct judge *j, const struct lsv_config *c)
{
	expect(j, c->vendor == 0x1af4 && c->device == 0x105a,
	       "identity %04x:%04x is not a virtio file system's 1af4:105a (virtio 1.3 4.1.2)",
	       c->vendor, c->device);
	expect(j, c->revision >= 1,
	       "revision %u: a modern device has 1 or more (virtio 1.3 4.1.2.1)",
	       c->revision);
	expect(j, c->sub_device >= 0x40,
	       "subsystem id %#x: a modern device has 0x40 or more (virtio 1.3 4.1.2.1)",
	       c->sub_device);
	expect(j, c->header_type == 0, "header type %u: expected 0",
	       c->header_type);
	expect(j, c->interrupt_pin <= 4, "interrupt pin %u: expected 0 to 4",
	       c->interrupt_pin);
	expect(j, c->interrupt_pin || c->msix.present,
	       "no interrupt pin and no MSI-X: the device cannot interrupt");
}

/* Is [offset, offset + length) inside a memory BAR? */
static void check_inside(struct judge *j, const struct lsv_config *c,
			 const char *what, unsigned bar, uint64_t offset,
			 uint64_t length)
{
	const struct lsv_bar *b;

	expect(j, bar < LSV_BARS, "%s: BAR %u does not exist", what, bar);
	if (bar >= LSV_BARS)
		return;
	b = &c->bars[bar];
	expect(j, b->present && !b->io, "%s: BAR %u is no memory BAR", what,
	       bar);
	expect(j, !b->size || range_within(offset, length, 0, b->size),
	       "%s: %#llx bytes at %#llx exceed BAR %u of %#llx", what,
	       (unsigned long long)length, (unsigned long long)offset, bar,
	       (unsigned long long)b->size);
}

static void check_msix(struct judge *j, const struct lsv_config *c)
{
	const struct lsv_msix *m = &c->msix;

	if (!m->present)
		return;
	check_inside(j, c, "MSI-X table", m->table_bar, m->table_offset,
		     16 * (uint64_t)m->vectors);
	check_inside(j, c, "MSI-X PBA", m->pba_bar, m->pba_offset,
		     ((uint64_t)m->vectors + 63) / 64 * 8);
	expect(j, m->table_bar != m->pba_bar ||
	       !range_overlaps(m->table_offset, 16 * (uint64_t)m->vectors,
			       m->pba_offset, (m->vectors + 63) / 64 * 8),
	       "the MSI-X table and PBA overlap");
}

/* Least cap_len and length, and alignment of the offset, by type. */
static const struct {
	uint8_t type;
	uint8_t cap_len;
	uint8_t align;
	uint8_t length;
} cap_rules[] = {
	{ LSV_COMMON, 16, 4, 56 },
	{ LSV_NOTIFY, 20, 2, 2 },
	{ LSV_ISR, 16, 1, 1 },
	{ LSV_DEVICE, 16, 4, 40 },
	{ LSV_PCI_CFG, 20, 1, 0 },
	{ LSV_SHARED_MEMORY, 24, 1, 1 },
};

static void check_virtio_cap(struct judge *j, const struct lsv_config *c,
			     const struct lsv_cap *cap)
{
	const char *name = lsv_type_name(cap->type);

	expect(j, cap->pos + cap->len <= LSV_CONFIG_SIZE,
	       "%s: the capability exceeds the configuration space", name);
	for (size_t i = 0; i < ARRAY_LEN(cap_rules); i++) {
		if (cap_rules[i].type != cap->type)
			continue;
		expect(j, cap->len >= cap_rules[i].cap_len,
		       "%s: cap_len %u, expected %u (virtio 1.3 4.1.4)", name,
		       cap->len, cap_rules[i].cap_len);
		if (cap->type == LSV_PCI_CFG)
			return;         /* bar and offset are the driver's */
		expect(j, cap->offset % cap_rules[i].align == 0,
		       "%s: offset %#llx is no multiple of %u (virtio 1.3 4.1.4)",
		       name, (unsigned long long)cap->offset,
		       cap_rules[i].align);
		expect(j, cap->length >= cap_rules[i].length,
		       "%s: %llu bytes, expected at least %u (virtio 1.3 4.1.4)",
		       name, (unsigned long long)cap->length,
		       cap_rules[i].length);
		check_inside(j, c, name, cap->bar, cap->offset, cap->length);
	}
}

static bool overlap(const struct lsv_cap *a, const struct lsv_cap *b)
{
	return a->type != LSV_PCI_CFG && b->type != LSV_PCI_CFG &&
	       a->bar == b->bar &&
	       range_overlaps(a->offset, a->length, b->offset, b->length);
}

static void check_caps(struct judge *j, const struct lsv_config *c)
{
	static const uint8_t required[] = {
		LSV_COMMON, LSV_NOTIFY, LSV_ISR, LSV_DEVICE, LSV_PCI_CFG
	};
	const struct lsv_cap *notify = lsv_config_find(c, LSV_NOTIFY);

	expect(j, !c->caps_broken,
	       "the capability list is a loop or leaves its bounds");
	for (size_t i = 0; i < ARRAY_LEN(required); i++)
		expect(j, lsv_config_find(c, required[i]),
		       "no %s capability (virtio 1.3 4.1.4)",
		       lsv_type_name(required[i]));
	for (unsigned i = 0; i < c->n_caps; i++) {
		if (c->caps[i].id != LSV_PCI_CAP_VENDOR)
			continue;
		check_virtio_cap(j, c, &c->caps[i]);
		/* In a loop each would overlap itself. */
		for (unsigned k = 0; k < i && !c->caps_broken; k++)
			expect(j, c->caps[k].id != LSV_PCI_CAP_VENDOR ||
			       !overlap(&c->caps[i], &c->caps[k]),
			       "%s and %s overlap in BAR %u",
			       lsv_type_name(c->caps[k].type),
			       lsv_type_name(c->caps[i].type), c->caps[i].bar);
	}
	expect(j, !notify || !notify->notify_multiplier ||
	       (is_pow2(notify->notify_multiplier) &&
		notify->notify_multiplier != 1),
	       "notify_off_multiplier %u is neither 0 nor an even power of 2 (virtio 1.3 4.1.4.4)",
	       notify ? notify->notify_multiplier : 0);
}

unsigned lsv_check_config(const struct lsv_config *config, lsv_report report,
			  void *ctx)
{
	struct judge j = { report, ctx, 0 };

	check_identity(&j, config);
	check_caps(&j, config);
	check_msix(&j, config);
	return j.count;
}

/* ---- registers -------------------------------------------------------- */

static void check_features(struct judge *j, const struct lsv_config *c,
			   const struct lsv_regs *r)
{
	const struct lsv_cap *common = lsv_config_find(c, LSV_COMMON);
	uint64_t length = common ? common->length : 0;

	for (unsigned bit = 0; bit < 64; bit++)
		expect(j, !lsv_has(r->device_features, bit) ||
		       lsv_feature_name(bit),
		       "feature bit %u is offered, which has no meaning (virtio 1.3 5.11.3, 6)",
		       bit);
	expect(j, lsv_has(r->device_features, LSV_F_VERSION_1),
	       "VERSION_1 is not offered (virtio 1.3 6.1)");
	expect(j, !(r->status & LSV_STATUS_FEATURES_OK) ||
	       !(r->driver_features & ~r->device_features),
	       "features %#llx were accepted that are not offered (virtio 1.3 2.2)",
	       (unsigned long long)(r->driver_features & ~r->device_features));
	expect(j, !lsv_has(r->device_features, LSV_F_NOTIF_CONFIG_DATA) ||
	       length >= 58, "NOTIF_CONFIG_DATA is offered without its register");
	expect(j, !lsv_has(r->device_features, LSV_F_RING_RESET) ||
	       length >= 60, "RING_RESET is offered without queue_reset");
	expect(j, !lsv_has(r->device_features, LSV_F_ADMIN_VQ) ||
	       length >= 64, "ADMIN_VQ is offered without its registers");
}

static void check_status(struct judge *j, const struct lsv_regs *r)
{
	uint8_t s = r->status;

	expect(j, !(s & LSV_STATUS_DRIVER_OK) || (s & LSV_STATUS_FEATURES_OK),
	       "status %#x: DRIVER_OK without FEATURES_OK (virtio 1.3 3.1.1)",
	       s);
	expect(j, !(s & ~LSV_STATUS_ACKNOWLEDGE) || s & LSV_STATUS_ACKNOWLEDGE,
	       "status %#x: without ACKNOWLEDGE (virtio 1.3 3.1.1)", s);
	expect(j, !(s & 0x30), "status %#x: reserved bits (virtio 1.3 2.1)", s);
	expect(j, !(s & LSV_STATUS_NEEDS_RESET),
	       "status %#x: the device needs a reset", s);
	expect(j, !(s & LSV_STATUS_FAILED),
	       "status %#x: the driver has given up", s);
	expect(j, !r->generation_changed,
	       "config_generation changes by itself (virtio 1.3 4.1.4.3.1)");
}

static void check_vector(struct judge *j, const struct lsv_config *c,
			 const char *what, unsigned i, unsigned vector)
{
	expect(j, vector == LSV_NO_VECTOR ||
	       (c->msix.present && vector < c->msix.vectors),
	       "%s %u: vector %u of %u (virtio 1.3 4.1.5.1.2)", what, i, vector,
	       c->msix.vectors);
}

static void check_queue(struct judge *j, const struct lsv_config *c,
			const struct lsv_regs *r, unsigned i)
{
	const struct lsv_queue *q = &r->queues[i];
	const struct lsv_cap *notify = lsv_config_find(c, LSV_NOTIFY);
	bool packed = lsv_has(r->driver_features, LSV_F_RING_PACKED);
	unsigned width =
		lsv_has(r->device_features, LSV_F_NOTIFICATION_DATA) ? 4 : 2;

	expect(j, q->size, "queue %u has size 0: it is not there", i);
	expect(j, q->size <= 32768 && (packed || !q->size || is_pow2(q->size)),
	       "queue %u: size %u (virtio 1.3 2.7)", i, q->size);
	expect(j, q->enable <= 1, "queue %u: queue_enable is %u", i, q->enable);
	expect(j, !q->enable || r->status & LSV_STATUS_FEATURES_OK,
	       "queue %u is enabled before FEATURES_OK", i);
	check_vector(j, c, "queue", i, q->msix_vector);
	if (notify)
		expect(j, (uint64_t)q->notify_off * notify->notify_multiplier +
		       width <= notify->length,
		       "queue %u: notification at %u x %u exceeds NOTIFY (virtio 1.3 4.1.4.4)",
		       i, q->notify_off, notify->notify_multiplier);
}

/* UTF-8 as RFC 3629 has it: shortest form, no surrogates, to U+10FFFF. */
static bool is_utf8(const uint8_t *s, size_t len)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };

	for (size_t i = 0; i < len;) {
		unsigned more = s[i] < 0x80 ? 0 : s[i] < 0xc0 ? 4 :
				s[i] < 0xe0 ? 1 : s[i] < 0xf0 ? 2 :
				s[i] < 0xf8 ? 3 : 4;
		uint32_t c = more ? s[i] & (0x3fu >> more) : s[i];

		if (more > 3 || more >= len - i)
			return false;
		for (unsigned k = 1; k <= more; k++) {
			if ((s[i + k] & 0xc0) != 0x80)
				return false;
			c = c << 6 | (s[i + k] & 0x3f);
		}
		if (c < least[more] || c > 0x10ffff ||
		    (c >= 0xd800 && c < 0xe000))
			return false;
		i += more + 1;
	}
	return true;
}

static void check_fs_config(struct judge *j, const struct lsv_regs *r)
{
	size_t len = strnlen((const char *)r->tag, LSV_TAG_SIZE);
	uint64_t needed = 1 + (uint64_t)r->num_request_queues +
			  lsv_has(r->device_features, LSV_F_NOTIFICATION);

	expect(j, len, "the tag is empty (virtio 1.3 5.11.4)");
	expect(j, is_utf8(r->tag, len), "the tag is not UTF-8 (virtio 1.3 5.11.4)");
	for (size_t i = len; i < LSV_TAG_SIZE; i++) {
		if (!r->tag[i])
			continue;
		expect(j, false,
		       "the tag is not padded with NUL bytes (virtio 1.3 5.11.4)");
		break;
	}
	expect(j, r->num_request_queues,
	       "num_request_queues is 0 (virtio 1.3 5.11.4)");
	expect(j, r->num_queues >= needed,
	       "num_queues is %u, but num_request_queues %u needs %llu (virtio 1.3 5.11.2)",
	       r->num_queues, r->num_request_queues,
	       (unsigned long long)needed);
}

unsigned lsv_check_regs(const struct lsv_config *config,
			const struct lsv_regs *regs, lsv_report report,
			void *ctx)
{
	struct judge j = { report, ctx, 0 };

	check_features(&j, config, regs);
	check_status(&j, regs);
	check_vector(&j, config, "configuration", 0, regs->config_vector);
	expect(&j, !regs->size_beyond,
	       "queue %u, beyond the last, has size %u (virtio 1.3 4.1.4.3.1)",
	       regs->num_queues, regs->size_beyond);
	for (unsigned i = 0; i < regs->n_queues; i++)
		check_queue(&j, config, regs, i);
	check_fs_config(&j, regs);
	return j.count;
}
