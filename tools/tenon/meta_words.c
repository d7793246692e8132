/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Source of the facts: memcached 1.6.18, doc/protocol.txt, "Meta Debug" to "Meta No-Op". The flags E
 * and x, and N and s of ms, are of later releases.
 */
#include "meta_words.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "output.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the tables ------------------------------------------------------------------ */

/* The first row that fits is the one. commands: the second letters of "mg", "ms", ... */
static const struct {
	char flag;
	const char *commands;
	bool in_reply;
	const char *meaning;
} flags[] = {
	{ 'b', "gsdae", false, "the key is base64, and its decoded bytes are the item's key" },
	{ 'c', "gsa", false, "return the cas unique" },
	{ 'C', "sda", false, "only when the item has this cas unique" },
	{ 'D', "a", false, "add or subtract this number in place of 1" },
	{ 'E', "gsda", false, "give the item this cas unique" },
	{ 'f', "g", false, "return the client flags" },
	{ 'F', "s", false, "store these client flags, a number of 32 bits" },
	{ 'h', "g", false, "return whether the item was read before" },
	{ 'I', "s", false, "with C: an older cas unique is accepted, and the item becomes stale" },
	{ 'I', "d", false, "keep the item, mark it as stale and give it a new cas unique" },
	{ 'J', "a", false, "with N: the number of a new item, in place of 0" },
	{ 'k', "gsda", false, "return the key" },
	{ 'l', "g", false, "return the seconds since the last access" },
	{ 'L', "gsdae", false, "a hint for a proxy; memcached ignores it" },
	{ 'P', "gsdae", false, "a hint for a proxy; memcached ignores it" },
	{ 'M', "s", false, "the mode: S set, E add, R replace, A append, P prepend" },
	{ 'M', "a", false, "the mode: I or + add, D or - subtract" },
	{ 'N', "g", false, "when the key is absent, make an empty item with this lifetime; its maker wins" },
	{ 'N', "s", false, "append and prepend: when the key is absent, store an item with this lifetime" },
	{ 'N', "a", false, "when the key is absent, make an item with this lifetime" },
	{ 'O', "gsda", false, "return this word, up to 31 bytes, with the reply" },
	{ 'q', "g", false, "no reply when the key is absent" },
	{ 'q', "sda", false, "no reply when the command has worked" },
	{ 'R', "g", false, "win the right to store a new value when fewer seconds are left" },
	{ 's', "gs", false, "return the bytes of the value" },
	{ 't', "ga", false, "return the seconds that the item has left" },
	{ 'T', "g", false, "give the item this lifetime" },
	{ 'T', "s", false, "the lifetime: seconds, or above 30 days a UNIX time; 0: for ever" },
	{ 'T', "d", false, "with I: the lifetime of the stale item" },
	{ 'T', "a", false, "give the item this lifetime when the command has worked" },
	{ 'u', "g", false, "the look is no access: no place in the LRU, no mark, no time" },
	{ 'v', "g", false, "return the value" },
	{ 'v', "a", false, "return the new number" },
	{ 'x', "d", false, "remove the value and the client flags, and keep the item" },

	{ 'b', "gsdae", true, "the key is base64" },
	{ 'c', "gsa", true, "the cas unique" },
	{ 'f', "g", true, "the client flags" },
	{ 'h', "g", true, "1: the item was read before; 0: it was not" },
	{ 'k', "gsda", true, "the key" },
	{ 'l', "g", true, "the seconds since the last access" },
	{ 'O', "gsda", true, "the word of the request" },
	{ 's', "gs", true, "the bytes of the value" },
	{ 't', "ga", true, "the seconds that the item has left; -1: it does not expire" },
	{ 'W', "g", true, "this client has won the right to store a new value" },
	{ 'X', "g", true, "the item is stale" },
	{ 'Z', "g", true, "another client has won the right to store a new value" },
};

/* The words that the reply to me is made of. */
static const struct {
	const char *name, *meaning;
} facts[] = {
	{ "exp", "minus the seconds that the item has left; -1 also when it does not expire" },
	{ "la", "the seconds since the last access" },
	{ "cas", "the cas unique" },
	{ "fetch", "whether the item was read before" },
	{ "cls", "the slab class" },
	{ "size", "the bytes of the item, with key and header" },
};

static const struct {
	char code[3];
	const char *commands;
	const char *meaning;
} codes[] = {
	{ "VA", "g", "the item is there, and its value follows" },
	{ "VA", "a", "the number was changed, and the new one follows" },
	{ "HD", "g", "the item is there" },
	{ "HD", "s", "the value was stored" },
	{ "HD", "d", "the item was removed, or marked as stale" },
	{ "HD", "a", "the number was changed" },
	{ "EN", "ge", "the key is absent" },
	{ "NF", "sda", "the key is absent" },
	{ "NS", "sa", "the value was not stored: the condition of the mode does not hold" },
	{ "EX", "sda", "the item has another cas unique" },
	{ "ME", "e", "what the server knows of the item" },
	{ "MN", "n", "the server has answered everything in front" },
	{ "", "g", "no reply, because the command is quiet: the key is absent" },
	{ "", "sda", "no reply, because the command is quiet" },
};

/* ---- looking up -------------------------------------------------------------------- */

const char *meta_reply_meaning(const char *command, const char *text)
{
	for (size_t i = 0; i < LENGTH_OF(codes); i++) {
		if (strncmp(text ? text : "", codes[i].code, 2) == 0 &&
		    strchr(codes[i].commands, command[1])) {
			return codes[i].meaning;
		}
	}
	return NULL;
}

/* One flag of a line. The texts are the owner's. */
struct decoded {
	char *flag, *argument;
	const char *meaning; /* NULL: unknown */
};

static const char *meaning_of_flag(const struct meta_line *line, char flag)
{
	for (size_t i = 0; i < LENGTH_OF(flags); i++) {
		if (flags[i].flag == flag && flags[i].in_reply == line->is_reply &&
		    strchr(flags[i].commands, line->command[1])) {
			return flags[i].meaning;
		}
	}
	return NULL;
}

static const char *meaning_of_fact(const char *name)
{
	for (size_t i = 0; i < LENGTH_OF(facts); i++) {
		if (strcmp(facts[i].name, name) == 0) {
			return facts[i].meaning;
		}
	}
	return NULL;
}

/* The reply to me has words "name=value"; other lines have flags of one letter. */
static struct decoded decode(const struct meta_line *line, const char *word,
			     size_t len)
{
	const char *equals = memchr(word, '=', len);
	bool is_fact = line->is_reply && line->command[1] == 'e' && equals;
	size_t flag_len = is_fact ? (size_t)(equals - word) : 1;
	size_t from = flag_len + is_fact;
	struct decoded out = {
		.flag = output_clean(word, flag_len),
		.argument = output_clean(word + from, len - from),
	};

	out.meaning = is_fact ? meaning_of_fact(out.flag)
			      : meaning_of_flag(line, word[0]);
	return out;
}

static void decoded_fini(struct decoded *decoded)
{
	free(decoded->flag);
	free(decoded->argument);
}

size_t meta_words_next(const char **at, const char **word)
{
	if (!*at) {
		return 0;
	}
	*word = *at + strspn(*at, " ");
	size_t len = strcspn(*word, " ");

	*at = *word + len;
	return len;
}

/* ---- showing ----------------------------------------------------------------------- */

json_t *meta_words_json(const struct meta_line *line)
{
	json_t *array = json_array();
	const char *at = line->flags;
	const char *word;
	size_t len;

	while ((len = meta_words_next(&at, &word)) > 0) {
		struct decoded one = decode(line, word, len);
		json_t *object = json_object();

		js_put_text(object, "flag", one.flag);
		js_put(object, "argument",
		       *one.argument ? json_string(one.argument) : json_null());
		js_put(object, "meaning",
		       one.meaning ? json_string(one.meaning) : json_null());
		js_append(array, object);
		decoded_fini(&one);
	}
	return array;
}

void meta_words_print(const struct meta_line *line)
{
	struct table table = { .columns = 3, .wraps = 1u << 2 };
	const char *at = line->flags;
	const char *word;
	size_t len;

	while ((len = meta_words_next(&at, &word)) > 0) {
		struct decoded one = decode(line, word, len);

		table_add(&table, STYLE_BOLD, "%s", one.flag);
		table_add(&table, STYLE_NONE, "%s", one.argument);
		table_add(&table, STYLE_NONE, "%s",
			  one.meaning ? one.meaning
				      : "memcached has no such flag here, as far as tenon knows");
		decoded_fini(&one);
	}
	if (table.count > 0) {
		table_print(&table, 2);
	}
}
