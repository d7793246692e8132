#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Each public header compiles alone, as strict C11, as C++11 and as C++17. Reports in
# TAP.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

include=$abs_top_srcdir/include
headers=$(cd "$include" && echo tenon/*.h tenon/plugin/*.h)
strict="-pedantic -Wall -Wextra -Werror -I$include -fsyntax-only"
cxx=yes
echo 'int x;' | $CC -x c++ -fsyntax-only - 2>/dev/null || cxx=

for header in $headers; do
	try "${header}_compiles_alone_as_c11" \
		$CC -x c -std=c11 $strict -include "$header" /dev/null
	for standard in c++11 c++17; do
		if test -n "$cxx"; then
			try "${header}_compiles_alone_as_$standard" $CC -x c++ \
				-std=$standard $strict -include "$header" /dev/null
		else
			skip "${header}_compiles_alone_as_$standard" \
				"$CC compiles no C++"
		fi
	done
done
plan
