/* SPDX-License-Identifier: MIT */
/* The protocol as the installed kernel headers have it. */
#include <linux/fuse.h>

#define TABLE proto_linux
#include "tests/unit/fuse/proto_table.h"
