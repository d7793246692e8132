/* SPDX-License-Identifier: BSD-3-Clause */
#include "connection/faults.h"

#include "wire/verb.h"

#define STATUS(status) (1u << -(status))

#define OURS	   TENON_FAILURE_OURS
#define CONNECTION TENON_FAILURE_CONNECTION
#define SERVER	   TENON_FAILURE_SERVER
#define REQUEST	   TENON_FAILURE_REQUEST
#define CONFIG	   TENON_FAILURE_CONFIGURATION

#define NOT_MARKED                                                             \
	"the call fails with this reason; the server is not marked, no key hops"
#define CLOSED_AND_AGAIN                                                       \
	"the connection is closed; requests that may be sent twice, and those never sent, go again on a new one"
/* Linux ends the wait of a connection after TCP_USER_TIMEOUT and its own repeats: 0.6 s and more. */
#define CLOSED_AND_AGAIN_IN_TIME                                               \
	"the connection is closed; when the system gives it up before the deadline (0.6 s after the send at the earliest), requests that may be sent twice go again on a new one"
/* The server may still read what was sent before: a change could undo a later one. */
#define CLOSED_AND_READ_AGAIN                                                  \
	"the connection is closed; requests that change nothing, and those never sent, go again on a new one: the server may still run what was sent before"
#define CLOSED                                                                 \
	"the connection is closed, the server is not marked; the next call connects anew"
#define MARKED                                                                 \
	"the failover policy and the health record hear of it; the server is tried again after retry_timeout"
#define HELD_BACK                                                              \
	"the call fails with this reason, no policy hears of it, no key hops; for retry_timeout no new connection is tried, and calls fail at once with the same reason"
#define ANSWERED                                                               \
	"the request has this status and the server's words; nothing else follows"

/* The first row that fits decides. The order matters: a row relies on those above it. */
static const struct tenon__fault rows[] = {
	{ { "no-memory", OURS,
	    "the process has no memory for the request or its reply",
	    NOT_MARKED },
	  .statuses = STATUS(TENON_ENOMEM) },
	{ { "wait-aborted", OURS,
	    "the wait hook or poll(2) failed, or a signal handler ended the wait",
	    NOT_MARKED },
	  .statuses = STATUS(TENON_EWAIT) },
	{ { "local-limit", OURS,
	    "no descriptor, port or memory is left for a socket (EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL), or this host has no such socket or no network (EAFNOSUPPORT, EPROTONOSUPPORT, ENETDOWN)",
	    NOT_MARKED },
	  .statuses = STATUS(TENON_ELOCAL) },
	{ { "lookup-unanswered", OURS,
	    "no name server answered within resolve_timeout", NOT_MARKED },
	  .statuses = STATUS(TENON_ECONNECT),
	  .all = TENON__WITH_NO_ANSWER },
	{ { "name-unknown", SERVER, "the server's name has no address",
	    MARKED },
	  .statuses = STATUS(TENON_ECONNECT),
	  .all = TENON__WITH_NO_NAME },
	{ { "too-little-time", OURS,
	    "the deadline came, but the server had less than three quarters of its timeout, or the call asked for a shorter one",
	    NOT_MARKED },
	  .statuses = STATUS(TENON_ECONNECT) | STATUS(TENON_ETIMEDOUT),
	  .all = TENON__WITH_LITTLE_TIME },
	{ { "rejected", SERVER,
	    "the server answers a new connection with an error line and closes it, such as \"ERROR Too many open connections\"",
	    MARKED },
	  .statuses = STATUS(TENON_ECONNECT),
	  .all = TENON__WITH_REJECTED },
	{ { "no-connection", SERVER,
	    "refused, no route, or no connection within connect_timeout, on all addresses",
	    MARKED },
	  .statuses = STATUS(TENON_ECONNECT) },
	{ { "secure-damaged", CONNECTION,
	    "the secure plugin refused bytes on a connection that was open before",
	    CLOSED_AND_READ_AGAIN },
	  .statuses = STATUS(TENON_ESECURE),
	  .all = TENON__WITH_REUSED,
	  .again = TENON_REPEAT_READS },
	{ { "cut-in-set-up", SERVER,
	    "the server closed a new connection during the handshake of the secure plugin, or before it answered to user and password",
	    MARKED },
	  .statuses = STATUS(TENON_ESECURE) | STATUS(TENON_ECLOSED),
	  .all = TENON__WITH_CUT },
	{ { "secure-damaged-anew", SERVER,
	    "the secure plugin refused bytes behind the first ones of an answer on a new connection",
	    MARKED },
	  .statuses = STATUS(TENON_ESECURE),
	  .all = TENON__WITH_HEARD },
	{ { "not-secured", CONFIG,
	    "the secure plugin refused a new connection before any byte of an answer, or the server speaks TLS and the config does not",
	    HELD_BACK },
	  .statuses = STATUS(TENON_ESECURE) },
	{ { "not-authenticated", CONFIG,
	    "the server refused user and password, or wants some and the config has none, or wants SASL",
	    HELD_BACK },
	  .statuses = STATUS(TENON_EAUTH) },
	{ { "no-meta", CONFIG,
	    "the server answers meta commands with ERROR, and the config says protocol: meta",
	    HELD_BACK },
	  .statuses = STATUS(TENON_EUNKNOWN),
	  .all = TENON__WITH_REJECTED },
	{ { "refused-request", REQUEST,
	    "the server answered a request with an error line, and the connection was closed behind it",
	    CLOSED_AND_AGAIN },
	  .statuses = STATUS(TENON_ECLOSED),
	  .all = TENON__WITH_ERRED,
	  .again = TENON_REPEAT_CHANGES },
	{ { "idle-closed", CONNECTION,
	    "the server or a middlebox closed a connection that was open before",
	    CLOSED_AND_AGAIN },
	  .statuses = STATUS(TENON_ECLOSED),
	  .all = TENON__WITH_REUSED,
	  .again = TENON_REPEAT_CHANGES },
	{ { "idle-silent", CONNECTION,
	    "nothing came on a connection that had been idle: a middlebox may have forgotten it",
	    CLOSED_AND_AGAIN_IN_TIME },
	  .statuses = STATUS(TENON_ETIMEDOUT),
	  .all = TENON__WITH_REUSED | TENON__WITH_IDLE,
	  .none = TENON__WITH_HEARD,
	  .again = TENON_REPEAT_CHANGES },
	{ { "stray-bytes", CONNECTION,
	    "bytes that answer no request came on a connection that was open before",
	    CLOSED_AND_READ_AGAIN },
	  .statuses = STATUS(TENON_EPROTOCOL),
	  .all = TENON__WITH_REUSED,
	  .again = TENON_REPEAT_READS },
	{ { "closed-behind-version", CONNECTION,
	    "with protocol: auto, the server closed a new connection behind `version`; the client does not ask it again",
	    CLOSED_AND_AGAIN },
	  .statuses = STATUS(TENON_ECLOSED),
	  .all = TENON__WITH_ASKED,
	  .none = TENON__WITH_HEARD,
	  .again = TENON_REPEAT_CHANGES },
	{ { "closed-behind-command", CONNECTION,
	    "the server closed a new connection behind a command that not every server knows",
	    CLOSED },
	  .statuses = STATUS(TENON_ECLOSED),
	  .all = TENON__WITH_RARE_VERB,
	  .none = TENON__WITH_BEGUN },
	{ { "closed", SERVER,
	    "the server closed a new connection before the answer was complete",
	    MARKED },
	  .statuses = STATUS(TENON_ECLOSED) },
	{ { "late", SERVER, "no complete answer came within poll_timeout",
	    MARKED },
	  .statuses = STATUS(TENON_ETIMEDOUT) },
	{ { "out-of-protocol", SERVER,
	    "the reply on a new connection is none that memcached gives",
	    MARKED },
	  .statuses = STATUS(TENON_EPROTOCOL) },
	/* Replies: no exchange fails with these statuses. */
	{ { "server-error", REQUEST,
	    "SERVER_ERROR: object too large, out of memory storing object",
	    ANSWERED },
	  .statuses = STATUS(TENON_ESERVER) },
	{ { "client-error", REQUEST,
	    "CLIENT_ERROR: bad data chunk, cannot increment non-numeric value",
	    ANSWERED },
	  .statuses = STATUS(TENON_ECLIENT) },
	{ { "unknown-command", REQUEST,
	    "ERROR: the server does not know the command", ANSWERED },
	  .statuses = STATUS(TENON_EUNKNOWN) },
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

const struct tenon__fault *tenon__fault_find(int status, unsigned circumstances)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct tenon__fault *row = &rows[i];

		if ((row->statuses & STATUS(status)) &&
		    (circumstances & row->all) == row->all &&
		    !(circumstances & row->none)) {
			return row;
		}
	}
	/* a transport gave a status that the contract does not allow: blame nobody */
	return &rows[0];
}

const struct tenon__fault *tenon__fault_row(size_t index)
{
	return index < ROW_COUNT ? &rows[index] : NULL;
}
