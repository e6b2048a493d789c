check_PROGRAMS += test_bench_stat
test_bench_stat_CFLAGS = $(TEST_CFLAGS)
test_bench_stat_SOURCES = \
	%reldir%/test_bench_stat.c \
	tools/bench/bench_stat.c
test_bench_stat_LDADD = $(LINK_COMMON) $(CMOCKA_LIBS)
TESTS += test_bench_stat
