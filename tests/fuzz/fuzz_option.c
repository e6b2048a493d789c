/* SPDX-License-Identifier: MIT */
/* The text of a share: TAG:ROOT[,OPTION...] or JSON. */
#include "plugin/plugin_config.h"
#include "tests/fuzz/fuzz.h"

static void use(const struct plugin_config *config)
{
	struct vfs_folder folder;
	char *text = plugin_config_describe(config);

	fuzz_must(text && config->tag && *config->tag);
	fuzz_must(strlen(config->tag) <= 36);
	fuzz_must(config->queues >= 1 && config->queues <= 63);
	for (guint i = 0; plugin_config_folder(config, i, &folder); i++)
		fuzz_must(folder.root);
	g_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = g_strndup((const char *)data, size);
	struct plugin_config config;
	GError *error = NULL;

	if (plugin_config_parse(text, &config, &error)) {
		fuzz_must(!error);
		use(&config);
	} else {
		/* One line, for a person. */
		fuzz_must(error && *error->message);
		g_error_free(error);
	}
	plugin_config_done(&config);
	g_free(text);
	return 0;
}
