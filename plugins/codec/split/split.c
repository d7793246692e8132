/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Codec split: store a large value as several items. Two formats: libmc's, and tenon's own,
 * sealed, in which every chunk belongs to exactly one write.
 */
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

#include "../../decimal.h"
#include "../codec_common.h"

#define LIBMC_KEY_MAX_BYTES 200 /* libmc splits no value under a longer key */

#define NUMBER_DIGITS 10 /* most digits of a number in a parent */
#define HEX_DIGITS 16    /* of a uint64_t */
#define PARENT_MAX_BYTES 64
#define OPTION_MAX_BYTES (INT64_C(1) << 30) /* of the options chunk and max */
#define QUOTE_BYTES 24 /* of quote()'s buffer */

/* Room for '~' key-length key '/' id '/' index, even when that is too long for a key. */
#define CHUNK_KEY_MAX_BYTES (TENON_KEY_MAX_BYTES + 4 + HEX_DIGITS + 2 + DECIMAL_DIGITS_MAX)

enum format { FORMAT_LIBMC = 0, FORMAT_SEALED = 1 };
static const char *const formats[] = { "libmc", "sealed", NULL };

struct split_options {
	int64_t flag;
	int64_t chunk_bytes;
	int64_t max_bytes;
	int32_t format;
};

struct split {
	const struct tenon_host *host;
	uint64_t max_value_bytes;
	uint64_t chunk_bytes;
	uint64_t max_bytes;
	uint32_t flag;
	enum format format; /* for writing; both formats are read */
};

/* How a value is split, as its parent tells. */
struct pieces {
	enum format format;
	uint32_t count;       /* at least 1 */
	uint64_t piece_bytes; /* length of each chunk but the last */
	uint64_t last_bytes;  /* length of the last chunk; reading libmc's format: at most */
	uint64_t id;	      /* sealed: random number of this write */
	uint64_t checksum;    /* sealed: of all chunks */
};

static int split_check(const void *options, const struct tenon_host *host,
		       struct tenon_error *err)
{
	const struct split_options *chosen = options;
	int64_t count = (chosen->max_bytes - 1) / chosen->chunk_bytes + 1;

	if (chosen->max_bytes < chosen->chunk_bytes) {
		return host->set_error(
			err, TENON_ECONFIG,
			"max is %lld bytes, expected at least chunk, which is %lld bytes",
			(long long)chosen->max_bytes,
			(long long)chosen->chunk_bytes);
	}
	if (count > TENON_CHUNKS_MAX_COUNT) {
		return host->set_error(
			err, TENON_ECONFIG,
			"max of %lld bytes needs %lld chunks of %lld bytes, expected at most %d chunks",
			(long long)chosen->max_bytes, (long long)count,
			(long long)chosen->chunk_bytes, TENON_CHUNKS_MAX_COUNT);
	}
	return codec_check_flag(chosen->flag, host, err);
}

static int split_init(void *self, const void *options,
		      const struct tenon_host *host,
		      const struct tenon_codec_setup *setup,
		      struct tenon_error *err)
{
	const struct split_options *chosen = options;
	struct split *split = self;

	split->host = host;
	if (setup->item_value_bytes > 0 &&
	    (uint64_t)chosen->chunk_bytes > setup->item_value_bytes) {
		return host->set_error(
			err, TENON_ECONFIG,
			"chunk is %lld bytes, expected at most %llu: a longer value does not fit into item_max of the config",
			(long long)chosen->chunk_bytes,
			(unsigned long long)setup->item_value_bytes);
	}
	split->max_value_bytes = setup->max_value_bytes;
	split->chunk_bytes = (uint64_t)chosen->chunk_bytes;
	split->max_bytes = (uint64_t)chosen->max_bytes;
	split->flag = (uint32_t)chosen->flag;
	split->format = (enum format)chosen->format;
	return 0;
}

static uint32_t split_flags(const void *self)
{
	const struct split *split = self;

	return split->flag;
}

static uint32_t split_owns_chunks(const void *self)
{
	const struct split *split = self;

	return split->format == FORMAT_SEALED;
}

static uint64_t split_least_bytes(const void *self)
{
	const struct split *split = self;

	return split->chunk_bytes + 1;
}

/* ---- text --------------------------------------------------------------- */

/* Write number as 16 hexadecimal digits, without NUL. Returns 16. */
static size_t put_hex(char *to, uint64_t number)
{
	for (size_t i = 0; i < HEX_DIGITS; i++) {
		to[i] = "0123456789abcdef"[number >> (60 - 4 * i) & 0xf];
	}
	return HEX_DIGITS;
}

/* Remove the first len bytes of text. */
static void skip(struct tenon_slice *text, size_t len)
{
	text->data = (const char *)text->data + len;
	text->len -= len;
}

/* Remove the first byte of text if it is `expected`; else return false. */
static bool take_char(struct tenon_slice *text, char expected)
{
	if (text->len == 0 || *(const char *)text->data != expected) {
		return false;
	}
	skip(text, 1);
	return true;
}

/*
 * Remove from text a number as put_decimal() writes it, of up to NUMBER_DIGITS digits. Returns
 * false when text does not begin with one.
 */
static bool take_number(struct tenon_slice *text, uint64_t *out)
{
	const char *digits = text->data;
	size_t len = 0;

	*out = 0;
	while (len < text->len && len < NUMBER_DIGITS && digits[len] >= '0' &&
	       digits[len] <= '9') {
		*out = *out * 10 + (uint64_t)(digits[len++] - '0');
	}
	if (len == 0 || (len > 1 && digits[0] == '0')) {
		return false;
	}
	skip(text, len);
	return true;
}

/* Remove from text a number as put_hex() writes it; return false when there is none. */
static bool take_hex(struct tenon_slice *text, uint64_t *out)
{
	const char *digits = text->data;

	if (text->len < HEX_DIGITS) {
		return false;
	}
	*out = 0;
	for (size_t i = 0; i < HEX_DIGITS; i++) {
		bool decimal = digits[i] >= '0' && digits[i] <= '9';

		if (!decimal && (digits[i] < 'a' || digits[i] > 'f')) {
			return false;
		}
		*out = *out << 4 | (uint64_t)(decimal ? digits[i] - '0'
						      : digits[i] - 'a' + 10);
	}
	skip(text, HEX_DIGITS);
	return true;
}

/* Copy the beginning of bytes from a server for an error message: '?' for unprintable bytes. */
static const char *quote(char out[QUOTE_BYTES], struct tenon_slice text)
{
	const char *from = text.data;
	size_t len = text.len < QUOTE_BYTES - 1 ? text.len : QUOTE_BYTES - 1;

	for (size_t i = 0; i < len; i++) {
		out[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	}
	out[len] = '\0';
	return out;
}

/* ---- keys of chunks ----------------------------------------------------- */

/* Write the common beginning of the keys of a value's chunks. Returns its length in bytes. */
static size_t put_key_base(char to[CHUNK_KEY_MAX_BYTES],
			   const struct tenon_slice *key,
			   const struct pieces *pieces)
{
	size_t len = 0;

	to[len++] = '~';
	len += put_decimal(to + len, key->len);
	memcpy(to + len, key->data, key->len);
	len += key->len;
	to[len++] = '/';
	if (pieces->format == FORMAT_SEALED) {
		len += put_hex(to + len, pieces->id);
		to[len++] = '/';
	}
	return len;
}

/* Check that the keys of all chunks are short enough. Errors: `code`. */
static int check_key(const struct split *split, const struct tenon_slice *key,
		     const struct pieces *pieces, int code,
		     struct tenon_error *err)
{
	char base[CHUNK_KEY_MAX_BYTES];
	char index[DECIMAL_DIGITS_MAX];
	size_t longest;

	if (pieces->format == FORMAT_LIBMC) {
		return key->len <= LIBMC_KEY_MAX_BYTES
			       ? 0
			       : split->host->set_error(
					 err, code,
					 "key of %zu bytes is too long: libmc's format splits values under keys of at most %d bytes",
					 key->len, LIBMC_KEY_MAX_BYTES);
	}
	longest = put_key_base(base, key, pieces) +
		  put_decimal(index, pieces->count - 1);
	return longest <= TENON_KEY_MAX_BYTES
		       ? 0
		       : split->host->set_error(
				 err, code,
				 "key of %zu bytes is too long: the keys of its value's chunks would have %zu bytes, expected at most %d",
				 key->len, longest, TENON_KEY_MAX_BYTES);
}

/*
 * Add all chunks to the list. value: the whole value when the chunks are to be stored, NULL when
 * they are to be read. Errors: as chunks->add.
 */
static int add_chunks(const struct split *split, const struct tenon_slice *key,
		      const struct pieces *pieces, const char *value,
		      struct tenon_chunks *chunks, struct tenon_error *err)
{
	char chunk_key[CHUNK_KEY_MAX_BYTES];
	size_t base_len = put_key_base(chunk_key, key, pieces);

	for (uint32_t i = 0; i < pieces->count; i++) {
		size_t key_len = base_len + put_decimal(chunk_key + base_len, i);
		struct tenon_slice piece = {
			NULL, (size_t)(i + 1 < pieces->count
					       ? pieces->piece_bytes
					       : pieces->last_bytes)
		};
		int code;

		if (value) {
			piece.data = value + i * pieces->piece_bytes;
		}
		code = chunks->add(chunks, chunk_key, key_len, piece);
		if (code) {
			return split->host->set_error(
				err, code, "no room for chunk %lu of %lu",
				(unsigned long)i + 1,
				(unsigned long)pieces->count);
		}
	}
	return 0;
}

/* ---- writing ------------------------------------------------------------ */

/* Add a chunk to the checksum. Each hash seeds the next one, so the chunks' order counts. */
static uint64_t add_checksum(uint64_t checksum, const struct tenon_slice *piece)
{
	return XXH3_64bits_withSeed(piece->data, piece->len, checksum);
}

/* Divide and round up. */
static uint64_t divide_up(uint64_t number, uint64_t by)
{
	return number / by + (number % by != 0);
}

/* Decide how to split a value of `bytes` bytes. */
static struct pieces cut(const struct split *split, uint64_t bytes)
{
	struct pieces pieces = { .format = split->format };

	pieces.count = (uint32_t)divide_up(bytes, split->chunk_bytes);
	/* sealed: chunks of equal length, so that a reader computes it from the parent */
	pieces.piece_bytes = split->format == FORMAT_SEALED
				     ? divide_up(bytes, pieces.count)
				     : split->chunk_bytes;
	pieces.last_bytes = bytes - (pieces.count - 1) * pieces.piece_bytes;
	return pieces;
}

/* Write the parent's value. Returns its length in bytes. */
static size_t put_parent(char to[PARENT_MAX_BYTES], const struct pieces *pieces,
			 uint64_t bytes)
{
	size_t len = 0;

	if (pieces->format == FORMAT_LIBMC) {
		return put_decimal(to, pieces->count);
	}
	to[len++] = 'S';
	to[len++] = '1';
	to[len++] = ' ';
	len += put_decimal(to + len, bytes);
	to[len++] = ' ';
	len += put_decimal(to + len, pieces->count);
	to[len++] = ' ';
	len += put_hex(to + len, pieces->id);
	to[len++] = ' ';
	len += put_hex(to + len, pieces->checksum);
	return len;
}

/* Check that this value may be split. Errors: TENON_ETOOBIG, with the limit. */
static int check_value(const struct split *split,
		       const struct tenon_split_item *item,
		       struct tenon_error *err)
{
	if (item->value.len > split->max_bytes) {
		return split->host->set_error(
			err, TENON_ETOOBIG,
			"value of %zu bytes is larger than max of codec split, %llu bytes",
			item->value.len, (unsigned long long)split->max_bytes);
	}
	if (split->format == FORMAT_LIBMC && item->conditional != 0) {
		return split->host->set_error(
			err, TENON_ETOOBIG,
			"value of %zu bytes would have to be split, which libmc's format does for set only; "
			"'format: sealed' does it for add, replace and cas too",
			item->value.len);
	}
	return 0;
}

static int split_scatter(void *self, const struct tenon_split_item *item,
			 struct tenon_chunks *chunks,
			 struct tenon_output *parent, struct tenon_error *err)
{
	const struct split *split = self;
	const struct tenon_host *host = split->host;
	struct pieces pieces;
	int code;

	if (item->value.len <= split->chunk_bytes) {
		return 0;
	}
	code = check_value(split, item, err);
	if (code) {
		return code;
	}
	pieces = cut(split, item->value.len);
	if (pieces.format == FORMAT_SEALED) {
		host->random_bytes(host->context, &pieces.id,
				   sizeof(pieces.id));
	}
	code = check_key(split, &item->key, &pieces, TENON_ETOOBIG, err);
	if (!code) {
		code = add_chunks(split, &item->key, &pieces, item->value.data,
				  chunks, err);
	}
	if (code) {
		return code;
	}
	for (uint32_t i = 0;
	     pieces.format == FORMAT_SEALED && i < pieces.count; i++) {
		pieces.checksum = add_checksum(pieces.checksum,
					       &chunks->list[i].value);
	}
	parent->len = 0;
	code = codec_reserve(host, parent, PARENT_MAX_BYTES, err);
	if (code) {
		return code;
	}
	parent->len = put_parent(parent->data, &pieces, item->value.len);
	return 1;
}

/* ---- reading ------------------------------------------------------------ */

static int too_big(const struct split *split, uint64_t bytes,
		   struct tenon_error *err)
{
	return split->host->set_error(
		err, TENON_ETOOBIG,
		"split value has %llu bytes or more, max_value_bytes is %llu",
		(unsigned long long)bytes,
		(unsigned long long)split->max_value_bytes);
}

/* Read "S1 BYTES COUNT ID CHECKSUM", a sealed parent. Errors: as read_parent(). */
static int read_sealed(const struct split *split, struct tenon_slice text,
		       struct pieces *out, struct tenon_error *err)
{
	const struct tenon_host *host = split->host;
	char quoted[QUOTE_BYTES];
	struct tenon_slice rest = text;
	uint64_t bytes = 0;
	uint64_t count = 0;

	if (!take_char(&rest, 'S') || !take_char(&rest, '1') ||
	    !take_char(&rest, ' ') || !take_number(&rest, &bytes) ||
	    !take_char(&rest, ' ') || !take_number(&rest, &count) ||
	    !take_char(&rest, ' ') || !take_hex(&rest, &out->id) ||
	    !take_char(&rest, ' ') || !take_hex(&rest, &out->checksum) ||
	    rest.len > 0) {
		return host->set_error(
			err, TENON_EUNDECODABLE,
			"'%s' is not the parent of a sealed value",
			quote(quoted, text));
	}
	if (count < 1 || count > TENON_CHUNKS_MAX_COUNT ||
	    divide_up(bytes, count) * (count - 1) >= bytes) {
		return host->set_error(
			err, TENON_EUNDECODABLE,
			"parent '%s' says %llu bytes in %llu chunks, which is impossible",
			quote(quoted, text), (unsigned long long)bytes,
			(unsigned long long)count);
	}
	if (bytes > split->max_value_bytes) {
		return too_big(split, bytes, err);
	}
	out->format = FORMAT_SEALED;
	out->count = (uint32_t)count;
	out->piece_bytes = divide_up(bytes, count);
	out->last_bytes = bytes - (count - 1) * out->piece_bytes;
	return 0;
}

/* Read a parent of libmc's format, a count in decimal. Errors: as read_parent(). */
static int read_libmc(const struct split *split, struct tenon_slice text,
		      struct pieces *out, struct tenon_error *err)
{
	const struct tenon_host *host = split->host;
	uint64_t most = divide_up(split->max_bytes, split->chunk_bytes);
	char quoted[QUOTE_BYTES];
	struct tenon_slice rest = text;
	uint64_t before;
	uint64_t count;

	if (!take_number(&rest, &count) || rest.len > 0) {
		return host->set_error(err, TENON_EUNDECODABLE,
				       "'%s' is not a count of chunks",
				       quote(quoted, text));
	}
	if (count < 1 || count > most) {
		return host->set_error(
			err, TENON_EUNDECODABLE,
			"parent says '%s' chunks, but a value of at most max, %llu bytes, has 1 to %llu chunks of %llu bytes",
			quote(quoted, text),
			(unsigned long long)split->max_bytes,
			(unsigned long long)most,
			(unsigned long long)split->chunk_bytes);
	}
	before = (count - 1) * split->chunk_bytes;
	if (before >= split->max_value_bytes) {
		return too_big(split, before + 1, err);
	}
	out->format = FORMAT_LIBMC;
	out->count = (uint32_t)count;
	out->piece_bytes = split->chunk_bytes;
	out->last_bytes = split->max_value_bytes - before;
	if (out->last_bytes > split->chunk_bytes) {
		out->last_bytes = split->chunk_bytes;
	}
	return 0;
}

/*
 * Read a parent of either format. libmc ignores NULs before and behind the number, so they are
 * removed first. Errors: TENON_EUNDECODABLE, TENON_ETOOBIG.
 */
static int read_parent(const struct split *split,
		       const struct tenon_split_item *parent,
		       struct pieces *out, struct tenon_error *err)
{
	struct tenon_slice text = parent->value;
	int code;

	*out = (struct pieces){ .count = 0 };
	while (take_char(&text, '\0')) {
	}
	while (text.len > 0 &&
	       ((const char *)text.data)[text.len - 1] == '\0') {
		text.len--;
	}
	code = text.len > 0 && *(const char *)text.data == 'S'
		       ? read_sealed(split, text, out, err)
		       : read_libmc(split, text, out, err);
	return code ? code
		    : check_key(split, &parent->key, out, TENON_EUNDECODABLE,
				err);
}

static int split_plan(void *self, const struct tenon_split_item *parent,
		      struct tenon_chunks *chunks, struct tenon_error *err)
{
	const struct split *split = self;
	struct pieces pieces;
	int code = read_parent(split, parent, &pieces, err);

	return code ? code
		    : add_chunks(split, &parent->key, &pieces, NULL, chunks,
				 err);
}

/* Check that chunk i was found and has the right length. Errors: TENON_MISS. */
static int check_chunk(const struct split *split, const struct pieces *pieces,
		       uint32_t i, const struct tenon_slice *value,
		       struct tenon_error *err)
{
	bool last = i + 1 == pieces->count;
	uint64_t most = last ? pieces->last_bytes : pieces->piece_bytes;
	uint64_t least = last && pieces->format == FORMAT_LIBMC ? 1 : most;

	if (!value->data) {
		return split->host->set_error(
			err, TENON_MISS, "chunk %lu of %lu is absent%s",
			(unsigned long)i + 1, (unsigned long)pieces->count,
			least < most && most < pieces->piece_bytes
				? ", or the value is larger than max_value_bytes"
				: "");
	}
	if (value->len < least || value->len > most) {
		return split->host->set_error(
			err, TENON_MISS,
			"chunk %lu of %lu has %zu bytes, expected %s%llu",
			(unsigned long)i + 1, (unsigned long)pieces->count,
			value->len, least < most ? "1 to " : "",
			(unsigned long long)most);
	}
	return 0;
}

static int split_gather(void *self, const struct tenon_split_item *parent,
			const struct tenon_chunk *list, uint32_t count,
			struct tenon_error *err)
{
	const struct split *split = self;
	struct pieces pieces;
	uint64_t checksum = 0;
	int code = read_parent(split, parent, &pieces, err);

	if (!code && count != pieces.count) {
		code = split->host->set_error(
			err, TENON_EUNDECODABLE,
			"%lu chunks were read, but the parent names %lu",
			(unsigned long)count, (unsigned long)pieces.count);
	}
	for (uint32_t i = 0; i < count && !code; i++) {
		code = check_chunk(split, &pieces, i, &list[i].value, err);
	}
	if (code || pieces.format == FORMAT_LIBMC) {
		return code;
	}
	for (uint32_t i = 0; i < count; i++) {
		checksum = add_checksum(checksum, &list[i].value);
	}
	if (checksum != pieces.checksum) {
		return split->host->set_error(
			err, TENON_EUNDECODABLE,
			"the checksum of the chunks is %016llx, expected %016llx",
			(unsigned long long)checksum,
			(unsigned long long)pieces.checksum);
	}
	return 0;
}

static const struct tenon_option split_options[] = {
	{ .name = "format",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct split_options, format),
	  .def_text = "libmc",
	  .choices = formats,
	  .help = "format for writing; both formats are read" },
	{ .name = "chunk",
	  .type = TENON_OPTION_SIZE,
	  .flags = TENON_OPTION_BARE,
	  .offset = offsetof(struct split_options, chunk_bytes),
	  .min = 1,
	  .max = OPTION_MAX_BYTES,
	  .def = 1000000,
	  .help = "values larger than this are split into chunks of at most this size" },
	{ .name = "max",
	  .type = TENON_OPTION_SIZE,
	  .flags = TENON_OPTION_BARE,
	  .offset = offsetof(struct split_options, max_bytes),
	  .min = 1,
	  .max = OPTION_MAX_BYTES,
	  .def = 10000000,
	  .help = "values larger than this are refused" },
	CODEC_FLAG_OPTION(struct split_options, 4096),
	{ .name = NULL }
};

static const struct tenon_codec_ops split_ops = {
	.size = sizeof(struct tenon_codec_ops),
	.state_size = sizeof(struct split),
	.init = split_init,
	.flags = split_flags,
	.scatter = split_scatter,
	.plan = split_plan,
	.gather = split_gather,
	.owns_chunks = split_owns_chunks,
	.least_bytes = split_least_bytes,
};

TENON_PLUGIN_DEFINE(codec_split, .kind = TENON_KIND_CODEC, .name = "split",
		    .version = "1.0",
		    .summary = "large values as several items, in libmc's format or sealed",
		    .options_bytes = sizeof(struct split_options),
		    .options = split_options, .ops = &split_ops,
		    .check = split_check)
