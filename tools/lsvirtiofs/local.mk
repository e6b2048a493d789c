bin_PROGRAMS += lsvirtiofs
# What needs no libpciaccess is a library, so that the unit tests link it.
noinst_LTLIBRARIES += liblsvirtiofs.la
liblsvirtiofs_la_SOURCES = \
	%reldir%/lsv_check.c \
	%reldir%/lsv_check.h \
	%reldir%/lsv_config.c \
	%reldir%/lsv_config.h \
	%reldir%/lsv_json.c \
	%reldir%/lsv_regs.c \
	%reldir%/lsv_regs.h \
	%reldir%/lsv_report.h \
	%reldir%/lsv_text.c
liblsvirtiofs_la_CFLAGS = $(TOOL_CFLAGS) $(JSON_CFLAGS)
LINK_LSVIRTIOFS = liblsvirtiofs.la $(LINK_COMMON) $(JSON_LIBS)

lsvirtiofs_SOURCES = \
	%reldir%/lsv_access.c \
	%reldir%/lsv_access.h \
	%reldir%/lsvirtiofs.c
lsvirtiofs_CFLAGS = $(TOOL_CFLAGS) $(JSON_CFLAGS) $(PCIACCESS_CFLAGS)
lsvirtiofs_LDADD = $(LINK_LSVIRTIOFS) $(PCIACCESS_LIBS)
