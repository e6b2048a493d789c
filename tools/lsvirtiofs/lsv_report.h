/* SPDX-License-Identifier: MIT */
/*
 * lsv_report.h - all that is known of one function, as text and as JSON.
 */
#ifndef LSV_REPORT_H
#define LSV_REPORT_H

#include "tools/lsvirtiofs/lsv_regs.h"

#include <json-c/json.h>
#include <stdio.h>

struct lsv_report_data {
	char slot[32];                  /* 0000:00:03.0 */
	const struct lsv_config *config;
	const struct lsv_regs *regs;    /* NULL: they cannot be read */
	const struct lsv_vector *vectors;
	unsigned n_vectors;             /* 0: the table cannot be mapped */
};

/* Write it for people. */
void lsv_report_text(FILE *out, const struct lsv_report_data *data);

/* As an object, which the caller puts. */
struct json_object *lsv_report_json(const struct lsv_report_data *data);

#endif
