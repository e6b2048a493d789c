/* SPDX-License-Identifier: MIT */
/*
 * v1/pciplug.h - the first version of include/pciplug.h, frozen, as a host or
 * plugin out there may have been built with it.  The optional members at the
 * end of the two tables are cut off, but for one: so it also stands for every
 * header that was older still.
 *
 * Never change it: what was built with it has to work for ever.
 */
#ifndef PCIPLUG_H
#define PCIPLUG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define PCIPLUG_EXPORT __declspec(dllexport)
#else
#define PCIPLUG_EXPORT __attribute__((visibility("default")))
#endif

/* The name to give to dlsym(). */
#define PCIPLUG_ENTRY_V1 "pciplug_entry_v1"

/* What waits and is signalled: an eventfd on Linux, a HANDLE on Windows. */
typedef intptr_t pciplug_os_handle;

enum {
	PCIPLUG_LOG_ERROR = 1,
	PCIPLUG_LOG_WARN = 2,
	PCIPLUG_LOG_INFO = 3,
	PCIPLUG_LOG_DEBUG = 4,
	PCIPLUG_LOG_TRACE = 5
};

/* mem_add() flags: what the device may do with the range. */
enum {
	PCIPLUG_MEM_READ = 1,
	PCIPLUG_MEM_WRITE = 2
};

/* struct pciplug_host flags */
enum {
	/*
	 * The host emulates the MSI-X table and its masks itself, as vfio-user
	 * clients do.  The device then signals by vector whatever the table in
	 * its BAR holds; address and data are 0.
	 */
	PCIPLUG_HOST_MSIX_TABLE = 1
};

/* struct pciplug_bar flags */
enum {
	PCIPLUG_BAR_64BIT = 1,
	PCIPLUG_BAR_PREFETCHABLE = 2,
	PCIPLUG_BAR_MSIX_TABLE = 4      /* holds the MSI-X table and PBA */
};

/* One base address register; length 0: not implemented. */
struct pciplug_bar {
	uint32_t size;
	uint32_t flags;
	uint64_t length;                /* bytes, a power of two */
};

/*
 * A write of `length` bytes with `value` at `offset` of BAR `bar` signals
 * `event` and needs no bar_write() any more.
 */
struct pciplug_doorbell {
	uint32_t size;
	uint32_t bar;
	uint64_t offset;
	uint64_t value;
	uint32_t length;
	uint32_t reserved;
	pciplug_os_handle event;
};

/*
 * What the host gives.  The struct is copied by create(); `ctx` and what the
 * functions need must live until destroy() returns.
 */
struct pciplug_host {
	uint32_t size;                  /* sizeof(struct pciplug_host) */
	uint32_t flags;                 /* PCIPLUG_HOST_* */
	void *ctx;                      /* first argument of every callback */

	/*
	 * Send the message of MSI-X vector `vector` (a memory write of `data`
	 * to `addr`).  Must not block.
	 */
	void (*msix_signal)(void *ctx, uint16_t vector, uint64_t addr,
			    uint32_t data);

	/* -- All that follows may be NULL (or absent). -- */

	/* Drive INTA#; NULL: the function has no interrupt pin. */
	void (*intx_set)(void *ctx, int asserted);
};

struct pciplug_device;

/* What the plugin gives: constant, valid until dlclose(). */
struct pciplug_plugin {
	uint32_t size;                  /* sizeof(struct pciplug_plugin) */
	uint32_t reserved;
	const char *name;               /* "virtiofs" */
	const char *version;
	const char *description;        /* one line */

	/*
	 * The option by which a person asks for a device, so that a host can
	 * offer it: --OPTION VALUE, one device for each occurrence.
	 */
	const char *option;             /* "virtio-fs" */
	const char *option_value;       /* "TAG:ROOT[,OPTION...]" */
	const char *option_help;        /* lines of text for --help */

	/*
	 * Make a stopped device.  `config` is the option's value, or a JSON
	 * object with the same keys.  On failure `*out` is untouched and `err`
	 * (if not NULL) holds one line for a person, cut to err_size bytes.
	 * May block on the file system.
	 */
	int (*create)(const struct pciplug_host *host, const char *config,
		      char *err, size_t err_size, struct pciplug_device **out);
	/* Stops the device if need be, and frees it.  NULL is allowed. */
	void (*destroy)(struct pciplug_device *dev);

	/* Fills *out (out->size is set by the caller); -EINVAL: bar > 5. */
	int (*bar_info)(struct pciplug_device *dev, uint32_t bar,
			struct pciplug_bar *out);

	/* Guest accesses of any offset and length; see docs/abi.md. */
	void (*cfg_read)(struct pciplug_device *dev, uint32_t offset,
			 void *buf, size_t len);
	void (*cfg_write)(struct pciplug_device *dev, uint32_t offset,
			  const void *buf, size_t len);
	void (*bar_read)(struct pciplug_device *dev, uint32_t bar,
			 uint64_t offset, void *buf, size_t len);
	void (*bar_write)(struct pciplug_device *dev, uint32_t bar,
			  uint64_t offset, const void *buf, size_t len);

	/*
	 * Announce that guest physical [gpa, gpa + size) is at `host` in this
	 * process.  -EEXIST: overlaps an earlier range.  -ENOSPC: too many.
	 */
	int (*mem_add)(struct pciplug_device *dev, uint64_t gpa, uint64_t size,
		       void *host, uint32_t flags);
	/*
	 * Take back exactly one announced range; -ENOENT: there is none.  When
	 * it returns, nothing of the plugin touches the memory: it waits for
	 * the requests in flight.
	 */
	int (*mem_remove)(struct pciplug_device *dev, uint64_t gpa,
			  uint64_t size);

	int (*start)(struct pciplug_device *dev);
	/* Waits for the requests in flight; may block on the file system. */
	void (*stop)(struct pciplug_device *dev);
	/*
	 * Bus reset: registers as after create(), mounts forgotten; memory
	 * ranges stay.  Waits like stop(); a started device stays started.
	 */
	void (*reset)(struct pciplug_device *dev);
};

/* The only exported symbol; cannot fail. */
PCIPLUG_EXPORT const struct pciplug_plugin *pciplug_entry_v1(void);

#ifdef __cplusplus
}
#endif
#endif
