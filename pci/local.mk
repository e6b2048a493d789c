noinst_LTLIBRARIES += libpci.la
libpci_la_CFLAGS = $(STRICT_CFLAGS)
libpci_la_SOURCES =
