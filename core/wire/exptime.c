/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/exptime.h"

bool tenon__exptime_prepare(int64_t *exptime, bool from_now, int64_t now_s)
{
	int64_t date_s = *exptime;

	if (date_s < -1 || date_s > TENON_EXPTIME_MAX_S) {
		return false;
	}
	if (date_s <= TENON_EXPTIME_RELATIVE_MAX_S) {
		return true;
	}
	if (from_now) {
		date_s += now_s;
	}
	if (date_s > TENON_EXPTIME_DATE_MAX_S) {
		date_s = TENON_EXPTIME_DATE_MAX_S;
		/* near the largest UNIX time, 30 days from now are later */
		if (date_s - now_s < TENON_EXPTIME_RELATIVE_MAX_S) {
			date_s = TENON_EXPTIME_RELATIVE_MAX_S;
		}
	}
	*exptime = date_s;
	return true;
}

int64_t tenon__exptime_cap(int64_t exptime, int64_t max_s, int64_t now_s)
{
	int64_t left_s = exptime;

	if (max_s > TENON_EXPTIME_RELATIVE_MAX_S) {
		max_s = TENON_EXPTIME_RELATIVE_MAX_S;
	}
	if (exptime > TENON_EXPTIME_RELATIVE_MAX_S) {
		left_s = exptime - now_s;
	}
	return exptime == 0 || left_s > max_s ? max_s : exptime;
}
