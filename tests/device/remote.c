/* SPDX-License-Identifier: MIT */
#include "tests/device/remote.h"

#include "tools/host_listen.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#define NOTIFY 2                        /* virtio 1.3 4.1.4 */
#define USER UINT64_C(0x7f5500000000)   /* where a front-end has memory */

/* vhost-user (QEMU's docs/interop/vhost-user.rst) */
enum {
	SET_FEATURES = 2,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	GET_PROTOCOL_FEATURES = 15,
	SET_VRING_ENABLE = 18
};

#define F_PROTOCOL_FEATURES 30
#define PACKED_BASE 0x80008000u

/* ---- servers ----------------------------------------------------------- */

static void *run_share(void *arg)
{
	struct remote_server *s = arg;

	(void)vuf_share_serve(s->share, s->listen_fd, false, &s->stop);
	return NULL;
}

static void serve_vfio_user(struct remote_server *s, const char *config,
			    const struct pciplug_plugin *plugin)
{
	char err[256];

	if (vfio_user_device_new(plugin, config, 1, "test", &s->log, err,
				 sizeof(err), &s->device))
		fail_msg("%s", err);
	assert_int_equal(vfio_user_server_new(s->device, s->listen_fd, "test",
					      &s->log, &s->server), 0);
}

static void serve_vhost_user(struct remote_server *s, const char *config)
{
	char err[256];

	assert_true(plugin_config_parse(config, &s->config, NULL));
	assert_int_equal(event_init(&s->stop), 0);
	if (vuf_share_new(&s->config, true, &s->log, err, sizeof(err),
			  &s->share))
		fail_msg("%s", err);
	assert_int_equal(pthread_create(&s->thread, NULL, run_share, s), 0);
}

void remote_serve(struct remote_server *server, enum remote_kind kind,
		  struct device_fixture *f, const char *name)
{
	char config[sizeof(f->tree.root) + 32], err[256];

	*server = (struct remote_server){ .kind = kind };
	log_init(&server->log, -1);
	snprintf(server->path, sizeof(server->path), "%s.%s", f->tree.root,
		 name);
	if (host_listen(server->path, NULL, err, sizeof(err),
			&server->listen_fd))
		fail_msg("%s", err);
	snprintf(config, sizeof(config), "myfs:%s,queues=%u", f->tree.root,
		 REMOTE_QUEUES - 1);
	if (kind == REMOTE_VFIO_USER)
		serve_vfio_user(server, config, f->plugin);
	else
		serve_vhost_user(server, config);
}

void remote_serve_end(struct remote_server *server)
{
	if (server->kind == REMOTE_VFIO_USER) {
		vfio_user_server_free(server->server);
		vfio_user_device_free(server->device);
	} else {
		event_signal(&server->stop);
		pthread_join(server->thread, NULL);
		vuf_share_free(server->share);
		event_done(&server->stop);
		plugin_config_done(&server->config);
	}
	close(server->listen_fd);
	unlink(server->path);
}

/* ---- a vfio-user function, as if it were a plugin's -------------------- */

static void far_read(struct remote *r, uint32_t region, uint64_t offset,
		     void *buf, size_t len)
{
	pthread_mutex_lock(&r->lock);
	memset(buf, 0xff, len);
	if (!client_read(&r->client, region, offset, (uint32_t)len))
		memcpy(buf, r->client.body + sizeof(struct vfio_user_region_rw),
		       len);
	pthread_mutex_unlock(&r->lock);
}

static void far_write(struct remote *r, uint32_t region, uint64_t offset,
		      const void *buf, size_t len)
{
	pthread_mutex_lock(&r->lock);
	(void)client_write(&r->client, region, offset, buf, (uint32_t)len);
	pthread_mutex_unlock(&r->lock);
}

static void cfg_read(struct pciplug_device *dev, uint32_t offset, void *buf,
		     size_t len)
{
	far_read((struct remote *)dev, VFIO_USER_REGION_CONFIG, offset, buf,
		 len);
}

static void cfg_write(struct pciplug_device *dev, uint32_t offset,
		      const void *buf, size_t len)
{
	far_write((struct remote *)dev, VFIO_USER_REGION_CONFIG, offset, buf,
		  len);
}

static void bar_read(struct pciplug_device *dev, uint32_t bar, uint64_t offset,
		     void *buf, size_t len)
{
	far_read((struct remote *)dev, bar, offset, buf, len);
}

static void bar_write(struct pciplug_device *dev, uint32_t bar, uint64_t offset,
		      const void *buf, size_t len)
{
	far_write((struct remote *)dev, bar, offset, buf, len);
}

static const struct pciplug_plugin far_plugin = {
	.size = sizeof(far_plugin),
	.cfg_read = cfg_read,
	.cfg_write = cfg_write,
	.bar_read = bar_read,
	.bar_write = bar_write,
};

static void set_up_vfio_user(struct remote *r,
			     const struct fake_guest_options *options)
{
	const struct pciplug_plugin *plugin = r->f->plugin;
	const struct fake_ram *ram = &r->f->host.ram;

	assert_int_equal(client_version(&r->client, "{}"), 0);
	assert_int_equal(client_map(&r->client, ram->gpa, ram->size,
				    VFIO_USER_DMA_F_READ |
				    VFIO_USER_DMA_F_WRITE, 0, ram->fd), 0);
	assert_int_equal(client_set_irqs(&r->client,
					 VFIO_USER_SET_DATA_EVENTFD |
					 VFIO_USER_SET_ACTION_TRIGGER,
					 VFIO_USER_IRQ_MSIX, 0, REMOTE_VECTORS,
					 NULL, 0, r->event, REMOTE_VECTORS), 0);
	r->f->plugin = &far_plugin;
	r->f->dev = (struct pciplug_device *)r;
	device_probe(r->f);
	device_drive(r->f, options);
	r->f->plugin = plugin;
	r->f->dev = NULL;
}

/* ---- vhost-user: there are no registers -------------------------------- */

static void no_read(struct pciplug_device *dev, uint32_t bar, uint64_t offset,
		    void *buf, size_t len)
{
	(void)dev;
	(void)bar;
	(void)offset;
	memset(buf, 0, len);
}

static const struct pciplug_plugin no_plugin = {
	.size = sizeof(no_plugin),
	.bar_read = no_read,
};

static void say(struct remote *r, uint32_t request, const void *payload,
		size_t size, int fd)
{
	uint32_t header[3] = { request, 1, (uint32_t)size };
	struct iovec iov[2] = {
		{ header, sizeof(header) }, { (void *)payload, size }
	};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	if (fd >= 0) {
		m.msg_control = control.buf;
		m.msg_controllen = sizeof(control.buf);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
	}
	assert_int_equal(sendmsg(r->client.sock, &m, MSG_NOSIGNAL),
			 sizeof(header) + size);
}

static void say_state(struct remote *r, uint32_t request, uint32_t index,
		      uint32_t num)
{
	const uint32_t state[2] = { index, num };

	say(r, request, state, sizeof(state), -1);
}

static void say_fd(struct remote *r, uint32_t request, uint64_t value, int fd)
{
	say(r, request, &value, sizeof(value), fd);
}

/* All that was said has been done. */
static void await_reply(struct remote *r)
{
	uint8_t reply[12 + 8];

	say(r, GET_PROTOCOL_FEATURES, NULL, 0, -1);
	assert_int_equal(recv(r->client.sock, reply, sizeof(reply),
			      MSG_WAITALL), sizeof(reply));
}

static void say_ring(struct remote *r, unsigned queue)
{
	const struct fake_ring *ring = &r->f->guest.queue[queue].ring;
	const uint64_t offset = USER - r->f->host.ram.gpa;
	const struct {
		uint32_t index, flags;
		uint64_t desc, used, avail, log;
	} addr = {
		.index = queue,
		.desc = ring->desc + offset,
		.used = ring->used + offset,
		.avail = ring->avail + offset,
	};

	say_state(r, SET_VRING_NUM, queue, ring->size);
	say_state(r, SET_VRING_BASE, queue, ring->packed ? PACKED_BASE : 0);
	say(r, SET_VRING_ADDR, &addr, sizeof(addr), -1);
	say_fd(r, SET_VRING_CALL, queue, r->event[queue + 1]);
	say_fd(r, SET_VRING_KICK, queue, r->kick[queue]);
	say_state(r, SET_VRING_ENABLE, queue, 1);
}

/* The guest's side of a queue, whose kick is a doorbell of the fake host. */
static void make_queue(struct remote *r, unsigned queue)
{
	struct pciplug_host *table = &r->f->host.table;
	struct fake_guest *g = &r->f->guest;
	struct fake_queue *fq = &g->queue[queue];
	bool event_idx = g->options.features &
			 VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);

	*fq = (struct fake_queue){
		.notify = queue,
		.vector = queue + 1,
		.arena = fake_ram_alloc(&g->host->ram, FAKE_GUEST_ARENA,
					4096),
	};
	if (g->options.features & VIRTIO_FEATURE(VIRTIO_F_RING_PACKED))
		fake_ring_init_packed(&fq->ring, &g->host->ram,
				      g->options.queue_size, event_idx);
	else
		fake_ring_init(&fq->ring, &g->host->ram, g->options.queue_size,
			       event_idx);
	r->kick[queue] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(table->doorbell_add(table->ctx,
					     &(struct pciplug_doorbell){
		.offset = fq->notify, .value = queue, .length = 2,
		.event = r->kick[queue] }), 0);
}

static void set_up_vhost_user(struct remote *r,
			      const struct fake_guest_options *options)
{
	const struct fake_ram *ram = &r->f->host.ram;
	const struct {
		uint32_t count, padding;
		uint64_t gpa, size, user, offset;
	} table = { .count = 1, .gpa = ram->gpa, .size = ram->size,
		    .user = USER };
	struct fake_guest *g = &r->f->guest;
	uint64_t features = options->features |
			    VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |
			    VIRTIO_FEATURE(F_PROTOCOL_FEATURES);

	if (options->indirect)
		features |= VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC);
	*g = (struct fake_guest){
		.host = &r->f->host,
		.options = *options,
		.queues = REMOTE_QUEUES,
		.pci = { .plugin = &no_plugin },
	};
	say_fd(r, SET_FEATURES, features, -1);
	say(r, SET_MEM_TABLE, &table, sizeof(table), ram->fd);
	for (unsigned i = 0; i < REMOTE_QUEUES; i++) {
		make_queue(r, i);
		say_ring(r, i);
	}
	await_reply(r);
	r->f->client = (struct fuse_client){
		.guest = g, .queue = REQUESTS,
		.uid = getuid(), .gid = getgid(),
	};
}

/* ---- a machine --------------------------------------------------------- */

/* What the device's events tell is an interrupt of the fake host. */
static void *run_interrupts(void *arg)
{
	struct remote *r = arg;
	const struct pciplug_host *table = &r->f->host.table;
	struct pollfd fds[REMOTE_VECTORS];
	uint64_t count;

	for (unsigned i = 0; i < REMOTE_VECTORS; i++)
		fds[i] = (struct pollfd){ r->event[i], POLLIN, 0 };
	while (!atomic_load(&r->stop)) {
		(void)poll(fds, REMOTE_VECTORS, 20);
		for (uint16_t i = 0; i < REMOTE_VECTORS; i++)
			if (read(r->event[i], &count, sizeof(count)) > 0)
				table->msix_signal(table->ctx, i, 0, 0);
	}
	return NULL;
}

void remote_connect(struct remote *r, const struct remote_server *server,
		    struct device_fixture *f)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	*r = (struct remote){ .kind = server->kind, .f = f };
	pthread_mutex_init(&r->lock, NULL);
	assert_true(strlen(server->path) < sizeof(addr.sun_path));
	strcpy(addr.sun_path, server->path);
	r->client.next_id = 1;
	r->client.sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(r->client.sock >= 0);
	assert_int_equal(connect(r->client.sock, (struct sockaddr *)&addr,
				 sizeof(addr)), 0);
}

void remote_set_up(struct remote *r, const struct fake_guest_options *options)
{
	struct fake_ram *ram = &r->f->host.ram;
	uint64_t gpa = ram->gpa;
	size_t size = ram->size;

	fake_ram_done(ram);
	fake_ram_init(ram, gpa, size);
	r->f->host.table.flags = PCIPLUG_HOST_MSIX_TABLE;
	for (unsigned i = 0; i < REMOTE_VECTORS; i++)
		r->event[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(pthread_create(&r->interrupts, NULL, run_interrupts,
					r), 0);
	if (r->kind == REMOTE_VFIO_USER)
		set_up_vfio_user(r, options);
	else
		set_up_vhost_user(r, options);
}

void remote_kick(struct remote *r, uint16_t queue)
{
	const struct fake_guest *g = &r->f->guest;

	if (r->kind == REMOTE_VHOST_USER)
		fake_guest_kick(&r->f->guest, queue);
	else
		client_post(&r->client, g->region[NOTIFY].bar,
			    g->queue[queue].notify, &queue, sizeof(queue));
}

static void remove_queue(struct remote *r, unsigned queue)
{
	struct pciplug_host *table = &r->f->host.table;

	table->doorbell_del(table->ctx, &(struct pciplug_doorbell){
		.offset = r->f->guest.queue[queue].notify, .value = queue,
		.length = 2, .event = r->kick[queue] });
	close(r->kick[queue]);
}

static void stop_interrupts(struct remote *r)
{
	if (!atomic_exchange(&r->stop, true))
		pthread_join(r->interrupts, NULL);
}

void remote_jam(struct remote *r)
{
	const uint64_t full = UINT64_MAX - 1;

	stop_interrupts(r);
	for (unsigned i = 0; i < REMOTE_VECTORS; i++) {
		uint64_t count;

		(void)!read(r->event[i], &count, sizeof(count));
		assert_int_equal(fcntl(r->event[i], F_SETFL, 0), 0);
		assert_int_equal(write(r->event[i], &full, sizeof(full)),
				 sizeof(full));
	}
}

void remote_unplug(struct remote *r)
{
	close(r->client.sock);
	stop_interrupts(r);
	for (unsigned i = 0; i < REMOTE_VECTORS; i++)
		close(r->event[i]);
	for (unsigned i = 0; r->kind == REMOTE_VHOST_USER &&
	     i < REMOTE_QUEUES; i++)
		remove_queue(r, i);
	pthread_mutex_destroy(&r->lock);
}
