/* SPDX-License-Identifier: BSD-3-Clause */
/* The errors of a health record in `tenon --json health`. */
#include <check.h>
#include <stdlib.h>

#include "../tools/tenon/health_json.h"
#include "runner/suite.h"

/* Check that the object is this text, with its keys in the order of the alphabet. Frees the object. */
static void check_json(json_t *object, const char *expected)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);

	ck_assert_str_eq(text, expected);
	free(text);
	json_decref(object);
}

START_TEST(a_last_error_has_its_sentence_and_its_age)
{
	struct tenon_health health = { .now_ms = 5000,
				       .error_at_ms = 3000,
				       .error_status = TENON_ECONNECT,
				       .error_text = "Connection refused" };

	check_json(health_json_error(&health),
		   "{\"ago_ms\":2000,\"code\":-6,\"message\":\"Connection refused\",\"status\":\"not connected\"}");
	health.error_sys_errno = 111;
	check_json(health_json_error(&health),
		   "{\"ago_ms\":2000,\"code\":-6,\"errno\":111,\"message\":\"Connection refused\",\"status\":\"not connected\"}");
}
END_TEST

START_TEST(errors_of_noreply_requests_have_their_number_and_the_last_one)
{
	struct tenon_health health = { .now_ms = 5000 };

	check_json(health_json_noreply(&health), "{\"errors\":0}");
	health.noreply = (struct tenon_noreply_health){
		.errors = 7,
		.error_at_ms = 4000,
		.error_status = TENON_ESERVER,
		.error_text = "SERVER_ERROR out of memory storing object",
	};
	check_json(health_json_noreply(&health),
		   "{\"errors\":7,\"last_error\":{\"ago_ms\":1000,\"code\":-10,\"message\":\"SERVER_ERROR out of memory storing object\",\"status\":\"server error\"}}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("health_json");
	TCase *tcase = tcase_create("errors");

	tcase_add_test(tcase, a_last_error_has_its_sentence_and_its_age);
	tcase_add_test(tcase,
		       errors_of_noreply_requests_have_their_number_and_the_last_one);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
