/* SPDX-License-Identifier: MIT */
/*
 * pciplug.h - the ABI between a virtual machine monitor and a PCI device
 * plugin.
 *
 * A plugin is a shared object that exports one function, pciplug_entry_v1().
 * It returns a constant table of functions; with them the host creates
 * devices, each one PCI function.  The host hands every device a table of
 * callbacks: how to interrupt the guest, and whatever else it can offer.
 *
 * Rules (docs/abi.md explains them and shows a complete host):
 *
 *  Versions   Every struct begins with its size as its owner was built;
 *             members are only ever appended and never change their meaning.
 *             The reader copies min(size, its own size) bytes over zeros, so
 *             a member that the other side does not know reads as NULL or 0,
 *             which always means "absent".  An incompatible ABI would get
 *             another symbol name.
 *  Errors     Functions return 0 or a negative Linux errno value (-22 is
 *             EINVAL on every host).  Guest accesses return nothing: an
 *             access that is wrong reads as all ones and writes nothing.
 *  Threads    T1  cfg_* and bar_* may be called from any thread, several at
 *                 a time, and never wait for a file.
 *             T2  create, start, stop, reset, mem_add, mem_remove, save,
 *                 restore and destroy of one device are never called two at a
 *                 time, and no access overlaps save, restore or destroy.
 *             T3  A callback may come from any thread of the plugin and from
 *                 within any device operation.  A callback must not call a
 *                 device operation, nor wait for a lock that the host holds
 *                 during one.
 *             T4  After stop() no thread of the plugin touches guest memory,
 *                 interrupts or doorbells until start().  After destroy()
 *                 nothing of the host table is used and dlclose() is safe.
 *             T5  A plugin leaves process-wide state alone: no signal
 *                 handlers, no fork, chdir, umask, setuid or exit.
 *             T6  Devices share nothing.
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

	/*
	 * Guest memory that mem_add() did not announce.  All or nothing:
	 * 0, or -EFAULT (-14).  They may block.
	 */
	int (*mem_read)(void *ctx, uint64_t gpa, void *buf, size_t len);
	int (*mem_write)(void *ctx, uint64_t gpa, const void *buf, size_t len);

	/*
	 * BAR `bar` now decodes at `gpa`, or no longer does.  For a host that
	 * does not follow the Command and BAR registers by itself.
	 */
	int (*bar_map)(void *ctx, uint32_t bar, uint64_t gpa);
	void (*bar_unmap)(void *ctx, uint32_t bar);

	/*
	 * Ask for a doorbell; 0 when the host will signal the event, an error
	 * when accesses go on to arrive by bar_write().  `event` stays the
	 * device's and lives until doorbell_del() with the same content.
	 */
	int (*doorbell_add)(void *ctx, const struct pciplug_doorbell *db);
	void (*doorbell_del)(void *ctx, const struct pciplug_doorbell *db);

	/*
	 * One line of log without newline.  The filter is the device's own
	 * (HVLITE_LOG).  NULL: lines go to `log_file`, or to stderr.
	 */
	void (*log)(void *ctx, int level, const char *target,
		    const char *message);
	const char *log_file;           /* a path to append to, or NULL */

	/*
	 * How many devices there will be in this process, where the host
	 * knows; 0 is 1.  What a process has only so many of, such as
	 * descriptors, a device takes its part of.
	 */
	uint32_t devices;
	uint32_t reserved;
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
	 * (if not NULL) holds one line for a person, cut to err_size bytes:
	 * -EINVAL if config or the host's table is wrong, else what the
	 * operating system refused.  May block on the file system.
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

	/* -- All that follows may be NULL (or absent). -- */

	/*
	 * State as a JSON object, NUL-terminated.  *len is the buffer's size
	 * on entry and the needed size on return; -ENOSPC: it did not fit.
	 */
	int (*inspect)(struct pciplug_device *dev, char *buf, size_t *len);

	/*
	 * The directories and files that a device of this config would open,
	 * for a host that shuts itself in with them before it calls create():
	 * paths as
	 * the config has them, each NUL-terminated, one behind the other.
	 * *len and -ENOSPC as for inspect(); -EINVAL and err as for create().
	 */
	int (*paths)(const char *config, char *err, size_t err_size, char *buf,
		     size_t *len);

	/*
	 * Write the state of a stopped device, all that the guest has made of
	 * it, as a stream of bytes: write() takes all `len` bytes (> 0) and
	 * returns 0 or a negative errno.  Guest memory is not part of it.  The
	 * device stays as it is, so it may be started again; but a reset that
	 * its driver has begun is done.  0, -EBUSY (-16): it is started; or
	 * the error.  Both may block.
	 */
	int (*save)(struct pciplug_device *dev,
		    int (*write)(void *ctx, const void *buf, size_t len),
		    void *ctx);
	/*
	 * Make a stopped device, which was created with the same config, go on
	 * from such a stream once it is started: read() fills up to `len` bytes
	 * (> 0) and returns how many, 0 where the stream ends, or a negative
	 * errno.  Nothing behind the state is read.  The callbacks for BARs,
	 * doorbells and INTA# are called as the state needs it.  The stream is
	 * not trusted: on failure the device is as after create(), and err as
	 * for create(); but -EBUSY: it is started, and stays as it is.
	 */
	int (*restore)(struct pciplug_device *dev,
		       ptrdiff_t (*read)(void *ctx, void *buf, size_t len),
		       void *ctx, char *err, size_t err_size);
};

/* The only exported symbol; cannot fail. */
PCIPLUG_EXPORT const struct pciplug_plugin *pciplug_entry_v1(void);

#ifdef __cplusplus
}
#endif
#endif
