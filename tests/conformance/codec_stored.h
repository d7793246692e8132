/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of codecs for their suite, and values as the host stores and reads them. */
#ifndef TENON_TESTS_CODEC_STORED_H
#define TENON_TESTS_CODEC_STORED_H

#include "conformance/codec_rig.h"

/* The limit of values in most tests. */
#define MAX_VALUE_BYTES ((size_t)256 * 1024)

/* Tests of values of every size end before this one, in bytes. */
#define EVERY_SIZE_TO 1100

/* ---- variants ------------------------------------------------------------ */

/*
 * Promises beyond the contract. For each promise, a stored form with this damage is
 * never decoded into a value.
 */
enum promise {
	NONE = 0,
	LENGTH = 1,  /* the stored form was cut off or lengthened */
	DETECTS = 2, /* the stored form was damaged in any way */
};

/*
 * Options that a plugin is tested with. The limits are small, so that the tests cross
 * them.
 */
struct variant {
	const char *name;
	const char *options;
	enum promise promise;
};

/* Write the nth variant of a plugin. Return false when there is none. */
bool variant_find(const struct tenon__plugin *plugin, size_t n,
		  struct variant *out);

/* Run the next statement for each variant of the subject. */
#define FOR_EACH_VARIANT(variant)                                              \
	for (size_t n_ = 0; variant_find(subject(_i), n_, &(variant)); n_++)

/* ---- stored values ------------------------------------------------------- */

/* A value as servers hold it: one stored form, or a parent and its chunks. */
struct stored {
	char *form;  /* the value under the key itself */
	size_t form_len;
	struct tenon_chunk *list;
	uint32_t count;
};

/* Return true when the codec splits values, false when it encodes them. */
bool codec_splits(const struct tenon__plugin *plugin);

/* Return an item with the key of this suite. */
struct tenon_split_item codec_item(struct tenon_slice value, uint32_t flags);

/* Return the value under the key itself. */
struct tenon_slice stored_form(const struct stored *stored);

/*
 * Store a value with encode or scatter, as the host does: a value below least_bytes stays as it is.
 * Returns the result of that slot; 0: the value stays as it is.
 */
int stored_put(struct codec *codec, struct tenon_slice value,
	       struct stored *stored);

/*
 * Store a value of len bytes, or the longest shorter value that this variant takes: text, or zeros
 * when the variant takes no text. Returns the length; 0: the variant took no value.
 */
size_t stored_put_some(struct codec *codec, size_t len, struct stored *stored,
		       char **value);

/*
 * Read a stored value whose flags name the codec. Returns the slots' result; 0: *value
 * has the value.
 */
int stored_get(struct codec *codec, const struct stored *stored,
	       struct rig_output *value);

/*
 * Return the chunks that plan names: found in the stored value, or absent. Free the
 * list with free().
 */
struct tenon_chunk *stored_fetch(const struct rig_chunks *plan,
				 const struct stored *stored);

void stored_free(struct stored *stored);

/* A codec with a value that it has stored. */
struct kept {
	struct codec codec;
	struct stored stored;
	char *text; /* the value; NULL: none was stored */
	size_t len; /* 0: the variant took no value */
};

/* Open a codec with the usual limit, and store a value by stored_put_some(). len 0: no value. */
void kept_open(struct kept *kept, const struct tenon__plugin *plugin,
	       const char *options, size_t len);
void kept_close(struct kept *kept);

static inline struct tenon_slice kept_value(const struct kept *kept)
{
	return (struct tenon_slice){ kept->text, kept->len };
}

/* ---- tests ---------------------------------------------------------------- */

/* Add the tests of codec_hostile.c. */
void codec_hostile_add(void);

/* Add the tests of codec_split.c. */
void codec_split_add(void);

#endif
