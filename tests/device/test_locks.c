/* SPDX-License-Identifier: MIT */
/* Locks that wait, through the whole device. */
#include "tests/device/device_fixture.h"

#define OTHERS 200                      /* requests that overtake a lock */

struct lock_test {
	struct device_fixture *f;
	uint64_t node, fh;
	/* The SETLKW that waits. */
	uint16_t head;
	uint64_t unique;
	struct fake_buf reply;
};

static struct fuse_lk_in lk_of(const struct lock_test *t, uint64_t owner,
			       uint32_t type)
{
	return (struct fuse_lk_in){
		.fh = t->fh,
		.owner = owner,
		.lk = { .start = 2, .end = 5, .type = type, .pid = 7 },
	};
}

/* SETLK, which never waits. */
static int set_lock(struct lock_test *t, uint64_t owner, uint32_t type)
{
	const struct fuse_lk_in in = lk_of(t, owner, type);
	const struct fuse_part part = { &in, sizeof(in) };

	return (int)fuse_client_call(&t->f->client, FUSE_SETLK, t->node, &part,
				     1, NULL, 0);
}

/* Send a SETLKW without waiting for its reply. */
static void begin_wait(struct lock_test *t, uint64_t owner)
{
	struct fake_ram *ram = &t->f->host.ram;
	struct {
		struct fuse_in_header head;
		struct fuse_lk_in lk;
	} in = {
		.head = {
			.len = sizeof(in),
			.opcode = FUSE_SETLKW,
			.unique = t->unique = 1000000 + owner,
			.nodeid = t->node,
		},
		.lk = lk_of(t, owner, LX_F_WRLCK),
	};
	struct fake_buf buf[2] = {
		{ fake_ram_alloc(ram, sizeof(in), 8), sizeof(in) },
		{ fake_ram_alloc(ram, 16, 8), 16 },
	};

	memcpy(fake_ram_ptr(ram, buf[0].gpa), &in, sizeof(in));
	t->reply = buf[1];
	t->head = fake_ring_add(&t->f->guest.queue[REQUESTS].ring, buf, 1, 1,
				0);
	fake_guest_kick(&t->f->guest, REQUESTS);
}

/* Its reply comes, and is this. */
static void expect_reply(struct lock_test *t, int error)
{
	struct fuse_out_header out;
	uint16_t head = 0xffff;
	uint32_t len = 0;

	assert_int_equal(fake_guest_wait(&t->f->guest, REQUESTS, &head, &len),
			 0);
	assert_int_equal(head, t->head);
	assert_int_equal(len, sizeof(out));
	memcpy(&out, fake_ram_ptr(&t->f->host.ram, t->reply.gpa), sizeof(out));
	assert_int_equal(out.len, sizeof(out));
	assert_int_equal(out.unique, t->unique);
	assert_int_equal(out.error, error);
}

/* fuse_client_call() finds out when something else was used. */
static void others_are_served(struct lock_test *t)
{
	for (unsigned i = 0; i < OTHERS; i++)
		assert_alive(t->f);
	pause_ms(50);
	assert_alive(t->f);
}

/* A file of the mount that owner 1 has locked, while owner 2 waits. */
static struct lock_test begin(struct device_fixture *f)
{
	struct lock_test t = { .f = f };

	t.node = fuse_client_walk(&f->client, "file");
	assert_int_equal(fuse_client_open(&f->client, t.node, LX_O_RDWR,
					  &t.fh), 0);
	assert_int_equal(set_lock(&t, 1, LX_F_WRLCK), 0);
	assert_int_equal(set_lock(&t, 2, LX_F_WRLCK), -LX_EAGAIN);
	begin_wait(&t, 2);
	return t;
}

static void a_lock_waits_while_others_are_served(void **state)
{
	struct lock_test t = begin(*state);

	others_are_served(&t);
	assert_int_equal(set_lock(&t, 1, LX_F_UNLCK), 0);
	expect_reply(&t, 0);
	/* It is owner 2's now. */
	assert_int_equal(set_lock(&t, 1, LX_F_WRLCK), -LX_EAGAIN);
	assert_int_equal(set_lock(&t, 2, LX_F_UNLCK), 0);
	assert_int_equal(set_lock(&t, 1, LX_F_WRLCK), 0);
}

static void an_interrupt_on_the_other_queue_ends_it(void **state)
{
	struct lock_test t = begin(*state);
	struct fuse_client hiprio = t.f->client;
	const struct fuse_interrupt_in in = { .unique = t.unique };
	const struct fuse_part part = { &in, sizeof(in) };

	others_are_served(&t);
	hiprio.queue = HIPRIO;
	assert_int_equal(fuse_client_call(&hiprio, FUSE_INTERRUPT, 0, &part, 1,
					  NULL, 0), 0);
	expect_reply(&t, -LX_EINTR);
	/* It did not get the lock, and does not get it later. */
	assert_int_equal(set_lock(&t, 1, LX_F_UNLCK), 0);
	pause_ms(50);
	assert_int_equal(set_lock(&t, 3, LX_F_WRLCK), 0);
}

static void a_reset_ends_it(void **state)
{
	struct lock_test t = begin(*state);

	others_are_served(&t);
	assert_true(fake_guest_reset(&t.f->guest));
	/* The locks are gone, and who waited for one, too. */
	device_mount(t.f);
	t.node = fuse_client_walk(&t.f->client, "file");
	assert_int_equal(fuse_client_open(&t.f->client, t.node, LX_O_RDWR,
					  &t.fh), 0);
	assert_int_equal(set_lock(&t, 3, LX_F_WRLCK), 0);
	others_are_served(&t);
	assert_int_equal(((struct fuse_out_header *)
			  fake_ram_ptr(&t.f->host.ram, t.reply.gpa))->len, 0);
}

static void stop_and_start_keep_it(void **state)
{
	struct lock_test t = begin(*state);

	for (unsigned i = 0; i < 3; i++) {
		pause_ms(5);
		t.f->plugin->stop(t.f->dev);
		fake_host_set_quiet(&t.f->host, true);
		pause_ms(50);
		fake_host_set_quiet(&t.f->host, false);
		assert_int_equal(t.f->plugin->start(t.f->dev), 0);
	}
	others_are_served(&t);
	assert_int_equal(set_lock(&t, 1, LX_F_UNLCK), 0);
	expect_reply(&t, 0);
}

static void an_unmount_ends_it(void **state)
{
	struct lock_test t = begin(*state);

	others_are_served(&t);
	assert_int_equal(fuse_client_destroy(&t.f->client), 0);
	expect_reply(&t, -LX_EIO);
}

static void the_device_goes_while_it_waits(void **state)
{
	struct lock_test t = begin(*state);

	pause_ms(20);
	/* device_teardown() destroys the device. */
	assert_alive(t.f);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		mount_test(a_lock_waits_while_others_are_served),
		mount_test(an_interrupt_on_the_other_queue_ends_it),
		mount_test(a_reset_ends_it),
		mount_test(stop_and_start_keep_it),
		mount_test(an_unmount_ends_it),
		mount_test(the_device_goes_while_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return run_with_all_rings(run, true);
}
