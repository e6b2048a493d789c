TESTS += %reldir%/test_mount.sh
EXTRA_DIST += %reldir%/test_mount.sh
