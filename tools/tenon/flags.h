/* SPDX-License-Identifier: BSD-3-Clause */
/* The flags of a stored item, with the codec that each bit belongs to. */
#ifndef TENON_CLI_FLAGS_H
#define TENON_CLI_FLAGS_H

#include <jansson.h>
#include <stdint.h>

struct app;

/* Make "4113: zlib 16, split 4096, application 1" of flags. The caller frees the text. */
char *flags_text(const struct app *app, uint32_t flags);

/* Put "flags", "codec_flags" and "application_flags". */
void flags_put(const struct app *app, json_t *object, uint32_t flags);

#endif
