/* SPDX-License-Identifier: MIT */
/*
 * A host that was built with another header than today's; it is compiled with
 * each header in turn and run with a plugin of each (ABI_PLUGIN in the
 * environment; ABI_PLUGIN_KIND says which one that is).  Behind the table that
 * it gives there is poison, so that a plugin which reads on calls what is not
 * there.
 */
#include "tools/plugin_load.h"

#include "common/bytes.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct given {
	struct pciplug_host table;
	uint64_t poison[8];
};

static struct plugin_load plugin;
static char config[] = "abi:/tmp/test_abi.XXXXXX";
#ifdef ABI_FUTURE
static const bool host_is_future = true;
#else
static const bool host_is_future;
#endif
static bool plugin_is_older, plugin_is_future;
static unsigned future_calls;

static void msix_signal(void *ctx, uint16_t vector, uint64_t addr,
			uint32_t data)
{
	(void)ctx;
	(void)vector;
	(void)addr;
	(void)data;
}

#ifdef ABI_FUTURE
static int future_call(void *ctx)
{
	(void)ctx;
	future_calls++;
	return 0;
}
#endif

static struct given give(void)
{
	struct given given;

	memset(&given, 0xee, sizeof(given));
	given.table = (struct pciplug_host){
		.size = sizeof(given.table),
		.msix_signal = msix_signal,
#ifdef ABI_FUTURE
		.future_call = future_call,
#endif
	};
	return given;
}

static struct pciplug_device *make(void)
{
	struct given given = give();
	struct pciplug_device *dev = NULL;
	char err[256] = "";

	if (plugin.table.create(&given.table, config, err, sizeof(err), &dev))
		fail_msg("create: %s", err);
	assert_non_null(dev);
	return dev;
}

static int load(void **state)
{
	const char *path = getenv("ABI_PLUGIN"), *kind;
	char err[256];

	(void)state;
	kind = getenv("ABI_PLUGIN_KIND");
	if (!kind)
		return -1;
	plugin_is_older = !strcmp(kind, "older");
	plugin_is_future = !strcmp(kind, "future");
	if (!path || !mkdtemp(strchr(config, '/')))
		return -1;
	if (plugin_load_open(path, &plugin, err, sizeof(err))) {
		print_error("%s\n", err);
		return -1;
	}
	return 0;
}

static int unload(void **state)
{
	(void)state;
	plugin_load_close(&plugin);
	return rmdir(strchr(config, '/'));
}

static void a_device_lives_its_life(void **state)
{
	struct pciplug_device *dev = make();
	static uint8_t memory[4096];
	uint8_t id[4] = { 0 };

	(void)state;
	plugin.table.cfg_read(dev, 0, id, sizeof(id));
	assert_memory_equal(id, "\xf4\x1a\x5a\x10", 4);
	assert_int_equal(plugin.table.mem_add(dev, 0, sizeof(memory), memory,
					      PCIPLUG_MEM_READ |
					      PCIPLUG_MEM_WRITE), 0);
	assert_int_equal(plugin.table.start(dev), 0);
	plugin.table.reset(dev);
	plugin.table.stop(dev);
	assert_int_equal(plugin.table.mem_remove(dev, 0, sizeof(memory)), 0);
	plugin.table.destroy(dev);
	plugin.table.destroy(NULL);
}

static void members_that_the_other_does_not_know_are_absent(void **state)
{
	struct pciplug_device *dev;

	(void)state;
	future_calls = 0;
	dev = make();
	assert_int_equal(future_calls, host_is_future && plugin_is_future);
#ifdef ABI_FUTURE
	if (plugin_is_future)
		assert_int_equal(plugin.table.future_op(dev), 42);
	else
		assert_null(plugin.table.future_op);
	assert_int_equal(plugin.table.future_word, 0);
#endif
#ifdef ABI_OLDER
	/* The last member that this host knows. */
	assert_non_null(plugin.table.reset);
#else
	if (plugin_is_older) {
		assert_null(plugin.table.inspect);
		assert_null(plugin.table.paths);
	} else {
		char text[8192];
		size_t len = sizeof(text);

		assert_int_equal(plugin.table.inspect(dev, text, &len), 0);
		assert_int_equal(text[0], '{');
		assert_int_equal(strlen(text) + 1, len);
	}
#endif
	plugin.table.destroy(dev);
}

/* The plugin fills what both know; what lies behind it is not touched. */
static void a_struct_is_filled_up_to_the_callers_size(void **state)
{
	struct pciplug_device *dev = make();
	union {
		struct pciplug_bar bar;
		uint8_t bytes[sizeof(struct pciplug_bar) + 64];
	} u;
	const uint32_t sizes[] = { 4, 8, sizeof(u.bar), sizeof(u.bar) + 32 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		memset(&u, 0xee, sizeof(u));
		u.bar.size = sizes[i];
		assert_int_equal(plugin.table.bar_info(dev, 0, &u.bar), 0);
		assert_int_equal(u.bar.size, sizes[i]);
		if (sizes[i] >= 8)
			assert_int_equal(u.bar.flags, PCIPLUG_BAR_64BIT);
		if (sizes[i] >= 16)
			assert_true(u.bar.length && is_pow2(u.bar.length));
		for (size_t at = sizes[i]; at < sizeof(u); at++)
			assert_int_equal(u.bytes[at], 0xee);
	}
	assert_int_equal(plugin.table.bar_info(dev, 6, &u.bar), -EINVAL);
	plugin.table.destroy(dev);
}

static void a_host_without_what_is_required_is_refused(void **state)
{
	struct pciplug_device *out = (void *)state;
	struct given given = give();
	char err[256] = "";

	given.table.msix_signal = NULL;
	assert_int_equal(plugin.table.create(&given.table, config, err,
					     sizeof(err), &out), -EINVAL);
	assert_ptr_equal(out, state);
	assert_non_null(strstr(err, "msix_signal"));

	/* A table that ends before it. */
	given = give();
	given.table.size = offsetof(struct pciplug_host, msix_signal);
	memset(err, 0xee, sizeof(err));
	assert_int_equal(plugin.table.create(&given.table, config, err, 5,
					     &out), -EINVAL);
	assert_int_equal(strlen(err), 4);
	assert_int_equal((unsigned char)err[5], 0xee);
	assert_int_equal(plugin.table.create(&given.table, config, NULL, 0,
					     &out), -EINVAL);
	assert_ptr_equal(out, state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_lives_its_life),
		cmocka_unit_test(
			members_that_the_other_does_not_know_are_absent),
		cmocka_unit_test(a_struct_is_filled_up_to_the_callers_size),
		cmocka_unit_test(a_host_without_what_is_required_is_refused),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
