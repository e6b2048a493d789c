/* SPDX-License-Identifier: MIT */
#include "common/iov.h"

#include "common/bytes.h"

size_t iov_tail_size(const struct iov_tail *t)
{
	size_t total = 0;

	for (size_t i = 0; i < t->count; i++)
		total += t->iov[i].len;
	return total - t->offset;
}

/* Are len bytes left?  Stops counting as soon as it knows. */
static bool has(const struct iov_tail *t, size_t len)
{
	size_t skip = t->offset;

	for (size_t i = 0; i < t->count; i++) {
		size_t here = t->iov[i].len - skip;

		if (len <= here)
			return true;
		len -= here;
		skip = 0;
	}
	return len == 0;
}

enum copy { COPY_OUT, COPY_IN, COPY_ZERO, COPY_NONE };

/* One loop for all: move over len bytes and do `what` with each piece. */
static bool move(struct iov_tail *t, void *buf, size_t len, enum copy what)
{
	uint8_t *p = buf;

	if (!has(t, len))
		return false;
	while (len) {
		size_t n = MIN(len, t->iov->len - t->offset);
		uint8_t *here = (uint8_t *)t->iov->base + t->offset;

		if (n && p && what == COPY_OUT)
			memcpy(p, here, n);
		else if (n && p && what == COPY_IN)
			memcpy(here, p, n);
		else if (n && what == COPY_ZERO)
			memset(here, 0, n);
		if (p)
			p += n;
		len -= n;
		t->offset += n;
		if (t->offset == t->iov->len) {
			t->iov++;
			t->count--;
			t->offset = 0;
		}
	}
	return true;
}

bool iov_tail_skip_pieces(struct iov_tail *t, size_t len)
{
	return move(t, NULL, len, COPY_NONE);
}

bool iov_tail_read_pieces(struct iov_tail *t, void *buf, size_t len)
{
	return move(t, buf, len, COPY_OUT);
}

bool iov_tail_write_pieces(struct iov_tail *t, const void *buf, size_t len)
{
	return move(t, (void *)buf, len, COPY_IN);  /* only read through */
}

bool iov_tail_zero(struct iov_tail *t, size_t len)
{
	return move(t, NULL, len, COPY_ZERO);
}

size_t iov_tail_slice(const struct iov_tail *t, size_t len, struct iov *out,
		      size_t max, size_t *ret_len)
{
	size_t skip = t->offset, pieces = 0, total = 0;

	for (size_t i = 0; i < t->count && len && pieces < max; i++) {
		size_t n = MIN(len, t->iov[i].len - skip);

		if (n) {
			out[pieces].base = (uint8_t *)t->iov[i].base + skip;
			out[pieces++].len = n;
			total += n;
			len -= n;
		}
		skip = 0;
	}
	*ret_len = total;
	return pieces;
}
