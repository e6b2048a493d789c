/* SPDX-License-Identifier: MIT */
/*
 * fuzz_replay.c - a fuzz target without a fuzzer: runs each of the files that
 * it is given once.  Exit status 1: a file cannot be read.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define INPUT_MAX (1u << 20)

/* In a block of exactly its size, so that a sanitizer sees what is beyond. */
static bool run_file(const char *path)
{
	static uint8_t buf[INPUT_MAX];
	FILE *file = fopen(path, "re");
	uint8_t *input;
	size_t size;

	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	size = fread(buf, 1, sizeof(buf), file);
	fclose(file);
	input = malloc(size ? size : 1);
	if (!input)
		abort();
	memcpy(input, buf, size);
	LLVMFuzzerTestOneInput(input, size);
	free(input);
	return true;
}

int main(int argc, char **argv)
{
	bool good = argc > 1;

	if (!good)
		fprintf(stderr, "usage: %s FILE...\n", argv[0]);
	for (int i = 1; i < argc; i++)
		good = run_file(argv[i]) && good;
	return good ? 0 : 1;
}
