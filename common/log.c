/* SPDX-License-Identifier: MIT */
#include "common/log.h"

#include "common/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static const char *const target_names[LOG_TARGETS] = {
	[LOG_FUSE] = "fuse",
	[LOG_VIRTIOFS] = "virtiofs",
	[LOG_VIRTIO] = "virtio",
	[LOG_PCI] = "pci",
	[LOG_LXUTIL] = "lxutil",
	[LOG_PLUGIN] = "plugin",
	[LOG_VFIO_USER] = "vfio_user",
	[LOG_VHOST_USER] = "vhost_user",
};

static const char *const level_names[] = {
	[LOG_OFF] = "off",
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
	[LOG_TRACE] = "trace",
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

const char *log_target_name(enum log_target target)
{
	return target_names[target];
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

void log_init(struct log *log, int fd)
{
	*log = (struct log){ .fd = fd, .start_ns = now_ns() };
	memset(log->level, LOG_INFO, sizeof(log->level));
}

void log_done(struct log *log)
{
	if (log->close_fd)
		close(log->fd);
	log->close_fd = false;
}

void log_set_sink(struct log *log, log_sink sink, void *ctx)
{
	log_done(log);
	log->fd = -1;
	log->sink = sink;
	log->sink_ctx = ctx;
}

int log_open_file(struct log *log, const char *path)
{
	const int flags = O_WRONLY | O_CREAT | O_APPEND;
	/* Of a FIFO without a reader it would wait for one. */
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0644);

	if (fd < 0)
		return -errno;
	(void)fcntl(fd, F_SETFL, flags);
	log_done(log);
	log->fd = fd;
	log->close_fd = true;
	return 0;
}

static bool parse_level(const char *s, size_t len, uint8_t *ret_level)
{
	for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
		if (strlen(level_names[i]) == len &&
		    !strncasecmp(level_names[i], s, len)) {
			*ret_level = (uint8_t)i;
			return true;
		}
	}
	return false;
}

/*
 * One directive.  length[] remembers how long the prefix was that set each
 * level, so that the longest wins in any order.
 */
static bool apply(struct log *log, const char *s, size_t len,
		  size_t length[LOG_TARGETS])
{
	const char *eq = memchr(s, '=', len);
	size_t prefix = eq ? (size_t)(eq - s) : 0;
	const char *value = eq ? eq + 1 : s;
	bool matched = false;
	uint8_t level;

	if (eq == s || !parse_level(value, (size_t)(s + len - value), &level))
		return false;
	for (int i = 0; i < LOG_TARGETS; i++) {
		if (strncmp(target_names[i], s, prefix))
			continue;
		matched = true;
		if (prefix >= length[i]) {
			length[i] = prefix;
			log->level[i] = level;
		}
	}
	return matched;
}

bool log_set_filter(struct log *log, const char *filter, char *bad, size_t n)
{
	size_t length[LOG_TARGETS] = { 0 };
	bool ok = true;

	for (const char *s = filter; *s;) {
		size_t len = strcspn(s, ",");

		if (len && !apply(log, s, len, length)) {
			if (ok && bad)
				snprintf(bad, n, "%.*s", (int)len, s);
			ok = false;
		}
		s += len;
		s += *s == ',';
	}
	return ok;
}

void log_set_filter_from_env(struct log *log)
{
	static const char *const names[] = { "OPENVMM_LOG", "HVLITE_LOG" };
	char bad[64];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = secure_getenv(names[i]);

		if (!value || !*value)
			continue;
		if (!log_set_filter(log, value, bad, sizeof(bad)))
			log_warn(log, LOG_PLUGIN,
				 "%s: ignored '%s'; expected LEVEL or TARGET=LEVEL, LEVEL one of off, error, warn, info, debug, trace",
				 names[i], bad);
		return;
	}
}

void log_write(const struct log *log, enum log_level level,
	       enum log_target target, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	uint64_t ns = now_ns() - log->start_ns;
	int saved = errno;      /* the caller may still want to return it */
	size_t start = 0, len;
	va_list ap;
	int n;

	if (log->fd >= 0)
		start = (size_t)snprintf(line, sizeof(line),
					 "%6" PRIu64 ".%06" PRIu64 " %-5s %s: ",
					 ns / 1000000000, ns / 1000 % 1000000,
					 level_names[level],
					 target_names[target]);
	/* Room is kept for the newline. */
	va_start(ap, format);
	n = vsnprintf(line + start, sizeof(line) - start - 1, format, ap);
	va_end(ap);
	if (n >= 0 && log->fd >= 0) {
		len = MIN(start + (size_t)n, sizeof(line) - 2);
		line[len++] = '\n';
		/* One write a line: lines of several threads stay whole. */
		while (write(log->fd, line, len) < 0 && errno == EINTR)
			;
	} else if (n >= 0 && log->sink) {
		log->sink(log->sink_ctx, level, target_names[target], line);
	}
	errno = saved;
}

struct log_limit *log_limit_of(const struct log *log, atomic_uint *place)
{
	static atomic_uint places;
	unsigned number = atomic_load(place), none = 0;

	if (!number) {
		number = atomic_fetch_add(&places, 1) % LOG_PLACES + 1;
		if (!atomic_compare_exchange_strong(place, &none, number))
			number = none;          /* another thread was first */
	}
	/* No log is a constant; only who writes lines may not change it. */
	return (struct log_limit *)&log->limit[number - 1];
}

bool log_limit_ok(struct log_limit *limit)
{
	uint64_t period = now_ns() / 1000000000 / LOG_PERIOD_S;

	if (atomic_exchange(&limit->period, period) != period)
		atomic_store(&limit->count, 0);
	return atomic_fetch_add(&limit->count, 1) < LOG_BURST;
}

static size_t escaped_len(uint8_t byte)
{
	bool plain = byte >= 0x20 && byte < 0x7f && byte != '\\' &&
		     byte != '"';

	return plain ? 1 : 4;
}

const char *log_escape(char *buf, size_t size, const void *bytes, size_t len)
{
	static const char dots[] = "...";
	const uint8_t *b = bytes;
	size_t need = 1, out = 0, room;

	for (size_t i = 0; i < len; i++)
		need += escaped_len(b[i]);
	room = need <= size ? size : size - MIN(size, sizeof(dots) - 1);
	for (size_t i = 0; i < len && out + escaped_len(b[i]) < room; i++) {
		if (escaped_len(b[i]) == 1)
			buf[out++] = (char)b[i];
		else
			out += (size_t)snprintf(buf + out, size - out,
						"\\x%02x", b[i]);
	}
	snprintf(buf + out, size - out, "%s", need <= size ? "" : dots);
	return buf;
}
