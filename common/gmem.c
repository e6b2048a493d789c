/* SPDX-License-Identifier: MIT */
/*
 * Tables are published like this: a reader announces in reader->table the
 * table that it is about to use and then looks whether it is still the current
 * one (a hazard pointer).  A writer publishes a new table and then looks at
 * what the readers have announced.  Both sides store before they load, in one
 * total order, so one of them sees the other.
 */
#include "common/gmem.h"

#include "common/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* With room for `count` ranges; `old` is NULL for the first. */
static struct gmem_table *table_new(size_t count, const struct gmem_table *old)
{
	struct gmem_table *t;

	t = malloc(sizeof(*t) + count * sizeof(t->range[0]));
	if (t) {
		t->retired = NULL;
		t->generation = old ? old->generation + 1 : 1;
		t->log = old ? old->log : (struct gmem_log){ .signal = -1 };
		t->count = count;
	}
	return t;
}

int gmem_init(struct gmem *mem, const struct gmem_ops *ops, void *ctx)
{
	struct gmem_table *t = table_new(0, NULL);

	if (!t)
		return -ENOMEM;
	*mem = (struct gmem){ .ops = ops ? *ops : (struct gmem_ops){ 0 },
			      .ctx = ctx };
	pthread_mutex_init(&mem->writer_lock, NULL);
	atomic_init(&mem->table, t);
	return 0;
}

void gmem_done(struct gmem *mem)
{
	struct gmem_table *t = atomic_load(&mem->table);

	t->retired = mem->retired;
	for (struct gmem_table *next; t; t = next) {
		next = t->retired;
		free(t);
	}
	pthread_mutex_destroy(&mem->writer_lock);
}

/* Where gpa is in the table, or would be inserted. */
static size_t find(const struct gmem_table *t, uint64_t gpa)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (gpa - t->range[mid].gpa < t->range[mid].size &&
		    gpa >= t->range[mid].gpa)
			return mid;
		if (t->range[mid].gpa < gpa)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Does a reader use this table; or, if it is NULL, one that is not current? */
static bool in_use(struct gmem *mem, const struct gmem_table *t)
{
	const struct gmem_table *current = atomic_load(&mem->table);

	for (struct gmem_reader *r = mem->readers; r; r = r->next) {
		const struct gmem_table *used = atomic_load(&r->table);

		if (used && (t ? used == t : used != current))
			return true;
	}
	return false;
}

/*
 * Make `t` the current table and free the older ones that no reader uses; with
 * `wait`, wait for those that one does.  Called with writer_lock held, which is
 * dropped meanwhile: a reader may have to register another one before it
 * leaves.
 */
static void publish(struct gmem *mem, struct gmem_table *t, bool wait)
{
	struct timespec pause = { .tv_nsec = 20000 };
	struct gmem_table *old = atomic_exchange(&mem->table, t);

	old->retired = mem->retired;
	mem->retired = old;
	/* Most requests are short; a long one is not asked about so often. */
	while (wait && in_use(mem, NULL)) {
		pthread_mutex_unlock(&mem->writer_lock);
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&mem->writer_lock);
		pause.tv_nsec = MIN(pause.tv_nsec * 2, 1000000);
	}
	for (struct gmem_table **p = &mem->retired; *p;) {
		old = *p;
		if (in_use(mem, old)) {
			p = &old->retired;
		} else {
			*p = old->retired;
			free(old);
		}
	}
}

int gmem_add(struct gmem *mem, uint64_t gpa, uint64_t size, void *host,
	     uint32_t flags)
{
	const struct gmem_table *old;
	struct gmem_table *t;
	size_t at;
	int ret = 0;

	if (!size || !host || gpa + size - 1 < gpa ||
	    size > SIZE_MAX - (uintptr_t)host)
		return -EINVAL;
	pthread_mutex_lock(&mem->writer_lock);
	old = atomic_load(&mem->table);
	at = find(old, gpa);
	if (at < old->count &&
	    range_overlaps(gpa, size, old->range[at].gpa, old->range[at].size))
		ret = -EEXIST;
	else if (old->count == GMEM_RANGES_MAX)
		ret = -ENOSPC;
	else if (!(t = table_new(old->count + 1, old)))
		ret = -ENOMEM;
	if (!ret) {
		memcpy(t->range, old->range, at * sizeof(t->range[0]));
		t->range[at] = (struct gmem_range){ gpa, size, host, flags };
		memcpy(t->range + at + 1, old->range + at,
		       (old->count - at) * sizeof(t->range[0]));
		publish(mem, t, false);
	}
	pthread_mutex_unlock(&mem->writer_lock);
	return ret;
}

int gmem_remove(struct gmem *mem, uint64_t gpa, uint64_t size)
{
	const struct gmem_table *old;
	struct gmem_table *t;
	size_t at;
	int ret = 0;

	pthread_mutex_lock(&mem->writer_lock);
	old = atomic_load(&mem->table);
	at = find(old, gpa);
	if (at == old->count || old->range[at].gpa != gpa ||
	    old->range[at].size != size)
		ret = -ENOENT;
	else if (!(t = table_new(old->count - 1, old)))
		ret = -ENOMEM;
	if (!ret) {
		memcpy(t->range, old->range, at * sizeof(t->range[0]));
		memcpy(t->range + at, old->range + at + 1,
		       (t->count - at) * sizeof(t->range[0]));
		publish(mem, t, true);
	}
	pthread_mutex_unlock(&mem->writer_lock);
	return ret;
}

int gmem_set_log(struct gmem *mem, const struct gmem_log *log)
{
	const struct gmem_table *old;
	struct gmem_table *t;
	int ret = 0;

	pthread_mutex_lock(&mem->writer_lock);
	old = atomic_load(&mem->table);
	t = table_new(old->count, old);
	if (t) {
		memcpy(t->range, old->range,
		       old->count * sizeof(t->range[0]));
		t->log = log ? *log : (struct gmem_log){ .signal = -1 };
		publish(mem, t, true);
	} else {
		ret = -ENOMEM;
	}
	pthread_mutex_unlock(&mem->writer_lock);
	return ret;
}

void gmem_register(struct gmem *mem, struct gmem_reader *reader)
{
	struct gmem_reader **p;

	atomic_store(&reader->table, NULL);
	reader->next = NULL;
	reader->last = 0;
	pthread_mutex_lock(&mem->writer_lock);
	for (p = &mem->readers; *p; p = &(*p)->next)
		;
	*p = reader;
	pthread_mutex_unlock(&mem->writer_lock);
}

void gmem_unregister(struct gmem *mem, struct gmem_reader *reader)
{
	struct gmem_reader **p;

	pthread_mutex_lock(&mem->writer_lock);
	for (p = &mem->readers; *p; p = &(*p)->next) {
		if (*p == reader) {
			*p = reader->next;
			break;
		}
	}
	pthread_mutex_unlock(&mem->writer_lock);
}

uint64_t gmem_enter(struct gmem *mem, struct gmem_reader *reader)
{
	struct gmem_table *t = atomic_load(&mem->table);

	/* It is inside, and nothing has changed: it need not be told again. */
	if (t == atomic_load_explicit(&reader->table, memory_order_relaxed))
		return t->generation;
	for (;;) {
		struct gmem_table *now;

		atomic_store(&reader->table, t);
		now = atomic_load(&mem->table);
		if (now == t)
			return t->generation;
		t = now;
	}
}

void gmem_leave(struct gmem_reader *reader)
{
	atomic_store_explicit(&reader->table, NULL, memory_order_release);
}

/*
 * Who looks for readers comes by the heir last: if he finds the reader outside
 * already, he finds the heir inside.
 */
void gmem_share(const struct gmem_reader *reader, struct gmem_reader *heir)
{
	atomic_store(&heir->table, atomic_load(&reader->table));
}

bool gmem_find(struct gmem_reader *reader, uint64_t gpa)
{
	const struct gmem_table *t =
		atomic_load_explicit(&reader->table, memory_order_relaxed);
	size_t at = find(t, gpa);

	if (at == t->count || gpa < t->range[at].gpa)
		return false;
	reader->last = at;
	return true;
}

/*
 * The host's callbacks serve what lies between ranges: as much of it as comes
 * before the next range, in one call.  0: gpa is in a range, which does not
 * allow what is wanted.
 */
static uint64_t gap(const struct gmem_reader *reader, uint64_t gpa,
		    uint64_t len)
{
	const struct gmem_table *t =
		atomic_load_explicit(&reader->table, memory_order_relaxed);
	size_t at = find(t, gpa);

	if (at == t->count)
		return len;
	if (gpa >= t->range[at].gpa)
		return 0;
	return MIN(len, t->range[at].gpa - gpa);
}

int gmem_read(struct gmem *mem, struct gmem_reader *reader, uint64_t gpa,
	      void *buf, size_t len)
{
	uint8_t *p = buf;

	if (len && gpa + len - 1 < gpa)
		return -EFAULT;
	while (len) {
		uint64_t n = len;
		const void *src = gmem_map(reader, gpa, GMEM_READ, &n);

		if (src) {
			memcpy(p, src, (size_t)n);
		} else {
			n = gap(reader, gpa, len);
			if (!n || !mem->ops.read ||
			    mem->ops.read(mem->ctx, gpa, p, (size_t)n))
				return -EFAULT;
		}
		p += n;
		gpa += n;
		len -= (size_t)n;
	}
	return 0;
}

int gmem_write(struct gmem *mem, struct gmem_reader *reader, uint64_t gpa,
	       const void *buf, size_t len)
{
	const uint8_t *p = buf;

	if (len && gpa + len - 1 < gpa)
		return -EFAULT;
	while (len) {
		uint64_t n = len;
		void *dst = gmem_map(reader, gpa, GMEM_WRITE, &n);

		if (dst) {
			memcpy(dst, p, (size_t)n);
		} else {
			n = gap(reader, gpa, len);
			if (!n || !mem->ops.write ||
			    mem->ops.write(mem->ctx, gpa, p, (size_t)n))
				return -EFAULT;
		}
		p += n;
		gpa += n;
		len -= (size_t)n;
	}
	return 0;
}
