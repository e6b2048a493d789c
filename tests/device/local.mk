# The whole plugin without a virtual machine: loaded by dlopen() as a host does.
DEVICE_TESTS = test_device_bars test_device_blocking test_device_chains \
	test_device_exhaustion \
	test_device_flips test_device_hostile test_device_hung \
	test_device_hung_nodes test_device_hung_sockets \
	test_device_locks test_device_long_names test_device_names \
	test_device_numbers \
	test_device_ops test_device_probe test_device_readonly \
	test_device_reset test_device_rings test_device_rings_packed \
	test_device_saved test_device_saved_hostile \
	test_device_storm test_device_stress test_device_swaps \
	test_device_unload test_device_unplug
check_PROGRAMS += $(DEVICE_TESTS)
TESTS += $(DEVICE_TESTS)
DEVICE_LIBS = libtest.la $(LINK_COMMON) $(CMOCKA_LIBS)

test_device_blocking_SOURCES = %reldir%/test_blocking.c \
	%reldir%/device_fixture.h %reldir%/own_fuse.h
test_device_blocking_CFLAGS = $(TEST_CFLAGS)
test_device_blocking_LDADD = $(DEVICE_LIBS)

test_device_bars_SOURCES = %reldir%/test_bars.c %reldir%/device_fixture.h
test_device_bars_CFLAGS = $(TEST_CFLAGS)
test_device_bars_LDADD = $(DEVICE_LIBS)

test_device_chains_SOURCES = %reldir%/test_chains.c %reldir%/device_fixture.h
test_device_chains_CFLAGS = $(TEST_CFLAGS)
test_device_chains_LDADD = $(DEVICE_LIBS)

test_device_exhaustion_SOURCES = %reldir%/test_exhaustion.c \
	%reldir%/device_fixture.h %reldir%/hostile.h
test_device_exhaustion_CFLAGS = $(TEST_CFLAGS)
test_device_exhaustion_LDADD = $(DEVICE_LIBS)

test_device_flips_SOURCES = %reldir%/test_flips.c \
	%reldir%/device_fixture.h %reldir%/hostile.h
test_device_flips_CFLAGS = $(TEST_CFLAGS)
test_device_flips_LDADD = $(DEVICE_LIBS)

if URING
check_PROGRAMS += test_device_calls test_device_frozen
TESTS += test_device_calls test_device_frozen
# What a sanitizer does by itself is not for the sandbox.
if !SANITIZE
check_PROGRAMS += test_device_shut_in
TESTS += test_device_shut_in
endif
endif
OWN_TRANSFERS = %reldir%/device_fixture.h %reldir%/own_ext4.h \
	%reldir%/own_fuse.h %reldir%/own_transfers.h
test_device_calls_SOURCES = %reldir%/test_calls.c $(OWN_TRANSFERS)
test_device_calls_CFLAGS = $(TEST_CFLAGS)
test_device_calls_LDADD = $(DEVICE_LIBS)

test_device_frozen_SOURCES = %reldir%/test_frozen.c %reldir%/host_call.h \
	%reldir%/hung.h $(OWN_TRANSFERS)
test_device_frozen_CFLAGS = $(TEST_CFLAGS)
test_device_frozen_LDADD = $(DEVICE_LIBS)

test_device_hostile_SOURCES = %reldir%/test_hostile.c \
	%reldir%/device_fixture.h %reldir%/hostile.h
test_device_hostile_CFLAGS = $(TEST_CFLAGS)
test_device_hostile_LDADD = $(DEVICE_LIBS)

test_device_hung_SOURCES = %reldir%/test_hung.c \
	%reldir%/device_fixture.h %reldir%/host_call.h %reldir%/hostile.h \
	%reldir%/hung.h %reldir%/own_fuse.h
test_device_hung_CFLAGS = $(TEST_CFLAGS)
test_device_hung_LDADD = $(DEVICE_LIBS)

test_device_hung_nodes_SOURCES = %reldir%/test_hung_nodes.c \
	%reldir%/device_fixture.h %reldir%/own_fuse.h
test_device_hung_nodes_CFLAGS = $(TEST_CFLAGS)
test_device_hung_nodes_LDADD = $(DEVICE_LIBS)

test_device_locks_SOURCES = %reldir%/test_locks.c %reldir%/device_fixture.h
test_device_locks_CFLAGS = $(TEST_CFLAGS)
test_device_locks_LDADD = $(DEVICE_LIBS)

test_device_long_names_SOURCES = %reldir%/test_long_names.c \
	%reldir%/device_fixture.h %reldir%/own_fuse.h
test_device_long_names_CFLAGS = $(TEST_CFLAGS)
test_device_long_names_LDADD = $(DEVICE_LIBS)

test_device_names_SOURCES = %reldir%/test_names.c \
	%reldir%/device_fixture.h %reldir%/hostile.h
test_device_names_CFLAGS = $(TEST_CFLAGS)
test_device_names_LDADD = $(DEVICE_LIBS)

test_device_numbers_SOURCES = %reldir%/test_numbers.c \
	%reldir%/device_fixture.h %reldir%/hostile.h
test_device_numbers_CFLAGS = $(TEST_CFLAGS)
test_device_numbers_LDADD = $(DEVICE_LIBS)

test_device_ops_SOURCES = %reldir%/test_ops.c %reldir%/device_fixture.h
test_device_ops_CFLAGS = $(TEST_CFLAGS)
test_device_ops_LDADD = $(DEVICE_LIBS)

test_device_probe_SOURCES = %reldir%/test_probe.c %reldir%/device_fixture.h
test_device_probe_CFLAGS = $(TEST_CFLAGS)
test_device_probe_LDADD = $(DEVICE_LIBS)

test_device_readonly_SOURCES = %reldir%/test_readonly.c \
	%reldir%/device_fixture.h %reldir%/hostile.h
test_device_readonly_CFLAGS = $(TEST_CFLAGS)
test_device_readonly_LDADD = $(DEVICE_LIBS)

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

test_device_saved_SOURCES = %reldir%/test_saved.c \
	%reldir%/device_fixture.h %reldir%/saved.h
test_device_saved_CFLAGS = $(TEST_CFLAGS)
test_device_saved_LDADD = $(DEVICE_LIBS)

test_device_saved_hostile_SOURCES = %reldir%/test_saved_hostile.c \
	%reldir%/device_fixture.h %reldir%/hostile.h %reldir%/saved.h
test_device_saved_hostile_CFLAGS = $(TEST_CFLAGS)
test_device_saved_hostile_LDADD = $(DEVICE_LIBS)

test_device_storm_SOURCES = %reldir%/test_storm.c \
	%reldir%/device_fixture.h %reldir%/hostile.h \
	%reldir%/storm.c %reldir%/storm.h
test_device_storm_CFLAGS = $(TEST_CFLAGS)
test_device_storm_LDADD = $(DEVICE_LIBS)

test_device_stress_SOURCES = %reldir%/test_stress.c \
	%reldir%/device_fixture.h
test_device_stress_CFLAGS = $(TEST_CFLAGS)
test_device_stress_LDADD = $(DEVICE_LIBS)

test_device_swaps_SOURCES = %reldir%/test_swaps.c \
	%reldir%/device_fixture.h %reldir%/hostile.h
test_device_swaps_CFLAGS = $(TEST_CFLAGS)
test_device_swaps_LDADD = $(DEVICE_LIBS)

test_device_unload_SOURCES = %reldir%/test_unload.c %reldir%/device_fixture.h
test_device_unload_CFLAGS = $(TEST_CFLAGS)
test_device_unload_LDADD = $(DEVICE_LIBS)

# With servers of its own, and machines that come and go.
REMOTE_FILES = %reldir%/remote.c %reldir%/remote.h %reldir%/device_fixture.h
REMOTE_LIBS = libtest.la libtest_vfio_user.la $(LINK_VFIO_USER) $(LINK_VUF) \
	$(CMOCKA_LIBS)

test_device_unplug_SOURCES = %reldir%/test_unplug.c $(REMOTE_FILES)
test_device_unplug_CFLAGS = $(TEST_CFLAGS) $(GLIB_CFLAGS)
test_device_unplug_LDADD = $(REMOTE_LIBS)

test_device_hung_sockets_SOURCES = %reldir%/test_hung_sockets.c \
	%reldir%/hung.h %reldir%/own_fuse.h $(REMOTE_FILES)
test_device_hung_sockets_CFLAGS = $(TEST_CFLAGS) $(GLIB_CFLAGS)
test_device_hung_sockets_LDADD = $(REMOTE_LIBS)

test_device_shut_in_SOURCES = %reldir%/test_shut_in.c $(OWN_TRANSFERS) \
	$(REMOTE_FILES)
test_device_shut_in_CFLAGS = $(TEST_CFLAGS) $(GLIB_CFLAGS) $(SECCOMP_CFLAGS)
test_device_shut_in_LDADD = $(REMOTE_LIBS)
