/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_node.h"

#include "tests/unit/lxutil/lx_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 10000

/* Takes entries until `room` is used up, and remembers the last offset. */
struct taker {
	struct fixture *fx;
	size_t room, taken;
	size_t dots;
	uint64_t next;
	unsigned char *seen;            /* how often entry NNNNN was given */
	char last[LX_NAME_MAX + 1];
	uint32_t last_type;
	uint64_t last_ino;
	bool unlink;
};

static bool take(void *ctx, const struct lx_dirent *entry)
{
	struct taker *t = ctx;

	if (t->taken == t->room)
		return false;
	t->taken++;
	t->next = entry->next;
	if (entry->namelen != strlen(entry->name))
		abort();
	if (!strcmp(entry->name, ".") || !strcmp(entry->name, "..")) {
		t->dots++;
		return true;
	}
	strcpy(t->last, entry->name);
	t->last_type = entry->type;
	t->last_ino = entry->ino;
	if (t->seen)
		t->seen[atoi(entry->name) % MANY]++;
	if (t->unlink)
		unlinkat(t->fx->fd, entry->name, 0);
	return true;
}

static struct lx_file *open_root(struct fixture *fx)
{
	struct lx_file *file;

	assert_int_equal(lx_opendir(fx->vol, fx->root, &file), 0);
	return file;
}

static void make_many(struct fixture *fx, int count)
{
	char name[16];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%05d", i);
		assert_int_equal(mknodat(fx->fd, name, S_IFREG | 0644, 0), 0);
	}
}

/* The whole directory, `room` entries a call, from t->next on. */
static void take_all(struct lx_file *file, struct taker *t, size_t room)
{
	t->room = room;
	do {
		t->taken = 0;
		assert_int_equal(lx_readdir(file, t->next, take, t), 0);
	} while (t->taken);
}

static void gives_every_entry_once(void **state)
{
	static const size_t rooms[] = { 1, 7, 100, SIZE_MAX };
	struct fixture *fx = *state;
	unsigned char *seen = malloc(MANY);

	assert_non_null(seen);
	make_many(fx, MANY);
	for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
		struct lx_file *file = open_root(fx);
		struct taker t = { .seen = seen };

		memset(seen, 0, MANY);
		take_all(file, &t, rooms[i]);
		assert_int_equal(t.dots, 2);
		for (int n = 0; n < MANY; n++)
			assert_int_equal(seen[n], 1);
		lx_file_close(file);
	}
	free(seen);
}

static void nothing_is_lost_when_entries_go_meanwhile(void **state)
{
	struct fixture *fx = *state;
	unsigned char *seen = calloc(1, MANY);
	struct lx_file *file;
	struct taker t = { .fx = fx, .seen = seen, .unlink = true };

	assert_non_null(seen);
	make_many(fx, MANY);
	file = open_root(fx);
	take_all(file, &t, 13);
	for (int n = 0; n < MANY; n++)
		assert_int_equal(seen[n], 1);
	/* All are gone, and offset 0 sees that. */
	t = (struct taker){ 0 };
	take_all(file, &t, SIZE_MAX);
	assert_int_equal(t.dots, 2);
	assert_string_equal(t.last, "");
	lx_file_close(file);
	free(seen);
}

static void goes_back_to_any_offset_in_any_handle(void **state)
{
	enum { COUNT = 3000 };
	struct fixture *fx = *state;
	struct lx_file *file, *other;
	uint64_t *next = calloc(COUNT + 2, sizeof(*next));
	char (*name)[LX_NAME_MAX + 1] = calloc(COUNT + 2, sizeof(*name));
	struct taker t = { .room = 1 };
	size_t n = 0;

	assert_true(next && name);
	make_many(fx, COUNT);
	file = open_root(fx);
	other = open_root(fx);
	for (;; n++) {
		t.taken = 0;
		strcpy(t.last, "");
		assert_int_equal(lx_readdir(file, t.next, take, &t), 0);
		if (!t.taken)
			break;
		assert_true(n < COUNT + 2);
		next[n] = t.next;
		strcpy(name[n], t.last);
	}
	assert_int_equal(n, COUNT + 2);
	for (size_t i = n - 1; i > 0; i = i > 97 ? i - 97 : 0) {
		struct lx_file *each = i & 1 ? file : other;

		t.taken = 0;
		strcpy(t.last, "");
		assert_int_equal(lx_readdir(each, next[i - 1], take, &t), 0);
		assert_string_equal(t.last, name[i]);
	}
	lx_file_close(file);
	lx_file_close(other);
	free(next);
	free(name);
}

static bool refuse(void *ctx, const struct lx_dirent *entry)
{
	(void)entry;
	++*(int *)ctx;
	return false;
}

static void an_entry_that_is_refused_comes_again(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file = open_root(fx);
	struct taker t = { 0 };
	int calls = 0;

	make_many(fx, 3);
	assert_int_equal(lx_readdir(file, 0, refuse, &calls), 0);
	assert_int_equal(lx_readdir(file, 0, refuse, &calls), 0);
	assert_int_equal(calls, 2);
	t.room = 2;
	assert_int_equal(lx_readdir(file, 0, take, &t), 0);
	assert_int_equal(lx_readdir(file, t.next, refuse, &calls), 0);
	assert_int_equal(calls, 3);
	t.taken = 0;
	t.room = 9;
	assert_int_equal(lx_readdir(file, t.next, take, &t), 0);
	assert_int_equal(t.taken, 3);
	lx_file_close(file);
}

static void offset_0_reads_anew(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file = open_root(fx);
	struct taker t = { .room = 1 };
	int calls = 0;

	assert_int_equal(lx_readdir(file, 0, refuse, &calls), 0);
	fixture_file(fx, "new", NULL);
	take_all(file, &t, SIZE_MAX);
	assert_string_equal(t.last, "new");
	lx_file_close(file);
}

static void tells_types_and_inodes(void **state)
{
	static const struct {
		const char *name;
		mode_t type;
	} types[] = {
		{ "reg", S_IFREG }, { "fifo", S_IFIFO }, { "sock", S_IFSOCK },
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct lx_file *file = open_root(fx);
		struct taker t = { 0 };

		assert_int_equal(mknodat(fx->fd, types[i].name,
					 types[i].type | 0600, 0), 0);
		take_all(file, &t, SIZE_MAX);
		assert_string_equal(t.last, types[i].name);
		assert_true(t.last_type == 0 ||
			    t.last_type == LX_DT((uint32_t)types[i].type));
		assert_int_equal(t.last_ino,
				 fixture_stat(fx, types[i].name).st_ino);
		lx_file_close(file);
		assert_int_equal(unlinkat(fx->fd, types[i].name, 0), 0);
	}
}

static void hostile_offsets_are_errors_or_the_end(void **state)
{
	static const uint64_t offsets[] = {
		1, 3, 12345, INT32_MAX, UINT32_MAX, 1ull << 62, INT64_MAX,
		1ull << 63, UINT64_MAX,
	};
	struct fixture *fx = *state;
	struct lx_file *file = open_root(fx);
	struct taker t = { .room = SIZE_MAX };
	int err;

	make_many(fx, 100);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		t.taken = 0;
		err = lx_readdir(file, offsets[i], take, &t);
		assert_true(err == 0 || err == -LX_EINVAL);
		assert_true(t.taken <= 102);
		if (offsets[i] > INT64_MAX)
			assert_int_equal(err, -LX_EINVAL);
	}
	/* And the handle is none the worse. */
	t = (struct taker){ 0 };
	take_all(file, &t, SIZE_MAX);
	assert_int_equal(t.dots, 2);
	lx_file_close(file);
}

static void reads_directories_only(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node = fixture_create(fx, "f");
	struct lx_file *file = (void *)fx;
	struct taker t = { 0 };
	char c;

	assert_int_equal(lx_opendir(fx->vol, node, &file), -LX_ENOTDIR);
	assert_int_equal(mkfifoat(fx->fd, "p", 0600), 0);
	fixture_close(fx, &node);
	node = fixture_lookup(fx, "p");
	assert_int_equal(lx_opendir(fx->vol, node, &file), -LX_ENOTDIR);
	fixture_close(fx, &node);
	assert_int_equal(symlinkat("/", fx->fd, "l"), 0);
	node = fixture_lookup(fx, "l");
	assert_int_equal(lx_opendir(fx->vol, node, &file), -LX_ENOTDIR);
	fixture_close(fx, &node);
	assert_ptr_equal(file, fx);

	file = fixture_open(fx, "f", LX_O_RDONLY);
	assert_int_equal(lx_readdir(file, 0, take, &t), -LX_ENOTDIR);
	lx_file_close(file);
	file = open_root(fx);
	assert_int_equal(fixture_read(file, &c, 1, 0), -LX_EISDIR);
	assert_int_equal(fixture_write(file, "x", 1, 0), -LX_EBADF);
	assert_int_equal(lx_fsync(file, false), 0);
	lx_file_close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(gives_every_entry_once),
		fixture_test(nothing_is_lost_when_entries_go_meanwhile),
		fixture_test(goes_back_to_any_offset_in_any_handle),
		fixture_test(an_entry_that_is_refused_comes_again),
		fixture_test(offset_0_reads_anew),
		fixture_test(tells_types_and_inodes),
		fixture_test(hostile_offsets_are_errors_or_the_end),
		fixture_test(reads_directories_only),
	};

	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
