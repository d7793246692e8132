/* SPDX-License-Identifier: BSD-3-Clause */
#include "value.h"

#include <string.h>

#include "random.h"

/* Return the next eight bytes of a value's body. */
static uint64_t next_word(const struct value_head *head, uint64_t *state)
{
	uint64_t word = random_next(state);

	return head->prose ? (word & UINT64_C(0x0101010101010101)) +
				     UINT64_C(0x6161616161616161) :
			     word;
}

static uint64_t begin(const struct value_head *head)
{
	return head->key * UINT64_C(1000003) + head->write;
}

void value_make(char *out, const struct value_head *head)
{
	uint64_t state = begin(head);

	memcpy(out, head, VALUE_HEAD_BYTES);
	for (size_t at = VALUE_HEAD_BYTES; at < head->len;) {
		uint64_t word = next_word(head, &state);
		size_t n = head->len - at;

		n = n < sizeof(word) ? n : sizeof(word);
		memcpy(out + at, &word, n);
		at += n;
	}
}

bool value_is_whole(const char *value, size_t len, uint64_t key,
		    struct value_head *head)
{
	uint64_t state;

	if (len < VALUE_HEAD_BYTES) {
		return false;
	}
	memcpy(head, value, VALUE_HEAD_BYTES);
	if (head->len != len || head->key != key || head->prose > 1) {
		return false;
	}
	state = begin(head);
	for (size_t at = VALUE_HEAD_BYTES; at < len;) {
		uint64_t word = next_word(head, &state);
		size_t n = len - at < sizeof(word) ? len - at : sizeof(word);

		if (memcmp(value + at, &word, n) != 0) {
			return false;
		}
		at += n;
	}
	return true;
}
