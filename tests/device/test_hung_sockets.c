/* SPDX-License-Identifier: MIT */
/*
 * A file system of the host that does not answer, as in test_hung, when the
 * device is behind a socket and its client goes: the next one can connect and
 * is served when it answers; servers of others in the same process go on.
 */
#include "tests/device/hung.h"
#include "tests/device/own_fuse.h"
#include "tests/device/remote.h"

#define OTHER_QUEUE 2                   /* the second request queue */

static bool can_mount;
static int hung_fd;                     /* /dev/fuse */

static const struct fake_guest_options options = {
	.features = VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX),
	.indirect = true,
	.queue_size = 64,
};

/* A server and its machine; the tree is the other one's. */
struct side {
	struct device_fixture f;
	struct remote_server server;
	struct remote remote;
};

static void begin_side(struct side *s, enum remote_kind kind,
		       const struct device_fixture *f, const char *name)
{
	s->f = (struct device_fixture){
		.plugin = f->plugin, .tree = f->tree
	};
	fake_host_init(&s->f.host, HOST_RAM_SIZE);
	remote_serve(&s->server, kind, &s->f, name);
}

static void end_side(struct side *s)
{
	remote_serve_end(&s->server);
	fake_host_done(&s->f.host);
}

static void mount_share(struct side *s)
{
	remote_set_up(&s->remote, &options);
	assert_int_equal(fuse_client_init(&s->f.client, NULL), 0);
}

/* ---- the next client --------------------------------------------------- */

struct next {
	struct side *side;
	pthread_t thread;
	atomic_bool served;
};

static void *run_next(void *arg)
{
	struct next *n = arg;

	mount_share(n->side);
	atomic_store(&n->served, true);
	return NULL;
}

static void the_next_one_is_served_when_it_answers(struct device_fixture *f,
						   enum remote_kind kind)
{
	static struct side side, other;
	struct next next = { .side = &side };

	begin_side(&side, kind, f, "side");
	begin_side(&other, kind, f, "other");
	remote_connect(&side.remote, &side.server, &side.f);
	mount_share(&side);
	remote_connect(&other.remote, &other.server, &other.f);
	mount_share(&other);
	hung_fd = own_fuse_mount(tmptree_path(&f->tree, "hung"));
	assert_true(hung_fd >= 0);

	post_lookup(&side.f, REQUESTS);
	side.f.client.queue = OTHER_QUEUE;
	assert_alive(&side.f);
	remote_unplug(&side.remote);
	remote_connect(&side.remote, &side.server, &side.f);
	assert_int_equal(pthread_create(&next.thread, NULL, run_next, &next),
			 0);
	pause_ms(HUNG_MS);
	assert_false(atomic_load(&next.served));
	assert_alive(&other.f);
	close(hung_fd);         /* it answers: with errors, for ever */
	pthread_join(next.thread, NULL);
	assert_alive(&side.f);

	remote_unplug(&side.remote);
	remote_unplug(&other.remote);
	end_side(&side);
	end_side(&other);
	(void)umount2(tmptree_path(&f->tree, "hung"), MNT_DETACH);
}

static void a_client_goes(void **state)
{
	if (!can_mount)
		skip();
	the_next_one_is_served_when_it_answers(*state, REMOTE_VFIO_USER);
}

static void a_front_end_goes(void **state)
{
	if (!can_mount)
		skip();
	the_next_one_is_served_when_it_answers(*state, REMOTE_VHOST_USER);
}

/* ---- the end of the server --------------------------------------------- */

static void *answer_later(void *arg)
{
	(void)arg;
	pause_ms(HUNG_MS);
	close(hung_fd);
	return NULL;
}

static void ends_when_it_answers(struct device_fixture *f,
				 enum remote_kind kind)
{
	static struct side side;
	pthread_t helper;

	begin_side(&side, kind, f, "side");
	remote_connect(&side.remote, &side.server, &side.f);
	mount_share(&side);
	hung_fd = own_fuse_mount(tmptree_path(&f->tree, "hung"));
	assert_true(hung_fd >= 0);
	post_lookup(&side.f, REQUESTS);
	assert_int_equal(pthread_create(&helper, NULL, answer_later, NULL), 0);
	remote_serve_end(&side.server);
	pthread_join(helper, NULL);
	remote_unplug(&side.remote);
	fake_host_done(&side.f.host);
	(void)umount2(tmptree_path(&f->tree, "hung"), MNT_DETACH);
}

static void a_server_ends(void **state)
{
	if (!can_mount)
		skip();
	ends_when_it_answers(*state, REMOTE_VFIO_USER);
}

static void a_back_end_ends(void **state)
{
	if (!can_mount)
		skip();
	ends_when_it_answers(*state, REMOTE_VHOST_USER);
}

static int setup(void **state)
{
	struct device_fixture *f;

	host_setup(state);
	f = *state;
	assert_int_equal(mkdir(tmptree_path(&f->tree, "hung"), 0755), 0);
	return 0;
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_client_goes),
		TEST(a_front_end_goes),
		TEST(a_server_ends),
		TEST(a_back_end_ends),
	};

	can_mount = own_fuse_unshare();
	alarm(120);     /* who waits for ever must not hang the tests */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
