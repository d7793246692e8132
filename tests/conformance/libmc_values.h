/* SPDX-License-Identifier: BSD-3-Clause */
/* What libmc stored: tests/vectors/libmc/values.tsv. */
#ifndef TENON_TESTS_LIBMC_VALUES_H
#define TENON_TESTS_LIBMC_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIBMC_ITEMS_MAX 16

/* An item that was on the server. */
struct libmc_item {
	char *key;
	uint32_t flags;
	size_t len;
	char *sha256; /* in hexadecimal digits */
	char *hex;    /* all of it, or "-" */
};

/* A value that libmc was given, and what became of it. */
struct libmc_case {
	char *name;
	char *option; /* "comp_threshold=100"; "-": none */
	char *key;    /* without prefix */
	char *value;  /* as bytes, of exactly len */
	size_t len;
	bool stored;
	struct libmc_item items[LIBMC_ITEMS_MAX]; /* in the order of the file */
	size_t count;
	char *absent[LIBMC_ITEMS_MAX]; /* keys under which there was nothing */
	size_t absent_count;
};

/* Tell check of each case; returns how many there were. */
size_t libmc_values_each(void (*check)(const struct libmc_case *libmc,
				       void *payload),
			 void *payload);

/* The item under this key, or NULL. */
const struct libmc_item *libmc_find(const struct libmc_case *libmc,
				    const char *key, size_t key_len);

#endif
