# The vfio-user server, and the host-side programs.
check_LTLIBRARIES += libtest_vfio_user.la
libtest_vfio_user_la_CFLAGS = $(TEST_CFLAGS)
libtest_vfio_user_la_SOURCES = \
	%reldir%/client.c %reldir%/client.h \
	%reldir%/fake_plugin.c %reldir%/fake_plugin.h
LINK_TEST_VFIO_USER = libtest_vfio_user.la $(LINK_VFIO_USER) $(CMOCKA_LIBS)

vfio_user_tests = test_vfio_conn test_vfio_device test_vfio_dma \
	test_vfio_hostile test_vfio_irq test_vfio_msg test_vfio_version
check_PROGRAMS += $(vfio_user_tests)
TESTS += $(vfio_user_tests)

test_vfio_conn_SOURCES = %reldir%/test_conn.c
test_vfio_conn_CFLAGS = $(TEST_CFLAGS)
test_vfio_conn_LDADD = $(LINK_TEST_VFIO_USER)
test_vfio_device_SOURCES = %reldir%/test_device.c
test_vfio_device_CFLAGS = $(TEST_CFLAGS)
test_vfio_device_LDADD = $(LINK_TEST_VFIO_USER)
test_vfio_dma_SOURCES = %reldir%/test_dma.c
test_vfio_dma_CFLAGS = $(TEST_CFLAGS)
test_vfio_dma_LDADD = $(LINK_TEST_VFIO_USER)
test_vfio_hostile_SOURCES = %reldir%/test_hostile.c
test_vfio_hostile_CFLAGS = $(TEST_CFLAGS)
test_vfio_hostile_LDADD = $(LINK_TEST_VFIO_USER)
test_vfio_irq_SOURCES = %reldir%/test_irq.c
test_vfio_irq_CFLAGS = $(TEST_CFLAGS)
test_vfio_irq_LDADD = $(LINK_TEST_VFIO_USER)
test_vfio_msg_SOURCES = %reldir%/test_msg.c
test_vfio_msg_CFLAGS = $(TEST_CFLAGS)
test_vfio_msg_LDADD = $(LINK_TEST_VFIO_USER)
test_vfio_version_SOURCES = %reldir%/test_version.c
test_vfio_version_CFLAGS = $(TEST_CFLAGS) $(JSON_CFLAGS)
test_vfio_version_LDADD = $(LINK_VFIO_USER) $(CMOCKA_LIBS)

check_PROGRAMS += test_host test_host_listen test_vfio_server
TESTS += test_host test_host_listen test_vfio_server
test_host_SOURCES = %reldir%/test_host.c
test_host_CFLAGS = $(TEST_CFLAGS) $(GLIB_CFLAGS)
test_host_LDADD = $(LINK_HOST) $(LINK_TEST_VFIO_USER)
test_host_listen_SOURCES = %reldir%/test_host_listen.c
test_host_listen_CFLAGS = $(TEST_CFLAGS)
test_host_listen_LDADD = $(LINK_HOST) $(CMOCKA_LIBS)
test_vfio_server_SOURCES = %reldir%/test_server.c
test_vfio_server_CFLAGS = $(TEST_CFLAGS)
test_vfio_server_LDADD = $(LINK_HOST) $(LINK_TEST_VFIO_USER)

TESTS += %reldir%/test_cli.sh
EXTRA_DIST += %reldir%/test_cli.sh
