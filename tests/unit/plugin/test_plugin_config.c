/* SPDX-License-Identifier: MIT */
#include "plugin/plugin_config.h"

#include "common/bytes.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

struct good {
	const char *text, *tag, *root;
	bool ro;
	unsigned queues, queue_size;    /* 0: the default */
};

static const struct good goods[] = {
	{ "myfs:/srv/a", "myfs", "/srv/a", false, 0, 0 },
	{ "myfs,/srv/a", "myfs", "/srv/a", false, 0, 0 },
	{ "home:/home,ro", "home", "/home", true, 0, 0 },
	{ "t:/a,queues=3,queue-size=128", "t", "/a", false, 3, 128 },
	{ "t,/a:b:c", "t", "/a:b:c", false, 0, 0 },
	{ "t:/a:b:c,ro", "t", "/a:b:c", true, 0, 0 },
	{ "t:C:\\dir\\,ro", "t", "C:\\dir\\", true, 0, 0 },
	{ "t:/a,,b,,,ro", "t", "/a,b,", true, 0, 0 },
	{ "a,,b:/r", "a,b", "/r", false, 0, 0 },
	{ "t:/a,ro=false", "t", "/a", false, 0, 0 },
	{ "123456789012345678901234567890123456:/",
	  "123456789012345678901234567890123456", "/", false, 0, 0 },
	{ "{\"tag\":\"a:b\",\"root\":\"/x,y\",\"ro\":true,\"queues\":2,"
	  "\"queue-size\":16}", "a:b", "/x,y", true, 2, 16 },
	{ " {\"root\":\"/\",\"tag\":\"t\"}", "t", "/", false, 0, 0 },
};

static void reads_every_form_of_a_share(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(goods); i++) {
		const struct good *g = &goods[i];
		struct plugin_config c;
		g_autoptr(GError) error = NULL;

		if (!plugin_config_parse(g->text, &c, &error))
			fail_msg("%s: %s", g->text, error->message);
		assert_string_equal(c.tag, g->tag);
		assert_string_equal(c.root, g->root);
		assert_int_equal(c.fs.read_only, g->ro);
		if (g->queues)
			assert_int_equal(c.queues, g->queues);
		else
			assert_in_range(c.queues, 1, 4);
		assert_int_equal(c.queue_size,
				 g->queue_size ? g->queue_size : 1024);
		plugin_config_done(&c);
	}
}

/* The text, and what its error must name. */
static const char *const bads[][2] = {
	{ "", "TAG:ROOT" },
	{ "myfs", "TAG:ROOT" },
	{ "a,,b", "TAG:ROOT" },
	{ ":/srv", "empty tag" },
	{ ",/srv", "empty tag" },
	{ "t:", "empty root" },
	{ "t:,ro", "empty root" },
	{ "1234567890123456789012345678901234567:/", "at most 36" },
	{ "t:/,rw", "unknown option 'rw'" },
	{ "t:/,", "unknown option ''" },
	{ "t:/,ro=1", "ro=1" },
	{ "t:/,queues", "queues" },
	{ "t:/,queues=", "from 1 to 63" },
	{ "t:/,queues=0", "from 1 to 63" },
	{ "t:/,queues=64", "from 1 to 63" },
	{ "t:/,queues=-1", "from 1 to 63" },
	{ "t:/,queues=2x", "from 1 to 63" },
	{ "t:/,queues=99999999999999999999", "from 1 to 63" },
	{ "t:/,queue-size=4", "from 8 to 1024" },
	{ "t:/,queue-size=2048", "from 8 to 1024" },
	{ "t:/,queue-size=100", "power of 2" },
	{ "{", "JSON" },
	{ "{\"tag\":\"t\"}", "\"root\"" },
	{ "{\"tag\":1,\"root\":\"/\"}", "\"tag\"" },
	{ "{\"tag\":\"t\\u0000u\",\"root\":\"/\"}", "NUL" },
	{ "{\"tag\":\"t\",\"root\":\"/\",\"x\":1}", "unknown option 'x'" },
	{ "{\"tag\":\"t\",\"root\":\"/\",\"queues\":\"2\"}", "\"queues\"" },
	{ "{\"tag\":\"t\",\"root\":\"/\",\"ro\":null}", "\"ro\"" },
	{ "{\"tag\":\"t\",\"root\":\"/\"} x", "JSON" },
};

static void says_what_is_wrong_in_one_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
		struct plugin_config c;
		g_autoptr(GError) error = NULL;

		if (plugin_config_parse(bads[i][0], &c, &error))
			fail_msg("accepted %s", bads[i][0]);
		if (!strstr(error->message, bads[i][1]) ||
		    strchr(error->message, '\n'))
			fail_msg("%s: %s", bads[i][0], error->message);
		plugin_config_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_form_of_a_share),
		cmocka_unit_test(says_what_is_wrong_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
