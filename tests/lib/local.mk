# What tests share: a fake host, a fake guest, and what they are made of.
check_LTLIBRARIES += libtest.la
libtest_la_SOURCES = \
	%reldir%/count_fds.h \
	%reldir%/fake_guest.c %reldir%/fake_guest.h \
	%reldir%/fake_host.c %reldir%/fake_host.h \
	%reldir%/fake_image.c %reldir%/fake_image.h \
	%reldir%/fake_packed.c %reldir%/fake_packed.h \
	%reldir%/fake_pci.c %reldir%/fake_pci.h \
	%reldir%/fake_ram.c %reldir%/fake_ram.h \
	%reldir%/fake_ring.c %reldir%/fake_ring.h \
	%reldir%/fuse_client.c %reldir%/fuse_client.h \
	%reldir%/fuse_traffic.c %reldir%/fuse_traffic.h \
	%reldir%/tmptree.c %reldir%/tmptree.h \
	%reldir%/tree_print.c %reldir%/tree_print.h
libtest_la_LIBADD = libcommon.la
