/* SPDX-License-Identifier: BSD-3-Clause */
/* The ceilings of an operation. The programs in tests/client test the calls themselves. */
#include <check.h>
#include <stdio.h>

#include "operation/operation.h"
#include "runner/suite.h"

/* test_classic.c tests the status of a value beyond max_operation_bytes. */
START_TEST(every_operation_may_receive_max_operation_bytes)
{
	struct tenon__assembly assembly = { .poll_timeout_ms = 1,
					    .max_operation_bytes = 777 };
	struct tenon__engine engine = { .assembly = &assembly };
	struct tenon__operation op = {
		.engine = &engine,
		.assembly = &assembly,
		.requests = { .intake = { .left_bytes = 5 } },
	};

	tenon__operation_begin(&op);
	ck_assert_uint_eq(op.requests.intake.left_bytes, 777);
}
END_TEST

/* TENON_CHUNKS_MAX_COUNT */
START_TEST(a_value_has_4096_chunks_at_most)
{
	const struct tenon_slice value = { "v", 1 };
	struct tenon__block_cache blocks = { 0 };
	struct tenon__arena arena = { .blocks = &blocks };
	struct tenon__chain chain = { .arena = &arena,
				      .left_chunks = 5000 };
	struct tenon__chunks chunks;
	char key[20];

	tenon__chunks_init(&chunks, &chain);
	for (int i = 0; i < 4096; i++) {
		int len = snprintf(key, sizeof(key), "%d", i);

		ck_assert_int_eq(chunks.base.add(&chunks.base, key, (size_t)len,
						 value),
				 0);
	}
	ck_assert_int_eq(chunks.base.add(&chunks.base, "k", 1, value),
			 TENON_ETOOBIG);
	ck_assert_uint_eq(chunks.base.count, 4096);
	tenon__arena_release(&arena);
	tenon__block_cache_fini(&blocks);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("operation");
	TCase *tcase = tcase_create("ceilings");

	tcase_add_test(tcase, every_operation_may_receive_max_operation_bytes);
	tcase_add_test(tcase, a_value_has_4096_chunks_at_most);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
