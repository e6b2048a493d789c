# vhost-user-virtiofs, virtiofsd's place: all but main() is a library, so that
# the unit tests link it.
noinst_LTLIBRARIES += libvuf.la
libvuf_la_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
libvuf_la_SOURCES = \
	%reldir%/vuf_daemon.c %reldir%/vuf_daemon.h \
	%reldir%/vuf_log.c %reldir%/vuf_log.h \
	%reldir%/vuf_options.c %reldir%/vuf_options.h \
	%reldir%/vuf_socket.c %reldir%/vuf_socket.h \
	%reldir%/vuf_table.c %reldir%/vuf_table.h
LINK_VUF = libvuf.la $(LINK_HOST) $(LINK_SANDBOX) \
	$(LINK_PLUGIN)

