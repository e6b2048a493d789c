noinst_LTLIBRARIES += libvirtio_fs.la
libvirtio_fs_la_CFLAGS = $(STRICT_CFLAGS)
libvirtio_fs_la_SOURCES = \
	%reldir%/vfs_acl.c \
	%reldir%/vfs_acl.h \
	%reldir%/vfs_attr.c \
	%reldir%/vfs_cap.c \
	%reldir%/vfs_cap.h \
	%reldir%/vfs_create.c \
	%reldir%/vfs_deadlock.c \
	%reldir%/vfs_deadlock.h \
	%reldir%/vfs_device.c \
	%reldir%/vfs_device.h \
	%reldir%/vfs_dir.c \
	%reldir%/vfs_forgotten.c \
	%reldir%/vfs_forgotten.h \
	%reldir%/vfs_handle.c \
	%reldir%/vfs_handle.h \
	%reldir%/vfs_held.c \
	%reldir%/vfs_held.h \
	%reldir%/vfs_identity.c \
	%reldir%/vfs_identity.h \
	%reldir%/vfs_idmap.c \
	%reldir%/vfs_idmap.h \
	%reldir%/vfs_init.c \
	%reldir%/vfs_inode.c \
	%reldir%/vfs_inode.h \
	%reldir%/vfs_io.c \
	%reldir%/vfs_ioctl.c \
	%reldir%/vfs_lock.c \
	%reldir%/vfs_lock.h \
	%reldir%/vfs_namei.c \
	%reldir%/vfs_private.h \
	%reldir%/vfs_range.c \
	%reldir%/vfs_remove.c \
	%reldir%/vfs_restore.c \
	%reldir%/vfs_retake.c \
	%reldir%/vfs_retake.h \
	%reldir%/vfs_ring.c %reldir%/vfs_ring.h \
	%reldir%/vfs_root.c \
	%reldir%/vfs_save.c \
	%reldir%/vfs_saved.h \
	%reldir%/vfs_server.c \
	%reldir%/vfs_server.h \
	%reldir%/vfs_share.c \
	%reldir%/vfs_share.h \
	%reldir%/vfs_slots.c \
	%reldir%/vfs_slots.h \
	%reldir%/vfs_statx.c \
	%reldir%/vfs_syncfs.c \
	%reldir%/vfs_xattr.c \
	%reldir%/vfs_xattrmap.c \
	%reldir%/vfs_xattrmap.h
