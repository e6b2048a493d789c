# The sandbox of the programs: its small parts; see tests/sandbox for the whole.
sandbox_tests = test_sandbox_caps test_sandbox_idmap test_sandbox_option \
	test_sandbox_places test_sandbox_seccomp test_sandbox_wait
check_PROGRAMS += $(sandbox_tests)
TESTS += $(sandbox_tests)
LINK_TEST_SANDBOX = $(LINK_SANDBOX) $(CMOCKA_LIBS)

test_sandbox_caps_SOURCES = %reldir%/test_sandbox_caps.c
test_sandbox_caps_CFLAGS = $(TEST_CFLAGS)
test_sandbox_caps_LDADD = $(LINK_TEST_SANDBOX)
test_sandbox_idmap_SOURCES = %reldir%/test_sandbox_idmap.c
test_sandbox_idmap_CFLAGS = $(TEST_CFLAGS)
test_sandbox_idmap_LDADD = $(LINK_TEST_SANDBOX)
test_sandbox_option_SOURCES = %reldir%/test_sandbox_option.c
test_sandbox_option_CFLAGS = $(TEST_CFLAGS)
test_sandbox_option_LDADD = $(LINK_TEST_SANDBOX)
test_sandbox_places_SOURCES = %reldir%/test_sandbox_places.c
test_sandbox_places_CFLAGS = $(TEST_CFLAGS)
test_sandbox_places_LDADD = libtest.la $(LINK_TEST_SANDBOX)
test_sandbox_seccomp_SOURCES = %reldir%/test_sandbox_seccomp.c
test_sandbox_seccomp_CFLAGS = $(TEST_CFLAGS)
test_sandbox_seccomp_LDADD = $(LINK_TEST_SANDBOX)
test_sandbox_wait_SOURCES = %reldir%/test_sandbox_wait.c
test_sandbox_wait_CFLAGS = $(TEST_CFLAGS)
test_sandbox_wait_LDADD = $(LINK_TEST_SANDBOX)
