/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables of states: of a request and of a connection. The test prints them, and compares the
 * pictures in the READMEs with them. `test_states --write` writes the pictures anew.
 */
#include <check.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connection/connection.h"
#include "runner/suite.h"

#define TEXT_BYTES 20000
#define PICTURE_BEGIN "```mermaid\n"
#define PICTURE_END   "```\n"

static const struct {
	const struct tenon__states *states;
	const char *readme;
} tables[] = {
	{ &tenon__request_states, "core/wire/README.md" },
	{ &tenon__connection_states, "core/connection/README.md" },
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* Write the picture of a table: a state with its meaning, and an arrow to each state that may follow. */
static void draw(const struct tenon__states *states, char *out, size_t size)
{
	size_t len = (size_t)snprintf(
		out, size, PICTURE_BEGIN "stateDiagram-v2\n    [*] --> %s\n",
		states->list[0].name);

	for (unsigned from = 0; from < states->count; from++) {
		const struct tenon__state *state = &states->list[from];

		len += (size_t)snprintf(out + len, size - len, "    %s: %s (%s)\n",
					state->name, state->name,
					state->meaning);
		for (unsigned to = 0; to < states->count; to++) {
			if (tenon__states_allow(states, from, to)) {
				len += (size_t)snprintf(out + len, size - len,
							"    %s --> %s\n",
							state->name,
							states->list[to].name);
			}
		}
	}
	snprintf(out + len, size - len, PICTURE_END);
}

static bool read_readme(const char *name, char *path, char *text)
{
	const char *top = getenv("abs_top_srcdir");
	FILE *file;

	snprintf(path, PATH_MAX, "%s/%s", top ? top : ".", name);
	file = fopen(path, "r");
	if (!file) {
		return false;
	}
	text[fread(text, 1, TEXT_BYTES - 1, file)] = '\0';
	return fclose(file) == 0;
}

/* Print a table, below the results of the tests. */
static void print(const struct tenon__states *states)
{
	for (unsigned from = 0; from < states->count; from++) {
		dprintf(STDOUT_FILENO, "# %s %s ->", states->thing,
			states->list[from].name);
		for (unsigned to = 0; to < states->count; to++) {
			if (tenon__states_allow(states, from, to)) {
				dprintf(STDOUT_FILENO, " %s",
					states->list[to].name);
			}
		}
		dprintf(STDOUT_FILENO, "; %s\n", states->list[from].meaning);
	}
}

START_TEST(each_state_can_be_reached_and_has_a_name_of_its_own)
{
	const struct tenon__states *states = tables[_i].states;
	uint32_t reached = 1;

	for (size_t round = 0; round < states->count; round++) {
		for (unsigned from = 0; from < states->count; from++) {
			if (reached >> from & 1) {
				reached |= states->list[from].next;
			}
		}
	}
	ck_assert_uint_eq(reached, (UINT32_C(1) << states->count) - 1);
	for (size_t i = 0; i < states->count; i++) {
		ck_assert(states->list[i].meaning[0] != '\0');
		for (size_t j = 0; j < i; j++) {
			ck_assert_str_ne(states->list[i].name,
					 states->list[j].name);
		}
	}
	print(states);
}
END_TEST

START_TEST(the_readme_has_the_picture_of_the_table)
{
	static char picture[TEXT_BYTES], text[TEXT_BYTES];
	char path[PATH_MAX];

	draw(tables[_i].states, picture, sizeof(picture));
	ck_assert(read_readme(tables[_i].readme, path, text));
	ck_assert_msg(strstr(text, picture) != NULL,
		      "%s differs from the table; 'make update-state-pictures' writes\n%s",
		      path, picture);
}
END_TEST

#ifdef TENON_DEBUG
START_TEST(a_debug_build_ends_at_a_change_that_is_not_allowed)
{
	struct tenon__request req = { .state = TENON_REQUEST_WRITTEN };

	tenon__request_go(&req, TENON_REQUEST_HELD);
}
END_TEST
#endif

static void add_debug_test(TCase *tcase)
{
#ifdef TENON_DEBUG
	tcase_add_test_raise_signal(
		tcase, a_debug_build_ends_at_a_change_that_is_not_allowed,
		SIGABRT);
#else
	(void)tcase;
	dprintf(STDOUT_FILENO,
		"# left out: a_debug_build_ends_at_a_change_that_is_not_allowed\n");
#endif
}

/* Put the picture into the README, in place of the one that is there. */
static int write_picture(size_t table)
{
	static char picture[TEXT_BYTES], text[TEXT_BYTES];
	char path[PATH_MAX];
	FILE *file;

	draw(tables[table].states, picture, sizeof(picture));
	bool is_read = read_readme(tables[table].readme, path, text);
	char *begin = is_read ? strstr(text, PICTURE_BEGIN) : NULL;
	char *end = begin ? strstr(begin, "\n" PICTURE_END) : NULL;
	if (!end || !(file = fopen(path, "w"))) {
		fprintf(stderr, "test_states: %s has no picture to replace\n",
			path);
		return EXIT_FAILURE;
	}
	*begin = '\0';
	fprintf(file, "%s%s%s", text, picture,
		end + strlen("\n" PICTURE_END));
	return fclose(file) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	Suite *suite = suite_create("states");
	TCase *tcase = tcase_create("tables");

	if (argc == 2 && strcmp(argv[1], "--write") == 0) {
		int code = EXIT_SUCCESS;

		for (size_t i = 0; i < TABLES; i++) {
			code |= write_picture(i);
		}
		return code;
	}
	tcase_add_loop_test(
		tcase, each_state_can_be_reached_and_has_a_name_of_its_own, 0,
		TABLES);
	tcase_add_loop_test(tcase, the_readme_has_the_picture_of_the_table, 0,
			    TABLES);
	add_debug_test(tcase);
	suite_add_tcase(suite, tcase);
	return suite_run_forked(suite);
}
