/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secure frames: a toy with everything that TLS asks of the host. Both sides begin with a greeting
 * line, "HELLO\n" or "REFUSED <reason>\n"; the client answers the latter by the alert "BYE\n". Then
 * each sends frames: a type, a length of two bytes (big-endian) and so many bytes. Frames of data
 * are given when they are complete. A ping is answered by a pong. Tickets and pongs are ignored. A
 * goodbye ends the connection. With a quota, a session that has used it up fails.
 */
#include <stdbool.h>
#include <string.h>

#include "tenon/plugin/secure.h"

#define GREETING	"HELLO\n"
#define GREETING_MAX	80
#define ALERT		"BYE\n"
#define HEADER_BYTES	3
#define FRAME_MAX_BYTES 4096

struct frames_options {
	int64_t quota_bytes;
	int64_t resumes;
};

static const struct tenon_option frames_rows[] = {
	{ .name = "quota",
	  .type = TENON_OPTION_SIZE,
	  .offset = offsetof(struct frames_options, quota_bytes),
	  .min = 0,
	  .max = INT64_C(1) << 40,
	  .def = 0,
	  .help = "most plain bytes that a session sends; 0: any number" },
	{ .name = "resumes",
	  .type = TENON_OPTION_BOOL,
	  .offset = offsetof(struct frames_options, resumes),
	  .help = "say of each handshake that it resumed an earlier session" },
	{ .name = NULL },
};

struct frames_session {
	uint32_t greeted; /* the greeting of the server has come */
	uint32_t heard;   /* a line of the server has come: its greeting or a refusal */
	bool refused; /* the greeting of the server was a refusal */
	uint64_t pushed_bytes;
	size_t own_from, own_len; /* own[own_from..own_len) is to be sent */
	unsigned char own[64];
	size_t plain_from, plain_len; /* plain[plain_from..plain_len) is to be given */
	unsigned char plain[FRAME_MAX_BYTES];
};

struct frames_state {
	const struct tenon_host *host;
	uint64_t quota_bytes; /* 0: any number */
	bool resumes;
};

static int frames_init(void *self, const void *options,
		       const struct tenon_host *host,
		       const struct tenon_secure_setup *setup,
		       struct tenon_error *err)
{
	const struct frames_options *given = options;
	struct frames_state *state = self;

	(void)setup;
	(void)err;
	state->host = host;
	state->quota_bytes = (uint64_t)given->quota_bytes;
	state->resumes = given->resumes != 0;
	return 0;
}

static int wants(const struct frames_session *session)
{
	return (session->own_from < session->own_len ? TENON_SECURE_SEND : 0) |
	       (session->greeted ? 0 : TENON_SECURE_RECEIVE) |
	       (session->plain_from < session->plain_len ? TENON_SECURE_MORE
							 : 0);
}

/* Append bytes of the session's own. Bytes that do not fit are left out: a flood of pings. */
static void add_own(struct frames_session *session, const void *bytes,
		    size_t len)
{
	if (session->own_from == session->own_len) {
		session->own_from = session->own_len = 0;
	}
	if (session->own_len + len <= sizeof(session->own)) {
		memcpy(session->own + session->own_len, bytes, len);
		session->own_len += len;
	}
}

static int frames_begin(const void *self, void *payload,
			const struct tenon_server_facts *server,
			struct tenon_error *err)
{
	struct frames_session *session = payload;

	(void)self;
	(void)server;
	(void)err;
	add_own(session, GREETING, strlen(GREETING));
	return wants(session);
}

/* Move bytes from *from..len of a buffer of the session to the room that is left. */
static void give(struct tenon_secure_io *io, const unsigned char *bytes,
		 size_t *from, size_t len)
{
	size_t room = io->out_room - io->out_len;
	size_t n = len - *from < room ? len - *from : room;

	memcpy((char *)io->out + io->out_len, bytes + *from, n);
	io->out_len += n;
	*from += n;
}

static void make_header(unsigned char *out, char type, size_t len)
{
	out[0] = (unsigned char)type;
	out[1] = (unsigned char)(len >> 8);
	out[2] = (unsigned char)len;
}

/* Make one frame of the plain bytes: in the room, or when that is tiny, of one byte. */
static void push_frame(struct frames_session *session,
		       struct tenon_secure_io *io)
{
	const char *in = (const char *)io->in + io->in_used;
	unsigned char *out = (unsigned char *)io->out + io->out_len;
	size_t n = io->in_len - io->in_used;
	size_t room = io->out_room - io->out_len;
	unsigned char tiny[HEADER_BYTES + 1];

	if (room <= HEADER_BYTES) {
		make_header(tiny, 'D', 1);
		tiny[HEADER_BYTES] = (unsigned char)in[0];
		add_own(session, tiny, sizeof(tiny));
		io->in_used++;
		return;
	}
	n = n < FRAME_MAX_BYTES ? n : FRAME_MAX_BYTES;
	n = n < room - HEADER_BYTES ? n : room - HEADER_BYTES;
	make_header(out, 'D', n);
	memcpy(out + HEADER_BYTES, in, n);
	io->in_used += n;
	io->out_len += HEADER_BYTES + n;
}

static int frames_push(const void *self, void *payload,
		       struct tenon_secure_io *io, struct tenon_error *err)
{
	const struct frames_state *state = self;
	struct frames_session *session = payload;

	if (state->quota_bytes > 0 && io->in_len > 0 &&
	    session->pushed_bytes >= state->quota_bytes) {
		return state->host->set_error(err, TENON_ESECURE,
					      "the quota is used up");
	}
	give(io, session->own, &session->own_from, session->own_len);
	while (session->greeted && io->in_used < io->in_len &&
	       io->out_len < io->out_room) {
		push_frame(session, io);
		give(io, session->own, &session->own_from, session->own_len);
	}
	session->pushed_bytes += io->in_used;
	return wants(session);
}

/* Read the greeting. Returns 1: taken; 0: not complete. Errors: TENON_ESECURE. */
static int pull_greeting(const struct frames_state *state,
			 struct frames_session *session,
			 struct tenon_secure_io *io, struct tenon_error *err)
{
	const char *line = (const char *)io->in + io->in_used;
	size_t len = io->in_len - io->in_used;
	const char *end = len > 0 ? memchr(line, '\n', len) : NULL;
	int shown = 0;

	if (!end && len < GREETING_MAX) {
		return 0;
	}
	len = end ? (size_t)(end - line) : GREETING_MAX;
	session->heard = 1;
	if (len + 1 != strlen(GREETING) || memcmp(line, GREETING, len) != 0) {
		session->refused = len >= 7 && memcmp(line, "REFUSED", 7) == 0;
		while ((size_t)shown < len && line[shown] >= ' ') {
			shown++;
		}
		return state->host->set_error(err, TENON_ESECURE,
					      "the server greets with '%.*s'",
					      shown, line);
	}
	session->greeted = 1;
	io->in_used += len + 1;
	return 1;
}

/* Read one frame. Returns 1: taken; 0: not complete. Errors: TENON_ESECURE, TENON_ECLOSED. */
static int pull_frame(const struct frames_state *state,
		      struct frames_session *session,
		      struct tenon_secure_io *io, struct tenon_error *err)
{
	const unsigned char *in = (const unsigned char *)io->in + io->in_used;
	size_t left = io->in_len - io->in_used;
	unsigned char pong[HEADER_BYTES];

	if (left < HEADER_BYTES) {
		return 0;
	}
	size_t len = (size_t)in[1] << 8 | in[2];
	if (!memchr("DPQTE", in[0], 5) || len > FRAME_MAX_BYTES) {
		return state->host->set_error(err, TENON_ESECURE,
					      "a frame begins with 0x%02x",
					      in[0]);
	}
	if (left < HEADER_BYTES + len) {
		return 0;
	}
	io->in_used += HEADER_BYTES + len;
	if (in[0] == 'E') {
		return TENON_ECLOSED;
	}
	if (in[0] == 'P') {
		make_header(pong, 'Q', 0);
		add_own(session, pong, sizeof(pong));
	}
	if (in[0] == 'D') {
		session->plain_from = 0;
		session->plain_len = len;
		memcpy(session->plain, in + HEADER_BYTES, len);
	}
	return 1;
}

static int frames_pull(const void *self, void *payload,
		       struct tenon_secure_io *io, struct tenon_error *err)
{
	const struct frames_state *state = self;
	struct frames_session *session = payload;
	int code = 1;

	give(io, session->plain, &session->plain_from, session->plain_len);
	while (code == 1 && session->plain_from == session->plain_len) {
		code = session->greeted
			       ? pull_frame(state, session, io, err)
			       : pull_greeting(state, session, io, err);
		give(io, session->plain, &session->plain_from,
		     session->plain_len);
	}
	return code < 0 ? code : wants(session);
}

/* The end of the toy's certificate: 1 January 2030. */
#define ENDS_S INT64_C(1893456000)

static void frames_facts(const void *self, const void *payload,
			 struct tenon_secure_facts *out)
{
	const struct frames_state *state = self;
	const struct frames_session *session = payload;

	out->resumed = state->resumes && session->greeted;
	out->expires_s = ENDS_S;
	memcpy(out->protocol, "frames 1", sizeof("frames 1"));
	memcpy(out->cipher, "none", sizeof("none"));
}

/* The chain has two certificates from the greeting of the server on, also a refused one. */
static int frames_certificate(const void *self, const void *payload,
			      uint32_t index,
			      struct tenon_secure_certificate *out)
{
	static const char *const subjects[] = { "CN=toy", "CN=maker" };
	const struct frames_session *session = payload;

	(void)self;
	if (index >= 2 || !session->heard) {
		return 0;
	}
	out->not_after_s = ENDS_S + index;
	memcpy(out->subject, subjects[index], strlen(subjects[index]));
	memcpy(out->issuer, "CN=maker", strlen("CN=maker"));
	memcpy(out->names, "toy.test", index == 0 ? strlen("toy.test") : 0);
	return 1;
}

/* A server that greets with REFUSED hears a word. */
static size_t frames_alert(const void *self, void *payload, void *out,
			   size_t room)
{
	const struct frames_session *session = payload;
	size_t len = strlen(ALERT);

	(void)self;
	if (!session->refused) {
		return 0;
	}
	len = len < room ? len : room;
	memcpy(out, ALERT, len);
	return len;
}

static const struct tenon_secure_ops frames_ops = {
	.size = sizeof(frames_ops),
	.state_size = sizeof(struct frames_state),
	.session_size = sizeof(struct frames_session),
	.init = frames_init,
	.begin = frames_begin,
	.push = frames_push,
	.pull = frames_pull,
	.facts = frames_facts,
	.certificate = frames_certificate,
	.alert = frames_alert,
};

TENON_PLUGIN_DEFINE(secure_frames, .kind = TENON_KIND_SECURE, .name = "frames",
		    .version = "1",
		    .summary = "a greeting, then frames (a toy)",
		    .options = frames_rows,
		    .options_bytes = sizeof(struct frames_options),
		    .ops = &frames_ops)
