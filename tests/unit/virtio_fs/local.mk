# One test for each file of virtio/fs, with a client and a share to talk to.
check_LTLIBRARIES += libtest_virtio_fs.la
libtest_virtio_fs_la_SOURCES = \
	%reldir%/client.c \
	%reldir%/client.h \
	%reldir%/share.c \
	%reldir%/share.h
LINK_TEST_VIRTIO_FS = libtest_virtio_fs.la $(LINK_VIRTIO_FS) $(CMOCKA_LIBS)

check_PROGRAMS += test_vfs_slots
TESTS += test_vfs_slots
test_vfs_slots_SOURCES = %reldir%/test_vfs_slots.c
test_vfs_slots_CFLAGS = $(TEST_CFLAGS)
test_vfs_slots_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_inode
TESTS += test_vfs_inode
test_vfs_inode_SOURCES = %reldir%/test_vfs_inode.c
test_vfs_inode_CFLAGS = $(TEST_CFLAGS)
test_vfs_inode_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_handle
TESTS += test_vfs_handle
test_vfs_handle_SOURCES = %reldir%/test_vfs_handle.c
test_vfs_handle_CFLAGS = $(TEST_CFLAGS)
test_vfs_handle_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_attr
TESTS += test_vfs_attr
test_vfs_attr_SOURCES = %reldir%/test_vfs_attr.c
test_vfs_attr_CFLAGS = $(TEST_CFLAGS)
test_vfs_attr_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_namei
TESTS += test_vfs_namei
test_vfs_namei_SOURCES = %reldir%/test_vfs_namei.c
test_vfs_namei_CFLAGS = $(TEST_CFLAGS)
test_vfs_namei_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_io
TESTS += test_vfs_io
test_vfs_io_SOURCES = %reldir%/test_vfs_io.c
test_vfs_io_CFLAGS = $(TEST_CFLAGS)
test_vfs_io_LDADD = $(LINK_TEST_VIRTIO_FS)
