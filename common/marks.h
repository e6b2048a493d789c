/* SPDX-License-Identifier: MIT */
/*
 * marks.h - who is using what just now, told without writing to the thing.
 *
 * A count in an object that many threads use is a cache line that they pull
 * from each other.  Instead, a thread writes the object's address into a cell
 * of a line that is its own: it marks it.  Who wants to take the object away
 * says so in the object and then looks for marks of it.
 *
 * It is the user's duty to set the mark first and then to look whether the
 * object is still there, and the taker's to look for marks last.  All of these
 * are in one total order (memory_order_seq_cst), so one of both sees the other.
 *
 * Not every use can be marked: a thread has a line only if it was given one,
 * and few cells in it.  So there must be a count as well, for who gets no mark.
 * A use begins and ends on one thread, which can tell by its line whether it
 * was a mark.  Of two uses of one object by one thread, of which only one is a
 * mark, the mark ends first, whichever it was.
 */
#ifndef COMMON_MARKS_H
#define COMMON_MARKS_H

#include <stdatomic.h>
#include <stdbool.h>

#define MARKS_LINES 64
#define MARKS_CELLS 8                   /* uses at a time by one thread */

struct marks {
	_Atomic unsigned lines;         /* so many of them may hold marks */
	struct {
		_Atomic(const void *) cell[MARKS_CELLS];
		char pad[64];           /* wherever it begins, no neighbours */
	} line[MARKS_LINES];
};

/*
 * From now on the calling thread has that line of every struct marks that it
 * comes by; MARKS_LINES or more: none, as at first.  No two threads that come
 * by the same ones may have the same line.
 */
void marks_thread_init(unsigned line);

void marks_init(struct marks *marks);

/* Mark the object, which is not NULL; false: there is no cell for it. */
bool marks_set(struct marks *marks, const void *object);
/* Take back a mark of this thread's; false: it has none of the object. */
bool marks_clear(struct marks *marks, const void *object);

/* Is it marked by any thread? */
bool marks_any(struct marks *marks, const void *object);

#endif
