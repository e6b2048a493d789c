check_PROGRAMS += test_plugin_config
TESTS += test_plugin_config
test_plugin_config_SOURCES = %reldir%/test_plugin_config.c
test_plugin_config_CFLAGS = $(TEST_CFLAGS) $(GLIB_CFLAGS)
test_plugin_config_LDADD = $(LINK_PLUGIN) $(CMOCKA_LIBS)

check_PROGRAMS += test_plugin_folder
TESTS += test_plugin_folder
test_plugin_folder_SOURCES = %reldir%/test_plugin_folder.c
test_plugin_folder_CFLAGS = $(TEST_CFLAGS) $(GLIB_CFLAGS)
test_plugin_folder_LDADD = $(LINK_PLUGIN) $(CMOCKA_LIBS)

check_PROGRAMS += test_plugin_serve
TESTS += test_plugin_serve
test_plugin_serve_SOURCES = %reldir%/test_plugin_serve.c
test_plugin_serve_CFLAGS = $(TEST_CFLAGS) $(GLIB_CFLAGS)
test_plugin_serve_LDADD = $(LINK_PLUGIN) $(CMOCKA_LIBS)
