/* SPDX-License-Identifier: MIT */
/*
 * Bad names in every operation that takes one: each is refused, and nothing
 * changes, neither in the share nor outside it.
 */
#include "tests/device/hostile.h"

#define LONG_NAME 256                   /* one more than Linux has */

/* A request with a name in it: what stands before, and what behind. */
struct operation {
	const char *name;
	uint32_t opcode;
	uint32_t args;                  /* bytes of the record... */
	uint32_t first;                 /* ...which begins with this number */
	const char *before, *behind;    /* other names, or NULL */
	bool dots;                      /* "." and ".." mean something */
	bool xattr;                     /* slashes and dots mean nothing */
};

#define OP(what) .name = #what, .opcode = FUSE_##what
#define ARGS(type, value) \
	.args = sizeof(struct fuse_##type##_in), .first = (value)

static const struct operation operations[] = {
	{ OP(LOOKUP), .dots = true },
	{ OP(SYMLINK), .behind = "target" },
	{ OP(MKNOD), ARGS(mknod, LX_S_IFREG | 0600) },
	{ OP(MKDIR), ARGS(mkdir, 0700) },
	{ OP(UNLINK) },
	{ OP(RMDIR) },
	{ OP(RENAME), ARGS(rename, 1), .behind = "new" },
	{ OP(RENAME), ARGS(rename, 1), .before = "inner" },
	{ OP(RENAME2), ARGS(rename2, 1), .behind = "new" },
	{ OP(RENAME2), ARGS(rename2, 1), .before = "inner" },
	{ OP(LINK), ARGS(link, 1) },
	{ OP(CREATE), ARGS(create, LX_O_RDWR) },
	{ OP(SETXATTR), ARGS(setxattr, 0), .xattr = true },
	{ OP(GETXATTR), ARGS(getxattr, 0), .xattr = true },
	{ OP(REMOVEXATTR), .xattr = true },
};

static size_t add_text(uint8_t *body, size_t at, const char *text)
{
	if (!text)
		return at;
	memcpy(body + at, text, strlen(text) + 1);
	return at + strlen(text) + 1;
}

/* `ended`: with its NUL, and what stands behind. */
static int64_t send_name(struct device_fixture *f, const struct operation *op,
			 const char *name, bool ended)
{
	uint8_t body[1024] = { 0 };
	size_t at = op->args;

	if (at)
		memcpy(body, &op->first, sizeof(op->first));
	at = add_text(body, at, op->before);
	at = add_text(body, at, name);
	if (ended)
		at = add_text(body, at, op->behind);
	else
		at--;
	return send_body(f, op->opcode, FUSE_ROOT_ID, body, at);
}

static void assert_refuses(struct device_fixture *f, const struct operation *op,
			   const char *name, bool ended)
{
	int64_t ret = send_name(f, op, name, ended);

	if (ret >= 0)
		fail_msg("%s takes '%s'", op->name, name);
	assert_refused(f, ret);
}

static void no_operation_takes_a_name_that_walks(void **state)
{
	static const char *const walking[] = {
		"/", "a/b", "./a", "a/", "/a", "../a", "../file", "../../a",
		"a/../../file", "//", "inner/", "./inner",
	};
	struct device_fixture *f = *state;
	char *before = tree_print(tmptree_path(&f->tree, ".."), NULL);
	char *after;

	for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
		const struct operation *op = &operations[i];

		for (size_t j = 0; !op->xattr && j < ARRAY_LEN(walking); j++) {
			assert_refuses(f, op, walking[j], true);
			assert_refuses(f, op, walking[j], false);
		}
		if (op->dots || op->xattr)
			continue;
		assert_refuses(f, op, ".", true);
		assert_refuses(f, op, "..", true);
	}
	after = tree_print(tmptree_path(&f->tree, ".."), NULL);
	assert_string_equal(after, before);
	free(after);
	free(before);
}

static void no_operation_takes_a_name_that_is_none(void **state)
{
	struct device_fixture *f = *state;
	char *before = tree_print(tmptree_path(&f->tree, ".."), NULL);
	char name[LONG_NAME + 1] = "", *after;

	memset(name, 'n', LONG_NAME);
	for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
		assert_refuses(f, &operations[i], "", true);
		assert_refuses(f, &operations[i], "", false);
		assert_refuses(f, &operations[i], "user.n", false);
		assert_refuses(f, &operations[i], name, true);
		assert_refuses(f, &operations[i], name, false);
	}
	after = tree_print(tmptree_path(&f->tree, ".."), NULL);
	assert_string_equal(after, before);
	free(after);
	free(before);
}

/*
 * The longest name that there is goes through each of them, or the tests above
 * would prove little.
 */
static void the_longest_name_is_one(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_entry_out e;
	char name[LONG_NAME] = "";

	memset(name, 'n', LONG_NAME - 1);
	for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
		int64_t ret = send_name(f, &operations[i], name, true);

		assert_int_not_equal(ret, -LX_EINVAL);
		assert_int_not_equal(ret, -LX_ENAMETOOLONG);
	}
	assert_int_equal(fuse_client_lookup(&f->client, 1, name, &e), 0);
}

/* What a symbolic link says is nobody's business; how long it is, is. */
static void a_target_is_any_text_that_fits(void **state)
{
	static char target[LX_PATH_MAX + 1];
	struct device_fixture *f = *state;
	char *before = print_outside(f);
	struct fuse_entry_out e;

	memset(target, 't', LX_PATH_MAX);
	assert_refused(f, fuse_client_symlink(&f->client, 1, "s", target, &e));
	assert_refused(f, fuse_client_symlink(&f->client, 1, "s", "", &e));
	target[LX_PATH_MAX - 1] = '\0';
	assert_int_equal(fuse_client_symlink(&f->client, 1, "s", target, &e),
			 0);
	assert_int_equal(fuse_client_symlink(&f->client, 1, "t", "../file",
					     &e), 0);
	/* Nor is it followed, by whatever it is used. */
	assert_refused(f, fuse_client_lookup(&f->client, e.nodeid, "x", &e));
	assert_refused(f, fuse_client_open(&f->client,
					   fuse_client_walk(&f->client, "t"),
					   LX_O_RDWR, &(uint64_t){ 0 }));
	assert_same_outside(f, before);
}

static int setup(void **state)
{
	return inner_setup(state, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, inner_teardown)
	const struct CMUnitTest tests[] = {
		TEST(no_operation_takes_a_name_that_walks),
		TEST(no_operation_takes_a_name_that_is_none),
		TEST(the_longest_name_is_one),
		TEST(a_target_is_any_text_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
