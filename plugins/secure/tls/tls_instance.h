/* SPDX-License-Identifier: BSD-3-Clause */
/* What all sessions of one instance of tls share: the context, and the sessions to be resumed. */
#ifndef TENON_PLUGINS_INSTANCE_H
#define TENON_PLUGINS_INSTANCE_H

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "context.h"
#include "process_lock.h"

/* A server that sessions can be resumed with: the sessions of one alias and one expected name. */
struct tls_peer {
	struct tls_peer *next;
	SSL_SESSION *ticket;  /* the newest; NULL: none yet */
	int64_t ends_s;       /* when the chain ends that the ticket's server was judged by */
	const char *expected; /* behind the alias */
	char alias[];
};

struct tls {
	struct tls_options options; /* the texts are the host's */
	const struct tenon_host *host;
	BIO_METHOD *method;
	/* sets what OpenSSL calls for the sessions of a context */
	void (*listen)(const struct tls *tls, SSL_CTX *ctx);

	struct process_lock lock; /* for all that follows */
	SSL_CTX *ctx;
	struct watch files; /* that ctx was made from, or that could not be used */
	int reloads; /* the process of the thread that makes a new ctx; 0: none does */
	struct tls_peer *peers;
};

static void tls_warn(const struct tls *tls, const char *text)
{
	tls->host->log(tls->host->context, TENON_LOG_WARNING, text);
}

/* ---- files that change -------------------------------------------------------- */

/* Put a new context in the place of the old one, and forget the tickets of the old one. */
static void tls_replace(struct tls *tls, SSL_CTX *ctx,
			const struct watch *files)
{
	SSL_CTX *old = NULL;

	process_lock_take(&tls->lock);
	tls->files = *files;
	if (ctx) {
		old = tls->ctx;
		tls->ctx = ctx;
		for (struct tls_peer *peer = tls->peers; peer;
		     peer = peer->next) {
			SSL_SESSION *ticket = peer->ticket;

			peer->ticket = NULL;
			SSL_SESSION_free(ticket);
		}
	}
	tls->reloads = 0;
	process_lock_drop(&tls->lock);
	SSL_CTX_free(old);
}

/* Make a new context of the files. When they cannot be used, the old context stays in use. */
static void tls_reload(struct tls *tls)
{
	struct tenon_error err = { .code = 0 };
	struct watch files;
	SSL_CTX *ctx;
	int code = context_create(&ctx, &files, &tls->options, tls->host, &err);
	char line[TENON_ERROR_MESSAGE_BYTES + 100];

	if (code) {
		snprintf(
			line, sizeof(line),
			"a file has changed and cannot be used, so the old one stays in use: %s",
			err.message);
		tls_warn(tls, line);
	} else {
		tls->listen(tls, ctx);
	}
	tls_replace(tls, ctx, &files);
}

/* Return a context of the files as they are now. The caller frees it. */
static SSL_CTX *tls_context(struct tls *tls)
{
	struct watch files;
	SSL_CTX *ctx;

	watch_look(&files, &tls->options);
	process_lock_take(&tls->lock);
	bool reload = !watch_is_equal(&files, &tls->files) &&
		      tls->reloads != (int)getpid();
	if (reload) {
		tls->reloads = (int)getpid();
	}
	process_lock_drop(&tls->lock);
	if (reload) {
		tls_reload(tls);
	}
	process_lock_take(&tls->lock);
	ctx = tls->ctx;
	SSL_CTX_up_ref(ctx);
	process_lock_drop(&tls->lock);
	return ctx;
}

/* ---- sessions that are resumed -------------------------------------------------- */

static struct tls_peer *make_peer(const struct tls *tls, const char *alias,
				  const char *expected)
{
	size_t alias_bytes = strlen(alias) + 1;
	size_t expected_bytes = strlen(expected) + 1;
	struct tls_peer *peer =
		tls->host->alloc(tls->host->context,
				 sizeof(*peer) + alias_bytes + expected_bytes);

	if (peer) {
		memcpy(peer->alias, alias, alias_bytes);
		memcpy(peer->alias + alias_bytes, expected, expected_bytes);
		peer->expected = peer->alias + alias_bytes;
	}
	return peer;
}

/* Return the peer with this alias and this expected name; a new one when there is none. NULL: no memory. */
static struct tls_peer *tls_peer(struct tls *tls, const char *alias,
				 const char *expected)
{
	struct tls_peer *peer;

	process_lock_take(&tls->lock);
	for (peer = tls->peers; peer && (strcmp(peer->alias, alias) != 0 ||
					 strcmp(peer->expected, expected) != 0);
	     peer = peer->next) {
	}
	if (!peer) {
		peer = make_peer(tls, alias, expected);
		if (peer) {
			peer->next = tls->peers;
			tls->peers = peer;
		}
	}
	process_lock_drop(&tls->lock);
	return peer;
}

/*
 * Keep a copy of a ticket for later connections to the peer. The copy, because OpenSSL changes
 * the session that a connection uses. ctx: the context that the server was judged by; ends_s: the
 * time at which the first certificate of its chain ends.
 */
static void tls_keep_ticket(struct tls *tls, struct tls_peer *peer,
			    const SSL_CTX *ctx, const SSL_SESSION *ticket,
			    int64_t ends_s)
{
	SSL_SESSION *copy = SSL_SESSION_dup(ticket);

	/* a ticket of an old context would outlive the files that its server was judged by */
	process_lock_take(&tls->lock);
	if (copy && ctx == tls->ctx) {
		SSL_SESSION *old = peer->ticket;

		peer->ticket = copy;
		peer->ends_s = ends_s;
		copy = old;
	}
	process_lock_drop(&tls->lock);
	SSL_SESSION_free(copy);
}

/*
 * Return a copy of the newest ticket of the peer, for the caller to free, and when its chain ends.
 * NULL: there is none for ctx, or a certificate of its chain has ended.
 */
static SSL_SESSION *tls_ticket(struct tls *tls, const struct tls_peer *peer,
			       const SSL_CTX *ctx, int64_t *ends_s)
{
	SSL_SESSION *copy = NULL;

	process_lock_take(&tls->lock);
	*ends_s = peer->ends_s;
	if (peer->ticket && ctx == tls->ctx &&
	    peer->ends_s > (int64_t)time(NULL)) {
		copy = SSL_SESSION_dup(peer->ticket);
	}
	process_lock_drop(&tls->lock);
	return copy;
}

/* A handshake has failed: the next one to the peer does not try to resume a session. */
static void tls_drop_ticket(struct tls *tls, struct tls_peer *peer)
{
	SSL_SESSION *ticket;

	process_lock_take(&tls->lock);
	ticket = peer->ticket;
	peer->ticket = NULL;
	process_lock_drop(&tls->lock);
	SSL_SESSION_free(ticket);
}

#endif
