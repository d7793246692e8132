/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Expiration times, as servers read them. A server reads an exptime up to 30 days as seconds
 * from now, and a larger one as a UNIX time of 31 bits.
 * Source: memcached protocol.txt, "Expiration times"; memcached 1.6 cuts the number to 32 bits.
 */
#ifndef TENON_CORE_EXPTIME_H
#define TENON_CORE_EXPTIME_H

#include <stdbool.h>
#include <stdint.h>

/* The largest exptime that a server reads as seconds from now: 30 days. */
#define TENON_EXPTIME_RELATIVE_MAX_S (INT64_C(30) * 24 * 3600)
/* The largest UNIX time that a server can have: 19 January 2038. */
#define TENON_EXPTIME_DATE_MAX_S ((int64_t)INT32_MAX)
/* The largest exptime that a caller may give. */
#define TENON_EXPTIME_MAX_S (INT64_C(1) << 32)

/*
 * Return true when an exptime needs tenon__exptime_prepare(). The others, 0 to 30 days, are
 * sent as they are, and they are nearly all.
 */
static inline bool tenon__exptime_unclear(int64_t exptime)
{
	return (uint64_t)exptime > (uint64_t)TENON_EXPTIME_RELATIVE_MAX_S;
}

/*
 * Turn the exptime of a caller into the one that is sent. Seconds from now that are more than
 * 30 days become a UNIX time. A UNIX time that no server can have becomes the largest one.
 * Shape:   from_now: *exptime is seconds from now, whatever its size. now_s is UNIX time.
 * Returns: true; false when *exptime has no meaning: below -1 or above TENON_EXPTIME_MAX_S.
 */
bool tenon__exptime_prepare(int64_t *exptime, bool from_now, int64_t now_s);

/*
 * Return an exptime that lets an item live no longer than max_s seconds, and no longer than
 * exptime does. exptime is one that can be sent; max_s above 30 days counts as 30 days.
 */
int64_t tenon__exptime_cap(int64_t exptime, int64_t max_s, int64_t now_s);

#endif
