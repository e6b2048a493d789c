/* SPDX-License-Identifier: MIT */
/*
 * fake_host.h - a virtual machine monitor for tests: a struct pciplug_host
 * over a fake_ram.  It records what a device does, lets a test wait for it,
 * and can leave out or refuse what a host may.
 */
#ifndef TESTS_LIB_FAKE_HOST_H
#define TESTS_LIB_FAKE_HOST_H

#include "include/pciplug.h"
#include "tests/lib/fake_ram.h"

#include <pthread.h>
#include <stdbool.h>

#define FAKE_HOST_VECTORS 128
#define FAKE_HOST_DOORBELLS 128
#define FAKE_HOST_BARS 6
#define FAKE_HOST_LOG_SIZE 65536
#define FAKE_HOST_PATIENCE_S 30         /* for what must come */

/* Where fake guests put their message of vector v: data is 0x4000 + v. */
#define FAKE_HOST_MSI_ADDR 0xfee00000u
#define FAKE_HOST_MSI_DATA 0x4000u

struct fake_host {
	/* To be changed (members set to NULL, say) before create(). */
	struct pciplug_host table;
	struct fake_ram ram;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Protected by lock. */
	bool quiet;                     /* nothing may be called (T4) */
	bool refuse_doorbells;
	bool give_up;                   /* nobody waits for interrupts */
	bool hold_mem;                  /* mem_read and mem_write wait */
	unsigned held;                  /* how many do */
	unsigned violations;            /* of `quiet`; wrong messages */
	unsigned msix[FAKE_HOST_VECTORS];
	bool intx;
	unsigned intx_raised;
	unsigned doorbells;
	struct pciplug_doorbell doorbell[FAKE_HOST_DOORBELLS];
	uint64_t bar[FAKE_HOST_BARS];   /* where they are; 0: nowhere */
	size_t log_used;
	char log[FAKE_HOST_LOG_SIZE];   /* "level target: message\n" ... */
};

void fake_host_init(struct fake_host *host, size_t ram_size);
void fake_host_done(struct fake_host *host);

/* From now on every callback but log is a violation; or no longer. */
void fake_host_set_quiet(struct fake_host *host, bool quiet);
unsigned fake_host_violations(struct fake_host *host);

/* Let mem_read and mem_write wait, which holds a request up; or go on. */
void fake_host_hold_mem(struct fake_host *host, bool hold);
/* Wait until one does; false: none comes. */
bool fake_host_wait_held(struct fake_host *host);

unsigned fake_host_msix(struct fake_host *host, unsigned vector);
/* Wait until vector was signalled more than `seen` times; false: never yet. */
bool fake_host_wait_msix(struct fake_host *host, unsigned vector,
			 unsigned seen);
/* From now on nobody waits for MSI-X, or again. */
void fake_host_give_up(struct fake_host *host, bool give_up);
bool fake_host_gives_up(struct fake_host *host);
bool fake_host_intx(struct fake_host *host);
/* Wait until INTA# is asserted; false: never. */
bool fake_host_wait_intx(struct fake_host *host);

/* Signal the doorbell for such a write; false: there is none. */
bool fake_host_ring(struct fake_host *host, unsigned bar, uint64_t offset,
		    uint64_t value, unsigned length);
unsigned fake_host_doorbells(struct fake_host *host);

/* Where the guest has put a BAR, or 0. */
uint64_t fake_host_bar(struct fake_host *host, unsigned bar);

/* Has a line with this text been logged? */
bool fake_host_logged(struct fake_host *host, const char *text);

#endif
