/* SPDX-License-Identifier: MIT */
#include "lxutil/lx_volume.h"

#include "lxutil/linux/lx_node.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

/* Without /proc no file can be opened; better to know at once. */
static int open_proc(const struct log *log)
{
	int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs st;
	int err = 0;

	if (fd < 0 || fstatfs(fd, &st))
		err = lx_error();
	else if (st.f_type != PROC_SUPER_MAGIC)
		err = -LX_ENOENT;
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	if (err != -LX_ENOENT)
		return err;
	log_error(log, LOG_LXUTIL,
		  "/proc is not mounted; files are opened through /proc/self/fd");
	return -LX_ENOSYS;
}

static void done(struct lx_volume *vol)
{
	pthread_mutex_destroy(&vol->mounts.lock);
	lx_hints_done(&vol->hints);
	lx_files_done(&vol->files);
	lx_fds_done(&vol->fds);
	free(vol);
}

int lx_volume_open(const char *root, const struct lx_volume_options *options,
		   const struct log *log, struct lx_volume **ret_volume)
{
	struct lx_volume *vol = malloc(sizeof(*vol));
	struct lx_stat st;
	int err;

	if (!vol)
		return -LX_ENOMEM;
	*vol = (struct lx_volume){ .read_only = options->read_only,
				   .handles = options->inode_file_handles,
				   .log = log };
	lx_fds_init(&vol->fds, options->max_descriptors);
	lx_files_init(&vol->files);
	lx_hints_init(&vol->hints);
	pthread_mutex_init(&vol->mounts.lock, NULL);
	/* Not O_PATH: who cannot read the root shall hear it now. */
	vol->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (vol->root_fd < 0) {
		err = lx_error();
		goto fail;
	}
	vol->proc_fd = open_proc(log);
	if (vol->proc_fd < 0) {
		err = vol->proc_fd;
		goto close_root;
	}
	err = lx_fd_stat(vol->root_fd, &st);
	if (!err)
		err = lx_mount_get(vol, vol->root_fd, &st, &vol->mount);
	if (err)
		goto close_proc;
	vol->mount_id = st.mount;
	lx_hints_probe(vol);
	log_debug(log, LOG_LXUTIL, "%s: at most %u descriptors, %s file handles",
		  root, vol->fds.max,
		  vol->mount && vol->mount->fd >= 0 ? "and" : "no");
	lx_spare_init(vol);
	*ret_volume = vol;
	return 0;
close_proc:
	if (err == -LX_EOPNOTSUPP)
		log_error(log, LOG_LXUTIL,
			  "%s: inode-file-handles=mandatory needs CAP_DAC_READ_SEARCH and a file system with file handles",
			  root);
	close(vol->proc_fd);
close_root:
	close(vol->root_fd);
fail:
	done(vol);
	return err;
}

static int check_file(const struct lx_volume *vol, const char *name)
{
	struct stat st;

	if (fstatat(vol->root_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return lx_error();
	return S_ISREG(st.st_mode) ? 0 : -LX_ENOTDIR;
}

int lx_volume_open_file(const char *path,
			const struct lx_volume_options *options,
			const struct log *log, struct lx_volume **ret_volume,
			char ret_name[LX_NAME_MAX + 1])
{
	char real[PATH_MAX], name[LX_NAME_MAX + 1] = "";
	struct lx_volume *vol;
	char *slash;
	int err;

	if (!realpath(path, real))
		return lx_error();
	slash = strrchr(real, '/');
	strncat(name, slash + 1, LX_NAME_MAX);
	slash[slash == real] = '\0';
	err = lx_volume_open(real, options, log, &vol);
	if (err)
		return err;
	err = check_file(vol, name);
	if (err) {
		lx_volume_close(vol);
		return err;
	}
	*ret_volume = vol;
	strcpy(ret_name, name);
	return 0;
}

void lx_volume_close(struct lx_volume *vol)
{
	if (!vol)
		return;
	lx_spare_close(vol);
	lx_mount_put(vol, vol->mount);
	close(vol->proc_fd);
	close(vol->root_fd);
	done(vol);
}

bool lx_volume_read_only(const struct lx_volume *vol)
{
	return vol->read_only;
}

int lx_volume_root(struct lx_volume *vol, struct lx_node **ret_node,
		   struct lx_stat *ret_st)
{
	int err = lx_fds_reserve(vol), fd;

	if (err)
		return err;
	fd = fcntl(vol->root_fd, F_DUPFD_CLOEXEC, 0);
	err = lx_node_new(vol, fd < 0 ? lx_error() : fd, NULL, NULL, ret_node,
			  ret_st);
	if (err)
		return err;
	/* It comes back without a name. */
	(*ret_node)->root = true;
	lx_fds_linked(vol, *ret_node);
	return 0;
}

int lx_statfs(struct lx_volume *vol, struct lx_node *node,
	      struct lx_statfs *ret_st)
{
	int fd = lx_node_fd_get(vol, node), err;
	struct statfs st;

	if (fd < 0)
		return fd;
	err = fstatfs(fd, &st) ? lx_error() : 0;
	lx_node_fd_put(vol, node, fd);
	if (err)
		return err;
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
	int path, fd, err;

	if (!LX_S_ISDIR(lx_node_type(node)) && !LX_S_ISREG(lx_node_type(node)))
		return -LX_EINVAL;
	/* The kernel wants one that is not of O_PATH. */
	path = lx_node_fd_get(vol, node);
	fd = path < 0 ? path : lx_reopen(vol, path, O_RDONLY);
	lx_node_fd_put(vol, node, path);
	if (fd < 0)
		return fd;
	do {
		err = syncfs(fd) ? lx_error() : 0;
	} while (err == -LX_EINTR);
	close(fd);
	return err;
}
