/* SPDX-License-Identifier: MIT */
/*
 * A session: its life, and the way of one request through it.
 *
 *   header -> room for a reply -> the gate -> grammar -> handler -> reply
 *
 * Everything about a request is on the stack of the thread that handles it.
 * What INIT agreed on changes only while the gate is stopped.
 */
#include "fuse/fuse_session.h"

#include "fuse/fuse_dispatch.h"
#include "fuse/fuse_gate.h"
#include "fuse/fuse_init.h"
#include "fuse/fuse_later.h"
#include "fuse/fuse_trace.h"
#include "fuse/fuse_wait.h"

#include <errno.h>
#include <stdlib.h>

#define TAG_SESSION SAVE_TAG('f', 'u', 's', 'e')

struct fuse_session {
	const struct fuse_ops *ops;
	void *fs;
	const struct log *log;
	/* Agreed on; behind the gate: */
	uint64_t flags;
	uint32_t minor, max_write;
	struct fuse_gate gate;
	struct fuse_waits waits;
};

struct fuse_session *fuse_session_new(const struct fuse_ops *ops, void *fs,
				      const struct log *log)
{
	struct fuse_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->ops = ops;
	s->fs = fs;
	s->log = log;
	fuse_gate_init(&s->gate);
	fuse_waits_init(&s->waits);
	return s;
}

void fuse_session_free(struct fuse_session *s)
{
	if (!s)
		return;
	fuse_session_reset(s);
	fuse_gate_done(&s->gate);
	fuse_waits_done(&s->waits);
	free(s);
}

/* Returns whether the session was open. */
static bool close_session(struct fuse_session *s)
{
	bool was_open = fuse_gate_stop(&s->gate);

	if (was_open && s->ops->destroy)
		s->ops->destroy(s->fs);
	fuse_waits_clear(&s->waits);
	fuse_gate_start(&s->gate, false);
	return was_open;
}

void fuse_session_reset(struct fuse_session *s)
{
	close_session(s);
}

/*
 * Parse the body, and refuse what cannot be answered before it is done.  0,
 * or -LX_E....
 */
static int parse(struct fuse_session *s, struct fuse_call *c,
		 const struct fuse_row *row, uint64_t flags)
{
	char buf[FUSE_ERROR_TEXT];
	int rc = -LX_ENOSYS;

	if (row)
		rc = fuse_request_body(&c->msg, &row->in, flags);
	if (!rc && !row->no_reply && row->out > c->reply.room)
		rc = -LX_EIO;
	if (log_enabled(s->log, LOG_FUSE, LOG_TRACE))
		fuse_trace_request(s->log, &c->msg, rc);
	if (rc == -LX_EINVAL || rc == -LX_EIO)
		log_limited(s->log, LOG_FUSE, LOG_WARN,
			    "malformed %s request of %u bytes: %s",
			    fuse_opcode_name(c->msg.req.opcode), c->msg.len,
			    fuse_error_name(rc, buf));
	return rc;
}

static void agree(struct fuse_session *s, const struct fuse_init_info *info)
{
	s->minor = info->minor;
	s->flags = info->flags;
	s->max_write = info->max_write;
}

/* Agree with the guest; the gate is stopped.  The reply's body, or an error. */
static ssize_t negotiate(struct fuse_session *s, struct fuse_call *c,
			 bool *ret_open)
{
	const struct fuse_init_in *in = &c->msg.args.init;
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
	};
	struct fuse_init_info info;
	int rc;

	/* A newer guest sends another INIT, of the version that it is told. */
	if (in->major > FUSE_KERNEL_VERSION)
		return fuse_reply_add(&c->reply, &out, sizeof(out));
	rc = fuse_init_propose(in, &info);
	if (!rc && s->ops->init)
		rc = s->ops->init(s->fs, &info);
	if (rc < 0)
		return rc;
	fuse_init_answer(&info, &out);
	agree(s, &info);
	*ret_open = true;
	log_limited(s->log, LOG_FUSE, LOG_DEBUG,
		    "the guest speaks 7.%u and offers %#llx; agreed on %#llx",
		    info.minor, (unsigned long long)info.offered,
		    (unsigned long long)info.flags);
	return fuse_reply_add(&c->reply, &out, sizeof(out));
}

static ssize_t do_init(struct fuse_session *s, struct fuse_call *c)
{
	bool open = fuse_gate_stop(&s->gate);
	ssize_t result = -LX_EIO;

	if (!open)
		result = negotiate(s, c, &open);
	fuse_gate_start(&s->gate, open);
	return result;
}

static ssize_t do_destroy(struct fuse_session *s)
{
	return close_session(s) ? 0 : -LX_EIO;
}

static uint64_t now_ms(void)
{
	return fuse_trace_now() / 1000000;
}

/* The result of a SETLKW, which may be that it waits (on). */
static ssize_t waiting(struct fuse_session *s, const struct fuse_call *c,
		       ssize_t result)
{
	int rc;

	if (result != FUSE_WAIT) {
		fuse_waits_end(&s->waits, c->msg.req.unique);
		return result;
	}
	rc = fuse_waits_on(&s->waits, c->msg.req.unique,
			   now_ms());
	if (!rc)
		return FUSE_WAIT;
	if (s->ops->setlkw_dropped)
		s->ops->setlkw_dropped(s->fs, &c->msg.req);
	return rc;
}

static ssize_t run(struct fuse_session *s, struct fuse_call *c,
		   const struct fuse_row *row)
{
	switch (c->msg.req.opcode) {
	case FUSE_SETLKW:
		return waiting(s, c, row->run(c));
	case FUSE_INTERRUPT:
		fuse_waits_interrupt(&s->waits, c->msg.args.interrupt.unique);
		return 0;
	default:
		return row->run(c);
	}
}

/* A request of an open session. */
static ssize_t pass(struct fuse_session *s, struct fuse_call *c,
		    const struct fuse_row *row)
{
	struct fuse_gate_slot *slot = fuse_gate_enter(&s->gate);
	ssize_t result;

	if (!slot) {
		if (log_enabled(s->log, LOG_FUSE, LOG_TRACE))
			fuse_trace_request(s->log, &c->msg, -LX_EIO);
		return -LX_EIO;
	}
	c->ops = s->ops->root && c->msg.req.node == FUSE_ROOT_ID ?
			 s->ops->root : s->ops;
	c->fs = s->fs;
	c->max_write = s->max_write;
	result = parse(s, c, row, s->flags);
	if (!result)
		result = run(s, c, row);
	fuse_gate_leave(&s->gate, slot);
	return result;
}

static ssize_t handle(struct fuse_session *s, struct fuse_call *c,
		      const struct fuse_row *row)
{
	int rc;

	if (c->msg.req.opcode != FUSE_INIT && c->msg.req.opcode != FUSE_DESTROY)
		return pass(s, c, row);
	rc = parse(s, c, row, 0);
	if (rc)
		return rc;
	return c->msg.req.opcode == FUSE_INIT ? do_init(s, c) : do_destroy(s);
}

/* Is that a result that an answer can be made of? */
static bool is_answer(ssize_t result)
{
	return result != FUSE_WAIT && result != FUSE_BLOCKS &&
	       result != FUSE_GOES_ON;
}

/* Log how a request ended. */
static void ended(struct fuse_session *s, const struct fuse_message *m,
		  const struct fuse_said *said, ssize_t result, ssize_t len,
		  uint64_t since)
{
	const char *name;
	char buf[FUSE_ERROR_TEXT];

	if (!log_enabled(s->log, LOG_FUSE, LOG_DEBUG))
		return;
	name = fuse_opcode_name(m->req.opcode);
	if (log_enabled(s->log, LOG_FUSE, LOG_TRACE))
		fuse_trace_reply(s->log, m, said, result, len, since);
	else if (result < 0 && is_answer(result))
		log_limited(s->log, LOG_FUSE, LOG_DEBUG,
			    "%s (opcode %u) on node %llu: %s",
			    name ? name : "unknown", m->req.opcode,
			    (unsigned long long)m->req.node,
			    fuse_error_name((int)result, buf));
}

/*
 * Does a request leave because it would block?  Not those of the session's own,
 * which wait for others; not those without a reply, which are short; and SETLKW
 * waits in another way.
 */
static bool leaves(struct fuse_message *m, const struct fuse_row *row,
		   const struct fuse_turn *turn)
{
	bool slow;

	if (!turn || !turn->may_leave || !row || !row->run || row->no_reply ||
	    m->req.opcode == FUSE_SETLKW)
		return false;
	slow = fuse_pace_slow(turn->pace, m->req.opcode);
	if (m->req.opcode != FUSE_READ && m->req.opcode != FUSE_WRITE)
		return slow;
	m->req.nowait = true;
	m->req.later = turn->later;
	m->req.slow = slow;
	return false;
}

static ssize_t timed(struct fuse_session *s, struct fuse_call *c,
		     const struct fuse_row *row, struct fuse_pace *pace)
{
	struct fuse_pace_start start = fuse_pace_begin();
	ssize_t result = handle(s, c, row);

	if (is_answer(result))
		fuse_pace_took(pace, c->msg.req.opcode, fuse_pace_end(&start));
	return result;
}

ssize_t fuse_session_dispatch(struct fuse_session *s, struct iov_tail in,
			      struct iov_tail out)
{
	return fuse_session_dispatch_in_turn(s, NULL, in, out);
}

ssize_t fuse_session_dispatch_in_turn(struct fuse_session *s,
				      const struct fuse_turn *turn,
				      struct iov_tail in, struct iov_tail out)
{
	bool traced = log_enabled(s->log, LOG_FUSE, LOG_TRACE);
	uint64_t since = traced ? fuse_trace_now() : 0;
	const struct fuse_row *row;
	ssize_t result, len = 0;
	struct fuse_call c;             /* 20 KiB: filled as far as needed */
	bool no_reply;

	if (!fuse_request_header(&c.msg, in)) {
		log_limited(s->log, LOG_FUSE, LOG_WARN,
			    "a request without a whole header");
		return -LX_EINVAL;
	}
	row = fuse_dispatch_find(c.msg.req.opcode);
	no_reply = row && row->no_reply;
	if (!fuse_reply_init(&c.reply, out) && !no_reply) {
		log_limited(s->log, LOG_FUSE, LOG_WARN,
			    "opcode %u: no room for a reply",
			    c.msg.req.opcode);
		return -LX_EINVAL;
	}
	if (traced)
		c.reply.said = fuse_said_init(&c.said);
	if (leaves(&c.msg, row, turn))
		return FUSE_BLOCKS;
	result = turn && turn->timed ? timed(s, &c, row, turn->pace) :
				       handle(s, &c, row);
	fuse_request_done(&c.msg);
	if (result == FUSE_GOES_ON && c.msg.req.later)
		*c.msg.req.later = (struct fuse_later){ s, c.msg.req, out,
							since };
	if (!is_answer(result))
		len = result;
	else if (!no_reply)
		len = fuse_reply_finish(&c.reply, c.msg.req.unique, result,
					&result);
	ended(s, &c.msg, c.reply.said, result, len, since);
	return len;
}

/* What the file system cannot have put into the reply. */
static ssize_t add_record(const struct fuse_later *later,
			  struct fuse_reply *reply, ssize_t n)
{
	const struct fuse_write_out out = { .size = (uint32_t)n };

	if (n < 0 || later->req.opcode != FUSE_WRITE)
		return n;
	return fuse_reply_add(reply, &out, sizeof(out));
}

ssize_t fuse_later_end(struct fuse_later *later, ssize_t n)
{
	struct fuse_session *s = later->session;
	struct fuse_message m;          /* nothing but whose it is */
	struct fuse_reply reply;
	ssize_t result, len;

	/* There was room when it began, and where it lies has not changed. */
	(void)fuse_reply_init(&reply, later->out);
	result = add_record(later, &reply, n);
	len = fuse_reply_finish(&reply, later->req.unique, result, &result);
	m.req = later->req;
	ended(s, &m, NULL, result, len, later->since);
	return len;
}

/* ---- saved state ------------------------------------------------------- */

int fuse_session_save(struct fuse_session *s, struct save_writer *w)
{
	bool open = fuse_gate_stop(&s->gate);
	int rc = 0;

	save_begin(w, TAG_SESSION);
	save_u8(w, open);
	save_u32(w, open ? s->minor : 0);
	save_u64(w, open ? s->flags : 0);
	save_u32(w, open ? s->max_write : 0);
	save_end(w);
	if (open) {
		fuse_waits_save(&s->waits, w);
		if (s->ops->save)
			rc = s->ops->save(s->fs, w);
	}
	fuse_gate_start(&s->gate, open);
	return rc ? rc : w->error;
}

/*
 * INIT again, with what was agreed on as the guest's offer: a file system that
 * can do more by now does no more than that.
 */
static int agree_again(struct fuse_session *s, struct save_reader *r)
{
	struct fuse_init_in in = { .major = FUSE_KERNEL_VERSION };
	uint32_t minor = save_get_u32(r);
	uint64_t flags = save_get_u64(r);
	uint32_t max_write = save_get_u32(r);
	struct fuse_init_info info;
	struct fuse_init_out out;

	if (save_done(r))
		return r->error;
	in.minor = minor;
	in.flags = (uint32_t)flags;
	in.flags2 = (uint32_t)(flags >> 32);
	if (fuse_init_propose(&in, &info))
		return save_refuse(r, -EINVAL, "a guest that speaks FUSE 7.%u",
				   minor);
	if (s->ops->init && s->ops->init(s->fs, &info))
		return save_refuse(r, -EINVAL, "the mount is refused");
	fuse_init_answer(&info, &out);
	if (info.flags != flags)
		return save_refuse(r, -EINVAL,
				   "the guest was promised %#llx, which other options make %#llx",
				   (unsigned long long)flags,
				   (unsigned long long)info.flags);
	if (info.max_write < max_write || !max_write)
		return save_refuse(r, -EINVAL,
				   "the guest writes up to %u bytes, %u are allowed",
				   max_write, info.max_write);
	info.max_write = max_write;
	agree(s, &info);
	return 0;
}

static int restore_open(struct fuse_session *s, struct save_reader *r)
{
	int rc = agree_again(s, r);

	if (!rc)
		rc = fuse_waits_restore(&s->waits, r, now_ms());
	if (!rc && s->ops->restore)
		rc = s->ops->restore(s->fs, r);
	if (!rc)
		return 0;
	if (s->ops->destroy)
		s->ops->destroy(s->fs);
	fuse_waits_clear(&s->waits);
	return rc;
}

/* What follows the word that the session was closed. */
static int restore_closed(struct save_reader *r)
{
	if (save_get_u32(r) || save_get_u64(r) || save_get_u32(r))
		save_refuse(r, -EINVAL, "a closed session has agreed on nothing");
	return save_done(r);
}

int fuse_session_restore(struct fuse_session *s, struct save_reader *r)
{
	bool busy = fuse_gate_stop(&s->gate), open = false;
	int rc;

	if (busy)
		rc = save_refuse(r, -EBUSY, "the device is in use");
	else
		rc = save_take(r, TAG_SESSION);
	if (!rc) {
		open = save_get_bool(r);
		rc = open ? restore_open(s, r) : restore_closed(r);
	}
	fuse_gate_start(&s->gate, busy || (open && !rc));
	return rc;
}
