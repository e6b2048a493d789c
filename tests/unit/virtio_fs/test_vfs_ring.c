/* SPDX-License-Identifier: MIT */
/*
 * READs and WRITEs that go on by themselves, past the page cache; through the
 * device, of which this is the thread of a queue.  Where the host has no
 * io_uring they would block, and are not begun.
 */
#include "tests/unit/virtio_fs/share.h"

#include "common/bytes.h"
#include "lxutil/lx_async.h"
#include "virtio/fs/vfs_device.h"
#include "virtio/virtio_job.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define QUEUE 1
#define PAGE 4096
#define PAGES 5
#define TAIL 100                        /* bytes of the last page */
#define SIZE (PAGE * (PAGES - 1) + TAIL)

static struct vfs_device *device;
static struct event event;
static bool can_go_on;

/* A request with a page of data, as a queue's worker has it. */
struct job {
	struct virtio_jobs jobs;
	struct virtio_job job;
	struct fuse_in_header in;
	union {
		struct fuse_read_in read;
		struct fuse_write_in write;
	} args;
	struct fuse_out_header out;
	struct fuse_write_out written;
	struct iov iov[4];
};

static _Alignas(PAGE) char page[VIRTIO_DETACHED_MAX + 1][PAGE];

/* Hand it over. */
static ssize_t begin(struct job *j, bool may_leave)
{
	j->jobs.event = &event;
	j->job.jobs = &j->jobs;
	j->job.request.chain.may_leave = may_leave;
	j->in.unique = 77;
	return vfs_device_ops.request(device, QUEUE, &j->job.request.chain);
}

static ssize_t begin_read(struct job *j, uint64_t node, uint64_t fh, char *data,
			  uint64_t offset)
{
	*j = (struct job){
		.in = { .len = sizeof(j->in) + sizeof(j->args.read),
			.opcode = FUSE_READ, .nodeid = node },
		.args.read = { .fh = fh, .offset = offset, .size = PAGE },
		.iov = {
			{ &j->in, sizeof(j->in) },
			{ &j->args.read, sizeof(j->args.read) },
			{ &j->out, sizeof(j->out) },
			{ data, PAGE },
		},
		.job.request.chain = {
			.readable = j->iov, .readable_count = 2,
			.writable = j->iov + 2, .writable_count = 2,
		},
	};
	return begin(j, true);
}

static ssize_t begin_write(struct job *j, uint64_t node, uint64_t fh,
			   char *data, uint64_t offset, uint32_t flags)
{
	*j = (struct job){
		.in = { .len = sizeof(j->in) + sizeof(j->args.write) + PAGE,
			.opcode = FUSE_WRITE, .nodeid = node },
		.args.write = { .fh = fh, .offset = offset, .size = PAGE,
				.write_flags = flags },
		.iov = {
			{ &j->in, sizeof(j->in) },
			{ &j->args.write, sizeof(j->args.write) },
			{ data, PAGE },
			{ &j->out, sizeof(j->out) + sizeof(j->written) },
		},
		.job.request.chain = {
			.readable = j->iov, .readable_count = 3,
			.writable = j->iov + 3, .writable_count = 1,
		},
	};
	return begin(j, true);
}

/* As its worker does.  What request() would have returned. */
static ssize_t await_end(struct job *j)
{
	struct virtio_job *ended;

	vfs_device_ops.progress(device, QUEUE, true);
	while (!(ended = virtio_jobs_ended(&j->jobs))) {
		if (!vfs_device_ops.progressed(device, QUEUE))
			event_wait(&event);
		vfs_device_ops.progress(device, QUEUE, true);
	}
	assert_ptr_equal(ended, &j->job);
	assert_null(ended->next);
	return ended->used;
}

/* It goes on and ends, unless there is no way; what the whole was used for. */
static void assert_goes_on(struct job *j, ssize_t begun, size_t used)
{
	if (!can_go_on) {
		assert_int_equal(begun, VIRTIO_CHAIN_BLOCKS);
		skip();
	}
	assert_int_equal(begun, VIRTIO_CHAIN_GOES_ON);
	assert_int_equal(await_end(j), used);
	assert_int_equal(j->out.len, used);
	assert_int_equal(j->out.error, 0);
	assert_int_equal(j->out.unique, 77);
}

static uint64_t open_file(struct share *s, uint64_t *ret_node)
{
	uint64_t fh;

	*ret_node = node_of(s, FUSE_ROOT_ID, "f");
	assert_int_equal(client_open(s->client, FUSE_OPEN, *ret_node,
				     LX_O_RDWR | LX_O_DIRECT, &fh), 0);
	return fh;
}

static void a_read_goes_on(void **state)
{
	uint64_t node, fh = open_file(*state, &node);
	struct job j;

	assert_goes_on(&j, begin_read(&j, node, fh, page[0], PAGE),
		       sizeof(j.out) + PAGE);
	assert_int_equal(page[0][0], 'b');
	assert_int_equal(page[0][PAGE - 1], 'b');
}

/* The end of the file is looked for, and found. */
static void it_may_come_short(void **state)
{
	uint64_t node, fh = open_file(*state, &node);
	struct job j;

	assert_goes_on(&j, begin_read(&j, node, fh, page[0],
				      PAGE * (PAGES - 1)),
		       sizeof(j.out) + TAIL);
	assert_int_equal(page[0][TAIL - 1], 'a' + PAGES - 1);
	assert_goes_on(&j, begin_read(&j, node, fh, page[0], PAGE * PAGES),
		       sizeof(j.out));
}

static void a_write_goes_on(void **state)
{
	struct share *s = *state;
	uint64_t node, fh = open_file(s, &node);
	char back[PAGE];
	int fd;
	struct job j;

	memset(page[0], 'W', PAGE);
	assert_goes_on(&j, begin_write(&j, node, fh, page[0], PAGE, 0),
		       sizeof(j.out) + sizeof(j.written));
	assert_int_equal(j.written.size, PAGE);
	assert_goes_on(&j, begin_write(&j, node, fh, page[0], 2 * PAGE,
				       FUSE_WRITE_CACHE),
		       sizeof(j.out) + sizeof(j.written));
	fd = openat(s->root_fd, "f", O_RDONLY);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pread(fd, back, PAGE, PAGE * i), PAGE);
		assert_int_equal(back[7], i == 1 || i == 2 ? 'W' :
							     (int)('a' + i));
	}
	close(fd);
	/* What is done otherwise than by the process waits for a thread. */
	assert_int_equal(begin_write(&j, node, fh, page[0], PAGE,
				     FUSE_WRITE_KILL_SUIDGID),
			 VIRTIO_CHAIN_BLOCKS);
}

static void errors_are_told(void **state)
{
	struct share *s = *state;
	uint64_t node = node_of(s, FUSE_ROOT_ID, "f"), fh;
	struct job j;

	assert_int_equal(client_open(s->client, FUSE_OPEN, node,
				     LX_O_WRONLY | LX_O_DIRECT, &fh), 0);
	if (begin_read(&j, node, fh, page[0], 0) != VIRTIO_CHAIN_GOES_ON)
		skip();
	assert_int_equal(await_end(&j), sizeof(j.out));
	assert_int_equal(j.out.error, -LX_EBADF);
}

static void the_handle_may_be_released_meanwhile(void **state)
{
	struct share *s = *state;
	uint64_t node, fh = open_file(s, &node);
	struct job j;
	ssize_t begun = begin_read(&j, node, fh, page[0], 0);

	assert_int_equal(client_release(s->client, FUSE_RELEASE, node, fh), 0);
	assert_int_equal(vfs_server_stats(s->server).handles, can_go_on);
	assert_goes_on(&j, begun, sizeof(j.out) + PAGE);
	assert_int_equal(page[0][0], 'a');
	assert_int_equal(vfs_server_stats(s->server).handles, 0);
}

/* By DESTROY: nothing waits for what goes on. */
static void the_session_may_end_meanwhile(void **state)
{
	struct share *s = *state;
	uint64_t node, fh = open_file(s, &node);
	struct job j;
	ssize_t begun = begin_read(&j, node, fh, page[0], PAGE);

	fuse_session_reset(s->session);
	assert_goes_on(&j, begun, sizeof(j.out) + PAGE);
	assert_int_equal(page[0][0], 'b');
	assert_int_equal(vfs_server_stats(s->server).handles, 0);
}

/* One more than there are places for has to wait. */
static void there_is_an_end_to_them(void **state)
{
	uint64_t node, fh = open_file(*state, &node);
	struct job *j = calloc(VIRTIO_DETACHED_MAX + 1, sizeof(*j));
	unsigned n = 0;

	assert_non_null(j);
	while (n < VIRTIO_DETACHED_MAX &&
	       begin_read(&j[n], node, fh, page[n], PAGE * (n % 4)) ==
		       VIRTIO_CHAIN_GOES_ON)
		n++;
	assert_int_equal(n, can_go_on ? VIRTIO_DETACHED_MAX : 0);
	assert_int_equal(begin_read(&j[n], node, fh, page[n], 0),
			 VIRTIO_CHAIN_BLOCKS);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(await_end(&j[i]), sizeof(j->out) + PAGE);
		assert_int_equal(page[i][0], (int)('a' + i % 4));
	}
	free(j);
}

static void make(int root_fd)
{
	char text[SIZE + 1];

	for (unsigned i = 0; i < SIZE; i++)
		text[i] = (char)('a' + i / PAGE);
	text[SIZE] = '\0';
	host_file(root_fd, "f", text);
}

/* Does the host have any? */
static bool have_async(void)
{
	struct lx_reserve *reserve = NULL;
	bool have = !lx_reserve_new(1, &reserve);

	lx_reserve_free(reserve);
	return have;
}

static int set_up(void **state)
{
	struct vfs_options options;
	struct share *s;

	vfs_options_default(&options);
	options.direct_io = true;
	if (share_up_with(state, &options, 0, make) || event_init(&event))
		return -1;
	s = *state;
	can_go_on = have_async();
	if (vfs_device_new("t", 1, s->session, &s->log, &device))
		return -1;
	vfs_device_ops.thread_init(device, QUEUE, &event);
	return 0;
}

static int tear_down(void **state)
{
	vfs_device_ops.thread_done(device, QUEUE);
	vfs_device_free(device);
	event_done(&event);
	return share_down(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_read_goes_on),
		TEST(it_may_come_short),
		TEST(a_write_goes_on),
		TEST(errors_are_told),
		TEST(the_handle_may_be_released_meanwhile),
		TEST(the_session_may_end_meanwhile),
		TEST(there_is_an_end_to_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
