/* SPDX-License-Identifier: BSD-3-Clause */
/* Where tests find the modules that were built for them. */
#ifndef TENON_TESTS_BUILDDIR_H
#define TENON_TESTS_BUILDDIR_H

#include <stdlib.h>
#include <unistd.h>

#define GOOD_DIR "tests/zoo/good/.libs"
#define BAD_DIR "tests/zoo/bad/.libs"

/*
 * Go to the build folder, which the paths above are relative to; the loadable
 * plugins of this build are in the search path, whatever is built in.
 */
static inline void enter_builddir(void)
{
	const char *dir = getenv("abs_top_builddir");

	if (dir && chdir(dir) != 0) {
		abort();
	}
	setenv("TENON_PLUGIN_PATH", "plugins/.libs", 1);
}

#endif
