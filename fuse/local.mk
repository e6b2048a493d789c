noinst_LTLIBRARIES += libfuse.la
libfuse_la_CFLAGS = $(STRICT_CFLAGS)
libfuse_la_SOURCES = \
	%reldir%/fuse_dirent.h \
	%reldir%/fuse_notify.h \
	%reldir%/fuse_numbers.h \
	%reldir%/fuse_ops.h \
	%reldir%/fuse_proto.h \
	%reldir%/fuse_session.h
