/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of the translation between the classic protocol and the languages of the toys. */
#include "fakes/toy.h"

#include <stdlib.h>
#include <string.h>

#include "fakes/interpreter.h"
#include "fakes/rig.h"
#include "runner/suite.h"

/* What a client sends in the language `upper`, and the same in the classic protocol. */
static const struct {
	const char *upper, *classic;
} pairs[] = {
	{ "GET k\r\n", "get k\r\n" },
	{ "GETS GET get\r\nGATS 10 K\r\n", "gets GET get\r\ngats 10 K\r\n" },
	{ "VERSION\r\n", "version\r\n" },
	{ "FLUSH_ALL\r\nFLUSH_ALL 5 noreply\r\nSTATS Items\r\n",
	  "flush_all\r\nflush_all 5 noreply\r\nstats Items\r\n" },
	{ "DELETE set noreply\r\nINCR 1 2\r\nTOUCH 1 2 3 4\r\nQUIT\r\n",
	  "delete set noreply\r\nincr 1 2\r\ntouch 1 2 3 4\r\nquit\r\n" },
	{ "SET k 0 0 0\r\n\r\nGET k\r\n", "set k 0 0 0\r\n\r\nget k\r\n" },
	{ "SET k 0 0 7\r\nGET k\r\n\r\nGET k\r\n",
	  "set k 0 0 7\r\nGET k\r\n\r\nget k\r\n" },
	{ "ADD k 9 8 3 noreply\r\nA\nB\r\nREPLACE k 1 2 1\r\nC\r\n",
	  "add k 9 8 3 noreply\r\nA\nB\r\nreplace k 1 2 1\r\nC\r\n" },
	{ "APPEND k 0 -1 12\r\nSET a 0 0 1\n\r\nPREPEND k 0 0 2\r\n\r\n\r\n",
	  "append k 0 -1 12\r\nSET a 0 0 1\n\r\nprepend k 0 0 2\r\n\r\n\r\n" },
	{ "CAS k 0 0 2 77\r\nAB\r\nCAS k 0 0 2 77 noreply\r\nAB\r\nADD\r\n",
	  "cas k 0 0 2 77\r\nAB\r\ncas k 0 0 2 77 noreply\r\nAB\r\nadd\r\n" },
	/* a client that does not speak the language is not understood */
	{ "get k\r\n", "GET k\r\n" },
};

START_TEST(verbs_become_classic_in_pieces_of_every_length)
{
	const char *upper = pairs[_i].upper;
	size_t len = strlen(upper);
	char text[128];

	for (size_t piece = 1; piece <= len; piece++) {
		struct toy_stream stream = { 0 };

		memcpy(text, upper, len + 1);
		for (size_t at = 0; at < len; at += piece) {
			toy_from_client(&stream, TOY_UPPER, text + at,
					len - at < piece ? len - at : piece);
		}
		ck_assert_str_eq(text, pairs[_i].classic);
	}
}
END_TEST

START_TEST(a_line_split_at_any_byte_becomes_the_same)
{
	const char *upper = pairs[_i].upper;
	size_t len = strlen(upper);
	char text[128];

	for (size_t split = 0; split <= len; split++) {
		struct toy_stream stream = { 0 };

		memcpy(text, upper, len + 1);
		toy_from_client(&stream, TOY_UPPER, text, split);
		toy_from_client(&stream, TOY_UPPER, text + split, len - split);
		ck_assert_str_eq(text, pairs[_i].classic);
	}
}
END_TEST

START_TEST(replies_are_not_changed_by_upper)
{
	char text[] = "VALUE k 0 3\r\nget\r\nEND\r\n";

	toy_to_client(TOY_UPPER, text, strlen(text));
	ck_assert_str_eq(text, "VALUE k 0 3\r\nget\r\nEND\r\n");
}
END_TEST

START_TEST(xor_changes_every_byte_in_both_directions)
{
	char *value = binary_value(1000, 1);
	char *changed = binary_value(1000, 1);
	struct toy_stream stream = { 0 };

	toy_to_client(TOY_XOR, changed, 1000);
	for (size_t i = 0; i < 1000; i++) {
		ck_assert_int_eq(changed[i], (char)(value[i] ^ 0x2a));
	}
	toy_from_client(&stream, TOY_XOR, changed, 1);
	toy_from_client(&stream, TOY_XOR, changed + 1, 999);
	ck_assert_mem_eq(changed, value, 1000);
	free(changed);
	free(value);
}
END_TEST

START_TEST(without_a_toy_nothing_is_changed)
{
	char text[] = "GET k\r\nget k\r\n";
	struct toy_stream stream = { 0 };

	toy_from_client(&stream, TOY_NONE, text, strlen(text));
	toy_to_client(TOY_NONE, text, strlen(text));
	ck_assert_str_eq(text, "GET k\r\nget k\r\n");
}
END_TEST

/* Requests of a client over meta, the same in classic, the replies in classic, and over meta. */
static const struct {
	const char *meta, *classic, *replies, *answers;
} talks[] = {
	{ "mg a v f O0000\r\n", "get a\r\n", "VALUE a 7 2\r\nhi\r\nEND\r\n",
	  "VA 2 f7 O0000\r\nhi\r\n" },
	{ "mg a v f c T60 O0000\r\n", "gats 60 a\r\n", "END\r\n", "EN O0000\r\n" },
	{ "mg a q v f O0000\r\nmg b q v f O1000\r\nmn\r\n", "get a b\r\n",
	  "VALUE b 0 0\r\n\r\nEND\r\n", "VA 0 f0 O1000\r\n\r\nMN\r\n" },
	{ "mg a q v f T1 O0000\r\nmg b q v f T2 O1000\r\nmn\r\n",
	  "gat 1 a\r\ngat 2 b\r\n", "END\r\nSERVER_ERROR x\r\n",
	  "SERVER_ERROR x\r\nMN\r\n" },
	{ "ms a 4 C9 F5 T60 O0000\r\nmn\r\n\r\nmd a q O1000\r\nmn\r\nmg k T9 O2000\r\n",
	  "cas a 5 60 4 9\r\nmn\r\n\r\ndelete a noreply\r\nversion\r\n"
	  "get tenon:fence\r\ntouch k 9\r\n",
	  "EXISTS\r\nERROR\r\nVERSION 1\r\nEND\r\nNOT_FOUND\r\n",
	  "EX O0000\r\nERROR\r\nMN\r\nEN O2000\r\n" },
	{ "ma n D5 v MD O0000\r\nstats\r\nma n D5 v O1000\r\n",
	  "decr n 5\r\nstats\r\nincr n 5\r\n", "7 \r\nSTAT a b\r\nEND\r\n",
	  "VA 2 O0000\r\n7 \r\nSTAT a b\r\nEND\r\n" },
	/* what fits no request stays as it is */
	{ "mg a v f O0000\r\n", "get a\r\n", "VALUE b 0 1\r\nx\r\n",
	  "VALUE b 0 1\r\nx\r\n" },
	{ "md a O0000\r\n", "delete a\r\n", "DELETED\r\nDELETED\r\n",
	  "HD O0000\r\nDELETED\r\n" },
};

/* Loop: the talks, in pieces of 1 to 7 bytes. */
START_TEST(an_interpreter_translates_in_pieces_of_every_length)
{
	size_t talk = (size_t)_i % COUNT(talks);
	size_t piece = (size_t)_i / COUNT(talks) + 1;
	const char *replies = talks[talk].replies, *part;
	struct interpreter it = { 0 };
	char text[400] = "";
	size_t len = 0;

	for (const char *at = talks[talk].meta; *at; at += strnlen(at, piece)) {
		interpreter_hear(&it, at, strnlen(at, piece));
	}
	len = interpreter_requests(&it, text, sizeof(text) - 1);
	text[len] = '\0';
	ck_assert_str_eq(text, talks[talk].classic);
	len = 0;
	for (; *replies; replies += strnlen(replies, piece)) {
		size_t n = interpreter_say(&it, replies, strnlen(replies, piece),
					   &part);

		if (n > 0) {
			memcpy(text + len, part, n);
		}
		len += n;
	}
	text[len] = '\0';
	ck_assert_str_eq(text, talks[talk].answers);
	interpreter_fini(&it);
}
END_TEST

START_TEST(the_environment_names_the_toy)
{
	static const char *const names[] = { "", "upper", "xor", "meta" };

	for (int toy = 0; toy < TOYS; toy++) {
		ck_assert_int_eq(setenv("TENON_TOY", names[toy], 1), 0);
		ck_assert_int_eq(toy_chosen(), toy);
	}
	ck_assert_int_eq(unsetenv("TENON_TOY"), 0);
	ck_assert_int_eq(toy_chosen(), TOY_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("toy");
	TCase *tcase = tcase_create("toy");

	LOOP(tcase, verbs_become_classic_in_pieces_of_every_length,
	     COUNT(pairs));
	LOOP(tcase, a_line_split_at_any_byte_becomes_the_same, COUNT(pairs));
	tcase_add_test(tcase, replies_are_not_changed_by_upper);
	tcase_add_test(tcase, xor_changes_every_byte_in_both_directions);
	tcase_add_test(tcase, without_a_toy_nothing_is_changed);
	LOOP(tcase, an_interpreter_translates_in_pieces_of_every_length,
	     7 * COUNT(talks));
	tcase_add_test(tcase, the_environment_names_the_toy);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
