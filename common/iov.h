/* SPDX-License-Identifier: MIT */
/*
 * iov.h - scatter lists, and a cursor that consumes or fills them.
 *
 * A request's bytes lie in pieces that the guest chose.  `struct iov_tail`
 * stands at a place in such a list and knows what is left: reading advances
 * it over the request, writing advances it over the reply.  Every call checks
 * what is left first and then does all or nothing, so a short request or reply
 * buffer is an answer (false), never an overrun.
 *
 * The memory may be the guest's: the other side can change it at any moment.
 * So bytes are copied out once and the copy is checked and used.
 */
#ifndef COMMON_IOV_H
#define COMMON_IOV_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The same as POSIX' struct iovec, on every host (checked in lxutil/linux). */
struct iov {
	void *base;
	size_t len;
};

struct iov_tail {
	const struct iov *iov;          /* current piece, unless count is 0 */
	size_t count;                   /* pieces left, the current included */
	size_t offset;                  /* within the current piece */
};

/* A cursor at the start of `count` pieces, which must outlive it. */
static inline struct iov_tail iov_tail_init(const struct iov *iov, size_t count)
{
	return (struct iov_tail){ iov, count, 0 };
}

/* Bytes left. */
size_t iov_tail_size(const struct iov_tail *t);

/*
 * Advance by len bytes that all lie in the current piece, and return where they
 * are; NULL (and no change): they do not, or there are none.
 */
static inline void *iov_tail_here(struct iov_tail *t, size_t len)
{
	char *here;

	if (!t->count || !len || len > t->iov->len - t->offset)
		return NULL;
	here = (char *)t->iov->base + t->offset;
	t->offset += len;
	if (t->offset == t->iov->len) {
		t->iov++;
		t->count--;
		t->offset = 0;
	}
	return here;
}

/* What follows, for bytes in more than one piece. */
bool iov_tail_skip_pieces(struct iov_tail *t, size_t len);
bool iov_tail_read_pieces(struct iov_tail *t, void *buf, size_t len);
bool iov_tail_write_pieces(struct iov_tail *t, const void *buf, size_t len);

/* Advance by len bytes; false (and no change): fewer are left. */
static inline bool iov_tail_skip(struct iov_tail *t, size_t len)
{
	return iov_tail_here(t, len) || iov_tail_skip_pieces(t, len);
}

/* Copy the next len bytes out and advance; false (and no change): fewer. */
static inline bool iov_tail_read(struct iov_tail *t, void *buf, size_t len)
{
	const void *here = iov_tail_here(t, len);

	if (!here)
		return iov_tail_read_pieces(t, buf, len);
	memcpy(buf, here, len);
	return true;
}

/* Copy len bytes in and advance; false (and no change): no room. */
static inline bool iov_tail_write(struct iov_tail *t, const void *buf,
				  size_t len)
{
	void *here = iov_tail_here(t, len);

	if (!here)
		return iov_tail_write_pieces(t, buf, len);
	memcpy(here, buf, len);
	return true;
}

/* Fill len bytes with zeros and advance; false (and no change): no room. */
bool iov_tail_zero(struct iov_tail *t, size_t len);

/*
 * The next len bytes as a list of pieces in `out` (room for max), the cursor
 * staying where it is.  Empty pieces are left out.  Returns the number of
 * pieces, and in *ret_len the bytes that they hold: fewer than len when fewer
 * are left or when max pieces cannot hold more.
 */
size_t iov_tail_slice(const struct iov_tail *t, size_t len, struct iov *out,
		      size_t max, size_t *ret_len);

#endif
