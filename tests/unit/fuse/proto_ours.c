/* SPDX-License-Identifier: MIT */
/* The protocol as fuse_proto.h has it. */
#include "fuse/fuse_proto.h"

#define TABLE proto_ours
#include "tests/unit/fuse/proto_table.h"
