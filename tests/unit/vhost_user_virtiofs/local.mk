# vhost-user-virtiofs.
check_PROGRAMS += test_vuf_options
TESTS += test_vuf_options
test_vuf_options_SOURCES = %reldir%/test_vuf_options.c
test_vuf_options_CFLAGS = $(TEST_CFLAGS) $(GLIB_CFLAGS)
test_vuf_options_LDADD = $(LINK_VUF) $(CMOCKA_LIBS)

TESTS += %reldir%/test_cli.sh
EXTRA_DIST += %reldir%/test_cli.sh

check_PROGRAMS += test_vuf_share
TESTS += test_vuf_share
test_vuf_share_SOURCES = %reldir%/test_vuf_share.c \
	tests/unit/virtio_vhost_user/front_end.c \
	tests/unit/virtio_vhost_user/front_end_device.c \
	tests/unit/virtio_vhost_user/front_end.h
test_vuf_share_CFLAGS = $(TEST_CFLAGS) $(GLIB_CFLAGS)
test_vuf_share_LDADD = libtest.la $(LINK_VUF) $(CMOCKA_LIBS)

check_PROGRAMS += test_vuf_socket
TESTS += test_vuf_socket
test_vuf_socket_SOURCES = %reldir%/test_vuf_socket.c
test_vuf_socket_CFLAGS = $(TEST_CFLAGS) $(GLIB_CFLAGS)
test_vuf_socket_LDADD = libtest.la $(LINK_VUF) $(CMOCKA_LIBS)
