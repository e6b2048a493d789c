/* SPDX-License-Identifier: MIT */
/*
 * The options, in the order in which --help shows them: virtiofsd's first.
 * Where virtiofsd's default is another than the share's, see
 * SHARE_DEFAULTS in vuf_options.c.
 */
#include "tools/vhost_user_virtiofs/vuf_table.h"

#include "common/bytes.h"
#include "tools/vhost_user_virtiofs/vuf_options.h"

#define AT(field) .at = offsetof(struct vuf_options, field)
#define FLAG(field) .effect = VUF_FLAG, AT(field)
#define TEXT(name, field) .value = (name), .effect = VUF_TEXT, AT(field)
#define SHARE(option) .effect = VUF_SHARE, .to = option
#define NOTHING(why) .effect = VUF_NOTHING, .to = why
#define LEGACY .legacy = true

/* A value that may be left out stands first. */
static const struct vuf_word acl_modes[] = {
	{ "always", "xattr,posix-acl" },
	{ "auto", "xattr,posix-acl" },
	{ "never", "posix-acl=false" },
	{ NULL, NULL },
};

static const struct vuf_word label_modes[] = {
	{ "always", "xattr,security-label" },
	{ "auto", "xattr,security-label" },
	{ "never", "security-label=false" },
	{ NULL, NULL },
};

static const struct vuf_word caches[] = {
	{ "auto", "cache=auto" },
	{ "always", "cache=always" },
	{ "never", "cache=never" },
	{ "metadata", "cache=metadata" },
	{ "none", "cache=never" },              /* the C daemon's word */
	{ NULL, NULL },
};

static const struct vuf_word handles[] = {
	{ "never", "inode-file-handles=never" },
	{ "prefer", "inode-file-handles=prefer" },
	{ "mandatory", "inode-file-handles=mandatory" },
	{ "fallback", "inode-file-handles=prefer" },    /* an older word */
	{ NULL, NULL },
};

/* A node goes with both. */
static const struct vuf_word migration_modes[] = {
	{ "find-paths", "" },
	{ "file-handles", "" },
	{ NULL, NULL },
};

static const struct vuf_word migration_errors[] = {
	{ "guest-error", "" },
	{ NULL, NULL },
};

static const struct vuf_word levels[] = {
	{ "off", "off" },
	{ "error", "error" },
	{ "warn", "warn" },
	{ "info", "info" },
	{ "debug", "debug" },
	{ "trace", "trace" },
	{ "err", "error" },                     /* the C daemon's word */
	{ NULL, NULL },
};

const struct vuf_row vuf_table[] = {
	{ "shared-dir", TEXT("DIR", shared_dir),
	  .help = "the directory (or file) to share" },
	{ "tag", TEXT("TAG", tag),
	  .help = "the mount tag, for front-ends that ask for it" },
	{ "socket-path", TEXT("PATH", socket_path),
	  .help = "listen on this socket" },
	{ "socket", TEXT("PATH", socket_path) },
	{ "socket-group", TEXT("GROUP", socket_group),
	  .help = "let this group connect, too" },
	{ "fd", TEXT("FD", fd),
	  .help = "listen on this inherited socket; implies --once" },
	{ "cache", SHARE(NULL), .value = "POLICY", .words = caches,
	  .help = "auto (default), always, never or metadata" },
	{ "readonly", SHARE("ro"), .help = "refuse every change" },
	{ "xattr", SHARE("xattr"), .help = "extended attributes" },
	{ "xattrmap", SHARE("xattr,xattrmap"), .value = "RULES",
	  .help = "other names for them on the host (implies --xattr)" },
	{ "posix-acl", SHARE(NULL), .value = "WHEN", .words = acl_modes,
	  .optional = true,
	  .help = "never (default), auto or always (implies --xattr)" },
	{ "security-label", SHARE(NULL), .value = "WHEN", .words = label_modes,
	  .optional = true,
	  .help = "never (default), auto or always (implies --xattr)" },
	{ "writeback", SHARE("writeback"),
	  .help = "the guest collects writes and sends them later" },
	{ "allow-mmap", SHARE("allow-mmap"),
	  .help = "shared mappings with --cache=never and metadata, too" },
	{ "allow-direct-io", SHARE("direct-io"),
	  .help = "the guest's O_DIRECT is the host's, too" },
	{ "preserve-noatime", SHARE("preserve-noatime"),
	  .help = "the guest's O_NOATIME is the host's, too" },
	{ "no-readdirplus", SHARE("no-readdirplus"),
	  .help = "no attributes with the entries of directories" },
	{ "announce-submounts", SHARE("announce-submounts"),
	  .help = "tell the guest where file systems begin (default)" },
	{ "no-announce-submounts", SHARE("no-announce-submounts"),
	  .help = "do not" },
	{ "killpriv-v2", SHARE("killpriv-v2"),
	  .help = "the host drops setuid bits, not the guest" },
	{ "no-killpriv-v2", SHARE("no-killpriv-v2"),
	  .help = "the guest drops them (default)" },
	{ "no-locks", SHARE("no-locks"),
	  .help = "the guest's locks hold within the guest only" },
	{ "inode-file-handles", SHARE(NULL), .value = "WHEN",
	  .words = handles,
	  .help = "never, prefer (default) or mandatory" },
	{ "translate-uid", SHARE("translate-uid"), .value = "RULE",
	  .help = "which users of the guest are which of the host (repeats)" },
	{ "translate-gid", SHARE("translate-gid"), .value = "RULE",
	  .help = "which groups (repeats)" },
	{ "log-level", TEXT("LEVEL", log_level), .words = levels,
	  .help = "off, error, warn, info (default), debug or trace" },
	{ "d", TEXT(NULL, log_level), .to = "debug",
	  .help = "--log-level=debug" },
	{ "syslog", FLAG(syslog), .help = "log to the system's log" },
	{ "print-capabilities", FLAG(print_capabilities),
	  .help = "tell libvirt what this program can do" },
	{ "daemonize", FLAG(daemonize),
	  .help = "go to the background when the socket is there" },
	{ "o", .value = "OPTION,...", .effect = VUF_LEGACY,
	  .help = "options as the C virtiofsd had them: source=DIR, cache=auto" },
	{ "h", FLAG(help) },
	{ "help", FLAG(help), .help = "this text" },
	{ "V", FLAG(version) },
	{ "version", FLAG(version), .help = "the version" },

	/* virtiofsd's that do nothing here. */
	{ "f", .effect = VUF_NOTHING },
	{ "thread-pool-size", .value = "N",
	  NOTHING("each request queue has a thread") },
	{ "migration-mode", SHARE(NULL), .value = "MODE",
	  .words = migration_modes },
	{ "migration-on-error", SHARE(NULL), .value = "WHAT",
	  .words = migration_errors },
	{ "migration-verify-handles", .effect = VUF_NOTHING },
	{ "migration-confirm-paths", .effect = VUF_NOTHING },

	/* Only within -o, and besides those above. */
	{ "source", TEXT("DIR", shared_dir), LEGACY },
	{ "debug", TEXT(NULL, log_level), .to = "debug", LEGACY },
	{ "timeout", SHARE("timeout"), .value = "SECONDS", LEGACY },
	{ "no-xattr", SHARE("no-xattr"), LEGACY },
	{ "no-posix-acl", SHARE("posix-acl=false"), LEGACY },
	{ "no-security-label", SHARE("security-label=false"), LEGACY },
	{ "no-writeback", SHARE("writeback=false"), LEGACY },
	{ "no-allow-direct-io", SHARE("direct-io=false"), LEGACY },
	{ "readdirplus", SHARE("readdirplus"), LEGACY },
	{ "flock", .effect = VUF_NOTHING, LEGACY },
	{ "posix-lock", .effect = VUF_NOTHING, LEGACY },
	{ "no-flock", NOTHING("the guest's locks are the host's"), LEGACY },
	{ "no-posix-lock", NOTHING("the guest's locks are the host's"),
	  LEGACY },
	{ "allow-root", .effect = VUF_NOTHING, LEGACY },
	{ "max-idle-threads", .value = "N",
	  NOTHING("each request queue has a thread"), LEGACY },

	/* Ours. */
	{ "virtio-fs", .value = "TAG:ROOT[,OPTION...]", .effect = VUF_LIST,
	  .help = "a share by virtiofs-plugin(7), instead of --shared-dir" },
	{ "socket-dir", TEXT("DIR", socket_dir),
	  .help = "listen on DIR/TAG.sock, for several --virtio-fs" },
	{ "once", FLAG(once),
	  .help = "exit when the front-end has gone, as virtiofsd does" },
	{ "poll-us", SHARE("poll-us"), .value = "N",
	  .help = "poll a queue for so long before sleeping, where that pays" },
	{ "log-file", TEXT("PATH", log_file),
	  .help = "append the log to PATH instead of stderr" },
};

const size_t vuf_table_rows = ARRAY_LEN(vuf_table);
