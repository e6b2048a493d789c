# What tests share: a fake host, a fake guest, and what they are made of.
check_LTLIBRARIES += libtest.la
libtest_la_SOURCES = \
	%reldir%/fake_ram.c %reldir%/fake_ram.h \
	%reldir%/fake_ring.c %reldir%/fake_ring.h
libtest_la_LIBADD = libcommon.la
