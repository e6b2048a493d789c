/* SPDX-License-Identifier: MIT */
#include "common/save.h"

#include "common/bytes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TAG_HEAD SAVE_TAG('s', 'a', 'v', 'e')
#define TAG_END SAVE_TAG('e', 'n', 'd', '.')
#define FORMAT 1u

/* ---- writing ----------------------------------------------------------- */

/* Pass on the records that are whole. */
static void flush(struct save_writer *w)
{
	if (w->error || !w->begun)
		return;
	w->error = w->write(w->ctx, w->buf, w->begun);
	w->used -= w->begun;
	memmove(w->buf, w->buf + w->begun, w->used);
	w->begun = 0;
}

static void put(struct save_writer *w, const void *bytes, size_t len)
{
	if (len > sizeof(w->buf) - w->used)
		flush(w);
	if (w->error)
		return;
	if (len > sizeof(w->buf) - w->used) {
		w->error = -E2BIG;
		return;
	}
	if (len)
		memcpy(w->buf + w->used, bytes, len);
	w->used += len;
}

void save_open(struct save_writer *w, uint32_t kind, save_write_fn *write,
	       void *ctx)
{
	w->write = write;
	w->ctx = ctx;
	w->error = 0;
	w->begun = w->used = 0;
	save_begin(w, TAG_HEAD);
	save_u32(w, FORMAT);
	save_u32(w, kind);
	save_end(w);
}

int save_close(struct save_writer *w)
{
	save_begin(w, TAG_END);
	save_end(w);
	flush(w);
	return w->error;
}

void save_begin(struct save_writer *w, uint32_t tag)
{
	save_u32(w, tag);
	save_u32(w, 0);                 /* its length, which save_end() knows */
}

void save_end(struct save_writer *w)
{
	if (w->error)
		return;
	le32_store(w->buf + w->begun + 4,
		   (uint32_t)(w->used - w->begun - SAVE_HEADER));
	w->begun = w->used;
}

void save_u8(struct save_writer *w, uint8_t value)
{
	put(w, &value, sizeof(value));
}

void save_u16(struct save_writer *w, uint16_t value)
{
	uint8_t bytes[2];

	le16_store(bytes, value);
	put(w, bytes, sizeof(bytes));
}

void save_u32(struct save_writer *w, uint32_t value)
{
	uint8_t bytes[4];

	le32_store(bytes, value);
	put(w, bytes, sizeof(bytes));
}

void save_u64(struct save_writer *w, uint64_t value)
{
	uint8_t bytes[8];

	le64_store(bytes, value);
	put(w, bytes, sizeof(bytes));
}

void save_bytes(struct save_writer *w, const void *bytes, size_t len)
{
	put(w, bytes, len);
}

void save_blob(struct save_writer *w, const void *bytes, size_t len)
{
	/* Longer ones do not fit anyway. */
	save_u32(w, (uint32_t)MIN(len, UINT32_MAX));
	put(w, bytes, len);
}

/* ---- reading ----------------------------------------------------------- */

int save_refuse(struct save_reader *r, int error, const char *fmt, ...)
{
	va_list args;

	if (r->error)
		return r->error;
	va_start(args, fmt);
	vsnprintf(r->message, sizeof(r->message), fmt, args);
	va_end(args);
	r->error = error;
	return error;
}

/* A tag as a person reads it. */
struct name {
	char text[5];
};

static struct name name_of(uint32_t tag)
{
	struct name name = { "" };

	for (int i = 0; i < 4; i++) {
		char c = (char)(tag >> (8 * i));

		name.text[i] = (char)(c >= ' ' && c <= '~' ? c : '?');
	}
	return name;
}

static void fill(struct save_reader *r, void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len && !r->error) {
		ssize_t n = r->read(r->ctx, to, len);

		if (n < 0) {
			save_refuse(r, (int)n, "the image cannot be read: %s",
				    strerror((int)-n));
		} else if (!n || (size_t)n > len) {
			save_refuse(r, -EINVAL, "the image is cut off");
		} else {
			to += n;
			len -= (size_t)n;
		}
	}
}

uint32_t save_next(struct save_reader *r)
{
	uint8_t header[SAVE_HEADER];
	uint32_t tag, len;

	if (r->error)
		return 0;
	if (r->tag && !r->taken)
		return r->tag;
	if (save_done(r))
		return 0;
	r->tag = 0;
	r->len = r->pos = 0;
	fill(r, header, sizeof(header));
	if (r->error)
		return 0;
	tag = le32_load(header);
	len = le32_load(header + 4);
	if (!tag)
		save_refuse(r, -EINVAL, "a record without a tag");
	else if (len > sizeof(r->buf))
		save_refuse(r, -EINVAL,
			    "record '%s' of %u bytes, %u are allowed",
			    name_of(tag).text, len, SAVE_RECORD_MAX);
	else
		fill(r, r->buf, len);
	if (r->error)
		return 0;
	r->tag = tag;
	r->len = len;
	r->taken = false;
	return tag;
}

int save_take(struct save_reader *r, uint32_t tag)
{
	uint32_t next = save_next(r);

	if (!r->error && next != tag)
		save_refuse(r, -EINVAL, "record '%s' where '%s' is expected",
			    name_of(next).text, name_of(tag).text);
	r->taken = true;
	return r->error;
}

int save_done(struct save_reader *r)
{
	if (save_left(r))
		save_refuse(r, -EINVAL, "record '%s' is %zu bytes too long",
			    name_of(r->tag).text, save_left(r));
	return r->error;
}

int save_read(struct save_reader *r, uint32_t kind, save_read_fn *read,
	      void *ctx)
{
	uint32_t format, is;

	r->read = read;
	r->ctx = ctx;
	r->error = 0;
	r->message[0] = 0;
	r->tag = 0;
	r->taken = false;
	r->len = r->pos = 0;
	if (!save_next(r) || r->tag != TAG_HEAD)
		return save_refuse(r, -EINVAL, "this is no saved state");
	save_take(r, TAG_HEAD);
	format = save_get_u32(r);
	is = save_get_u32(r);
	if (save_done(r))
		return r->error;
	if (format != FORMAT)
		return save_refuse(r, -EINVAL,
				   "saved state of format %u, %u is expected",
				   format, FORMAT);
	if (is != kind)
		return save_refuse(r, -EINVAL,
				   "saved state of '%s', '%s' is expected",
				   name_of(is).text, name_of(kind).text);
	return 0;
}

int save_read_end(struct save_reader *r)
{
	save_take(r, TAG_END);
	return save_done(r);
}

/* The next `len` bytes of the payload, or NULL. */
static const uint8_t *get(struct save_reader *r, size_t len)
{
	const uint8_t *at = r->buf + r->pos;

	if (r->error)
		return NULL;
	if (len > save_left(r)) {
		save_refuse(r, -EINVAL, "record '%s' is too short",
			    name_of(r->tag).text);
		return NULL;
	}
	r->pos += len;
	return at;
}

uint8_t save_get_u8(struct save_reader *r)
{
	const uint8_t *at = get(r, 1);

	return at ? *at : 0;
}

uint16_t save_get_u16(struct save_reader *r)
{
	const uint8_t *at = get(r, 2);

	return at ? le16_load(at) : 0;
}

uint32_t save_get_u32(struct save_reader *r)
{
	const uint8_t *at = get(r, 4);

	return at ? le32_load(at) : 0;
}

uint64_t save_get_u64(struct save_reader *r)
{
	const uint8_t *at = get(r, 8);

	return at ? le64_load(at) : 0;
}

void save_get_bytes(struct save_reader *r, void *ret_bytes, size_t len)
{
	const uint8_t *at = get(r, len);

	if (at)
		memcpy(ret_bytes, at, len);
	else
		memset(ret_bytes, 0, len);
}

bool save_get_bool(struct save_reader *r)
{
	uint8_t value = save_get_u8(r);

	if (value > 1)
		save_refuse(r, -EINVAL, "record '%s': %u is neither 0 nor 1",
			    name_of(r->tag).text, value);
	return value == 1;
}

const void *save_get_blob(struct save_reader *r, size_t max, size_t *ret_len)
{
	size_t len = save_get_u32(r);
	const uint8_t *at = NULL;

	if (len > max)
		save_refuse(r, -EINVAL,
			    "record '%s': %zu bytes, %zu are allowed",
			    name_of(r->tag).text, len, max);
	else
		at = get(r, len);
	*ret_len = at ? len : 0;
	return at ? at : r->buf;
}

size_t save_left(const struct save_reader *r)
{
	return r->error ? 0 : r->len - r->pos;
}
