/* SPDX-License-Identifier: BSD-3-Clause */
/* What the core knows of each command, in one table. */
#ifndef TENON_CORE_VERB_H
#define TENON_CORE_VERB_H

#include <stdbool.h>

#include "tenon/plugin/failover.h"
#include "tenon/tenon.h"

/* How a command is written and how its reply is read. */
enum tenon__shape {
	TENON_SHAPE_RETRIEVE, /* many keys a line; VALUE blocks up to END */
	TENON_SHAPE_STORE,    /* a data block follows; one line comes back */
	TENON_SHAPE_KEY,      /* one key a line; one line comes back */
	TENON_SHAPE_LINE,     /* no key; one line comes back */
	TENON_SHAPE_LINES     /* no key; lines up to END come back */
};

/* What may stand behind a command that has no key. */
enum tenon__argument {
	TENON_ARGUMENT_NONE,
	TENON_ARGUMENT_NUMBER,
	TENON_ARGUMENT_WORDS
};

struct tenon__verb {
	char name[15]; /* zeroed behind its end: all of it may be copied */
	uint8_t name_len;
	uint8_t shape;  /* enum tenon__shape */
	uint8_t access; /* enum tenon_access */
	uint8_t argument; /* enum tenon__argument */
	bool exptime;   /* the command line carries one */
	bool delta;
	bool cas;        /* store: sends the cas unique; retrieve: gets one */
	bool noreply;    /* the protocol has it */
	bool whole;       /* the value replaces what is there: codecs have it */
	bool conditional; /* whole, on a condition */
	bool absent_only; /* whole, where nothing is */
	bool modifies;    /* changes the bytes that are there */
	bool only_connected; /* no reason to make a connection */
	bool repeatable; /* twice does what once does */
	uint32_t answers; /* 1 << status, for every answer that is legal */
};

extern const struct tenon__verb tenon__verbs[TENON_VERB_COUNT];

/* verb is in range. */
static inline const struct tenon__verb *tenon__verb_of(enum tenon_verb verb)
{
	return &tenon__verbs[verb];
}

const struct tenon__verb *tenon__server_verb_of(enum tenon_server_verb verb);

#endif
