/* SPDX-License-Identifier: MIT */
/*
 * vmm_args.h - the command line of QEMU, with our functions attached.
 *
 * Each function becomes a vfio-user-pci device.  The device's process needs
 * the guest's memory, so where the command does not choose a memory backend
 * itself one that can be shared is added, as large as the command's -m.
 * QEMU merges repeated -machine options, so that can be appended as well.
 */
#ifndef VMM_ARGS_H
#define VMM_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The size in bytes of -m's argument ("512", "2G", "size=1.5G,slots=2"): MiB
 * without a suffix.  False: not a size.
 */
bool vmm_args_parse_memory(const char *text, uint64_t *ret_bytes);

/*
 * `command` and what attaches the sockets, as a new vector for g_strfreev().
 * NULL: err holds one line for a person.
 */
char **vmm_args_build(char *const *command, char *const *sockets, char *err,
		      size_t err_size);

#endif
