/* SPDX-License-Identifier: MIT */
/* What a guest does with names. */
#include "tests/faults/operations.h"

#include "common/bytes.h"

static ssize_t look_up(struct world *w, uint64_t dir, const char *name)
{
	struct fuse_entry_out e;

	return world_see_entry(w, client_lookup(w->c, dir, name, &e), &e);
}

static ssize_t lookup_known(struct world *w)
{
	return look_up(w, w->dir, "file");
}

static ssize_t lookup_new(struct world *w)
{
	return look_up(w, w->dir, "old");
}

static ssize_t lookup_directory(struct world *w)
{
	return look_up(w, w->dir, "gone");
}

static ssize_t lookup_none(struct world *w)
{
	return look_up(w, w->dir, "none");
}

static ssize_t lookup_self(struct world *w)
{
	return look_up(w, w->sub, ".");
}

static ssize_t lookup_parent(struct world *w)
{
	return look_up(w, w->sub, "..");
}

static ssize_t lookup_top(struct world *w)
{
	return w->top == FUSE_ROOT_ID ? 0 : look_up(w, FUSE_ROOT_ID, "folder");
}

/* It comes back by its number. */
static ssize_t forget_and_recall(struct world *w)
{
	client_forget(w->c, w->sub, 1);
	for (size_t i = 0; i < w->count; i++)
		if (w->known[i] == w->sub)
			w->known[i] = w->known[--w->count];
	look_up(w, w->sub, ".");
	w->seen[0] = '\0';
	return look_up(w, w->dir, "sub");
}

static ssize_t make_directory(struct world *w)
{
	struct fuse_entry_out e;

	return world_see_entry(w, client_mkdir(w->c, w->dir, "made", 0755, &e), &e);
}

static ssize_t make_labelled(struct world *w)
{
	struct fuse_entry_out e;

	w->c->label_name = "security.selinux";
	w->c->label = "a_u:label";
	return world_see_entry(w, client_mkdir(w->c, w->dir, "made", 0755, &e), &e);
}

static ssize_t make_node(struct world *w)
{
	struct fuse_entry_out e;

	return world_see_entry(w, client_mknod(w->c, w->dir, "made",
					 LX_S_IFIFO | 0644, 0, &e), &e);
}

static ssize_t make_link(struct world *w)
{
	struct fuse_entry_out e;

	return world_see_entry(w, client_symlink(w->c, w->dir, "made", "to", &e),
			 &e);
}

static ssize_t read_link(struct world *w)
{
	return world_see_bytes(w, client_readlink(w->c, w->link, 100));
}

static ssize_t link_file(struct world *w)
{
	struct fuse_entry_out e;

	return world_see_entry(w, client_link(w->c, w->file, w->other, "made", &e),
			 &e);
}

static ssize_t unlink_known(struct world *w)
{
	return client_remove(w->c, FUSE_UNLINK, w->dir, "file");
}

static ssize_t unlink_new(struct world *w)
{
	return client_remove(w->c, FUSE_UNLINK, w->dir, "old");
}

static ssize_t remove_directory(struct world *w)
{
	return client_remove(w->c, FUSE_RMDIR, w->dir, "sub");
}

static ssize_t rename_file(struct world *w)
{
	return client_rename(w->c, w->dir, "file", w->other, "made", 0);
}

static ssize_t rename_onto(struct world *w)
{
	return client_rename(w->c, w->dir, "old", w->dir, "file", 0);
}

static ssize_t exchange(struct world *w)
{
	return client_rename(w->c, w->dir, "file", w->dir, "sub",
			     LX_RENAME_EXCHANGE);
}

static ssize_t whiteout(struct world *w)
{
	return client_rename(w->c, w->dir, "old", w->dir, "made",
			     LX_RENAME_WHITEOUT);
}

/* ---- the list ---------------------------------------------------------- */

static const struct operation operations[] = {
	{ "LOOKUP of a known node", lookup_known, 0 },
	{ "LOOKUP of a new node", lookup_new, 0 },
	{ "LOOKUP of a directory", lookup_directory, 0 },
	{ "LOOKUP of no node", lookup_none, 0 },
	{ "LOOKUP of .", lookup_self, 0 },
	{ "LOOKUP of ..", lookup_parent, 0 },
	{ "LOOKUP of a folder", lookup_top, 0 },
	{ "FORGET", forget_and_recall, 0 },
	{ "MKDIR", make_directory, OP_MAKES },
	{ "MKDIR with a label", make_labelled, OP_MAKES },
	{ "MKNOD", make_node, OP_MAKES },
	{ "SYMLINK", make_link, OP_MAKES },
	{ "READLINK", read_link, 0 },
	{ "LINK", link_file, OP_MAKES },
	{ "UNLINK of a known node", unlink_known, 0 },
	{ "UNLINK of a new node", unlink_new, 0 },
	{ "RMDIR", remove_directory, 0 },
	{ "RENAME", rename_file, 0 },
	{ "RENAME onto another", rename_onto, 0 },
	{ "RENAME that exchanges", exchange, 0 },
	{ "RENAME that leaves a whiteout", whiteout, 0 },
};
const struct operations operations_on_names = {
	operations, ARRAY_LEN(operations),
};
