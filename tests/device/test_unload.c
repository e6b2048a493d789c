/* SPDX-License-Identifier: MIT */
/*
 * What a host is promised after destroy(): dlclose() is safe.  The libraries
 * below the plugin may stay (GLib does), so a pointer of theirs into it would
 * dangle.  That only shows when something else is where the plugin was.
 */
#include "tests/device/device_fixture.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/mman.h>

struct span {
	uintptr_t start, end;           /* 0, 0: not loaded */
};

/* Where the plugin is in this process. */
static struct span find_plugin(void)
{
	struct span span = { 0, 0 };
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		uintptr_t start, end;

		if (!strstr(line, "/virtiofs.so") ||
		    sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &start, &end) != 2)
			continue;
		if (!span.start)
			span.start = start;
		span.end = end;
	}
	fclose(maps);
	return span;
}

static void *nothing(void *arg)
{
	return arg;
}

/* A thread sanitizer makes one of its own beside the first. */
static void have_made_a_thread(void)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, nothing, NULL), 0);
	pthread_join(thread, NULL);
}

static unsigned count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned n = 0;

	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir));)
		n += *d->d_name != '.';
	closedir(dir);
	return n;
}

/* One device that lives and one that cannot be made. */
static void use(void *so)
{
	const struct pciplug_plugin *(*entry)(void);
	struct device_fixture f = { .alias = NULL };
	struct pciplug_device *none = NULL;
	unsigned threads = count_threads();
	char err[256] = "";

	*(void **)&entry = dlsym(so, PCIPLUG_ENTRY_V1);
	assert_non_null(entry);
	f.plugin = entry();
	tmptree_init(&f.tree, "f file hello\n");
	fake_host_init(&f.host, HOST_RAM_SIZE);
	assert_int_equal(f.plugin->create(&f.host.table, "myfs:/,nonsense",
					  err, sizeof(err), &none), -EINVAL);
	assert_non_null(strstr(err, "nonsense"));
	device_create(&f, ",queues=3");
	assert_int_equal(f.plugin->start(f.dev), 0);
	assert_int_equal(count_threads(), threads + 4);
	f.plugin->destroy(f.dev);
	assert_int_equal(count_threads(), threads);
	fake_host_done(&f.host);
	tmptree_done(&f.tree);
}

static void can_be_unloaded_and_loaded_elsewhere(void **state)
{
	struct span span[2];
	void *hole, *so;

	(void)state;
	have_made_a_thread();
	so = open_plugin();
	span[0] = find_plugin();
	assert_true(span[0].start < span[0].end);
	use(so);
	assert_int_equal(dlclose(so), 0);
	assert_int_equal(find_plugin().start, 0);

	hole = mmap((void *)span[0].start, span[0].end - span[0].start,
		    PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_FIXED_NOREPLACE, -1, 0);
	assert_ptr_equal(hole, (void *)span[0].start);
	so = open_plugin();
	span[1] = find_plugin();
	assert_int_not_equal(span[1].start, span[0].start);
	use(so);
	assert_int_equal(dlclose(so), 0);
	munmap(hole, span[0].end - span[0].start);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(can_be_unloaded_and_loaded_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
