/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The languages of the toys: `upper` is the classic protocol with verbs in upper case, and
 * `xor` is a filter that changes every byte by XOR 0x2a. Fakes translate between the classic
 * protocol and the language of the toy, so that a test says the same in every language.
 */
#ifndef TENON_TESTS_FAKES_TOY_H
#define TENON_TESTS_FAKES_TOY_H

#include <stddef.h>

enum toy {
	TOY_NONE, /* the classic protocol without a filter */
	TOY_UPPER,
	TOY_XOR,
	TOY_META /* the meta protocol of the core: fakes have an interpreter (interpreter.h) */
};

#define TOYS 4

/* Bytes of one connection from a client to a server. Zeroed: at the begin of a connection. */
struct toy_stream {
	size_t data_bytes; /* left of the data block of a store, its line end included */
	size_t length;     /* of the data block, as far as its number has been read */
	unsigned word;     /* of the command line; 0: the verb */
	size_t verb_len;
	char verb[8];      /* the first letters of the verb, as in the classic protocol */
};

/* The toy that $TENON_TOY names. Ends the program when it names no toy. */
enum toy toy_chosen(void);

/*
 * Translate bytes from a client to the classic protocol, in place. The bytes of a
 * connection may come in pieces of any length. A client that does not speak the toy's
 * language is not understood: `upper` makes "GET" of "get", which no server knows. So a
 * second translation of a line without a data block gives the first line back.
 */
void toy_from_client(struct toy_stream *stream, enum toy toy, void *bytes,
		     size_t len);

/* Translate bytes of the classic protocol to the toy's language, for a client, in place; or back. */
void toy_to_client(enum toy toy, void *bytes, size_t len);

#endif
