# The server on /dev/fuse against the host's file system; needs root.
check_PROGRAMS += test_conformance
CONFORMANCE_CHECKS = %reldir%/run.sh
# Nothing that a sanitizer could find depends on the policy.
if !SANITIZE
CONFORMANCE_CHECKS += %reldir%/policies.sh
endif
TESTS += $(CONFORMANCE_CHECKS)
EXTRA_DIST += %reldir%/lanes.sh %reldir%/policies.sh %reldir%/run.sh

test_conformance_SOURCES = \
	%reldir%/acl.c \
	%reldir%/attr.c \
	%reldir%/caps.c \
	%reldir%/conf.h \
	%reldir%/conf_compare.c \
	%reldir%/conf_known.c \
	%reldir%/conf_mount.c \
	%reldir%/conf_record.c \
	%reldir%/conf_run.h \
	%reldir%/conf_small.c \
	%reldir%/conf_tree.c \
	%reldir%/dir.c \
	%reldir%/event.c \
	%reldir%/exec.c \
	%reldir%/far.c \
	%reldir%/flags.c \
	%reldir%/full.c \
	%reldir%/idmap.c \
	%reldir%/io.c \
	%reldir%/link.c \
	%reldir%/lock.c \
	%reldir%/map.c \
	%reldir%/names.c \
	%reldir%/open.c \
	%reldir%/path.c \
	%reldir%/pipe.c \
	%reldir%/priv.c \
	%reldir%/random.c \
	%reldir%/readonly.c \
	%reldir%/rename.c \
	%reldir%/size.c \
	%reldir%/special.c \
	%reldir%/stat.c \
	%reldir%/test_conformance.c \
	%reldir%/times.c \
	%reldir%/tmpfile.c \
	%reldir%/under.c \
	%reldir%/xattr.c
test_conformance_CFLAGS = $(TEST_CFLAGS)
test_conformance_LDADD = $(CMOCKA_LIBS)
