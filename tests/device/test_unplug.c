/* SPDX-License-Identifier: MIT */
/*
 * The whole device behind vfio-user and vhost-user: a machine drives all
 * queues, and its connection ends with requests in flight, again and again.
 * Whether the next one comes at once or later, the server is as new for it, and
 * nothing of the old one stays open.
 *
 * $STRESS_SECONDS is how long each of them goes on (2), $STRESS_SEED where it
 * begins.
 */
#include "tests/device/remote.h"

#include "common/guard.h"
#include "tests/lib/fuse_traffic.h"
#include "tools/unblock.h"

#include <poll.h>

#define IN_FLIGHT 24                    /* of each queue, at the end */
#define SPARES_MAX 16
#define PATIENCE_MS 60000
#define HANG_S 120                      /* beyond the time that it is given */

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
	static struct cpu cpu[REMOTE_QUEUES];
	atomic_bool stop = false;
	uint64_t good = 0;

	for (unsigned i = 0; i < REMOTE_QUEUES; i++) {
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
	for (unsigned i = 0; i < REMOTE_QUEUES; i++) {
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

/* Nothing is left of the last client; a share keeps a few in reserve. */
static void await_descriptors(unsigned files)
{
	for (int ms = 0; count_fds() > files + SPARES_MAX; ms++) {
		if (ms == PATIENCE_MS)
			fail_msg("%u descriptors, %u before", count_fds(),
				 files);
		pause_ms(1);
	}
	assert_true(count_fds() >= files);
}

static void come_and_go(struct device_fixture *f, enum remote_kind kind)
{
	unsigned seconds = number_of("STRESS_SECONDS", 2);
	unsigned seed = number_of("STRESS_SEED", 1), rounds = 0;
	time_t end = time(NULL) + (time_t)seconds;
	unsigned before = count_fds(), files;
	static struct remote remote;
	struct remote_server server;
	uint64_t good = 0;

	alarm(seconds + HANG_S);
	remote_serve(&server, kind, f, "socket");
	files = count_fds();
	default_options.queue_size = 256;
	do {
		default_options.features = rounds & 1 ?
			VIRTIO_FEATURE(VIRTIO_F_RING_PACKED) : 0;
		remote_connect(&remote, &server, f);
		remote_set_up(&remote, &default_options);
		assert_int_equal(fuse_client_init(&f->client, NULL), 0);
		good += drive(f, &seed);
		for (unsigned i = 0; i < REMOTE_QUEUES; i++)
			post(f, i);
		remote_unplug(&remote);
		/* Of the others, the next one comes at once. */
		if (rounds & 2)
			await_descriptors(files);
		rounds++;
	} while (time(NULL) < end);
	remote_serve_end(&server);
	assert_int_equal(count_fds(), before);
	print_message("%u clients, %llu good steps\n", rounds,
		      (unsigned long long)good);
	assert_true(good > rounds);
	assert_int_equal(fake_host_violations(&f->host), 0);
	assert_int_equal(fake_host_doorbells(&f->host), 0);
	alarm(0);
}

static void a_client_may_go_at_any_time(void **state)
{
	come_and_go(*state, REMOTE_VFIO_USER);
}

static void a_front_end_may_go_at_any_time(void **state)
{
	come_and_go(*state, REMOTE_VHOST_USER);
}

/* ---- memory that is gone ----------------------------------------------- */

/* The server has closed our connection; false: it does not. */
static bool is_ended(const struct remote *r)
{
	struct pollfd p = { .fd = r->client.sock, .events = POLLRDHUP };

	return poll(&p, 1, PATIENCE_MS) == 1;
}

static void cut_memory(struct device_fixture *f, enum remote_kind kind)
{
	static struct remote remote, other;
	static struct device_fixture second;
	struct remote_server server, beside;

	guard_catch();          /* cmocka has a handler of its own */
	second = (struct device_fixture){
		.plugin = f->plugin, .tree = f->tree
	};
	fake_host_init(&second.host, HOST_RAM_SIZE);
	default_options.queue_size = 256;
	default_options.features = 0;
	remote_serve(&server, kind, f, "socket");
	remote_serve(&beside, kind, &second, "beside");
	remote_connect(&remote, &server, f);
	remote_set_up(&remote, &default_options);
	remote_connect(&other, &beside, &second);
	remote_set_up(&other, &default_options);
	assert_int_equal(fuse_client_init(&f->client, NULL), 0);
	assert_int_equal(fuse_client_init(&second.client, NULL), 0);

	/* From now on we do not touch it ourselves. */
	assert_int_equal(ftruncate(f->host.ram.fd, 0), 0);
	remote_kick(&remote, REQUESTS);
	assert_true(is_ended(&remote));
	assert_alive(&second);
	remote_unplug(&remote);
	remote_connect(&remote, &server, f);
	remote_set_up(&remote, &default_options);
	assert_int_equal(fuse_client_init(&f->client, NULL), 0);
	assert_alive(f);

	remote_unplug(&remote);
	remote_unplug(&other);
	remote_serve_end(&server);
	remote_serve_end(&beside);
	fake_host_done(&second.host);
}

static void a_client_that_cuts_its_memory_ends_alone(void **state)
{
	cut_memory(*state, REMOTE_VFIO_USER);
}

static void a_front_end_that_cuts_its_memory_ends_alone(void **state)
{
	cut_memory(*state, REMOTE_VHOST_USER);
}

/* ---- interrupts that block --------------------------------------------- */

static void block_interrupts(struct device_fixture *f, enum remote_kind kind)
{
	static struct remote remote;
	struct remote_server server;

	alarm(HANG_S);
	default_options.queue_size = 256;
	default_options.features = 0;
	remote_serve(&server, kind, f, "socket");
	remote_connect(&remote, &server, f);
	remote_set_up(&remote, &default_options);
	assert_int_equal(fuse_client_init(&f->client, NULL), 0);
	remote_jam(&remote);
	for (unsigned i = 0; i < REMOTE_QUEUES; i++)
		post(f, i);
	pause_ms(20);
	remote_unplug(&remote);

	remote_connect(&remote, &server, f);
	remote_set_up(&remote, &default_options);
	assert_int_equal(fuse_client_init(&f->client, NULL), 0);
	assert_alive(f);
	remote_unplug(&remote);
	remote_serve_end(&server);
	alarm(0);
}

static void a_client_whose_interrupts_block_may_go(void **state)
{
	block_interrupts(*state, REMOTE_VFIO_USER);
}

static void a_front_end_whose_interrupts_block_may_go(void **state)
{
	block_interrupts(*state, REMOTE_VHOST_USER);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, host_setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_client_may_go_at_any_time),
		TEST(a_front_end_may_go_at_any_time),
		TEST(a_client_that_cuts_its_memory_ends_alone),
		TEST(a_front_end_that_cuts_its_memory_ends_alone),
		TEST(a_client_whose_interrupts_block_may_go),
		TEST(a_front_end_whose_interrupts_block_may_go),
	};

	if (unblock_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
