#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The examples of the README are those that are compiled and run. Reports in TAP.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

readme=$abs_top_srcdir/README.md
examples=$abs_top_srcdir/tools/examples
python_examples=$abs_top_srcdir/tools/python/examples
tenon=$abs_top_builddir/tools/tenon/tenon
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# block LANGUAGE N: print the Nth block of that language.
block()
{
	awk -v start="\`\`\`$1" -v wanted="$2" '
		$0 == "```" { inside = 0 }
		inside { print }
		$0 == start { inside = ++seen == wanted }' "$readme"
}

# The example files begin with a licence line, which the README leaves out.
same_program()
{
	block "$1" "$2" >"$dir/shown"
	tail -n +2 "$3" | diff "$dir/shown" - && test -s "$dir/shown"
}

valid_config()
{
	block yaml "$1" >"$dir/tenon.yaml"
	test -s "$dir/tenon.yaml" && "$tenon" -c "$dir/tenon.yaml" check
}

try first_program_is_the_compiled_one same_program c 1 "$examples/first.c"
try plugin_is_the_compiled_one same_program c 2 \
	"$examples/hash_length.c"
try python_program_is_the_tested_one same_program python 1 \
	"$python_examples/first.py"
try libmc_program_is_the_tested_one same_program python 2 \
	"$python_examples/first_libmc.py"
try first_config_is_valid valid_config 1
try libmc_config_is_valid valid_config 2
plan
