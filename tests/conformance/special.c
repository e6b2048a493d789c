/* SPDX-License-Identifier: MIT */
/*
 * special.c - files that lead to something else: FIFOs and sockets between
 * processes, and devices.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void fifos_connect_processes(void)
{
	char buf[16] = "";
	struct stat st;
	int in, out;

	MUST(mkfifo("fifo", 0666));
	close(FD(open("fifo", O_WRONLY | O_NONBLOCK)));
	if (!MUST(fork())) {
		out = open("fifo", O_WRONLY);
		_exit(write(out, "through", 7) != 7);
	}
	in = FD(open("fifo", O_RDONLY));
	DO(read(in, buf, sizeof(buf)));
	conf_say("read %s", buf);
	conf_say("the writer ended with %d", conf_wait());
	DO(read(in, buf, sizeof(buf)));
	DO(lseek(in, 0, SEEK_SET));
	DO(fstat(in, &st));
	conf_say("mode %o size %lld", st.st_mode, (long long)st.st_size);
	DO(ftruncate(in, 0));
	DO(fsync(in));
	DO(fchmod(in, 0600));
	DO(rename("fifo", "other"));
	out = FD(open("other", O_RDWR | O_NONBLOCK | O_TRUNC | O_CREAT, 0600));
	DO(write(out, "more", 4));
	DO(read(in, buf, 4));
	DO(unlink("other"));
	DO(write(out, "last", 4));
	DO(read(in, buf, 4));
	conf_fstat("removed", in);
	close(in);
	close(out);
}

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	return addr;
}

static long long connect_to(const char *path, int type)
{
	struct sockaddr_un addr = address(path);
	int fd = (int)MUST(socket(AF_UNIX, type, 0));
	long long result = DO(connect(fd, (struct sockaddr *)&addr,
				      sizeof(addr)));

	close(fd);
	return result;
}

static void connect_as_other(void)
{
	connect_to("socket", SOCK_STREAM);
}

static void sockets_connect_processes(void)
{
	struct sockaddr_un addr = address("socket"), got;
	socklen_t len = sizeof(got);
	int fd, other;

	umask(0);
	MUST(chmod(".", 0755));
	fd = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	DO(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	conf_stat("socket");
	other = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	DO(bind(other, (struct sockaddr *)&addr, sizeof(addr)));
	connect_to("socket", SOCK_STREAM);
	DO(listen(fd, 5));
	connect_to("socket", SOCK_STREAM);
	connect_to("socket", SOCK_DGRAM);
	close(FD(open("socket", O_RDWR)));
	DO(truncate("socket", 0));
	DO(rename("socket", "moved"));
	connect_to("socket", SOCK_STREAM);
	connect_to("moved", SOCK_STREAM);
	DO(getsockname(fd, (struct sockaddr *)&got, &len));
	conf_say("name %s", got.sun_path);
	DO(chmod("moved", 0600));
	DO(link("moved", "socket"));
	connect_to("socket", SOCK_STREAM);
	if (!geteuid())
		conf_as(CONF_AS_USER, connect_as_other);
	DO(unlink("moved"));
	DO(unlink("socket"));
	connect_to("moved", SOCK_STREAM);
	DO(bind(other, (struct sockaddr *)&addr, sizeof(addr)));
	conf_file("file", 0644, "");
	connect_to("file", SOCK_STREAM);
	close(fd);
	close(other);
	connect_to("socket", SOCK_STREAM);
}

static void devices_are_devices(void)
{
	static const struct {
		const char *name;
		mode_t mode;
		dev_t dev;
	} nodes[] = {
		{ "null", S_IFCHR | 0666, 0x103 },
		{ "zero", S_IFCHR | 0600, 0x105 },
		{ "none", S_IFCHR | 0666, 0xfffff },
		{ "block", S_IFBLK | 0666, 0xfe1 },
		{ "large", S_IFBLK | 0666, 0xfff12ff },
		{ "file", S_IFREG | 0666, 0x103 },
		{ "zero type", 0644, 5 },
		{ "dir", S_IFDIR | 0755, 0 },
		{ "link", S_IFLNK | 0755, 0 },
		{ "socket", S_IFSOCK | 0755, 0 },
		{ "wrong", 0110000 | 0755, 0 },
	};
	char buf[4] = "abc";

	for (size_t i = 0; i < CONF_COUNT(nodes); i++) {
		int fd;

		conf_on("%s", nodes[i].name);
		DO(mknod(nodes[i].name, nodes[i].mode, nodes[i].dev));
		conf_stat(nodes[i].name);
		fd = FD(open(nodes[i].name, O_RDWR | O_NONBLOCK));
		if (fd < 0)
			continue;
		DO(write(fd, buf, 3));
		DO(read(fd, buf, 3));
		DO(lseek(fd, 5, SEEK_SET));
		DO(ftruncate(fd, 3));
		conf_fstat("it", fd);
		close(fd);
	}
}

static const struct conf_case cases[] = {
	CONF_CASE(fifos_connect_processes, CONF_BOTH),
	CONF_CASE(sockets_connect_processes, CONF_BOTH),
	CONF_CASE(devices_are_devices, CONF_BOTH),
};
CONF_AREA(special, cases);
