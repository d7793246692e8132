#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# core/config/defaults.sh makes the table of default plugins from plugins/defaults, and refuses
# a file with a mistake. Reports in TAP.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

script=$abs_top_srcdir/core/config/defaults.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for folder in "$abs_top_srcdir"/plugins/*/*/; do
	mkdir -p "$scratch/$(basename "$(dirname "$folder")")/$(basename "$folder")"
done

the_table_of_the_build_is_made_from_the_file()
{
	sh "$script" "$abs_top_srcdir/plugins/defaults" >"$scratch/table" &&
		cmp "$scratch/table" "$abs_top_builddir/core/config/defaults.c"
}

# refused SED-EXPRESSION PATTERN: the file with this change is refused, and the message matches
refused()
{
	sed "$1" "$abs_top_srcdir/plugins/defaults" >"$scratch/defaults"
	if sh "$script" "$scratch/defaults" >"$scratch/table" 2>"$scratch/errors"; then
		echo "it was taken"
		return 1
	fi
	cat "$scratch/errors"
	grep -q "$2" "$scratch/errors"
}

try the_table_of_the_build_is_made_from_the_file the_table_of_the_build_is_made_from_the_file
try a_missing_key_is_refused refused '/^failover/d' 'no line "failover VALUE"'
try a_key_without_value_is_refused refused 's/^failover.*/failover/' 'expected "failover VALUE"'
try a_second_value_is_refused refused 's/^failover.*/failover none eject/' 'expected "failover VALUE"'
try a_key_that_is_there_twice_is_refused refused 's/^splitter.*/&\n&/' '"splitter" is there twice'
try an_unknown_key_is_refused refused 's/^compressor_option/compresor_option/' 'unknown key'
try an_unknown_plugin_is_refused refused 's/^hash_function.*/hash_function md6/' 'no plugin hash/md6'
try an_unknown_default_codec_is_refused refused 's/^splitter.*/splitter splat/' 'no plugin codec/splat'
try an_unknown_compressor_is_refused refused 's/^compressor .*/compressor zlub/' 'no plugin codec/zlub'
try an_option_without_value_is_refused refused 's/ 6$//' 'expected "compressor_option NAME VALUE"'
try an_option_that_is_there_twice_is_refused refused 's/^compressor_option *level/compressor_option threshold/' \
	'"threshold" is there twice'
plan
