# The file system and the guest of these tests.
FUSE_BENCH = %reldir%/bench.c %reldir%/fake_fs.c %reldir%/fake_fs.h

check_PROGRAMS += test_fuse_dispatch
TESTS += test_fuse_dispatch
test_fuse_dispatch_SOURCES = %reldir%/test_dispatch.c $(FUSE_BENCH)
test_fuse_dispatch_CFLAGS = $(TEST_CFLAGS)
test_fuse_dispatch_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)
