#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Each ceiling of the core and the plugins is named in a test that meets it. A ceiling of a
# header is named by its macro, a ceiling of a source file as "round.c: HOPS_MAX". Reports in TAP.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$abs_top_srcdir"

# Ceilings that no input can meet: the file, the macro, and the reason.
cat >"$dir/exceptions" <<'HERE'
core/api/prometheus.c LINE_MAX_BYTES room for a line of known length
core/config/defaults.h TENON__COMPRESSOR_OPTIONS_MAX the compiler counts them
core/config/server_line.c ADDRESS_MAX_BYTES room for a host and a port, which have ceilings
core/wire/classic/write.c REQUEST_LINE_MAX_BYTES room for a key and numbers, which have ceilings
core/wire/classic/write.c REQUEST_MAX_BYTES room for a line and a value that is copied, which have ceilings
core/wire/meta/write.c REQUEST_LINE_MAX_BYTES room for a key and numbers, which have ceilings
core/wire/meta/write.c REQUEST_MAX_BYTES room for a line and a value that is copied, which have ceilings
plugins/codec/split/split.c CHUNK_KEY_MAX_BYTES room for a key and numbers, which have ceilings
core/operation/call.c VERBATIM_MAX_BYTES room for a key, a number and flags, which have ceilings
plugins/codec/split/split.c PARENT_MAX_BYTES room for four numbers
plugins/decimal.h DECIMAL_DIGITS_MAX room for a number of 64 bits
plugins/distribution/ketama/ketama.c SCAN_MAX a matter of speed
plugins/hash/md5/md5.c BLOCKS_MAX room for a key, which has a ceiling
plugins/hash/md5/md5.c LANES_MAX room for the widest registers
plugins/transport/dial.h DIAL_RACERS_MAX connect_timeout is over before a seventeenth address begins
plugins/transport/dial.h DIAL_FDS_MAX room for the sockets that race and one lookup
HERE

# "FILE NAME" for each macro that is a ceiling.
find core include plugins -name '*.[ch]' | LC_ALL=C sort | while read -r file; do
	sed -nE 's/^#[ \t]*define[ \t]+([A-Z0-9_]+_MAX(_[A-Z0-9_]+)?|[A-Z0-9_]+_LOG_LINES)([ \t].*)?$/\1/p' \
		"$file" | sed "s|^|$file |"
done >"$dir/ceilings"

is_excepted()
{
	grep -q "^$1 $2 " "$dir/exceptions"
}

# The text of all tests, without #define lines: a test that defines a macro of the same name
# does not name the ceiling.
find tests -name '*.[ch]' -exec cat {} + |
	grep -Ev '^#[ \t]*define' >"$dir/tests"

is_named_in_a_test()
{
	case $1 in
	*.h) pattern="(^|[^A-Z0-9_])$2([^A-Z0-9_]|\$)" ;;
	*) pattern="(^|[^a-z0-9_])${1##*/}: $2([^A-Z0-9_]|\$)" ;;
	esac
	grep -Eq "$pattern" "$dir/tests"
}

ceilings_are_found()
{
	test "$(wc -l <"$dir/ceilings")" -ge 50
}

every_ceiling_is_named_in_a_test()
{
	while read -r file name; do
		is_excepted "$file" "$name" || is_named_in_a_test "$file" "$name" ||
			echo "$file: no test names $name"
	done <"$dir/ceilings" | grep . || return 0
	return 1
}

every_exception_is_a_ceiling()
{
	while read -r file name _; do
		grep -qx "$file $name" "$dir/ceilings" ||
			echo "$file has no ceiling $name"
	done <"$dir/exceptions" | grep . || return 0
	return 1
}

try ceilings_are_found ceilings_are_found
try every_ceiling_is_named_in_a_test every_ceiling_is_named_in_a_test
try every_exception_is_a_ceiling every_exception_is_a_ceiling
plan
