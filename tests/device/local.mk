# The whole plugin without a virtual machine: loaded by dlopen() as a host does.
DEVICE_TESTS = test_device_hostile test_device_locks test_device_ops \
	test_device_probe test_device_reset test_device_rings \
	test_device_rings_packed test_device_unload
check_PROGRAMS += $(DEVICE_TESTS)
TESTS += $(DEVICE_TESTS)
DEVICE_LIBS = libtest.la $(LINK_COMMON) $(CMOCKA_LIBS)

test_device_hostile_SOURCES = %reldir%/test_hostile.c \
	%reldir%/device_fixture.h %reldir%/hostile.h
test_device_hostile_CFLAGS = $(TEST_CFLAGS)
test_device_hostile_LDADD = $(DEVICE_LIBS)

test_device_locks_SOURCES = %reldir%/test_locks.c %reldir%/device_fixture.h
test_device_locks_CFLAGS = $(TEST_CFLAGS)
test_device_locks_LDADD = $(DEVICE_LIBS)

test_device_ops_SOURCES = %reldir%/test_ops.c %reldir%/device_fixture.h
test_device_ops_CFLAGS = $(TEST_CFLAGS)
test_device_ops_LDADD = $(DEVICE_LIBS)

test_device_probe_SOURCES = %reldir%/test_probe.c %reldir%/device_fixture.h
test_device_probe_CFLAGS = $(TEST_CFLAGS)
test_device_probe_LDADD = $(DEVICE_LIBS)

test_device_reset_SOURCES = %reldir%/test_reset.c %reldir%/device_fixture.h
test_device_reset_CFLAGS = $(TEST_CFLAGS)
test_device_reset_LDADD = $(DEVICE_LIBS)

test_device_rings_SOURCES = %reldir%/test_rings.c \
	%reldir%/device_fixture.h %reldir%/hostile.h
test_device_rings_CFLAGS = $(TEST_CFLAGS)
test_device_rings_LDADD = $(DEVICE_LIBS)

test_device_rings_packed_SOURCES = %reldir%/test_rings_packed.c \
	%reldir%/device_fixture.h %reldir%/hostile.h
test_device_rings_packed_CFLAGS = $(TEST_CFLAGS)
test_device_rings_packed_LDADD = $(DEVICE_LIBS)

test_device_unload_SOURCES = %reldir%/test_unload.c %reldir%/device_fixture.h
test_device_unload_CFLAGS = $(TEST_CFLAGS)
test_device_unload_LDADD = $(DEVICE_LIBS)
