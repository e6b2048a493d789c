noinst_LTLIBRARIES += libfuse_dev.la
libfuse_dev_la_CFLAGS = $(STRICT_CFLAGS)
libfuse_dev_la_SOURCES = \
	%reldir%/fuse_dev.c %reldir%/fuse_dev.h \
	%reldir%/fuse_dev_wait.c %reldir%/fuse_dev_wait.h
