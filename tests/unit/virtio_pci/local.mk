VIRTIO_PCI_TESTS = \
	test_virtio_pci \
	test_virtio_pci_cfg \
	test_virtio_pci_interrupt \
	test_virtio_pci_notify \
	test_virtio_pci_regs \
	test_virtio_pci_save \
	test_virtio_pci_spec
check_PROGRAMS += $(VIRTIO_PCI_TESTS) lspci_dump
TESTS += $(VIRTIO_PCI_TESTS) %reldir%/lspci.sh
EXTRA_DIST += %reldir%/lspci.sh %reldir%/lspci.expected

test_virtio_pci_SOURCES = %reldir%/test_virtio_pci.c \
	%reldir%/pci_fixture.c %reldir%/pci_fixture.h
test_virtio_pci_CFLAGS = $(TEST_CFLAGS)
test_virtio_pci_LDADD = libtest.la $(LINK_VIRTIO_PCI) $(CMOCKA_LIBS)

test_virtio_pci_cfg_SOURCES = %reldir%/test_virtio_pci_cfg.c \
	%reldir%/pci_fixture.c %reldir%/pci_fixture.h
test_virtio_pci_cfg_CFLAGS = $(TEST_CFLAGS)
test_virtio_pci_cfg_LDADD = libtest.la $(LINK_VIRTIO_PCI) $(CMOCKA_LIBS)

test_virtio_pci_interrupt_SOURCES = %reldir%/test_virtio_pci_interrupt.c \
	%reldir%/pci_fixture.c %reldir%/pci_fixture.h
test_virtio_pci_interrupt_CFLAGS = $(TEST_CFLAGS)
test_virtio_pci_interrupt_LDADD = libtest.la $(LINK_VIRTIO_PCI) $(CMOCKA_LIBS)

test_virtio_pci_notify_SOURCES = %reldir%/test_virtio_pci_notify.c \
	%reldir%/pci_fixture.c %reldir%/pci_fixture.h
test_virtio_pci_notify_CFLAGS = $(TEST_CFLAGS)
test_virtio_pci_notify_LDADD = libtest.la $(LINK_VIRTIO_PCI) $(CMOCKA_LIBS)

test_virtio_pci_regs_SOURCES = %reldir%/test_virtio_pci_regs.c \
	%reldir%/pci_fixture.c %reldir%/pci_fixture.h
test_virtio_pci_regs_CFLAGS = $(TEST_CFLAGS)
test_virtio_pci_regs_LDADD = libtest.la $(LINK_VIRTIO_PCI) $(CMOCKA_LIBS)

test_virtio_pci_save_SOURCES = %reldir%/test_virtio_pci_save.c \
	%reldir%/pci_fixture.c %reldir%/pci_fixture.h
test_virtio_pci_save_CFLAGS = $(TEST_CFLAGS)
test_virtio_pci_save_LDADD = libtest.la $(LINK_VIRTIO_PCI) $(CMOCKA_LIBS)

test_virtio_pci_spec_SOURCES = %reldir%/test_virtio_pci_spec.c
test_virtio_pci_spec_CFLAGS = $(TEST_CFLAGS)
test_virtio_pci_spec_LDADD = $(CMOCKA_LIBS)

lspci_dump_SOURCES = %reldir%/lspci_dump.c \
	%reldir%/pci_fixture.c %reldir%/pci_fixture.h
lspci_dump_CFLAGS = $(TEST_CFLAGS)
lspci_dump_LDADD = libtest.la $(LINK_VIRTIO_PCI) $(CMOCKA_LIBS)
