#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# core/config/presets.sh makes the table of rings from plugins/rings, and refuses a file with a
# mistake. Reports in TAP.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

script=$abs_top_srcdir/core/config/presets.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

the_table_of_the_build_is_made_from_the_file()
{
	sh "$script" "$abs_top_srcdir/plugins/rings" >"$scratch/table" &&
		cmp "$scratch/table" "$abs_top_builddir/core/config/presets.c"
}

# refused TEXT PATTERN: a file with this text is refused, and the message matches
refused()
{
	printf "$1" >"$scratch/rings"
	if sh "$script" "$scratch/rings" >"$scratch/table" 2>"$scratch/errors"; then
		echo "it was taken"
		return 1
	fi
	cat "$scratch/errors"
	grep -q "$2" "$scratch/errors"
}

try the_table_of_the_build_is_made_from_the_file the_table_of_the_build_is_made_from_the_file
try a_file_without_rings_is_refused refused '# nothing\n' 'found no ring'
try a_ring_without_keys_is_refused refused 'a: A\nb: B\n  k: v\n' 'ring "a" has no keys'
try a_last_ring_without_keys_is_refused refused 'a: A\n  k: v\nb: B\n' 'ring "b" has no keys'
try a_ring_that_is_there_twice_is_refused refused 'a: A\n  k: v\na: B\n  k: v\n' 'ring "a" is there twice'
try a_key_without_a_ring_is_refused refused '  k: v\n' 'expected "NAME: WHOSE"'
try a_ring_without_whose_is_refused refused 'a:\n  k: v\n' 'expected "NAME: WHOSE"'
try a_backslash_is_refused refused 'a: A\n  k: \\\\v\n' 'found a backslash'
plan
