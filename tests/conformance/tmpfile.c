/* SPDX-License-Identifier: MIT */
/*
 * tmpfile.c - unnamed files (O_TMPFILE) and file handles: inodes that are
 * found by something else than a name.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- O_TMPFILE --------------------------------------------------------- */

static int link_it(int fd, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

static void unnamed_files_get_names(void)
{
	static const mode_t modes[] = { 0644, 0600, 06777, 0 };
	char buf[8] = "";

	conf_dir("dir", 02777);
	for (size_t i = 0; i < CONF_COUNT(modes); i++)
	for (int exclusive = 0; exclusive <= O_EXCL; exclusive += O_EXCL) {
		int fd;

		conf_on("%04o %s", modes[i], exclusive ? "O_EXCL" : "");
		fd = FD(open("dir", O_TMPFILE | O_RDWR | exclusive, modes[i]));
		if (fd < 0)
			continue;
		conf_fstat("unnamed", fd);
		DO(write(fd, "content", 7));
		DO(pread(fd, buf, 7, 0));
		conf_fstat("unnamed", fd);
		conf_list("dir");
		DO(link_it(fd, "named"));
		conf_stat("named");
		conf_content("named");
		DO(link_it(fd, "named"));
		DO(link_it(fd, "again"));
		conf_fstat("named", fd);
		close(fd);
		conf_content("again");
		conf_remove("named");
		conf_remove("again");
	}
}

static void unnamed_files_go_with_their_descriptor(void)
{
	int fd = FD(open(".", O_TMPFILE | O_WRONLY, 0600));

	DO(ftruncate(fd, 100000));
	DO(fchmod(fd, 0640));
	DO(fsync(fd));
	conf_fstat("unnamed", fd);
	close(fd);
	conf_list(".");
	FD(open("missing", O_TMPFILE | O_RDWR, 0600));
	conf_file("file", 0644, "");
	FD(open("file", O_TMPFILE | O_RDWR, 0600));
	FD(open(".", O_TMPFILE | O_RDONLY, 0600));
	FD(open(".", O_TMPFILE | O_RDWR | O_CREAT, 0600));
	conf_dir("closed", 0555);
	close(FD(open("closed", O_TMPFILE | O_RDWR, 0600)));
}

/* ---- file handles ------------------------------------------------------ */

struct handle {
	struct file_handle head;
	unsigned char bytes[MAX_HANDLE_SZ + 1]; /* more than is allowed */
};

/* What a handle looks like is each file system's own. */
static bool get_handle(const char *path, int flags, struct handle *ret_handle)
{
	int mount;

	ret_handle->head.handle_bytes = MAX_HANDLE_SZ;
	return !DO(name_to_handle_at(AT_FDCWD, path, &ret_handle->head, &mount,
				     flags));
}

static void open_handle(struct handle *handle, int flags)
{
	int here = open(".", O_RDONLY | O_DIRECTORY);
	int fd = FD(open_by_handle_at(here, &handle->head, flags));

	if (fd >= 0)
		conf_fstat("it", fd);
	close(fd);
	close(here);
}

static void handles_lead_to_inodes(void)
{
	static const char *const names[] = { "file", "dir", "link", "fifo",
					     ".", "dir/sub/file" };
	struct handle handle;

	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	conf_dir("dir/sub", 0755);
	conf_file("dir/sub/file", 0600, "inside");
	MUST(symlink("file", "link"));
	MUST(mkfifo("fifo", 0644));
	for (size_t i = 0; i < CONF_COUNT(names); i++) {
		conf_on("%s", names[i]);
		if (!get_handle(names[i], 0, &handle))
			continue;
		open_handle(&handle, O_RDONLY | O_NONBLOCK);
		open_handle(&handle, O_PATH);
		open_handle(&handle, O_RDWR | O_NONBLOCK);
		open_handle(&handle, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	}
}

/* FUSE tells of the last close of a file a moment after close(2). */
static void wait_until_gone(struct handle *handle)
{
	int here = open(".", O_RDONLY | O_DIRECTORY);

	for (int i = 0; i < 3000; i++) {
		int fd = open_by_handle_at(here, &handle->head, O_PATH);

		if (fd < 0)
			break;
		close(fd);
		usleep(10000);
	}
	close(here);
}

static void handles_survive_renames(void)
{
	struct handle handle, dir;
	int fd;

	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	if (!get_handle("file", 0, &handle) || !get_handle("dir", 0, &dir))
		return;
	DO(rename("file", "dir/other"));
	DO(rename("dir", "moved"));
	open_handle(&handle, O_RDONLY);
	open_handle(&dir, O_RDONLY);
	fd = FD(open("moved/other", O_RDONLY));
	DO(unlink("moved/other"));
	open_handle(&handle, O_RDONLY);
	close(fd);
	wait_until_gone(&handle);
	open_handle(&handle, O_RDONLY);
	conf_file("moved/other", 0644, "another");
	open_handle(&handle, O_RDONLY);
	DO(unlink("moved/other"));
	DO(rmdir("moved"));
	open_handle(&dir, O_RDONLY);
}

static void refuses_wrong_handles(void)
{
	struct handle handle;
	int mount;

	conf_file("file", 0644, "content");
	handle.head.handle_bytes = 0;
	DO(name_to_handle_at(AT_FDCWD, "file", &handle.head, &mount, 0));
	handle.head.handle_bytes = MAX_HANDLE_SZ + 1;
	DO(name_to_handle_at(AT_FDCWD, "file", &handle.head, &mount, 0));
	handle.head.handle_bytes = MAX_HANDLE_SZ;
	DO(name_to_handle_at(AT_FDCWD, "missing", &handle.head, &mount, 0));
	DO(name_to_handle_at(AT_FDCWD, "file", &handle.head, &mount, 0x4));
	if (!get_handle("file", 0, &handle))
		return;
	handle.head.handle_bytes = 0;
	open_handle(&handle, O_RDONLY);
	handle.head.handle_bytes = MAX_HANDLE_SZ + 1;
	open_handle(&handle, O_RDONLY);
}

static const struct conf_case cases[] = {
	CONF_CASE(unnamed_files_get_names, CONF_BOTH),
	CONF_CASE(unnamed_files_go_with_their_descriptor, CONF_BOTH),
	CONF_CASE(handles_lead_to_inodes, CONF_BOTH),
	CONF_CASE(handles_survive_renames, CONF_BOTH),
	CONF_CASE(refuses_wrong_handles, CONF_BOTH),
};
CONF_AREA(tmpfile, cases);
