/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths of the modules that the build made for the tests. */
#ifndef TENON_TESTS_BUILDDIR_H
#define TENON_TESTS_BUILDDIR_H

#include <stdlib.h>
#include <unistd.h>

#define GOOD_DIR "tests/zoo/good/.libs"
#define BAD_DIR "tests/zoo/bad/.libs"

/*
 * Change to the build folder, because the paths above are relative to it. The plugin
 * search path becomes the folder of this build's loadable plugins, also when those
 * plugins are built in as well, and the folder of the toys.
 */
static inline void enter_builddir(void)
{
	const char *dir = getenv("abs_top_builddir");

	if (dir && chdir(dir) != 0) {
		abort();
	}
	setenv("TENON_PLUGIN_PATH", "plugins/.libs:tests/toys/.libs", 1);
}

#endif
