pci_tests = \
	test_pci_bar \
	test_pci_cap \
	test_pci_config \
	test_pci_function \
	test_pci_intx \
	test_pci_msix \
	test_pci_spec
check_PROGRAMS += $(pci_tests)
TESTS += $(pci_tests)

test_pci_bar_SOURCES = %reldir%/test_pci_bar.c
test_pci_bar_CFLAGS = $(TEST_CFLAGS)
test_pci_bar_LDADD = $(LINK_PCI) $(CMOCKA_LIBS)

test_pci_cap_SOURCES = %reldir%/test_pci_cap.c
test_pci_cap_CFLAGS = $(TEST_CFLAGS)
test_pci_cap_LDADD = $(LINK_PCI) $(CMOCKA_LIBS)

test_pci_config_SOURCES = %reldir%/test_pci_config.c
test_pci_config_CFLAGS = $(TEST_CFLAGS)
test_pci_config_LDADD = $(LINK_PCI) $(CMOCKA_LIBS)

test_pci_function_SOURCES = %reldir%/test_pci_function.c
test_pci_function_CFLAGS = $(TEST_CFLAGS)
test_pci_function_LDADD = libtest.la $(LINK_PCI) $(CMOCKA_LIBS)

test_pci_intx_SOURCES = %reldir%/test_pci_intx.c
test_pci_intx_CFLAGS = $(TEST_CFLAGS)
test_pci_intx_LDADD = $(LINK_PCI) $(CMOCKA_LIBS)

test_pci_msix_SOURCES = %reldir%/test_pci_msix.c
test_pci_msix_CFLAGS = $(TEST_CFLAGS)
test_pci_msix_LDADD = $(LINK_PCI) $(CMOCKA_LIBS)

test_pci_spec_SOURCES = %reldir%/test_pci_spec.c
test_pci_spec_CFLAGS = $(TEST_CFLAGS)
test_pci_spec_LDADD = $(LINK_PCI) $(CMOCKA_LIBS)
