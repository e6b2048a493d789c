TESTS += %reldir%/test_bench.sh
EXTRA_DIST += %reldir%/test_bench.sh
