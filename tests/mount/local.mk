TESTS += %reldir%/test_folders.sh %reldir%/test_mount.sh
EXTRA_DIST += %reldir%/test_folders.sh %reldir%/test_mount.sh

check_PROGRAMS += test_identity
TESTS += test_identity
test_identity_SOURCES = %reldir%/test_identity.c
test_identity_CFLAGS = $(TEST_CFLAGS)
test_identity_LDADD = $(CMOCKA_LIBS)
