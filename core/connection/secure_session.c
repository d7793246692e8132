/* SPDX-License-Identifier: BSD-3-Clause */
#include "connection/secure_session.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

/* ---- the beginning and the end ----------------------------------------------- */

int tenon__session_begin(struct tenon__session *session,
			 const struct tenon_server_facts *server,
			 struct tenon_error *err)
{
	const struct tenon_secure_ops *ops = session->plugin->ops;

	tenon__session_forget_chain(session);
	session->open = false;
	session->wants = 0;
	session->silent_len = 0;
	session->begun_ns = tenon__now_ns();
	memset(session->memory, 0, ops->session_size);
	session->begun = true;
	int wants = ops->begin(session->plugin->self, session->memory, server,
			       err);
	if (wants < 0) {
		return wants;
	}
	session->wants = wants;
	return 0;
}

void tenon__session_end(struct tenon__session *session)
{
	if (session->begun) {
		session->plugin->ops->end(session->plugin->self,
					  session->memory);
		session->begun = false;
	}
}

void tenon__session_open(struct tenon__session *session,
			 struct tenon__health *health)
{
	struct tenon_secure_facts facts = { .size = sizeof(facts) };

	session->open = true;
	session->plugin->ops->facts(session->plugin->self, session->memory,
				    &facts);
	tenon__health_secured(health, &facts,
			      tenon__now_ns() - session->begun_ns);
}

/* ---- bytes ------------------------------------------------------------------- */

int tenon__session_push(struct tenon__session *session,
			struct tenon_secure_io *io, struct tenon_error *err)
{
	int code = session->plugin->ops->push(session->plugin->self,
					      session->memory, io, err);

	if (code < 0) {
		return code;
	}
	if (io->in_used > io->in_len || io->out_len > io->out_room ||
	    (io->in_used == 0 && io->out_len == 0)) {
		snprintf(err->message, sizeof(err->message),
			 "push took %zu of %zu bytes and gave %zu for a room of %zu, which its contract does not allow",
			 io->in_used, io->in_len, io->out_len, io->out_room);
		return TENON_ESECURE;
	}
	session->wants = code;
	return 0;
}

/*
 * Count wire bytes that the session took, and plain bytes that it gave for them. Returns 0;
 * TENON_ESECURE, when the session has taken too many without a plain byte.
 */
static int count_silent(struct tenon__session *session, size_t taken,
			size_t given, struct tenon_error *err)
{
	session->silent_len = given > 0 ? 0 : session->silent_len + taken;
	if (session->silent_len <= TENON_SESSION_SILENT_MAX_BYTES) {
		return 0;
	}
	snprintf(err->message, sizeof(err->message),
		 "the server has sent more than %d KiB without a byte of an answer",
		 TENON_SESSION_SILENT_MAX_BYTES / 1024);
	return TENON_ESECURE;
}

int tenon__session_pull(struct tenon__session *session,
			struct tenon_secure_io *io, bool *stuck,
			struct tenon_error *err)
{
	int code = session->plugin->ops->pull(session->plugin->self,
					      session->memory, io, err);

	*stuck = io->in_used == 0 && io->out_len == 0;
	if (io->in_used > io->in_len || io->out_len > io->out_room ||
	    (*stuck && code >= 0 && io->in_len == TENON_SECURE_WIRE_MAX_BYTES)) {
		snprintf(err->message, sizeof(err->message),
			 "pull took %zu of %zu bytes and gave %zu for a room of %zu, which its contract does not allow",
			 io->in_used, io->in_len, io->out_len, io->out_room);
		io->in_used = io->out_len = 0;
		return TENON_ESECURE;
	}
	if (code < 0) {
		return code;
	}
	session->wants = code;
	return count_silent(session, io->in_used, io->out_len, err);
}

size_t tenon__session_alert(struct tenon__session *session, void *out,
			    size_t room)
{
	size_t len = session->plugin->ops->alert(session->plugin->self,
						 session->memory, out, room);

	return len <= room ? len : 0;
}

/* ---- certificates ------------------------------------------------------------ */

void tenon__session_forget_chain(struct tenon__session *session)
{
	tenon__free(session->failed);
	session->failed = NULL;
	session->failed_count = 0;
}

/* Ask the session, which has begun and not ended. */
static int ask(const struct tenon__session *session, uint32_t index,
	       struct tenon_secure_certificate *out)
{
	return session->plugin->ops->certificate(session->plugin->self,
						 session->memory, index, out);
}

void tenon__session_keep_chain(struct tenon__session *session)
{
	struct tenon_secure_certificate one = { .size = sizeof(one) };

	if (!session->begun || !ask(session, 0, &one)) {
		return;
	}
	tenon__session_forget_chain(session);
	session->failed = tenon__calloc(TENON_SESSION_CHAIN_MAX, sizeof(one));
	for (uint32_t i = 0; session->failed && i < TENON_SESSION_CHAIN_MAX;
	     i++) {
		session->failed[i].size = sizeof(one);
		if (!ask(session, i, &session->failed[i])) {
			break;
		}
		session->failed_count = i + 1;
	}
}

int tenon__session_certificate(const struct tenon__session *session,
			       uint32_t index,
			       struct tenon_secure_certificate *out)
{
	if (session->begun) {
		return ask(session, index, out);
	}
	if (index >= session->failed_count) {
		return 0;
	}
	*out = session->failed[index];
	return 1;
}
