VHOST_USER_FRONT_END = %reldir%/front_end.c %reldir%/front_end_device.c \
	%reldir%/front_end.h
VHOST_USER_TESTS = \
	test_vhost_user \
	test_vhost_user_log \
	test_vhost_user_memory \
	test_vhost_user_msg \
	test_vhost_user_pause \
	test_vhost_user_request \
	test_vhost_user_ring \
	test_vhost_user_state
check_PROGRAMS += $(VHOST_USER_TESTS)
TESTS += $(VHOST_USER_TESTS)

test_vhost_user_SOURCES = %reldir%/test_vhost_user.c \
	$(VHOST_USER_FRONT_END)
test_vhost_user_CFLAGS = $(TEST_CFLAGS)
test_vhost_user_LDADD = libtest.la $(LINK_VHOST_USER) $(CMOCKA_LIBS)

test_vhost_user_log_SOURCES = %reldir%/test_vhost_user_log.c \
	$(VHOST_USER_FRONT_END)
test_vhost_user_log_CFLAGS = $(TEST_CFLAGS)
test_vhost_user_log_LDADD = libtest.la $(LINK_VHOST_USER) $(CMOCKA_LIBS)

test_vhost_user_memory_SOURCES = %reldir%/test_vhost_user_memory.c \
	$(VHOST_USER_FRONT_END)
test_vhost_user_memory_CFLAGS = $(TEST_CFLAGS)
test_vhost_user_memory_LDADD = libtest.la $(LINK_VHOST_USER) $(CMOCKA_LIBS)

test_vhost_user_msg_SOURCES = %reldir%/test_vhost_user_msg.c \
	$(VHOST_USER_FRONT_END)
test_vhost_user_msg_CFLAGS = $(TEST_CFLAGS)
test_vhost_user_msg_LDADD = libtest.la $(LINK_VHOST_USER) $(CMOCKA_LIBS)

test_vhost_user_pause_SOURCES = %reldir%/test_vhost_user_pause.c \
	$(VHOST_USER_FRONT_END)
test_vhost_user_pause_CFLAGS = $(TEST_CFLAGS)
test_vhost_user_pause_LDADD = libtest.la $(LINK_VHOST_USER) $(CMOCKA_LIBS)

test_vhost_user_request_SOURCES = %reldir%/test_vhost_user_request.c \
	$(VHOST_USER_FRONT_END)
test_vhost_user_request_CFLAGS = $(TEST_CFLAGS)
test_vhost_user_request_LDADD = libtest.la $(LINK_VHOST_USER) $(CMOCKA_LIBS)

test_vhost_user_ring_SOURCES = %reldir%/test_vhost_user_ring.c \
	$(VHOST_USER_FRONT_END)
test_vhost_user_ring_CFLAGS = $(TEST_CFLAGS)
test_vhost_user_ring_LDADD = libtest.la $(LINK_VHOST_USER) $(CMOCKA_LIBS)

test_vhost_user_state_SOURCES = %reldir%/test_vhost_user_state.c \
	$(VHOST_USER_FRONT_END)
test_vhost_user_state_CFLAGS = $(TEST_CFLAGS)
test_vhost_user_state_LDADD = libtest.la $(LINK_VHOST_USER) $(CMOCKA_LIBS)
