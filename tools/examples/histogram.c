/* SPDX-License-Identifier: BSD-3-Clause */
/* Count times, and show percentiles and the buckets that are not empty. */
#include <stdio.h>
#include <tenon/health.h>

int main(void)
{
	static struct tenon_histogram fast, all; /* zeros: empty */

	for (unsigned i = 1; i <= 1000; i++) {
		tenon_histogram_add(&fast, 100u + i);
	}
	tenon_histogram_add(&all, 2000000); /* one slow time: 2 ms */
	tenon_histogram_merge(&all, &fast);
	for (unsigned permille = 500; permille <= 1000; permille += 250) {
		printf("%u of 1000 took %llu ns or less\n", permille,
		       (unsigned long long)tenon_histogram_permille_ns(
			       &all, permille));
	}
	for (size_t i = 0; i < TENON_HISTOGRAM_BUCKETS; i++) {
		if (all.counts[i] > 0) {
			printf("from %llu ns: %llu\n",
			       (unsigned long long)tenon_histogram_bucket_ns(i),
			       (unsigned long long)all.counts[i]);
		}
	}
	return 0;
}
