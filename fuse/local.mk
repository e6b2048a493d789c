noinst_LTLIBRARIES += libfuse.la
libfuse_la_CFLAGS = $(STRICT_CFLAGS)
libfuse_la_SOURCES = \
	%reldir%/fuse_dirent.c %reldir%/fuse_dirent.h \
	%reldir%/fuse_dispatch.c %reldir%/fuse_dispatch.h \
	%reldir%/fuse_extension.c %reldir%/fuse_extension.h \
	%reldir%/fuse_gate.c %reldir%/fuse_gate.h \
	%reldir%/fuse_init.c %reldir%/fuse_init.h \
	%reldir%/fuse_name.c \
	%reldir%/fuse_notify.h \
	%reldir%/fuse_numbers.h \
	%reldir%/fuse_ops.h \
	%reldir%/fuse_pace.c %reldir%/fuse_pace.h \
	%reldir%/fuse_proto.h \
	%reldir%/fuse_reply.c %reldir%/fuse_reply.h \
	%reldir%/fuse_request.c %reldir%/fuse_request.h \
	%reldir%/fuse_session.c %reldir%/fuse_session.h \
	%reldir%/fuse_later.h \
	%reldir%/fuse_line.c %reldir%/fuse_line.h \
	%reldir%/fuse_said.c %reldir%/fuse_said.h \
	%reldir%/fuse_trace.c %reldir%/fuse_trace.h \
	%reldir%/fuse_wait.c %reldir%/fuse_wait.h

include fuse/dev/local.mk
