/* SPDX-License-Identifier: MIT */
/*
 * A guest's FUSE requests to the whole server on a real tree.  Whatever they
 * are, replies are well-formed, nothing outside the share has changed, and no
 * descriptor is left open.
 */
#include "fuse/fuse_session.h"
#include "tests/fuzz/fuzz_fuse_message.h"
#include "tests/lib/count_fds.h"
#include "tests/lib/tree_print.h"
#include "virtio/fs/vfs_server.h"

#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MESSAGES_MAX 64
#define FILE_MAX (4u << 20)             /* bytes that a file may grow to */

static char root[64];                   /* "share" is in it, and the outside */
static char share[80];
static struct log quiet;

static void must(int ret, const char *what)
{
	if (ret < 0) {
		perror(what);
		abort();
	}
}

/* So that what a guest's root sets on a file can be cleared away. */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	must((int)syscall(SYS_capget, &header, data), "capget");
	data[0].effective &= ~(1u << CAP_LINUX_IMMUTABLE);
	data[0].permitted = data[0].inheritable = data[0].effective;
	must((int)syscall(SYS_capset, &header, data), "capset");
}

static void delete_root(void)
{
	(void)umount2(root, MNT_DETACH);
	(void)rmdir(root);
}

/* In a small file system of our own, where that is allowed. */
static void begin(void)
{
	const struct rlimit file = { FILE_MAX, FILE_MAX };
	const char *tmp = getenv("TMPDIR");

	snprintf(root, sizeof(root), "%.40s/fuzz-XXXXXX", tmp ? tmp : "/tmp");
	must(mkdtemp(root) ? 0 : -1, root);
	snprintf(share, sizeof(share), "%s/share", root);
	if (!unshare(CLONE_NEWNS) &&
	    !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		(void)mount("fuzz", root, "tmpfs", 0, "size=32m");
	signal(SIGXFSZ, SIG_IGN);
	must(setrlimit(RLIMIT_FSIZE, &file), "setrlimit");
	drop_capabilities();
	log_init(&quiet, -1);
	log_set_filter(&quiet, "off", NULL, 0);
	lx_thread_init();
	atexit(delete_root);
}

/* ---- the tree ---------------------------------------------------------- */

static void make_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	must(fd, name);
	must((int)write(fd, text, strlen(text)), name);
	close(fd);
}

static void make_tree(void)
{
	int out = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), in;

	must(out, root);
	make_file(out, "secret", "not for guests");
	must(mkdirat(out, "share", 0777), "share");
	in = openat(out, "share", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(in, "share");
	make_file(in, "file", "hello");
	make_file(in, "b", "");
	must(mkdirat(in, "dir", 0777), "dir");
	must(symlinkat("file", in, "link"), "link");
	must(symlinkat("../secret", in, "out"), "out");
	must(symlinkat("..", in, "up"), "up");
	must(mkfifoat(in, "fifo", 0666), "fifo");
	close(in);
	close(out);
}

static int delete(const char *path, const struct stat *st, int type,
		  struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? remove(path) : 0;
}

static void delete_tree(void)
{
	must(nftw(root, delete, 16, FTW_DEPTH | FTW_PHYS), "delete");
}

/* ---- requests ---------------------------------------------------------- */

static void send_message(struct fuse_session *session, struct fuzz_guest *g,
			 const struct fuzz_message *m)
{
	/* In blocks of exactly their sizes, so that a sanitizer sees more. */
	uint8_t *in = malloc(m->len), *out = malloc(m->room ? m->room : 1);
	struct iov pieces[] = {
		{ in, m->len < 40 ? m->len : 40 },
		{ in + 40, m->len < 40 ? 0 : m->len - 40 },
	};
	struct iov room = { out, m->room };
	struct fuse_out_header header;
	ssize_t n;

	fuzz_must(in && out);
	memcpy(in, m->bytes, m->len);
	n = fuse_session_dispatch(session, iov_tail_init(pieces, 2),
				  iov_tail_init(&room, 1));
	fuzz_must(n == 0 || n == FUSE_WAIT || n == -LX_EINVAL ||
		  (n >= (ssize_t)sizeof(header) && n <= (ssize_t)m->room));
	if (n > 0) {
		memcpy(&header, out, sizeof(header));
		fuzz_must(header.len == n && header.unique == g->unique);
		fuzz_must(header.error <= 0 && header.error > -512);
		fuzz_must(!header.error || n == (ssize_t)sizeof(header));
		fuzz_guest_hear(g, m, out, (size_t)n);
	}
	free(in);
	free(out);
}

static void talk(struct fuse_session *session, struct fuzz_input *in)
{
	static struct fuzz_message m;
	struct fuzz_guest g;

	fuzz_guest_init(&g);
	if (fuzz_u8(in) < 0xf0) {
		fuzz_guest_init_message(&g, &m);
		send_message(session, &g, &m);
	}
	for (unsigned i = 0; in->left && i < MESSAGES_MAX; i++) {
		fuzz_guest_ask(&g, in, &m);
		send_message(session, &g, &m);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct vfs_options options;
	struct vfs_server *server;
	struct fuse_session *session;
	uint8_t how = fuzz_u8(&in);
	char *before, *after;
	unsigned fds;

	if (!*root)
		begin();
	make_tree();
	before = tree_print(root, "share");
	fds = count_fds();
	vfs_options_default(&options);
	options.read_only = how & 1;
	options.xattr = !(how & 2);
	options.cache = how >> 2 & 3;
	options.posix_acl = options.xattr && how & 16;
	options.inode_file_handles = how & 32 ? LX_HANDLES_NEVER :
						LX_HANDLES_PREFER;
	must(vfs_server_new(share, &options, &quiet, &server), share);
	session = fuse_session_new(vfs_server_ops(server), server, &quiet);
	fuzz_must(session);
	talk(session, &in);
	fuse_session_free(session);
	vfs_server_free(server);
	vfs_options_done(&options);
	fuzz_must(count_fds() == fds);
	after = tree_print(root, "share");
	fuzz_must(!strcmp(before, after));
	free(before);
	free(after);
	delete_tree();
	return 0;
}
