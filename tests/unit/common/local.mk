check_PROGRAMS += test_gmem
TESTS += test_gmem
test_gmem_SOURCES = %reldir%/test_gmem.c
test_gmem_CFLAGS = $(TEST_CFLAGS)
test_gmem_LDADD = $(LINK_COMMON) $(CMOCKA_LIBS)
