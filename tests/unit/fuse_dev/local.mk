check_PROGRAMS += test_fuse_dev_wait
TESTS += test_fuse_dev_wait
test_fuse_dev_wait_SOURCES = %reldir%/test_fuse_dev_wait.c
test_fuse_dev_wait_CFLAGS = $(TEST_CFLAGS)
test_fuse_dev_wait_LDADD = libfuse_dev.la $(LINK_FUSE) $(CMOCKA_LIBS)
