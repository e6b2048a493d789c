/* SPDX-License-Identifier: MIT */
/* lx_async_none.c - built without liburing: there are no rings. */
#include "lxutil/lx_async.h"

int lx_reserve_new(unsigned count, struct lx_reserve **ret_reserve)
{
	(void)count;
	(void)ret_reserve;
	return -LX_EOPNOTSUPP;
}

void lx_reserve_free(struct lx_reserve *reserve)
{
	(void)reserve;
}

/* Nobody has one to call the others with. */

int lx_async_new(struct lx_reserve *reserve, struct event *event,
		 struct lx_async **ret_async)
{
	(void)reserve;
	(void)event;
	(void)ret_async;
	return -LX_EOPNOTSUPP;
}

void lx_async_free(struct lx_async *async)
{
	(void)async;
}

bool lx_async_add(struct lx_async *async, struct lx_io *io)
{
	(void)async;
	(void)io;
	return false;
}

void lx_async_begin(struct lx_async *async)
{
	(void)async;
}

struct lx_io *lx_async_next(struct lx_async *async)
{
	(void)async;
	return NULL;
}

bool lx_async_ready(const struct lx_async *async)
{
	(void)async;
	return false;
}

void lx_async_arm(struct lx_async *async, bool on)
{
	(void)async;
	(void)on;
}
