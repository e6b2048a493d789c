/* SPDX-License-Identifier: MIT */
/* What a host and a guest see before the first request, and each way to it. */
#include "tests/device/device_fixture.h"

static void describes_itself(void **state)
{
	struct device_fixture *f = *state;
	const struct pciplug_plugin *p = f->plugin;

	assert_true(p->size >= sizeof(*p));
	assert_string_equal(p->name, "virtiofs");
	assert_string_equal(p->option, "virtio-fs");
	assert_true(strlen(p->version) && strlen(p->description));
	assert_non_null(strstr(p->option_value, "TAG:ROOT"));
	assert_ptr_equal(load_plugin(), p);
}

/* This option value makes no device, and one line says why. */
static void refuses(struct device_fixture *f, const char *config,
		    const char *expected)
{
	struct pciplug_device *dev = (void *)f;
	char err[512] = "";

	assert_true(f->plugin->create(&f->host.table, config, err, sizeof(err),
				      &dev) < 0);
	assert_ptr_equal(dev, f);
	assert_null(strchr(err, '\n'));
	if (!strstr(err, expected))
		fail_msg("'%s' does not say '%s'", err, expected);
	assert_true(f->plugin->create(&f->host.table, config, NULL, 0,
				      &dev) < 0);
}

static void refuses_what_makes_no_device(void **state)
{
	struct device_fixture *f = *state;
	char config[5000];

	refuses(f, "myfs:/no/such/directory", "/no/such/directory");
	refuses(f, "myfs:folder=a:/,folder=b:/no/such", "folder 'b'");
	refuses(f, "", "TAG");
	refuses(f, "myfs", "ROOT");
	snprintf(config, sizeof(config), "%037d:%s", 1, f->tree.root);
	refuses(f, config, "36");
}

static void names_the_directories_of_a_device(void **state)
{
	struct device_fixture *f = *state;
	char buf[64], err[512] = "";
	size_t len = sizeof(buf);

	assert_int_equal(f->plugin->paths("t:/no/where,ro", err, sizeof(err),
					  buf, &len), 0);
	assert_int_equal(len, sizeof("/no/where"));
	assert_string_equal(buf, "/no/where");
	/* One behind the other. */
	len = sizeof(buf);
	assert_int_equal(f->plugin->paths("t:folder=a:/x,folder=b:/y/z", err,
					  sizeof(err), buf, &len), 0);
	assert_int_equal(len, sizeof("/x\0/y/z"));
	assert_memory_equal(buf, "/x\0/y/z", len);
	len = sizeof("/no/where") - 1;
	assert_int_equal(f->plugin->paths("t:/no/where,ro", NULL, 0, buf, &len),
			 -ENOSPC);
	assert_int_equal(len, sizeof("/no/where"));
	assert_int_equal(f->plugin->paths("t:/x,nonsense", err, sizeof(err),
					  buf, &len), -EINVAL);
	assert_non_null(strstr(err, "nonsense"));
	assert_int_equal(f->plugin->paths("t:/x,nonsense", NULL, 0, buf, &len),
			 -EINVAL);
}

static void is_a_virtio_fs_function(void **state)
{
	struct device_fixture *f = *state;
	const struct fake_pci *pci = &f->guest.pci;

	assert_int_equal(fake_pci_cfg_read(pci, 0, 4), 0x105a1af4);
	assert_int_equal(fake_pci_cfg_read(pci, 8, 4), 0x08800001);
	assert_int_equal(fake_pci_cfg_read(pci, 0x3d, 1), 1);
	assert_int_equal(pci->msix_vectors,
			 fake_guest_get(&f->guest, FAKE_NUM_QUEUES) + 1);
}

static void has_the_same_bars_for_host_and_guest(void **state)
{
	struct device_fixture *f = *state;

	for (unsigned i = 0; i < FAKE_PCI_BARS; i++) {
		struct pciplug_bar bar = { .size = sizeof(bar) };
		const struct fake_pci_bar *seen = &f->guest.pci.bar[i];

		assert_int_equal(f->plugin->bar_info(f->dev, i, &bar), 0);
		assert_true(bar.length == seen->size);
		assert_int_equal(!!(bar.flags & PCIPLUG_BAR_64BIT),
				 seen->is_64bit);
		assert_int_equal(!!(bar.flags & PCIPLUG_BAR_MSIX_TABLE),
				 seen->size && i == f->guest.pci.msix_bar);
	}
	assert_int_equal(f->plugin->bar_info(f->dev, 6, NULL), -EINVAL);
}

static void reads_ones_where_nothing_is(void **state)
{
	struct device_fixture *f = *state;
	const struct fake_pci *pci = &f->guest.pci;
	uint8_t buf[64];

	assert_true(fake_pci_read(pci, 5, 0, 8) == UINT64_MAX);
	assert_true(fake_pci_read(pci, 0, pci->bar[0].size, 8) == UINT64_MAX);
	assert_true(fake_pci_read(pci, 0, UINT64_MAX - 3, 8) == UINT64_MAX);
	assert_true(fake_pci_read(pci, 9, 0, 4) == UINT32_MAX);
	f->plugin->cfg_read(f->dev, UINT32_MAX, buf, sizeof(buf));
	for (unsigned i = 0; i < sizeof(buf); i++)
		assert_int_equal(buf[i], 0xff);
	fake_pci_write(pci, 5, 0, 8, 0);
	fake_pci_write(pci, 9, UINT64_MAX, 8, 0);
	f->plugin->cfg_write(f->dev, UINT32_MAX, buf, sizeof(buf));
}

static void tells_its_tag_and_its_queues(void **state)
{
	struct device_fixture *f = *state;
	uint8_t config[40], expected[36] = "myfs";
	uint64_t queues = fake_guest_get(&f->guest, FAKE_NUM_QUEUES);

	fake_guest_config(&f->guest, 0, config, sizeof(config));
	assert_memory_equal(config, expected, sizeof(expected));
	assert_true(queues >= 2);
	assert_int_equal(le32_load(config + 36), queues - 1);
}

static void offers_what_the_specification_says(void **state)
{
	struct device_fixture *f = *state;
	uint64_t features = fake_guest_device_features(&f->guest);
	const uint64_t in_order = VIRTIO_FEATURE(VIRTIO_F_IN_ORDER);

	assert_true(features & VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
	assert_true(features & VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC));
	assert_true(features & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX));
	assert_true(features & VIRTIO_FEATURE(VIRTIO_F_RING_PACKED));
	/* A lock waits while others are served. */
	assert_false(features & in_order);
	/* Banks beyond the second are empty. */
	fake_guest_set(&f->guest, FAKE_DEVICE_FEATURE_SELECT, 2);
	assert_int_equal(fake_guest_get(&f->guest, FAKE_DEVICE_FEATURE), 0);
}

static void offers_what_its_options_say(void **state)
{
	struct device_fixture *f = *state;
	uint64_t features;

	device_create(f, ",no-locks,no-packed");
	device_probe(f);
	features = fake_guest_device_features(&f->guest);
	assert_true(features & VIRTIO_FEATURE(VIRTIO_F_IN_ORDER));
	assert_false(features & VIRTIO_FEATURE(VIRTIO_F_RING_PACKED));
}

static void refuses_a_feature_that_it_does_not_offer(void **state)
{
	struct device_fixture *f = *state;
	const uint8_t known = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

	fake_guest_set(&f->guest, FAKE_STATUS, known);
	fake_guest_set_driver_features(&f->guest, UINT64_MAX);
	fake_guest_set(&f->guest, FAKE_STATUS,
		       known | VIRTIO_STATUS_FEATURES_OK);
	assert_int_equal(fake_guest_status(&f->guest), known);
}

static void starts_with_default_registers(void **state)
{
	struct device_fixture *f = *state;

	assert_int_equal(fake_guest_status(&f->guest), 0);
	assert_int_equal(fake_guest_get(&f->guest, FAKE_CONFIG_VECTOR),
			 VIRTIO_MSI_NO_VECTOR);
	fake_guest_set(&f->guest, FAKE_QUEUE_SELECT, 1);
	assert_int_equal(fake_guest_get(&f->guest, FAKE_QUEUE_VECTOR),
			 VIRTIO_MSI_NO_VECTOR);
	assert_int_equal(fake_guest_get(&f->guest, FAKE_QUEUE_ENABLE), 0);
	/* No vector that is not there. */
	fake_guest_set(&f->guest, FAKE_QUEUE_VECTOR, 1000);
	assert_int_equal(fake_guest_get(&f->guest, FAKE_QUEUE_VECTOR),
			 VIRTIO_MSI_NO_VECTOR);
	/* No queue that is not there. */
	fake_guest_set(&f->guest, FAKE_QUEUE_SELECT, 1000);
	assert_int_equal(fake_guest_get(&f->guest, FAKE_QUEUE_SIZE), 0);
}

/* Mount and use every queue, a few times. */
static void use(struct device_fixture *f,
		const struct fake_guest_options *options)
{
	device_drive(f, options);
	assert_int_equal(fuse_client_init(&f->client, NULL), 0);
	for (unsigned q = 0; q < f->guest.queues; q++) {
		f->client.queue = q;
		for (unsigned i = 0; i < 50; i++)
			assert_alive(f);
	}
	f->client.queue = REQUESTS;
}

static void works_with_every_ring_option(void **state)
{
	const uint64_t event_idx = VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
	const uint64_t packed = VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	struct device_fixture *f = *state;

	for (unsigned i = 0; i < 16; i++) {
		const struct fake_guest_options options = {
			.features = (i & 1 ? event_idx : 0) |
				    (i & 8 ? packed : 0),
			.indirect = i & 2,
			.intx = i & 4,
			.queue_size = !(i & 1) ? 0 : i & 8 ? 21 : 16,
		};

		use(f, &options);
	}
	assert_true(fake_guest_reset(&f->guest));
	assert_false(fake_host_intx(&f->host));
}

static void create_start_use(struct device_fixture *f, bool mapped)
{
	device_create(f, "");
	if (mapped)
		device_add_memory(f);
	assert_int_equal(f->plugin->start(f->dev), 0);
	device_probe(f);
	use(f, &default_options);
}

static void works_without_optional_callbacks(void **state)
{
	struct device_fixture *f = *state;

	f->host.table = (struct pciplug_host){
		.size = offsetof(struct pciplug_host, intx_set),
		.ctx = f->host.table.ctx,
		.msix_signal = f->host.table.msix_signal,
	};
	create_start_use(f, true);
	assert_int_equal(fake_pci_cfg_read(&f->guest.pci, 0x3d, 1), 0);
}

static void works_when_doorbells_are_refused(void **state)
{
	struct device_fixture *f = *state;

	f->host.refuse_doorbells = true;
	create_start_use(f, true);
}

static void uses_doorbells(void **state)
{
	struct device_fixture *f = *state;

	create_start_use(f, true);
	assert_true(fake_host_doorbells(&f->host) >= f->guest.queues);
}

static void works_with_a_host_that_has_the_msix_table(void **state)
{
	struct device_fixture *f = *state;

	f->host.table.flags = PCIPLUG_HOST_MSIX_TABLE;
	create_start_use(f, true);
}

static void works_in_memory_that_cannot_be_mapped(void **state)
{
	create_start_use(*state, false);
}

static void two_devices_share_nothing(void **state)
{
	static struct device_fixture other;
	struct device_fixture *f = *state;
	struct fuse_entry_out entry;

	other = (struct device_fixture){ .plugin = f->plugin };
	tmptree_init(&other.tree, "f alone x\n");
	fake_host_init(&other.host, HOST_RAM_SIZE);
	create_start_use(f, true);
	create_start_use(&other, false);
	assert_int_equal(fuse_client_lookup(&other.client, FUSE_ROOT_ID,
					    "alone", &entry), 0);
	assert_int_equal(fuse_client_lookup(&f->client, FUSE_ROOT_ID, "alone",
					    &entry), -LX_ENOENT);
	other.plugin->destroy(other.dev);
	assert_alive(f);
	fake_host_done(&other.host);
	tmptree_done(&other.tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		host_test(describes_itself),
		host_test(refuses_what_makes_no_device),
		host_test(names_the_directories_of_a_device),
		device_test(is_a_virtio_fs_function),
		device_test(has_the_same_bars_for_host_and_guest),
		device_test(reads_ones_where_nothing_is),
		device_test(tells_its_tag_and_its_queues),
		device_test(offers_what_the_specification_says),
		host_test(offers_what_its_options_say),
		device_test(refuses_a_feature_that_it_does_not_offer),
		device_test(starts_with_default_registers),
		device_test(works_with_every_ring_option),
		host_test(works_without_optional_callbacks),
		host_test(works_when_doorbells_are_refused),
		host_test(uses_doorbells),
		host_test(works_with_a_host_that_has_the_msix_table),
		host_test(works_in_memory_that_cannot_be_mapped),
		host_test(two_devices_share_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
