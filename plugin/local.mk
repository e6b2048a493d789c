# virtiofs.so, for dlopen(): it lands in $(libdir)/pciplug.
plugindir = $(libdir)/pciplug
plugin_LTLIBRARIES = virtiofs.la
virtiofs_la_CFLAGS = $(STRICT_CFLAGS) $(GLIB_CFLAGS)
virtiofs_la_SOURCES = %reldir%/plugin.c
virtiofs_la_LIBADD = $(LINK_PLUGIN)
virtiofs_la_LDFLAGS = $(LTO_LDFLAGS) -module -avoid-version -shared \
	-export-symbols-regex '^pciplug_entry_v1$$' $(NO_UNDEFINED)

# All of it but the entry, for unit tests.
noinst_LTLIBRARIES += libplugin.la
libplugin_la_CFLAGS = $(TOOL_CFLAGS) $(GLIB_CFLAGS) $(JSON_CFLAGS)
libplugin_la_SOURCES = \
	%reldir%/plugin.h \
	%reldir%/plugin_config.c %reldir%/plugin_config.h \
	%reldir%/plugin_folder.c %reldir%/plugin_folder.h \
	%reldir%/plugin_host.c \
	%reldir%/plugin_inspect.c \
	%reldir%/plugin_option.c %reldir%/plugin_option.h \
	%reldir%/plugin_save.c \
	%reldir%/plugin_serve.c

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %reldir%/pciplug.pc

# dlopen() needs no libtool archive.
install-data-hook:
	rm -f '$(DESTDIR)$(plugindir)/virtiofs.la'
# And libtool cannot uninstall without one.
uninstall-hook:
	rm -f '$(DESTDIR)$(plugindir)/virtiofs.so'
