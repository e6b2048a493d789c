/* SPDX-License-Identifier: MIT */
/*
 * gmem.h - guest memory by address.
 *
 * The host pushes ranges (gmem_add) and takes them back (gmem_remove); a
 * worker translates addresses without a lock and without a call.  The table
 * of ranges is never changed in place: a new one is published, and
 * gmem_remove() waits until every reader has left the older ones.
 *
 * A reader is a thread that uses guest memory.  It registers once, and from
 * gmem_enter() to the next one or gmem_leave() every pointer that it got from
 * the table stays valid.  A reader must be outside while it waits for work.
 * The table's generation, which gmem_enter() returns, tells when pointers kept
 * from an earlier stay are stale.
 *
 * What is written can be logged (gmem_log.h).  The log goes with the table, so
 * it changes for every reader as ranges do; who writes through a pointer marks
 * that by himself.
 *
 * Addresses outside every range are served by the host's mem_read and
 * mem_write callbacks, where there are any; those may block.
 *
 * Lock: writer_lock (in struct gmem) is a leaf; it serialises add, remove and
 * reader registration, and is not held while readers are waited for.
 */
#ifndef COMMON_GMEM_H
#define COMMON_GMEM_H

#include "common/gmem_log.h"
#include "common/limits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GMEM_READ = 1,                  /* the device may read */
	GMEM_WRITE = 2                  /* the device may write */
};

struct gmem_range {
	uint64_t gpa;
	uint64_t size;
	uint8_t *host;
	uint32_t flags;
};

struct gmem_table {
	struct gmem_table *retired;     /* older tables not yet freed */
	uint64_t generation;            /* 1, 2, ...: never repeats */
	struct gmem_log log;            /* of what is written by it */
	size_t count;
	struct gmem_range range[];      /* by address, disjoint */
};

/* What the host offers for memory that cannot be mapped; NULL: nothing. */
struct gmem_ops {
	int (*read)(void *ctx, uint64_t gpa, void *buf, size_t len);
	int (*write)(void *ctx, uint64_t gpa, const void *buf, size_t len);
};

struct gmem_reader {
	struct gmem_reader *next;       /* protected by writer_lock */
	/* The table in use, or NULL while outside. */
	_Atomic(struct gmem_table *) table;
	size_t last;                    /* the range that was looked for last */
};

struct gmem {
	_Atomic(struct gmem_table *) table;
	pthread_mutex_t writer_lock;
	struct gmem_reader *readers;    /* protected by writer_lock */
	struct gmem_table *retired;     /* replaced; protected by writer_lock */
	struct gmem_ops ops;
	void *ctx;
};

/* Empty guest memory; ops may be NULL.  0 or -ENOMEM. */
int gmem_init(struct gmem *mem, const struct gmem_ops *ops, void *ctx);

/* No reader may be registered any more. */
void gmem_done(struct gmem *mem);

/*
 * [gpa, gpa + size) is at `host`; flags are GMEM_*.  -EINVAL: empty, wraps or
 * no memory; -EEXIST: overlaps; -ENOSPC: too many; -ENOMEM.
 */
int gmem_add(struct gmem *mem, uint64_t gpa, uint64_t size, void *host,
	     uint32_t flags);

/*
 * Take back exactly one range; -ENOENT when there is none such.  Blocks until
 * no reader can touch it, so never call it as a reader.
 */
int gmem_remove(struct gmem *mem, uint64_t gpa, uint64_t size);

/*
 * From now on what is written is logged in *log (copied; NULL: nowhere).
 * Blocks until no reader can touch the log that there was.  0 or -ENOMEM.
 */
int gmem_set_log(struct gmem *mem, const struct gmem_log *log);

/* From any thread, that of a reader which is inside, too. */
void gmem_register(struct gmem *mem, struct gmem_reader *reader);
/* The reader must be outside. */
void gmem_unregister(struct gmem *mem, struct gmem_reader *reader);

/*
 * Begin to use guest memory, or go on with it: who is inside already finds out
 * what has changed, at the cost of a look.  Returns the table's generation; as
 * long as that is the same, so are the pointers.
 */
uint64_t gmem_enter(struct gmem *mem, struct gmem_reader *reader);
void gmem_leave(struct gmem_reader *reader);
/*
 * `reader` is inside, and what it got stays valid until `heir` has left, too,
 * which begins to use guest memory by this.  The heir was registered after the
 * reader.
 */
void gmem_share(const struct gmem_reader *reader, struct gmem_reader *heir);

/* Make reader->last the range that gpa is in; false: it is in none. */
bool gmem_find(struct gmem_reader *reader, uint64_t gpa);

/*
 * The log of what is written, or NULL.  The reader must be inside, and it stays
 * valid as its pointers do.
 */
static inline const struct gmem_log *
gmem_reader_log(const struct gmem_reader *reader)
{
	const struct gmem_table *t =
		atomic_load_explicit(&reader->table, memory_order_relaxed);

	return t->log.bits ? &t->log : NULL;
}

/*
 * The pointer for gpa in the reader's table, and in *len (which holds the
 * bytes that are wanted) how many of them lie there in one piece.  NULL: not
 * in any range with all of `flags`.  The reader must be inside.  Inline, as
 * there are several for each request, mostly in the same range.
 */
static inline void *gmem_map(struct gmem_reader *reader, uint64_t gpa,
			     uint32_t flags, uint64_t *len)
{
	const struct gmem_table *t =
		atomic_load_explicit(&reader->table, memory_order_relaxed);
	const struct gmem_range *r = &t->range[reader->last];

	if (reader->last >= t->count || gpa - r->gpa >= r->size) {
		if (!gmem_find(reader, gpa))
			return NULL;
		r = &t->range[reader->last];
	}
	if ((r->flags & flags) != flags)
		return NULL;
	if (*len > r->size - (gpa - r->gpa))
		*len = r->size - (gpa - r->gpa);
	return r->host + (gpa - r->gpa);
}

/*
 * Copy bytes from or to guest memory, mapped or not.  0, or -EFAULT when some
 * of it is nowhere (then buf, or guest memory, may be partly written).  The
 * reader must be inside.  May block only in the host's callbacks.  Logs
 * nothing.
 */
int gmem_read(struct gmem *mem, struct gmem_reader *reader, uint64_t gpa,
	      void *buf, size_t len);
int gmem_write(struct gmem *mem, struct gmem_reader *reader, uint64_t gpa,
	       const void *buf, size_t len);

#endif
