# The file system and the guest of these tests.
FUSE_BENCH = %reldir%/bench.c %reldir%/fake_fs.c %reldir%/fake_fs.h

check_PROGRAMS += test_fuse_dirent
TESTS += test_fuse_dirent
test_fuse_dirent_SOURCES = %reldir%/test_dirent.c
test_fuse_dirent_CFLAGS = $(TEST_CFLAGS)
test_fuse_dirent_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_dispatch
TESTS += test_fuse_dispatch
test_fuse_dispatch_SOURCES = %reldir%/test_dispatch.c $(FUSE_BENCH)
test_fuse_dispatch_CFLAGS = $(TEST_CFLAGS)
test_fuse_dispatch_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_dispatch_more
TESTS += test_fuse_dispatch_more
test_fuse_dispatch_more_SOURCES = %reldir%/test_dispatch_more.c $(FUSE_BENCH)
test_fuse_dispatch_more_CFLAGS = $(TEST_CFLAGS)
test_fuse_dispatch_more_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_extension
TESTS += test_fuse_extension
test_fuse_extension_SOURCES = %reldir%/test_extension.c $(FUSE_BENCH)
test_fuse_extension_CFLAGS = $(TEST_CFLAGS)
test_fuse_extension_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_gate
TESTS += test_fuse_gate
test_fuse_gate_SOURCES = %reldir%/test_gate.c
test_fuse_gate_CFLAGS = $(TEST_CFLAGS)
test_fuse_gate_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_init
TESTS += test_fuse_init
test_fuse_init_SOURCES = %reldir%/test_init.c $(FUSE_BENCH)
test_fuse_init_CFLAGS = $(TEST_CFLAGS)
test_fuse_init_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_line
TESTS += test_fuse_line
test_fuse_line_SOURCES = %reldir%/test_line.c
test_fuse_line_CFLAGS = $(TEST_CFLAGS)
test_fuse_line_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_name
TESTS += test_fuse_name
test_fuse_name_SOURCES = %reldir%/test_name.c
test_fuse_name_CFLAGS = $(TEST_CFLAGS)
test_fuse_name_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_pace
TESTS += test_fuse_pace
test_fuse_pace_SOURCES = %reldir%/test_pace.c
test_fuse_pace_CFLAGS = $(TEST_CFLAGS)
test_fuse_pace_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_proto
TESTS += test_fuse_proto
test_fuse_proto_SOURCES = %reldir%/test_proto.c \
	%reldir%/proto_linux.c %reldir%/proto_ours.c %reldir%/proto_table.h
test_fuse_proto_CFLAGS = $(TEST_CFLAGS)
test_fuse_proto_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_reply
TESTS += test_fuse_reply
test_fuse_reply_SOURCES = %reldir%/test_reply.c $(FUSE_BENCH)
test_fuse_reply_CFLAGS = $(TEST_CFLAGS)
test_fuse_reply_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_request
TESTS += test_fuse_request
test_fuse_request_SOURCES = %reldir%/test_request.c $(FUSE_BENCH)
test_fuse_request_CFLAGS = $(TEST_CFLAGS)
test_fuse_request_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_said
TESTS += test_fuse_said
test_fuse_said_SOURCES = %reldir%/test_said.c $(FUSE_BENCH)
test_fuse_said_CFLAGS = $(TEST_CFLAGS)
test_fuse_said_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_session
TESTS += test_fuse_session
test_fuse_session_SOURCES = %reldir%/test_session.c $(FUSE_BENCH)
test_fuse_session_CFLAGS = $(TEST_CFLAGS)
test_fuse_session_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_trace
TESTS += test_fuse_trace
test_fuse_trace_SOURCES = %reldir%/test_trace.c $(FUSE_BENCH)
test_fuse_trace_CFLAGS = $(TEST_CFLAGS)
test_fuse_trace_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_turn
TESTS += test_fuse_turn
test_fuse_turn_SOURCES = %reldir%/test_turn.c $(FUSE_BENCH)
test_fuse_turn_CFLAGS = $(TEST_CFLAGS)
test_fuse_turn_LDADD = $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_wait
TESTS += test_fuse_wait
test_fuse_wait_SOURCES = %reldir%/test_wait.c
test_fuse_wait_CFLAGS = $(TEST_CFLAGS)
test_fuse_wait_LDADD = libtest.la $(LINK_FUSE) $(CMOCKA_LIBS)

check_PROGRAMS += test_fuse_session_save
TESTS += test_fuse_session_save
test_fuse_session_save_SOURCES = %reldir%/test_session_save.c $(FUSE_BENCH)
test_fuse_session_save_CFLAGS = $(TEST_CFLAGS)
test_fuse_session_save_LDADD = libtest.la $(LINK_FUSE) $(CMOCKA_LIBS)
