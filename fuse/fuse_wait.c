/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_wait.h"

#include "lxutil/lx.h"

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
