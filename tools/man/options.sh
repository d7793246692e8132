#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# usage: options.sh TENON KIND
#
# Write the options of every plugin of a kind, or of "core", as a manual page's text:
# what tools/man/options/KIND.mdoc has to be. tests/scripts/man.sh compares them; after a
# change of options, `make update-man-options`.
set -eu
export LC_ALL=C

tenon=$1
kind=$2

# Columns are two spaces or more apart.
options_of()
{
	"$tenon" plugins "$2" | awk -F '   *' -v kind="$1" -v name="$2" '
	/^[a-z]/ { inside = name == "core" || $0 ~ ": " kind " plugin" }
	inside && $2 == "OPTION" { table = 1; next }
	!inside || !table || NF < 7 { table = table && NF; next }
	{
		print ".It Cm " $2
		print ($3 ~ /^[aeiou]/ ? "An " : "A ") $3 ($6 == "-" ? "" : "; a bare number counts " $6) "."
		if ($4 != "-")
			print "Default:"
		if ($4 != "-")
			print ".Ql " ($4 == "\"\"" ? "\\(dq\\(dq" : $4) " ."
		if ($5 != "-")
			print ($5 ~ /\.\./ ? "Range: " : "One of ") $5 "."
		print toupper(substr($7, 1, 1)) substr($7, 2) "."
	}' | fold -s -w 78 | sed "s/ *\$//; s/^\\.\\([^IQ]\\)/\\\\\\&.\\1/; s/^'/\\\\\\&'/"
}

list_of()
{
	text=$(options_of "$1" "$2")
	test -n "$text" || return 0
	echo '.Bl -tag -width Ds'
	echo "$text"
	echo '.El'
}

echo ".\\\" Written by tools/man/options.sh."
if test "$kind" = core; then
	list_of core core
	exit 0
fi
"$tenon" plugins | awk -F '   *' -v kind="$kind" '$1 == kind { print $2 "\t" $5 }' |
	sort | while IFS='	' read -r name summary; do
	echo ".Ss $name"
	echo "$summary." | awk '{ print toupper(substr($0, 1, 1)) substr($0, 2) }' |
		fold -s -w 78 | sed 's/ *$//'
	list_of "$kind" "$name"
done
