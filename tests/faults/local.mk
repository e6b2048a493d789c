# The host's faults.  wrap.ld is the list of calls that the doubles stand for.
FAULT_TESTS = test_faults test_faults_move test_faults_start
check_PROGRAMS += $(FAULT_TESTS)
TESTS += $(FAULT_TESTS)
EXTRA_DIST += %reldir%/wrap.ld
FAULT_LINK = $(AM_LDFLAGS) -Wl,@$(srcdir)/%reldir%/wrap.ld

test_faults_SOURCES = %reldir%/test_faults.c %reldir%/faults.c \
	%reldir%/faults.h %reldir%/op_attributes.c %reldir%/op_files.c \
	%reldir%/op_names.c %reldir%/operations.h %reldir%/world.c %reldir%/world.h
if URING
test_faults_SOURCES += %reldir%/faults_uring.c
endif
test_faults_CFLAGS = $(TEST_CFLAGS)
test_faults_LDFLAGS = $(FAULT_LINK)
test_faults_LDADD = libtest_virtio_fs.la libtest.la $(LINK_VIRTIO_FS) \
	$(CMOCKA_LIBS)

test_faults_move_SOURCES = %reldir%/test_move.c %reldir%/faults.c \
	%reldir%/faults.h
if URING
test_faults_move_SOURCES += %reldir%/faults_uring.c
endif
test_faults_move_CFLAGS = $(TEST_CFLAGS)
test_faults_move_LDFLAGS = $(FAULT_LINK)
test_faults_move_LDADD = libtest_virtio_fs.la libtest.la $(LINK_VIRTIO_FS) \
	$(CMOCKA_LIBS)

test_faults_start_SOURCES = %reldir%/test_start.c %reldir%/faults.c \
	%reldir%/faults.h plugin/plugin.c
if URING
test_faults_start_SOURCES += %reldir%/faults_uring.c
endif
test_faults_start_CFLAGS = $(TEST_CFLAGS) $(GLIB_CFLAGS)
test_faults_start_LDFLAGS = $(FAULT_LINK)
test_faults_start_LDADD = libtest.la $(LINK_PLUGIN) $(CMOCKA_LIBS)

if URING
check_PROGRAMS += test_faults_async
TESTS += test_faults_async
endif
test_faults_async_SOURCES = %reldir%/test_async.c %reldir%/faults.c \
	%reldir%/faults.h %reldir%/faults_uring.c
test_faults_async_CFLAGS = $(TEST_CFLAGS) $(URING_CFLAGS)
test_faults_async_LDFLAGS = $(FAULT_LINK)
test_faults_async_LDADD = libfuse.la $(LINK_LXUTIL) $(CMOCKA_LIBS)

TESTS += %reldir%/check-calls.sh
EXTRA_DIST += %reldir%/check-calls.sh
