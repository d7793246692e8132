#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The manual: mandoc and groff accept each page, a page refers only to pages that exist,
# every function has its page, and the options and the config in it agree with the
# plugins. Reports in TAP.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

sources=$abs_top_srcdir/tools/man
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

every_function_has_a_page()
{
	sed -n 's/^\t\(tenon_[a-z0-9_]*\);$/\1/p' \
		"$abs_top_srcdir/core/libtenon.map" | while read -r name; do
		grep -q "^\.Ss $name$" *.3 || echo "no page has $name"
	done | grep . || return 0
	return 1
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
