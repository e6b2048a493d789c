# Real programs on a share that is mounted on this host, apart from `make check`
# as they want root, packages of their own and minutes.  RUN: arguments of
# run.sh, such as '-l fio'.
PROGRAMS_OF_OURS = %reldir%/locks %reldir%/pingpong
EXTRA_PROGRAMS += $(PROGRAMS_OF_OURS)
%canon_reldir%_locks_SOURCES = %reldir%/locks.c
%canon_reldir%_locks_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
%canon_reldir%_pingpong_SOURCES = %reldir%/pingpong.c
%canon_reldir%_pingpong_CFLAGS = -std=gnu11 $(WARN_CFLAGS)

check-programs: all $(PROGRAMS_OF_OURS)
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) $(top_srcdir)/%reldir%/run.sh $(RUN)
.PHONY: check-programs

clean-local: clean-programs
clean-programs:
	rm -rf %reldir%/work %reldir%/work-guest
.PHONY: clean-programs

EXTRA_DIST += %reldir%/run.sh %reldir%/guest.sh %reldir%/lib.sh \
	%reldir%/cases
