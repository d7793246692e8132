/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/verb.h"

#include <string.h>

#define NAME(s) .name = (s), .name_len = sizeof(s) - 1
#define ANSWER(status) (1u << (status))

#define RETRIEVED (ANSWER(TENON_HIT) | ANSWER(TENON_MISS))
#define STORED (ANSWER(TENON_STORED) | ANSWER(TENON_NOT_STORED))

/*
 * Source: memcached protocol.txt, "Retrieval command" to "Touch". `repeat` is not in
 * protocol.txt; it was decided for tenon. `rare`: the commands that twemproxy 0.5 closes the
 * connection behind, and touch, which came with memcached 1.4.8.
 */
const struct tenon__verb tenon__verbs[TENON_VERB_COUNT] = {
	[TENON_GET] = { NAME("get"), .meta = "mg", .shape = TENON_SHAPE_RETRIEVE,
		.repeat = TENON_REPEAT_READS, .answers = RETRIEVED },
	[TENON_GETS] = { NAME("gets"), .meta = "mg", .shape = TENON_SHAPE_RETRIEVE,
		.cas = true, .repeat = TENON_REPEAT_READS, .answers = RETRIEVED },
	[TENON_GAT] = { NAME("gat"), .meta = "mg", .shape = TENON_SHAPE_RETRIEVE,
		.rare = true, .exptime = true, .repeat = TENON_REPEAT_CHANGES, .answers = RETRIEVED },
	[TENON_GATS] = { NAME("gats"), .meta = "mg", .shape = TENON_SHAPE_RETRIEVE,
		.rare = true, .exptime = true, .cas = true, .repeat = TENON_REPEAT_CHANGES,
		.answers = RETRIEVED },
	[TENON_SET] = { NAME("set"), .meta = "ms", .shape = TENON_SHAPE_STORE,
		.whole = true,
		.access = TENON_ACCESS_WRITE, .exptime = true, .noreply = true,
		.repeat = TENON_REPEAT_CHANGES, .answers = STORED },
	[TENON_ADD] = { NAME("add"), .meta = "ms", .mode = 'E', .shape = TENON_SHAPE_STORE,
		.whole = true, .conditional = true, .absent_only = true,
		.access = TENON_ACCESS_WRITE, .exptime = true, .noreply = true,
		.answers = STORED },
	[TENON_REPLACE] = { NAME("replace"), .meta = "ms", .mode = 'R', .shape = TENON_SHAPE_STORE,
		.whole = true, .conditional = true,
		.access = TENON_ACCESS_WRITE, .exptime = true, .noreply = true,
		.answers = STORED },
	[TENON_APPEND] = { NAME("append"), .meta = "ms", .mode = 'A', .shape = TENON_SHAPE_STORE,
		.modifies = true,
		.access = TENON_ACCESS_WRITE, .exptime = true, .noreply = true,
		.answers = STORED },
	[TENON_PREPEND] = { NAME("prepend"), .meta = "ms", .mode = 'P', .shape = TENON_SHAPE_STORE,
		.modifies = true,
		.access = TENON_ACCESS_WRITE, .exptime = true, .noreply = true,
		.answers = STORED },
	[TENON_CAS] = { NAME("cas"), .meta = "ms", .shape = TENON_SHAPE_STORE,
		.whole = true, .conditional = true,
		.access = TENON_ACCESS_WRITE, .exptime = true, .cas = true,
		.noreply = true,
		.answers = STORED | ANSWER(TENON_EXISTS) | ANSWER(TENON_MISS) },
	[TENON_DELETE] = { NAME("delete"), .meta = "md", .shape = TENON_SHAPE_KEY,
		.access = TENON_ACCESS_DELETE, .noreply = true,
		.repeat = TENON_REPEAT_CHANGES,
		.answers = ANSWER(TENON_DELETED) | ANSWER(TENON_MISS) },
	[TENON_TOUCH] = { NAME("touch"), .meta = "mg", .shape = TENON_SHAPE_KEY,
		.rare = true,
		.access = TENON_ACCESS_WRITE, .exptime = true, .noreply = true,
		.repeat = TENON_REPEAT_CHANGES,
		.answers = ANSWER(TENON_TOUCHED) | ANSWER(TENON_MISS) },
	[TENON_INCR] = { NAME("incr"), .meta = "ma", .shape = TENON_SHAPE_KEY,
		.modifies = true,
		.access = TENON_ACCESS_WRITE, .delta = true, .noreply = true,
		.answers = RETRIEVED },
	[TENON_DECR] = { NAME("decr"), .meta = "ma", .mode = 'D', .shape = TENON_SHAPE_KEY,
		.modifies = true,
		.access = TENON_ACCESS_WRITE, .delta = true, .noreply = true,
		.answers = RETRIEVED },
};

/* Source: memcached protocol.txt, "Statistics" and "Other commands". */
static const struct tenon__verb server_verbs[TENON_SERVER_VERB_COUNT] = {
	[TENON_VERSION] = { NAME("version"), .shape = TENON_SHAPE_LINE,
		.rare = true, .versioned = true,
		.repeat = TENON_REPEAT_READS },
	[TENON_STATS] = { NAME("stats"), .shape = TENON_SHAPE_LINES,
		.rare = true,
		.argument = TENON_ARGUMENT_WORDS,
		.repeat = TENON_REPEAT_READS },
	[TENON_FLUSH_ALL] = { NAME("flush_all"), .shape = TENON_SHAPE_LINE,
		.rare = true,
		.argument = TENON_ARGUMENT_NUMBER, .noreply = true,
		.repeat = TENON_REPEAT_CHANGES },
	[TENON_VERBOSITY] = { NAME("verbosity"), .shape = TENON_SHAPE_LINE,
		.rare = true,
		.argument = TENON_ARGUMENT_NUMBER, .noreply = true,
		.repeat = TENON_REPEAT_CHANGES },
	[TENON_QUIT] = { NAME("quit"), .shape = TENON_SHAPE_LINE,
		.rare = true,
		.only_connected = true },
};

const struct tenon__verb *tenon__server_verb_of(enum tenon_server_verb verb)
{
	return &server_verbs[verb];
}

/*
 * Source: memcached protocol.txt, "Meta Get" to "Meta No-Op". `meta` is empty: a reply has no opaque
 * that the client has chosen. With flags, mg and md may change an item in another way at each time.
 */
static const struct tenon__verb verbatim_verbs[] = {
	{ NAME("mg"), .shape = TENON_SHAPE_VERBATIM, .rare = true },
	{ NAME("ms"), .shape = TENON_SHAPE_VERBATIM, .rare = true,
	  .access = TENON_ACCESS_WRITE },
	{ NAME("md"), .shape = TENON_SHAPE_VERBATIM, .rare = true,
	  .access = TENON_ACCESS_DELETE },
	{ NAME("ma"), .shape = TENON_SHAPE_VERBATIM, .rare = true,
	  .access = TENON_ACCESS_WRITE },
	{ NAME("mn"), .shape = TENON_SHAPE_VERBATIM, .rare = true,
	  .repeat = TENON_REPEAT_READS },
	{ NAME("me"), .shape = TENON_SHAPE_VERBATIM, .rare = true,
	  .repeat = TENON_REPEAT_READS },
};

const struct tenon__verb *tenon__verbatim_verb_of(const char *name)
{
	size_t count = sizeof(verbatim_verbs) / sizeof(verbatim_verbs[0]);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(verbatim_verbs[i].name, name) == 0) {
			return &verbatim_verbs[i];
		}
	}
	return NULL;
}
