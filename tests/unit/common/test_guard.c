/* SPDX-License-Identifier: MIT */
#include "common/guard.h"

#include "common/bytes.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define PAGES 4
#define READERS 4

/* A file that is mapped, and who has sent it. */
struct peer {
	struct guard guard;
	int sock;                       /* his end */
	int fd;
	size_t size;
	volatile uint8_t *map;
};

static void begin(struct peer *p)
{
	int pair[2];

	guard_catch();          /* cmocka has a handler of its own */
	*p = (struct peer){ .size = PAGES * (size_t)sysconf(_SC_PAGESIZE) };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	p->sock = pair[0];
	p->guard.sock = pair[1];
	p->fd = memfd_create("guard", MFD_CLOEXEC);
	assert_int_equal(ftruncate(p->fd, (off_t)p->size), 0);
	p->map = mmap(NULL, p->size, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd,
		      0);
	assert_true(p->map != MAP_FAILED);
	p->map[0] = p->map[p->size - 1] = 7;
	assert_int_equal(guard_add(&p->guard, (void *)p->map, p->size), 0);
}

static void end(struct peer *p)
{
	guard_remove((void *)p->map);
	munmap((void *)p->map, p->size);
	close(p->fd);
	close(p->sock);
	close(p->guard.sock);
}

static void cut(struct peer *p, size_t size)
{
	assert_int_equal(ftruncate(p->fd, (off_t)size), 0);
}

static bool is_shut(const struct peer *p)
{
	char byte;

	return !recv(p->sock, &byte, 1, MSG_DONTWAIT);
}

static void what_is_cut_off_is_zeros(void **state)
{
	struct peer p, other;

	(void)state;
	begin(&p);
	begin(&other);
	cut(&p, p.size / 2);
	/* Nobody has noticed. */
	assert_int_equal(p.map[0], 7);
	assert_false(atomic_load(&p.guard.lost));
	assert_false(is_shut(&p));

	assert_int_equal(p.map[p.size - 1], 0);
	assert_true(atomic_load(&p.guard.lost));
	assert_true(is_shut(&p));
	/* One file with a hole in it would be of no use. */
	assert_int_equal(p.map[0], 0);
	p.map[0] = 1;
	assert_int_equal(p.map[0], 1);

	assert_int_equal(other.map[0], 7);
	assert_false(atomic_load(&other.guard.lost));
	assert_false(is_shut(&other));
	end(&p);
	end(&other);
}

static void a_place_is_used_again(void **state)
{
	struct peer p[3];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < ARRAY_LEN(p); i++)
			begin(&p[i]);
		cut(&p[round], 0);
		assert_int_equal(p[round].map[1], 0);
		for (unsigned i = 0; i < ARRAY_LEN(p); i++) {
			assert_int_equal(atomic_load(&p[i].guard.lost),
					 i == round);
			end(&p[i]);
		}
	}
}

static void *touch(void *arg)
{
	struct peer *p = arg;
	uintptr_t sum = 0;

	for (size_t i = 0; i < p->size; i += 64)
		sum += p->map[i];
	return (void *)sum;
}

static void many_may_touch_it_at_once(void **state)
{
	pthread_t thread[READERS];
	struct peer p;
	void *sum;

	(void)state;
	begin(&p);
	cut(&p, 0);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, touch, &p),
				 0);
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(thread[i], &sum);
		assert_null(sum);
	}
	assert_true(atomic_load(&p.guard.lost));
	end(&p);
}

/* The kernel does not raise a signal for what it touches itself. */
static void the_kernel_gets_an_error(void **state)
{
	struct peer p;

	(void)state;
	begin(&p);
	cut(&p, 0);
	assert_int_equal(send(p.sock, "byte", 4, 0), 4);
	assert_int_equal(read(p.guard.sock, (void *)p.map, 4), -1);
	assert_int_equal(errno, EFAULT);
	end(&p);
}

/* The status of a process that does this. */
static int status_of(void (*what)(struct peer *p))
{
	struct peer p;
	pid_t child;
	int status;

	begin(&p);
	child = fork();
	if (!child) {
		/* Nor a sanitizer's. */
		signal(SIGBUS, SIG_DFL);
		guard_catch();
		what(&p);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	end(&p);
	return status;
}

static void touch_what_is_not_guarded(struct peer *p)
{
	guard_remove((void *)p->map);
	(void)!ftruncate(p->fd, 0);
	p->map[0] = 1;
}

static void be_killed(struct peer *p)
{
	(void)p;
	raise(SIGBUS);
}

static void others_end_the_process(void **state)
{
	int status;

	(void)state;
	status = status_of(touch_what_is_not_guarded);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	status = status_of(be_killed);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_cut_off_is_zeros),
		cmocka_unit_test(a_place_is_used_again),
		cmocka_unit_test(many_may_touch_it_at_once),
		cmocka_unit_test(the_kernel_gets_an_error),
		cmocka_unit_test(others_end_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
