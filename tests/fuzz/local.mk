# Fuzz targets: fuzzers with --enable-fuzz, else programs that run files.  The
# corpora are run by make check in either case.
fuzz_targets = fuzz_fuse fuzz_option fuzz_pci fuzz_ring fuzz_state \
	fuzz_vfio_user fuzz_vhost_user fuzz_xattr
check_PROGRAMS += $(fuzz_targets)
TESTS += %reldir%/replay.sh
EXTRA_DIST += %reldir%/replay.sh %reldir%/corpus

FUZZ_SOURCES = %reldir%/fuzz.h
if !FUZZ
FUZZ_SOURCES += %reldir%/fuzz_replay.c
endif
FUZZ_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
FUZZ_LINK = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

fuzz_fuse_SOURCES = %reldir%/fuzz_fuse.c %reldir%/fuzz_fuse_message.c \
	%reldir%/fuzz_fuse_message.h $(FUZZ_SOURCES)
fuzz_fuse_CFLAGS = $(FUZZ_CFLAGS)
fuzz_fuse_LDFLAGS = $(FUZZ_LINK)
fuzz_fuse_LDADD = libtest.la $(LINK_VIRTIO_FS)
fuzz_option_SOURCES = %reldir%/fuzz_option.c $(FUZZ_SOURCES)
fuzz_option_CFLAGS = $(FUZZ_CFLAGS)
fuzz_option_LDFLAGS = $(FUZZ_LINK)
fuzz_option_LDADD = $(LINK_PLUGIN)
fuzz_pci_SOURCES = %reldir%/fuzz_pci.c plugin/plugin.c $(FUZZ_SOURCES)
fuzz_pci_CFLAGS = $(FUZZ_CFLAGS)
fuzz_pci_LDFLAGS = $(FUZZ_LINK)
fuzz_pci_LDADD = libtest.la $(LINK_PLUGIN)
fuzz_ring_SOURCES = %reldir%/fuzz_ring.c $(FUZZ_SOURCES)
fuzz_ring_CFLAGS = $(FUZZ_CFLAGS)
fuzz_ring_LDFLAGS = $(FUZZ_LINK)
fuzz_ring_LDADD = $(LINK_VIRTIO)
fuzz_state_SOURCES = %reldir%/fuzz_state.c %reldir%/fuzz_image.c \
	%reldir%/fuzz_image.h plugin/plugin.c $(FUZZ_SOURCES)
fuzz_state_CFLAGS = $(FUZZ_CFLAGS)
fuzz_state_LDFLAGS = $(FUZZ_LINK)
fuzz_state_LDADD = libtest.la $(LINK_PLUGIN)
fuzz_vfio_user_SOURCES = %reldir%/fuzz_vfio_user.c %reldir%/fuzz_socket.c \
	%reldir%/fuzz_socket.h plugin/plugin.c $(FUZZ_SOURCES)
fuzz_vfio_user_CFLAGS = $(FUZZ_CFLAGS)
fuzz_vfio_user_LDFLAGS = $(FUZZ_LINK)
fuzz_vfio_user_LDADD = libtest.la libvfio_user.la libguard.la \
	$(LINK_PLUGIN)
fuzz_vhost_user_SOURCES = %reldir%/fuzz_vhost_user.c %reldir%/fuzz_socket.c \
	%reldir%/fuzz_socket.h $(FUZZ_SOURCES)
fuzz_vhost_user_CFLAGS = $(FUZZ_CFLAGS)
fuzz_vhost_user_LDFLAGS = $(FUZZ_LINK)
fuzz_vhost_user_LDADD = $(LINK_VHOST_USER)
fuzz_xattr_SOURCES = %reldir%/fuzz_xattr.c $(FUZZ_SOURCES)
fuzz_xattr_CFLAGS = $(FUZZ_CFLAGS)
fuzz_xattr_LDFLAGS = $(FUZZ_LINK)
fuzz_xattr_LDADD = $(LINK_VIRTIO_FS)
