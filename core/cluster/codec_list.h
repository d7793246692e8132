/* SPDX-License-Identifier: BSD-3-Clause */
/* The codecs of a config, in their order, and the flag bits that they own. */
#ifndef TENON_CORE_CODEC_LIST_H
#define TENON_CORE_CODEC_LIST_H

#include "cluster/selection.h"
#include "tenon/plugin/codec.h"

/* One codec of the chain of codecs that values go through. */
struct tenon__codec_choice {
	const struct tenon_codec_ops *ops; /* with all defaults filled in */
	const void *options;
	const struct tenon_host *host;
	const char *name; /* of the plugin */
};

struct tenon__codec_list {
	struct tenon__codec_choice *list; /* count, in the order of the config */
	size_t count;			  /* a codec that splits is the last one */
	uint32_t flags; /* bits of all codecs; no two codecs share one */
	struct tenon__codec_part *parts; /* private to codec_list.c */
};

/*
 * Make the codecs of a config. setup is that of every instance. A default codec that is not found is left
 * out with a warning.
 * Owns:   *codecs, which is all zero, has to be released by tenon__codec_list_fini(), also after an
 *         error.
 * Errors: those of tenon__select(); TENON_ECONFIG: two codecs own one flag bit, or a codec follows one
 *         that splits; TENON_EPLUGIN: a codec fails or owns no bit.
 */
int tenon__codec_list_make(struct tenon__codec_list *codecs,
			   struct tenon__selection *selection,
			   const struct tenon_config *config,
			   const struct tenon_codec_setup *setup,
			   struct tenon_error *err);

/* Free the codecs. The list may be all zero. */
void tenon__codec_list_fini(struct tenon__codec_list *codecs);

#endif
