/* SPDX-License-Identifier: MIT */
#include "lxutil/lx_volume.h"

#include "lxutil/linux/lx_node.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <unistd.h>

/* Without /proc no file can be opened; better to know at once. */
static int open_proc(const struct log *log)
{
	int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs st;

	if (fd >= 0 && !fstatfs(fd, &st) && st.f_type == PROC_SUPER_MAGIC)
		return fd;
	log_error(log, LOG_LXUTIL,
		  "/proc is not mounted; files are opened through /proc/self/fd");
	if (fd >= 0)
		close(fd);
	return -LX_ENOSYS;
}

int lx_volume_open(const char *root, const struct lx_volume_options *options,
		   const struct log *log, struct lx_volume **ret_volume)
{
	struct lx_volume *vol = malloc(sizeof(*vol));
	int err;

	if (!vol)
		return -LX_ENOMEM;
	*vol = (struct lx_volume){ .read_only = options->read_only,
				   .log = log };
	/* Not O_PATH: who cannot read the root shall hear it now. */
	vol->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (vol->root_fd < 0) {
		err = lx_error();
		goto fail;
	}
	vol->proc_fd = open_proc(log);
	if (vol->proc_fd < 0) {
		err = vol->proc_fd;
		close(vol->root_fd);
		goto fail;
	}
	lx_spare_init(vol);
	*ret_volume = vol;
	return 0;
fail:
	free(vol);
	return err;
}

void lx_volume_close(struct lx_volume *vol)
{
	if (!vol)
		return;
	lx_spare_close(vol);
	close(vol->proc_fd);
	close(vol->root_fd);
	free(vol);
}

bool lx_volume_read_only(const struct lx_volume *vol)
{
	return vol->read_only;
}

int lx_volume_root(struct lx_volume *vol, struct lx_node **ret_node,
		   struct lx_stat *ret_st)
{
	return lx_node_new(fcntl(vol->root_fd, F_DUPFD_CLOEXEC, 0), ret_node,
			   ret_st);
}

int lx_statfs(struct lx_volume *vol, struct lx_node *node,
	      struct lx_statfs *ret_st)
{
	struct statfs st;

	(void)vol;
	if (fstatfs(node->fd, &st))
		return lx_error();
	*ret_st = (struct lx_statfs){
		.blocks = st.f_blocks,
		.bfree = st.f_bfree,
		.bavail = st.f_bavail,
		.files = st.f_files,
		.ffree = st.f_ffree,
		.bsize = (uint32_t)st.f_bsize,
		.frsize = (uint32_t)(st.f_frsize ? st.f_frsize : st.f_bsize),
		.namelen = (uint32_t)st.f_namelen,
	};
	return 0;
}

int lx_syncfs(struct lx_volume *vol, struct lx_node *node)
{
	int fd, err;

	if (!LX_S_ISDIR(node->type) && !LX_S_ISREG(node->type))
		return -LX_EINVAL;
	/* The kernel wants one that is not of O_PATH. */
	fd = lx_reopen(vol, node->fd, O_RDONLY);
	if (fd < 0)
		return fd;
	do {
		err = syncfs(fd) ? lx_error() : 0;
	} while (err == -LX_EINTR);
	close(fd);
	return err;
}
