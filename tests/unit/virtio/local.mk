VIRTIO_TESTS = test_virtio_core test_virtio_core_image test_virtio_core_save \
	test_virtio_helpers test_virtio_job test_virtio_logging \
	test_virtio_packed \
	test_virtio_nap test_virtio_packed_hostile test_virtio_parking test_virtio_poll \
	test_virtio_queue test_virtio_request test_virtio_split \
	test_virtio_vring test_virtio_worker
check_PROGRAMS += $(VIRTIO_TESTS)
TESTS += $(VIRTIO_TESTS)

test_virtio_core_SOURCES = %reldir%/test_core.c %reldir%/core_fixture.h
test_virtio_core_CFLAGS = $(TEST_CFLAGS)
test_virtio_core_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_core_image_SOURCES = %reldir%/test_core_image.c \
	%reldir%/core_fixture.h %reldir%/save_fixture.h
test_virtio_core_image_CFLAGS = $(TEST_CFLAGS)
test_virtio_core_image_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_core_save_SOURCES = %reldir%/test_core_save.c \
	%reldir%/core_fixture.h %reldir%/save_fixture.h
test_virtio_core_save_CFLAGS = $(TEST_CFLAGS)
test_virtio_core_save_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_helpers_SOURCES = %reldir%/test_helpers.c
test_virtio_helpers_CFLAGS = $(TEST_CFLAGS)
test_virtio_helpers_LDADD = $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_job_SOURCES = %reldir%/test_job.c %reldir%/core_fixture.h
test_virtio_job_CFLAGS = $(TEST_CFLAGS)
test_virtio_job_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_logging_SOURCES = %reldir%/test_logging.c %reldir%/ring_fixture.h
test_virtio_logging_CFLAGS = $(TEST_CFLAGS)
test_virtio_logging_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_nap_SOURCES = %reldir%/test_nap.c %reldir%/core_fixture.h
test_virtio_nap_CFLAGS = $(TEST_CFLAGS)
test_virtio_nap_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)
test_virtio_nap_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=epoll_wait

test_virtio_packed_SOURCES = %reldir%/test_packed.c %reldir%/ring_fixture.h
test_virtio_packed_CFLAGS = $(TEST_CFLAGS)
test_virtio_packed_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_packed_hostile_SOURCES = %reldir%/test_packed_hostile.c \
	%reldir%/ring_fixture.h
test_virtio_packed_hostile_CFLAGS = $(TEST_CFLAGS)
test_virtio_packed_hostile_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_parking_SOURCES = %reldir%/test_parking.c %reldir%/core_fixture.h
test_virtio_parking_CFLAGS = $(TEST_CFLAGS)
test_virtio_parking_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_poll_SOURCES = %reldir%/test_poll.c
test_virtio_poll_CFLAGS = $(TEST_CFLAGS)
test_virtio_poll_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_queue_SOURCES = %reldir%/test_queue.c %reldir%/ring_fixture.h
test_virtio_queue_CFLAGS = $(TEST_CFLAGS)
test_virtio_queue_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_request_SOURCES = %reldir%/test_request.c %reldir%/ring_fixture.h
test_virtio_request_CFLAGS = $(TEST_CFLAGS)
test_virtio_request_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_split_SOURCES = %reldir%/test_split.c %reldir%/ring_fixture.h
test_virtio_split_CFLAGS = $(TEST_CFLAGS)
test_virtio_split_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_worker_SOURCES = %reldir%/test_worker.c %reldir%/core_fixture.h
test_virtio_worker_CFLAGS = $(TEST_CFLAGS)
test_virtio_worker_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
test_virtio_worker_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)

test_virtio_vring_SOURCES = %reldir%/test_vring.c %reldir%/core_fixture.h
test_virtio_vring_CFLAGS = $(TEST_CFLAGS)
test_virtio_vring_LDADD = libtest.la $(LINK_VIRTIO) $(CMOCKA_LIBS)
