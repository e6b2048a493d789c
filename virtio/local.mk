noinst_LTLIBRARIES += libvirtio.la
libvirtio_la_CFLAGS = $(STRICT_CFLAGS)
libvirtio_la_SOURCES = \
	%reldir%/virtio_core.h \
	%reldir%/virtio_device.h

include virtio/pci/local.mk
include virtio/fs/local.mk
