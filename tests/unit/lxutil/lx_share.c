/* SPDX-License-Identifier: MIT */
#include "tests/unit/lxutil/lx_share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name share_name(int i)
{
	struct name name;

	snprintf(name.s, sizeof(name.s), "f%d", i);
	return name;
}

void share_host_file(struct fixture *fx, int i, const char *prefix)
{
	char text[32];

	snprintf(text, sizeof(text), "%s %d", prefix, i);
	fixture_file(fx, share_name(i).s, text);
}

struct share *share_new(struct fixture *fx, enum lx_handles handles,
			       unsigned max)
{
	const struct lx_volume_options options = {
		.inode_file_handles = handles, .max_descriptors = max,
	};
	struct share *share = calloc(1, sizeof(*share));
	struct lx_stat st;

	assert_non_null(share);
	share->fx = fx;
	assert_int_equal(lx_volume_open(fx->path, &options, &fx->log,
					&share->vol), 0);
	assert_int_equal(lx_volume_root(share->vol, &share->root, &st), 0);
	return share;
}

bool share_has_handles(const struct share *share)
{
	return share->vol->mount && share->vol->mount->fd >= 0;
}

int share_look(struct share *share, int i)
{
	return lx_lookup(share->vol, share->root, share_name(i).s,
			 &share->node[i], &share->st[i]);
}

void share_fill(struct share *share, int files)
{
	for (int i = 0; i < files; i++)
		share_host_file(share->fx, i, "old");
	for (int i = 0; i < files; i++)
		assert_int_equal(share_look(share, i), 0);
	share->files = files;
}

void share_free(struct share *share)
{
	for (int i = 0; i < share->files; i++)
		lx_node_close(share->vol, share->node[i]);
	lx_node_close(share->vol, share->root);
	/* What was counted is given back, but for the root's mount. */
	assert_int_equal(share->vol->fds.count, share_has_handles(share));
	assert_int_equal(share->vol->fds.files, 0);
	assert_int_equal(share->vol->fds.ring.length, 0);
	assert_int_equal(share->vol->fds.kept.length, 0);
	lx_volume_close(share->vol);
	free(share);
}

int share_check(struct share *share, int i, const char *prefix)
{
	char want[32], buf[32] = "";
	struct lx_file *file;
	struct lx_stat st;
	int err = lx_getattr(share->vol, share->node[i], &st);

	if (err)
		return err;
	if (st.ino != share->st[i].ino || st.dev != share->st[i].dev ||
	    st.mount != share->st[i].mount)
		return -LX_EIO;
	err = lx_open(share->vol, share->node[i], LX_O_RDONLY, &file);
	if (err)
		return err;
	snprintf(want, sizeof(want), "%s %d", prefix, i);
	if (fixture_read(file, buf, sizeof(buf) - 1, 0) < 0 ||
	    strcmp(buf, want) != 0)
		err = -LX_EUCLEAN;
	lx_file_close(file);
	return err;
}
