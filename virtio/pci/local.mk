noinst_LTLIBRARIES += libvirtio_pci.la
libvirtio_pci_la_CFLAGS = $(STRICT_CFLAGS)
libvirtio_pci_la_SOURCES = \
	%reldir%/virtio_pci.c %reldir%/virtio_pci.h \
	%reldir%/virtio_pci_cfg.c \
	%reldir%/virtio_pci_internal.h \
	%reldir%/virtio_pci_interrupt.c \
	%reldir%/virtio_pci_notify.c \
	%reldir%/virtio_pci_regs.c \
	%reldir%/virtio_pci_save.c \
	%reldir%/virtio_pci_spec.h
