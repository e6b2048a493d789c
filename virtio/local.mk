noinst_LTLIBRARIES += libvirtio.la
libvirtio_la_CFLAGS = $(STRICT_CFLAGS)
libvirtio_la_SOURCES = \
	%reldir%/virtio_area.c %reldir%/virtio_area.h \
	%reldir%/virtio_core.c %reldir%/virtio_core.h \
	%reldir%/virtio_core_internal.h \
	%reldir%/virtio_core_save.c \
	%reldir%/virtio_core_vring.c \
	%reldir%/virtio_core_work.c \
	%reldir%/virtio_device.h \
	%reldir%/virtio_helpers.c %reldir%/virtio_helpers.h \
	%reldir%/virtio_job.c %reldir%/virtio_job.h \
	%reldir%/virtio_packed.c \
	%reldir%/virtio_poll.c %reldir%/virtio_poll.h \
	%reldir%/virtio_queue.c %reldir%/virtio_queue.h \
	%reldir%/virtio_queue_save.c \
	%reldir%/virtio_request.c %reldir%/virtio_request.h \
	%reldir%/virtio_ring.h \
	%reldir%/virtio_spec.h \
	%reldir%/virtio_split.c \
	%reldir%/virtio_thread.c %reldir%/virtio_thread.h \
	%reldir%/virtio_worker.c %reldir%/virtio_worker.h

include virtio/pci/local.mk
include virtio/vhost_user/local.mk
include virtio/fs/local.mk
