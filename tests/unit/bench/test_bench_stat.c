/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench_stat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* Right to 3 %, as buckets are so wide. */
static void expect_near(uint64_t value, uint64_t wanted)
{
	assert_in_range(value, wanted - wanted * 4 / 100 - 1,
			wanted + wanted * 4 / 100);
}

static void percentiles_are_near_the_truth(void **state)
{
	struct bench_latency *lat = calloc(1, sizeof(*lat));

	(void)state;
	assert_non_null(lat);
	assert_int_equal(bench_latency_percentile(lat, 50), 0);
	for (uint64_t ns = 1; ns <= 1000; ns++)
		bench_latency_add(lat, ns * 1000);
	expect_near(bench_latency_percentile(lat, 50), 500000);
	expect_near(bench_latency_percentile(lat, 99), 990000);
	expect_near(bench_latency_percentile(lat, 99.9), 999000);
	free(lat);
}

static void small_and_huge_values_have_a_bucket(void **state)
{
	struct bench_latency *lat = calloc(1, sizeof(*lat));

	(void)state;
	assert_non_null(lat);
	for (uint64_t ns = 0; ns < 32; ns++)
		bench_latency_add(lat, ns);
	assert_int_equal(bench_latency_percentile(lat, 100), 31);
	bench_latency_add(lat, UINT64_MAX);
	assert_int_equal(lat->count, 33);
	assert_true(bench_latency_percentile(lat, 100) > 1000000000);
	free(lat);
}

static void merging_is_adding(void **state)
{
	struct bench_latency *a = calloc(1, sizeof(*a));
	struct bench_latency *b = calloc(1, sizeof(*b));

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	for (unsigned i = 0; i < 90; i++)
		bench_latency_add(a, 1000);
	for (unsigned i = 0; i < 10; i++)
		bench_latency_add(b, 50000);
	bench_latency_merge(a, b);
	assert_int_equal(a->count, 100);
	expect_near(bench_latency_percentile(a, 90), 1000);
	expect_near(bench_latency_percentile(a, 95), 50000);
	free(a);
	free(b);
}

static void random_numbers_stay_below(void **state)
{
	uint64_t series = 1;
	unsigned seen = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t n = bench_random(&series, 7);

		assert_true(n < 7);
		seen |= 1u << n;
	}
	assert_int_equal(seen, 0x7f);
}

static void processor_time_of_this_process_grows(void **state)
{
	uint64_t before = bench_process_cpu(0), by_pid;
	volatile unsigned work = 0;

	(void)state;
	while (bench_process_cpu(0) - before < 2000000)
		work++;
	by_pid = bench_process_cpu(getpid());
	assert_in_range(by_pid, before + 2000000, bench_process_cpu(0));
	assert_true(bench_process_memory(getpid()) > 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_near_the_truth),
		cmocka_unit_test(small_and_huge_values_have_a_bucket),
		cmocka_unit_test(merging_is_adding),
		cmocka_unit_test(random_numbers_stay_below),
		cmocka_unit_test(processor_time_of_this_process_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
