/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

bool tenon__same_word(const char *a, const char *b)
{
	while (*a != '\0' && tenon__lower(*a) == tenon__lower(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

/*
 * Read the character at `at` as UTF-8. A byte that does not begin a valid sequence is a character
 * by itself. Returns the length of the character in bytes.
 */
static size_t take_character(const char *at, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)at[0];
	size_t len = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	uint32_t found = first & (0xffu >> (len + 1));

	*character = first;
	if (len == 1 || first > 0xf4) {
		return 1;
	}
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)at[i] & 0xc0) != 0x80) {
			return 1;
		}
		found = found << 6 | ((unsigned char)at[i] & 0x3f);
	}
	if (found < least[len]) {
		return 1; /* an overlong form, which a careless terminal may take for the short one */
	}
	*character = found;
	return len;
}

static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character <= 0x9f) ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

void tenon__mask_controls(char *text)
{
	while (*text != '\0') {
		uint32_t character;
		size_t len = take_character(text, &character);

		for (; len > 0; len--, text++) {
			*text = is_control(character) ? '?' : *text;
		}
	}
}

bool tenon__same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

char *tenon__path_join(const char *folder, const char *path)
{
	bool is_joined = path[0] != '/' && folder[0] != '\0';
	size_t size;
	char *joined;

	while (is_joined && strncmp(path, "./", 2) == 0 && path[2] != '\0') {
		path += 2;
	}
	size = strlen(folder) + strlen(path) + sizeof("/");
	joined = tenon__alloc(size);
	if (joined) {
		snprintf(joined, size, "%s%s%s", is_joined ? folder : "",
			 is_joined ? "/" : "", path);
	}
	return joined;
}
