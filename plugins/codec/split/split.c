/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large values as several items: libmc's format, and one of our own, sealed,
 * whose chunks belong to one write and to no other.
 */
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

#include "../flag.h"

#define LIBMC_KEY_MAX_BYTES 200 /* libmc's, of keys of values that it splits */

#define DIGITS_MAX 20    /* of a uint64_t, and more than a parent's numbers have */
#define NUMBER_DIGITS 10 /* of the longest number that a parent may have */
#define HEX_DIGITS 16    /* of a uint64_t */
#define PARENT_MAX_BYTES 64
#define OPTION_MAX_BYTES (INT64_C(1) << 30) /* of chunk and of max */
#define QUOTE_BYTES 24

/* "~250" key "/" id "/" index, before anybody found out that it is too long. */
#define CHUNK_KEY_MAX_BYTES (TENON_KEY_MAX_BYTES + 4 + HEX_DIGITS + 2 + DIGITS_MAX)

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
	enum format format; /* to write; either is read */
};

/* How a value is split: what its parent says. */
struct pieces {
	enum format format;
	uint32_t count;       /* at least 1 */
	uint64_t piece_bytes; /* of each but the last */
	uint64_t last_bytes;  /* of the last; read from libmc's format: at most */
	uint64_t id;	      /* sealed: of this write */
	uint64_t checksum;    /* sealed */
};

static int split_check(const void *options, const struct tenon_host *host,
		       struct tenon_error *err)
{
	const struct split_options *chosen = options;
	int64_t count = (chosen->max_bytes - 1) / chosen->chunk_bytes + 1;

	if (chosen->max_bytes < chosen->chunk_bytes) {
		return host->set_error(
			err, TENON_ECONFIG,
			"max is %lld bytes, expected at least the %lld of chunk",
			(long long)chosen->max_bytes,
			(long long)chosen->chunk_bytes);
	}
	if (count > TENON_CHUNKS_MAX_COUNT) {
		return host->set_error(
			err, TENON_ECONFIG,
			"max of %lld bytes would be %lld chunks of %lld, expected at most %d",
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
			"chunk is %lld bytes, expected at most %llu, which is what item_max of the config leaves to a value",
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

/* Write number in decimal, without NUL; returns how many digits. */
static size_t put_number(char *to, uint64_t number)
{
	char digits[DIGITS_MAX];
	size_t len = 0;

	do {
		digits[len++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	for (size_t i = 0; i < len; i++) {
		to[i] = digits[len - 1 - i];
	}
	return len;
}

/* Write number as 16 digits, without NUL; returns how many. */
static size_t put_hex(char *to, uint64_t number)
{
	for (size_t i = 0; i < HEX_DIGITS; i++) {
		to[i] = "0123456789abcdef"[number >> (60 - 4 * i) & 0xf];
	}
	return HEX_DIGITS;
}

/* Move the start of text by len bytes. */
static void skip(struct tenon_slice *text, size_t len)
{
	text->data = (const char *)text->data + len;
	text->len -= len;
}

static bool take_char(struct tenon_slice *text, char expected)
{
	if (text->len == 0 || *(const char *)text->data != expected) {
		return false;
	}
	skip(text, 1);
	return true;
}

/* Read what put_number() writes, up to ten digits of it. */
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

/* Read what put_hex() writes. */
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

/* The beginning of what a server sent, fit for a sentence. */
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

/* Write what all keys of a value's chunks begin with; returns its length. */
static size_t put_key_base(char to[CHUNK_KEY_MAX_BYTES],
			   const struct tenon_slice *key,
			   const struct pieces *pieces)
{
	size_t len = 0;

	to[len++] = '~';
	len += put_number(to + len, key->len);
	memcpy(to + len, key->data, key->len);
	len += key->len;
	to[len++] = '/';
	if (pieces->format == FORMAT_SEALED) {
		len += put_hex(to + len, pieces->id);
		to[len++] = '/';
	}
	return len;
}

/* Is the key too long for that many chunks? Says so, with the given code. */
static int check_key(const struct split *split, const struct tenon_slice *key,
		     const struct pieces *pieces, int code,
		     struct tenon_error *err)
{
	char base[CHUNK_KEY_MAX_BYTES];
	char index[DIGITS_MAX];
	size_t longest;

	if (pieces->format == FORMAT_LIBMC) {
		return key->len <= LIBMC_KEY_MAX_BYTES
			       ? 0
			       : split->host->set_error(
					 err, code,
					 "key of %zu bytes: libmc's format splits values under keys of at most %d",
					 key->len, LIBMC_KEY_MAX_BYTES);
	}
	longest = put_key_base(base, key, pieces) +
		  put_number(index, pieces->count - 1);
	return longest <= TENON_KEY_MAX_BYTES
		       ? 0
		       : split->host->set_error(
				 err, code,
				 "key of %zu bytes: those of its value's chunks would have %zu, the limit is %d",
				 key->len, longest, TENON_KEY_MAX_BYTES);
}

/* List the chunks; value is NULL when they are to be read. */
static int add_chunks(const struct split *split, const struct tenon_slice *key,
		      const struct pieces *pieces, const char *value,
		      struct tenon_chunks *chunks, struct tenon_error *err)
{
	char chunk_key[CHUNK_KEY_MAX_BYTES];
	size_t base_len = put_key_base(chunk_key, key, pieces);

	for (uint32_t i = 0; i < pieces->count; i++) {
		size_t key_len = base_len + put_number(chunk_key + base_len, i);
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

/* Each chunk's hash is the seed of the next one's, so that their order counts. */
static uint64_t add_checksum(uint64_t checksum, const struct tenon_slice *piece)
{
	return XXH3_64bits_withSeed(piece->data, piece->len, checksum);
}

static uint64_t divide_up(uint64_t number, uint64_t by)
{
	return number / by + (number % by != 0);
}

/* Decide how to split a value of so many bytes. */
static struct pieces cut(const struct split *split, uint64_t bytes)
{
	struct pieces pieces = { .format = split->format };

	pieces.count = (uint32_t)divide_up(bytes, split->chunk_bytes);
	/* A sealed parent does not say how long a chunk is: they are all alike. */
	pieces.piece_bytes = split->format == FORMAT_SEALED
				     ? divide_up(bytes, pieces.count)
				     : split->chunk_bytes;
	pieces.last_bytes = bytes - (pieces.count - 1) * pieces.piece_bytes;
	return pieces;
}

/* Write the parent's value; returns its length. */
static size_t put_parent(char to[PARENT_MAX_BYTES], const struct pieces *pieces,
			 uint64_t bytes)
{
	size_t len = 0;

	if (pieces->format == FORMAT_LIBMC) {
		return put_number(to, pieces->count);
	}
	to[len++] = 'S';
	to[len++] = '1';
	to[len++] = ' ';
	len += put_number(to + len, bytes);
	to[len++] = ' ';
	len += put_number(to + len, pieces->count);
	to[len++] = ' ';
	len += put_hex(to + len, pieces->id);
	to[len++] = ' ';
	len += put_hex(to + len, pieces->checksum);
	return len;
}

/* May this value be split? Errors: TENON_ETOOBIG, with the limit. */
static int check_value(const struct split *split,
		       const struct tenon_split_item *item,
		       struct tenon_error *err)
{
	if (item->value.len > split->max_bytes) {
		return split->host->set_error(
			err, TENON_ETOOBIG,
			"value of %zu bytes: split takes up to max, which is %llu",
			item->value.len, (unsigned long long)split->max_bytes);
	}
	if (split->format == FORMAT_LIBMC && item->conditional != 0) {
		return split->host->set_error(
			err, TENON_ETOOBIG,
			"value of %zu bytes would be split, which libmc's format does for set only; "
			"'format: sealed' also does it for add, replace and cas",
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
	code = parent->reserve(parent, PARENT_MAX_BYTES);
	if (code) {
		return host->set_error(err, code, "no room for %d bytes",
				       PARENT_MAX_BYTES);
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
		"value in chunks has %llu bytes or more, max_value_bytes is %llu",
		(unsigned long long)bytes,
		(unsigned long long)split->max_value_bytes);
}

/* "S1 BYTES COUNT ID CHECKSUM" */
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
			"'%s' is not what a sealed value's key holds",
			quote(quoted, text));
	}
	if (count < 1 || count > TENON_CHUNKS_MAX_COUNT ||
	    divide_up(bytes, count) * (count - 1) >= bytes) {
		return host->set_error(
			err, TENON_EUNDECODABLE,
			"'%s' says %llu bytes in %llu chunks, which no value has",
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

/* A count in decimal; libmc reads it without the NULs around it. */
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
			"'%s' chunks: a value of up to max, %llu bytes, has 1 to %llu of %llu bytes",
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

/* Errors: as split_plan(). */
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

/* Is this chunk there, and as long as it has to be? Errors: TENON_MISS. */
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
			"%lu chunks were read, expected %lu",
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
			"the chunks' checksum is %016llx, expected %016llx",
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
	  .help = "how values are written; both are read" },
	{ .name = "chunk",
	  .type = TENON_OPTION_SIZE,
	  .flags = TENON_OPTION_BARE,
	  .offset = offsetof(struct split_options, chunk_bytes),
	  .min = 1,
	  .max = OPTION_MAX_BYTES,
	  .def = 1000000,
	  .help = "values above this are split into chunks of at most this" },
	{ .name = "max",
	  .type = TENON_OPTION_SIZE,
	  .flags = TENON_OPTION_BARE,
	  .offset = offsetof(struct split_options, max_bytes),
	  .min = 1,
	  .max = OPTION_MAX_BYTES,
	  .def = 10000000,
	  .help = "values above this are refused" },
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
		    .summary = "large values as several items, as libmc has them or sealed",
		    .options_bytes = sizeof(struct split_options),
		    .options = split_options, .ops = &split_ops,
		    .check = split_check)
