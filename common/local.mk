noinst_LTLIBRARIES += libcommon.la
libcommon_la_CFLAGS = $(STRICT_CFLAGS)
libcommon_la_SOURCES = \
	%reldir%/bytes.h \
	%reldir%/event.c %reldir%/event.h \
	%reldir%/event_fd.c %reldir%/event_fd.h \
	%reldir%/gmem.c %reldir%/gmem.h \
	%reldir%/gmem_log.c %reldir%/gmem_log.h \
	%reldir%/iov.c %reldir%/iov.h \
	%reldir%/limits.h \
	%reldir%/log.c %reldir%/log.h \
	%reldir%/marks.c %reldir%/marks.h \
	%reldir%/save.c %reldir%/save.h

# A plugin handles no signals, so this is for programs only.
noinst_LTLIBRARIES += libguard.la
libguard_la_CFLAGS = $(STRICT_CFLAGS)
libguard_la_SOURCES = %reldir%/guard.c %reldir%/guard.h \
	%reldir%/guard_map.c %reldir%/guard_map.h
