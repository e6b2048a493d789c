/* SPDX-License-Identifier: MIT */
/*
 * folders.h - the fixture of tests with several folders in one server.  On the
 * host there are the directories a (with a/x and a/sub/deep) and b, and the
 * file f.
 */
#ifndef TESTS_UNIT_VIRTIO_FS_FOLDERS_H
#define TESTS_UNIT_VIRTIO_FS_FOLDERS_H

#include "tests/unit/virtio_fs/share.h"

/* Of a, b, f and a/sub; each has other options. */
enum { A, B, F, DEEP, FOLDERS };
extern struct vfs_folder folders[FOLDERS];

/* cmocka's setup: the tree and folders[] only, for share_down() as usual. */
int folders_tree(void **state);
/* And a server of all these, mounted by a guest that offers so much. */
int folders_up(void **state, uint64_t offered);

int look_up(struct share *s, uint64_t dir, const char *name,
	    struct fuse_entry_out *ret);
/* OPENDIR of the root. */
uint64_t open_root(struct share *s);
/*
 * What the root has, as "./ ../ a/ file ", a slash being for directories: read
 * with so much room for a reply.
 */
const char *list_root(struct share *s, bool plus, uint32_t size);

#endif
