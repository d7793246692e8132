#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Each public header compiles alone, as strict C11 and as C++11 and C++17. Slices work in
# all three. A plugin can be written in C++. Reports in TAP.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

include=$abs_top_srcdir/include
headers=$(cd "$include" && echo tenon/*.h tenon/plugin/*.h)
warnings="-pedantic -Wall -Wextra -Werror -I$include"
strict="$warnings -fsyntax-only"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
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

# slices_work LANGUAGE STANDARD; slices.c calls no function of the library.
slices_work()
{
	$CC -x "$1" -std="$2" $warnings -o "$dir/slices" \
		"$abs_top_srcdir/tests/scripts/slices.c" && "$dir/slices"
}

try slices_work_as_c11 slices_work c c11
for standard in c++11 c++17; do
	if test -n "$cxx"; then
		try "slices_work_as_$standard" slices_work c++ "$standard"
	else
		skip "slices_work_as_$standard" "$CC compiles no C++"
	fi
done

# The initialisers of a plugin are C++20, which compilers take earlier with a warning.
plugin_works()
{
	$CC -x c++ -std="$1" -Wall -Wextra -Werror \
		-I"$include" -shared -fPIC -o "$dir/hash_sum.so" \
		"$abs_top_srcdir/tests/scripts/hash_sum.cc" &&
		"$abs_top_builddir/tests/conformance/tenon-conformance" "$dir/hash_sum.so"
}

for standard in c++11 c++14 c++17 c++20; do
	if echo 'int x;' | $CC -x c++ -std=$standard -fsyntax-only - 2>/dev/null; then
		try "plugin_works_as_$standard" plugin_works "$standard"
	else
		skip "plugin_works_as_$standard" "$CC compiles no $standard"
	fi
done
plan
