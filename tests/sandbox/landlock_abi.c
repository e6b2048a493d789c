/* SPDX-License-Identifier: MIT */
/* Exits with 0 where the kernel's Landlock serves for files, else with 1. */
#include "tools/sandbox/sandbox_landlock.h"

int main(void)
{
	return !sandbox_landlock_has_files();
}
