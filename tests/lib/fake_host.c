/* SPDX-License-Identifier: MIT */
#include "tests/lib/fake_host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RAM_GPA 0x100000

static void enter(struct fake_host *host)
{
	pthread_mutex_lock(&host->lock);
	if (host->quiet)
		host->violations++;
}

static void leave(struct fake_host *host)
{
	pthread_cond_broadcast(&host->changed);
	pthread_mutex_unlock(&host->lock);
}

/* A host that emulates the table itself gets no address and data. */
static bool message_ok(const struct fake_host *host, uint16_t vector,
		       uint64_t addr, uint32_t data)
{
	if (host->table.flags & PCIPLUG_HOST_MSIX_TABLE)
		return !addr && !data;
	return addr == FAKE_HOST_MSI_ADDR &&
	       data == FAKE_HOST_MSI_DATA + vector;
}

static void msix_signal(void *ctx, uint16_t vector, uint64_t addr,
			uint32_t data)
{
	struct fake_host *host = ctx;

	enter(host);
	if (vector < FAKE_HOST_VECTORS)
		host->msix[vector]++;
	if (vector >= FAKE_HOST_VECTORS ||
	    !message_ok(host, vector, addr, data))
		host->violations++;
	leave(host);
}

static void intx_set(void *ctx, int asserted)
{
	struct fake_host *host = ctx;

	pthread_mutex_lock(&host->lock);
	if (asserted && host->quiet)
		host->violations++;
	if (asserted && !host->intx)
		host->intx_raised++;
	host->intx = asserted;
	leave(host);
}

static void enter_mem(struct fake_host *host)
{
	enter(host);
	host->held++;
	pthread_cond_broadcast(&host->changed);
	while (host->hold_mem)
		pthread_cond_wait(&host->changed, &host->lock);
	host->held--;
	leave(host);
}

static int mem_read(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct fake_host *host = ctx;

	enter_mem(host);
	return fake_ram_read(&host->ram, gpa, buf, len);
}

static int mem_write(void *ctx, uint64_t gpa, const void *buf, size_t len)
{
	struct fake_host *host = ctx;

	enter_mem(host);
	return fake_ram_write(&host->ram, gpa, buf, len);
}

/* ---- doorbells --------------------------------------------------------- */

/* The doorbell that such a write signals, or NULL; with the lock held. */
static struct pciplug_doorbell *find(struct fake_host *host, unsigned bar,
				     uint64_t offset, uint64_t value,
				     unsigned length)
{
	for (unsigned i = 0; i < host->doorbells; i++) {
		struct pciplug_doorbell *db = &host->doorbell[i];

		if (db->bar == bar && db->offset == offset &&
		    db->value == value && db->length == length)
			return db;
	}
	return NULL;
}

static int doorbell_add(void *ctx, const struct pciplug_doorbell *db)
{
	struct fake_host *host = ctx;
	int ret = 0;

	pthread_mutex_lock(&host->lock);
	if (host->refuse_doorbells)
		ret = -EOPNOTSUPP;
	else if (host->doorbells == FAKE_HOST_DOORBELLS)
		ret = -ENOSPC;
	else if (find(host, db->bar, db->offset, db->value, db->length))
		ret = -EEXIST;
	else
		host->doorbell[host->doorbells++] = *db;
	leave(host);
	return ret;
}

static void doorbell_del(void *ctx, const struct pciplug_doorbell *db)
{
	struct fake_host *host = ctx;
	struct pciplug_doorbell *found;

	pthread_mutex_lock(&host->lock);
	found = find(host, db->bar, db->offset, db->value, db->length);
	if (found && found->event == db->event)
		*found = host->doorbell[--host->doorbells];
	else
		host->violations++;
	leave(host);
}

bool fake_host_ring(struct fake_host *host, unsigned bar, uint64_t offset,
		    uint64_t value, unsigned length)
{
	struct pciplug_doorbell *db;
	const uint64_t one = 1;
	bool rung = false;

	pthread_mutex_lock(&host->lock);
	db = find(host, bar, offset, value, length);
	if (db)
		rung = write((int)db->event, &one, sizeof(one)) == sizeof(one);
	pthread_mutex_unlock(&host->lock);
	return rung;
}

unsigned fake_host_doorbells(struct fake_host *host)
{
	unsigned n;

	pthread_mutex_lock(&host->lock);
	n = host->doorbells;
	pthread_mutex_unlock(&host->lock);
	return n;
}

/* ---- BARs -------------------------------------------------------------- */

/* A device that is destroyed leaves its BARs mapped; another one may follow. */
static int bar_map(void *ctx, uint32_t bar, uint64_t gpa)
{
	struct fake_host *host = ctx;

	pthread_mutex_lock(&host->lock);
	if (bar >= FAKE_HOST_BARS || !gpa)
		host->violations++;
	else
		host->bar[bar] = gpa;
	leave(host);
	return 0;
}

static void bar_unmap(void *ctx, uint32_t bar)
{
	struct fake_host *host = ctx;

	pthread_mutex_lock(&host->lock);
	if (bar >= FAKE_HOST_BARS || !host->bar[bar])
		host->violations++;
	else
		host->bar[bar] = 0;
	leave(host);
}

uint64_t fake_host_bar(struct fake_host *host, unsigned bar)
{
	uint64_t gpa;

	pthread_mutex_lock(&host->lock);
	gpa = host->bar[bar];
	pthread_mutex_unlock(&host->lock);
	return gpa;
}

/* ---- log --------------------------------------------------------------- */

static void log_line(void *ctx, int level, const char *target,
		     const char *message)
{
	struct fake_host *host = ctx;
	size_t room;
	int n;

	pthread_mutex_lock(&host->lock);
	room = sizeof(host->log) - host->log_used;
	n = snprintf(host->log + host->log_used, room, "%d %s: %s\n", level,
		     target, message);
	if (n > 0 && (size_t)n < room)
		host->log_used += (size_t)n;
	pthread_mutex_unlock(&host->lock);
}

bool fake_host_logged(struct fake_host *host, const char *text)
{
	bool found;

	pthread_mutex_lock(&host->lock);
	found = strstr(host->log, text);
	pthread_mutex_unlock(&host->lock);
	return found;
}

/* ---- life and waiting -------------------------------------------------- */

void fake_host_init(struct fake_host *host, size_t ram_size)
{
	*host = (struct fake_host){ 0 };
	host->table = (struct pciplug_host){
		.size = sizeof(host->table),
		.ctx = host,
		.msix_signal = msix_signal,
		.intx_set = intx_set,
		.mem_read = mem_read,
		.mem_write = mem_write,
		.bar_map = bar_map,
		.bar_unmap = bar_unmap,
		.doorbell_add = doorbell_add,
		.doorbell_del = doorbell_del,
		.log = log_line,
	};
	fake_ram_init(&host->ram, RAM_GPA, ram_size);
	pthread_mutex_init(&host->lock, NULL);
	pthread_cond_init(&host->changed, NULL);
}

void fake_host_done(struct fake_host *host)
{
	fake_ram_done(&host->ram);
	pthread_cond_destroy(&host->changed);
	pthread_mutex_destroy(&host->lock);
}

void fake_host_set_quiet(struct fake_host *host, bool quiet)
{
	pthread_mutex_lock(&host->lock);
	host->quiet = quiet;
	pthread_mutex_unlock(&host->lock);
}

unsigned fake_host_violations(struct fake_host *host)
{
	unsigned n;

	pthread_mutex_lock(&host->lock);
	n = host->violations;
	pthread_mutex_unlock(&host->lock);
	return n;
}

unsigned fake_host_msix(struct fake_host *host, unsigned vector)
{
	unsigned n;

	pthread_mutex_lock(&host->lock);
	n = host->msix[vector];
	pthread_mutex_unlock(&host->lock);
	return n;
}

static struct timespec deadline(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += FAKE_HOST_PATIENCE_S;
	return t;
}

bool fake_host_wait_msix(struct fake_host *host, unsigned vector,
			 unsigned seen)
{
	const struct timespec end = deadline();
	bool signalled;
	int ret = 0;

	pthread_mutex_lock(&host->lock);
	while (host->msix[vector] <= seen && !host->give_up && !ret)
		ret = pthread_cond_timedwait(&host->changed, &host->lock, &end);
	signalled = host->msix[vector] > seen;
	pthread_mutex_unlock(&host->lock);
	return signalled;
}

void fake_host_give_up(struct fake_host *host, bool give_up)
{
	pthread_mutex_lock(&host->lock);
	host->give_up = give_up;
	leave(host);
}

bool fake_host_gives_up(struct fake_host *host)
{
	bool give_up;

	pthread_mutex_lock(&host->lock);
	give_up = host->give_up;
	pthread_mutex_unlock(&host->lock);
	return give_up;
}

void fake_host_hold_mem(struct fake_host *host, bool hold)
{
	pthread_mutex_lock(&host->lock);
	host->hold_mem = hold;
	leave(host);
}

bool fake_host_wait_held(struct fake_host *host)
{
	const struct timespec end = deadline();
	int ret = 0;

	pthread_mutex_lock(&host->lock);
	while (!host->held && !ret)
		ret = pthread_cond_timedwait(&host->changed, &host->lock, &end);
	pthread_mutex_unlock(&host->lock);
	return !ret;
}

bool fake_host_intx(struct fake_host *host)
{
	bool asserted;

	pthread_mutex_lock(&host->lock);
	asserted = host->intx;
	pthread_mutex_unlock(&host->lock);
	return asserted;
}

bool fake_host_wait_intx(struct fake_host *host)
{
	const struct timespec end = deadline();
	int ret = 0;

	pthread_mutex_lock(&host->lock);
	while (!host->intx && !ret)
		ret = pthread_cond_timedwait(&host->changed, &host->lock, &end);
	pthread_mutex_unlock(&host->lock);
	return !ret;
}
