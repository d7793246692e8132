/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flags of meta commands and their replies: those that a request sends because of the options of
 * its call, and all flags that a reply can have.
 */
#ifndef TENON_CORE_META_FLAGS_H
#define TENON_CORE_META_FLAGS_H

#include "wire/request.h"

/* Most bytes that the functions below write: five flags with a number. */
#define META_MORE_MAX_BYTES (5 * 22)

/* Write a space and a flag. */
static inline char *put_flag(char *at, char flag)
{
	*at++ = ' ';
	*at++ = flag;
	return at;
}

/* ---- requests ---------------------------------------------------------------- */

/*
 * Write the flags behind the key of a request that retrieves, and whose call has options: all but the
 * opaque.
 */
char *tenon__meta_put_get(char *at, const struct tenon__request *req, bool quiet);

/* Write the flags of a request that changes an item, beyond those of its verb. */
char *tenon__meta_put_change(char *at, const struct tenon__request *req);

/* ---- replies ----------------------------------------------------------------- */

/* The flags of one line. The fields of flags that did not come are 0. */
struct tenon__meta_flags {
	uint64_t flags, cas, size_bytes, idle_s;
	int64_t ttl_s;
	uint32_t marks;  /* TENON_MARK_... */
	uint32_t opaque;
	uint32_t came;   /* see tenon__meta_asked() */
};

/* Return the flags that a reply to this request with data has to have, as bits that only meta_flags.c reads. */
uint32_t tenon__meta_asked(const struct tenon__request *req);

/*
 * Read the flags from `at` up to the line end: those that were asked for, in any order, then the
 * opaque, and marks anywhere. `asked` is 0 or from tenon__meta_asked().
 * end: of the bytes that arrived. Returns the begin of the next line; NULL: the line has no opaque,
 * lacks a flag that was asked for, has another one or one twice, or has not arrived completely.
 */
const char *tenon__meta_read_flags(const char *at, const char *end,
				   uint32_t asked,
				   struct tenon__meta_flags *out);

/*
 * Return true when an item without bytes is no value: somebody has the right to store the first one.
 * An empty value that is stale or refreshed early looks the same.
 */
static inline bool tenon__meta_is_vacant(uint64_t bytes, uint32_t marks)
{
	return bytes == 0 && (marks & (TENON_MARK_WON | TENON_MARK_TAKEN));
}

/* An item is no value: its result keeps the cas unique, and who has the right to store the first one. */
void tenon__meta_keep_vacant(struct tenon_result *result);

/* Give a result what its line says of the item. */
void tenon__meta_keep_flags(struct tenon_result *result,
			    const struct tenon__meta_flags *said);

/*
 * Return the status of a reply of two letters that only a request with options, such as this one, can
 * get; 0: there is no such reply.
 */
int tenon__meta_status_more(const struct tenon__request *req, const char *code);

#endif
