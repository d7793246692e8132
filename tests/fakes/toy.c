/* SPDX-License-Identifier: BSD-3-Clause */
#include "fakes/toy.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XOR_BYTE 0x2a
/* The words of a store: verb, key, flags, exptime, and the length of the data block. */
#define LENGTH_WORD 4

enum toy toy_chosen(void)
{
	static const char *const names[TOYS] = { "", "upper", "xor", "meta" };
	const char *name = getenv("TENON_TOY");

	for (int toy = 0; toy < TOYS; toy++) {
		if (strcmp(name ? name : "", names[toy]) == 0) {
			return (enum toy)toy;
		}
	}
	fprintf(stderr, "TENON_TOY=%s: there is no such toy\n", name);
	exit(EXIT_FAILURE);
}

static void flip_all(char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= XOR_BYTE;
	}
}

/* Make a small letter of a capital letter, and the other way round. */
static char swap_case(char c)
{
	return isalpha((unsigned char)c) ? (char)(c ^ 0x20) : c;
}

static bool is_store(const struct toy_stream *stream)
{
	static const char *const stores[] = { "set", "add", "replace",
					      "append", "prepend", "cas" };

	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
		if (strlen(stores[i]) == stream->verb_len &&
		    memcmp(stores[i], stream->verb, stream->verb_len) == 0) {
			return true;
		}
	}
	return false;
}

/* The line has ended: begin its data block, if there is one, or the next line. */
static void end_line(struct toy_stream *stream)
{
	bool has_data = is_store(stream) && stream->word >= LENGTH_WORD;
	size_t data_bytes = has_data ? stream->length + strlen("\r\n") : 0;

	*stream = (struct toy_stream){ .data_bytes = data_bytes };
}

/* Take one byte of a command line. Returns the byte in the classic protocol. */
static char take(struct toy_stream *stream, char c)
{
	if (c == '\n') {
		end_line(stream);
	} else if (c == ' ') {
		stream->word++;
	} else if (stream->word == 0 && c != '\r') {
		c = swap_case(c);
		if (stream->verb_len < sizeof(stream->verb)) {
			stream->verb[stream->verb_len++] = c;
		}
	} else if (stream->word == LENGTH_WORD && isdigit((unsigned char)c)) {
		stream->length = stream->length * 10 + (size_t)(c - '0');
	}
	return c;
}

static void lower_verbs(struct toy_stream *stream, char *bytes, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t skip = len - i < stream->data_bytes ? len - i :
							     stream->data_bytes;

		if (skip > 0) {
			stream->data_bytes -= skip;
			i += skip;
		} else {
			bytes[i] = take(stream, bytes[i]);
			i++;
		}
	}
}

void toy_from_client(struct toy_stream *stream, enum toy toy, void *bytes,
		     size_t len)
{
	if (toy == TOY_UPPER) {
		lower_verbs(stream, bytes, len);
	} else if (toy == TOY_XOR) {
		flip_all(bytes, len);
	}
}

void toy_to_client(enum toy toy, void *bytes, size_t len)
{
	if (toy == TOY_XOR) {
		flip_all(bytes, len);
	}
}
