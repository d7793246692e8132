/* SPDX-License-Identifier: BSD-3-Clause */
/* Structs of options, above all struct tenon_call, and which of its options go with which verb. */
#include "api/call_options.h"

#include <inttypes.h>
#include <string.h>

#include "api/client.h"
#include "base/error.h"
#include "operation/call.h"

/* A larger size is none that a struct of a header can have. */
#define STRUCT_MAX_BYTES 4096

/* Check the bytes behind the fields that the library knows: they have to be 0. */
static int check_unknown(const unsigned char *given, size_t from, size_t to,
			 const char *name, struct tenon_error *err)
{
	for (size_t i = from; i < to; i++) {
		if (given[i] != 0) {
			return tenon__error_set(
				err, TENON_EINVAL,
				"struct %s has a field at offset %zu that version " PACKAGE_VERSION
				" of the library does not know",
				name, i);
		}
	}
	return 0;
}

int tenon__options_copy(void *out, size_t size_bytes, const void *given,
			const char *name, struct tenon_error *err)
{
	uint32_t size;
	const uint32_t whole = (uint32_t)size_bytes;

	memcpy(&size, given, sizeof(size));
	memset(out, 0, size_bytes);
	if (size < sizeof(size) || size > STRUCT_MAX_BYTES) {
		return tenon__error_set(err, TENON_EINVAL,
					"size of struct %s is %u, expected sizeof(struct %s)",
					name, (unsigned)size, name);
	}
	memcpy(out, given, size < size_bytes ? size : size_bytes);
	memcpy(out, &whole, sizeof(whole));
	return check_unknown(given, size_bytes, size, name, err);
}

const struct tenon_call tenon__call_usual = { .size = sizeof(
						      tenon__call_usual) };

int tenon__call_read(struct tenon_call *out, const struct tenon_call *given,
		     struct tenon_error *err)
{
	int code = tenon__options_copy(out, sizeof(*out), given, "tenon_call",
				       err);

	if (code || (out->timeout_ms >= 0 &&
		     out->timeout_ms <= TENON_TIMEOUT_MAX_MS)) {
		return code;
	}
	return tenon__error_set(err, TENON_EINVAL,
				"timeout_ms is %" PRId64
				", expected 1 to %d, or 0 for poll_timeout",
				out->timeout_ms, TENON_TIMEOUT_MAX_MS);
}

/* ---- options and verbs --------------------------------------------------- */

/* Return the options that go with a verb over keys, when `given` are the options of the call. */
static unsigned options_of(const struct tenon__verb *verb, unsigned given)
{
	bool has_exptime = verb->exptime ||
			   (given & (TENON_INVALIDATE | TENON_VIVIFY));
	unsigned known = TENON_RAW | TENON_NO_COMPRESS;

	known |= verb->noreply ? TENON_NOREPLY : 0;
	known |= has_exptime ? TENON_FROM_NOW : 0;
	if (verb->shape == TENON_SHAPE_RETRIEVE) {
		known |= TENON_NO_BUMP | TENON_FACTS;
		known |= verb->cas ? TENON_COMPARE : 0;
	}
	if (verb->access == TENON_ACCESS_DELETE) {
		known |= TENON_INVALIDATE | TENON_COMPARE;
	}
	if (verb->modifies) {
		known |= TENON_VIVIFY;
	}
	return known;
}

static bool has_key(const struct tenon__verb *verb)
{
	return verb->shape != TENON_SHAPE_LINE &&
	       verb->shape != TENON_SHAPE_LINES;
}

/* Check lease_s or refresh_s. */
static int check_seconds(const char *name, int64_t seconds,
			 const struct tenon__verb *verb,
			 struct tenon_error *err)
{
	if (seconds == 0) {
		return 0;
	}
	if (!verb->cas || verb->exptime) {
		return tenon__error_set(err, TENON_EINVAL,
					"%s is not allowed with %s: use it with gets",
					name, verb->name);
	}
	return seconds > 0 && seconds <= TENON_LEASE_MAX_S
		       ? 0
		       : tenon__error_set(err, TENON_EINVAL,
			"%s is %" PRId64 ", expected 1 to %d seconds, or 0 for none",
			name, seconds, TENON_LEASE_MAX_S);
}

/* Check that the options go with the verb and the protocol. */
static int check_options(const struct tenon_call *call,
			 const struct tenon__verb *verb,
			 const struct tenon__protocol *protocol,
			 struct tenon_error *err)
{
	unsigned known = has_key(verb)	 ? options_of(verb, call->options)
			 : verb->noreply ? TENON_NOREPLY
					 : 0;

	if (call->options & ~known) {
		return tenon__error_set(err, TENON_EINVAL,
					"options 0x%x are not allowed with %s",
					call->options, verb->name);
	}
	int code = check_seconds("lease_s", call->lease_s, verb, err);
	if (!code) {
		code = check_seconds("refresh_s", call->refresh_s, verb, err);
	}
	if (code || protocol->sends_more || !tenon__call_needs_more(call)) {
		return code;
	}
	return tenon__error_set(err, TENON_EINVAL,
		"options 0x%x, lease_s or refresh_s of the call need `protocol: meta` in the config",
		call->options);
}

int tenon__options_read(struct tenon_call *out, const struct tenon_call *given,
			const struct tenon__verb *verb,
			const struct tenon__protocol *protocol,
			struct tenon_error *err)
{
	int code = tenon__call_read(out, given, err);

	return code ? code : check_options(out, verb, protocol, err);
}
