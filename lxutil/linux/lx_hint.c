/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_hint.h"

#include "lxutil/linux/lx_node.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int lx_open_below(int dir_fd, const char *path)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
}

void lx_hints_init(struct lx_hints *hints)
{
	hints->usable = false;
	atomic_init(&hints->any, false);
	pthread_mutex_init(&hints->lock, NULL);
	atomic_init(&hints->orphans, 0);
}

void lx_hints_done(struct lx_hints *hints)
{
	pthread_mutex_destroy(&hints->lock);
}

void lx_hints_probe(struct lx_volume *vol)
{
	int fd = lx_open_below(vol->root_fd, ".");

	vol->hints.usable = fd >= 0;
	if (fd >= 0)
		close(fd);
}

/* ---- hints ------------------------------------------------------------- */

/* As the kernel keeps it: 12 bits and 20. */
static uint32_t dev_of(const struct lx_stat *st)
{
	return major(st->dev) << 20 | minor(st->dev);
}

static uint64_t btime_of(const struct lx_stat *st)
{
	return (uint64_t)st->btime.sec * 1000000000u + st->btime.nsec;
}

/* One that says this name, and holds dir; or NULL. */
static struct lx_hint *make(struct lx_node *dir, const char *name)
{
	size_t size = strlen(name) + 1;
	struct lx_hint *hint = malloc(sizeof(*hint) + size);

	if (!hint)
		return NULL;
	memcpy(hint->name, name, size);
	hint->parent = dir;
	if (dir)
		atomic_fetch_add(&dir->refs, 1);
	return hint;
}

void lx_hint_new(struct lx_volume *vol, struct lx_node *node,
		 const struct lx_stat *st, struct lx_node *dir,
		 const char *name)
{
	if (!node->by_name || !st->has_btime || !vol->hints.usable ||
	    atomic_load(&vol->hints.orphans) >= LX_ORPHANS_MAX)
		return;
	node->hint = make(dir, dir ? name : "");
	if (!node->hint)
		return;
	node->hint->dev = dev_of(st);
	node->hint->mount = (uint32_t)st->mount;
	node->hint->btime = btime_of(st);
	if (!atomic_load(&vol->hints.any))
		atomic_store(&vol->hints.any, true);
	if (dir)
		lx_removal_tell(vol);
}

bool lx_names_matter(const struct lx_volume *vol)
{
	return atomic_load(&vol->hints.any);
}

struct lx_node *lx_hint_free(struct lx_hint *hint)
{
	struct lx_node *parent = hint ? hint->parent : NULL;

	free(hint);
	return parent;
}

bool lx_hint_good(struct lx_volume *vol, const struct lx_node *node)
{
	bool good;

	pthread_mutex_lock(&vol->hints.lock);
	good = node->hint && node->hint->parent;
	pthread_mutex_unlock(&vol->hints.lock);
	return good;
}

bool lx_hint_renew(struct lx_volume *vol, struct lx_node *node,
		   const struct lx_stat *st)
{
	bool good;

	pthread_mutex_lock(&vol->hints.lock);
	good = node->hint && node->hint->parent;
	if (good)
		node->hint->btime = btime_of(st);
	pthread_mutex_unlock(&vol->hints.lock);
	return good;
}

uint64_t lx_hint_mount(struct lx_volume *vol, const struct lx_node *node)
{
	uint64_t mount;

	pthread_mutex_lock(&vol->hints.lock);
	mount = node->hint ? node->hint->mount : 0;
	pthread_mutex_unlock(&vol->hints.lock);
	return mount;
}

bool lx_hint_same(struct lx_volume *vol, const struct lx_node *node,
		  const struct lx_stat *st)
{
	bool same;

	pthread_mutex_lock(&vol->hints.lock);
	same = node->hint->dev == dev_of(st) &&
	       node->hint->mount == (uint32_t)st->mount &&
	       st->has_btime && node->hint->btime == btime_of(st);
	pthread_mutex_unlock(&vol->hints.lock);
	return same;
}

/* ---- names come and go ------------------------------------------------- */

static bool says(const struct lx_hint *hint, const struct lx_node *dir,
		 const char *name)
{
	return hint && hint->parent == dir && !strcmp(hint->name, name);
}

/*
 * dir is to be above node.  If a hint says that it is below, that is no longer
 * true, and a ring of references would never be freed.  The lock is held;
 * returns a reference to be dropped, or NULL.
 */
static struct lx_node *break_ring(struct lx_node *node, struct lx_node *dir)
{
	struct lx_hint *hint;

	while (dir && dir->by_name && (hint = dir->hint)) {
		if (hint->parent == node) {
			hint->parent = NULL;
			return node;
		}
		dir = hint->parent;
	}
	return NULL;
}

void lx_node_named(struct lx_volume *vol, struct lx_node *node,
		   struct lx_node *dir, const char *name)
{
	struct lx_node *below = NULL;
	struct lx_hint *new, *old;
	bool known;

	if (!node->by_name || node == dir)
		return;
	pthread_mutex_lock(&vol->hints.lock);
	known = !node->hint || says(node->hint, dir, name);
	pthread_mutex_unlock(&vol->hints.lock);
	new = known ? NULL : make(dir, name);
	if (!new)
		return;
	pthread_mutex_lock(&vol->hints.lock);
	if (LX_S_ISDIR(lx_node_type(node)))
		below = break_ring(node, dir);
	old = node->hint;
	new->dev = old->dev;
	new->mount = old->mount;
	new->btime = old->btime;
	node->hint = new;
	pthread_mutex_unlock(&vol->hints.lock);
	lx_node_unref(vol, lx_hint_free(old));
	lx_node_unref(vol, below);
	lx_fds_linked(vol, node);
}

void lx_node_unnamed(struct lx_volume *vol, struct lx_node *node,
		     struct lx_node *dir, const char *name)
{
	struct lx_node *parent = NULL;

	if (!node->by_name)
		return;
	pthread_mutex_lock(&vol->hints.lock);
	if (says(node->hint, dir, name)) {
		parent = node->hint->parent;
		node->hint->parent = NULL;
	}
	pthread_mutex_unlock(&vol->hints.lock);
	lx_node_unref(vol, parent);
}

/* ---- the way back ------------------------------------------------------ */

struct route {
	struct lx_node *from;           /* referenced */
	int fd;                         /* of it, or -1: not yet */
	size_t start;                   /* of the path, in buf */
	char buf[LX_PATH_MAX];
};

/* Put a name before the path; false: there is no room. */
static bool prepend(struct route *r, const char *name)
{
	size_t len = strlen(name);
	bool first = !r->buf[r->start];

	if (len + !first > r->start)
		return false;
	if (!first)
		r->buf[--r->start] = '/';
	r->start -= len;
	memcpy(r->buf + r->start, name, len);
	return true;
}

/* From the nearest that has its descriptor, or its handle, or that far up. */
static int find_route(struct lx_volume *vol, const struct lx_node *node,
		      struct route *r)
{
	const struct lx_hint *hint;
	int err = 0;

	r->from = NULL;
	r->fd = -1;
	r->start = sizeof(r->buf) - 1;
	r->buf[r->start] = '\0';
	pthread_mutex_lock(&vol->hints.lock);
	do {
		hint = node->by_name ? node->hint : NULL;
		if (hint && !hint->parent)
			hint = NULL;
		if (!hint || !prepend(r, hint->name))
			break;
		node = r->from = hint->parent;
		r->fd = lx_node_fd_try(vol, r->from);
	} while (r->fd < 0);
	if (!r->from || (!hint && node->by_name && !node->root))
		err = -LX_ESTALE;
	else
		atomic_fetch_add(&r->from->refs, 1);
	pthread_mutex_unlock(&vol->hints.lock);
	return err;
}

int lx_hint_open(struct lx_volume *vol, struct lx_node *node, unsigned walks)
{
	struct route r;
	int fd, err;

	err = walks ? find_route(vol, node, &r) : -LX_ESTALE;
	if (err)
		return err;
	if (r.fd < 0)
		r.fd = lx_node_fd_walk(vol, r.from, walks - 1);
	fd = r.fd;
	if (fd >= 0) {
		do {
			fd = lx_open_below(r.fd, r.buf + r.start);
		} while (fd < 0 && lx_fds_make_room(vol));
		if (fd < 0)
			fd = lx_error();
	}
	lx_node_fd_put(vol, r.from, r.fd);
	lx_node_unref(vol, r.from);
	switch (fd) {
	case -LX_ENOENT:
	case -LX_ENOTDIR:
	case -LX_ELOOP:
	case -LX_EXDEV:
	case -LX_EAGAIN:
		return -LX_ESTALE;
	default:
		return fd;
	}
}
