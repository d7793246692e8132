/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/libmc_values.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 2048
#define FIELDS_MAX 8

/* Cut a line at its tabs. Returns the number of fields. */
static size_t cut_fields(char *line, char *fields[FIELDS_MAX])
{
	size_t count = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *at = line; at && count < FIELDS_MAX;) {
		fields[count++] = at;
		at = strchr(at, '\t');
		if (at) {
			*at++ = '\0';
		}
	}
	return count;
}

static char *copy_text(const char *text)
{
	char *copy = strdup(text);

	ck_assert_ptr_nonnull(copy);
	return copy;
}

static void make_room(struct libmc_case *libmc, size_t len)
{
	libmc->value = malloc(len > 0 ? len : 1);
	ck_assert_ptr_nonnull(libmc->value);
	libmc->len = len;
}

static void take_bytes(struct libmc_case *libmc, const char *bytes, size_t len)
{
	make_room(libmc, len);
	memcpy(libmc->value, bytes, len);
}

/* Convert the field VALUE to bytes. */
static void take_value(struct libmc_case *libmc, const char *text)
{
	unsigned long seed;
	unsigned long len;
	unsigned long times;
	char word[32];

	if (sscanf(text, "pattern(%lu,%lu)", &seed, &len) == 2) {
		make_room(libmc, len);
		for (uint64_t i = 0; i < len; i++) {
			libmc->value[i] =
				(char)((i * i * 31 + i * seed + seed) % 251);
		}
	} else if (sscanf(text, "text \"%31[^\"]\" %lu times", word, &times) ==
		   2) {
		make_room(libmc, times * strlen(word));
		for (size_t i = 0; i < libmc->len; i++) {
			libmc->value[i] = word[i % strlen(word)];
		}
	} else if (strncmp(text, "bytes \"", 7) == 0) {
		take_bytes(libmc, text + 7, strlen(text + 7) - 1);
	} else if (strncmp(text, "integer ", 8) == 0) {
		take_bytes(libmc, text + 8, strlen(text + 8));
	} else {
		ck_assert_str_eq(text, "boolean true");
		take_bytes(libmc, "1", 1);
	}
}

static void take_item(struct libmc_case *libmc, char *fields[FIELDS_MAX])
{
	struct libmc_item *item = &libmc->items[libmc->count++];

	ck_assert_str_eq(fields[1], libmc->name);
	ck_assert_uint_le(libmc->count, LIBMC_ITEMS_MAX);
	*item = (struct libmc_item){
		.key = copy_text(fields[2]),
		.flags = (uint32_t)strtoul(fields[3], NULL, 10),
		.len = strtoul(fields[4], NULL, 10),
		.sha256 = copy_text(fields[5]),
		.hex = copy_text(fields[6]),
	};
}

static void take_absent(struct libmc_case *libmc, char *fields[FIELDS_MAX])
{
	ck_assert_str_eq(fields[1], libmc->name);
	ck_assert_uint_lt(libmc->absent_count, LIBMC_ITEMS_MAX);
	libmc->absent[libmc->absent_count++] = copy_text(fields[2]);
}

static void forget(struct libmc_case *libmc)
{
	for (size_t i = 0; i < libmc->absent_count; i++) {
		free(libmc->absent[i]);
	}
	for (size_t i = 0; i < libmc->count; i++) {
		free(libmc->items[i].key);
		free(libmc->items[i].sha256);
		free(libmc->items[i].hex);
	}
	free(libmc->name);
	free(libmc->option);
	free(libmc->key);
	free(libmc->value);
	memset(libmc, 0, sizeof(*libmc));
}

size_t libmc_item_bytes(const struct libmc_item *item, char *to, size_t size)
{
	size_t len = strlen(item->hex) / 2;
	unsigned byte;

	ck_assert_uint_le(len, size);
	for (size_t i = 0; i < len; i++) {
		ck_assert_int_eq(sscanf(item->hex + 2 * i, "%2x", &byte), 1);
		to[i] = (char)byte;
	}
	return len;
}

const struct libmc_item *libmc_find(const struct libmc_case *libmc,
				    const char *key, size_t key_len)
{
	for (size_t i = 0; i < libmc->count; i++) {
		if (strlen(libmc->items[i].key) == key_len &&
		    memcmp(libmc->items[i].key, key, key_len) == 0) {
			return &libmc->items[i];
		}
	}
	return NULL;
}

size_t libmc_values_each(void (*check)(const struct libmc_case *libmc,
				       void *payload),
			 void *payload)
{
	const char *source = getenv("abs_top_srcdir");
	struct libmc_case libmc = { 0 };
	char line[LINE_MAX_BYTES];
	char *fields[FIELDS_MAX];
	char path[4096];
	size_t cases = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/vectors/libmc/values.tsv",
		 source ? source : ".");
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s: cannot be read", path);
	while (fgets(line, sizeof(line), file)) {
		size_t count = cut_fields(line, fields);

		if (strcmp(fields[0], "item") == 0) {
			ck_assert_uint_eq(count, 7);
			take_item(&libmc, fields);
		} else if (strcmp(fields[0], "absent") == 0) {
			ck_assert_uint_eq(count, 3);
			take_absent(&libmc, fields);
		} else if (strcmp(fields[0], "value") == 0) {
			ck_assert_uint_eq(count, 6);
			if (cases++ > 0) {
				check(&libmc, payload);
			}
			forget(&libmc);
			libmc.name = copy_text(fields[1]);
			libmc.option = copy_text(fields[2]);
			libmc.key = copy_text(fields[3]);
			take_value(&libmc, fields[4]);
			libmc.stored = strcmp(fields[5], "stored=True") == 0;
		}
	}
	fclose(file);
	ck_assert_uint_gt(cases, 0);
	check(&libmc, payload);
	forget(&libmc);
	return cases;
}
