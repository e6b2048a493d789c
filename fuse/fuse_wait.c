/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_wait.h"

#include "lxutil/lx.h"

#include <errno.h>
#include <string.h>

void fuse_waits_init(struct fuse_waits *w)
{
	pthread_mutex_init(&w->lock, NULL);
	fuse_waits_clear(w);
}

void fuse_waits_done(struct fuse_waits *w)
{
	pthread_mutex_destroy(&w->lock);
}

/* Where it is, or would be added. */
static size_t find(const struct fuse_waits *w, uint64_t unique)
{
	size_t i = 0;

	while (i < w->count && w->wait[i].unique != unique)
		i++;
	return i;
}

/* Was it interrupted before it came? */
static bool take_early(struct fuse_waits *w, uint64_t unique)
{
	for (size_t i = 0; i < FUSE_EARLY_INTERRUPTS; i++) {
		if (w->early[i] == unique && unique) {
			w->early[i] = 0;
			return true;
		}
	}
	return false;
}

/* Remember one more; false: there is no place for it. */
static bool add(struct fuse_waits *w, uint64_t unique, uint64_t now_ms)
{
	size_t i = 0;

	if (w->count < FUSE_WAITS_MAX) {
		i = w->count++;
	} else {
		while (i < FUSE_WAITS_MAX &&
		       now_ms - w->wait[i].seen_ms < FUSE_WAIT_STALE_MS)
			i++;
		if (i == FUSE_WAITS_MAX)
			return false;
	}
	w->wait[i].unique = unique;
	w->wait[i].seen_ms = now_ms;
	w->wait[i].interrupted = false;
	return true;
}

static void drop(struct fuse_waits *w, size_t i)
{
	w->wait[i] = w->wait[--w->count];
}

int fuse_waits_on(struct fuse_waits *w, uint64_t unique, uint64_t now_ms)
{
	int rc = 0;
	size_t i;

	pthread_mutex_lock(&w->lock);
	i = find(w, unique);
	if (i < w->count && w->wait[i].interrupted) {
		drop(w, i);
		rc = -LX_EINTR;
	} else if (i < w->count) {
		w->wait[i].seen_ms = now_ms;
	} else if (take_early(w, unique)) {
		rc = -LX_EINTR;
	} else if (!add(w, unique, now_ms)) {
		rc = -LX_ENOLCK;
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

void fuse_waits_end(struct fuse_waits *w, uint64_t unique)
{
	size_t i;

	pthread_mutex_lock(&w->lock);
	i = find(w, unique);
	if (i < w->count)
		drop(w, i);
	pthread_mutex_unlock(&w->lock);
}

void fuse_waits_interrupt(struct fuse_waits *w, uint64_t unique)
{
	size_t i;

	pthread_mutex_lock(&w->lock);
	i = find(w, unique);
	if (i < w->count) {
		w->wait[i].interrupted = true;
	} else {
		w->early[w->early_next] = unique;
		w->early_next = (w->early_next + 1) % FUSE_EARLY_INTERRUPTS;
	}
	pthread_mutex_unlock(&w->lock);
}

void fuse_waits_clear(struct fuse_waits *w)
{
	pthread_mutex_lock(&w->lock);
	w->count = w->early_next = 0;
	memset(w->early, 0, sizeof(w->early));
	pthread_mutex_unlock(&w->lock);
}

/* ---- saved state ------------------------------------------------------- */

#define TAG_WAITS SAVE_TAG('w', 'a', 'i', 't')
#define WAIT_BYTES 9u                   /* of one, in the record */

_Static_assert((FUSE_WAITS_MAX + FUSE_EARLY_INTERRUPTS) * WAIT_BYTES <=
	       SAVE_RECORD_MAX, "one record");

void fuse_waits_save(struct fuse_waits *w, struct save_writer *writer)
{
	save_begin(writer, TAG_WAITS);
	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < FUSE_EARLY_INTERRUPTS; i++)
		save_u64(writer, w->early[(w->early_next + i) %
					  FUSE_EARLY_INTERRUPTS]);
	for (size_t i = 0; i < w->count; i++) {
		save_u64(writer, w->wait[i].unique);
		save_u8(writer, w->wait[i].interrupted);
	}
	pthread_mutex_unlock(&w->lock);
	save_end(writer);
}

int fuse_waits_restore(struct fuse_waits *w, struct save_reader *r,
		       uint64_t now_ms)
{
	if (save_take(r, TAG_WAITS))
		return r->error;
	pthread_mutex_lock(&w->lock);
	w->early_next = 0;
	for (size_t i = 0; i < FUSE_EARLY_INTERRUPTS; i++)
		w->early[i] = save_get_u64(r);
	w->count = 0;
	while (save_left(r) && w->count < FUSE_WAITS_MAX) {
		uint64_t unique = save_get_u64(r);

		if (find(w, unique) < w->count)
			save_refuse(r, -EINVAL,
				    "request %llu waits for two locks",
				    (unsigned long long)unique);
		w->wait[w->count].unique = unique;
		w->wait[w->count].interrupted = save_get_bool(r);
		w->wait[w->count].seen_ms = now_ms;
		w->count++;
	}
	pthread_mutex_unlock(&w->lock);
	return save_done(r);
}
