LXUTIL_TESTS = \
	test_lx_async \
	test_lx_attr \
	test_lx_cred \
	test_lx_errno \
	test_lx_fds \
	test_lx_file \
	test_lx_handle \
	test_lx_hint \
	test_lx_io \
	test_lx_ioctl \
	test_lx_lock \
	test_lx_namei \
	test_lx_node \
	test_lx_parent \
	test_lx_path \
	test_lx_range \
	test_lx_readdir \
	test_lx_removal \
	test_lx_saved \
	test_lx_spare \
	test_lx_volume \
	test_lx_xattr
LINK_LX_TEST = liblx_fixture.la $(LINK_LXUTIL) $(CMOCKA_LIBS)

check_PROGRAMS += $(LXUTIL_TESTS)
TESTS += $(LXUTIL_TESTS) %reldir%/check-mingw.sh
EXTRA_DIST += %reldir%/check-mingw.sh

check_LTLIBRARIES += liblx_fixture.la
liblx_fixture_la_SOURCES = \
	%reldir%/lx_fixture.c \
	%reldir%/lx_fixture.h \
	%reldir%/lx_share.c \
	%reldir%/lx_share.h
liblx_fixture_la_CFLAGS = $(TEST_CFLAGS)

test_lx_async_SOURCES = %reldir%/test_lx_async.c
test_lx_async_CFLAGS = $(TEST_CFLAGS)
test_lx_async_LDADD = $(LINK_LX_TEST)
test_lx_attr_SOURCES = %reldir%/test_lx_attr.c
test_lx_attr_CFLAGS = $(TEST_CFLAGS)
test_lx_attr_LDADD = $(LINK_LX_TEST)
test_lx_cred_SOURCES = %reldir%/test_lx_cred.c
test_lx_cred_CFLAGS = $(TEST_CFLAGS)
test_lx_cred_LDADD = $(LINK_LX_TEST)
test_lx_errno_SOURCES = %reldir%/test_lx_errno.c
test_lx_errno_CFLAGS = $(TEST_CFLAGS)
test_lx_errno_LDADD = $(LINK_LX_TEST)
test_lx_fds_SOURCES = %reldir%/test_lx_fds.c
test_lx_fds_CFLAGS = $(TEST_CFLAGS)
test_lx_fds_LDADD = $(LINK_LX_TEST)
test_lx_file_SOURCES = %reldir%/test_lx_file.c
test_lx_file_CFLAGS = $(TEST_CFLAGS)
test_lx_file_LDADD = $(LINK_LX_TEST)
test_lx_handle_SOURCES = %reldir%/test_lx_handle.c
test_lx_handle_CFLAGS = $(TEST_CFLAGS)
test_lx_handle_LDADD = $(LINK_LX_TEST)
test_lx_hint_SOURCES = %reldir%/test_lx_hint.c
test_lx_hint_CFLAGS = $(TEST_CFLAGS)
test_lx_hint_LDADD = $(LINK_LX_TEST)
test_lx_io_SOURCES = %reldir%/test_lx_io.c
test_lx_io_CFLAGS = $(TEST_CFLAGS)
test_lx_io_LDADD = $(LINK_LX_TEST)
test_lx_ioctl_SOURCES = %reldir%/test_lx_ioctl.c
test_lx_ioctl_CFLAGS = $(TEST_CFLAGS)
test_lx_ioctl_LDADD = $(LINK_LX_TEST)
test_lx_lock_SOURCES = %reldir%/test_lx_lock.c
test_lx_lock_CFLAGS = $(TEST_CFLAGS)
test_lx_lock_LDADD = $(LINK_LX_TEST)
test_lx_namei_SOURCES = %reldir%/test_lx_namei.c
test_lx_namei_CFLAGS = $(TEST_CFLAGS)
test_lx_namei_LDADD = $(LINK_LX_TEST)
test_lx_node_SOURCES = %reldir%/test_lx_node.c
test_lx_node_CFLAGS = $(TEST_CFLAGS)
test_lx_node_LDADD = $(LINK_LX_TEST)
test_lx_parent_SOURCES = %reldir%/test_lx_parent.c
test_lx_parent_CFLAGS = $(TEST_CFLAGS)
test_lx_parent_LDADD = $(LINK_LX_TEST)
test_lx_path_SOURCES = %reldir%/test_lx_path.c
test_lx_path_CFLAGS = $(TEST_CFLAGS)
test_lx_path_LDADD = $(LINK_LX_TEST)
test_lx_range_SOURCES = %reldir%/test_lx_range.c
test_lx_range_CFLAGS = $(TEST_CFLAGS)
test_lx_range_LDADD = $(LINK_LX_TEST)
test_lx_readdir_SOURCES = %reldir%/test_lx_readdir.c
test_lx_readdir_CFLAGS = $(TEST_CFLAGS)
test_lx_readdir_LDADD = $(LINK_LX_TEST)
test_lx_removal_SOURCES = %reldir%/test_lx_removal.c
test_lx_removal_CFLAGS = $(TEST_CFLAGS)
test_lx_removal_LDADD = $(LINK_LX_TEST)
test_lx_saved_SOURCES = %reldir%/test_lx_saved.c
test_lx_saved_CFLAGS = $(TEST_CFLAGS)
test_lx_saved_LDADD = $(LINK_LX_TEST)
test_lx_spare_SOURCES = %reldir%/test_lx_spare.c
test_lx_spare_CFLAGS = $(TEST_CFLAGS)
test_lx_spare_LDADD = $(LINK_LX_TEST)
test_lx_volume_SOURCES = %reldir%/test_lx_volume.c
test_lx_volume_CFLAGS = $(TEST_CFLAGS)
test_lx_volume_LDADD = $(LINK_LX_TEST)
test_lx_xattr_SOURCES = %reldir%/test_lx_xattr.c
test_lx_xattr_CFLAGS = $(TEST_CFLAGS)
test_lx_xattr_LDADD = $(LINK_LX_TEST)
