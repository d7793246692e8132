/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/part.h"

#include <string.h>

const char *const tenon__part_words[] = { "key", "tag", "proxy-tag",
					  "proxy-stop", "mcrouter", NULL };

static struct tenon_slice between(const char *from, const char *to)
{
	return (struct tenon_slice){ from, (size_t)(to - from) };
}

/* Return the bytes between the characters open and close; the key when it has none. */
static struct tenon_slice tag_of(struct tenon_slice key, const char *tag,
				 size_t least)
{
	const char *bytes = key.data;
	const char *end = bytes + key.len;
	const char *open = tag[0] ? memchr(bytes, tag[0], key.len) : NULL;
	const char *close = !open ? NULL :
		memchr(open + 1, tag[1], (size_t)(end - open - 1));

	return close && (size_t)(close - open - 1) >= least ?
		       between(open + 1, close) : key;
}

static struct tenon_slice front_of(struct tenon_slice key, const char *stop)
{
	size_t len = strlen(stop);
	const char *found = len ? memmem(key.data, key.len, stop, len) : NULL;

	return found ? between(key.data, found) : key;
}

/* "/region/cluster/key|#|suffix": without the routing prefix, if there is one, and the suffix. */
static struct tenon_slice routed_of(struct tenon_slice key)
{
	const char *from = key.data;
	const char *end = from + key.len;
	const char *at = from;

	if (key.len > 0 && *from == '/') {
		for (int slash = 1; slash < 3 && at; slash++) {
			at = memchr(at + 1, '/', (size_t)(end - at - 1));
		}
		from = at ? at + 1 : from;
	}
	const char *suffix = memmem(from, (size_t)(end - from), "|#|", 3);
	return between(from, suffix ? suffix : end);
}

struct tenon_slice tenon__part_of(const struct tenon__part_rule *rule,
				  struct tenon_slice key)
{
	switch (rule->part) {
	case TENON__PART_TAG:
		return tag_of(key, rule->text, 1);
	case TENON__PART_PROXY_TAG:
		return tag_of(key, rule->text, 0);
	case TENON__PART_PROXY_STOP:
		return front_of(key, rule->text);
	case TENON__PART_MCROUTER:
		return routed_of(key);
	default:
		return key;
	}
}
