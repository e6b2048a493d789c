/* SPDX-License-Identifier: MIT */
/*
 * device_fixture.h - a device of the built plugin, a host around it and a
 * guest on it, sharing a temporary tree.
 */
#ifndef TESTS_DEVICE_DEVICE_FIXTURE_H
#define TESTS_DEVICE_DEVICE_FIXTURE_H

#include "common/bytes.h"
#include "lxutil/lx.h"
#include "tests/lib/fuse_client.h"
#include "tests/lib/tmptree.h"
#include "virtio/virtio_spec.h"

#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define HOST_RAM_SIZE (64u << 20)
#define HIPRIO 0
#define REQUESTS 1                      /* the first request queue */

struct device_fixture {
	struct tmptree tree;
	struct fake_host host;
	const struct pciplug_plugin *plugin;
	struct pciplug_device *dev;
	void *alias;                    /* what mem_add() announced, or NULL */
	struct fake_guest guest;
	struct fuse_client client;
};

static struct fake_guest_options default_options = {
	.features = VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX),
	.indirect = true,
};

/*
 * Run a group of tests with every kind of ring; with `locks`, only those kinds
 * that go with locks of the host's.
 */
static inline int run_with_all_rings(int (*run)(void), bool locks)
{
	const uint64_t event_idx = VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
	const uint64_t packed = VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	const uint64_t in_order = VIRTIO_FEATURE(VIRTIO_F_IN_ORDER);
	int failures = 0;

	for (unsigned i = 0; i < (locks ? 4 : 8); i++) {
		default_options.features = (i & 1 ? event_idx : 0) |
					   (i & 2 ? packed : 0) |
					   (i & 4 ? in_order : 0);
		print_message("rings with features 0x%llx\n",
			      (unsigned long long)default_options.features);
		failures += run();
	}
	return failures;
}

/* $VIRTIOFS_PLUGIN, or the one of this build tree. */
static inline void *open_plugin(void)
{
	const char *path = getenv("VIRTIOFS_PLUGIN");
	const char *top = getenv("top_builddir");
	char built[4096];
	void *so;

	if (!path) {
		snprintf(built, sizeof(built), "%s/.libs/virtiofs.so",
			 top ? top : ".");
		path = built;
	}
	so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!so)
		fail_msg("%s", dlerror());
	return so;
}

static inline const struct pciplug_plugin *load_plugin(void)
{
	const struct pciplug_plugin *(*entry)(void);

	*(void **)&entry = dlsym(open_plugin(), PCIPLUG_ENTRY_V1);
	assert_non_null(entry);
	return entry();
}

/* A device for this host and option value, stopped and without memory. */
static inline void device_create(struct device_fixture *f, const char *options)
{
	const uint64_t in_order = VIRTIO_FEATURE(VIRTIO_F_IN_ORDER);
	char config[sizeof(f->tree.root) + 64], err[256] = "";

	snprintf(config, sizeof(config), "myfs:%s%s%s", f->tree.root,
		 default_options.features & in_order ? ",no-locks" : "",
		 options);
	if (f->plugin->create(&f->host.table, config, err, sizeof(err),
			      &f->dev))
		fail_msg("create: %s", err);
}

static inline void device_add_memory(struct device_fixture *f)
{
	f->alias = fake_ram_map(&f->host.ram);
	assert_int_equal(f->plugin->mem_add(f->dev, f->host.ram.gpa,
					    f->host.ram.size, f->alias,
					    PCIPLUG_MEM_READ |
					    PCIPLUG_MEM_WRITE), 0);
}

static inline void device_remove_memory(struct device_fixture *f)
{
	assert_int_equal(f->plugin->mem_remove(f->dev, f->host.ram.gpa,
					       f->host.ram.size), 0);
	fake_ram_unmap(&f->host.ram, f->alias);
	f->alias = NULL;
}

static inline void device_probe(struct device_fixture *f)
{
	const char *error = fake_guest_probe(&f->guest, &f->host, f->plugin,
					     f->dev);

	if (error)
		fail_msg("%s", error);
	f->client = (struct fuse_client){
		.guest = &f->guest, .queue = REQUESTS,
		.uid = getuid(), .gid = getgid(),
	};
}

static inline void device_drive(struct device_fixture *f,
				const struct fake_guest_options *options)
{
	const char *error = fake_guest_setup(&f->guest, options);

	if (error)
		fail_msg("%s", error);
}

static inline void device_mount(struct device_fixture *f)
{
	device_drive(f, &default_options);
	assert_int_equal(fuse_client_init(&f->client, NULL), 0);
}

/* The mount answers. */
static inline void assert_alive(struct device_fixture *f)
{
	struct fuse_attr attr;

	assert_int_equal(fuse_client_getattr(&f->client, FUSE_ROOT_ID, &attr),
			 0);
	assert_true(LX_S_ISDIR(attr.mode));
}

/*
 * Make a GETATTR of the root available without a kick; its unique number is
 * 77.
 */
static inline void device_begin_getattr(struct device_fixture *f,
					struct fake_buf *ret_reply)
{
	const struct fuse_in_header in = {
		.len = sizeof(in) + sizeof(struct fuse_getattr_in),
		.opcode = FUSE_GETATTR,
		.unique = 77,
		.nodeid = FUSE_ROOT_ID,
	};
	struct fake_ram *ram = &f->host.ram;
	struct fake_buf buf[2];

	buf[0] = (struct fake_buf){ fake_ram_alloc(ram, in.len, 8), in.len };
	buf[1] = (struct fake_buf){ fake_ram_alloc(ram, 120, 8), 120 };
	memcpy(fake_ram_ptr(ram, buf[0].gpa), &in, sizeof(in));
	fake_ring_add(&f->guest.queue[REQUESTS].ring, buf, 1, 1, 0);
	*ret_reply = buf[1];
}

static inline void pause_ms(long ms)
{
	const struct timespec t = { 0, ms * 1000000 };

	nanosleep(&t, NULL);
}

/* A host, and a tree of a few files; no device yet. */
static inline int host_setup(void **state)
{
	static struct device_fixture f;

	f = (struct device_fixture){ .plugin = load_plugin() };
	tmptree_init(&f.tree, "d dir\nf dir/inner inside\nf file hello\n"
			      "l link file\n");
	fake_host_init(&f.host, HOST_RAM_SIZE);
	*state = &f;
	return 0;
}

static inline int device_teardown(void **state)
{
	struct device_fixture *f = *state;
	unsigned violations, doorbells;

	fake_host_hold_mem(&f->host, false);
	fake_host_set_quiet(&f->host, false);
	f->plugin->destroy(f->dev);
	violations = fake_host_violations(&f->host);
	doorbells = fake_host_doorbells(&f->host);
	if (f->alias)
		fake_ram_unmap(&f->host.ram, f->alias);
	fake_host_done(&f->host);
	tmptree_done(&f->tree);
	assert_int_equal(violations, 0);
	assert_int_equal(doorbells, 0);
	return 0;
}

/* Create it, start it with memory, and probe it. */
static inline void device_bring_up(struct device_fixture *f,
				   const char *options)
{
	device_create(f, options);
	device_add_memory(f);
	assert_int_equal(f->plugin->start(f->dev), 0);
	device_probe(f);
}

static inline int device_setup(void **state)
{
	host_setup(state);
	device_bring_up(*state, "");
	return 0;
}

/* And mounted. */
static inline int mount_setup(void **state)
{
	device_setup(state);
	device_mount(*state);
	return 0;
}

#define host_test(name) \
	cmocka_unit_test_setup_teardown(name, host_setup, device_teardown)
#define device_test(name) \
	cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)
#define mount_test(name) \
	cmocka_unit_test_setup_teardown(name, mount_setup, device_teardown)

#endif
