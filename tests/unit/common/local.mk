check_PROGRAMS += test_bytes test_event test_event_fd test_gmem test_gmem_log \
	test_guard test_iov test_log test_marks test_save
TESTS += test_bytes test_event test_event_fd test_gmem test_gmem_log \
	test_guard test_iov test_log test_marks test_save

test_bytes_SOURCES = %reldir%/test_bytes.c
test_bytes_CFLAGS = $(TEST_CFLAGS)
test_bytes_LDADD = $(LINK_COMMON) $(CMOCKA_LIBS)
test_event_SOURCES = %reldir%/test_event.c
test_event_CFLAGS = $(TEST_CFLAGS)
test_event_LDADD = $(LINK_COMMON) $(CMOCKA_LIBS)
test_event_fd_SOURCES = %reldir%/test_event_fd.c
test_event_fd_CFLAGS = $(TEST_CFLAGS)
test_event_fd_LDADD = $(LINK_COMMON) $(CMOCKA_LIBS)
test_gmem_SOURCES = %reldir%/test_gmem.c
test_gmem_CFLAGS = $(TEST_CFLAGS)
test_gmem_LDADD = $(LINK_COMMON) $(CMOCKA_LIBS)
test_gmem_log_SOURCES = %reldir%/test_gmem_log.c
test_gmem_log_CFLAGS = $(TEST_CFLAGS)
test_gmem_log_LDADD = $(LINK_COMMON) $(CMOCKA_LIBS)
test_guard_SOURCES = %reldir%/test_guard.c
test_guard_CFLAGS = $(TEST_CFLAGS)
test_guard_LDADD = libguard.la $(LINK_COMMON) $(CMOCKA_LIBS)
test_iov_SOURCES = %reldir%/test_iov.c
test_iov_CFLAGS = $(TEST_CFLAGS)
test_iov_LDADD = $(LINK_COMMON) $(CMOCKA_LIBS)
test_log_SOURCES = %reldir%/test_log.c
test_log_CFLAGS = $(TEST_CFLAGS)
test_log_LDADD = $(LINK_COMMON) $(CMOCKA_LIBS)
test_marks_SOURCES = %reldir%/test_marks.c
test_marks_CFLAGS = $(TEST_CFLAGS)
test_marks_LDADD = $(LINK_COMMON) $(CMOCKA_LIBS)
test_save_SOURCES = %reldir%/test_save.c
test_save_CFLAGS = $(TEST_CFLAGS)
test_save_LDADD = $(LINK_COMMON) $(CMOCKA_LIBS)
