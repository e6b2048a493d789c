noinst_LTLIBRARIES += libvirtio_pci.la
libvirtio_pci_la_CFLAGS = $(STRICT_CFLAGS)
libvirtio_pci_la_SOURCES = \
	%reldir%/virtio_pci.h
