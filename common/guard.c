/* SPDX-License-Identifier: MIT */
/*
 * The handler looks for its address in a list that only grows: who is removed
 * leaves a place for the next.  It takes no lock, and so looks twice at a place
 * whose owner may change meanwhile.  Its own cannot, as it is in use.
 */
#include "common/guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct place {
	struct place *next;
	atomic_uintptr_t start;         /* 0: free */
	atomic_size_t size;
	_Atomic(struct guard *) guard;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;        /* changes */
static _Atomic(struct place *) places;
static struct sigaction before;

/* ---- the handler ------------------------------------------------------- */

/* The guard of an address, or NULL; with *ret_start and *ret_size. */
static struct guard *find(uintptr_t at, uintptr_t *ret_start, size_t *ret_size)
{
	for (struct place *p = atomic_load(&places); p; p = p->next) {
		struct guard *guard;

		do {
			*ret_start = atomic_load(&p->start);
			*ret_size = atomic_load(&p->size);
			guard = atomic_load(&p->guard);
		} while (*ret_start != atomic_load(&p->start));
		if (*ret_start && at - *ret_start < *ret_size)
			return guard;
	}
	return NULL;
}

/*
 * Put zeros where the memory was.  To the thread sanitizer, mmap() by its name
 * writes to memory that others touch.
 */
static bool replace(uintptr_t start, size_t size)
{
	return syscall(SYS_mmap, start, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
		       -1, 0L) == (long)start;
}

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	struct guard *guard = NULL;
	uintptr_t start = 0;
	int err = errno;
	size_t size = 0;

	(void)context;
	if (info->si_code > 0)          /* not by kill() */
		guard = find((uintptr_t)info->si_addr, &start, &size);
	if (guard && replace(start, size)) {
		atomic_store(&guard->lost, true);
		shutdown(guard->sock, SHUT_RDWR);
	} else {
		/* It comes again when this has returned. */
		sigaction(signo, &before, NULL);
		if (info->si_code <= 0)
			raise(signo);
	}
	errno = err;
}

void guard_catch(void)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	}, now;

	sigaction(SIGBUS, NULL, &now);
	if (now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_sigbus)
		return;
	before = now;
	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}

/* ---- the list ---------------------------------------------------------- */

/* The place of a mapping; 0: a free one.  With the lock held. */
static struct place *place_of(uintptr_t start)
{
	struct place *p = atomic_load(&places);

	while (p && atomic_load(&p->start) != start)
		p = p->next;
	return p;
}

int guard_add(struct guard *guard, void *map, size_t size)
{
	struct place *p;

	pthread_mutex_lock(&lock);
	p = place_of(0);
	if (!p) {
		p = calloc(1, sizeof(*p));
		if (p) {
			p->next = atomic_load(&places);
			atomic_store(&places, p);
		}
	}
	if (p) {
		atomic_store(&p->guard, guard);
		atomic_store(&p->size, size);
		atomic_store(&p->start, (uintptr_t)map);
	}
	pthread_mutex_unlock(&lock);
	return p ? 0 : -ENOMEM;
}

void guard_remove(const void *map)
{
	struct place *p;

	pthread_mutex_lock(&lock);
	p = place_of((uintptr_t)map);
	if (p)
		atomic_store(&p->start, 0);
	pthread_mutex_unlock(&lock);
}
