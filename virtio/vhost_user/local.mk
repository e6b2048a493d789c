noinst_LTLIBRARIES += libvhost_user.la
libvhost_user_la_CFLAGS = $(STRICT_CFLAGS)
libvhost_user_la_SOURCES = \
	%reldir%/vhost_user.c %reldir%/vhost_user.h \
	%reldir%/vhost_user_internal.h \
	%reldir%/vhost_user_log.c \
	%reldir%/vhost_user_memory.c %reldir%/vhost_user_memory.h \
	%reldir%/vhost_user_msg.c %reldir%/vhost_user_msg.h \
	%reldir%/vhost_user_request.c \
	%reldir%/vhost_user_ring.c \
	%reldir%/vhost_user_spec.h \
	%reldir%/vhost_user_state.c
