/* SPDX-License-Identifier: MIT */
/*
 * lsv_check.h - a virtio-fs function against the specification.
 */
#ifndef LSV_CHECK_H
#define LSV_CHECK_H

#include "tools/lsvirtiofs/lsv_regs.h"

/* Gets one violation: a sentence without newline, valid during the call. */
typedef void (*lsv_report)(void *ctx, const char *violation);

/* Check identity, BARs and capabilities.  Returns the number of violations. */
unsigned lsv_check_config(const struct lsv_config *config, lsv_report report,
			  void *ctx);

/* Check registers, queues and the tag.  Returns the number of violations. */
unsigned lsv_check_regs(const struct lsv_config *config,
			const struct lsv_regs *regs, lsv_report report,
			void *ctx);

#endif
