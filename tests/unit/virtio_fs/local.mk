# One test for each file of virtio/fs, with a client and a share to talk to.
check_LTLIBRARIES += libtest_virtio_fs.la
libtest_virtio_fs_la_SOURCES = \
	%reldir%/client.c \
	%reldir%/client.h \
	%reldir%/client_range.c \
	%reldir%/folders.c \
	%reldir%/folders.h \
	%reldir%/saved.c \
	%reldir%/saved.h \
	%reldir%/share.c \
	%reldir%/share.h
LINK_TEST_VIRTIO_FS = libtest_virtio_fs.la libtest.la $(LINK_VIRTIO_FS) \
	$(CMOCKA_LIBS)

check_PROGRAMS += test_vfs_slots
TESTS += test_vfs_slots
test_vfs_slots_SOURCES = %reldir%/test_vfs_slots.c
test_vfs_slots_CFLAGS = $(TEST_CFLAGS)
test_vfs_slots_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_identity
TESTS += test_vfs_identity
test_vfs_identity_SOURCES = %reldir%/test_vfs_identity.c
test_vfs_identity_CFLAGS = $(TEST_CFLAGS)
test_vfs_identity_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_inode
TESTS += test_vfs_inode
test_vfs_inode_SOURCES = %reldir%/test_vfs_inode.c
test_vfs_inode_CFLAGS = $(TEST_CFLAGS)
test_vfs_inode_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_forgotten
TESTS += test_vfs_forgotten
test_vfs_forgotten_SOURCES = %reldir%/test_vfs_forgotten.c
test_vfs_forgotten_CFLAGS = $(TEST_CFLAGS)
test_vfs_forgotten_LDADD = $(LINK_TEST_VIRTIO_FS)

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

check_PROGRAMS += test_vfs_mounts
TESTS += test_vfs_mounts
test_vfs_mounts_SOURCES = %reldir%/test_vfs_mounts.c
test_vfs_mounts_CFLAGS = $(TEST_CFLAGS)
test_vfs_mounts_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_io
TESTS += test_vfs_io
test_vfs_io_SOURCES = %reldir%/test_vfs_io.c
test_vfs_io_CFLAGS = $(TEST_CFLAGS)
test_vfs_io_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_dir
TESTS += test_vfs_dir
test_vfs_dir_SOURCES = %reldir%/test_vfs_dir.c
test_vfs_dir_CFLAGS = $(TEST_CFLAGS)
test_vfs_dir_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_xattr
TESTS += test_vfs_xattr
test_vfs_xattr_SOURCES = %reldir%/test_vfs_xattr.c
test_vfs_xattr_CFLAGS = $(TEST_CFLAGS)
test_vfs_xattr_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_server
TESTS += test_vfs_server
test_vfs_server_SOURCES = %reldir%/test_vfs_server.c
test_vfs_server_CFLAGS = $(TEST_CFLAGS)
test_vfs_server_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_deadlock
TESTS += test_vfs_deadlock
test_vfs_deadlock_SOURCES = %reldir%/test_vfs_deadlock.c
test_vfs_deadlock_CFLAGS = $(TEST_CFLAGS)
test_vfs_deadlock_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_device
TESTS += test_vfs_device
test_vfs_device_SOURCES = %reldir%/test_vfs_device.c
test_vfs_device_CFLAGS = $(TEST_CFLAGS)
test_vfs_device_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_ring
TESTS += test_vfs_ring
test_vfs_ring_SOURCES = %reldir%/test_vfs_ring.c
test_vfs_ring_CFLAGS = $(TEST_CFLAGS)
test_vfs_ring_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_held
TESTS += test_vfs_held
test_vfs_held_SOURCES = %reldir%/test_vfs_held.c
test_vfs_held_CFLAGS = $(TEST_CFLAGS)
test_vfs_held_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_idmap
TESTS += test_vfs_idmap
test_vfs_idmap_SOURCES = %reldir%/test_vfs_idmap.c
test_vfs_idmap_CFLAGS = $(TEST_CFLAGS)
test_vfs_idmap_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_xattrmap
TESTS += test_vfs_xattrmap
test_vfs_xattrmap_SOURCES = %reldir%/test_vfs_xattrmap.c
test_vfs_xattrmap_CFLAGS = $(TEST_CFLAGS)
test_vfs_xattrmap_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_acl
TESTS += test_vfs_acl
test_vfs_acl_SOURCES = %reldir%/test_vfs_acl.c
test_vfs_acl_CFLAGS = $(TEST_CFLAGS)
test_vfs_acl_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_calls
TESTS += test_vfs_calls
test_vfs_calls_SOURCES = %reldir%/test_vfs_calls.c
test_vfs_calls_CFLAGS = $(TEST_CFLAGS)
test_vfs_calls_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_cap
TESTS += test_vfs_cap
test_vfs_cap_SOURCES = %reldir%/test_vfs_cap.c
test_vfs_cap_CFLAGS = $(TEST_CFLAGS)
test_vfs_cap_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_create
TESTS += test_vfs_create
test_vfs_create_SOURCES = %reldir%/test_vfs_create.c
test_vfs_create_CFLAGS = $(TEST_CFLAGS)
test_vfs_create_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_init
TESTS += test_vfs_init
test_vfs_init_SOURCES = %reldir%/test_vfs_init.c
test_vfs_init_CFLAGS = $(TEST_CFLAGS)
test_vfs_init_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_ioctl
TESTS += test_vfs_ioctl
test_vfs_ioctl_SOURCES = %reldir%/test_vfs_ioctl.c
test_vfs_ioctl_CFLAGS = $(TEST_CFLAGS)
test_vfs_ioctl_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_lock
TESTS += test_vfs_lock
test_vfs_lock_SOURCES = %reldir%/test_vfs_lock.c
test_vfs_lock_CFLAGS = $(TEST_CFLAGS)
test_vfs_lock_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_lookup
TESTS += test_vfs_lookup
test_vfs_lookup_SOURCES = %reldir%/test_vfs_lookup.c
test_vfs_lookup_CFLAGS = $(TEST_CFLAGS)
test_vfs_lookup_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_range
TESTS += test_vfs_range
test_vfs_range_SOURCES = %reldir%/test_vfs_range.c
test_vfs_range_CFLAGS = $(TEST_CFLAGS)
test_vfs_range_LDADD = $(LINK_TEST_VIRTIO_FS)
check_PROGRAMS += test_vfs_remove
TESTS += test_vfs_remove
test_vfs_remove_SOURCES = %reldir%/test_vfs_remove.c
test_vfs_remove_CFLAGS = $(TEST_CFLAGS)
test_vfs_remove_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_statx
TESTS += test_vfs_statx
test_vfs_statx_SOURCES = %reldir%/test_vfs_statx.c
test_vfs_statx_CFLAGS = $(TEST_CFLAGS)
test_vfs_statx_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_syncfs
TESTS += test_vfs_syncfs
test_vfs_syncfs_SOURCES = %reldir%/test_vfs_syncfs.c
test_vfs_syncfs_CFLAGS = $(TEST_CFLAGS)
test_vfs_syncfs_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_maps
TESTS += test_vfs_maps
test_vfs_maps_SOURCES = %reldir%/test_vfs_maps.c
test_vfs_maps_CFLAGS = $(TEST_CFLAGS)
test_vfs_maps_LDADD = $(LINK_TEST_VIRTIO_FS)

TESTS += %reldir%/check-init-flags.sh
EXTRA_DIST += %reldir%/check-init-flags.sh

check_PROGRAMS += test_vfs_root
TESTS += test_vfs_root
test_vfs_root_SOURCES = %reldir%/test_vfs_root.c
test_vfs_root_CFLAGS = $(TEST_CFLAGS)
test_vfs_root_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_share
TESTS += test_vfs_share
test_vfs_share_SOURCES = %reldir%/test_vfs_share.c
test_vfs_share_CFLAGS = $(TEST_CFLAGS)
test_vfs_share_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_save
TESTS += test_vfs_save
test_vfs_save_SOURCES = %reldir%/test_vfs_save.c
test_vfs_save_CFLAGS = $(TEST_CFLAGS)
test_vfs_save_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_restore
TESTS += test_vfs_restore
test_vfs_restore_SOURCES = %reldir%/test_vfs_restore.c
test_vfs_restore_CFLAGS = $(TEST_CFLAGS)
test_vfs_restore_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_retake
TESTS += test_vfs_retake
test_vfs_retake_SOURCES = %reldir%/test_vfs_retake.c
test_vfs_retake_CFLAGS = $(TEST_CFLAGS)
test_vfs_retake_LDADD = $(LINK_TEST_VIRTIO_FS)

check_PROGRAMS += test_vfs_save_more
TESTS += test_vfs_save_more
test_vfs_save_more_SOURCES = %reldir%/test_vfs_save_more.c
test_vfs_save_more_CFLAGS = $(TEST_CFLAGS)
test_vfs_save_more_LDADD = $(LINK_TEST_VIRTIO_FS)
