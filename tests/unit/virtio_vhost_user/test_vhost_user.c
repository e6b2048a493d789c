/* SPDX-License-Identifier: MIT */
/* The life of connections. */
#include "tests/unit/virtio_vhost_user/front_end.h"

#include <dirent.h>
#include <sys/socket.h>

static const struct virtio_device_ops no_ops = { .id = 26 };

static void refuses_bad_parameters(void **state)
{
	struct front_end *f = *state;
	struct vhost_user *vu = NULL;
	const struct vhost_user_params bad[] = {
		{ .core = { .queues = 0, .queue_size = 16, .name = "x" } },
		{ .core = { .queues = VIRTIO_QUEUES_MAX + 1, .queue_size = 16,
			    .name = "x" } },
		{ .core = { .queues = 1, .queue_size = 24, .name = "x" } },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(vhost_user_new(&bad[i], &no_ops, NULL, &f->log,
						&vu), -EINVAL);
	assert_null(vu);
	vhost_user_free(NULL);
}

static void serves_every_queue(void **state)
{
	struct front_end *f = *state;

	fe_start(f, FE_FEATURES);
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned i = 0; i < FE_QUEUES; i++)
			fe_call(f, i);
	}
	assert_int_equal(fe_get(f, &f->handled), 40 * FE_QUEUES);
}

static void serves_a_front_end_without_protocol_features(void **state)
{
	struct front_end *f = *state;

	fe_start(f, FE_F_VERSION_1);
	fe_call(f, 1);
}

static unsigned threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void has_threads_only_for_rings_that_were_started(void **state)
{
	struct front_end *f = *state;
	unsigned before;

	fe_negotiate(f, FE_FEATURES);
	before = threads();
	fe_make_ring(f, 1, FE_FEATURES);
	fe_set_ring(f, 1, 0);
	fe_sync(f);
	assert_int_equal(threads(), before);
	fe_enable(f, 1, true);
	fe_call(f, 1);
	assert_int_equal(threads(), before + 1);
}

static void serves_one_front_end_after_another(void **state)
{
	struct front_end *f = *state;

	for (unsigned i = 1; i <= 3; i++) {
		fe_start(f, FE_FEATURES);
		fe_call(f, 0);
		assert_int_equal(fe_disconnect(f), VHOST_USER_DISCONNECTED);
		assert_int_equal(fe_get(f, &f->resets), i);
		fe_connect(f);
		assert_int_equal(fe_get_base(f, 0), 0);
	}
}

static void *release_soon(void *arg)
{
	struct front_end *f = arg;
	const struct timespec t = { 0, 30000000 };

	nanosleep(&t, NULL);
	fe_set(f, &f->hold, false);
	return NULL;
}

/* A request in flight is done, the device is reset after it. */
static void finishes_requests_when_the_front_end_goes(void **state)
{
	struct front_end *f = *state;
	pthread_t thread;

	fe_start(f, FE_FEATURES);
	fe_set(f, &f->hold, true);
	(void)fe_add(f, 0, '.');
	(void)fe_add(f, 1, '.');
	fe_kick(f, 0);
	fe_kick(f, 1);
	fe_await(f, &f->entered, 2);
	assert_int_equal(pthread_create(&thread, NULL, release_soon, f), 0);
	assert_int_equal(fe_disconnect(f), VHOST_USER_DISCONNECTED);
	assert_int_equal(fe_get(f, &f->handled), 2);
	assert_int_equal(fe_get(f, &f->resets), 1);
	pthread_join(thread, NULL);

	fe_connect(f);
	fe_start(f, FE_FEATURES);
	fe_call(f, 0);
}

static void drops_what_waits_when_the_front_end_goes(void **state)
{
	struct front_end *f = *state;

	fe_start(f, FE_FEATURES);
	(void)fe_add(f, 0, 'w');
	fe_kick(f, 0);
	fe_await(f, &f->tries, 2);
	assert_int_equal(fe_disconnect(f), VHOST_USER_DISCONNECTED);
	fe_set(f, &f->let_go, true);

	fe_connect(f);
	fe_start(f, FE_FEATURES);
	fe_call(f, 0);
	assert_int_equal(fe_get(f, &f->handled), 1);
}

static void stops_when_told(void **state)
{
	struct front_end *f = *state;

	fe_start(f, FE_FEATURES);
	fe_call(f, 0);
	event_signal(&f->stop);
	fe_assert_ends(f, VHOST_USER_STOPPED, "");
	assert_int_equal(fe_get(f, &f->resets), 1);
}

static void stops_within_a_message(void **state)
{
	struct front_end *f = *state;

	assert_int_equal(send(f->sock, "\1\0\0\0\1", 5, 0), 5);
	event_signal(&f->stop);
	fe_assert_ends(f, VHOST_USER_STOPPED, "");
}

/* The front-end asks and asks, and never reads a reply. */
static void stops_while_nobody_reads_its_replies(void **state)
{
	struct front_end *f = *state;
	const uint32_t header[3] = { GET_FEATURES, FE_VERSION, 0 };
	struct timeval t = { .tv_usec = 200000 };

	assert_int_equal(setsockopt(f->sock, SOL_SOCKET, SO_SNDTIMEO, &t,
				    sizeof(t)), 0);
	while (send(f->sock, header, sizeof(header), 0) > 0)
		;
	event_signal(&f->stop);
	fe_assert_ends(f, VHOST_USER_STOPPED, "");
}

static void needs_no_stop_event(void **state)
{
	struct front_end *f = *state;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    pair), 0);
	close(pair[0]);
	assert_int_equal(vhost_user_serve(f->vu, pair[1], NULL),
			 VHOST_USER_DISCONNECTED);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fe_test(refuses_bad_parameters),
		fe_test(serves_every_queue),
		fe_test(serves_a_front_end_without_protocol_features),
		fe_test(has_threads_only_for_rings_that_were_started),
		fe_test(serves_one_front_end_after_another),
		fe_test(finishes_requests_when_the_front_end_goes),
		fe_test(drops_what_waits_when_the_front_end_goes),
		fe_test(stops_when_told),
		fe_test(stops_within_a_message),
		fe_test(stops_while_nobody_reads_its_replies),
		fe_test(needs_no_stop_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
