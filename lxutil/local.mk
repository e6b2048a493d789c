noinst_LTLIBRARIES += liblxutil.la
liblxutil_la_SOURCES = \
	%reldir%/lx.h \
	%reldir%/lx_volume.h
