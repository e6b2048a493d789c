/* SPDX-License-Identifier: MIT */
#include "common/marks.h"

#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static struct marks marks;
static int objects[MARKS_CELLS + 1];

static int set_up(void **state)
{
	(void)state;
	marks_init(&marks);
	marks_thread_init(3);
	return 0;
}

static void are_seen_until_taken_back(void **state)
{
	(void)state;
	assert_false(marks_any(&marks, &objects[0]));
	assert_true(marks_set(&marks, &objects[0]));
	assert_true(marks_set(&marks, &objects[1]));
	assert_true(marks_set(&marks, &objects[0]));
	assert_true(marks_any(&marks, &objects[0]));
	assert_true(marks_clear(&marks, &objects[0]));
	assert_true(marks_any(&marks, &objects[0]));
	assert_true(marks_clear(&marks, &objects[0]));
	assert_false(marks_any(&marks, &objects[0]));
	assert_false(marks_clear(&marks, &objects[0]));
	assert_true(marks_any(&marks, &objects[1]));
}

static void have_so_many_cells(void **state)
{
	(void)state;
	for (int i = 0; i < MARKS_CELLS; i++)
		assert_true(marks_set(&marks, &objects[i]));
	assert_false(marks_set(&marks, &objects[MARKS_CELLS]));
	assert_true(marks_clear(&marks, &objects[1]));
	assert_true(marks_set(&marks, &objects[MARKS_CELLS]));
}

static void are_for_threads_with_a_line(void **state)
{
	(void)state;
	marks_thread_init(MARKS_LINES);
	assert_false(marks_set(&marks, &objects[0]));
	assert_false(marks_clear(&marks, &objects[0]));
	marks_thread_init(MARKS_LINES - 1);
	assert_true(marks_set(&marks, &objects[0]));
	assert_true(marks_any(&marks, &objects[0]));
}

static void *clear(void *arg)
{
	(void)arg;
	marks_thread_init(4);
	return marks_clear(&marks, &objects[0]) ? &objects[0] : NULL;
}

static void belong_to_their_thread(void **state)
{
	pthread_t thread;
	void *cleared;

	(void)state;
	assert_true(marks_set(&marks, &objects[0]));
	assert_int_equal(pthread_create(&thread, NULL, clear, NULL), 0);
	pthread_join(thread, &cleared);
	assert_null(cleared);
	assert_true(marks_any(&marks, &objects[0]));
}

/*
 * Users mark a thing and then look whether it is there; somebody takes it away
 * and then looks for marks.  Never do both think that they have it.
 */
#define ROUNDS 20000

static atomic_bool there, stop;
static atomic_int used, wrong;

static void *use(void *arg)
{
	marks_thread_init((unsigned)(uintptr_t)arg);
	while (!atomic_load(&stop)) {
		if (!marks_set(&marks, &objects[0]))
			atomic_store(&wrong, 1);
		if (atomic_load(&there)) {
			atomic_fetch_add_explicit(&used, 1,
						  memory_order_relaxed);
			atomic_fetch_sub_explicit(&used, 1,
						  memory_order_relaxed);
		}
		marks_clear(&marks, &objects[0]);
	}
	return NULL;
}

static void nobody_is_overlooked(void **state)
{
	pthread_t thread[2];

	(void)state;
	atomic_store(&stop, false);
	for (uintptr_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, use,
						(void *)i), 0);
	for (int i = 0; i < ROUNDS; i++) {
		atomic_store(&there, true);
		atomic_store(&there, false);
		if (!marks_any(&marks, &objects[0]) && atomic_load(&used))
			atomic_store(&wrong, 1);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(atomic_load(&wrong), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(are_seen_until_taken_back),
		TEST(have_so_many_cells),
		TEST(are_for_threads_with_a_line),
		TEST(belong_to_their_thread),
		TEST(nobody_is_overlooked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
