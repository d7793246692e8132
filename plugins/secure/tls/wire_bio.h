/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A BIO of OpenSSL over the bytes of one call of push() or pull(). OpenSSL reads wire bytes from
 * where they arrived, and writes wire bytes to where they are sent from. Nothing lies in between.
 * Wire bytes for which there is no room, such as those of a handshake, wait in `rest`.
 */
#ifndef TENON_PLUGINS_WIRE_BIO_H
#define TENON_PLUGINS_WIRE_BIO_H

#include <openssl/bio.h>
#include <stdbool.h>
#include <string.h>

#include "tenon/plugin/secure.h"

struct wire {
	const struct tenon_host *host;
	const unsigned char *in; /* wire bytes of pull() that OpenSSL has not read */
	size_t in_len;
	unsigned char *out; /* room of push() that OpenSSL has not filled */
	size_t out_room;
	unsigned char *rest; /* rest[rest_from..rest_len) is to be sent first; NULL: nothing yet */
	size_t rest_from, rest_len, rest_room;
	bool starved; /* OpenSSL has asked for bytes that have not arrived */
	bool no_memory;
	bool stopped; /* OpenSSL gets no more bytes */
};

static bool wire_has_rest(const struct wire *wire)
{
	return wire->rest_from < wire->rest_len;
}

/* Make room for `bytes` more bytes in the rest. Returns false without memory. */
static bool wire_reserve(struct wire *wire, size_t bytes)
{
	size_t kept = wire->rest_len - wire->rest_from;
	size_t room = 2 * (kept + bytes);

	if (bytes <= wire->rest_room - wire->rest_len) {
		return true;
	}
	unsigned char *grown = wire->host->alloc(wire->host->context, room);
	if (!grown) {
		wire->no_memory = true;
		return false;
	}
	if (kept > 0) {
		memcpy(grown, wire->rest + wire->rest_from, kept);
	}
	wire->host->free(wire->host->context, wire->rest);
	wire->rest = grown;
	wire->rest_from = 0;
	wire->rest_len = kept;
	wire->rest_room = room;
	return true;
}

/* Move the rest to the room of push(), as far as it fits. */
static void wire_drain(struct wire *wire)
{
	size_t n = wire->rest_len - wire->rest_from;

	if (n == 0) {
		return;
	}
	n = n < wire->out_room ? n : wire->out_room;
	memcpy(wire->out, wire->rest + wire->rest_from, n);
	wire->out += n;
	wire->out_room -= n;
	wire->rest_from += n;
	if (!wire_has_rest(wire)) {
		wire->rest_from = wire->rest_len = 0;
	}
}

static void wire_fini(struct wire *wire)
{
	if (wire->rest) {
		wire->host->free(wire->host->context, wire->rest);
		wire->rest = NULL;
	}
}

/* ---- what OpenSSL calls ----------------------------------------------------- */

static int wire_write(BIO *bio, const char *bytes, int len)
{
	struct wire *wire = BIO_get_data(bio);
	size_t left = (size_t)len;
	size_t n = 0;

	BIO_clear_retry_flags(bio);
	if (!wire_has_rest(wire)) {
		n = left < wire->out_room ? left : wire->out_room;
		if (n > 0) {
			memcpy(wire->out, bytes, n);
			wire->out += n;
			wire->out_room -= n;
		}
		left -= n;
	}
	if (left > 0) {
		if (!wire_reserve(wire, left)) {
			return -1;
		}
		memcpy(wire->rest + wire->rest_len, bytes + n, left);
		wire->rest_len += left;
	}
	return len;
}

static int wire_read(BIO *bio, char *out, int len)
{
	struct wire *wire = BIO_get_data(bio);
	size_t n = (size_t)len < wire->in_len ? (size_t)len : wire->in_len;

	BIO_clear_retry_flags(bio);
	if (wire->stopped) {
		return -1;
	}
	if (n == 0) {
		wire->starved = true;
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(out, wire->in, n);
	wire->in += n;
	wire->in_len -= n;
	return (int)n;
}

static long wire_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static int wire_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

/* Make the method of such BIOs. Returns NULL without memory. */
static BIO_METHOD *wire_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "tenon");

	if (method) {
		BIO_meth_set_write(method, wire_write);
		BIO_meth_set_read(method, wire_read);
		BIO_meth_set_ctrl(method, wire_control);
		BIO_meth_set_create(method, wire_create);
	}
	return method;
}

#endif
