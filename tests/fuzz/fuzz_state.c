/* SPDX-License-Identifier: MIT */
/*
 * Saved state of the whole plugin, changed as the input says, for a device that
 * goes on from it.  It is taken, or refused with a line of text; then the
 * device is as new.  If it is taken, the guest that it is of sends requests,
 * and no reply tells anything of what is outside the share.  Nothing outside
 * has changed, and no descriptor stays open.
 */
#include "common/bytes.h"
#include "lxutil/lx.h"
#include "tests/fuzz/fuzz_image.h"
#include "tests/lib/count_fds.h"
#include "tests/lib/fuse_client.h"
#include "tests/lib/tmptree.h"
#include "virtio/virtio_spec.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RAM_SIZE (16u << 20)
#define RINGS_SIZE (64u << 10)          /* at its start */
#define CHANGES_MAX 24
#define SECRET "nobody shall read this"
/* Rounds of 50 us for a reply: a device that was changed may give none. */
#define ROUNDS 100
#define ROUNDS_UNCHANGED 200000

/* A guest whose device was saved. */
struct base {
	uint64_t features;
	struct fake_image image;
	struct fake_guest guest;
	uint8_t rings[RINGS_SIZE];
};

static struct base base[2] = {
	{ .features = VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX) },
	{ .features = VIRTIO_FEATURE(VIRTIO_F_RING_PACKED) },
};
static struct tmptree tree;
static char config[sizeof(tree.root) + 64];
static struct fake_host host;
static const struct pciplug_plugin *plugin;
static struct pciplug_device *dev;
static uint8_t fresh[256];              /* configuration space after reset */
static unsigned rounds;                 /* how patient the guest is */
static unsigned descriptors;            /* before this input */
static struct stat outside[3];
/* What the guest has of the share, in either base. */
static uint64_t node_file, node_dir, node_inner, fh_file, fh_dir;

/* Handles of what is outside, and of what is in, and paths. */
static struct fuzz_bytes put[16];
static size_t put_count;

/* ---- the host ---------------------------------------------------------- */

static void no_signal(void *ctx, uint16_t vector, uint64_t addr, uint32_t data)
{
	(void)ctx;
	(void)vector;
	(void)addr;
	(void)data;
}

static void no_log(void *ctx, int level, const char *target,
		   const char *message)
{
	(void)ctx;
	(void)level;
	(void)target;
	(void)message;
}

static void look_outside(struct stat ret_st[3])
{
	fuzz_must(!stat(tmptree_path(&tree, "secret"), &ret_st[0]));
	fuzz_must(!stat(tmptree_path(&tree, "hidden"), &ret_st[1]));
	fuzz_must(!stat(tmptree_path(&tree, "."), &ret_st[2]));
}

static void outside_is_the_same(void)
{
	struct stat now[3];

	look_outside(now);
	for (unsigned i = 0; i < 3; i++) {
		fuzz_must(now[i].st_mode == outside[i].st_mode);
		fuzz_must(now[i].st_size == outside[i].st_size);
		fuzz_must(now[i].st_nlink == outside[i].st_nlink);
		fuzz_must(now[i].st_ctim.tv_sec == outside[i].st_ctim.tv_sec &&
			  now[i].st_ctim.tv_nsec == outside[i].st_ctim.tv_nsec);
	}
}

/* ---- what may be put into an image -------------------------------------- */

static void may_put(const void *data, size_t len)
{
	fuzz_must(put_count < ARRAY_LEN(put));
	put[put_count++] = (struct fuzz_bytes){ data, len };
}

static void may_put_handle_of(const char *name)
{
	struct file_handle *handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	int mount;

	fuzz_must(handle);
	handle->handle_bytes = MAX_HANDLE_SZ;
	/* Kept for good; a file system without handles has none. */
	if (!name_to_handle_at(AT_FDCWD, tmptree_path(&tree, name), handle,
			       &mount, 0))
		may_put(handle->f_handle, handle->handle_bytes);
	else
		free(handle);
}

static void prepare(void)
{
	static const char *const paths[] = {
		"", "..", "../secret", "dir/../../hidden", "/etc/passwd",
		"link", "link/deep", "file", "dir/inner", ".", "dir/",
	};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		may_put(paths[i], strlen(paths[i]));
	may_put_handle_of("secret");
	may_put_handle_of("hidden");
	may_put_handle_of(".");
	may_put_handle_of("share/file");
}

/* ---- the guests -------------------------------------------------------- */

static void begin_wait(struct fake_guest *g, uint64_t owner)
{
	struct {
		struct fuse_in_header head;
		struct fuse_lk_in lk;
	} in = {
		.head = { .len = sizeof(in), .opcode = FUSE_SETLKW,
			  .unique = 1000 + owner, .nodeid = node_file },
		.lk = { .fh = fh_file, .owner = owner,
			.lk = { .end = 9, .type = LX_F_WRLCK, .pid = 7 } },
	};
	struct fake_buf buf[2] = {
		{ fake_ram_alloc(&host.ram, sizeof(in), 8), sizeof(in) },
		{ fake_ram_alloc(&host.ram, 16, 8), 16 },
	};

	memcpy(fake_ram_ptr(&host.ram, buf[0].gpa), &in, sizeof(in));
	(void)fake_ring_add(&g->queue[1].ring, buf, 1, 1, 0);
	fake_guest_kick(g, 1);
}

/* Files that are open, a directory that is half read, locks that wait. */
static void use_share(struct fake_guest *g)
{
	struct fuse_lk_in lk = {
		.owner = 1, .lk = { .end = 9, .type = LX_F_WRLCK, .pid = 7 },
	};
	struct fuse_client c = { .guest = g, .queue = 1 };
	struct fuse_part part = { &lk, sizeof(lk) };
	uint8_t entries[64];

	fuzz_must(!fuse_client_init(&c, NULL));
	node_file = fuse_client_walk(&c, "file");
	node_dir = fuse_client_walk(&c, "dir");
	node_inner = fuse_client_walk(&c, "dir/inner");
	fuzz_must(node_file && node_dir && node_inner);
	fuzz_must(!fuse_client_open(&c, node_file, LX_O_RDWR, &fh_file));
	lk.fh = fh_file;
	fuzz_must(!fuse_client_opendir(&c, node_dir, &fh_dir));
	fuzz_must(fuse_client_readdir(&c, node_dir, fh_dir, 0, false, entries,
				      sizeof(entries)) > 0);
	fuzz_must(fuse_client_call(&c, FUSE_SETLK, node_file, &part, 1, NULL,
				   0) >= 0);
	for (uint64_t owner = 2; owner < 4; owner++)
		begin_wait(g, owner);
	/* They are parked by the time that this is answered. */
	for (unsigned i = 0; i < 4; i++)
		fuzz_must(fuse_client_getattr(&c, FUSE_ROOT_ID,
					      &(struct fuse_attr){ 0 }) == 0);
}

static void make_base(struct base *b)
{
	const struct fake_guest_options options = {
		.features = b->features,
		.queue_size = 128,
	};
	struct fake_guest *g = &b->guest;

	memset(host.ram.base, 0, host.ram.size);
	fake_ram_release(&host.ram, 0);
	fuzz_must(!plugin->start(dev));
	fuzz_must(!fake_guest_probe(g, &host, plugin, dev));
	/* What calls need is behind the rings. */
	for (unsigned q = 0; q < FAKE_GUEST_QUEUES; q++)
		g->queue[q].arena = host.ram.gpa + RAM_SIZE / 2;
	fuzz_must(!fake_guest_setup(g, &options));
	use_share(g);
	plugin->stop(dev);
	fuzz_must(host.ram.used <= RINGS_SIZE);
	memcpy(b->rings, host.ram.base, RINGS_SIZE);
	fuzz_must(!plugin->save(dev, fake_image_write, &b->image));
	plugin->reset(dev);
}

/* ---- life -------------------------------------------------------------- */

static void done(void)
{
	plugin->destroy(dev);
	for (size_t i = 0; i < ARRAY_LEN(base); i++)
		fake_image_done(&base[i].image);
	fake_host_done(&host);
	tmptree_done(&tree);
}

static void begin(void)
{
	plugin = pciplug_entry_v1();
	tmptree_init(&tree, "f secret " SECRET "\nd hidden\n"
			    "f hidden/deep " SECRET "\nd share\n"
			    "f share/file hello\nd share/dir\n"
			    "f share/dir/inner inside\n"
			    "l share/link ../hidden\n");
	fake_host_init(&host, RAM_SIZE);
	host.table.log = no_log;
	host.table.doorbell_add = NULL;
	host.table.doorbell_del = NULL;
	snprintf(config, sizeof(config), "fuzz:%s/share,queues=2", tree.root);
	fuzz_must(!plugin->create(&host.table, config, NULL, 0, &dev));
	fuzz_must(!plugin->mem_add(dev, host.ram.gpa, host.ram.size,
				   host.ram.base, PCIPLUG_MEM_READ |
				   PCIPLUG_MEM_WRITE));
	plugin->cfg_read(dev, 0, fresh, sizeof(fresh));
	for (size_t i = 0; i < ARRAY_LEN(base); i++)
		make_base(&base[i]);
	/* From now on messages are the image's, so nothing waits for them. */
	plugin->destroy(dev);
	host.table.msix_signal = no_signal;
	fuzz_must(!plugin->create(&host.table, config, NULL, 0, &dev));
	fuzz_must(!plugin->mem_add(dev, host.ram.gpa, host.ram.size,
				   host.ram.base, PCIPLUG_MEM_READ |
				   PCIPLUG_MEM_WRITE));
	prepare();
	look_outside(outside);
	atexit(done);
}

static void is_as_new(void)
{
	uint8_t now[sizeof(fresh)];

	plugin->cfg_read(dev, 0, now, sizeof(now));
	fuzz_must(!memcmp(now, fresh, sizeof(now)));
	fuzz_must(count_fds() == descriptors);
}

/* ---- a guest that goes on ----------------------------------------------- */

static void is_inside(uint64_t ino)
{
	for (unsigned i = 0; i < ARRAY_LEN(outside); i++)
		fuzz_must(ino != outside[i].st_ino);
}

/* A reply of `len` bytes has no inode and no byte of what is outside. */
static void check_reply(uint32_t opcode, const uint8_t *reply, size_t len)
{
	const uint8_t *body = reply + sizeof(struct fuse_out_header);
	size_t at = 0, body_len = len - sizeof(struct fuse_out_header);
	struct fuse_attr_out attr;
	struct fuse_entry_out entry;
	struct fuse_dirent dirent;
	char name[256];

	fuzz_must(!memmem(reply, len, SECRET, strlen(SECRET)));
	if (len < sizeof(struct fuse_out_header))
		return;
	if (opcode == FUSE_GETATTR && body_len == sizeof(attr)) {
		memcpy(&attr, body, sizeof(attr));
		is_inside(attr.attr.ino);
	} else if (opcode == FUSE_LOOKUP && body_len == sizeof(entry)) {
		memcpy(&entry, body, sizeof(entry));
		is_inside(entry.attr.ino);
	} else if (opcode == FUSE_READDIR) {
		while (fuse_client_dirent(body, body_len, false, &at, &dirent,
					  name, NULL))
			is_inside(dirent.ino);
	}
}

/* Send it and wait a moment; false: nothing is answered any more. */
static bool send(struct fake_guest *g, uint32_t opcode, uint64_t node,
		 const void *body, size_t body_len)
{
	const uint64_t arena = host.ram.gpa + RAM_SIZE / 2;
	const struct fuse_in_header head = {
		.len = (uint32_t)(sizeof(head) + body_len),
		.opcode = opcode, .unique = 4712, .nodeid = node,
	};
	const struct fake_buf buf[2] = {
		{ arena, head.len }, { arena + 4096, 4096 },
	};
	struct fake_ring *ring = &g->queue[1].ring;
	uint8_t *in = fake_ram_ptr(&host.ram, buf[0].gpa);
	uint8_t *out = fake_ram_ptr(&host.ram, buf[1].gpa);
	uint16_t head_of, mine;
	uint32_t len;

	memset(out, 0, buf[1].len);
	memcpy(in, &head, sizeof(head));
	memcpy(in + sizeof(head), body, body_len);
	mine = fake_ring_add(ring, buf, 1, 1, 0);
	fake_guest_kick(g, 1);
	for (unsigned i = 0; i < rounds; i++) {
		if (fake_ring_collect(ring, &head_of, &len)) {
			/* Or a lock was taken that was waited for. */
			if (head_of != mine)
				continue;
			check_reply(opcode, out, MIN(len, buf[1].len));
			return true;
		}
		nanosleep(&(struct timespec){ 0, 50000 }, NULL);
	}
	return false;
}

/* Whoever it is that the ids stand for now.  Is all answered? */
static bool use_what_there_was(struct fake_guest *g)
{
	const uint64_t node[] = { FUSE_ROOT_ID, node_file, node_dir,
				  node_inner };
	const struct fuse_getattr_in getattr = { 0 };
	const struct fuse_read_in read = { .fh = fh_file, .size = 64 };
	const struct fuse_read_in readdir = { .fh = fh_dir, .size = 4096 };
	const struct fuse_open_in open = { .flags = LX_O_RDONLY };
	struct {
		struct fuse_write_in arg;
		char data[2];
	} write = { .arg = { .fh = fh_file, .size = 2 }, .data = "HE" };
	bool alive = true;

	for (size_t i = 0; alive && i < ARRAY_LEN(node); i++)
		alive = send(g, FUSE_GETATTR, node[i], &getattr,
			     sizeof(getattr)) &&
			send(g, FUSE_LOOKUP, node[i], "deep", 5) &&
			send(g, FUSE_OPEN, node[i], &open, sizeof(open));
	return alive &&
	       send(g, FUSE_READ, node_file, &read, sizeof(read)) &&
	       send(g, FUSE_WRITE, node_file, &write,
		    sizeof(write.arg) + sizeof(write.data)) &&
	       send(g, FUSE_READDIR, node_dir, &readdir, sizeof(readdir)) &&
	       send(g, FUSE_UNLINK, node_dir, "deep", 5) &&
	       send(g, FUSE_MKDIR, node_inner, "\0\0\0\0\0\0\0\0new", 12);
}

static bool go_on(const struct base *b)
{
	struct fake_guest g = b->guest;
	bool alive;

	g.pci.dev = dev;
	fuzz_must(!plugin->start(dev));
	alive = use_what_there_was(&g);
	plugin->stop(dev);
	return alive;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct fake_image image;
	const struct base *b;
	char err[256] = "";
	const bool unchanged = size <= 1;
	bool alive;
	int ret;

	if (!dev)
		begin();
	rounds = unchanged ? ROUNDS_UNCHANGED : ROUNDS;
	descriptors = count_fds();
	b = &base[fuzz_u8(&in) % ARRAY_LEN(base)];
	memcpy(host.ram.base, b->rings, RINGS_SIZE);
	image = fake_image_copy(&b->image);
	for (unsigned i = 0; in.left && i < CHANGES_MAX; i++)
		fuzz_image_change(&image, &in, put, put_count);
	ret = plugin->restore(dev, fake_image_read, &image, err, sizeof(err));
	fuzz_must(ret <= 0 && !ret == !*err && !strchr(err, '\n'));
	if (ret)
		is_as_new();
	alive = !ret && go_on(b);
	fuzz_must(alive || !unchanged);
	plugin->reset(dev);
	is_as_new();
	outside_is_the_same();
	fake_image_done(&image);
	return 0;
}
