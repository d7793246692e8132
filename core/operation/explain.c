/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/explain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "cluster/key_forms.h"
#include "wire/key.h"

/* An error message quotes at most this many bytes of a key. */
#define SHOWN_KEY_BYTES 80

void tenon__describe_connection(const struct tenon__connection *conn, char *out,
				size_t size)
{
	bool same = strcmp(conn->name, conn->resolver.address) == 0;

	snprintf(out, size, same ? "%s" : "%s (%s)", conn->name,
		 conn->resolver.address);
}

const char *tenon__connection_failure(const struct tenon__connection *conn)
{
	if (conn->wire.problem[0]) {
		return conn->wire.problem;
	}
	if (conn->wire.status == TENON_ECONNECT && conn->sys_errno == EAGAIN) {
		return "the backlog of the socket is full";
	}
	if (conn->fault &&
	    conn->fault->shown.kind == TENON_FAILURE_CONNECTION) {
		return conn->fault->shown.happens;
	}
	if (conn->sys_errno) {
		return strerror(conn->sys_errno);
	}
	switch (conn->wire.status) {
	case TENON_ECONNECT:
		return "no connection within connect_timeout";
	case TENON_ETIMEDOUT:
		return "no complete answer within poll_timeout";
	case TENON_ECLOSED:
		return "closed by the server";
	default:
		return tenon_status_name(conn->wire.status);
	}
}

static void explain_down(const struct tenon__operation *op, uint32_t server,
			 struct tenon_error *err)
{
	const struct tenon__health_view *view =
		&op->engine->health[server].view;
	int64_t now_ms = tenon__now_ns() / 1000000;
	struct tenon_failover_state state;

	tenon__policies_state(&op->engine->policies, server, now_ms, &state);
	if (state.state == TENON_SERVER_DOWN && state.down_until_ms > now_ms) {
		tenon__error_set(err, TENON_EDOWN,
			"%s: marked down after a failure (%s); is tried again in %" PRId64 " ms",
			err->where, view->error_text,
			state.down_until_ms - now_ms);
	} else {
		tenon__error_set(err, TENON_EDOWN,
			"%s: marked down after a failure (%s), and the failover policy has no other server",
			err->where, view->error_text);
	}
}

/* The beginning of the sentence for a failed connection; NULL: status is no such failure. */
static const char *failure_prefix(int status)
{
	switch (status) {
	case TENON_ECONNECT:
	case TENON_ESECURE:
	case TENON_EAUTH:
		return "";
	case TENON_ECLOSED:
		return "the connection broke before the answer: ";
	case TENON_EWAIT:
		return "waiting for the answer was aborted: ";
	case TENON_ELOCAL:
		return "the server was not asked: ";
	case TENON_EPROTOCOL:
		return "the reply breaks the memcached text protocol, so the connection was closed: ";
	default:
		return NULL;
	}
}

/* Return true when the server closed a new connection before it answered. */
static bool closed_at_once(const struct tenon__connection *conn, int status)
{
	return status == TENON_ECLOSED && conn->wire.fresh && !conn->heard &&
	       !conn->cut;
}

/* Return true when the server closed at once and has never answered: it may speak something else. */
static bool may_speak_otherwise(const struct tenon__connection *conn, int status)
{
	return closed_at_once(conn, status) && !conn->greeting &&
	       conn->heard_ns == 0;
}

/*
 * The end of the sentence for a failed connection. A server that wants TLS closes a new connection
 * that begins with something else: memcached -Z does so without an alert. One that wants SASL,
 * memcached -S, closes it behind 24 bytes of text.
 */
static const char *failure_advice(const struct tenon__connection *conn,
				  int status)
{
	if (status == TENON_ELOCAL) {
		return tenon__local_advice(conn->sys_errno);
	}
	if (!may_speak_otherwise(conn, status)) {
		return "";
	}
	/* The row's sentence has the likely reason: a command that not every server knows. */
	if (conn->fault->shown.kind == TENON_FAILURE_CONNECTION) {
		return "; whether it speaks TLS or SASL, `tenon check --online` tells";
	}
	return conn->secure
		       ? "; the server may want SASL, which tenon does not speak"
		       : "; the server may want TLS, so set `tls: true`, or SASL: `tenon check --online` tells";
}

/* The end of the sentence behind that: the server may not know the protocol. */
static const char *protocol_advice(const struct tenon__connection *conn,
				   int status)
{
	const char *closed = conn->wire.protocol->closed;

	return closed && closed_at_once(conn, status) && !conn->wire.meta.known
		       ? closed
		       : "";
}

/*
 * The end of the sentence for an answer that did not come. memcached -S waits for 24 bytes, so it
 * never answers a short request.
 */
static const char *timeout_advice(const struct tenon__connection *conn)
{
	return conn->heard_ns == 0
		       ? "; the server has answered nothing yet: `tenon check --online` tries what it speaks"
		       : "";
}

/*
 * Write the sentence for a result that has a server. The connection knows the reason of its last
 * exchange only: a failure before that one has no more than its status.
 */
static void explain_connection(const struct tenon__operation *op,
			       const struct tenon_result *result,
			       struct tenon_error *err)
{
	const struct tenon__connection *conn =
		&op->engine->conns[result->server];
	const char *where = err->where;
	int status = result->status;
	const char *prefix = failure_prefix(status);

	if (result->text) { /* the error line of the server, or the sentence of a codec */
		tenon__error_set(err, status, "%s: %s", where, result->text);
	} else if (prefix && status == conn->wire.status) {
		tenon__error_set(err, status, "%s: %s%s%s%s", where, prefix,
				 tenon__connection_failure(conn),
				 failure_advice(conn, status),
				 protocol_advice(conn, status));
	} else if (status == TENON_EDOWN) {
		explain_down(op, result->server, err);
	} else if (status == TENON_ETIMEDOUT) {
		tenon__error_set(err, status,
			"%s: no complete answer within %s (%" PRId64 " ms)%s",
			where,
			op->timeout_ms ? "the timeout of the call"
				       : "poll_timeout",
			tenon__operation_timeout_ms(op),
			timeout_advice(conn));
	} else if (status == TENON_ETOOBIG) {
		tenon__error_set(err, status,
			"%s: the value is larger than max_value_bytes (%" PRIu64 ")",
			where, op->assembly->max_value_bytes);
	} else if (status == TENON_EREFUSED) {
		tenon__error_set(err, status,
			"%s: the failover policy allows no server for the key",
			where);
	} else {
		tenon__error_set(err, status, "%s: %s", where,
				 tenon_status_name(status));
	}
}

/* Write the sentence for a request that was never sent. */
static void explain_refused(const struct tenon__operation *op,
			    const struct tenon_item *item,
			    const struct tenon_result *result,
			    struct tenon_error *err)
{
	const struct tenon_slice *key = &item->key;
	size_t value_len = item->value.len;
	int shown = key->len > SHOWN_KEY_BYTES ? SHOWN_KEY_BYTES : (int)key->len;

	if (result->text || result->status != TENON_ETOOBIG) {
		tenon__error_set(err, result->status, "key \"%.*s\": %s", shown,
				 (const char *)key->data,
				 result->text ? result->text :
						tenon_status_name(result->status));
		return;
	}
	/* all requests of the caller have one verb; without a call there is none */
	bool modifies = op->request_count > 0 &&
			op->requests.list[0].verb->modifies;
	if (value_len <= op->assembly->max_value_bytes) {
		tenon__error_set(err, result->status,
				 "key \"%.*s\": value of %zu bytes: with key and header, more than item_max (%" PRIu64 ")%s",
				 shown, (const char *)key->data, value_len,
				 op->assembly->item_max_bytes,
				 modifies
					 ? "; the bytes of append and prepend are never split"
					 : "");
		return;
	}
	tenon__error_set(
		err, result->status,
		"key \"%.*s\": value of %zu bytes: more than max_value_bytes (%" PRIu64 ")",
		shown, (const char *)key->data, value_len,
		op->assembly->max_value_bytes);
}

int tenon__explain(const struct tenon__operation *op,
		   const struct tenon_item *item,
		   const struct tenon_result *result, struct tenon_error *err)
{
	int status = result->status;

	if (!err) {
		return status;
	}
	if (result->server != TENON_NO_SERVER) {
		const struct tenon__connection *conn =
			&op->engine->conns[result->server];

		err->sys_errno =
			status == conn->wire.status ? conn->sys_errno : 0;
		tenon__describe_connection(conn, err->where,
					   sizeof(err->where));
		explain_connection(op, result, err);
	} else if (status == TENON_EKEY && !result->text) {
		tenon__sent_key_explain(op->assembly, item->key, err);
	} else {
		explain_refused(op, item, result, err);
	}
	return status;
}
