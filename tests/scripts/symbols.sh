#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The symbol map, the public headers and the built library name the same functions.
# Reports in TAP.
set -eu

export LC_ALL=C
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

map=$abs_top_srcdir/core/libtenon.map
library=$abs_top_builddir/core/.libs/libtenon.so

# Print "FUNCTION@@NODE" for each line of the map.
awk '/^TENON_.*{/ { node = $1 }
	/^\ttenon_[a-z0-9_]*;$/ { print substr($1, 1, length($1) - 1) "@@" node }' \
	"$map" | sort >"$dir/map-versioned"
sed 's/@@.*//' "$dir/map-versioned" | sort >"$dir/map"
for header in "$abs_top_srcdir"/include/tenon/*.h; do
	echo "#include \"$header\""
done >"$dir/all.c"
# Inline functions are compiled into the program: the library does not have them.
$CPP -P -I"$abs_top_srcdir/include" "$dir/all.c" | grep -v '^static inline' |
	grep -oE '\<tenon_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u >"$dir/headers"
$NM -D --defined-only "$library" | awk '$2 == "T" { print $3 }' |
	sort >"$dir/library"
# Print every other visible symbol, except the names of the nodes.
$NM -D --defined-only "$library" | awk \
	'$2 != "T" && $3 !~ /^TENON_[0-9.]*(@|$)/ { print $3 }' >"$dir/other"

number=0
same()
{
	number=$((number + 1))
	if test -s "$2" -o -n "${4:-}" && diff "$2" "$3" >"$dir/diff"; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		sed 's/^/# /' "$dir/diff"
	fi
}

echo 1..3
same map_lists_what_headers_declare "$dir/headers" "$dir/map"
same library_shows_what_map_lists "$dir/map-versioned" "$dir/library"
same library_shows_no_data "$dir/other" /dev/null may-be-empty
