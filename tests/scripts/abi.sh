#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# usage: abi.sh BUILD
#
# Run by `tools/check abi`: change the headers in a copy of the tree, and see tools/check-abi find
# each change. BUILD has debug information. Reports in TAP, and fails when a test fails.
set -eu

abs_top_srcdir=$(cd "$(dirname "$0")/../.." && pwd)
. "$abs_top_srcdir/tests/runner/tap.sh"
build=$(cd "$1" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# changed HEADER SED-EXPRESSION: a copy of the tree with that change, compared with the record
changed()
{
	rm -rf "$scratch/tree"
	mkdir -p "$scratch/tree/tools"
	cp -R "$abs_top_srcdir/include" "$scratch/tree/"
	cp -R "$abs_top_srcdir/tools/abi" "$abs_top_srcdir/tools/check-abi" "$scratch/tree/tools/"
	sed -i "$2" "$scratch/tree/include/tenon/$1"
	! cmp -s "$abs_top_srcdir/include/tenon/$1" "$scratch/tree/include/tenon/$1" || {
		echo "nothing in $1 matches $2"
		return 1
	}
	status=0
	"$scratch/tree/tools/check-abi" "$build" >"$scratch/said" 2>&1 || status=$?
	cat "$scratch/said"
}

# found PATTERN HEADER SED-EXPRESSION: the comparison fails, and a line of it has the pattern
found()
{
	changed "$2" "$3" && test "$status" -eq 1 && grep -q "$1" "$scratch/said"
}

# passes PATTERN HEADER SED-EXPRESSION: the comparison passes, and a line of it has the pattern
passes()
{
	changed "$2" "$3" && test "$status" -eq 0 && grep -q "$1" "$scratch/said"
}

try a_limit_changes found 'TENON_KEY_MAX_BYTES 250' types.h 's/KEY_MAX_BYTES 250/KEY_MAX_BYTES 251/'
try a_bit_changes found 'TENON_RING_NO_NAMES 8' plugin/distribution.h 's/NO_NAMES 8u/NO_NAMES 64u/'
try the_major_of_the_abi_changes found 'TENON_PLUGIN_ABI_MAJOR 1' plugin/plugin.h 's/ABI_MAJOR 1/ABI_MAJOR 2/'
try a_macro_is_gone found 'TENON_MARK_TAKEN 4' tenon.h '/define TENON_MARK_TAKEN/d'
try an_enumerator_changes found TENON_WANT_RECEIVE plugin/transport.h 's/TENON_WANT_RECEIVE = 2 /TENON_WANT_RECEIVE = 4 /'
try an_enumerator_has_a_new_name found 'TENON_WANT_SEND 1' plugin/transport.h 's/TENON_WANT_SEND = 1/TENON_WANT_WRITE = 1/'
try a_field_has_a_new_name found 'tenon_plugin.summary at' plugin/plugin.h 's/\*summary;/*abstract;/'
try a_new_macro_passes passes 'macros: as recorded, new: TENON_NEW_MAX$' types.h 's/^#define TENON_DEFAULT_PORT.*/&\n#define TENON_NEW_MAX 7/'
try another_spelling_of_a_number_passes passes 'macros: as recorded$' plugin/secure.h 's/(64 \* 1024)/0x10000u/'
plan
test "$failed" = no
