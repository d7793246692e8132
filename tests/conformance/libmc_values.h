/* SPDX-License-Identifier: BSD-3-Clause */
/* The items that libmc stored: tests/vectors/libmc/values.tsv. */
#ifndef TENON_TESTS_LIBMC_VALUES_H
#define TENON_TESTS_LIBMC_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIBMC_ITEMS_MAX 16

/* One item on the server. */
struct libmc_item {
	char *key;
	uint32_t flags;
	size_t len;
	char *sha256; /* in hexadecimal digits */
	char *hex;    /* all bytes in hexadecimal digits, or "-" */
};

/* A value that libmc was asked to store, and the items that were on the server afterwards. */
struct libmc_case {
	char *name;
	char *option; /* option of libmc, "comp_threshold=100"; "-": none */
	char *key;    /* without prefix */
	char *value;  /* the bytes, in memory of exactly len bytes */
	size_t len;
	bool stored;
	struct libmc_item items[LIBMC_ITEMS_MAX]; /* in the order of the file */
	size_t count;
	char *absent[LIBMC_ITEMS_MAX]; /* keys without an item */
	size_t absent_count;
};

/* Call check for each case. Returns the number of cases. */
size_t libmc_values_each(void (*check)(const struct libmc_case *libmc,
				       void *payload),
			 void *payload);

/*
 * Write the bytes of an item that has hex: at most size bytes. Returns their number.
 */
size_t libmc_item_bytes(const struct libmc_item *item, char *to, size_t size);

/* Return the item under this key, or NULL. */
const struct libmc_item *libmc_find(const struct libmc_case *libmc,
				    const char *key, size_t key_len);

#endif
