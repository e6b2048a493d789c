/* SPDX-License-Identifier: MIT */
/*
 * The whole plugin behind vfio-user: a client drives all queues, and its
 * connection ends with requests in flight, again and again.  The server is then
 * as new for the next one, and nothing of the old one stays open.
 *
 * $STRESS_SECONDS is how long it goes on (2), $STRESS_SEED where it begins.
 */
#include "tests/unit/vfio_user/client.h"

#include "tests/device/device_fixture.h"
#include "tests/lib/fuse_traffic.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define QUEUES 5                        /* hiprio and four for requests */
#define VECTORS (QUEUES + 1)
#define IN_FLIGHT 24                    /* of each queue, at the end */
#define SPARES_MAX 16
#define HANG_S 120                      /* beyond the time that it is given */

/* A VMM's end of a connection. */
struct remote {
	struct client client;
	pthread_mutex_t lock;           /* of it */
	struct fake_host *host;
	int event[VECTORS];
	atomic_bool stop;
	pthread_t interrupts, messages;
	struct vfio_user_device *device;
	int served;                     /* the device's end of the socket */
};

/* ---- the far device, as if it were a plugin's -------------------------- */

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

/* ---- a connection ------------------------------------------------------ */

static void *run_messages(void *arg)
{
	struct remote *r = arg;

	vfio_user_device_connect(r->device, r->served);
	while (vfio_user_device_handle(r->device) > 0)
		;
	vfio_user_device_disconnect(r->device);
	return NULL;
}

/* What the device's events tell is an interrupt of the fake host. */
static void *run_interrupts(void *arg)
{
	const struct pciplug_host *table;
	struct remote *r = arg;
	struct pollfd fds[VECTORS];
	uint64_t count;

	table = &r->host->table;
	for (unsigned i = 0; i < VECTORS; i++)
		fds[i] = (struct pollfd){ r->event[i], POLLIN, 0 };
	while (!atomic_load(&r->stop)) {
		(void)poll(fds, VECTORS, 20);
		for (uint16_t i = 0; i < VECTORS; i++)
			if (read(r->event[i], &count, sizeof(count)) > 0)
				table->msix_signal(table->ctx, i, 0, 0);
	}
	return NULL;
}

static void plug(struct remote *r, struct vfio_user_device *device,
		 struct device_fixture *f)
{
	int pair[2];

	*r = (struct remote){ .device = device, .host = &f->host };
	pthread_mutex_init(&r->lock, NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    pair), 0);
	r->client.sock = pair[0];
	r->client.next_id = 1;
	r->served = pair[1];
	assert_int_equal(pthread_create(&r->messages, NULL, run_messages, r),
			 0);
	assert_int_equal(client_version(&r->client, "{}"), 0);
	assert_int_equal(client_map(&r->client, f->host.ram.gpa,
				    f->host.ram.size, VFIO_USER_DMA_F_READ |
				    VFIO_USER_DMA_F_WRITE, 0, f->host.ram.fd),
			 0);
	for (unsigned i = 0; i < VECTORS; i++)
		r->event[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(client_set_irqs(&r->client,
					 VFIO_USER_SET_DATA_EVENTFD |
					 VFIO_USER_SET_ACTION_TRIGGER,
					 VFIO_USER_IRQ_MSIX, 0, VECTORS, NULL,
					 0, r->event, VECTORS), 0);
	assert_int_equal(pthread_create(&r->interrupts, NULL, run_interrupts,
					r), 0);
	f->plugin = &far_plugin;
	f->dev = (struct pciplug_device *)r;
	device_probe(f);
	device_mount(f);
}

static void unplug(struct remote *r)
{
	close(r->client.sock);
	pthread_join(r->messages, NULL);
	atomic_store(&r->stop, true);
	pthread_join(r->interrupts, NULL);
	for (unsigned i = 0; i < VECTORS; i++)
		close(r->event[i]);
	pthread_mutex_destroy(&r->lock);
}

/* ---- traffic ----------------------------------------------------------- */

struct cpu {
	struct fuse_traffic traffic;
	atomic_bool *stop;
	pthread_t thread;
	const char *what;               /* the step that failed */
	int64_t error;
};

static void *run_cpu(void *arg)
{
	struct cpu *cpu = arg;

	while (!atomic_load(cpu->stop) && !cpu->error) {
		int64_t ret = fuse_traffic_step(&cpu->traffic, &cpu->what);

		if (ret == -EPROTO || ret == -ETIMEDOUT || ret == -ECONNRESET)
			cpu->error = ret;
	}
	return NULL;
}

/* Send requests whose answers nobody waits for. */
static void post(struct device_fixture *f, unsigned queue)
{
	static const struct fuse_in_header request = {
		.len = sizeof(request), .opcode = FUSE_STATFS, .unique = 7,
		.nodeid = FUSE_ROOT_ID,
	};
	struct fake_ram *ram = &f->host.ram;

	for (unsigned i = 0; i < IN_FLIGHT; i++) {
		struct fake_buf buf[2] = {
			{ fake_ram_alloc(ram, 64, 8), sizeof(request) },
			{ fake_ram_alloc(ram, 256, 8), 256 },
		};

		memcpy(fake_ram_ptr(ram, buf[0].gpa), &request,
		       sizeof(request));
		fake_ring_add(&f->guest.queue[queue].ring, buf, 1, 1, 0);
	}
	fake_guest_kick(&f->guest, queue);
}

/* Some traffic; returns how many of its steps were good. */
static uint64_t drive(struct device_fixture *f, unsigned *seed)
{
	static struct cpu cpu[QUEUES];
	atomic_bool stop = false;
	uint64_t good = 0;

	for (unsigned i = 0; i < QUEUES; i++) {
		cpu[i] = (struct cpu){ .stop = &stop };
		fuse_traffic_init(&cpu[i].traffic, &f->client,
				  (unsigned)rand_r(seed));
		cpu[i].traffic.client.queue = i;
		cpu[i].traffic.client.unique = (uint64_t)(i + 1) << 40;
		assert_int_equal(pthread_create(&cpu[i].thread, NULL, run_cpu,
						&cpu[i]), 0);
	}
	pause_ms(10 + rand_r(seed) % 64);
	atomic_store(&stop, true);
	fake_host_give_up(&f->host, true);
	for (unsigned i = 0; i < QUEUES; i++) {
		pthread_join(cpu[i].thread, NULL);
		good += cpu[i].traffic.good;
		fuse_traffic_done(&cpu[i].traffic);
		if (cpu[i].error)
			fail_msg("queue %u, %s: %d", i, cpu[i].what,
				 (int)cpu[i].error);
	}
	fake_host_give_up(&f->host, false);
	return good;
}

static unsigned number_of(const char *variable, unsigned otherwise)
{
	const char *value = getenv(variable);

	return value ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

static void a_client_may_go_at_any_time(void **state)
{
	struct device_fixture *f = *state;
	unsigned seconds = number_of("STRESS_SECONDS", 2);
	unsigned seed = number_of("STRESS_SEED", 1), rounds = 0;
	unsigned before, files;
	time_t end = time(NULL) + (time_t)seconds;
	size_t mark = fake_ram_mark(&f->host.ram);
	char config[sizeof(f->tree.root) + 32], err[256];
	struct vfio_user_device *device = NULL;
	static struct remote remote;
	uint64_t good = 0;
	struct log log;

	alarm(seconds + HANG_S);
	log_init(&log, -1);
	f->host.table.flags = PCIPLUG_HOST_MSIX_TABLE;
	snprintf(config, sizeof(config), "myfs:%s,queues=%u", f->tree.root,
		 QUEUES - 1);
	before = count_fds();
	assert_int_equal(vfio_user_device_new(f->plugin, config, 1, "test",
					      &log, err, sizeof(err), &device),
			 0);
	files = count_fds();
	default_options.queue_size = 256;
	do {
		default_options.features = rounds & 1 ?
			VIRTIO_FEATURE(VIRTIO_F_RING_PACKED) : 0;
		plug(&remote, device, f);
		good += drive(f, &seed);
		for (unsigned i = 0; i < QUEUES; i++)
			post(f, i);
		unplug(&remote);
		/* A share keeps a few in reserve. */
		assert_in_range(count_fds(), files, files + SPARES_MAX);
		memset(f->host.ram.base + mark, 0, f->host.ram.used - mark);
		fake_ram_release(&f->host.ram, mark);
		rounds++;
	} while (time(NULL) < end);
	vfio_user_device_free(device);
	assert_int_equal(count_fds(), before);
	print_message("%u clients, %llu good steps\n", rounds,
		      (unsigned long long)good);
	assert_true(good > rounds);
	assert_int_equal(fake_host_violations(&f->host), 0);
	alarm(0);
}

static int teardown(void **state)
{
	struct device_fixture *f = *state;

	fake_host_done(&f->host);
	tmptree_done(&f->tree);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_client_may_go_at_any_time,
						host_setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
