# vhost-user-virtiofs, virtiofsd's place: all but main() is a library, so that
# the unit tests link it.
noinst_LTLIBRARIES += libvuf.la
libvuf_la_CFLAGS = $(TOOL_CFLAGS) $(GLIB_CFLAGS)
libvuf_la_SOURCES = \
	%reldir%/vuf_daemon.c %reldir%/vuf_daemon.h \
	%reldir%/vuf_log.c %reldir%/vuf_log.h \
	%reldir%/vuf_options.c %reldir%/vuf_options.h \
	%reldir%/vuf_share.c %reldir%/vuf_share.h \
	%reldir%/vuf_socket.c %reldir%/vuf_socket.h \
	%reldir%/vuf_table.c %reldir%/vuf_table.h
LINK_VUF = libvuf.la $(LINK_HOST) $(LINK_SANDBOX) $(LINK_VHOST_USER) \
	$(LINK_PLUGIN)

bin_PROGRAMS += vhost-user-virtiofs
vhost_user_virtiofs_CFLAGS = $(STRICT_CFLAGS) $(GLIB_CFLAGS)
vhost_user_virtiofs_LDFLAGS = $(LTO_LDFLAGS)
vhost_user_virtiofs_SOURCES = %reldir%/vhost_user_virtiofs.c
vhost_user_virtiofs_LDADD = $(LINK_VUF)

# For libvirt, by QEMU's docs/interop/vhost-user.json.  It takes the first one
# by name: virtiofsd's 50-virtiofsd.json goes before, where it is installed.
vhostuserdir = $(datadir)/qemu/vhost-user
nodist_vhostuser_DATA = %reldir%/60-vhost-user-virtiofs.json
%reldir%/60-vhost-user-virtiofs.json: %reldir%/vhost-user.json.in Makefile
	$(AM_V_GEN)$(MKDIR_P) %reldir% && \
		sed 's|BINDIR|$(bindir)|' $(srcdir)/%reldir%/vhost-user.json.in >$@
EXTRA_DIST += %reldir%/vhost-user.json.in
CLEANFILES += $(nodist_vhostuser_DATA)
