/* SPDX-License-Identifier: MIT */
#include "tests/unit/vfio_user/client.h"

#include "common/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
	int sock;                       /* the receiver's end */
	struct client client;
	unsigned fds;
};

static int set_up(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));
	int pair[2];

	assert_non_null(p);
	p->fds = count_fds();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	p->sock = pair[0];
	p->client.sock = pair[1];
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *p = *state;

	close(p->sock);
	close(p->client.sock);
	assert_int_equal(count_fds(), p->fds);
	free(p);
	return 0;
}

static int receive(struct pair *p, struct vfio_user_msg *msg)
{
	static uint8_t buf[64];

	return vfio_user_msg_recv(p->sock, buf, sizeof(buf), msg);
}

static void receives_a_message_whole(void **state)
{
	struct pair *p = *state;
	struct vfio_user_msg msg;

	client_send(&p->client, 7, 9, 0x10, "hello", 5, NULL, 0);
	client_send(&p->client, 8, 9, 0, NULL, 0, NULL, 0);
	assert_int_equal(receive(p, &msg), 1);
	assert_int_equal(msg.hdr.id, 7);
	assert_int_equal(msg.hdr.command, 9);
	assert_int_equal(msg.hdr.flags, 0x10);
	assert_int_equal(msg.len, 5);
	assert_memory_equal(msg.body, "hello", 5);
	assert_int_equal(msg.fd_count, 0);
	vfio_user_msg_done(&msg);
	assert_int_equal(receive(p, &msg), 1);
	assert_int_equal(msg.hdr.id, 8);
	assert_int_equal(msg.len, 0);
	vfio_user_msg_done(&msg);
}

static void *send_slowly(void *arg)
{
	struct pair *p = arg;
	struct vfio_user_header hdr = { .id = 5, .size = sizeof(hdr) + 3 };
	uint8_t bytes[sizeof(hdr) + 3] = { 0 };

	memcpy(bytes, &hdr, sizeof(hdr));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		client_send_raw(&p->client, bytes + i, 1);
		usleep(1000);
	}
	return NULL;
}

static void a_message_may_come_byte_by_byte(void **state)
{
	struct pair *p = *state;
	struct vfio_user_msg msg;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, send_slowly, p), 0);
	assert_int_equal(receive(p, &msg), 1);
	assert_int_equal(msg.hdr.id, 5);
	assert_int_equal(msg.len, 3);
	vfio_user_msg_done(&msg);
	pthread_join(thread, NULL);
}

static void descriptors_are_owned_until_taken(void **state)
{
	struct pair *p = *state;
	int fds[3] = { p->sock, p->sock, p->sock };
	unsigned before = count_fds();
	struct vfio_user_msg msg;
	int taken;

	client_send(&p->client, 1, 2, 0, "x", 1, fds, 3);
	assert_int_equal(receive(p, &msg), 1);
	assert_int_equal(msg.fd_count, 3);
	assert_int_equal(count_fds(), before + 3);
	assert_true(fcntl(msg.fds[0], F_GETFD) & FD_CLOEXEC);
	taken = msg.fds[1];
	msg.fds[1] = -1;
	vfio_user_msg_done(&msg);
	assert_int_equal(count_fds(), before + 1);
	assert_int_equal(close(taken), 0);
}

static void too_many_descriptors_are_closed(void **state)
{
	struct pair *p = *state;
	unsigned before = count_fds();
	struct vfio_user_msg msg;
	int fds[40];

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = p->sock;
	client_send(&p->client, 1, 2, 0, NULL, 0, fds, ARRAY_LEN(fds));
	assert_int_equal(receive(p, &msg), -EPROTO);
	assert_int_equal(count_fds(), before);
}

static void refuses_wrong_sizes(void **state)
{
	static const uint32_t sizes[] = { 0, 15, 16 + 65, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct vfio_user_header hdr = { .size = sizes[i] };
		struct vfio_user_msg msg;

		client_send_raw(&((struct pair *)*state)->client, &hdr,
				sizeof(hdr));
		assert_int_equal(receive(*state, &msg), -EPROTO);
	}
}

static void tells_an_end_from_a_message_cut_short(void **state)
{
	struct pair *p = *state;
	struct vfio_user_header hdr = { .size = sizeof(hdr) + 8 };
	struct vfio_user_msg msg;

	client_send_raw(&p->client, &hdr, sizeof(hdr));
	client_send_raw(&p->client, "half", 4);
	shutdown(p->client.sock, SHUT_WR);
	assert_int_equal(receive(p, &msg), -EPIPE);
	assert_int_equal(receive(p, &msg), 0);
}

/* The header alone, and then nothing. */
static void a_body_that_never_comes_is_an_error(void **state)
{
	struct pair *p = *state;
	struct vfio_user_header hdr = { .size = sizeof(hdr) + 8 };
	struct vfio_user_msg msg;

	client_send_raw(&p->client, &hdr, sizeof(hdr));
	shutdown(p->client.sock, SHUT_WR);
	assert_int_equal(receive(p, &msg), -EPIPE);
}

static void *send_big(void *arg)
{
	static const uint8_t data[1 << 20] = { 1, 2, 3, [(1 << 20) - 1] = 9 };
	struct vfio_user_header hdr = { .id = 3, .flags = 1 };
	struct pair *p = arg;

	assert_int_equal(vfio_user_msg_send(p->sock, &hdr, "head", 4, data,
					    sizeof(data)), 0);
	return NULL;
}

static void sends_more_than_the_socket_holds(void **state)
{
	struct pair *p = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, send_big, p), 0);
	assert_true(client_recv(&p->client));
	pthread_join(thread, NULL);
	assert_int_equal(p->client.hdr.id, 3);
	assert_int_equal(p->client.len, 4 + (1 << 20));
	assert_memory_equal(p->client.body, "head\1\2\3", 7);
	assert_int_equal(p->client.body[p->client.len - 1], 9);
}

static void a_peer_that_is_gone_is_an_error_and_no_signal(void **state)
{
	struct pair *p = *state;
	struct vfio_user_header hdr = { .id = 3 };

	shutdown(p->client.sock, SHUT_RDWR);
	assert_int_equal(vfio_user_msg_send(p->sock, &hdr, NULL, 0, NULL, 0),
			 -EPIPE);
}

/* The bodies are those of the kernel's ioctls. */
static void the_wire_is_as_in_the_kernels_header(void **state)
{
	(void)state;
#define SAME_SIZE(ours, theirs) \
	assert_int_equal(sizeof(struct vfio_user_##ours), sizeof(struct theirs))
#define SAME_PLACE(ours, o, theirs, t) \
	assert_int_equal(offsetof(struct vfio_user_##ours, o), \
			 offsetof(struct theirs, t))
	SAME_SIZE(dma_map, vfio_iommu_type1_dma_map);
	SAME_PLACE(dma_map, offset, vfio_iommu_type1_dma_map, vaddr);
	SAME_PLACE(dma_map, iova, vfio_iommu_type1_dma_map, iova);
	SAME_SIZE(dma_unmap, vfio_iommu_type1_dma_unmap);
	SAME_PLACE(dma_unmap, size, vfio_iommu_type1_dma_unmap, size);
	SAME_PLACE(device_info, num_irqs, vfio_device_info, num_irqs);
	SAME_SIZE(region_info, vfio_region_info);
	SAME_PLACE(region_info, size, vfio_region_info, size);
	SAME_SIZE(irq_info, vfio_irq_info);
	SAME_PLACE(irq_info, count, vfio_irq_info, count);
	SAME_SIZE(irq_set, vfio_irq_set);
	SAME_PLACE(irq_set, start, vfio_irq_set, start);
	assert_int_equal(VFIO_USER_SET_DATA, VFIO_IRQ_SET_DATA_TYPE_MASK);
	assert_int_equal(VFIO_USER_SET_ACTION, VFIO_IRQ_SET_ACTION_TYPE_MASK);
	assert_int_equal(VFIO_USER_SET_ACTION_TRIGGER,
			 VFIO_IRQ_SET_ACTION_TRIGGER);
	assert_int_equal(VFIO_USER_UNMAP_F_ALL, VFIO_DMA_UNMAP_FLAG_ALL);
	assert_int_equal(VFIO_USER_REGION_CONFIG, VFIO_PCI_CONFIG_REGION_INDEX);
	assert_int_equal(VFIO_USER_REGIONS, VFIO_PCI_NUM_REGIONS);
	assert_int_equal(VFIO_USER_IRQS, VFIO_PCI_NUM_IRQS);
	assert_int_equal(VFIO_USER_IRQ_MSIX, VFIO_PCI_MSIX_IRQ_INDEX);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(receives_a_message_whole),
		TEST(a_message_may_come_byte_by_byte),
		TEST(descriptors_are_owned_until_taken),
		TEST(too_many_descriptors_are_closed),
		TEST(refuses_wrong_sizes),
		TEST(tells_an_end_from_a_message_cut_short),
		TEST(a_body_that_never_comes_is_an_error),
		TEST(sends_more_than_the_socket_holds),
		TEST(a_peer_that_is_gone_is_an_error_and_no_signal),
		cmocka_unit_test(the_wire_is_as_in_the_kernels_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
