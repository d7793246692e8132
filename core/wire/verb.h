/* SPDX-License-Identifier: BSD-3-Clause */
/* The memcached commands, described by one table. */
#ifndef TENON_CORE_VERB_H
#define TENON_CORE_VERB_H

#include <stdbool.h>

#include "tenon/plugin/failover.h"
#include "tenon/tenon.h"

/* How a command is written and how its reply is read. */
enum tenon__shape {
	TENON_SHAPE_RETRIEVE, /* a line with many keys; the reply is VALUE blocks up to END */
	TENON_SHAPE_STORE,    /* a line with one key, then a data block; the reply is one line */
	TENON_SHAPE_KEY,      /* a line with one key; the reply is one line */
	TENON_SHAPE_LINE,     /* a line without key; the reply is one line */
	TENON_SHAPE_LINES,    /* a line without key; the reply is lines up to END */
	TENON_SHAPE_VERBATIM  /* a meta command in the caller's words: see verbatim.h */
};

/* The argument that a command without key accepts. */
enum tenon__argument {
	TENON_ARGUMENT_NONE,
	TENON_ARGUMENT_NUMBER,
	TENON_ARGUMENT_WORDS
};

/* What follows when a server runs a command twice. A greater value allows more. */
enum tenon__repeat {
	TENON_REPEAT_HARMS, /* another effect than once */
	TENON_REPEAT_CHANGES, /* the same effect, unless another request changes the item in between */
	TENON_REPEAT_READS /* the same effect at any time: nothing is changed */
};

struct tenon__verb {
	char name[15]; /* zeroed after its end: the whole array may be copied */
	uint8_t name_len;
	char meta[3]; /* the meta command, such as "ms"; "": there is none */
	char mode;    /* the token of its flag M; 0: it needs none */
	uint8_t shape;  /* enum tenon__shape */
	uint8_t access; /* enum tenon_access */
	uint8_t argument; /* enum tenon__argument */
	bool exptime;   /* the command line has an exptime */
	bool delta;     /* the command line has a delta; the reply may be a number */
	bool cas;        /* store: the line has a cas unique; retrieve: VALUE lines have one */
	bool noreply;    /* the protocol allows `noreply` */
	bool whole;       /* stores a whole value, which goes through the codecs */
	bool conditional; /* stores a whole value, but only under a condition */
	bool absent_only; /* stores a whole value, but only when the key has none */
	bool modifies;    /* changes the stored value in place: append, prepend, incr, decr */
	bool only_connected; /* sent on open connections only; no connection is made for it */
	uint8_t repeat; /* enum tenon__repeat */
	bool rare; /* some servers and proxies do not know it: twemproxy closes behind it */
	bool versioned;	  /* the reply is a VERSION line */
	uint32_t answers; /* the sum of 1 << status over all allowed answers */
};

extern const struct tenon__verb tenon__verbs[TENON_VERB_COUNT];

/* verb is in range. */
static inline const struct tenon__verb *tenon__verb_of(enum tenon_verb verb)
{
	return &tenon__verbs[verb];
}

const struct tenon__verb *tenon__server_verb_of(enum tenon_server_verb verb);

/* Return the meta command with this name, such as "mg"; NULL: there is none. */
const struct tenon__verb *tenon__verbatim_verb_of(const char *name);

#endif
