# virtiofs-bench: a guest driver at native speed; it shares nothing with the
# devices that it measures but wire headers.
bin_PROGRAMS += virtiofs-bench
virtiofs_bench_CFLAGS = $(TOOL_CFLAGS) $(GLIB_CFLAGS) $(JSON_CFLAGS)
virtiofs_bench_SOURCES = \
	%reldir%/bench_count.c %reldir%/bench_count.h \
	%reldir%/bench_device.h \
	%reldir%/bench_driver.c %reldir%/bench_driver.h \
	%reldir%/bench_fail.c %reldir%/bench_fail.h \
	%reldir%/bench_fuse.c %reldir%/bench_fuse.h \
	%reldir%/bench_plugin.c \
	%reldir%/bench_ram.c %reldir%/bench_ram.h \
	%reldir%/bench_report.c %reldir%/bench_report.h \
	%reldir%/bench_ring.c %reldir%/bench_ring.h \
	%reldir%/bench_server.c \
	%reldir%/bench_session.c %reldir%/bench_session.h \
	%reldir%/bench_stat.c %reldir%/bench_stat.h \
	%reldir%/bench_svg.c \
	%reldir%/bench_tree.c %reldir%/bench_tree.h \
	%reldir%/bench_vhost_user.c \
	%reldir%/bench_work.c %reldir%/bench_work.h \
	%reldir%/bench_work_io.c \
	%reldir%/bench_work_meta.c \
	%reldir%/bench_work_tree.c \
	%reldir%/virtiofs_bench.c
virtiofs_bench_LDADD = $(LINK_HOST) -lm
