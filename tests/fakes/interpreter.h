/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An interpreter between a client that speaks the meta protocol and a script in the classic protocol:
 * requests become classic requests for the script, and the replies of the script become replies of
 * the meta protocol for the client. So a test with a script says the same in both protocols.
 *
 * A batch of quiet gets becomes the lines that a client of the classic protocol sends for these
 * keys. `mn` behind noreply requests becomes the fence of the classic protocol. A reply that fits no
 * request goes to the client as it is. Not translated: flags and exptime of append and prepend, which the
 * meta protocol does not send; they become 0.
 */
#ifndef TENON_TESTS_FAKES_INTERPRETER_H
#define TENON_TESTS_FAKES_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that wait, from `from` on. */
struct interpreter_bytes {
	char *data;
	size_t from, len, capacity;
};

struct interpreter_request;

/* Zeroed: at the begin of a server. */
struct interpreter {
	struct interpreter_bytes heard;    /* from the client: begin of a line */
	struct interpreter_bytes requests; /* for the script */
	struct interpreter_bytes said;     /* by the script: begin of a line */
	struct interpreter_bytes replies;  /* for the client */
	size_t heard_data; /* bytes left of the data block of a store */
	size_t said_data;  /* bytes left of a value */
	struct interpreter_request *first, *last; /* without their last reply */
	struct interpreter_request *batch; /* the first get of a batch whose `mn` has not come */
	/* what the client's classic counterpart knows of the command `version` */
	enum { VERSION_UNKNOWN, VERSION_HEARD, VERSION_THERE, VERSION_MISSING } version;
};

/* A new connection begins: forget all bytes and requests of the last one. */
void interpreter_restart(struct interpreter *it);
void interpreter_fini(struct interpreter *it);

/* Take bytes that the client has sent. */
void interpreter_hear(struct interpreter *it, const char *bytes, size_t len);

/* Take at most len bytes of requests in the classic protocol. Returns their number. */
size_t interpreter_requests(struct interpreter *it, void *into, size_t len);

/*
 * Translate bytes of replies in the classic protocol. Returns the number of bytes for the client, in
 * *out; they stay there until the next call.
 */
size_t interpreter_say(struct interpreter *it, const char *bytes, size_t len,
		       const char **out);

/* The script says nothing more: give the begin of a line as it is. The rest is as above. */
size_t interpreter_say_part(struct interpreter *it, const char **out);

#endif
