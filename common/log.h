/* SPDX-License-Identifier: MIT */
/*
 * log.h - the log of one device (or program).
 *
 * A `struct log` is an object that is passed down, not a global: two devices
 * in one process may log to two hosts.  It holds one level for each target; a
 * line that is filtered out costs a load and a compare, and its arguments are
 * not evaluated.
 *
 * The filter is a comma-separated list of `level` or `target=level`; levels
 * are off, error, warn, info, debug and trace, in upper or lower case.  A
 * target stands for every target name that it is a prefix of, and the longest
 * prefix wins, whatever the order ("info,virtio=debug,virtiofs=trace"); of two
 * that are as long, the later.  Default: info.
 *
 * Lines that a guest can cause are rate limited, below trace, by log_limited():
 * a burst of LOG_BURST each LOG_PERIOD_S seconds for each place in the source,
 * and for each log, so that one device cannot hide what another has to say.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
	LOG_OFF,
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
	LOG_TRACE
};

enum log_target {
	LOG_FUSE,
	LOG_VIRTIOFS,
	LOG_VIRTIO,
	LOG_PCI,
	LOG_LXUTIL,
	LOG_PLUGIN,
	LOG_VFIO_USER,
	LOG_VHOST_USER,
	LOG_TARGETS
};

#define LOG_BURST 10
#define LOG_PERIOD_S 5
#define LOG_LINE_MAX 1024               /* longer lines are cut */
#define LOG_PLACES 64                   /* more of them share limits */

/* Takes one finished line without newline; may be called from any thread. */
typedef void (*log_sink)(void *ctx, enum log_level level, const char *target,
			 const char *message);

struct log_limit {
	_Atomic uint64_t period;        /* which period `count` counts */
	_Atomic unsigned count;
};

/* Constant once it is set up, but for the limits. */
struct log {
	uint8_t level[LOG_TARGETS];     /* enum log_level */
	int fd;                         /* -1: use the sink */
	bool close_fd;
	log_sink sink;
	void *sink_ctx;
	uint64_t start_ns;              /* lines show the time since then */
	struct log_limit limit[LOG_PLACES];
};

/*
 * A log to file descriptor fd (borrowed; 2 for stderr) with the default
 * filter.  Cannot fail.
 */
void log_init(struct log *log, int fd);

/* Send lines to sink(ctx, ...) instead. */
void log_set_sink(struct log *log, log_sink sink, void *ctx);

/*
 * Send lines to a file, which is created or appended to.  0 or -errno, which is
 * -ENXIO for a FIFO that nobody reads.
 */
int log_open_file(struct log *log, const char *path);

/*
 * Apply a filter.  A directive that makes no sense is skipped and the others
 * hold; then the return is false and bad (of size n, may be NULL) names it.
 */
bool log_set_filter(struct log *log, const char *filter, char *bad, size_t n);

/*
 * Apply OPENVMM_LOG if it is set, else HVLITE_LOG; a bad directive is warned
 * about in the log itself.  Not in set-user-id programs.
 */
void log_set_filter_from_env(struct log *log);

/* Close what log_open_file() opened. */
void log_done(struct log *log);

const char *log_target_name(enum log_target target);
const char *log_level_name(enum log_level level);

/* Write one line; use the macros, which filter first.  Keeps errno. */
__attribute__((format(printf, 4, 5)))
void log_write(const struct log *log, enum log_level level,
	       enum log_target target, const char *format, ...);

/* The log's limit for a place in the source; *place is 0 before the first. */
struct log_limit *log_limit_of(const struct log *log, atomic_uint *place);
/* May one more line be written in this period? */
bool log_limit_ok(struct log_limit *limit);

/*
 * Text for a log: `len` bytes of a name as printable characters, the others
 * as \xNN; cut with "..." to what fits (NUL included).  Returns buf.
 */
const char *log_escape(char *buf, size_t size, const void *bytes, size_t len);

#define log_enabled(log, target, lvl) ((log)->level[target] >= (lvl))

#define log_at(log, target, lvl, ...) \
	do { \
		if (log_enabled(log, target, lvl)) \
			log_write(log, lvl, target, __VA_ARGS__); \
	} while (0)

/* For whatever a guest can cause again and again. */
#define log_limited(log, target, lvl, ...) \
	do { \
		static atomic_uint place_; \
		if (log_enabled(log, target, lvl) && \
		    (log_enabled(log, target, LOG_TRACE) || \
		     log_limit_ok(log_limit_of(log, &place_)))) \
			log_write(log, lvl, target, __VA_ARGS__); \
	} while (0)

#define log_error(log, target, ...) log_at(log, target, LOG_ERROR, __VA_ARGS__)
#define log_warn(log, target, ...) log_at(log, target, LOG_WARN, __VA_ARGS__)
#define log_info(log, target, ...) log_at(log, target, LOG_INFO, __VA_ARGS__)
#define log_debug(log, target, ...) log_at(log, target, LOG_DEBUG, __VA_ARGS__)
#define log_trace(log, target, ...) log_at(log, target, LOG_TRACE, __VA_ARGS__)

#endif
