/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/promises.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin/kind.h"

static const struct promise {
	uint32_t kind;
	const char *word;
	const char *meaning;
} promises[] = {
	{ TENON_KIND_DISTRIBUTION, "order",
	  "the order of the servers does not matter" },
	{ TENON_KIND_DISTRIBUTION, "growth",
	  "a new server takes keys, and the others exchange none" },
	{ TENON_KIND_DISTRIBUTION, "weight",
	  "a server with more weight has more keys" },
	{ TENON_KIND_CODEC, "length",
	  "a form that became shorter or longer is no value" },
	{ TENON_KIND_CODEC, "detects",
	  "a damaged form is never another value" },
	{ TENON_KIND_SECURE, "mirror",
	  "two sessions of the plugin understand each other" },
};

#define PROMISES_COUNT (sizeof(promises) / sizeof(promises[0]))

#define SEPARATORS ", "

/* Set *word and *len to the next word of the list at *at. Returns false at the end. */
static bool next_word(const char **at, const char **word, size_t *len)
{
	*word = *at + strspn(*at, SEPARATORS);
	*len = strcspn(*word, SEPARATORS);
	*at = *word + *len;
	return *len > 0;
}

static bool is_word(const char *promise, const char *word, size_t len)
{
	return strlen(promise) == len && memcmp(promise, word, len) == 0;
}

bool promises_have(const char *promise)
{
	const char *at = getenv(PROMISES_VARIABLE);
	const char *word;
	size_t len;

	while (at && next_word(&at, &word, &len)) {
		if (is_word(promise, word, len)) {
			return true;
		}
	}
	return false;
}

static bool is_of_kind(uint32_t kind, const char *word, size_t len)
{
	for (size_t i = 0; i < PROMISES_COUNT; i++) {
		if (promises[i].kind == kind &&
		    is_word(promises[i].word, word, len)) {
			return true;
		}
	}
	return false;
}

/* Write "order, growth, weight", or "none". */
static void list_words(uint32_t kind, char *out, size_t bytes)
{
	size_t used = 0;

	snprintf(out, bytes, "none");
	for (size_t i = 0; i < PROMISES_COUNT; i++) {
		if (promises[i].kind == kind && used < bytes) {
			used += (size_t)snprintf(out + used, bytes - used,
						 "%s%s", used > 0 ? ", " : "",
						 promises[i].word);
		}
	}
}

bool promises_check(uint32_t kind, const char *list, char *problem,
		    size_t problem_bytes)
{
	const char *at = list;
	const char *word;
	char known[100];
	size_t len;

	while (next_word(&at, &word, &len)) {
		if (is_of_kind(kind, word, len)) {
			continue;
		}
		list_words(kind, known, sizeof(known));
		snprintf(problem, problem_bytes,
			 "found the promise '%.*s', expected one of a %s plugin: %s",
			 (int)len, word, tenon__kind_name(kind), known);
		return false;
	}
	return true;
}

/* Not with stdio: the processes of the tests would write its buffer once more. */
void promises_say_skipped(uint32_t kind)
{
	for (size_t i = 0; i < PROMISES_COUNT; i++) {
		if (promises[i].kind == kind &&
		    !promises_have(promises[i].word)) {
			dprintf(STDOUT_FILENO,
				"# SKIP promise '%s': %s; test it with --promises %s\n",
				promises[i].word, promises[i].meaning,
				promises[i].word);
		}
	}
}
