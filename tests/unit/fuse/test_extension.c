/* SPDX-License-Identifier: MIT */
/* Extensions of requests that create, as Linux builds them and otherwise. */
#include "tests/unit/fuse/fake_fs.h"

#include "fuse/fuse_request.h"

#define BOTH (FUSE_SECURITY_CTX | FUSE_CREATE_SUPP_GROUP)

/* The extensions that are being built. */
struct ext {
	_Alignas(8) uint8_t bytes[70000];
	size_t len;
};

static struct ext ext;

static void ext_add(const void *bytes, size_t len)
{
	assert_true(len <= sizeof(ext.bytes) - ext.len);
	memcpy(ext.bytes + ext.len, bytes, len);
	ext.len += len;
}

/* Begin one; its header, whose size ext_end() sets. */
static struct fuse_ext_header *ext_begin(uint32_t type)
{
	const struct fuse_ext_header h = { .type = type };
	size_t at = ext.len;

	ext_add(&h, sizeof(h));
	return (struct fuse_ext_header *)(ext.bytes + at);
}

static void ext_end(struct fuse_ext_header *h)
{
	while (ext.len % 8)
		ext_add("", 1);
	h->size = (uint32_t)(ext.len -
			     (size_t)((uint8_t *)h - ext.bytes));
}

/* A security context; its label says that it has `size` bytes. */
static struct fuse_ext_header *add_context(const char *name,
					   const char *label, uint32_t size)
{
	struct fuse_ext_header *h = ext_begin(1);
	const struct fuse_secctx context = { .size = size };

	ext_add(&context, sizeof(context));
	ext_add(name, strlen(name) + 1);
	ext_add(label, strlen(label));
	ext_end(h);
	return h;
}

/* Groups 1000, 1001...; says that there are `says` of them. */
static void add_groups(uint32_t count, uint32_t says)
{
	struct fuse_ext_header *h = ext_begin(FUSE_EXT_GROUPS);

	ext_add(&says, sizeof(says));
	for (uint32_t i = 0; i < count; i++)
		ext_add(&(uint32_t){ 1000 + i }, sizeof(i));
	ext_end(h);
}

/* A session that agreed on these flags. */
static struct bench *open_with(uint64_t flags)
{
	struct bench *b = bench_new();

	ext.len = 0;
	b->fs.add = flags;
	assert_int_equal(send_init(b, 7, 38, ~0ull), 0);
	calls(b);
	return b;
}

/* MKDIR with what was built, as a kernel sends it that tells the length. */
static void make_mkdir(struct bench *b)
{
	const struct fuse_mkdir_in in = { .mode = 0700 };

	begin_with(b, FUSE_MKDIR, 1, &in);
	add_string(b, "d");
	add(b, ext.bytes, ext.len);
	b->request->total_extlen = (uint16_t)(ext.len / 8);
}

static void accepted(struct bench *b, const char *with)
{
	char call[400];

	snprintf(call, sizeof(call), "mkdir 1 d 700 0;%s", with);
	send_in_pieces(b, 200, 3);
	assert_int_equal(b->head.error, 0);
	assert_string_equal(calls(b), call);
}

static void refused(struct bench *b)
{
	assert_int_equal(send_in_pieces(b, 200, 3), 16);
	assert_int_equal(b->head.error, -LX_EINVAL);
	assert_string_equal(calls(b), "");
}

/* What was built is no proper extension, from whichever kernel. */
static void malformed(struct bench *b)
{
	make_mkdir(b);
	refused(b);
	b->request->total_extlen = 0;
	refused(b);
	ext.len = 0;
}

static void takes_a_context_and_a_group(void **state)
{
	struct bench *b = open_with(BOTH);

	(void)state;
	make_mkdir(b);
	accepted(b, "");
	add_context("security.selinux", "label", 5);
	make_mkdir(b);
	accepted(b, "secctx security.selinux;");
	assert_int_equal(b->fs.dst_size, 5);
	assert_memory_equal(b->fs.data, "label", 5);
	add_groups(1, 1);
	make_mkdir(b);
	accepted(b, "group 1000;secctx security.selinux;");
	assert_memory_equal(b->fs.data, "label", 5);
	/* The other way round. */
	ext.len = 0;
	add_groups(1, 1);
	add_context("security.smack", "", 0);
	make_mkdir(b);
	accepted(b, "group 1000;secctx security.smack;");
	assert_int_equal(b->fs.dst_size, 0);
	bench_free(b);
}

static void every_request_that_creates_has_them(void **state)
{
	static const struct {
		uint32_t opcode;
		size_t size;
		const char *text;
		size_t text_len;
		const char *call;
	} with[] = {
		{ FUSE_MKNOD, 16, "n", 2, "mknod 1 n 0 0 0;" },
		{ FUSE_MKDIR, 8, "n", 2, "mkdir 1 n 0 0;" },
		{ FUSE_SYMLINK, 0, "n\0t", 4, "symlink 1 n t;" },
		{ FUSE_CREATE, 16, "n", 2, "create 1 n 0 0 0;" },
		{ FUSE_TMPFILE, 16, "/", 2, "tmpfile 1 0 0;" },
	};
	static const uint8_t zeros[16];
	struct bench *b = open_with(BOTH);
	char call[100];

	(void)state;
	add_context("a", "label", 5);
	add_groups(1, 1);
	for (size_t i = 0; i < ARRAY_LEN(with); i++) {
		begin(b, with[i].opcode, 1);
		add(b, zeros, with[i].size);
		add(b, with[i].text, with[i].text_len);
		/* Bytes that a newer kernel puts in between. */
		add(b, "between", i);
		add(b, ext.bytes, ext.len);
		b->request->total_extlen = (uint16_t)(ext.len / 8);
		assert_true(send_in_pieces(b, 200, 9) > 16);
		snprintf(call, sizeof(call), "%sgroup 1000;secctx a;",
			 with[i].call);
		assert_string_equal(calls(b), call);
		assert_memory_equal(b->fs.data, "label", 5);
	}
	bench_free(b);
}

static void takes_the_rest_from_a_kernel_that_tells_no_length(void **state)
{
	struct bench *b = open_with(FUSE_SECURITY_CTX);

	(void)state;
	add_context("security.selinux", "label", 5);
	make_mkdir(b);
	b->request->total_extlen = 0;
	accepted(b, "secctx security.selinux;");
	assert_memory_equal(b->fs.data, "label", 5);
	/* No module has anything to say. */
	ext.len = 0;
	ext_end(ext_begin(0));
	make_mkdir(b);
	b->request->total_extlen = 0;
	accepted(b, "");
	bench_free(b);
	/* That kernel knows no groups. */
	b = open_with(FUSE_CREATE_SUPP_GROUP);
	add_groups(1, 1);
	make_mkdir(b);
	b->request->total_extlen = 0;
	accepted(b, "");
	bench_free(b);
}

static void ignores_what_was_not_agreed_on(void **state)
{
	static const struct {
		uint64_t flags;
		const char *with;
	} agreed[] = {
		{ 0, "" }, { FUSE_SECURITY_CTX, "secctx a;" },
		{ FUSE_CREATE_SUPP_GROUP, "group 1000;" },
		{ BOTH, "group 1000;secctx a;" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(agreed); i++) {
		struct bench *b = open_with(agreed[i].flags);

		add_context("a", "label", 5);
		ext_end(ext_begin(0));
		ext_end(ext_begin(33));         /* not known yet */
		ext_end(ext_begin(0xffffffff));
		add_groups(1, 1);
		make_mkdir(b);
		accepted(b, agreed[i].with);
		bench_free(b);
	}
}

static void refuses_what_is_cut_off(void **state)
{
	struct bench *b = open_with(BOTH);

	(void)state;
	add_context("security.selinux", "label", 5);
	add_groups(1, 1);
	make_mkdir(b);
	for (size_t cut = 1; cut <= ext.len; cut++) {
		make_mkdir(b);
		b->len -= cut;
		b->request->len -= (uint32_t)cut;
		refused(b);
		/* As many of them as are told are there, but not their ends. */
		b->request->total_extlen = (uint16_t)((ext.len - cut) / 8);
		if (cut % 8)
			refused(b);
	}
	/* Up to the end of the first they are whole. */
	for (size_t len = 8; len < ext.len; len += 8) {
		make_mkdir(b);
		b->len -= ext.len - len;
		b->request->len = (uint32_t)b->len;
		b->request->total_extlen = (uint16_t)(len / 8);
		if (len == ext.len - 16)
			accepted(b, "secctx security.selinux;");
		else
			refused(b);
	}
	/* More than the whole request. */
	make_mkdir(b);
	b->request->total_extlen++;
	refused(b);
	b->request->total_extlen = 0xffff;
	refused(b);
	bench_free(b);
}

static void refuses_sizes_that_are_wrong(void **state)
{
	static const uint32_t wrong[] = {
		0, 1, 4, 7, 9, 39, 41, 48, 56, 0x7fffffff, 0x80000000,
		0xfffffff8, 0xffffffff
	};
	/* Two without groups, and without the padding to 8 bytes. */
	static const uint32_t unpadded[] = {
		12, FUSE_EXT_GROUPS, 0, 12, FUSE_EXT_GROUPS, 0
	};
	struct bench *b = open_with(BOTH);
	struct fuse_ext_header *h;

	(void)state;
	ext_add(unpadded, sizeof(unpadded));
	malformed(b);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		h = add_context("security.selinux", "label", 5);
		assert_int_equal(h->size, 40);
		h->size = wrong[i];
		malformed(b);
	}
	bench_free(b);
}

static void refuses_contexts_that_are_wrong(void **state)
{
	static const uint32_t sizes[] = { 8, 9, 0x7fffffff, 0xffffffff };
	static char name[258];
	struct bench *b = open_with(BOTH);

	(void)state;
	/* A label longer than what is there; padding is. */
	add_context("security.selinux", "label", 7);
	make_mkdir(b);
	accepted(b, "secctx security.selinux;");
	assert_int_equal(b->fs.dst_size, 7);
	ext.len = 0;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		add_context("security.selinux", "label", sizes[i]);
		malformed(b);
	}
	/* No record, no name, a name without an end. */
	ext_end(ext_begin(1));
	malformed(b);
	add_context("", "label", 5);
	malformed(b);
	add_context("", "", 0);
	memset(ext.bytes + 16, 'x', 8);
	malformed(b);
	memset(name, 'n', 256);
	add_context(name, "label", 5);
	malformed(b);
	name[255] = '\0';
	add_context(name, "label", 5);
	make_mkdir(b);
	assert_int_equal(send_request(b), 0);
	assert_memory_equal(b->fs.data, "label", 5);
	bench_free(b);
}

static void limits_labels(void **state)
{
	static char label[LX_XATTR_SIZE_MAX + 2];
	struct bench *b = open_with(BOTH);

	(void)state;
	memset(label, 'l', LX_XATTR_SIZE_MAX);
	add_context("a", label, LX_XATTR_SIZE_MAX);
	make_mkdir(b);
	assert_int_equal(send_request(b), 0);
	assert_int_equal(b->fs.dst_size, LX_XATTR_SIZE_MAX);
	assert_memory_equal(b->fs.data, label, LX_XATTR_SIZE_MAX);
	ext.len = 0;
	calls(b);
	label[LX_XATTR_SIZE_MAX] = 'l';
	add_context("a", label, LX_XATTR_SIZE_MAX + 1);
	make_mkdir(b);
	assert_int_equal(send_request(b), -LX_EINVAL);
	assert_string_equal(calls(b), "");
	bench_free(b);
}

static void takes_the_first_of_groups(void **state)
{
	static const uint32_t wrong[] = { 4, 5, 0x3fffffff, 0x40000000,
		0x40000001, 0xffffffff };
	struct bench *b = open_with(BOTH);

	(void)state;
	add_groups(0, 0);
	make_mkdir(b);
	accepted(b, "");
	ext.len = 0;
	add_groups(3, 3);
	make_mkdir(b);
	accepted(b, "group 1000;");
	ext.len = 0;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		add_groups(3, wrong[i]);
		malformed(b);
	}
	ext_end(ext_begin(FUSE_EXT_GROUPS));
	malformed(b);
	bench_free(b);
}

/* The guest changes them after they were checked: the copy does not change. */
static void keeps_a_private_copy(void **state)
{
	static const struct fuse_grammar mkdir = {
		.args = sizeof(struct fuse_mkdir_in),
		.text = { FUSE_TEXT_NAME },
		.tail = FUSE_TAIL_EXTENSIONS,
	};
	struct bench *b = open_with(BOTH);
	struct fuse_message m;
	struct iov iov;

	(void)state;
	add_context("a", "label", 5);
	make_mkdir(b);
	iov = (struct iov){ b->bytes, b->len };
	assert_true(fuse_request_header(&m, iov_tail_init(&iov, 1)));
	assert_int_equal(fuse_request_body(&m, &mkdir, BOTH), 0);
	memset(b->bytes, 'x', b->len);
	assert_string_equal(m.req.secctx_name, "a");
	assert_int_equal(m.req.secctx_len, 5);
	assert_memory_equal(m.req.secctx, "label", 5);
	assert_false(m.req.has_group);
	fuse_request_done(&m);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_context_and_a_group),
		cmocka_unit_test(every_request_that_creates_has_them),
		cmocka_unit_test(
			takes_the_rest_from_a_kernel_that_tells_no_length),
		cmocka_unit_test(ignores_what_was_not_agreed_on),
		cmocka_unit_test(refuses_what_is_cut_off),
		cmocka_unit_test(refuses_sizes_that_are_wrong),
		cmocka_unit_test(refuses_contexts_that_are_wrong),
		cmocka_unit_test(limits_labels),
		cmocka_unit_test(takes_the_first_of_groups),
		cmocka_unit_test(keeps_a_private_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
