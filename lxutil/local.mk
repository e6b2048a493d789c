noinst_LTLIBRARIES += liblxutil.la
liblxutil_la_CFLAGS = $(STRICT_CFLAGS)
liblxutil_la_SOURCES = \
	%reldir%/lx.h \
	%reldir%/lx_errno.c \
	%reldir%/lx_errno.h \
	%reldir%/lx_path.c \
	%reldir%/lx_path.h \
	%reldir%/lx_async.h \
	%reldir%/lx_volume.h \
	%reldir%/linux/lx_attr.c \
	%reldir%/linux/lx_cred.c \
	%reldir%/linux/lx_cred.h \
	%reldir%/linux/lx_fds.c \
	%reldir%/linux/lx_fds.h \
	%reldir%/linux/lx_file.c \
	%reldir%/linux/lx_handle.c \
	%reldir%/linux/lx_handle.h \
	%reldir%/linux/lx_hint.c \
	%reldir%/linux/lx_hint.h \
	%reldir%/linux/lx_io.c \
	%reldir%/linux/lx_ioctl.c \
	%reldir%/linux/lx_lock.c \
	%reldir%/linux/lx_namei.c \
	%reldir%/linux/lx_node.c \
	%reldir%/linux/lx_node.h \
	%reldir%/linux/lx_parent.c \
	%reldir%/linux/lx_range.c \
	%reldir%/linux/lx_readdir.c \
	%reldir%/linux/lx_removal.c \
	%reldir%/linux/lx_removal.h \
	%reldir%/linux/lx_saved.c \
	%reldir%/linux/lx_spare.c \
	%reldir%/linux/lx_volume.c \
	%reldir%/linux/lx_xattr.c
if URING
liblxutil_la_SOURCES += %reldir%/linux/lx_async.c
liblxutil_la_CFLAGS += $(URING_CFLAGS)
liblxutil_la_LIBADD = $(URING_LIBS)
else
liblxutil_la_SOURCES += %reldir%/linux/lx_async_none.c
endif
