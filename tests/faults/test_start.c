/* SPDX-License-Identifier: MIT */
/*
 * Each call that making and starting a device takes fails, and then one of
 * those after it, too.  The host is told so by the error and in words, nothing
 * is left open, and what did not work once works then.
 */
#include "common/bytes.h"
#include "tests/faults/faults.h"
#include "tests/lib/count_fds.h"
#include "tests/lib/fake_host.h"
#include "tests/lib/tmptree.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define RAM_SIZE (1u << 20)
#define CALLS_MAX 400u                  /* more than there are */
#define AGAIN_MAX 3u                    /* how far apart two faults are */

static struct tmptree tree;
static const struct pciplug_plugin *plugin;
static unsigned failures;

static void complain(const struct fault *f, const char *what, int result)
{
	failures++;
	print_error("call %u%s and %u, %s: %d: %s\n", f->nth,
		    f->on ? " and on" : "", f->again ? f->nth + f->again : 0,
		    faults_victim(), result, what);
}

/* Has a person been told what is wrong, in a line? */
static void check_text(const struct fault *f, const char *text, int err)
{
	if (err != -f->error || !strstr(text, strerror(f->error)) ||
	    strchr(text, '\n'))
		complain(f, text, err);
}

/* Make a device and give it its memory. */
static int make(const struct fault *f, struct fake_host *host, void *ram,
		struct pciplug_device **ret_dev)
{
	char config[sizeof(tree.root) + 64], error[256] = "";
	struct pciplug_device *dev;
	int err;

	snprintf(config, sizeof(config), "tag:%s,queues=2", tree.root);
	err = plugin->create(&host->table, config, error, sizeof(error), &dev);
	if (err) {
		check_text(f, error, err);
		return err;
	}
	err = plugin->mem_add(dev, host->ram.gpa, host->ram.size,
			      ram, PCIPLUG_MEM_READ | PCIPLUG_MEM_WRITE);
	if (err)
		plugin->destroy(dev);
	else
		*ret_dev = dev;
	return err;
}

/* What has failed is done again, without a fault. */
static void check_works(const struct fault *f, struct fake_host *host,
			void *ram, struct pciplug_device *dev, int err)
{
	uint8_t id[4] = { 0 };

	if (err && err != -f->error)
		complain(f, "another error", err);
	if (err && !dev && make(f, host, ram, &dev)) {
		complain(f, "is not made any more", err);
		return;
	}
	if (err && plugin->start(dev))
		complain(f, "does not start any more", err);
	plugin->cfg_read(dev, 0, id, sizeof(id));
	if (le32_load(id) != 0x105a1af4)
		complain(f, "is not what it is", err);
	plugin->stop(dev);
	plugin->destroy(dev);
}

/* Returns how many calls there were. */
static unsigned try_start(const struct fault *f)
{
	unsigned before = count_fds(), calls;
	struct pciplug_device *dev = NULL;
	static struct fake_host host;
	void *ram;
	int err;

	fake_host_init(&host, RAM_SIZE);
	ram = fake_ram_map(&host.ram);
	faults_begin(f);
	err = make(f, &host, ram, &dev);
	if (!err)
		err = plugin->start(dev);
	calls = faults_end();
	check_works(f, &host, ram, dev, err);
	if (fake_host_doorbells(&host))
		complain(f, "leaves doorbells", err);
	fake_host_done(&host);
	if (count_fds() != before)
		complain(f, "leaves descriptors", err);
	return calls;
}

static void try_all(enum fault_kind kind, int error)
{
	struct fault f = { .kind = kind, .error = error };
	unsigned calls = try_start(&f);

	assert_in_range(calls, 1, CALLS_MAX);
	for (f.nth = 1; f.nth <= calls; f.nth++) {
		f.on = false;
		try_start(&f);
		f.on = true;
		try_start(&f);
		f.on = false;
		for (f.again = 1; f.again <= AGAIN_MAX; f.again++)
			try_start(&f);
		f.again = 0;
	}
	assert_int_equal(failures, 0);
}

static void without_descriptors(void **state)
{
	(void)state;
	try_all(FAULT_CALL, EMFILE);
}

static void without_files_of_the_system(void **state)
{
	(void)state;
	try_all(FAULT_CALL, ENFILE);
}

static void without_permission(void **state)
{
	(void)state;
	try_all(FAULT_CALL, EACCES);
}

static void with_errors_of_the_host(void **state)
{
	(void)state;
	try_all(FAULT_CALL, EIO);
}

static void without_memory(void **state)
{
	(void)state;
	try_all(FAULT_MEMORY, ENOMEM);
}

static void without_threads(void **state)
{
	(void)state;
	try_all(FAULT_THREAD, EAGAIN);
}

static int up(void **state)
{
	(void)state;
	plugin = pciplug_entry_v1();
	tmptree_init(&tree, "f file hello\nd dir\n");
	return 0;
}

static int down(void **state)
{
	(void)state;
	tmptree_done(&tree);
	return 0;
}

static int forget_failures(void **state)
{
	(void)state;
	failures = 0;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_descriptors, forget_failures),
		cmocka_unit_test_setup(without_files_of_the_system,
				       forget_failures),
		cmocka_unit_test_setup(without_permission, forget_failures),
		cmocka_unit_test_setup(with_errors_of_the_host,
				       forget_failures),
		cmocka_unit_test_setup(without_memory, forget_failures),
		cmocka_unit_test_setup(without_threads, forget_failures),
	};

	return cmocka_run_group_tests_name("start", tests, up, down);
}
