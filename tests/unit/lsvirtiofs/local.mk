# A sound function that the tests spoil.
LSV_FAKE = %reldir%/fake_function.c %reldir%/fake_function.h
LSV_CFLAGS = $(TEST_CFLAGS) $(JSON_CFLAGS)
LSV_LDADD = $(LINK_LSVIRTIOFS) $(CMOCKA_LIBS)

check_PROGRAMS += test_lsv_config
TESTS += test_lsv_config
test_lsv_config_SOURCES = %reldir%/test_lsv_config.c $(LSV_FAKE)
test_lsv_config_CFLAGS = $(LSV_CFLAGS)
test_lsv_config_LDADD = $(LSV_LDADD)

check_PROGRAMS += test_lsv_regs
TESTS += test_lsv_regs
test_lsv_regs_SOURCES = %reldir%/test_lsv_regs.c $(LSV_FAKE)
test_lsv_regs_CFLAGS = $(LSV_CFLAGS)
test_lsv_regs_LDADD = $(LSV_LDADD)

check_PROGRAMS += test_lsv_check
TESTS += test_lsv_check
test_lsv_check_SOURCES = %reldir%/test_lsv_check.c $(LSV_FAKE)
test_lsv_check_CFLAGS = $(LSV_CFLAGS)
test_lsv_check_LDADD = $(LSV_LDADD)

check_PROGRAMS += test_lsv_report
TESTS += test_lsv_report
test_lsv_report_SOURCES = %reldir%/test_lsv_report.c $(LSV_FAKE)
test_lsv_report_CFLAGS = $(LSV_CFLAGS)
test_lsv_report_LDADD = $(LSV_LDADD)
