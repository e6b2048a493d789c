check_PROGRAMS += test_plugin_config
TESTS += test_plugin_config
test_plugin_config_SOURCES = %reldir%/test_plugin_config.c
test_plugin_config_CFLAGS = $(TEST_CFLAGS) $(GLIB_CFLAGS)
test_plugin_config_LDADD = $(LINK_PLUGIN) $(CMOCKA_LIBS)
