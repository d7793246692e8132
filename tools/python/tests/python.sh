#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The packages tenon and libmc, as they are built here. Reports in TAP. With
# arguments: those of pytest, such as "-k cas".
set -eu

here=$abs_top_srcdir/tools/python
build=$abs_top_builddir/tools/python
PYTHONPATH=$build/.libs:$here:$here/tests${PYTHONPATH:+:$PYTHONPATH}
LD_LIBRARY_PATH=$abs_top_builddir/core/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH LD_LIBRARY_PATH PYTHONDONTWRITEBYTECODE

# The interpreter does not bring the sanitizer's library, and never frees all.
if test -n "${SANITIZER_LIBRARY:-}"; then
	LD_PRELOAD=$SANITIZER_LIBRARY
	ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}
	export LD_PRELOAD ASAN_OPTIONS
fi
# A failed test is a "not ok" already. What hangs shows where.
"$PYTHON" -m pytest -o faulthandler_timeout=300 -p tap -p no:terminal -p no:cacheprovider \
	--rootdir="$here/tests" "$@" "$here/tests" || test $? -eq 1
