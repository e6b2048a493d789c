/* SPDX-License-Identifier: MIT */
/*
 * virtio_poll.h - how to wait for a queue: whether it pays to look at it for a
 * while before one sleeps, and whether the driver need notify of the next
 * request at all.
 *
 * To fall asleep and be woken takes longer than many a request, for the device
 * and for the driver, which has to notify it.  So where requests follow each
 * other closely it is better to stay awake in between.  How closely they do is
 * told by the last sleeps: a try is made only when those were shorter than it
 * may last.
 *
 * A core that others want is not for waiting on.  There, sleeps are short as
 * well (it may be the driver who needs the core), but a try finds nothing, or
 * the thread loses the core in it, which the clock shows.  Such a try counts as
 * failed; each that fails doubles how many short sleeps must come before the
 * next, and each that does not halves it.  So of tries that are in vain, what
 * is lost is little.
 *
 * A request into which nothing can be written has no answer, so its driver goes
 * on at once: FUSE_FORGET is one.  Where a guest removes files, one comes for
 * each, on a queue of its own, and to wake a thread for it takes a core from
 * those who do what the guest does wait for.  So a queue that gets only such
 * requests is looked at when one has come, and then VIRTIO_NAP_MS later without
 * a notification, for as long as that finds any.
 *
 * A driver may wait until even those are used.  Then a nap finds only as many
 * as it has threads.  Each such nap doubles how many requests must come before
 * the next, until one finds more.
 */
#ifndef VIRTIO_VIRTIO_POLL_H
#define VIRTIO_VIRTIO_POLL_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_POLL_US_MAX 1000
/* How many short sleeps there must be before a try, at least and at most. */
#define VIRTIO_POLL_SLEEPS_MIN 2
#define VIRTIO_POLL_SLEEPS_MAX 1024
/* Who sees that much pass at once was not running. */
#define VIRTIO_POLL_LOST_NS 20000
/* How many requests in a row without answer there must be before a nap. */
#define VIRTIO_UNANSWERED_MIN 16
#define VIRTIO_UNANSWERED_MAX 4096
/* How long it is, and how many it has to find. */
#define VIRTIO_NAP_MS 2
#define VIRTIO_NAP_FINDS 3

struct virtio_poll {
	uint64_t window_ns;             /* how long a try may last; 0: none */
	unsigned wanted;                /* so many short sleeps before one */
	unsigned sleeps;                /* so many there were, in a row */
	unsigned nap_wanted;            /* so many unanswered before a nap */
	unsigned unanswered;            /* so many there were, in a row */
	unsigned came;                  /* requests since the last sleep */
	bool napped;                    /* which was a nap */
};

/* us: 0 to VIRTIO_POLL_US_MAX. */
void virtio_poll_init(struct virtio_poll *poll, unsigned us);

/* A request has come; is there anything to write into? */
void virtio_poll_came(struct virtio_poll *poll, bool answered);

/*
 * It sleeps next.  True: for VIRTIO_NAP_MS, without being notified meanwhile;
 * false: until it is notified.
 */
bool virtio_poll_naps(struct virtio_poll *poll);

/* A sleep ended, by work or by other news, after so long. */
void virtio_poll_slept(struct virtio_poll *poll, uint64_t ns);

/* Does a try pay, instead of the next sleep? */
bool virtio_poll_pays(const struct virtio_poll *poll);

/* A try has ended, and was it good: work was found, the core not lost? */
void virtio_poll_tried(struct virtio_poll *poll, bool good);

#endif
