/* SPDX-License-Identifier: BSD-3-Clause */
/* Source: memcached doc/protocol.txt, "Meta Commands". */
#include "wire/meta/meta_flags.h"

#include "wire/digits.h"
#include "wire/meta/opaque.h"
#include "wire/send.h"

/* ---- requests ---------------------------------------------------------------- */

static char *put_number(char *at, char flag, uint64_t number)
{
	return tenon__put_u64(put_flag(at, flag), number);
}

char *tenon__meta_put_get(char *at, const struct tenon__request *req, bool quiet)
{
	const struct tenon_call *call = tenon__request_more(req);
	int64_t refresh_s = tenon__request_early_s(req, call->refresh_s);

	if (quiet) {
		at = put_flag(at, 'q');
	}
	at = call->options & TENON_FACTS ? tenon__send_bytes(at, " f t h l s u", 12)
					 : tenon__send_bytes(at, " v f t", 6);
	if (req->verb->cas) {
		at = put_flag(at, 'c');
	}
	if (req->verb->exptime) {
		at = tenon__put_i64(put_flag(at, 'T'), req->item->exptime);
	}
	if (call->lease_s) {
		at = put_number(at, 'N', (uint64_t)call->lease_s);
	}
	if (refresh_s) {
		at = put_number(at, 'R', (uint64_t)refresh_s);
	}
	if (call->options & TENON_COMPARE) {
		at = put_number(at, 'C', req->item->cas);
	}
	return (call->options & (TENON_NO_BUMP | TENON_FACTS)) == TENON_NO_BUMP
		       ? put_flag(at, 'u')
		       : at;
}

/* Write what a delete does instead of deleting, and under which condition. */
static char *put_delete(char *at, const struct tenon__request *req)
{
	const struct tenon_item *item = req->item;

	if (tenon__request_more(req)->options & TENON_COMPARE) {
		at = put_number(at, 'C', item->cas);
	}
	if (!(tenon__request_more(req)->options & TENON_INVALIDATE)) {
		return at;
	}
	at = put_flag(at, 'I');
	return item->exptime ? tenon__put_i64(put_flag(at, 'T'), item->exptime)
			     : at;
}

/* Write what becomes of a key that is absent. */
static char *put_vivify(char *at, const struct tenon__request *req)
{
	const struct tenon_item *item = req->item;

	at = tenon__put_i64(put_flag(at, 'N'), item->exptime);
	if (req->verb->delta) {
		return put_number(at, 'J', item->initial);
	}
	return item->flags ? put_number(at, 'F', item->flags) : at;
}

char *tenon__meta_put_change(char *at, const struct tenon__request *req)
{
	const struct tenon__verb *verb = req->verb;

	if (verb->access == TENON_ACCESS_DELETE) {
		return put_delete(at, req);
	}
	if (req->item->new_cas) {
		at = put_number(at, 'E', req->item->new_cas);
	}
	return verb->modifies && ((tenon__request_more(req)->options & TENON_VIVIFY) ||
				  (verb->delta && req->item->initial))
		       ? put_vivify(at, req)
		       : at;
}

/* ---- replies ----------------------------------------------------------------- */

/* The bit of a flag with a small letter. */
#define BIT(flag) (UINT32_C(1) << ((flag) - 'a'))
#define FACTS (BIT('h') | BIT('l') | BIT('s'))

uint32_t tenon__meta_asked(const struct tenon__request *req)
{
	const struct tenon_call *more = tenon__request_more(req);
	uint32_t asked = req->verb->cas ? BIT('c') : 0;

	if (req->verb->shape == TENON_SHAPE_RETRIEVE) {
		asked |= BIT('f');
		asked |= more ? BIT('t') : 0;
		asked |= more && (more->options & TENON_FACTS) ? FACTS : 0;
	}
	return asked;
}

/* The mark that a server adds for an item which is stale, or which somebody is to store; 0: none. */
static uint32_t mark_of(char flag)
{
	return flag == 'W'   ? TENON_MARK_WON
	       : flag == 'X' ? TENON_MARK_STALE
	       : flag == 'Z' ? TENON_MARK_TAKEN
			     : 0;
}

/* Read the seconds that an item has left; -1: it does not expire. */
static const char *read_ttl(const char *at, int64_t *out)
{
	bool negative = *at == '-';
	uint64_t number;
	const char *end = tenon__read_u64(at + negative, &number);

	if (!end || number > INT64_MAX || (negative && number != 1)) {
		return NULL;
	}
	*out = negative ? -1 : (int64_t)number;
	return end;
}

/* Read the token of a flag whose token is a number. Returns its end; NULL: there is no such flag. */
static const char *read_token(char flag, const char *at,
			      struct tenon__meta_flags *out)
{
	uint64_t hit = 0;
	const char *end;

	switch (flag) {
	case 'f':
		end = tenon__read_u64(at, &out->flags);
		return out->flags <= UINT32_MAX ? end : NULL;
	case 'c':
		return tenon__read_u64(at, &out->cas);
	case 's':
		return tenon__read_u64(at, &out->size_bytes);
	case 'l':
		return tenon__read_u64(at, &out->idle_s);
	case 't':
		return read_ttl(at, &out->ttl_s);
	case 'h':
		end = tenon__read_u64(at, &hit);
		out->marks |= hit ? TENON_MARK_READ : 0;
		return hit <= 1 ? end : NULL;
	default:
		return NULL;
	}
}

/* Read one flag of those that were asked for, behind the space in front. */
static const char *read_asked(const char *at, uint32_t asked,
			      struct tenon__meta_flags *out)
{
	if (at[0] < 'a' || at[0] > 'z' || !(asked & ~out->came & BIT(at[0]))) {
		return NULL;
	}
	out->came |= BIT(at[0]);
	return read_token(at[0], at + 1, out);
}

const char *tenon__meta_read_flags(const char *at, const char *end,
				   uint32_t asked,
				   struct tenon__meta_flags *out)
{
	bool found = false;

	*out = (struct tenon__meta_flags){ 0 };
	while (at && *at == ' ') {
		uint32_t mark = mark_of(at[1]);

		if (mark) {
			out->marks |= mark;
			at += 2;
		} else if (at[1] == 'O' && !found && end - at >= TAIL_BYTES) {
			found = read_letters(at + 2, &out->opaque);
			at = found ? at + 2 + OPAQUE_LETTERS : NULL;
		} else {
			at = found ? NULL : read_asked(at + 1, asked, out);
		}
	}
	return at && found && out->came == asked && at[0] == '\r' &&
			       at[1] == '\n'
		       ? at + 2
		       : NULL;
}

void tenon__meta_keep_flags(struct tenon_result *result,
			    const struct tenon__meta_flags *said)
{
	result->flags = (uint32_t)said->flags;
	result->cas = said->cas;
	result->marks = said->marks;
	result->ttl_s = said->ttl_s;
	result->size_bytes = said->size_bytes;
	result->idle_s = said->idle_s;
}

void tenon__meta_keep_vacant(struct tenon_result *result)
{
	result->marks &= TENON_MARK_WON | TENON_MARK_TAKEN;
	result->flags = 0;
	result->ttl_s = 0;
	result->size_bytes = 0;
	result->idle_s = 0;
}

int tenon__meta_status_more(const struct tenon__request *req, const char *code)
{
	unsigned options = tenon__request_more(req)->options;
	const struct tenon__verb *verb = req->verb;

	if (verb->shape == TENON_SHAPE_RETRIEVE && memcmp(code, "HD", 2) == 0) {
		return options & TENON_FACTS	 ? TENON_HIT
		       : options & TENON_COMPARE ? TENON_NOT_MODIFIED
						 : 0;
	}
	if (verb->access == TENON_ACCESS_DELETE && memcmp(code, "EX", 2) == 0) {
		return options & TENON_COMPARE ? TENON_EXISTS : 0;
	}
	return verb->delta && memcmp(code, "NS", 2) == 0
		       ? TENON_NOT_STORED
		       : 0;
}
