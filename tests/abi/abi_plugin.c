/* SPDX-License-Identifier: MIT */
/*
 * A plugin that was built with another header than today's: the real one
 * (ABI_PLUGIN_REAL in the environment) behind a table and a copy of the host's
 * table that have the size of that header.  It is compiled with each header in
 * turn.  Behind its table there is poison: a host that reads on finds pointers
 * that are not there.
 */
#include "include/pciplug.h"

#include "common/bytes.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct {
	struct pciplug_plugin table;
	uint64_t poison[8];
} mine;

static const struct pciplug_plugin *real;

static int create(const struct pciplug_host *host, const char *config,
		  char *err, size_t err_size, struct pciplug_device **out)
{
	struct pciplug_host copy = { 0 };

	memcpy(&copy, host, MIN(host->size, sizeof(copy)));
	copy.size = sizeof(copy);
#ifdef ABI_FUTURE
	if (copy.future_call && copy.future_call(copy.ctx))
		return -EPROTO;
#endif
	return real->create(&copy, config, err, err_size, out);
}

#ifdef ABI_FUTURE
static int future_op(struct pciplug_device *dev)
{
	return dev ? 42 : -EINVAL;
}
#endif

const struct pciplug_plugin *pciplug_entry_v1(void)
{
	const struct pciplug_plugin *(*entry)(void);
	const char *path = getenv("ABI_PLUGIN_REAL");
	void *handle = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;

	if (!handle)
		return NULL;
	*(void **)&entry = dlsym(handle, PCIPLUG_ENTRY_V1);
	real = entry();
	memset(&mine, 0xee, sizeof(mine));
	memset(&mine.table, 0, sizeof(mine.table));
	memcpy(&mine.table, real, MIN(real->size, sizeof(mine.table)));
	mine.table.size = sizeof(mine.table);
	mine.table.create = create;
#ifdef ABI_FUTURE
	mine.table.future_op = future_op;
#endif
	return &mine.table;
}
