/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_fds.h"

#include "common/bytes.h"
#include "lxutil/linux/lx_node.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PIN (UINT64_C(1) << 32)
/* Nodes in use or too young, one after the other, before it is a failure. */
#define AGAIN_MAX 64u
#define TICK_NS 1000000

/* See lx_node::pinned_fd. */
static int fd_in(uint64_t pinned_fd)
{
	return (int)(uint32_t)pinned_fd - 1;
}

static bool is_pinned(uint64_t pinned_fd)
{
	return pinned_fd >= PIN;
}

/* ---- the rings; their lock is held ------------------------------------- */

/* The ring of a place, or NULL. */
static struct lx_ring *ring_of(struct lx_fds *fds, enum lx_place place)
{
	return place == LX_ON_RING ? &fds->ring :
	       place == LX_KEPT ? &fds->kept : NULL;
}

/* Move a node to a place: the end of its ring, if it has one. */
static void move(struct lx_fds *fds, struct lx_node *node, enum lx_place place)
{
	struct lx_ring *from = ring_of(fds, node->place);
	struct lx_ring *to = ring_of(fds, place);
	struct lx_link *link = &node->link;

	if (from) {
		link->prev->next = link->next;
		link->next->prev = link->prev;
		from->length--;
	}
	if (to) {
		*link = (struct lx_link){ to->hand.prev, &to->hand };
		link->prev->next = link->next->prev = link;
		to->length++;
	}
	node->place = place & 3u;              /* all its bits */
}

/* Take off the first that is not in use and was not lately, or NULL. */
static struct lx_node *pick(struct lx_fds *fds, enum lx_place place)
{
	struct lx_ring *ring = ring_of(fds, place);

	for (size_t n = 2 * ring->length; n; n--) {
		struct lx_node *node = container_of(ring->hand.next,
						    struct lx_node, link);

		move(fds, node, LX_LEAVING);
		if (!is_pinned(atomic_load(&node->pinned_fd)) &&
		    !atomic_exchange(&node->used, false))
			return node;
		move(fds, node, place);
	}
	return NULL;
}

/* ---- eviction ---------------------------------------------------------- */

enum outcome { EVICTED, KEPT, BUSY, YOUNG };

#define PARK_TRIES 20

/* Why a node is to leave. */
enum reason {
	ROOM,                           /* for others; it has time */
	LACK,                           /* nobody else can; it was kept */
	PARK                            /* its owner says so */
};

/*
 * The number of an evicted inode can be given to a new one.  To tell them apart
 * by their times of birth, these come from the clock that is asked here, whose
 * ticks are long.
 */
static bool is_young(const struct lx_stat *st)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME_COARSE, &now))
		return true;
	return now.tv_sec < st->btime.sec ||
	       (now.tv_sec == st->btime.sec && now.tv_nsec <= st->btime.nsec);
}

/*
 * Can a node that is leaving come back?  If so, it has its handle.  Where
 * others are in need of room, one that was kept leaves without.  Its own file
 * system is not asked, as it may not answer, and others wait for this.
 */
static enum outcome judge(struct lx_volume *vol, struct lx_node *node, int fd,
			  enum reason reason)
{
	enum outcome lost = reason == LACK ? EVICTED : KEPT;
	struct lx_stat st;

	if (lx_fd_stat_known(fd, &st) || (st.nlink == 0 && reason != LACK) ||
	    (!st.has_btime && !node->root))
		return lost;
	/* Who was parked is asked for before his number means anything. */
	if ((reason != PARK || node->by_name) && is_young(&st))
		return YOUNG;
	if (node->by_name)
		return node->root || lx_hint_renew(vol, node, &st) ? EVICTED :
								     lost;
	if (!node->handle)
		node->handle = lx_handle_new(fd);
	return node->handle ? EVICTED : lost;
}

/*
 * Take the descriptor out of a node that nobody has pinned.  Who pins it by a
 * mark just now may find it gone, and will find it again when it comes back,
 * with the lock, which is held here.
 */
static bool take_fd(struct lx_volume *vol, struct lx_node *node, uint64_t word)
{
	uint64_t was = word;

	if (!atomic_compare_exchange_strong(&node->pinned_fd, &was, 0))
		return false;
	if (!marks_any(&vol->fds.pins, node))
		return true;
	atomic_fetch_add(&node->pinned_fd, word);
	return false;
}

/* Decide on a node that is leaving. */
static enum outcome evict(struct lx_volume *vol, struct lx_node *node,
			  enum reason reason)
{
	uint64_t word = (uint32_t)atomic_load(&node->pinned_fd);
	int fd = fd_in(word);
	enum outcome outcome = judge(vol, node, fd, reason);
	bool closed;

	pthread_mutex_lock(&vol->fds.lock);
	closed = node->closed;
	if (closed)
		outcome = EVICTED;
	else if (outcome == EVICTED && !take_fd(vol, node, word))
		outcome = BUSY;
	move(&vol->fds, node, outcome == EVICTED ? LX_OFF_RING :
			      outcome == KEPT || reason == LACK ? LX_KEPT :
								  LX_ON_RING);
	pthread_mutex_unlock(&vol->fds.lock);
	if (outcome == EVICTED)
		close(fd);
	if (closed)
		lx_node_free(vol, node);
	return outcome;
}

static struct lx_node *next_to_leave(struct lx_fds *fds,
				     enum reason *ret_reason)
{
	struct lx_node *node;

	pthread_mutex_lock(&fds->lock);
	node = pick(fds, LX_ON_RING);
	*ret_reason = node ? ROOM : LACK;
	if (!node)
		node = pick(fds, LX_KEPT);
	pthread_mutex_unlock(&fds->lock);
	return node;
}

/* Close the descriptor of a node, still counted. */
static bool evict_one(struct lx_volume *vol)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };
	struct lx_node *node;
	enum outcome outcome;
	enum reason reason;

	lx_removal_tell(vol);
	for (unsigned again = 0; again < AGAIN_MAX;) {
		node = next_to_leave(&vol->fds, &reason);
		if (!node)
			break;
		outcome = evict(vol, node, reason);
		if (outcome == EVICTED)
			return true;
		if (outcome == YOUNG)
			nanosleep(&tick, NULL);
		again += outcome != KEPT;
	}
	return false;
}

/* Only of the root's mount: it is there as long as the volume. */
static bool is_on_root(struct lx_volume *vol, const struct lx_node *node)
{
	if (!node->by_name)
		return node->mount == vol->mount;
	return lx_hint_mount(vol, node) == vol->mount_id;
}

static enum outcome park(struct lx_volume *vol, struct lx_node *node)
{
	enum outcome outcome;
	enum lx_place place;

	pthread_mutex_lock(&vol->fds.lock);
	place = node->place;
	if (place == LX_ON_RING)
		move(&vol->fds, node, LX_LEAVING);
	pthread_mutex_unlock(&vol->fds.lock);
	if (place != LX_ON_RING)
		return place == LX_OFF_RING ? EVICTED :
		       place == LX_LEAVING ? BUSY : KEPT;
	outcome = evict(vol, node, PARK);
	if (outcome == EVICTED)
		lx_fds_release(vol);
	return outcome;
}

/*
 * A guest that forgets an inode may ask for it by its handle at the same time,
 * on another queue: who uses it now has mostly done so in a moment.
 */
bool lx_node_park(struct lx_volume *vol, struct lx_node *node)
{
	const struct timespec moment = { .tv_nsec = 50000 };
	enum outcome outcome;

	if (!is_on_root(vol, node))
		return false;
	outcome = park(vol, node);
	for (unsigned i = 0; i < PARK_TRIES && outcome == BUSY; i++) {
		nanosleep(&moment, NULL);
		outcome = park(vol, node);
	}
	return outcome == EVICTED;
}

/* ---- counting ---------------------------------------------------------- */

unsigned lx_max_descriptors(void)
{
	struct rlimit limit;
	unsigned max = INT_MAX;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < max)
		max = (unsigned)limit.rlim_cur;
	return max - MIN(max / 2, LX_FDS_OTHERS);
}

void lx_fds_init(struct lx_fds *fds, unsigned max_descriptors)
{
	fds->max = max_descriptors ? max_descriptors : lx_max_descriptors();
	atomic_init(&fds->count, 0);
	atomic_init(&fds->files, 0);
	pthread_mutex_init(&fds->lock, NULL);
	marks_init(&fds->pins);
	fds->ring.hand = (struct lx_link){ &fds->ring.hand, &fds->ring.hand };
	fds->kept.hand = (struct lx_link){ &fds->kept.hand, &fds->kept.hand };
	fds->ring.length = fds->kept.length = 0;
}

void lx_fds_done(struct lx_fds *fds)
{
	pthread_mutex_destroy(&fds->lock);
}

int lx_fds_reserve(struct lx_volume *vol)
{
	unsigned count = atomic_load(&vol->fds.count);

	while (count < vol->fds.max) {
		if (atomic_compare_exchange_weak(&vol->fds.count, &count,
						 count + 1))
			return 0;
	}
	return evict_one(vol) ? 0 : -LX_ENFILE;
}

void lx_fds_release(struct lx_volume *vol)
{
	atomic_fetch_sub(&vol->fds.count, 1);
}

int lx_fds_reserve_file(struct lx_volume *vol)
{
	unsigned max = vol->fds.max - vol->fds.max / LX_FDS_NODES_PART;
	int err = -LX_ENFILE;

	if (atomic_fetch_add(&vol->fds.files, 1) < max)
		err = lx_fds_reserve(vol);
	if (err)
		atomic_fetch_sub(&vol->fds.files, 1);
	return err;
}

void lx_fds_release_file(struct lx_volume *vol)
{
	atomic_fetch_sub(&vol->fds.files, 1);
	lx_fds_release(vol);
}

bool lx_fds_make_room(struct lx_volume *vol)
{
	int err = errno;

	if ((err == EMFILE || err == ENFILE) && evict_one(vol)) {
		lx_fds_release(vol);
		return true;
	}
	errno = err;
	return false;
}

int lx_openat(struct lx_volume *vol, int dir_fd, const char *name, int flags)
{
	int fd;

	do {
		fd = openat(dir_fd, name, flags);
	} while (fd < 0 && lx_fds_make_room(vol));
	return fd < 0 ? lx_error() : fd;
}

/* ---- descriptors of nodes ---------------------------------------------- */

/*
 * The handle is trusted to find its inode or none.  Still, no device or FIFO
 * shall ever be opened for a file because a file system breaks that promise.
 */
static int check_same(struct lx_volume *vol, const struct lx_node *node,
		      int fd)
{
	struct lx_stat st;
	int err = lx_fd_stat(fd, &st);

	if (err)
		return err;
	return st.ino == node->ino && LX_DT(st.mode) == node->dt &&
	       (!node->by_name || lx_hint_same(vol, node, &st)) ?
		       0 : -LX_ESTALE;
}

/* What its handle or its name leads to; see lx_hint_open(). */
static int find_again(struct lx_volume *vol, struct lx_node *node,
		      unsigned walks)
{
	int fd = -LX_ESTALE, err;

	if (node->root)
		return lx_openat(vol, vol->root_fd, ".", O_PATH | O_CLOEXEC);
	if (node->by_name)
		fd = lx_hint_open(vol, node, walks);
	else if (node->handle)
		fd = lx_handle_open(vol, node->mount, node->handle);
	err = fd < 0 ? fd : check_same(vol, node, fd);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

/* The inode of a node that has no descriptor. */
static int open_again(struct lx_volume *vol, struct lx_node *node,
		      unsigned walks)
{
	int fd = lx_fds_reserve(vol);

	if (fd)
		return fd;
	fd = find_again(vol, node, walks);
	if (fd == -LX_ESTALE)
		fd = lx_files_reopen(vol, node);
	if (fd < 0)
		lx_fds_release(vol);
	return fd;
}

/* Give a node, which is pinned, its descriptor back. */
static int come_back(struct lx_volume *vol, struct lx_node *node,
		     unsigned walks)
{
	int fd = open_again(vol, node, walks), other;

	if (fd < 0)
		return fd;
	pthread_mutex_lock(&vol->fds.lock);
	other = fd_in(atomic_load(&node->pinned_fd));
	if (other < 0) {
		atomic_fetch_add(&node->pinned_fd, (uint64_t)fd + 1);
		move(&vol->fds, node, LX_ON_RING);
	}
	pthread_mutex_unlock(&vol->fds.lock);
	if (other < 0)
		return fd;
	/* Another thread was quicker. */
	close(fd);
	lx_fds_release(vol);
	return other;
}

/* Pin it.  Its descriptor, or -1. */
static int pin(struct lx_volume *vol, struct lx_node *node)
{
	if (marks_set(&vol->fds.pins, node))
		return fd_in(atomic_load(&node->pinned_fd));
	return fd_in(atomic_fetch_add(&node->pinned_fd, PIN));
}

static void unpin(struct lx_volume *vol, struct lx_node *node)
{
	if (!marks_clear(&vol->fds.pins, node))
		atomic_fetch_sub(&node->pinned_fd, PIN);
}

int lx_node_fd_walk(struct lx_volume *vol, struct lx_node *node,
		    unsigned walks)
{
	int fd = pin(vol, node);

	if (fd < 0)
		fd = come_back(vol, node, walks);
	if (fd < 0)
		unpin(vol, node);
	else if (!atomic_load_explicit(&node->used, memory_order_relaxed))
		atomic_store_explicit(&node->used, true, memory_order_relaxed);
	return fd;
}

int lx_node_fd_get(struct lx_volume *vol, struct lx_node *node)
{
	return lx_node_fd_walk(vol, node, LX_WALKS_MAX);
}

int lx_node_fd_try(struct lx_volume *vol, struct lx_node *node)
{
	int fd = pin(vol, node);

	if (fd < 0)
		unpin(vol, node);
	return fd;
}

void lx_node_fd_put(struct lx_volume *vol, struct lx_node *node, int fd)
{
	if (fd >= 0)
		unpin(vol, node);
}

void lx_fds_add(struct lx_volume *vol, struct lx_node *node)
{
	bool kept = node->by_name && !node->root && !lx_hint_good(vol, node);

	pthread_mutex_lock(&vol->fds.lock);
	move(&vol->fds, node, kept ? LX_KEPT : LX_ON_RING);
	pthread_mutex_unlock(&vol->fds.lock);
}

void lx_fds_linked(struct lx_volume *vol, struct lx_node *node)
{
	pthread_mutex_lock(&vol->fds.lock);
	if (node->place == LX_KEPT)
		move(&vol->fds, node, LX_ON_RING);
	pthread_mutex_unlock(&vol->fds.lock);
}

bool lx_fds_remove(struct lx_volume *vol, struct lx_node *node)
{
	bool leaving;
	int fd;

	pthread_mutex_lock(&vol->fds.lock);
	leaving = node->place == LX_LEAVING;
	if (leaving)
		node->closed = true;
	else
		move(&vol->fds, node, LX_OFF_RING);
	pthread_mutex_unlock(&vol->fds.lock);
	if (leaving)
		return false;
	fd = fd_in(atomic_load(&node->pinned_fd));
	if (fd >= 0) {
		close(fd);
		lx_fds_release(vol);
	}
	return true;
}
