/* SPDX-License-Identifier: MIT */
#include "tests/unit/fuse/fake_fs.h"

#define UNTOUCHED 0xee

static void collect(void *ctx, enum log_level level, const char *target,
		    const char *message)
{
	struct bench *b = ctx;
	size_t len = strlen(b->logged);

	(void)level;
	(void)target;
	snprintf(b->logged + len, sizeof(b->logged) - len, "%s\n", message);
}

struct bench *bench_new(void)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	log_init(&b->log, -1);
	log_set_sink(&b->log, collect, b);
	b->session = fuse_session_new(&fake_fs_ops, &b->fs, &b->log);
	assert_non_null(b->session);
	return b;
}

struct bench *bench_open(void)
{
	struct bench *b = bench_new();

	assert_int_equal(send_init(b, 7, 38, ~0ull), 0);
	calls(b);
	return b;
}

void bench_free(struct bench *b)
{
	fuse_session_free(b->session);
	free(b->fs.data);
	free(b);
}

void begin(struct bench *b, uint32_t opcode, uint64_t node)
{
	static uint64_t unique;

	b->request = (struct fuse_in_header *)b->bytes;
	*b->request = (struct fuse_in_header){
		.opcode = opcode,
		.unique = ++unique,
		.nodeid = node,
		.uid = 1000,
		.gid = 1001,
		.pid = 77,
	};
	b->len = sizeof(*b->request);
	b->request->len = (uint32_t)b->len;
}

void add(struct bench *b, const void *bytes, size_t len)
{
	assert_true(len <= sizeof(b->bytes) - b->len);
	memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
	b->request->len = (uint32_t)b->len;
}

void add_string(struct bench *b, const char *s)
{
	add(b, s, strlen(s) + 1);
}

void add_letters(struct bench *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		add(b, "x", 1);
	add(b, "", 1);
}

/* Pieces of exactly their own memory, holding `bytes` or anything. */
static struct iov *make_pieces(const uint8_t *bytes, size_t len, size_t piece,
			       size_t *ret_count)
{
	size_t count = (len + piece - 1) / piece;
	struct iov *iov = calloc(count + 1, sizeof(*iov));

	assert_non_null(iov);
	for (size_t i = 0; i < count; i++) {
		size_t n = MIN(piece, len - i * piece);

		iov[i].base = malloc(n);
		iov[i].len = n;
		assert_non_null(iov[i].base);
		if (bytes)
			memcpy(iov[i].base, bytes + i * piece, n);
		else
			memset(iov[i].base, UNTOUCHED, n);
	}
	*ret_count = count;
	return iov;
}

static void free_pieces(struct iov *iov, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(iov[i].base);
	free(iov);
}

static void take_reply(struct bench *b, struct iov_tail out, ssize_t len)
{
	b->body = b->reply + sizeof(b->head);
	b->body_len = 0;
	memset(&b->head, 0, sizeof(b->head));
	if (len <= 0)
		return;
	assert_in_range(len, sizeof(b->head), sizeof(b->reply));
	assert_true(iov_tail_read(&out, b->reply, (size_t)len));
	memcpy(&b->head, b->reply, sizeof(b->head));
	b->body_len = (size_t)len - sizeof(b->head);
	assert_int_equal(b->head.len, len);
	assert_int_equal(b->head.unique, b->request->unique);
	if (b->head.error)
		assert_int_equal(b->body_len, 0);
}

ssize_t send_in_pieces(struct bench *b, size_t room, size_t piece)
{
	size_t in_count, out_count;
	struct iov *in = make_pieces(b->bytes, b->len, piece, &in_count);
	struct iov *out = make_pieces(NULL, room, piece, &out_count);
	struct iov_tail t = iov_tail_init(out, out_count);
	ssize_t len = fuse_session_dispatch(b->session,
					    iov_tail_init(in, in_count), t);
	uint8_t byte;

	assert_true(len <= (ssize_t)room);
	take_reply(b, t, len);
	if (len <= 0)
		while (iov_tail_read(&t, &byte, 1))
			assert_int_equal(byte, UNTOUCHED);
	free_pieces(in, in_count);
	free_pieces(out, out_count);
	return len;
}

int send_request(struct bench *b)
{
	ssize_t len = send_in_pieces(b, sizeof(b->reply), sizeof(b->bytes));

	assert_true(len >= (ssize_t)sizeof(b->head));
	return b->head.error;
}

int send_init(struct bench *b, uint32_t major, uint32_t minor, uint64_t flags)
{
	const struct fuse_init_in in = {
		.major = major,
		.minor = minor,
		.max_readahead = 131072,
		.flags = (uint32_t)flags,
		.flags2 = (uint32_t)(flags >> 32),
	};

	begin_with(b, FUSE_INIT, 0, &in);
	return send_request(b);
}

const char *calls(struct bench *b)
{
	static char last[sizeof(b->fs.calls)];

	memcpy(last, b->fs.calls, sizeof(last));
	b->fs.calls[0] = '\0';
	b->fs.len = 0;
	return last;
}
