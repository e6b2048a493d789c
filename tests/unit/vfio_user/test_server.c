/* SPDX-License-Identifier: MIT */
/* A function on a listening socket. */
#include "tools/vfio_user/vfio_user_server.h"

#include "tests/unit/vfio_user/client.h"
#include "tools/host_listen.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 200                     /* each as soon as the last has gone */

/* A server on a socket in a folder of its own. */
struct place {
	struct rig *rig;                /* its device; no message thread */
	struct vfio_user_server *server;
	int fd;
	char dir[64];
	char path[80];
	char err[512];
};

static int serve(struct place *p)
{
	int ret = host_listen(p->path, NULL, p->err, sizeof(p->err), &p->fd);

	if (!ret)
		ret = vfio_user_server_new(p->rig->device, p->fd, "test",
					   &p->rig->log, &p->server);
	return ret;
}

static void end(struct place *p)
{
	vfio_user_server_free(p->server);
	p->server = NULL;
	close(p->fd);
	unlink(p->path);
}

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	void *rig;

	assert_non_null(p);
	rig_setup(&rig);
	p->rig = rig;
	strcpy(p->dir, "/tmp/vfio-user-test-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/x.sock", p->dir);
	assert_int_equal(serve(p), 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	void *rig = p->rig;

	if (p->server)
		end(p);
	assert_int_equal(rmdir(p->dir), 0);
	rig_teardown(&rig);
	free(p);
	return 0;
}

static void connect_to(struct place *p, struct client *c)
{
	const struct timeval timeout = { .tv_sec = 10 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strcpy(addr.sun_path, p->path);
	c->next_id = 1;
	c->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(c->sock >= 0);
	setsockopt(c->sock, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	assert_int_equal(connect(c->sock, (struct sockaddr *)&addr,
				 sizeof(addr)), 0);
}

static void start_next(struct place *p, struct client *c)
{
	connect_to(p, c);
	assert_int_equal(client_version(c, "{}"), 0);
}

static void serves_one_client_after_the_other(void **state)
{
	struct place *p = *state;
	struct client *c = &p->rig->client;

	for (unsigned i = 1; i <= CLIENTS; i++) {
		start_next(p, c);
		assert_int_equal(client_read(c, 7, 0, 256), 0);
		close(c->sock);
	}
}

static void a_second_client_is_turned_away(void **state)
{
	struct place *p = *state;
	struct client *c = &p->rig->client;
	struct client *second = calloc(1, sizeof(*second));

	assert_non_null(second);
	start_next(p, c);
	connect_to(p, second);
	assert_false(client_recv(second));
	close(second->sock);
	free(second);
	assert_int_equal(client_read(c, 7, 0, 4), 0);
	close(c->sock);
}

static double cpu_ms(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* It waits until it can be accepted and turned away; nobody is busy with it. */
static void a_second_client_waits_for_a_descriptor(void **state)
{
	struct place *p = *state;
	struct client *c = &p->rig->client;
	struct client *second = calloc(1, sizeof(*second));
	struct rlimit limit, none;
	double before;

	assert_non_null(second);
	start_next(p, c);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	second->sock = dup(c->sock);
	none = limit;
	none.rlim_cur = (rlim_t)second->sock + 1;
	close(second->sock);
	connect_to(p, second);          /* has the last one */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	before = cpu_ms();
	usleep(300 * 1000);
	assert_true(cpu_ms() - before < 100);
	assert_int_equal(client_read(c, 7, 0, 4), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_false(client_recv(second));
	close(second->sock);
	free(second);
	close(c->sock);
}

/* As who looks whether the socket is in use does. */
static void a_client_that_says_nothing_does_no_harm(void **state)
{
	struct place *p = *state;
	struct client *c = &p->rig->client;

	for (int i = 0; i < 10; i++) {
		connect_to(p, c);
		close(c->sock);
	}
	start_next(p, c);
	assert_int_equal(fake_count(&fake_device.starts), 1);
	close(c->sock);
}

static void stopping_ends_a_connection(void **state)
{
	struct place *p = *state;
	struct client *c = &p->rig->client;

	start_next(p, c);
	end(p);
	assert_false(client_recv(c));
	assert_int_equal(fake_device.stops, 1);
	close(c->sock);
}

/* Half a message; the thread waits for the rest. */
static void stopping_ends_half_a_message(void **state)
{
	struct place *p = *state;
	struct client *c = &p->rig->client;

	start_next(p, c);
	client_send_raw(c, "half", 4);
	usleep(10 * 1000);
	end(p);
	close(c->sock);
}

static void stopping_frees_a_worker_that_waits(void **state)
{
	struct place *p = *state;
	struct client *c = &p->rig->client;
	char buf[4];

	start_next(p, c);
	assert_int_equal(client_map(c, 0, 4096, 3, 0, -1), 0);
	fake_begin(false, 0, buf, 4);
	assert_true(client_recv(c));
	end(p);
	assert_int_equal(fake_join(), -EFAULT);
	close(c->sock);
}

static void intx_is_unmasked_by_the_clients_eventfd(void **state)
{
	struct place *p = *state;
	struct client *c = &p->rig->client;
	int fd = eventfd(0, 0), unmask = eventfd(0, 0);
	struct pollfd again = { .fd = fd, .events = POLLIN };
	eventfd_t count;

	start_next(p, c);
	assert_int_equal(client_set_irqs(c, 0x24, 0, 0, 1, NULL, 0, &fd, 1), 0);
	assert_int_equal(client_set_irqs(c, 0x14, 0, 0, 1, NULL, 0, &unmask, 1),
			 0);
	fake_device.host.intx_set(fake_device.host.ctx, 1);
	assert_int_equal(eventfd_read(fd, &count), 0);
	assert_int_equal(poll(&again, 1, 0), 0);
	assert_int_equal(eventfd_write(unmask, 1), 0);
	assert_int_equal(poll(&again, 1, 10000), 1);
	close(c->sock);
	close(fd);
	close(unmask);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(serves_one_client_after_the_other),
		TEST(a_second_client_is_turned_away),
		TEST(a_second_client_waits_for_a_descriptor),
		TEST(a_client_that_says_nothing_does_no_harm),
		TEST(stopping_ends_a_connection),
		TEST(stopping_ends_half_a_message),
		TEST(stopping_frees_a_worker_that_waits),
		TEST(intx_is_unmasked_by_the_clients_eventfd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
