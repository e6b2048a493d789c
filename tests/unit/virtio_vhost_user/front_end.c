/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_vhost_user/front_end.h"

#include <dirent.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#define PATIENCE_MS 20000               /* for what must come */

/* ---- waiting ----------------------------------------------------------- */

void fe_set(struct front_end *f, bool *flag, bool value)
{
	pthread_mutex_lock(&f->lock);
	*flag = value;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

void fe_set_number(struct front_end *f, unsigned *number, unsigned value)
{
	pthread_mutex_lock(&f->lock);
	*number = value;
	pthread_mutex_unlock(&f->lock);
}

unsigned fe_get(struct front_end *f, const unsigned *counter)
{
	unsigned value;

	pthread_mutex_lock(&f->lock);
	value = *counter;
	pthread_mutex_unlock(&f->lock);
	return value;
}

void fe_await(struct front_end *f, const unsigned *counter, unsigned n)
{
	struct timespec end;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_MS / 1000;
	pthread_mutex_lock(&f->lock);
	while (*counter < n && !ret)
		ret = pthread_cond_timedwait(&f->changed, &f->lock, &end);
	pthread_mutex_unlock(&f->lock);
	assert_int_equal(ret, 0);
}

static void wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

/* ---- life -------------------------------------------------------------- */

static void take_line(void *ctx, enum log_level level, const char *target,
		      const char *message)
{
	struct front_end *f = ctx;
	size_t len = strlen(message);

	(void)level;
	(void)target;
	pthread_mutex_lock(&f->lock);
	if (len < sizeof(f->log_text) - f->log_len) {
		memcpy(f->log_text + f->log_len, message, len + 1);
		f->log_len += len;
	}
	pthread_mutex_unlock(&f->lock);
}

bool fe_logged(struct front_end *f, const char *text)
{
	bool found;

	pthread_mutex_lock(&f->lock);
	found = strstr(f->log_text, text);
	pthread_mutex_unlock(&f->lock);
	return found;
}

static int count_entries(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
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

/* There are no more than so many; who was joined is there for a moment yet. */
static void assert_threads(int most)
{
	const struct timespec t = { 0, 1000000 };
	int n = count_entries("/proc/self/task");

	for (int ms = 0; n > most && ms < PATIENCE_MS; ms++) {
		nanosleep(&t, NULL);
		n = count_entries("/proc/self/task");
	}
	assert_true(n <= most);
}

static void *serve(void *arg)
{
	struct front_end *f = arg;

	f->end = vhost_user_serve(f->vu, f->their_sock, &f->stop);
	close(f->their_sock);
	return NULL;
}

/* With a log that has said nothing, so that it is not limited. */
void fe_connect(struct front_end *f)
{
	int pair[2];

	log_init(&f->log, 2);
	log_set_sink(&f->log, take_line, f);
	f->log_text[0] = '\0';
	f->log_len = 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    pair), 0);
	f->sock = pair[0];
	f->their_sock = pair[1];
	assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
	f->serving = true;
}

static void join(struct front_end *f)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_MS / 1000;
	assert_int_equal(pthread_timedjoin_np(f->thread, NULL, &end), 0);
	f->serving = false;
}

int fe_disconnect(struct front_end *f)
{
	if (f->sock >= 0)
		close(f->sock);
	f->sock = -1;
	if (f->serving)
		join(f);
	return f->end;
}

void fe_assert_ends(struct front_end *f, int error, const char *text)
{
	join(f);
	assert_int_equal(f->end, error);
	if (!fe_logged(f, text))
		fail_msg("\"%s\" is not in \"%s\"", text, f->log_text);
	fe_disconnect(f);
}

void fe_begin(struct front_end *f, const struct vhost_user_params *params)
{
	const struct vhost_user_params usual = {
		.core = {
			.queues = FE_QUEUES,
			.queue_size = FE_QUEUE_SIZE,
			.name = "vu",
		},
		.config = true,
	};

	*f = (struct front_end){ .sock = -1 };
	f->fds = count_entries("/proc/self/fd");
	have_made_a_thread();
	f->threads = count_entries("/proc/self/task");
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	fake_ram_init(&f->ram, FE_RAM_GPA, FE_RAM_SIZE);
	assert_int_equal(event_init(&f->stop), 0);
	for (unsigned i = 0; i < FE_QUEUES; i++) {
		f->kick[i] = eventfd(0, EFD_CLOEXEC);
		f->call[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		f->err[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	assert_int_equal(vhost_user_new(params ? params : &usual,
					&fe_device_ops, f, &f->log, &f->vu),
			 0);
	fe_connect(f);
}

void fe_finish(struct front_end *f)
{
	fe_set(f, &f->hold, false);
	fe_disconnect(f);
	vhost_user_free(f->vu);
	event_done(&f->stop);
	for (unsigned i = 0; i < FE_QUEUES; i++) {
		close(f->kick[i]);
		close(f->call[i]);
		close(f->err[i]);
	}
	fake_ram_done(&f->ram);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	assert_int_equal(count_entries("/proc/self/fd"), f->fds);
	assert_threads(f->threads);
}

int fe_setup(void **state)
{
	static struct front_end f;

	fe_begin(&f, NULL);
	*state = &f;
	return 0;
}

int fe_teardown(void **state)
{
	fe_finish(*state);
	return 0;
}

/* ---- messages ---------------------------------------------------------- */

void fe_send_flags(struct front_end *f, uint32_t request, uint32_t flags,
		   const void *payload, size_t size, const int *fds, size_t n)
{
	uint32_t header[3] = { request, flags, (uint32_t)size };
	struct iovec iov[2] = {
		{ header, sizeof(header) }, { (void *)payload, size }
	};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(16 * sizeof(int))];
	} control = { 0 };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	if (n) {
		struct cmsghdr *c = &control.align;

		m.msg_control = control.buf;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	assert_int_equal(sendmsg(f->sock, &m, MSG_NOSIGNAL),
			 sizeof(header) + size);
}

void fe_send(struct front_end *f, uint32_t request, const void *payload,
	     size_t size)
{
	fe_send_flags(f, request, FE_VERSION, payload, size, NULL, 0);
}

void fe_send_u64(struct front_end *f, uint32_t request, uint64_t value)
{
	fe_send(f, request, &value, sizeof(value));
}

void fe_send_state(struct front_end *f, uint32_t request, uint32_t index,
		   uint32_t num)
{
	const uint32_t state[2] = { index, num };

	fe_send(f, request, state, sizeof(state));
}

void fe_send_fd(struct front_end *f, uint32_t request, uint64_t value, int fd)
{
	fe_send_flags(f, request, FE_VERSION, &value, sizeof(value), &fd, 1);
}

static void receive(struct front_end *f, void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		ssize_t n;

		wait_readable(f->sock);
		n = recv(f->sock, p, len, 0);
		assert_true(n > 0);
		p += n;
		len -= (size_t)n;
	}
}

void fe_reply(struct front_end *f, uint32_t request, void *payload, size_t size)
{
	uint32_t header[3];

	receive(f, header, sizeof(header));
	assert_int_equal(header[0], request);
	assert_int_equal(header[1], FE_VERSION | FE_REPLY);
	assert_int_equal(header[2], size);
	receive(f, payload, size);
}

uint64_t fe_reply_u64(struct front_end *f, uint32_t request)
{
	uint64_t value;

	fe_reply(f, request, &value, sizeof(value));
	return value;
}

uint64_t fe_get_u64(struct front_end *f, uint32_t request)
{
	fe_send(f, request, NULL, 0);
	return fe_reply_u64(f, request);
}

void fe_sync(struct front_end *f)
{
	(void)fe_get_u64(f, GET_QUEUE_NUM);
}

uint64_t fe_ask(struct front_end *f, uint32_t request, const void *payload,
		size_t size, int fd)
{
	fe_send_flags(f, request, FE_VERSION | FE_NEED_REPLY, payload, size,
		      &fd, fd >= 0);
	return fe_reply_u64(f, request);
}

/* ---- the usual --------------------------------------------------------- */

struct fe_region fe_whole_ram(void)
{
	return (struct fe_region){ FE_RAM_GPA, FE_RAM_SIZE, FE_USER, 0 };
}

void fe_set_mem_table(struct front_end *f, const struct fe_region *region,
		      uint32_t n, const int *fds)
{
	uint8_t payload[8 + 8 * sizeof(*region)] = { 0 };

	memcpy(payload, &n, sizeof(n));
	memcpy(payload + 8, region, n * sizeof(*region));
	fe_send_flags(f, SET_MEM_TABLE, FE_VERSION, payload,
		      8 + n * sizeof(*region), fds, n);
}

void fe_add_mem(struct front_end *f, struct fe_region region, int fd)
{
	uint8_t payload[8 + sizeof(region)] = { 0 };

	memcpy(payload + 8, &region, sizeof(region));
	assert_int_equal(fe_ask(f, ADD_MEM_REG, payload, sizeof(payload), fd),
			 0);
}

void fe_rem_mem(struct front_end *f, struct fe_region region)
{
	uint8_t payload[8 + sizeof(region)] = { 0 };

	memcpy(payload + 8, &region, sizeof(region));
	assert_int_equal(fe_ask(f, REM_MEM_REG, payload, sizeof(payload), -1),
			 0);
}

void fe_negotiate(struct front_end *f, uint64_t features)
{
	(void)fe_get_u64(f, GET_FEATURES);
	fe_send_u64(f, SET_PROTOCOL_FEATURES,
		    fe_get_u64(f, GET_PROTOCOL_FEATURES));
	fe_send(f, SET_OWNER, NULL, 0);
	fe_send_u64(f, SET_FEATURES, features);
	fe_add_mem(f, fe_whole_ram(), f->ram.fd);
}

static uint64_t user(uint64_t gpa)
{
	return gpa - FE_RAM_GPA + FE_USER;
}

void fe_send_addr(struct front_end *f, unsigned queue)
{
	const struct fake_ring *ring = &f->ring[queue];
	const struct {
		uint32_t index, flags;
		uint64_t desc, used, avail, log;
	} addr = {
		.index = queue,
		.desc = user(ring->desc),
		.used = user(ring->used),
		.avail = user(ring->avail),
	};

	fe_send(f, SET_VRING_ADDR, &addr, sizeof(addr));
}

void fe_set_ring(struct front_end *f, unsigned queue, uint32_t base)
{
	fe_send_state(f, SET_VRING_NUM, queue, f->ring[queue].size);
	fe_send_state(f, SET_VRING_BASE, queue, base);
	fe_send_addr(f, queue);
	fe_send_fd(f, SET_VRING_KICK, queue, f->kick[queue]);
	fe_send_fd(f, SET_VRING_CALL, queue, f->call[queue]);
	fe_send_fd(f, SET_VRING_ERR, queue, f->err[queue]);
}

void fe_enable(struct front_end *f, unsigned queue, bool enable)
{
	const uint32_t state[2] = { queue, enable };

	assert_int_equal(fe_ask(f, SET_VRING_ENABLE, state, sizeof(state), -1),
			 0);
}

uint32_t fe_get_base(struct front_end *f, unsigned queue)
{
	uint32_t state[2];

	fe_send_state(f, GET_VRING_BASE, queue, 0);
	fe_reply(f, GET_VRING_BASE, state, sizeof(state));
	assert_int_equal(state[0], queue);
	return state[1];
}

void fe_make_ring(struct front_end *f, unsigned queue, uint64_t features)
{
	if (features & FE_F_PACKED)
		fake_ring_init_packed(&f->ring[queue], &f->ram, FE_QUEUE_SIZE,
				      features & FE_F_EVENT_IDX);
	else
		fake_ring_init(&f->ring[queue], &f->ram, FE_QUEUE_SIZE,
			       features & FE_F_EVENT_IDX);
}

/* Of a packed ring it is two indices of 0 with their wrap counters 1. */
uint32_t fe_first_base(uint64_t features)
{
	return features & FE_F_PACKED ? 0x80008000 : 0;
}

void fe_start(struct front_end *f, uint64_t features)
{
	fe_negotiate(f, features);
	for (unsigned i = 0; i < FE_QUEUES; i++) {
		fe_make_ring(f, i, features);
		fe_set_ring(f, i, fe_first_base(features));
	}
	if (!(features & FE_F_PROTOCOL))
		return;
	for (unsigned i = 0; i < FE_QUEUES; i++)
		fe_enable(f, i, true);
}

/* ---- traffic ----------------------------------------------------------- */

uint16_t fe_add(struct front_end *f, unsigned queue, char first)
{
	struct fake_buf buf = { fake_ram_alloc(&f->ram, 8, 8), 8 };

	*(char *)fake_ram_ptr(&f->ram, buf.gpa) = first;
	return fake_ring_add(&f->ring[queue], &buf, 0, 1, 0);
}

void fe_kick(struct front_end *f, unsigned queue)
{
	if (fake_ring_must_kick(&f->ring[queue]))
		assert_int_equal(eventfd_write(f->kick[queue], 1), 0);
}

bool fe_called(struct front_end *f, unsigned queue)
{
	eventfd_t value;

	return !eventfd_read(f->call[queue], &value);
}

void fe_wait_call(struct front_end *f, unsigned queue)
{
	wait_readable(f->call[queue]);
	assert_true(fe_called(f, queue));
}

uint16_t fe_next_used(struct front_end *f, unsigned queue)
{
	struct fake_ring *ring = &f->ring[queue];
	uint16_t got_head = 0xffff;
	uint32_t len = 0;

	while (!fake_ring_collect(ring, &got_head, &len)) {
		if (fake_ring_arm(ring))
			fe_wait_call(f, queue);
	}
	assert_int_equal(len, 4);
	return got_head;
}

void fe_wait_used(struct front_end *f, unsigned queue, uint16_t head)
{
	assert_int_equal(fe_next_used(f, queue), head);
}

void fe_call(struct front_end *f, unsigned queue)
{
	uint16_t head = fe_add(f, queue, '.');

	fe_kick(f, queue);
	fe_wait_used(f, queue, head);
}
