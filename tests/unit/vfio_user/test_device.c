/* SPDX-License-Identifier: MIT */
/*
 * The conversation that QEMU has with a device, in its order, and what wrong
 * requests get.
 */
#include "tests/unit/vfio_user/client.h"

#include "common/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void version_starts_the_device(void **state)
{
	struct rig *rig = *state;
	struct vfio_user_version version;

	rig_connect(rig);
	assert_int_equal(client_version(&rig->client, NULL), 0);
	memcpy(&version, rig->client.body, sizeof(version));
	assert_int_equal(version.major, 0);
	assert_int_equal(version.minor, 0);
	assert_int_equal(rig->client.body[rig->client.len - 1], 0);
	assert_int_equal(fake_count(&fake_device.starts), 1);
	assert_int_equal(client_version(&rig->client, NULL), EINVAL);
	assert_int_equal(fake_count(&fake_device.starts), 1);
}

static void a_bad_version_ends_the_connection(void **state)
{
	struct rig *rig = *state;

	rig_connect(rig);
	assert_int_equal(client_version(&rig->client, "{"), EINVAL);
	rig_expect_end(rig);
	assert_int_equal(fake_count(&fake_device.starts), 0);
	assert_int_equal(fake_count(&fake_device.stops), 0);
}

static void nothing_may_come_before_version(void **state)
{
	struct rig *rig = *state;

	for (uint16_t command = 0; command < 20; command++) {
		if (command == VFIO_USER_VERSION)
			continue;
		rig_connect(rig);
		client_send(&rig->client, 1, command, 0, "", 0, NULL, 0);
		rig_expect_end(rig);
	}
}

static void a_device_that_does_not_start_is_an_error(void **state)
{
	struct rig *rig = *state;

	fake_device.start_result = -ENOMEM;
	rig_connect(rig);
	assert_int_equal(client_version(&rig->client, "{}"), ENOMEM);
	rig_expect_end(rig);
	assert_int_equal(fake_count(&fake_device.stops), 0);
}

static void tells_what_the_device_is(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	struct vfio_user_device_info info = { .argsz = sizeof(info) };

	rig_start(rig);
	assert_int_equal(client_call(c, VFIO_USER_DEVICE_GET_INFO, &info,
				     sizeof(info), NULL, 0), 0);
	assert_int_equal(c->len, sizeof(info));
	memcpy(&info, c->body, sizeof(info));
	assert_int_equal(info.flags, 3);
	assert_int_equal(info.num_regions, 9);
	assert_int_equal(info.num_irqs, 5);
}

static void tells_the_regions(void **state)
{
	static const uint64_t sizes[VFIO_USER_REGIONS] = {
		[0] = FAKE_BAR_SIZE, [2] = FAKE_BAR_SIZE,
		[4] = FAKE_LARGE_BAR_SIZE, [7] = 256,
	};
	struct rig *rig = *state;
	struct client *c = &rig->client;
	struct vfio_user_region_info info = { .argsz = sizeof(info) };

	rig_start(rig);
	for (uint32_t i = 0; i < VFIO_USER_REGIONS; i++) {
		info.index = i;
		assert_int_equal(client_call(c,
					     VFIO_USER_DEVICE_GET_REGION_INFO,
					     &info, sizeof(info), NULL, 0), 0);
		assert_int_equal(c->len, sizeof(info));
		memcpy(&info, c->body, sizeof(info));
		assert_int_equal(info.index, i);
		assert_int_equal(info.size, sizes[i]);
		/* Never the mmap flag: QEMU would no longer post writes. */
		assert_int_equal(info.flags, sizes[i] ? 3 : 0);
	}
	info.index = VFIO_USER_REGIONS;
	assert_int_equal(client_call(c, VFIO_USER_DEVICE_GET_REGION_INFO, &info,
				     sizeof(info), NULL, 0), EINVAL);
}

static void tells_the_interrupts(void **state)
{
	static const uint32_t counts[] = { 1, 0, FAKE_VECTORS, 1, 1 };
	struct rig *rig = *state;
	struct client *c = &rig->client;
	struct vfio_user_irq_info info = { .argsz = sizeof(info) };

	rig_start(rig);
	for (uint32_t i = 0; i < VFIO_USER_IRQS; i++) {
		info.index = i;
		assert_int_equal(client_call(c, VFIO_USER_DEVICE_GET_IRQ_INFO,
					     &info, sizeof(info), NULL, 0), 0);
		memcpy(&info, c->body, sizeof(info));
		assert_int_equal(info.count, counts[i]);
		assert_int_equal(info.flags, i ? 1 : 7);
	}
	info.index = VFIO_USER_IRQS;
	assert_int_equal(client_call(c, VFIO_USER_DEVICE_GET_IRQ_INFO, &info,
				     sizeof(info), NULL, 0), EINVAL);
}

static void reads_and_writes_regions(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	const uint32_t value = 0x12345678;

	rig_start(rig);
	/* All of configuration space in one message, as QEMU does. */
	assert_int_equal(client_read(c, 7, 0, 256), 0);
	assert_int_equal(c->len, 16 + 256);
	assert_memory_equal(c->body + 16, fake_device.config, 256);
	assert_int_equal(client_write(c, 7, 0x10, &value, 4), 0);
	assert_int_equal(c->len, 16);
	assert_int_equal(le32_load(fake_device.config + 0x10), value);
	assert_int_equal(client_write(c, 0, FAKE_BAR_SIZE - 4, &value, 4), 0);
	assert_int_equal(client_read(c, 0, FAKE_BAR_SIZE - 3, 2), 0);
	assert_int_equal(le16_load(c->body + 16), 0x3456);
}

/* Clients move BARs by themselves; accesses name a region, not an address. */
static void a_bar_that_moves_stays_the_same_region(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	const uint32_t address = 0xd0000000, value = 0x12345678;

	rig_start(rig);
	assert_int_equal(client_write(c, 0, 8, &value, 4), 0);
	assert_int_equal(client_write(c, 7, 0x10, &address, 4), 0);
	assert_int_equal(client_read(c, 7, 0x10, 4), 0);
	assert_int_equal(le32_load(c->body + 16), address);
	assert_int_equal(client_read(c, 0, 8, 4), 0);
	assert_int_equal(le32_load(c->body + 16), value);
	assert_int_equal(client_write(c, 0, 12, &value, 4), 0);
	assert_int_equal(le32_load(fake_device.bar + 12), value);
}

static void posted_writes_get_no_reply(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	const uint8_t value = 0x5a;

	rig_start(rig);
	for (uint64_t i = 0; i < 100; i++)
		client_post(c, 0, i, &value, 1);
	client_post(c, 0, FAKE_BAR_SIZE, &value, 1);    /* wrong; unseen */
	assert_int_equal(client_read(c, 0, 99, 1), 0);
	assert_int_equal(c->body[16], value);
}

static void many_writes_come_in_one_message(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	struct {
		uint64_t count;
		struct vfio_user_write_one one[2];
	} body = { 2, { { 8, 0, 4, { 1, 2, 3, 4 } },
			{ 16, 0, 8, { 1, 2, 3, 4, 5, 6, 7, 8 } } } };
	const uint16_t multi = VFIO_USER_REGION_WRITE_MULTI;

	rig_start(rig);
	assert_int_equal(client_call(c, multi, &body, sizeof(body), NULL, 0),
			 0);
	assert_int_equal(le64_load(c->body), 2);
	assert_memory_equal(fake_device.bar + 8, "\1\2\3\4\0\0\0\0\1\2\3\4\5\6\7\10",
			    16);
	/* Posted, as QEMU sends it. */
	body.one[0].data[0] = 9;
	client_send(c, 1, multi, VFIO_USER_F_NO_REPLY, &body, sizeof(body),
		    NULL, 0);
	assert_int_equal(client_read(c, 0, 8, 1), 0);
	assert_int_equal(c->body[16], 9);

	body.one[0].count = 9;
	assert_int_equal(client_call(c, multi, &body, sizeof(body), NULL, 0),
			 EINVAL);
	body.one[0].count = 1;
	body.count = 3;
	assert_int_equal(client_call(c, multi, &body, sizeof(body), NULL, 0),
			 EINVAL);
	body.count = UINT64_MAX / 24 + 3;
	assert_int_equal(client_call(c, multi, &body, sizeof(body), NULL, 0),
			 EINVAL);
	body.count = 2;
	body.one[1].region = 9;
	assert_int_equal(client_call(c, multi, &body, sizeof(body), NULL, 0),
			 EINVAL);
}

static void refuses_accesses_outside_a_region(void **state)
{
	static const struct {
		uint32_t region;
		uint64_t offset;
		uint32_t count;
	} bad[] = {
		{ 0, FAKE_BAR_SIZE, 1 }, { 0, FAKE_BAR_SIZE - 3, 4 },
		{ 0, UINT64_MAX, 1 }, { 0, UINT64_MAX - 1, 4 },
		{ 0, 0, 0 }, { 0, 0, FAKE_BAR_SIZE + 1 }, { 0, 0, UINT32_MAX },
		{ 4, 0, VFIO_USER_XFER_MAX + 1 }, { 4, 0, UINT32_MAX },
		{ 1, 0, 4 }, { 6, 0, 4 }, { 7, 0, 257 }, { 7, 255, 2 },
		{ 7, 1ull << 32, 4 }, { 8, 0, 1 }, { 9, 0, 4 },
		{ UINT32_MAX, 0, 4 },
	};
	struct rig *rig = *state;
	struct client *c = &rig->client;

	rig_start(rig);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint8_t body[16 + 8] = { 0 };

		assert_int_equal(client_read(c, bad[i].region, bad[i].offset,
					     bad[i].count), EINVAL);
		/* The count may promise more than there is, too. */
		memcpy(body, &(struct vfio_user_region_rw){ bad[i].offset,
				bad[i].region, bad[i].count }, 16);
		assert_int_equal(client_call(c, VFIO_USER_REGION_WRITE, body,
					     16 + MIN(bad[i].count, 8u), NULL,
					     0), EINVAL);
	}
}

static void refuses_bodies_that_are_cut_short(void **state)
{
	static const struct {
		uint16_t command;
		size_t size;
	} commands[] = {
		{ VFIO_USER_DMA_MAP, 32 }, { VFIO_USER_DMA_UNMAP, 24 },
		{ VFIO_USER_DEVICE_GET_INFO, 16 },
		{ VFIO_USER_DEVICE_GET_REGION_INFO, 32 },
		{ VFIO_USER_DEVICE_GET_IRQ_INFO, 16 },
		{ VFIO_USER_DEVICE_SET_IRQS, 20 },
		{ VFIO_USER_REGION_READ, 16 }, { VFIO_USER_REGION_WRITE, 16 },
		{ VFIO_USER_REGION_WRITE_MULTI, 8 },
	};
	static const uint8_t zeros[32];
	struct rig *rig = *state;

	rig_start(rig);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		for (size_t len = 0; len < commands[i].size; len++)
			assert_int_equal(client_call(&rig->client,
						     commands[i].command,
						     zeros, len, NULL, 0),
					 EINVAL);
}

static void refuses_commands_that_it_does_not_know(void **state)
{
	static const uint16_t commands[] = {
		0, VFIO_USER_DEVICE_GET_REGION_IO_FDS, VFIO_USER_DMA_READ,
		VFIO_USER_DMA_WRITE, 14, 16, 17, 1000, 65535,
	};
	struct rig *rig = *state;

	rig_start(rig);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		assert_int_equal(client_call(&rig->client, commands[i], "", 0,
					     NULL, 0), ENOTSUP);
}

static void neither_request_nor_reply_ends_the_connection(void **state)
{
	struct rig *rig = *state;

	rig_start(rig);
	client_send(&rig->client, 1, VFIO_USER_DEVICE_RESET, 2, "", 0, NULL, 0);
	rig_expect_end(rig);
	rig_start(rig);
	client_send(&rig->client, 1, VFIO_USER_DMA_READ, VFIO_USER_F_REPLY, "",
		    0, NULL, 0);
	rig_expect_end(rig);
}

static void closes_descriptors_that_nobody_asked_for(void **state)
{
	struct rig *rig = *state;
	int fd = eventfd(0, 0);
	unsigned before;

	rig_start(rig);
	before = count_fds();
	for (int i = 0; i < 20; i++)
		assert_int_equal(client_call(&rig->client,
					     VFIO_USER_DEVICE_RESET, "", 0, &fd,
					     1), 0);
	/* With this reply the message before it is done with. */
	assert_int_equal(client_read(&rig->client, 7, 0, 4), 0);
	assert_int_equal(count_fds(), before);
	close(fd);
}

static void reset_resets(void **state)
{
	struct rig *rig = *state;

	rig_start(rig);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(client_call(&rig->client,
					     VFIO_USER_DEVICE_RESET, "", 0,
					     NULL, 0), 0);
		assert_int_equal(fake_count(&fake_device.resets), i);
	}
	assert_int_equal(fake_count(&fake_device.stops), 0);
}

static void a_client_that_goes_leaves_a_device_as_new(void **state)
{
	struct rig *rig = *state;
	struct fake_range range;
	int memfd = make_memfd(8192);

	for (unsigned i = 1; i <= 3; i++) {
		rig_start(rig);
		assert_int_equal(client_map(&rig->client, 0, 8192, 3, 0,
					    memfd), 0);
		assert_true(fake_find(0, &range));
		rig_disconnect(rig);
		assert_false(fake_find(0, &range));
		assert_int_equal(fake_device.starts, i);
		assert_int_equal(fake_device.stops, i);
		assert_int_equal(fake_device.resets, i);
	}
	close(memfd);
}

/* Every prefix of a message, and then the end. */
static void a_message_cut_short_does_no_harm(void **state)
{
	struct rig *rig = *state;
	struct vfio_user_header hdr = {
		.command = VFIO_USER_DEVICE_GET_INFO, .size = 32,
	};
	uint8_t bytes[32] = { 0 };

	memcpy(bytes, &hdr, sizeof(hdr));
	for (size_t len = 1; len < sizeof(bytes); len++) {
		rig_start(rig);
		client_send_raw(&rig->client, bytes, len);
		rig_disconnect(rig);
	}
}

static void the_plugin_hears_how_many_devices_there_are(void **state)
{
	(void)state;
	assert_int_equal(fake_device.host.devices, 5);
}

static void a_config_that_is_bad_is_no_device(void **state)
{
	struct rig *rig = *state;
	struct vfio_user_device *device = NULL;
	char err[64];

	assert_int_equal(vfio_user_device_new(&fake_plugin, "bad", 1,
					      "test", &rig->log, err, sizeof(err),
					      &device), -EINVAL);
	assert_string_equal(err, "bad it is");
	assert_null(device);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(version_starts_the_device),
		TEST(a_bad_version_ends_the_connection),
		TEST(nothing_may_come_before_version),
		TEST(a_device_that_does_not_start_is_an_error),
		TEST(tells_what_the_device_is),
		TEST(tells_the_regions),
		TEST(tells_the_interrupts),
		TEST(reads_and_writes_regions),
		TEST(a_bar_that_moves_stays_the_same_region),
		TEST(posted_writes_get_no_reply),
		TEST(many_writes_come_in_one_message),
		TEST(refuses_accesses_outside_a_region),
		TEST(refuses_bodies_that_are_cut_short),
		TEST(refuses_commands_that_it_does_not_know),
		TEST(neither_request_nor_reply_ends_the_connection),
		TEST(closes_descriptors_that_nobody_asked_for),
		TEST(reset_resets),
		TEST(a_client_that_goes_leaves_a_device_as_new),
		TEST(a_message_cut_short_does_no_harm),
		TEST(the_plugin_hears_how_many_devices_there_are),
		TEST(a_config_that_is_bad_is_no_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
