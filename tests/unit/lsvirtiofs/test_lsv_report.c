/* SPDX-License-Identifier: MIT */
/* The text and the JSON of one function, both from the same data. */
#include "tests/unit/lsvirtiofs/fake_function.h"

#include "tools/lsvirtiofs/lsv_report.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static struct fake_function fake;
static struct lsv_config config;
static struct lsv_regs regs;
static struct lsv_vector vectors[4];
static struct lsv_report_data data;

static int set_up(void **state)
{
	(void)state;
	fake_function_init(&fake);
	lsv_config_decode(fake.config, &config);
	assert_int_equal(lsv_regs_read(&fake.io, &config, &regs), 0);
	assert_int_equal(lsv_vectors_read(&fake.io, &config.msix, 4, vectors),
			 0);
	data = (struct lsv_report_data){ "0000:00:03.0", &config, &regs,
					 vectors, 4 };
	return 0;
}

static char *text_of(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	lsv_report_text(out, &data);
	fclose(out);
	return text;
}

static void prints_all_parts(void **state)
{
	static const char *const parts[] = {
		"0000:00:03.0 virtio-fs \"myfs\"\n",
		"1af4:105a revision 1 class 088000 subsystem 1af4:1100",
		"BAR 0       64-bit memory at 0x1fe000000",
		"MSI-X, enabled, 4 vectors, table BAR 2 + 0, PBA BAR 2 + 0x800",
		"virtio NOTIFY, BAR 0 + 0x3000, 0x1000 bytes",
		"ACKNOWLEDGE DRIVER DRIVER_OK FEATURES_OK\n",
		"accepted    INDIRECT_DESC EVENT_IDX VERSION_1\n",
		"queue 2     request, size 128, enabled, notify offset 2, vector 3",
		"vector 1    0x1fee01000 = 0x4022, masked",
	};
	char *text = text_of();

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strstr(text, parts[i]))
			fail_msg("no '%s' in:\n%s", parts[i], text);
	free(text);
}

static void escapes_the_tag(void **state)
{
	char *text;

	(void)state;
	regs.tag[0] = 0x1b;
	text = text_of();
	assert_null(strchr(text, 0x1b));
	assert_non_null(strstr(text, "\\x1byfs"));
	free(text);
}

static const char *string_of(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

static void makes_json_of_the_same(void **state)
{
	struct json_object *o = lsv_report_json(&data);
	struct json_object *queues = json_object_object_get(o, "queues");
	struct json_object *msix = json_object_object_get(o, "msix");
	struct json_object *queue;

	(void)state;
	assert_string_equal(string_of(o, "slot"), "0000:00:03.0");
	assert_string_equal(string_of(o, "tag"), "myfs");
	assert_string_equal(string_of(o, "device"), "0x105a");
	assert_int_equal(json_object_array_length(queues), 3);
	queue = json_object_array_get_idx(queues, 2);
	assert_int_equal(json_object_get_int(
			 json_object_object_get(queue, "msix_vector")), 3);
	assert_string_equal(string_of(queue, "role"), "request");
	assert_int_equal(json_object_array_length(
			 json_object_object_get(msix, "table")), 4);
	json_object_put(o);
}

static void leaves_out_what_cannot_be_read(void **state)
{
	struct json_object *o;
	char *text;

	(void)state;
	data.regs = NULL;
	data.n_vectors = 0;
	text = text_of();
	assert_non_null(strstr(text, "0000:00:03.0 virtio-fs\n"));
	assert_null(strstr(text, "queue"));
	free(text);
	o = lsv_report_json(&data);
	assert_null(json_object_object_get(o, "tag"));
	assert_null(json_object_object_get(json_object_object_get(o, "msix"),
					   "table"));
	json_object_put(o);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(prints_all_parts),
		TEST(escapes_the_tag),
		TEST(makes_json_of_the_same),
		TEST(leaves_out_what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
