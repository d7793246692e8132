/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tenon import: a config of another client or proxy becomes a config of tenon. Each format has a
 * reader, which fills a struct import. import_write() makes the text of the config from it.
 */
#ifndef TENON_CLI_IMPORT_H
#define TENON_CLI_IMPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tenon/tenon.h"

struct imported_server {
	char *address;
	char *alias; /* NULL: none */
	uint64_t weight;
	bool tls;
};

/* One of the timeouts of a config. */
struct imported_time {
	int64_t ms;      /* less than 0: not set */
	const char *why; /* the comment behind the value, or NULL */
};

/* The settings that a reader has found. NULL and 0 are settings that the config leaves out. */
struct import {
	const char *source; /* the name of the input, for messages */
	const char *wanted; /* the pool of --pool, or NULL */

	char *title; /* for the first line of the config, such as "pool a of nutcracker" */
	struct imported_server *servers;
	size_t server_count;
	const char *ring;
	const char *hash_function;
	char *hash_tag;
	char *prefix;
	bool keys_have_prefix;	/* the application, such as Django, puts (part of) the prefix into its keys */
	bool prefix_unhashed; /* the client hashes keys without the prefix */
	struct imported_time connect_timeout;
	struct imported_time poll_timeout;
	struct imported_time retry_timeout;
	const char *failover;
	uint64_t failures;

	char **notes; /* the lines "not carried over" */
	size_t note_count;
	struct tenon_error err; /* set by import_fail() */
};

/* A text to read, with a NUL behind its last byte. It holds no other NUL. */
struct import_text {
	const char *data;
	size_t len;
};

/*
 * The readers. Each returns true, or false after import_fail(). import_json() reads what
 * jansson accepts and leaves the root to one of the two readers of JSON.
 */
bool import_nutcracker(struct import *import, struct import_text text);
bool import_libmemcached(struct import *import, struct import_text text);
bool import_php(struct import *import, struct import_text text);
bool import_python(struct import *import, const json_t *root);
bool import_mcrouter(struct import *import, const json_t *root);

/* Read JSON. Returns NULL after import_fail(). The caller owns the reference. */
json_t *import_json(struct import *import, struct import_text text);

/* Write the config as text. The caller frees it. */
char *import_write(const struct import *import);

void import_init(struct import *import, const char *source, const char *wanted);
void import_fini(struct import *import);

/* Say why the input cannot be read. line and column count from 1; 0: unknown. Returns false. */
bool import_fail(struct import *import, size_t line, size_t column,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Add a line "not carried over". A setting with its value goes to import_note_setting() instead. */
void import_note(struct import *import, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Add a line "not carried over" about a setting: "<name><between><value>: <why>". value may be NULL,
 * and so may why. The value is that of import_shown().
 */
void import_note_setting(struct import *import, const char *name,
			 const char *between, const char *value,
			 const char *why);

/* As import_note_setting(), for a value of JSON. */
void import_note_json(struct import *import, const char *name,
		      const json_t *value, const char *why);

/*
 * The value of a setting as a message may show it: value itself, or "(not shown)" when the name says
 * that it is a secret, such as a password.
 */
const char *import_shown(const char *name, const char *value);

/* A value of JSON as text, with import_shown() for the members of objects. The caller frees it. */
char *import_dump(const json_t *value);

/* Add a server. alias may be NULL. */
void import_add_server(struct import *import, struct import_text address,
		       const char *alias, uint64_t weight);

/*
 * Take the part host[:port], [ipv6][:port] or /path that text begins with. *rest becomes the
 * text behind it.
 */
struct import_text import_take_address(struct import_text text,
				       struct import_text *rest);

/*
 * Add a server from "address[:weight]", with "unix:" allowed in front of a path. Returns false
 * when the text has another form; nothing is reported then.
 */
bool import_add_weighted(struct import *import, struct import_text text,
			 const char *alias);

/* Return true when some server has another weight than 1. */
bool import_has_weights(const struct import *import);

/* Set all weights to 1. When there were others, the note is "weights: <why>". */
void import_drop_weights(struct import *import, const char *why);

/*
 * The client hashes keys without its prefix. When the application's own prefix is behind it, and is
 * hashed, that is a note: tenon hashes the whole prefix or none of it.
 */
void import_unhashed_prefix(struct import *import, const char *client);

/* Set a timeout, at most `max_ms` and at least 1 ms. A note says when that changes it. */
void import_set_time(struct import *import, struct imported_time *time,
		     const char *name, double ms, const char *why);

/*
 * Choose one of the names of pools: the one of --pool, or the only one. Returns it, or NULL
 * after import_fail(). kind is "pool" or "cache".
 */
const char *import_choose(struct import *import, const char *kind,
			  const char *const *names, size_t count);

/* Remove space from both ends. */
struct import_text import_trim(struct import_text text);

/* Cut the text up to the first of the bytes `ends` off *text, which keeps what is behind it. */
struct import_text import_cut(struct import_text *text, const char *ends);

/* Return true when text is this word; upper and lower case are the same. */
bool import_is(struct import_text text, const char *word);

/* Copy text. The caller frees it. */
char *import_copy(struct import_text text);

/* ---- libmemcached, which php-memcached and pylibmc use ------------------ */

enum import_distribution {
	IMPORT_MODULA,
	IMPORT_CONSISTENT,
	IMPORT_WEIGHTED,
	IMPORT_SPY,
	IMPORT_RANDOM,
	IMPORT_VIRTUAL_BUCKET
};

/* The settings of a memcached_st. */
struct import_libmemcached {
	enum import_distribution distribution;
	const char *hash;   /* tenon's name of the hash function of keys */
	const char *preset; /* the ring when its hash function is `hash`; NULL: libmemcached's */
	bool weighs;        /* CONSISTENT became weighted, by a weight above 1 */
	bool stale_points;  /* the points of the ring have another hash than the keys */
	bool hashes_namespace;
	bool ejects;
	uint64_t failure_limit;
	uint64_t dead_timeout_s;
	double connect_timeout_ms;
	double poll_timeout_ms;
	double retry_timeout_s;
};

/* The settings that libmemcached begins with. */
struct import_libmemcached import_libmemcached_defaults(void);

/* Return tenon's name of a hash function of libmemcached, or NULL. */
const char *import_libmemcached_hash(struct import_text name);

/* Put the settings into import. */
void import_libmemcached_apply(struct import *import,
			       const struct import_libmemcached *settings);

#endif
