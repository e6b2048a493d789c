/* SPDX-License-Identifier: MIT */
#include "common/marks.h"

#include <stddef.h>

static _Thread_local unsigned line_of_thread;   /* + 1; 0: none */

void marks_thread_init(unsigned line)
{
	line_of_thread = line < MARKS_LINES ? line + 1 : 0;
}

void marks_init(struct marks *marks)
{
	atomic_init(&marks->lines, 0);
	for (unsigned i = 0; i < MARKS_LINES; i++)
		for (unsigned j = 0; j < MARKS_CELLS; j++)
			atomic_init(&marks->line[i].cell[j], NULL);
}

/* The thread's first cell with that content, or NULL. */
static _Atomic(const void *) *find(struct marks *marks, unsigned line,
				   const void *content)
{
	for (unsigned i = 0; line && i < MARKS_CELLS; i++) {
		_Atomic(const void *) *cell = &marks->line[line - 1].cell[i];

		/* Nobody else writes there. */
		if (atomic_load_explicit(cell, memory_order_relaxed) == content)
			return cell;
	}
	return NULL;
}

bool marks_set(struct marks *marks, const void *object)
{
	unsigned line = line_of_thread;
	unsigned lines = atomic_load(&marks->lines);
	_Atomic(const void *) *cell = find(marks, line, NULL);

	if (!cell)
		return false;
	while (lines < line &&
	       !atomic_compare_exchange_weak(&marks->lines, &lines, line))
		;
	atomic_store(cell, object);
	return true;
}

bool marks_clear(struct marks *marks, const void *object)
{
	_Atomic(const void *) *cell = find(marks, line_of_thread, object);

	if (cell)
		atomic_store(cell, NULL);
	return cell;
}

bool marks_any(struct marks *marks, const void *object)
{
	unsigned lines = atomic_load(&marks->lines);

	for (unsigned i = 0; i < lines; i++)
		for (unsigned j = 0; j < MARKS_CELLS; j++)
			if (atomic_load(&marks->line[i].cell[j]) == object)
				return true;
	return false;
}
