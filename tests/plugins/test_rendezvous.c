/* SPDX-License-Identifier: BSD-3-Clause */
/* Highest scores: answers of pymemcache and of mcrouter's functions, names, keys, and walks. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/ring_file.h"
#include "runner/suite.h"

#define TEXT "{of: pymemcache, key_form: text}"
#define BYTES "{of: pymemcache, key_form: bytes}"
#define MCROUTER "{of: mcrouter}"

static const struct ring_file files[] = {
	{ "pymemcache-rendezvous-murmur3-3", "rendezvous", NULL, NULL, 100 },
	{ "pymemcache-rendezvous-murmur3-8", "rendezvous", TEXT, NULL, 100 },
	{ "pymemcache-rendezvous-murmur3-20", "rendezvous", TEXT, NULL, 100 },
	{ "pymemcache-rendezvous-text-8", "rendezvous", TEXT, NULL, 100 },
	{ "pymemcache-rendezvous-bytes-8", "rendezvous", BYTES, NULL, 100 },
	{ "pymemcache-rendezvous-text-unix", "rendezvous", TEXT, NULL, 100 },
	{ "mcrouter-rendezvous-3", "rendezvous", MCROUTER, NULL, 100 },
	{ "mcrouter-rendezvous-8", "rendezvous", MCROUTER, NULL, 100 },
	{ "mcrouter-rendezvous-20", "rendezvous", MCROUTER, NULL, 100 },
	{ "mcrouter-rendezvous-100", "rendezvous", MCROUTER, NULL, 100 },
	{ "mcrouter-rendezvous-alias", "rendezvous", MCROUTER, NULL, 100 },
};
#define FILES_COUNT (sizeof(files) / sizeof(files[0]))

START_TEST(every_key_is_where_the_peer_puts_it)
{
	ring_file_check(&files[_i]);
}
END_TEST

static uint32_t home(const struct ring *ring, const char *key)
{
	return ring_home(ring, NULL, key, strlen(key));
}

/* Of pymemcache, for "key:0" ... "key:11". */
static const struct {
	const char *options;
	uint32_t homes[12];
} published[] = {
	{ TEXT, { 1, 1, 2, 2, 0, 1, 2, 0, 2, 2, 2, 2 } },
	{ BYTES, { 1, 0, 2, 2, 0, 2, 2, 2, 0, 2, 1, 2 } },
};

START_TEST(published_homes_are_found)
{
	static const struct tenon_ring_server servers[] = {
		{ NULL, "10.0.0.1", 11211, 1, 0, 0 },
		{ NULL, "10.0.0.2", 11211, 1, 0, 0 },
		{ NULL, "10.0.0.3", 11212, 1, 0, 0 },
	};
	struct ring ring;

	ring_make(&ring, "rendezvous", published[_i].options, servers, 3, NULL);
	for (unsigned n = 0; n < 12; n++) {
		char key[16];

		snprintf(key, sizeof(key), "key:%u", n);
		ck_assert_uint_eq(home(&ring, key), published[_i].homes[n]);
	}
	ring_free(&ring);
}
END_TEST

/*
 * Names whose scores of the key "key" are equal, and the winner: produced by running RendezvousHash
 * of pymemcache 3.5.2, in both orders.
 */
static const struct {
	const char *winner;
	const char *other;
} ties[] = {
	{ "s155201", "s136285" },
	{ "s51836", "s220441" },
	{ "s251989", "s204258" },
};

START_TEST(equal_scores_go_to_the_larger_name)
{
	for (uint32_t first = 0; first < 2; first++) {
		struct tenon_ring_server servers[2] = {
			{ NULL, "h", 1, 1, 0, 0 }, { NULL, "h", 2, 1, 0, 0 }
		};
		struct ring ring;

		servers[first].alias = ties[_i].winner;
		servers[1 - first].alias = ties[_i].other;
		ring_make(&ring, "rendezvous", TEXT, servers, 2, NULL);
		ck_assert_uint_eq(home(&ring, "key"), first);
		ring_free(&ring);
	}
}
END_TEST

/* Two servers have one name, so all their scores are equal. */
START_TEST(equal_scores_of_mcrouter_go_to_the_last_server)
{
	static const struct tenon_ring_server servers[] = {
		{ "twin", "h", 1, 1, 0, 0 }, { "twin", "h", 2, 1, 0, 0 }
	};
	struct ring ring;

	ring_make(&ring, "rendezvous", MCROUTER, servers, 2, NULL);
	ck_assert_uint_eq(home(&ring, "key"), 1);
	ck_assert_uint_eq(ring_nth(&ring, 0, "key", 3, 1), 0);
	ring_free(&ring);
}
END_TEST

/*
 * Texts that are not UTF-8. Each byte that belongs to no character counts as one character, so the
 * key has the home server of the key of the second column, whose characters have the same low bytes.
 */
static const struct {
	const char *broken;
	const char *equal;
} texts[] = {
	{ "\xff", "\xc3\xbf" },                         /* no first byte */
	{ "\xc3", "\xc3\x83" },                         /* a character that ends early */
	{ "a\xe4\xb8", "a\xc3\xa4\xc2\xb8" },           /* the same, of three bytes */
	{ "\xe4\xb8z", "\xc3\xa4\xc2\xb8z" },           /* a byte that goes on for no byte */
	{ "\xc0\xaf", "\xc3\x80\xc2\xaf" },             /* a number that is too long */
	{ "\xe0\x80\xaf", "\xc3\xa0\xc2\x80\xc2\xaf" }, /* the same, of three bytes */
	{ "\xed\xa0\x80", "\xc3\xad\xc2\xa0\xc2\x80" }, /* a surrogate */
	{ "\xf0\x80\x80\xaf", "\xc3\xb0\xc2\x80\xc2\x80\xc2\xaf" },
	{ "\xf4\x90\x80\x80", "\xc3\xb4\xc2\x90\xc2\x80\xc2\x80" },
	{ "\xf5\x80\x80\x80", "\xc3\xb5\xc2\x80\xc2\x80\xc2\x80" },
};

/* Fill servers of 1000 names, so that another text almost certainly has another home server. */
static void make_thousand(struct ring *ring, const char *options)
{
	struct tenon_ring_server *servers = calloc(1000, sizeof(*servers));

	ck_assert_ptr_nonnull(servers);
	for (uint32_t i = 0; i < 1000; i++) {
		servers[i] = (struct tenon_ring_server){ .host = "cache",
							 .port = 1 + i,
							 .weight = 1 };
	}
	ring_make(ring, "rendezvous", options, servers, 1000, NULL);
	free(servers);
}

START_TEST(bytes_that_are_no_text_are_characters)
{
	struct ring ring;

	make_thousand(&ring, TEXT);
	ck_assert_uint_eq(home(&ring, texts[_i].broken),
			  home(&ring, texts[_i].equal));
	ring_free(&ring);
}
END_TEST

/* Each byte of the longest key becomes four characters, in the form that Python prints. */
START_TEST(longest_key_of_bytes_has_room)
{
	struct ring plain;
	struct ring bytes;
	char key[TENON_KEY_MAX_BYTES];
	char text[4 * TENON_KEY_MAX_BYTES + 4] = "b'";

	memset(key, 0xff, sizeof(key));
	for (size_t i = 0; i < sizeof(key); i++) {
		memcpy(text + 2 + 4 * i, "\\xff", 4);
	}
	text[sizeof(text) - 2] = '\'';
	text[sizeof(text) - 1] = '\0';
	make_thousand(&plain, TEXT);
	make_thousand(&bytes, BYTES);
	/* the text has room too, although no key is so long */
	ck_assert_uint_eq(strlen(text), 1003);
	ck_assert_uint_eq(ring_home(&bytes, NULL, key, sizeof(key)),
			  home(&plain, text));
	ring_free(&plain);
	ring_free(&bytes);
}
END_TEST

/* rendezvous.c: RANKED_MAX. From there on, the servers come by position. */
START_TEST(walk_goes_on_by_position_after_64_servers)
{
	struct ring ring;
	uint32_t last = 0;
	uint32_t found[1000];
	bool seen[1000] = { false };

	make_thousand(&ring, MCROUTER);
	for (uint32_t nth = 0; nth < 1000; nth++) {
		found[nth] = ring_nth(&ring, 0, "key", 3, nth);
		if (nth >= 64) {
			do {
				last = (last + 1) % 1000;
			} while (seen[last]);
			ck_assert_uint_eq(found[nth], last);
		}
		last = found[nth];
		seen[last] = true;
	}
	ck_assert_uint_eq(ring_nth(&ring, 0, "key", 3, 1000), TENON_NO_SERVER);
	ring_free(&ring);
}
END_TEST

START_TEST(ring_describes_itself)
{
	struct ring ring;

	make_thousand(&ring, _i ? MCROUTER : NULL);
	ck_assert_uint_eq(ring_traits(&ring),
			  TENON_RING_OWN_HASH | TENON_RING_NO_WEIGHT);
	ring_free(&ring);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rendezvous");
	TCase *tcase = tcase_create("peers");

	tcase_add_loop_test(tcase, every_key_is_where_the_peer_puts_it, 0,
			    FILES_COUNT);
	tcase_add_loop_test(tcase, published_homes_are_found, 0,
			    sizeof(published) / sizeof(published[0]));
	tcase_add_loop_test(tcase, equal_scores_go_to_the_larger_name, 0,
			    sizeof(ties) / sizeof(ties[0]));
	tcase_add_test(tcase, equal_scores_of_mcrouter_go_to_the_last_server);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("keys");
	tcase_add_loop_test(tcase, bytes_that_are_no_text_are_characters, 0,
			    sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tcase, longest_key_of_bytes_has_room);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("next");
	tcase_add_test(tcase, walk_goes_on_by_position_after_64_servers);
	tcase_add_loop_test(tcase, ring_describes_itself, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
