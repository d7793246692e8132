#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Test the packages tenon and libmc of this build, and report in TAP. Arguments go to
# pytest, such as "-k cas".
set -eu

here=$abs_top_srcdir/tools/python
build=$abs_top_builddir/tools/python
PYTHONPATH=$build/.libs:$here:$here/tests${PYTHONPATH:+:$PYTHONPATH}
LD_LIBRARY_PATH=$abs_top_builddir/core/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH LD_LIBRARY_PATH PYTHONDONTWRITEBYTECODE

# The interpreter is not linked to the sanitizer's library, and does not free all its
# memory at its end.
if test -n "${SANITIZER_LIBRARY:-}"; then
	LD_PRELOAD=$SANITIZER_LIBRARY
	ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}
	export LD_PRELOAD ASAN_OPTIONS
fi
# pytest exits with 1 for a failed test, which the report has as "not ok" already. A test
# that hangs for 300 s prints where.
"$PYTHON" -m pytest -o faulthandler_timeout=300 -p tap -p no:terminal -p no:cacheprovider \
	--rootdir="$here/tests" "$@" "$here/tests" || test $? -eq 1
