# The vfio-user server: a library for the program and its tests.
noinst_LTLIBRARIES += libvfio_user.la
libvfio_user_la_CFLAGS = $(STRICT_CFLAGS) $(JSON_CFLAGS)
libvfio_user_la_SOURCES = \
	%reldir%/vfio_user/vfio_user_conn.c %reldir%/vfio_user/vfio_user_conn.h \
	%reldir%/vfio_user/vfio_user_device.c %reldir%/vfio_user/vfio_user_device.h \
	%reldir%/vfio_user/vfio_user_dma.c %reldir%/vfio_user/vfio_user_dma.h \
	%reldir%/vfio_user/vfio_user_irq.c %reldir%/vfio_user/vfio_user_irq.h \
	%reldir%/vfio_user/vfio_user_msg.c %reldir%/vfio_user/vfio_user_msg.h \
	%reldir%/vfio_user/vfio_user_proto.h \
	%reldir%/vfio_user/vfio_user_request.c \
	%reldir%/vfio_user/vfio_user_server.c %reldir%/vfio_user/vfio_user_server.h \
	%reldir%/vfio_user/vfio_user_version.c %reldir%/vfio_user/vfio_user_version.h
LINK_VFIO_USER = libvfio_user.la libguard.la $(LINK_COMMON) $(JSON_LIBS)

dist_noinst_SCRIPTS += \
	%reldir%/analyze.sh \
	%reldir%/bench.sh \
	%reldir%/bench-guest.sh \
	%reldir%/check.sh \
	%reldir%/fuzz.sh \
	%reldir%/install-packages.sh \
	%reldir%/quickstart.sh \
	%reldir%/guest/accel.sh \
	%reldir%/guest/boot.sh \
	%reldir%/guest/boot-uml.sh \
	%reldir%/guest/console.sh \
	%reldir%/guest/get-qemu.sh \
	%reldir%/guest/mkinitrd.sh \
	%reldir%/guest/uml.sh \
	%reldir%/guest/vmlinux.sh
EXTRA_DIST += %reldir%/common.sh

# What the host-side programs are made of, besides their main files.
noinst_LTLIBRARIES += libhost.la
libhost_la_CPPFLAGS = $(AM_CPPFLAGS) -DPLUGINDIR='"$(plugindir)"'
libhost_la_CFLAGS = $(TOOL_CFLAGS) $(GLIB_CFLAGS) $(JSON_CFLAGS)
libhost_la_SOURCES = \
	%reldir%/host_listen.c %reldir%/host_listen.h \
	%reldir%/host_options.c %reldir%/host_options.h \
	%reldir%/host_paths.c %reldir%/host_paths.h \
	%reldir%/host_socket.c %reldir%/host_socket.h \
	%reldir%/plugin_load.c %reldir%/plugin_load.h \
	%reldir%/unblock.c %reldir%/unblock.h \
	%reldir%/vmm_args.c %reldir%/vmm_args.h \
	%reldir%/vmm_run.c %reldir%/vmm_run.h
LINK_HOST = libhost.la $(LINK_SANDBOX) $(GLIB_LIBS) $(JSON_LIBS)

bin_PROGRAMS += pciplug-vfio-user
pciplug_vfio_user_SOURCES = %reldir%/pciplug_vfio_user.c
pciplug_vfio_user_CFLAGS = $(TOOL_CFLAGS) $(GLIB_CFLAGS)
pciplug_vfio_user_LDADD = $(LINK_HOST) $(LINK_VFIO_USER)

bin_PROGRAMS += virtiofs-mount
virtiofs_mount_CFLAGS = $(TOOL_CFLAGS) $(GLIB_CFLAGS)
virtiofs_mount_SOURCES = %reldir%/virtiofs_mount.c
virtiofs_mount_LDADD = libfuse_dev.la $(LINK_SANDBOX) $(LINK_PLUGIN)

bin_PROGRAMS += pciplug-info
pciplug_info_SOURCES = \
	%reldir%/info_device.c %reldir%/info_device.h \
	%reldir%/info_virtio.c %reldir%/info_virtio.h \
	%reldir%/pciplug_info.c
pciplug_info_CFLAGS = $(TOOL_CFLAGS) $(JSON_CFLAGS)
pciplug_info_LDADD = $(LINK_HOST) $(LINK_COMMON)
include %reldir%/bench/local.mk
include %reldir%/lsvirtiofs/local.mk
include %reldir%/sandbox/local.mk
include %reldir%/vhost_user_virtiofs/local.mk
