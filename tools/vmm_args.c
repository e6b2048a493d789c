/* SPDX-License-Identifier: MIT */
#include "tools/vmm_args.h"

#include "common/bytes.h"

#include <glib.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_MEMORY (128ull << 20)   /* QEMU's own */
#define MEMORY_ALIGN 8192               /* QEMU rounds -m up to this */
#define MEMORY_MAX (1ull << 52)

/* Is this argument the option --NAME or -NAME? */
static bool is_option(const char *arg, const char *name)
{
	return *arg == '-' && !strcmp(arg + 1 + (arg[1] == '-'), name);
}

bool vmm_args_parse_memory(const char *text, uint64_t *ret_bytes)
{
	static const char suffixes[] = "bkmgtp";        /* 1024 to the n-th */
	const char *suffix;
	double value;
	char *end;

	if (g_str_has_prefix(text, "size="))
		text += strlen("size=");
	if (!g_ascii_isdigit(*text))
		return false;
	value = g_ascii_strtod(text, &end);
	if (g_ascii_isalpha(*end)) {
		suffix = strchr(suffixes, g_ascii_tolower(*end++));
		if (!suffix)
			return false;
		for (ptrdiff_t n = suffix - suffixes; n > 0; n--)
			value *= 1024;
	} else {
		value *= 1024 * 1024;
	}
	if ((*end && *end != ',') || value < 1 || value > (double)MEMORY_MAX)
		return false;
	*ret_bytes = align_up((uint64_t)value, MEMORY_ALIGN);
	return true;
}

/* The size by the last -m that gives one. */
static bool memory_size(char *const *command, uint64_t *ret_bytes, char *err,
			size_t err_size)
{
	*ret_bytes = DEFAULT_MEMORY;
	for (; command[0]; command++) {
		const char *value = command[1];

		if (!is_option(command[0], "m") || !value)
			continue;
		/* "-m slots=2,maxmem=4G" changes no size. */
		if (g_str_has_prefix(value, "slots=") ||
		    g_str_has_prefix(value, "maxmem="))
			continue;
		if (!vmm_args_parse_memory(value, ret_bytes)) {
			snprintf(err, err_size,
				 "cannot tell the memory size from '-m %s'; expected a number with K, M, G or T",
				 value);
			return false;
		}
	}
	return true;
}

/* Does the command choose where the guest's memory comes from? */
static bool has_backend(char *const *command)
{
	static const struct {
		const char *option, *text;
	} signs[] = {
		{ "machine", "memory-backend" },
		{ "M", "memory-backend" },
		{ "numa", "memdev" },
		{ "object", "share=on" },
		{ "object", "\"share\"" },
		{ "mem-path", "" },
	};

	for (; command[0] && command[1]; command++)
		for (size_t i = 0; i < ARRAY_LEN(signs); i++)
			if (is_option(command[0], signs[i].option) &&
			    strstr(command[1], signs[i].text))
				return true;
	return false;
}

static void add(GPtrArray *args, const char *option, char *value)
{
	g_ptr_array_add(args, g_strdup(option));
	g_ptr_array_add(args, value);
}

/* -device in JSON, since a path may hold commas. */
static char *device_value(const char *socket)
{
	json_object *device = json_object_new_object();
	json_object *address = json_object_new_object();
	char *text;

	json_object_object_add(address, "type", json_object_new_string("unix"));
	json_object_object_add(address, "path", json_object_new_string(socket));
	json_object_object_add(device, "driver",
			       json_object_new_string("vfio-user-pci"));
	json_object_object_add(device, "socket", address);
	text = g_strdup(json_object_to_json_string_ext(
		device, JSON_C_TO_STRING_PLAIN |
			JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(device);
	return text;
}

char **vmm_args_build(char *const *command, char *const *sockets, char *err,
		      size_t err_size)
{
	GPtrArray *args;
	uint64_t size;

	if (!memory_size(command, &size, err, err_size))
		return NULL;
	args = g_ptr_array_new();
	for (char *const *arg = command; *arg; arg++)
		g_ptr_array_add(args, g_strdup(*arg));
	if (!has_backend(command)) {
		add(args, "-object",
		    g_strdup_printf("memory-backend-memfd,id=pciplug-ram,size=%llu,share=on",
				    (unsigned long long)size));
		add(args, "-machine", g_strdup("memory-backend=pciplug-ram"));
	}
	for (; *sockets; sockets++)
		add(args, "-device", device_value(*sockets));
	g_ptr_array_add(args, NULL);
	return (char **)g_ptr_array_free(args, FALSE);
}
