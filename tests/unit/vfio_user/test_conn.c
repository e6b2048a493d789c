/* SPDX-License-Identifier: MIT */
/*
 * Memory without a file: the device's worker and the message thread share the
 * socket, and neither may dead-lock the other.
 */
#include "tests/unit/vfio_user/client.h"

#include "common/bytes.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define MEM 0x100000u                   /* unmapped memory: MEM_SIZE bytes */
#define MEM_SIZE 0x100000u

static void start_with_memory(struct rig *rig)
{
	rig_start(rig);
	assert_int_equal(client_map(&rig->client, MEM, MEM_SIZE, 3, 0, -1), 0);
}

/* The next message is this DMA request of the server's. */
static void expect_dma(struct client *c, uint16_t command, uint64_t address,
		       uint64_t count)
{
	struct vfio_user_dma_rw rw;

	assert_true(client_recv(c));
	assert_int_equal(c->hdr.command, command);
	assert_int_equal(c->hdr.flags, 0);
	assert_int_equal(c->len, sizeof(rw) +
			 (command == VFIO_USER_DMA_WRITE ? count : 0));
	memcpy(&rw, c->body, sizeof(rw));
	assert_int_equal(rw.address, address);
	assert_int_equal(rw.count, count);
}

static void a_worker_reads_by_message(void **state)
{
	struct rig *rig = *state;
	char buf[6] = "";

	start_with_memory(rig);
	fake_begin(false, MEM + 8, buf, 5);
	expect_dma(&rig->client, VFIO_USER_DMA_READ, MEM + 8, 5);
	client_dma_reply(&rig->client, "hello", 5);
	assert_int_equal(fake_join(), 0);
	assert_string_equal(buf, "hello");
}

static void a_worker_writes_by_message(void **state)
{
	struct rig *rig = *state;
	char buf[] = "hello";

	start_with_memory(rig);
	fake_begin(true, MEM, buf, 5);
	expect_dma(&rig->client, VFIO_USER_DMA_WRITE, MEM, 5);
	assert_memory_equal(rig->client.body + 16, "hello", 5);
	client_dma_reply(&rig->client, NULL, 0);
	assert_int_equal(fake_join(), 0);
}

static void long_copies_are_cut_as_agreed(void **state)
{
	static const char json[] =
		"{\"capabilities\":{\"max_data_xfer_size\":4096}}";
	static uint8_t buf[10000], data[10000];
	struct rig *rig = *state;
	struct client *c = &rig->client;

	rig_connect(rig);
	assert_int_equal(client_version(c, json), 0);
	assert_int_equal(client_map(c, MEM, MEM_SIZE, 3, 0, -1), 0);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	fake_begin(false, MEM, buf, sizeof(buf));
	for (size_t at = 0; at < sizeof(buf); at += 4096) {
		size_t n = MIN(sizeof(buf) - at, 4096u);

		expect_dma(c, VFIO_USER_DMA_READ, MEM + at, n);
		client_dma_reply(c, data + at, n);
	}
	assert_int_equal(fake_join(), 0);
	assert_memory_equal(buf, data, sizeof(buf));
}

static void permissions_and_borders_hold(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	char buf[16] = "";

	start_with_memory(rig);
	assert_int_equal(client_map(c, 0, 4096, 1, 0, -1), 0);  /* read only */
	fake_begin(true, 0, buf, 1);
	assert_int_equal(fake_join(), -EFAULT);
	fake_begin(false, 4096, buf, 1);        /* between the two */
	assert_int_equal(fake_join(), -EFAULT);
	fake_begin(false, UINT64_MAX, buf, 16); /* wraps */
	assert_int_equal(fake_join(), -EFAULT);
	fake_begin(false, 4096 - 8, buf, 16);   /* runs out at the border */
	expect_dma(c, VFIO_USER_DMA_READ, 4096 - 8, 8);
	client_dma_reply(c, buf, 8);
	assert_int_equal(fake_join(), -EFAULT);
	/* Two ranges that touch are two messages. */
	assert_int_equal(client_map(c, 4096, 4096, 1, 0, -1), 0);
	fake_begin(false, 4096 - 8, buf, 16);
	expect_dma(c, VFIO_USER_DMA_READ, 4096 - 8, 8);
	client_dma_reply(c, "01234567", 8);
	expect_dma(c, VFIO_USER_DMA_READ, 4096, 8);
	client_dma_reply(c, "89abcdef", 8);
	assert_int_equal(fake_join(), 0);
	assert_memory_equal(buf, "0123456789abcdef", 16);
}

static void an_error_reply_is_a_fault_and_no_more(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	char buf[4];

	start_with_memory(rig);
	fake_begin(false, MEM, buf, 4);
	expect_dma(c, VFIO_USER_DMA_READ, MEM, 4);
	client_send(c, c->hdr.id, VFIO_USER_DMA_READ,
		    VFIO_USER_F_REPLY | VFIO_USER_F_ERROR, "", 0, NULL, 0);
	assert_int_equal(fake_join(), -EFAULT);
	assert_int_equal(client_read(c, 7, 0, 4), 0);
}

/* What is wrong with a reply: each ends the connection. */
static void nonsense_replies_end_the_connection(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	char buf[4];

	for (int i = 0; i < 5; i++) {
		start_with_memory(rig);
		fake_begin(false, MEM, buf, 4);
		expect_dma(c, VFIO_USER_DMA_READ, MEM, 4);
		switch (i) {
		case 0:                 /* too short */
			client_dma_reply(c, "abc", 3);
			break;
		case 1:                 /* another address */
			c->body[0] ^= 1;
			client_dma_reply(c, "abcd", 4);
			break;
		case 2:                 /* another count */
			c->body[8] ^= 1;
			client_dma_reply(c, "abcd", 4);
			break;
		case 3:                 /* another command */
			c->hdr.command = VFIO_USER_DMA_WRITE;
			client_dma_reply(c, "abcd", 4);
			break;
		case 4:                 /* an id that we never used */
			c->hdr.id ^= 0x5555;
			client_dma_reply(c, "abcd", 4);
			break;
		}
		rig_expect_end(rig);
		assert_int_equal(fake_join(), -EFAULT);
	}
}

/* In a register access: the worker wants memory while the reply is owed. */
static atomic_bool hook_called;

static void start_a_worker(struct pciplug_device *dev)
{
	static char buf[4];

	(void)dev;
	fake_begin(false, MEM, buf, 4);
	/* Time enough to send, if nothing held it back. */
	usleep(100 * 1000);
	atomic_store(&hook_called, true);
}

static void no_dma_message_comes_while_a_reply_is_owed(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;

	start_with_memory(rig);
	fake_device.hook = start_a_worker;
	/* client_read() takes nothing but the reply. */
	assert_int_equal(client_read(c, 7, FAKE_HOOK_OFFSET, 4), 0);
	assert_true(atomic_load(&hook_called));
	expect_dma(c, VFIO_USER_DMA_READ, MEM, 4);
	client_dma_reply(c, "abcd", 4);
	assert_int_equal(fake_join(), 0);
}

/* The client would wait for the reply, and we for the client. */
static void read_memory_myself(struct pciplug_device *dev)
{
	char buf[4];

	dev->hook_result = dev->host.mem_read(dev->host.ctx, MEM, buf, 4);
}

static void the_message_thread_cannot_ask_the_client(void **state)
{
	struct rig *rig = *state;

	start_with_memory(rig);
	fake_device.hook = read_memory_myself;
	assert_int_equal(client_read(&rig->client, 7, FAKE_HOOK_OFFSET, 4), 0);
	assert_int_equal(fake_device.hook_result, -EFAULT);
}

/* The reply that nobody waits for any more, and a new message. */
static void expect_all_is_well(struct rig *rig, uint16_t late_id)
{
	struct client *c = &rig->client;
	const struct vfio_user_dma_rw rw = { MEM, 4 };
	uint8_t body[20] = { 0 };
	char buf[4];

	memcpy(body, &rw, sizeof(rw));
	client_send(c, late_id, VFIO_USER_DMA_READ, VFIO_USER_F_REPLY, body,
		    sizeof(body), NULL, 0);
	assert_int_equal(client_read(c, 7, 0, 4), 0);
	fake_begin(false, MEM, buf, 4);
	expect_dma(c, VFIO_USER_DMA_READ, MEM, 4);
	client_dma_reply(c, "abcd", 4);
	assert_int_equal(fake_join(), 0);
	assert_memory_equal(buf, "abcd", 4);
}

static void unmapping_a_file_fails_who_waits_for_the_client(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	int fd = make_memfd(4096);
	char buf[4];
	uint16_t id;

	start_with_memory(rig);
	assert_int_equal(client_map(c, 0, 4096, 3, 0, fd), 0);
	fake_begin(false, MEM, buf, 4);
	expect_dma(c, VFIO_USER_DMA_READ, MEM, 4);
	id = c->hdr.id;
	assert_int_equal(client_unmap(c, 0, 4096, 0), 0);
	assert_int_equal(fake_join(), -EFAULT);
	expect_all_is_well(rig, id);
	close(fd);
}

static void unmapping_other_memory_fails_nobody(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	struct vfio_user_header hdr;
	struct vfio_user_dma_rw rw;
	char buf[4];

	start_with_memory(rig);
	assert_int_equal(client_map(c, 0, 4096, 3, 0, -1), 0);
	fake_begin(false, MEM, buf, 4);
	expect_dma(c, VFIO_USER_DMA_READ, MEM, 4);
	hdr = c->hdr;
	memcpy(&rw, c->body, sizeof(rw));
	assert_int_equal(client_unmap(c, 0, 4096, 0), 0);
	c->hdr = hdr;
	memcpy(c->body, &rw, sizeof(rw));
	client_dma_reply(c, "abcd", 4);
	assert_int_equal(fake_join(), 0);
	assert_memory_equal(buf, "abcd", 4);
}

static void a_reset_fails_who_waits_for_the_client(void **state)
{
	struct rig *rig = *state;
	struct client *c = &rig->client;
	char buf[4];
	uint16_t id;

	start_with_memory(rig);
	fake_begin(false, MEM, buf, 4);
	expect_dma(c, VFIO_USER_DMA_READ, MEM, 4);
	id = c->hdr.id;
	assert_int_equal(client_call(c, VFIO_USER_DEVICE_RESET, "", 0, NULL, 0),
			 0);
	assert_int_equal(fake_join(), -EFAULT);
	expect_all_is_well(rig, id);
}

static void a_client_that_goes_fails_who_waits_for_it(void **state)
{
	struct rig *rig = *state;
	char buf[4];

	for (int i = 0; i < 3; i++) {
		start_with_memory(rig);
		fake_begin(false, MEM, buf, 4);
		expect_dma(&rig->client, VFIO_USER_DMA_READ, MEM, 4);
		rig_disconnect(rig);
		assert_int_equal(fake_join(), -EFAULT);
	}
	/* And without a client at all. */
	fake_begin(false, MEM, buf, 4);
	assert_int_equal(fake_join(), -EFAULT);
}

/* A worker that cannot finish sending holds the lock that replies need. */
static void a_client_that_does_not_read_can_be_hung_up(void **state)
{
	static uint8_t buf[MEM_SIZE];
	struct rig *rig = *state;

	start_with_memory(rig);
	fake_begin(true, MEM, buf, sizeof(buf));
	usleep(20 * 1000);
	vfio_user_device_hang_up(rig->device);
	assert_int_equal(fake_join(), -EFAULT);
	pthread_join(rig->thread, NULL);
	close(rig->client.sock);
	rig->connected = false;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_worker_reads_by_message),
		TEST(a_worker_writes_by_message),
		TEST(long_copies_are_cut_as_agreed),
		TEST(permissions_and_borders_hold),
		TEST(an_error_reply_is_a_fault_and_no_more),
		TEST(nonsense_replies_end_the_connection),
		TEST(no_dma_message_comes_while_a_reply_is_owed),
		TEST(the_message_thread_cannot_ask_the_client),
		TEST(unmapping_a_file_fails_who_waits_for_the_client),
		TEST(unmapping_other_memory_fails_nobody),
		TEST(a_reset_fails_who_waits_for_the_client),
		TEST(a_client_that_goes_fails_who_waits_for_it),
		TEST(a_client_that_does_not_read_can_be_hung_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
