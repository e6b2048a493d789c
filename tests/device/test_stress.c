/* SPDX-License-Identifier: MIT */
/*
 * Traffic on all queues, of every kind, while the host stops, unplugs and
 * resets the device and takes its memory away, and the driver resets it, or a
 * queue, and changes its registers.  In every round the device must come back;
 * nothing may hang or leak, and a thread sanitizer has nothing to say.
 *
 * $STRESS_SECONDS is how long it goes on (3), $STRESS_SEED where it begins.
 */
#include "tests/device/device_fixture.h"
#include "tests/lib/count_fds.h"
#include "tests/lib/fuse_traffic.h"

#include <pthread.h>
#include <stdatomic.h>

#define QUEUES 5                        /* hiprio and four for requests */
#define IN_FLIGHT 24                    /* more of each queue, at an end */
#define HANG_S 120                      /* beyond the time that it is given */

#define PCI_COMMAND 4
#define PCI_COMMAND_MEMORY 2
#define PCI_COMMAND_MASTER 4

struct stress;

/* One CPU of the guest, with a queue of its own. */
struct cpu {
	struct stress *s;
	struct fuse_traffic traffic;
	pthread_t thread;
	const char *what;               /* the step that failed */
	int64_t error;
};

struct stress {
	struct device_fixture *f;
	unsigned seed;
	bool mapped_only;               /* the host has no memory callbacks */
	unsigned open_files;            /* without a device */
	/* The driver's: of the queue registers and fake_ram_alloc(). */
	pthread_mutex_t lock;
	bool ending;                    /* protected by it */
	atomic_bool stop;
	struct cpu cpu[QUEUES];
	pthread_t registers;
	unsigned rounds, ended[5];
	uint64_t steps, good;
};

static unsigned pick(struct stress *s, unsigned n)
{
	return (unsigned)rand_r(&s->seed) / 7 % n;
}

static unsigned number_of(const char *variable, unsigned otherwise)
{
	const char *value = getenv(variable);

	return value ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

/* ---- the guest's CPUs -------------------------------------------------- */

/* Send requests whose answers nobody waits for.  The lock is held. */
static void post(struct stress *s, unsigned queue, unsigned n)
{
	static const struct {
		struct fuse_in_header in;
		char name[8];
	} __attribute__((packed)) request = {
		{ .len = 48, .opcode = FUSE_LOOKUP, .unique = 7, .nodeid = 1 },
		"missing",
	};
	struct fake_ram *ram = &s->f->host.ram;

	while (n--) {
		struct fake_buf buf[2] = {
			{ fake_ram_alloc(ram, 64, 8), sizeof(request) },
			{ fake_ram_alloc(ram, 256, 8), 256 },
		};

		memcpy(fake_ram_ptr(ram, buf[0].gpa), &request,
		       sizeof(request));
		fake_ring_add(&s->f->guest.queue[queue].ring, buf, 1, 1, 0);
	}
	fake_guest_kick(&s->f->guest, queue);
}

static bool is_resetting(struct stress *s, unsigned queue)
{
	bool resetting;

	pthread_mutex_lock(&s->lock);
	fake_guest_set(&s->f->guest, FAKE_QUEUE_SELECT, queue);
	resetting = !s->ending &&
		    fake_guest_get(&s->f->guest, FAKE_QUEUE_RESET);
	pthread_mutex_unlock(&s->lock);
	return resetting;
}

/*
 * Reset the queue with requests in flight, and set it up anew.  False: this CPU
 * cannot go on with it.
 */
static bool reset_queue(struct cpu *cpu)
{
	struct stress *s = cpu->s;
	struct fake_guest *g = &s->f->guest;
	unsigned queue = cpu->traffic.client.queue;
	unsigned patience_ms = FAKE_HOST_PATIENCE_S * 1000;
	bool ending;

	pthread_mutex_lock(&s->lock);
	ending = s->ending;
	if (!ending) {
		post(s, queue, IN_FLIGHT);
		fake_guest_set(g, FAKE_QUEUE_SELECT, queue);
		fake_guest_set(g, FAKE_QUEUE_RESET, 1);
	}
	pthread_mutex_unlock(&s->lock);
	if (ending)
		return true;
	while (is_resetting(s, queue) && --patience_ms)
		pause_ms(1);
	pthread_mutex_lock(&s->lock);
	ending = s->ending;
	if (!ending)
		fake_guest_enable_queue(g, queue);
	pthread_mutex_unlock(&s->lock);
	if (!patience_ms) {
		cpu->what = "the reset of the queue";
		cpu->error = -ETIMEDOUT;
	}
	return !ending;
}

static void *run_cpu(void *arg)
{
	struct cpu *cpu = arg;

	while (!atomic_load(&cpu->s->stop) && !cpu->error) {
		int64_t ret = fuse_traffic_step(&cpu->traffic, &cpu->what);

		if (ret == -EPROTO || ret == -ETIMEDOUT)
			cpu->error = ret;
		else if (cpu->traffic.steps % 200 == 199 && !reset_queue(cpu))
			break;
	}
	return NULL;
}

/* ---- registers --------------------------------------------------------- */

static void mask_vector(struct fake_pci *pci, unsigned vector)
{
	uint64_t control = pci->msix_table + 16 * vector + 12;

	fake_pci_write(pci, pci->msix_bar, control, 4, 1);
	pause_ms(1);
	(void)fake_pci_read(pci, pci->msix_bar, control, 4);
	fake_pci_write(pci, pci->msix_bar, control, 4, 0);
}

static void mask_function(struct fake_pci *pci)
{
	fake_pci_cfg_write(pci, pci->msix_cap + 2, 2, 0xc000);
	pause_ms(1);
	fake_pci_cfg_write(pci, pci->msix_cap + 2, 2, 0x8000);
}

/* Without it no queue is served and no vector sent; then all of them are. */
static void suspend_bus_mastering(struct fake_pci *pci)
{
	fake_pci_cfg_write(pci, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	pause_ms(1);
	fake_pci_cfg_write(pci, PCI_COMMAND, 2,
			   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* As if another driver looked how large it is, and moved it. */
static void move_bar(struct fake_pci *pci, unsigned bar)
{
	unsigned at = 0x10 + 4 * bar;
	uint32_t old = fake_pci_cfg_read(pci, at, 4);

	fake_pci_cfg_write(pci, at, 4, UINT32_MAX);
	(void)fake_pci_cfg_read(pci, at, 4);
	fake_pci_cfg_write(pci, at, 4, old);
}

static void read_anything(struct fake_pci *pci, unsigned random)
{
	unsigned bar = random % FAKE_PCI_BARS;

	(void)fake_pci_cfg_read(pci, random / 8 % 256, 1u << random % 3);
	if (pci->bar[bar].size)
		(void)fake_pci_read(pci, bar, random / 8 % pci->bar[bar].size,
				    1u << random % 4);
}

/* Whatever other CPUs do with the function meanwhile. */
static void *run_registers(void *arg)
{
	struct stress *s = arg;
	struct fake_pci *pci = &s->f->guest.pci;
	unsigned seed = s->rounds;

	while (!atomic_load(&s->stop)) {
		unsigned random = (unsigned)rand_r(&seed);

		switch (random / 7 % 10) {
		case 0:
			mask_vector(pci, random / 64 % pci->msix_vectors);
			break;
		case 1:
			mask_function(pci);
			break;
		case 2:
			move_bar(pci, random & 64 ? 2 : 0);
			break;
		case 3:
			fake_guest_set(&s->f->guest, FAKE_CONFIG_VECTOR,
				       random & 64 ? 0 : VIRTIO_MSI_NO_VECTOR);
			break;
		case 4:
			suspend_bus_mastering(pci);
			break;
		default:
			read_anything(pci, random);
		}
	}
	return NULL;
}

/* ---- rounds ------------------------------------------------------------ */

static void plug(struct stress *s)
{
	struct device_fixture *f = s->f;
	uint64_t in_order = VIRTIO_FEATURE(VIRTIO_F_IN_ORDER);
	struct pciplug_host *host = &f->host.table;
	static struct pciplug_host all;

	if (!all.size)
		all = *host;
	*host = all;
	s->mapped_only = !pick(s, 3);
	if (s->mapped_only) {
		host->mem_read = NULL;
		host->mem_write = NULL;
	}
	default_options.features = pick(s, 3) ? 0 : in_order;
	device_bring_up(f, pick(s, 2) ? ",queues=4" :
		      ",queues=4,inode-file-handles=never,rlimit-nofile=64");
}

static void unplug(struct stress *s)
{
	struct device_fixture *f = s->f;

	f->plugin->destroy(f->dev);
	f->dev = NULL;
	fake_ram_unmap(&f->host.ram, f->alias);
	f->alias = NULL;
	assert_int_equal(fake_host_doorbells(&f->host), 0);
	assert_int_equal(count_fds(), s->open_files);
	tmptree_done(&f->tree);
	tmptree_init(&f->tree, "f file hello\n");
}

static void begin(struct stress *s)
{
	struct device_fixture *f = s->f;
	uint64_t in_order = VIRTIO_FEATURE(VIRTIO_F_IN_ORDER);
	uint64_t features = default_options.features & in_order;

	if (pick(s, 2))
		features |= VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
	if (pick(s, 2))
		features |= VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	default_options.features = features |
				   VIRTIO_FEATURE(VIRTIO_F_RING_RESET);
	default_options.indirect = pick(s, 2);
	default_options.queue_size = 256;
	device_mount(f);
	assert_alive(f);
	assert_true(fuse_client_walk(&f->client, "file"));

	s->ending = false;
	atomic_store(&s->stop, false);
	for (unsigned i = 0; i < QUEUES; i++) {
		struct cpu *cpu = &s->cpu[i];

		cpu->s = s;
		fuse_traffic_init(&cpu->traffic, &f->client,
				  (unsigned)rand_r(&s->seed));
		cpu->traffic.client.queue = i;
		cpu->traffic.client.unique = (uint64_t)(i + 1) << 40;
		assert_int_equal(pthread_create(&cpu->thread, NULL, run_cpu,
						cpu), 0);
	}
	assert_int_equal(pthread_create(&s->registers, NULL, run_registers, s),
			 0);
}

/* What a host does with a device in use. */
static void disturb(struct stress *s)
{
	struct device_fixture *f = s->f;

	pause_ms(1 + pick(s, 8));
	if (pick(s, 2)) {
		f->plugin->stop(f->dev);
		pause_ms(pick(s, 3));
		assert_int_equal(f->plugin->start(f->dev), 0);
	} else if (!s->mapped_only) {
		device_remove_memory(f);
		pause_ms(pick(s, 3));
		device_add_memory(f);
	}
	pause_ms(1 + pick(s, 8));
}

/* No register of a queue is written from now on. */
static void hands_off(struct stress *s)
{
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_mutex_unlock(&s->lock);
}

static void join(struct stress *s)
{
	atomic_store(&s->stop, true);
	fake_host_give_up(&s->f->host, true);
	pthread_join(s->registers, NULL);
	for (unsigned i = 0; i < QUEUES; i++) {
		struct cpu *cpu = &s->cpu[i];

		pthread_join(cpu->thread, NULL);
		s->steps += cpu->traffic.steps;
		s->good += cpu->traffic.good;
		fuse_traffic_done(&cpu->traffic);
		if (cpu->error)
			fail_msg("round %u, queue %u: %s: %d", s->rounds, i,
				 cpu->what, (int)cpu->error);
	}
	fake_host_give_up(&s->f->host, false);
}

static void post_to_all(struct stress *s)
{
	for (unsigned i = 0; i < QUEUES; i++)
		post(s, i, IN_FLIGHT);
}

/* ---- ends of a round --------------------------------------------------- */

static void end_by_driver(struct stress *s)
{
	hands_off(s);
	fake_guest_set(&s->f->guest, FAKE_STATUS, 0);
	pause_ms(pick(s, 3));
	assert_true(fake_guest_reset(&s->f->guest));
	join(s);
}

static void end_by_bus_reset(struct stress *s)
{
	struct device_fixture *f = s->f;

	hands_off(s);
	f->plugin->reset(f->dev);
	assert_int_equal(fake_host_doorbells(&f->host), 0);
	join(s);
	device_probe(f);
}

static void end_stopped(struct stress *s)
{
	struct device_fixture *f = s->f;

	hands_off(s);
	f->plugin->stop(f->dev);
	join(s);
	post_to_all(s);
	fake_host_set_quiet(&f->host, true);
	fake_guest_set(&f->guest, FAKE_STATUS, 0);
	fake_host_set_quiet(&f->host, false);
	assert_int_equal(f->plugin->start(f->dev), 0);
	assert_true(fake_guest_reset(&f->guest));
}

/* Nobody may touch a device that is destroyed, but it may be busy. */
static void end_unplugged(struct stress *s)
{
	hands_off(s);
	join(s);
	post_to_all(s);
	unplug(s);
	plug(s);
}

/* Without callbacks for what is not mapped, the queues break. */
static void end_without_memory(struct stress *s)
{
	hands_off(s);
	device_remove_memory(s->f);
	pause_ms(pick(s, 5));
	join(s);
	device_add_memory(s->f);
	assert_true(fake_guest_reset(&s->f->guest));
}

static void (*const ends[])(struct stress *s) = {
	end_by_driver, end_by_bus_reset, end_stopped, end_unplugged,
	end_without_memory,
};

static void round_of(struct stress *s)
{
	struct fake_ram *ram = &s->f->host.ram;
	size_t mark = fake_ram_mark(ram);
	unsigned end = pick(s, ARRAY_LEN(ends));

	begin(s);
	for (unsigned n = pick(s, 4); n; n--)
		disturb(s);
	pause_ms(1 + pick(s, 16));
	ends[end](s);
	s->ended[end]++;
	s->rounds++;
	/* No request is in flight any more, and all rings are made anew. */
	memset(s->f->guest.queue, 0, sizeof(s->f->guest.queue));
	memset(ram->base + mark, 0, ram->used - mark);
	fake_ram_release(ram, mark);
}

static void the_device_survives_it(void **state)
{
	static struct stress s;
	unsigned seconds = number_of("STRESS_SECONDS", 3);
	time_t end = time(NULL) + (time_t)seconds;

	alarm(seconds + HANG_S);
	s = (struct stress){ .f = *state, .seed = number_of("STRESS_SEED", 1) };
	pthread_mutex_init(&s.lock, NULL);
	s.open_files = count_fds();
	plug(&s);
	do {
		round_of(&s);
	} while (time(NULL) < end);
	device_mount(s.f);
	assert_alive(s.f);
	unplug(&s);
	print_message("%u rounds, %llu steps, %llu of them good; ends:",
		      s.rounds, (unsigned long long)s.steps,
		      (unsigned long long)s.good);
	for (unsigned i = 0; i < ARRAY_LEN(ends); i++)
		print_message(" %u", s.ended[i]);
	print_message("\n");
	assert_true(s.good > s.rounds);
	assert_int_equal(fake_host_violations(&s.f->host), 0);
	pthread_mutex_destroy(&s.lock);
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		host_test(the_device_survives_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
