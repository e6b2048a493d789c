noinst_LTLIBRARIES += libpci.la
libpci_la_CFLAGS = $(STRICT_CFLAGS)
libpci_la_SOURCES = \
	%reldir%/pci_bar.c %reldir%/pci_bar.h \
	%reldir%/pci_cap.c %reldir%/pci_cap.h \
	%reldir%/pci_config.c %reldir%/pci_config.h \
	%reldir%/pci_function.c %reldir%/pci_function.h \
	%reldir%/pci_intx.c %reldir%/pci_intx.h \
	%reldir%/pci_msix.c %reldir%/pci_msix.h \
	%reldir%/pci_spec.h
