/* SPDX-License-Identifier: MIT */
#include "tests/faults/world.h"

#include "common/bytes.h"
#include "lxutil/lx_volume.h"
#include "tests/faults/faults.h"

#include <assert.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define USER 1000u                      /* who asks, of the guest */
/* More than there may be nodes with a descriptor: then others have none. */
#define FILLERS 16
#define FEW 14

const char *const world_names[WORLD_STATES] = {
	[WORLD_WARM] = "warm",
	[WORLD_COLD] = "cold",
	[WORLD_NAMES] = "names",
	[WORLD_MAPS] = "maps",
	[WORLD_WRITEBACK] = "writeback",
	[WORLD_FOLDERS] = "folders",
};

#define MUST(call) \
	do { \
		long long ret_ = (call); \
	\
		if (ret_ < 0) { \
			fprintf(stderr, #call ": %lld: %m\n", ret_); \
			abort(); \
		} \
	} while (0)

/* ---- the host's side --------------------------------------------------- */

static void set_mode(int root_fd, const char *name, mode_t mode)
{
	MUST(fchmodat(root_fd, name, mode, 0));
}

static void make_tree(int root_fd)
{
	int fd;

	set_mode(root_fd, ".", 0777);
	host_dir(root_fd, "d");
	set_mode(root_fd, "d", 0777);
	host_dir(root_fd, "d/sub");
	host_dir(root_fd, "d/gone");
	host_dir(root_fd, "e");
	set_mode(root_fd, "e", 0777);
	host_file(root_fd, "d/file", "what is in the file\n");
	host_file(root_fd, "d/old", "old\n");
	MUST(symlinkat("target", root_fd, "d/link"));
	fd = openat(root_fd, "d/file", O_RDONLY | O_CLOEXEC);
	MUST(fd);
	MUST(fsetxattr(fd, "user.note", "noted", 5, 0));
	MUST(fchmod(fd, 0666));
	close(fd);
}

static void make_fillers(int root_fd)
{
	char name[16];

	for (int i = 0; i < FILLERS; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		host_file(root_fd, name, "");
	}
}

/* ---- the server -------------------------------------------------------- */

static struct vfs_options options;

static void map(void)
{
	char error[256];

	if (vfs_idmap_add(&options.uid_map, "map:0:0:65536", error,
			  sizeof(error)) ||
	    vfs_idmap_add(&options.gid_map, "map:0:0:65536", error,
			  sizeof(error)) ||
	    vfs_xattrmap_new(":map::user.virtiofs.:", error, sizeof(error),
			     &options.xattrmap)) {
		fprintf(stderr, "%s\n", error);
		abort();
	}
}

static uint64_t set_options(enum world_state state)
{
	uint64_t offered = 0x7fffffff & ~FUSE_SETXATTR_EXT;

	vfs_options_default(&options);
	options.security_label = true;
	options.posix_acl = state == WORLD_MAPS;
	options.writeback = state == WORLD_WRITEBACK;
	if (state == WORLD_COLD || state == WORLD_NAMES)
		options.max_descriptors = FEW;
	if (state == WORLD_NAMES)
		options.inode_file_handles = LX_HANDLES_NEVER;
	if (state == WORLD_MAPS)
		map();
	/* In others, the server keeps or drops privilege by itself. */
	if (state == WORLD_WARM)
		offered &= ~(uint64_t)FUSE_HANDLE_KILLPRIV_V2;
	return offered | FUSE_SECURITY_CTX | FUSE_INIT_EXT;
}

static void new_server(struct share *s, enum world_state state)
{
	struct vfs_folder folder = { .name = "folder", .root = s->root };
	uint64_t offered = set_options(state);
	size_t failed;

	folder.options = options;
	if (state == WORLD_FOLDERS)
		MUST(vfs_server_new_folders(&folder, 1, &s->log, &failed,
					    &s->server));
	else
		MUST(vfs_server_new(s->root, &options, &s->log, &s->server));
	MUST(share_mount(s, offered));
}

/* ---- the guest --------------------------------------------------------- */

void world_know(struct world *w, uint64_t node)
{
	assert(w->count < ARRAY_LEN(w->known));
	if (node)
		w->known[w->count++] = node;
}

static uint64_t look_up(struct world *w, uint64_t dir, const char *name)
{
	struct fuse_entry_out e;

	MUST(client_lookup(w->c, dir, name, &e));
	world_know(w, e.nodeid);
	return e.nodeid;
}

static void get_to_know(struct world *w, enum world_state state)
{
	char name[16];

	w->top = state == WORLD_FOLDERS ?
			 look_up(w, FUSE_ROOT_ID, "folder") : FUSE_ROOT_ID;
	w->dir = look_up(w, w->top, "d");
	w->other = look_up(w, w->top, "e");
	w->file = look_up(w, w->dir, "file");
	w->sub = look_up(w, w->dir, "sub");
	w->link = look_up(w, w->dir, "link");
	MUST(client_open(w->c, FUSE_OPEN, w->file, LX_O_RDWR, &w->fh));
	MUST(client_open(w->c, FUSE_OPEN, w->file, LX_O_RDWR, &w->fh2));
	MUST(client_open(w->c, FUSE_OPENDIR, w->dir, 0, &w->dh));
	for (int i = 0; options.max_descriptors && i < FILLERS; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		look_up(w, w->top, name);
	}
}

void world_place(void)
{
	char name[] = "/dev/shm/vfs-test-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);

	if (fd < 0)
		return;
	if (!fsetxattr(fd, "user.note", "noted", 5, 0))
		setenv("TMPDIR", "/dev/shm", 1);
	close(fd);
	unlink(name);
}

static unsigned fds_before;

struct world *world_new(enum world_state state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert(w);
	fds_before = count_fds();
	faults_aged = true;
	/* Where a fault has left the thread as somebody else. */
	lx_thread_init();
	w->s = share_new();
	make_tree(w->s->root_fd);
	if (state == WORLD_COLD || state == WORLD_NAMES)
		make_fillers(w->s->root_fd);
	new_server(w->s, state);
	w->c = w->s->client;
	get_to_know(w, state);
	if (!geteuid())
		w->c->uid = w->c->gid = USER;
	return w;
}

void world_see(struct world *w, const char *format, ...)
{
	size_t len = strlen(w->seen);
	va_list ap;

	va_start(ap, format);
	vsnprintf(w->seen + len, sizeof(w->seen) - len, format, ap);
	va_end(ap);
}

/* How large directories are is the file system's business. */
void world_see_attr(struct world *w, const struct fuse_attr *attr)
{
	world_see(w, "%o %u:%u %u %llu", attr->mode, attr->uid, attr->gid,
		  attr->nlink,
		  LX_S_ISDIR(attr->mode) ? 0ull :
					   (unsigned long long)attr->size);
}

int world_see_entry(struct world *w, int err, const struct fuse_entry_out *e)
{
	if (!err) {
		world_see_attr(w, &e->attr);
		world_know(w, e->nodeid);
	}
	return err;
}

ssize_t world_see_bytes(struct world *w, ssize_t len)
{
	if (len > 0)
		world_see(w, "%.*s", (int)len, (const char *)w->c->reply);
	return len;
}

int world_keep(struct world *w, int err, uint32_t release, uint64_t node,
		uint64_t fh)
{
	if (!err) {
		w->new_node = node;
		w->new_fh = fh;
		w->new_release = release;
	}
	return err;
}

/* Close all handles and forget all nodes: is nothing left? */
static bool give_back(struct world *w)
{
	struct vfs_server_stats now;

	client_release(w->c, FUSE_RELEASE, w->file, w->fh);
	client_release(w->c, FUSE_RELEASE, w->file, w->fh2);
	client_release(w->c, FUSE_RELEASEDIR, w->dir, w->dh);
	if (w->new_fh)
		client_release(w->c, w->new_release, w->new_node, w->new_fh);
	while (w->count)
		client_forget(w->c, w->known[--w->count], 1);
	now = vfs_server_stats(w->s->server);
	if (now.nodes == 1 && !now.handles && !now.lock_owners)
		return true;
	fprintf(stderr, "%zu nodes, %zu handles, %zu lock owners are left\n",
		now.nodes, now.handles, now.lock_owners);
	return false;
}

bool world_end(struct world *w)
{
	bool good = give_back(w);
	void *state = w->s;
	unsigned fds;

	share_down(&state);
	vfs_options_done(&options);
	free(w);
	fds = count_fds();
	if (fds == fds_before)
		return good;
	fprintf(stderr, "%u descriptors, not %u\n", fds, fds_before);
	return false;
}
