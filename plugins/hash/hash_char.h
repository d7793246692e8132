/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Option `char` of hash functions: a byte above 0x7f counts as 128..255 (unsigned), or as
 * -128..-1 (signed). C programs that hash `char` get the signed numbers on x86 and the unsigned
 * numbers on ARM. The hash's option struct is a struct char_options, and its state is a
 * struct char_state.
 */
#ifndef TENON_HASH_CHAR_H
#define TENON_HASH_CHAR_H

#include <stdbool.h>
#include <stddef.h>

#include "hash_common.h"

static const char *const char_choices[] = { "signed", "unsigned", NULL };
enum { CHAR_SIGNED, CHAR_UNSIGNED };

struct char_options {
	int32_t choice; /* index into char_choices */
};

struct char_state {
	bool is_signed;
};

/* The row of option `char`. def: the default, "signed" or "unsigned". */
#define CHAR_OPTION(def)                                                                                              \
	{                                                                                                             \
		.name = "char", .type = TENON_OPTION_CHOICE,                                                          \
		.offset = offsetof(struct char_options, choice),                                                      \
		.def_text = (def), .choices = char_choices,                                                           \
		.help = "whether bytes above 0x7f are negative (signed, as char on x86) or not (unsigned, as on ARM)" \
	}

static int char_init(void *self, const void *options,
		     const struct tenon_host *host, struct tenon_error *err)
{
	struct char_state *state = self;
	const struct char_options *char_options = options;

	(void)host;
	(void)err;
	state->is_signed = char_options->choice == CHAR_SIGNED;
	return 0;
}

/* Return the bits of a byte that is converted to 32 bits as a signed or unsigned char. */
static inline uint32_t char_bits(unsigned char byte, bool is_signed)
{
	return is_signed ? (byte ^ 0x80u) - 0x80u : byte;
}

#endif
