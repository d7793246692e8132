#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The manual. mandoc and groff accept each page. Pages refer to pages that exist. Every
# public function has a page, and that page has all sections and an example that
# compiles. Every public type and macro is shown in a page. The options are those of the
# plugins, and the sample config is valid. Reports in TAP.
set -eu
export LC_ALL=C
. "$abs_top_srcdir/tests/runner/tap.sh"

sources=$abs_top_srcdir/tools/man
include=$abs_top_srcdir/include
tenon=$abs_top_builddir/tools/tenon/tenon
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp "$sources"/*.1 "$dir"
for page in "$sources"/*.[357]in; do
	name=${page##*/}
	cp "$abs_top_builddir/tools/man/${name%in}" "$dir"
done
cd "$dir"

# References to pages of other programs are not checked here, because these pages may
# not be installed. References to tenon's pages are checked below.
mandoc_is_silent()
{
	for page in *.[1357]; do
		mandoc -T lint "$page" 2>&1
	done | grep -Ev 'referenced manual not found|outdated mandoc.db' || return 0
	return 1
}

groff_is_silent()
{
	for page in *.[1357]; do
		groff -k -ww -mandoc -T utf8 "$page" 2>&1 >/dev/null |
			sed "s/^/$page: /"
	done | grep . || return 0
	return 1
}

references_are_there()
{
	grep -H '^\.Xr tenon' *.[1357] | sed 's/ [.,]$//' |
	while IFS=': ' read -r page _ name section; do
		test -e "$name.$section" ||
			echo "$page: $name($section) is not there"
	done | grep . || return 0
	return 1
}

# Those of the library, and those that are inline.
public_functions()
{
	sed -n 's/^\t\(tenon_[a-z0-9_]*\);$/\1/p' \
		"$abs_top_srcdir/core/libtenon.map"
	sed -n 's/^static inline .*[ *]\(tenon_[a-z0-9_]*\)(.*/\1/p' \
		"$include"/tenon/*.h
}

every_function_has_a_page()
{
	public_functions | while read -r name; do
		page=$(grep -l "^\.Nm $name\( ,\)*$" *.3) ||
			echo "no page is about $name"
		sed '1,/^\.Sh SYNOPSIS/d; /^\.Sh/,$d' /dev/null $page |
			grep -q "[ *]$name(" || echo "no SYNOPSIS has $name"
		grep -q "^\.Ss $name$" *.3 || echo "no DESCRIPTION has $name"
	done | grep . || return 0
	return 1
}

# The names that files define: structs, enums and their values, typedefs, macros.
definitions()
{
	grep -hoE -e '^(struct|enum) tenon_[a-z0-9_]+( \{|;)' \
		-e '^typedef .*\(\*tenon_[a-z0-9_]+\)' \
		-e '^#define TENON_[A-Z0-9_]+' -e '^	TENON_[A-Z0-9_]+ =' "$@" |
		grep -oE '(tenon|TENON)_[A-Za-z0-9_]+[^A-Za-z0-9_]*$' |
		tr -cd 'A-Za-z0-9_\n' | sort -u
}

# Not shown: guards of headers, and macros that only the headers use.
every_type_is_in_a_page()
{
	definitions "$include"/tenon/*.h "$include"/tenon/plugin/*.h |
		grep -Ev '_H$|^TENON_(BEGIN|END)_DECLS$|^TENON_VISIBLE_' >public
	definitions *.[37] >shown
	test -s public && comm -23 public shown | sed 's/^/no page shows /' |
		grep . || return 0
	return 1
}

every_function_page_has_its_sections()
{
	for page in *.3; do
		# the function of tenon.3 uses no type
		types=TYPES
		test "$page" != tenon.3 || types=
		for section in NAME SYNOPSIS $types DESCRIPTION 'RETURN VALUES' \
			EXAMPLES ERRORS 'SEE ALSO'; do
			sed "1,/^\.Sh $section$/d; /^\.Sh/,\$d" "$page" | grep -q . ||
				echo "$page: nothing under $section"
		done
	done | grep . || return 0
	return 1
}

# example_of PAGE: the program under EXAMPLES, as a reader copies it.
example_of()
{
	sed '1,/^\.Sh EXAMPLES/d; /^\.Sh/,$d' "$1" |
		sed '/^\.Bd -literal$/,/^\.Ed$/!d; /^\.[BE]d/d; s/^\\&//; s/\\e/\\/g'
}

every_example_compiles()
{
	for page in *.3; do
		example_of "$page" >example.c
		grep -q '^int main(' example.c &&
			$CC -std=c11 -pedantic -Wall -Wextra -Werror -I"$include" \
				-fsyntax-only example.c || {
			echo "$page: its example does not compile"
			return 1
		}
	done
}

sample_is_valid()
{
	sed '1,/^\.Bd -literal$/d; /^\.Ed$/,$d' tenon.yaml.5 >sample.yaml
	test -s sample.yaml && "$tenon" -c sample.yaml check
}

options_are_those_of()
{
	sh "$sources/options.sh" "$tenon" "$1" |
		diff "$sources/options/$1.mdoc" - || {
		echo 'If that is right, run: make update-man-options'
		return 1
	}
}

if command -v mandoc >/dev/null; then
	try mandoc_has_nothing_to_say mandoc_is_silent
else
	skip mandoc_has_nothing_to_say 'no mandoc'
fi
if command -v groff >/dev/null; then
	try groff_has_nothing_to_say groff_is_silent
else
	skip groff_has_nothing_to_say 'no groff'
fi
try references_are_there references_are_there
try every_function_has_a_page every_function_has_a_page
try every_type_is_in_a_page every_type_is_in_a_page
try every_function_page_has_its_sections every_function_page_has_its_sections
try every_example_compiles every_example_compiles
case " ${TENON_LEFT_OUT_PLUGINS:-} " in
*' codec_'* | *' transport_poll '*)
	echo '# left out: the plugins of sample_is_valid' ;;
*)
	try sample_is_valid sample_is_valid ;;
esac
for kind in core codec distribution failover hash transport; do
	# A plugin that is not part of this build cannot be asked for its options.
	case " ${TENON_LEFT_OUT_PLUGINS:-} " in
	*" ${kind}_"*)
		echo "# left out: $kind options_are_those_of_$kind" ;;
	*)
		try "options_are_those_of_$kind" options_are_those_of "$kind" ;;
	esac
done
plan
