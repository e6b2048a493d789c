# The programs in their sandbox, as root and as an ordinary user.
check_LTLIBRARIES += escape.la
escape_la_SOURCES = %reldir%/escape.c
escape_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-rpath $(abs_builddir) -export-symbols-regex '^pciplug_entry_v1$$'

# What a sanitizer does by itself is not for the sandbox.
if !SANITIZE
TESTS += %reldir%/test_escape.sh %reldir%/test_programs.sh
endif
EXTRA_DIST += %reldir%/lib.sh %reldir%/test_escape.sh %reldir%/test_programs.sh

check_PROGRAMS += landlock_abi
landlock_abi_SOURCES = %reldir%/landlock_abi.c
landlock_abi_LDADD = $(LINK_SANDBOX)
