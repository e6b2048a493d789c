noinst_LTLIBRARIES += libvirtio_fs.la
libvirtio_fs_la_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
libvirtio_fs_la_SOURCES = \
	%reldir%/vfs_device.h \
	%reldir%/vfs_server.h
