# The plugin ABI: layout, languages, and old and new headers put together.

abi_older = -include $(srcdir)/%reldir%/v1/pciplug.h -DABI_OLDER
abi_future = -include %reldir%/future.h -DABI_FUTURE

TESTS += abi_layout abi_layout_older \
	%reldir%/check-combinations.sh \
	%reldir%/check-compile.sh \
	%reldir%/check-example.sh
EXTRA_DIST += \
	%reldir%/abi_c99.c \
	%reldir%/abi_cxx.cc \
	%reldir%/check-combinations.sh \
	%reldir%/check-compile.sh \
	%reldir%/check-example.sh \
	%reldir%/future.awk \
	%reldir%/v1/pciplug.h

check_PROGRAMS += abi_layout abi_layout_older
abi_layout_SOURCES = %reldir%/abi_layout.c
abi_layout_CFLAGS = $(TEST_CFLAGS)
abi_layout_LDADD = $(CMOCKA_LIBS)
abi_layout_older_SOURCES = %reldir%/abi_layout.c
abi_layout_older_CFLAGS = $(TEST_CFLAGS) $(abi_older)
abi_layout_older_LDADD = $(CMOCKA_LIBS)

# A host and a plugin with each header: the frozen one, today's, a future one.
abi_host_sources = %reldir%/abi_host.c tools/plugin_load.c tools/plugin_load.h
abi_host_cflags = $(TEST_CFLAGS) $(GLIB_CFLAGS) -DPLUGINDIR='""'
abi_host_libs = $(GLIB_LIBS) $(CMOCKA_LIBS) -ldl
abi_plugin_ldflags = $(AM_LDFLAGS) -module -avoid-version -shared \
	-rpath $(abs_builddir) -export-symbols-regex '^pciplug_entry_v1$$'

check_PROGRAMS += abi_host_older abi_host_current abi_host_future
abi_host_older_SOURCES = $(abi_host_sources)
abi_host_older_CFLAGS = $(abi_host_cflags) $(abi_older)
abi_host_older_LDADD = $(abi_host_libs)
abi_host_current_SOURCES = $(abi_host_sources)
abi_host_current_CFLAGS = $(abi_host_cflags)
abi_host_current_LDADD = $(abi_host_libs)
abi_host_future_SOURCES = $(abi_host_sources)
abi_host_future_CFLAGS = $(abi_host_cflags) $(abi_future)
abi_host_future_LDADD = $(abi_host_libs)

check_LTLIBRARIES += abi_plugin_older.la abi_plugin_current.la \
	abi_plugin_future.la
abi_plugin_older_la_SOURCES = %reldir%/abi_plugin.c
abi_plugin_older_la_CFLAGS = $(AM_CFLAGS) $(abi_older)
abi_plugin_older_la_LDFLAGS = $(abi_plugin_ldflags)
abi_plugin_older_la_LIBADD = -ldl
abi_plugin_current_la_SOURCES = %reldir%/abi_plugin.c
abi_plugin_current_la_LDFLAGS = $(abi_plugin_ldflags)
abi_plugin_current_la_LIBADD = -ldl
abi_plugin_future_la_SOURCES = %reldir%/abi_plugin.c
abi_plugin_future_la_CFLAGS = $(AM_CFLAGS) $(abi_future)
abi_plugin_future_la_LDFLAGS = $(abi_plugin_ldflags)
abi_plugin_future_la_LIBADD = -ldl

%reldir%/future.h: include/pciplug.h %reldir%/future.awk
	$(AM_V_GEN)$(MKDIR_P) %reldir% && \
	$(AWK) -f $(srcdir)/%reldir%/future.awk \
		$(srcdir)/include/pciplug.h >$@.new && mv $@.new $@
$(abi_host_future_OBJECTS) $(abi_plugin_future_la_OBJECTS): %reldir%/future.h
CLEANFILES += %reldir%/future.h

# The host that docs/abi.md shows.
check_PROGRAMS += small_host
small_host_SOURCES = docs/examples/small_host.c
small_host_CPPFLAGS = -I$(srcdir)/include
small_host_LDADD = -ldl
