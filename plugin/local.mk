# virtiofs.so, to be found by dlopen() in $(libdir)/pciplug.
pciplugdir = $(libdir)/pciplug
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = plugin/pciplug.pc
