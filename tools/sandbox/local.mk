noinst_LTLIBRARIES += libsandbox.la
libsandbox_la_CFLAGS = $(STRICT_CFLAGS) $(SECCOMP_CFLAGS)
libsandbox_la_SOURCES = \
	tools/nofile.c tools/nofile.h \
	%reldir%/sandbox.c %reldir%/sandbox.h \
	%reldir%/sandbox_caps.c %reldir%/sandbox_caps.h \
	%reldir%/sandbox_child.c %reldir%/sandbox_child.h \
	%reldir%/sandbox_fail.c %reldir%/sandbox_fail.h \
	%reldir%/sandbox_idmap.c %reldir%/sandbox_idmap.h \
	%reldir%/sandbox_landlock.c %reldir%/sandbox_landlock.h \
	%reldir%/sandbox_option.c \
	%reldir%/sandbox_places.c %reldir%/sandbox_places.h \
	%reldir%/sandbox_seccomp.c %reldir%/sandbox_seccomp.h \
	%reldir%/sandbox_wait.c
LINK_SANDBOX = libsandbox.la $(LINK_COMMON) $(SECCOMP_LIBS)
