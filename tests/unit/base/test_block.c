/* SPDX-License-Identifier: BSD-3-Clause */
#include <check.h>

#include "base/block.h"
#include "base/memory.h"
#include "runner/suite.h"

START_TEST(a_block_that_came_back_is_used_again)
{
	struct tenon__block_cache pool = { 0 };
	struct tenon__block *block = tenon__block_get(&pool, 1000);

	ck_assert_uint_eq(block->capacity, 1000);
	block->filled = 10;
	tenon__block_put_all(&pool, block);
	ck_assert_ptr_eq(tenon__block_get(&pool, 900), block);
	ck_assert_uint_eq(block->filled, 0);
	tenon__block_put_all(&pool, block);
	tenon__block_cache_fini(&pool);
	ck_assert_uint_eq(pool.owned_bytes, 0);
}
END_TEST

START_TEST(the_smallest_block_that_fits_is_taken)
{
	struct tenon__block_cache pool = { 0 };
	struct tenon__block *large = tenon__block_get(&pool, 5000);
	struct tenon__block *fitting = tenon__block_get(&pool, 2000);
	struct tenon__block *small = tenon__block_get(&pool, 100);

	tenon__block_put_all(&pool, large);
	tenon__block_put_all(&pool, fitting);
	tenon__block_put_all(&pool, small);
	ck_assert_ptr_eq(tenon__block_get(&pool, 1500), fitting);
	tenon__block_put_all(&pool, fitting);
	tenon__block_cache_fini(&pool);
}
END_TEST

/*
 * TENON_BLOCK_KEEP_MAX_BYTES. The blocks take no memory, because the test does not write into
 * them.
 */
START_TEST(a_block_above_the_ceiling_is_freed)
{
	struct tenon__block_cache pool = { 0 };
	struct tenon__block *block = tenon__block_get(&pool, (size_t)64 << 20);

	tenon__block_put_all(&pool, block);
	ck_assert_ptr_eq(pool.free, block);
	tenon__block_cache_fini(&pool);
	block = tenon__block_get(&pool, ((size_t)64 << 20) + 1);
	tenon__block_put_all(&pool, block);
	ck_assert_ptr_null(pool.free);
	ck_assert_uint_eq(pool.owned_bytes, 0);
}
END_TEST

START_TEST(no_memory_and_impossible_sizes_give_null)
{
	struct tenon__block_cache pool = { 0 };

	ck_assert_ptr_null(tenon__block_get(&pool, SIZE_MAX));
	tenon__memory_fail_from(1);
	ck_assert_ptr_null(tenon__block_get(&pool, 10));
	tenon__memory_fail_from(0);
	ck_assert_uint_eq(pool.owned_bytes, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("block");
	TCase *tcase = tcase_create("block");

	tcase_add_test(tcase, a_block_that_came_back_is_used_again);
	tcase_add_test(tcase, the_smallest_block_that_fits_is_taken);
	tcase_add_test(tcase, a_block_above_the_ceiling_is_freed);
	tcase_add_test(tcase, no_memory_and_impossible_sizes_give_null);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
