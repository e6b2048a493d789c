# Real kernels in QEMU, apart from `make check` as they need what
# tools/guest/get-qemu.sh fetches.  RUN: arguments of run.sh.
EXTRA_PROGRAMS = %reldir%/guest_tool %reldir%/guest_moving
%canon_reldir%_guest_tool_SOURCES = %reldir%/guest_tool.c
# It runs in guests that have no libraries.
%canon_reldir%_guest_tool_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
%canon_reldir%_guest_tool_LDFLAGS = -all-static
%canon_reldir%_guest_moving_SOURCES = %reldir%/guest_moving.c
%canon_reldir%_guest_moving_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
%canon_reldir%_guest_moving_LDFLAGS = -all-static

check-guest: all %reldir%/guest_tool$(EXEEXT) %reldir%/guest_moving$(EXEEXT) \
	test_conformance$(EXEEXT)
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) $(top_srcdir)/%reldir%/run.sh $(RUN)
.PHONY: check-guest

clean-local: clean-guest
clean-guest:
	rm -rf %reldir%/work-*
.PHONY: clean-guest

CLEANFILES += $(EXTRA_PROGRAMS)
EXTRA_DIST += %reldir%/run.sh %reldir%/conformance.sh %reldir%/killed.sh \
	%reldir%/moved.sh %reldir%/libvirt.sh %reldir%/init.sh %reldir%/lib.sh %reldir%/cases
EXTRA_DIST += .ci/run tests/.shellcheckrc
