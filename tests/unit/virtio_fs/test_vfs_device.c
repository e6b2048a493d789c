/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "common/bytes.h"
#include "common/limits.h"
#include "lxutil/lx.h"
#include "tests/lib/fake_image.h"
#include "virtio/fs/vfs_device.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct vfs_device *device;

static int set_up(void **state)
{
	struct share *s;

	share_up(state);
	s = *state;
	return vfs_device_new("myfs", 3, s->session, &s->log, &device);
}

static int tear_down(void **state)
{
	vfs_device_free(device);
	return share_down(state);
}

static void is_virtio_fs(void **state)
{
	(void)state;
	assert_int_equal(vfs_device_ops.id, 26);
	assert_int_equal(vfs_device_ops.config_size, 40);
}

static void config_is_tag_and_queues(void **state)
{
	static const char tag[36] = "myfs";
	uint8_t config[40], part[3];

	(void)state;
	memset(config, 0xff, sizeof(config));
	vfs_device_ops.config_read(device, 0, config, sizeof(config));
	assert_memory_equal(config, tag, sizeof(tag));
	assert_int_equal(le32_load(config + 36), 3);
	vfs_device_ops.config_read(device, 1, part, sizeof(part));
	assert_memory_equal(part, "yfs", 3);
	vfs_device_ops.config_read(device, 39, part, 1);
	assert_int_equal(part[0], 0);
}

static void takes_tags_that_fit_and_no_others(void **state)
{
	const char *longest = "123456789012345678901234567890123456";
	struct share *s = *state;
	struct vfs_device *other = NULL;
	uint8_t config[36];

	assert_int_equal(vfs_device_new("", 1, s->session, &s->log, &other),
			 -LX_EINVAL);
	assert_int_equal(vfs_device_new("1234567890123456789012345678901234567",
					1, s->session, &s->log, &other),
			 -LX_EINVAL);
	assert_int_equal(vfs_device_new("a", 0, s->session, &s->log, &other),
			 -LX_EINVAL);
	assert_int_equal(vfs_device_new("a", VFS_REQUEST_QUEUES_MAX + 1,
					s->session, &s->log, &other),
			 -LX_EINVAL);
	assert_null(other);
	assert_int_equal(vfs_device_new(longest, VFS_REQUEST_QUEUES_MAX,
					s->session, &s->log, &other), 0);
	vfs_device_ops.config_read(other, 0, config, sizeof(config));
	assert_memory_equal(config, longest, 36);
	vfs_device_free(other);
}

/* A request in one readable piece, with room for a reply in one writable. */
static ssize_t request(unsigned queue, void *in, size_t in_len, void *out,
		       size_t out_len)
{
	struct iov readable = { in, in_len };
	struct iov writable = { out, out_len };
	struct virtio_chain chain = {
		.readable = &readable,
		.readable_count = in_len ? 1 : 0,
		.writable = &writable,
		.writable_count = out_len ? 1 : 0,
	};

	return vfs_device_ops.request(device, queue, &chain);
}

struct getattr {
	struct fuse_in_header header;
	struct fuse_getattr_in in;
};

struct attr_reply {
	struct fuse_out_header header;
	struct fuse_attr_out out;
};

static struct getattr getattr_of(uint64_t node)
{
	return (struct getattr){
		.header = { .len = sizeof(struct getattr),
			    .opcode = FUSE_GETATTR,
			    .unique = 5, .nodeid = node },
	};
}

static void every_queue_serves_requests(void **state)
{
	struct getattr in = getattr_of(FUSE_ROOT_ID);
	struct attr_reply out;

	(void)state;
	for (unsigned queue = 0; queue <= 3; queue++) {
		memset(&out, 0, sizeof(out));
		assert_int_equal(request(queue, &in, sizeof(in), &out,
					 sizeof(out)), sizeof(out));
		assert_int_equal(out.header.len, sizeof(out));
		assert_int_equal(out.header.error, 0);
		assert_int_equal(out.header.unique, 5);
		assert_true(LX_S_ISDIR(out.out.attr.mode));
	}
}

/*
 * A vhost-user front-end may start more than the driver was told of; each has
 * what belongs to a queue, and that is as new.
 */
static void so_does_one_that_the_driver_was_not_told_of(void **state)
{
	struct getattr in = getattr_of(FUSE_ROOT_ID);
	struct attr_reply out;
	struct iov readable = { &in, sizeof(in) };
	struct iov writable = { &out, sizeof(out) };
	struct virtio_chain chain = {
		.readable = &readable, .readable_count = 1,
		.writable = &writable, .writable_count = 1,
		.timed = true,
	};

	(void)state;
	for (unsigned queue = 0; queue < VIRTIO_QUEUES_MAX; queue++) {
		vfs_device_ops.thread_init(device, queue, NULL);
		/* How long it takes is not known yet. */
		chain.may_leave = true;
		assert_int_equal(vfs_device_ops.request(device, queue, &chain),
				 VIRTIO_CHAIN_BLOCKS);
		chain.may_leave = false;
		assert_int_equal(vfs_device_ops.request(device, queue, &chain),
				 sizeof(out));
		vfs_device_ops.thread_done(device, queue);
	}
}

static void the_used_length_is_that_of_the_reply(void **state)
{
	struct getattr in = getattr_of(99);
	struct attr_reply out;
	struct {
		struct fuse_in_header header;
		struct fuse_forget_in in;
	} forget = { { .len = sizeof(forget), .opcode = FUSE_FORGET,
		       .nodeid = 99 }, { 1 } };

	(void)state;
	assert_int_equal(request(1, &in, sizeof(in), &out, sizeof(out)),
			 sizeof(out.header));
	assert_int_equal(out.header.error, -LX_ESTALE);
	assert_int_equal(request(0, &forget, sizeof(forget), NULL, 0), 0);
	assert_int_equal(request(0, &forget, sizeof(forget), &out,
				 sizeof(out)), 0);
}

static void gives_senseless_chains_back_empty(void **state)
{
	struct getattr in = getattr_of(FUSE_ROOT_ID);
	struct attr_reply out;

	(void)state;
	assert_int_equal(request(1, NULL, 0, NULL, 0), 0);
	assert_int_equal(request(1, NULL, 0, &out, sizeof(out)), 0);
	assert_int_equal(request(1, &in, 39, &out, sizeof(out)), 0);
	assert_int_equal(request(1, &in, sizeof(in), NULL, 0), 0);
	assert_int_equal(request(1, &in, sizeof(in), &out, 15), 0);
	/* And goes on. */
	assert_int_equal(request(1, &in, sizeof(in), &out, sizeof(out)),
			 sizeof(out));
}

static void a_reset_ends_the_mount(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr;
	uint64_t node, fh;

	host_file(s->root_fd, "a", "");
	node = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(client_open(s->client, FUSE_OPEN, node, 0, &fh), 0);
	vfs_device_ops.thread_init(device, 0, NULL);
	vfs_device_ops.reset(device);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	assert_int_equal(vfs_server_stats(s->server).handles, 0);
	assert_int_equal(client_getattr(s->client, 1, &attr), -LX_EIO);
	vfs_device_ops.reset(device);
	assert_int_equal(client_init(s->client), 0);
	assert_int_equal(client_getattr(s->client, 1, &attr), 0);
	assert_int_equal(client_getattr(s->client, node, &attr), -LX_ESTALE);
}

/* Restore what the device saves in one with this tag and queues. */
static int move_to(struct share *s, const char *tag, unsigned queues,
		   const char **ret_message)
{
	static struct save_writer w;
	static struct save_reader r;
	const uint32_t kind = SAVE_TAG('t', 'e', 's', 't');
	struct fake_image image = { 0 };
	struct vfs_device *other;
	int rc;

	save_open(&w, kind, fake_image_write, &image);
	assert_int_equal(vfs_device_ops.save(device, &w), 0);
	assert_int_equal(save_close(&w), 0);
	fuse_session_reset(s->session);
	assert_int_equal(vfs_device_new(tag, queues, s->session, &s->log,
					&other), 0);
	assert_int_equal(save_read(&r, kind, fake_image_read, &image), 0);
	rc = vfs_device_ops.restore(other, &r);
	vfs_device_free(other);
	fake_image_done(&image);
	*ret_message = r.message;
	return rc;
}

static void goes_on_where_another_was_saved(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr;
	const char *message;

	assert_int_equal(move_to(s, "myfs", 3, &message), 0);
	assert_int_equal(client_getattr(s->client, FUSE_ROOT_ID, &attr), 0);
	assert_int_equal(move_to(s, "other", 3, &message), -LX_EINVAL);
	assert_string_equal(message, "saved state of another tag than 'other'");
	assert_int_equal(client_getattr(s->client, FUSE_ROOT_ID, &attr),
			 -LX_EIO);
	assert_int_equal(move_to(s, "myfs", 2, &message), -LX_EINVAL);
	assert_string_equal(message,
			    "saved state of 3 request queues, there are 2");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_virtio_fs),
		TEST(config_is_tag_and_queues),
		TEST(takes_tags_that_fit_and_no_others),
		TEST(every_queue_serves_requests),
		TEST(so_does_one_that_the_driver_was_not_told_of),
		TEST(the_used_length_is_that_of_the_reply),
		TEST(gives_senseless_chains_back_empty),
		TEST(a_reset_ends_the_mount),
		TEST(goes_on_where_another_was_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
