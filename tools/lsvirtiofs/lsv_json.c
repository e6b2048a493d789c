/* SPDX-License-Identifier: MIT */
#include "tools/lsvirtiofs/lsv_report.h"

#include <string.h>

typedef struct json_object json;

static void add_int(json *object, const char *key, int64_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

static void add_bool(json *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

static void add_text(json *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

/* A BAR address or 64 feature bits: as text, since JSON readers use doubles. */
static void add_hex(json *object, const char *key, uint64_t value)
{
	char text[20];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	add_text(object, key, text);
}

static json *add_array(json *object, const char *key)
{
	json *array = json_object_new_array();

	json_object_object_add(object, key, array);
	return array;
}

static json *append_object(json *array)
{
	json *object = json_object_new_object();

	json_object_array_add(array, object);
	return object;
}

static void add_identity(json *o, const struct lsv_config *c)
{
	add_hex(o, "vendor", c->vendor);
	add_hex(o, "device", c->device);
	add_int(o, "revision", c->revision);
	add_hex(o, "class", c->class_code);
	add_hex(o, "subsystem_vendor", c->sub_vendor);
	add_hex(o, "subsystem_device", c->sub_device);
	add_hex(o, "command", c->command);
	add_int(o, "interrupt_pin", c->interrupt_pin);
}

static void add_bars(json *o, const struct lsv_config *c)
{
	json *bars = add_array(o, "bars");

	for (unsigned i = 0; i < LSV_BARS; i++) {
		const struct lsv_bar *b = &c->bars[i];
		json *bar;

		if (!b->present)
			continue;
		bar = append_object(bars);
		add_int(bar, "bar", i);
		add_hex(bar, "address", b->addr);
		add_int(bar, "size", (int64_t)b->size);
		add_bool(bar, "io", b->io);
		add_bool(bar, "64bit", b->is_64bit);
		add_bool(bar, "prefetchable", b->prefetchable);
	}
}

static void add_caps(json *o, const struct lsv_config *c)
{
	json *caps = add_array(o, "capabilities");

	for (unsigned i = 0; i < c->n_caps; i++) {
		const struct lsv_cap *cap = &c->caps[i];
		json *object = append_object(caps);

		add_int(object, "position", cap->pos);
		add_int(object, "id", cap->id);
		if (cap->id != LSV_PCI_CAP_VENDOR)
			continue;
		add_text(object, "type", lsv_type_name(cap->type));
		add_int(object, "bar", cap->bar);
		add_int(object, "offset", (int64_t)cap->offset);
		add_int(object, "length", (int64_t)cap->length);
		if (cap->type == LSV_NOTIFY)
			add_int(object, "notify_off_multiplier",
				cap->notify_multiplier);
		if (cap->type == LSV_SHARED_MEMORY)
			add_int(object, "shmid", cap->shm_id);
	}
}

static void add_msix(json *o, const struct lsv_report_data *data)
{
	const struct lsv_msix *m = &data->config->msix;
	json *msix, *table;

	if (!m->present)
		return;
	msix = json_object_new_object();
	json_object_object_add(o, "msix", msix);
	add_int(msix, "vectors", m->vectors);
	add_bool(msix, "enabled", m->enabled);
	add_bool(msix, "masked", m->masked);
	add_int(msix, "table_bar", m->table_bar);
	add_int(msix, "table_offset", m->table_offset);
	add_int(msix, "pba_bar", m->pba_bar);
	add_int(msix, "pba_offset", m->pba_offset);
	if (!data->n_vectors)
		return;
	table = add_array(msix, "table");
	for (unsigned i = 0; i < data->n_vectors; i++) {
		json *entry = append_object(table);

		add_hex(entry, "address", data->vectors[i].addr);
		add_hex(entry, "data", data->vectors[i].data);
		add_bool(entry, "masked", data->vectors[i].masked);
	}
}

static void add_features(json *o, const char *key, uint64_t features)
{
	json *names = add_array(o, key);

	for (unsigned bit = 0; bit < 64; bit++) {
		const char *name = lsv_feature_name(bit);
		char text[8];

		if (!lsv_has(features, bit))
			continue;
		snprintf(text, sizeof(text), "bit-%u", bit);
		name = name ? name : text;
		json_object_array_add(names, json_object_new_string(name));
	}
}

static void add_vector(json *o, uint16_t vector)
{
	json_object_object_add(o, "msix_vector", vector == LSV_NO_VECTOR ?
			       NULL : json_object_new_int(vector));
}

static void add_regs(json *o, const struct lsv_regs *r)
{
	const char *tag = (const char *)r->tag;
	json *queues = add_array(o, "queues");
	json *config = json_object_new_object();

	json_object_object_add(o, "tag",
			       json_object_new_string_len(tag,
					(int)strnlen(tag, LSV_TAG_SIZE)));
	add_int(o, "num_request_queues", r->num_request_queues);
	add_int(o, "num_queues", r->num_queues);
	add_int(o, "device_status", r->status);
	add_features(o, "device_features", r->device_features);
	add_features(o, "driver_features", r->driver_features);
	json_object_object_add(o, "config", config);
	add_int(config, "generation", r->generation);
	add_vector(config, r->config_vector);
	for (unsigned i = 0; i < r->n_queues; i++) {
		const struct lsv_queue *q = &r->queues[i];
		json *queue = append_object(queues);

		add_int(queue, "queue", i);
		add_text(queue, "role", lsv_queue_role(r, i));
		add_int(queue, "size", q->size);
		add_bool(queue, "enabled", q->enable);
		add_int(queue, "notify_offset", q->notify_off);
		add_vector(queue, q->msix_vector);
	}
}

struct json_object *lsv_report_json(const struct lsv_report_data *data)
{
	json *o = json_object_new_object();

	add_text(o, "slot", data->slot);
	add_identity(o, data->config);
	add_bars(o, data->config);
	add_caps(o, data->config);
	add_msix(o, data);
	if (data->regs)
		add_regs(o, data->regs);
	return o;
}
