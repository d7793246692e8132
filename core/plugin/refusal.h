/* SPDX-License-Identifier: BSD-3-Clause */
/* The reason why the core refuses a plugin, as one sentence. */
#ifndef TENON_CORE_REFUSAL_H
#define TENON_CORE_REFUSAL_H

#define TENON__REFUSAL_BYTES 320

/*
 * The text says what was found and what was expected. The caller adds the plugin and the place
 * in the config.
 */
struct tenon__refusal {
	char text[TENON__REFUSAL_BYTES];
};

/* The advice for a plugin that was built against another version. */
#define TENON__REBUILD                                                         \
	"rebuild the plugin against tenon/plugin/plugin.h of this version"

/* Write the text, printf-formatted. Returns TENON_EPLUGIN. */
int tenon__refuse(struct tenon__refusal *refusal, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
