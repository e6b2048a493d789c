TESTS += %reldir%/test_folders.sh %reldir%/test_mount.sh
EXTRA_DIST += %reldir%/test_folders.sh %reldir%/test_mount.sh
