#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The rooms of the core: which room uses which, by the sources' includes and by the symbols of
# the object files. Reports in TAP.
#
# core/README.md lists the rooms. A room may use the rooms above it in that list. Two files of
# the core may not need each other, not even through others. No plugin's name stands in the core.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

core=$abs_top_srcdir/core
built=$abs_top_builddir/core
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The rooms in their order: the rows of the table in core/README.md.
rooms=$(sed -n 's/^| `core\/\([a-z]*\)\/` |.*/\1/p' "$abs_top_srcdir/core/README.md")

# includes FOLDER: lines of "FROM TO", each a room/file without its ending, for the includes of
# headers and sources of the core: in quotes, or in angle brackets with the name of a room
includes()
{
	(cd "$1" && grep -E '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' */*.c */*.h) |
		sed 's/^\([^:]*\)\.[ch]:[^"<]*\(["<]\)\([^">]*\)[">].*/\1 \2 \3/' |
		awk -v rooms="$rooms" '
			BEGIN {
				count = split(rooms, list, " ")
				for (i = 1; i <= count; i++)
					room[list[i]] = 1
			}
			{
				split($3, part, "/")
				sub(/\.[ch]$/, "", $3)
				if ($3 !~ /^tenon\// && $1 != $3 && ($2 == "\"" || part[1] in room))
					print $1, $3
			}' | sort -u
}

# objects FOLDER: lines of "MODULE OBJECT" for the object files of the core in a build folder,
# such as "base/error base/.libs/libtenon_rest_la-error.o". An object whose source is gone does
# not count.
objects()
{
	(cd "$1" && find . -name '*.o') | sed 's|^\./||' | sort | while read -r object; do
		module=$(echo "$object" | sed 's|\.libs/||; s|libtenon_[a-z]*_la-||; s|\.o$||')
		for folder in "$core" "$1"; do
			test ! -e "$folder/$module.c" || { echo "$module $object"; break; }
		done
	done
}

# symbols FOLDER: the same lines for the symbols that one object file takes from another
symbols()
{
	objects "$1" | while read -r module object; do
		(cd "$1" && "${NM:-nm}" -P "$object") | awk -v module="$module" '
			$2 ~ /^[TDRBCVW]$/ { print "has", $1, module }
			$2 == "U" { print "needs", $1, module }'
	done | awk '
		$1 == "has" { home[$2] = $3 }
		$1 == "needs" { needs[++count] = $3 " " $2 }
		END {
			for (i = 1; i <= count; i++) {
				split(needs[i], pair, " ")
				if (pair[2] in home && home[pair[2]] != pair[1])
					print pair[1], home[pair[2]], pair[2]
			}
		}' | sort -u
}

# upward KIND: of lines "FROM TO [SYMBOL]", those that go down the list of rooms; none is good
upward()
{
	awk -v rooms="$rooms" -v kind="$1" '
		BEGIN {
			count = split(rooms, list, " ")
			for (i = 1; i <= count; i++)
				rank[list[i]] = i
		}
		{
			split($1, from, "/"); split($2, to, "/")
			if (!(from[1] in rank) || !(to[1] in rank))
				print $1 " uses " $2 ": a room that core/README.md does not list"
			else if (rank[to[1]] > rank[from[1]])
				print "core/" $1 " " kind " core/" $2 ($3 ? " (" $3 ")" : "") \
					": " from[1] " may not use " to[1]
		}'
}

# circles: of lines "FROM TO", the files that need each other
circles()
{
	cut -d ' ' -f 1,2 | sort -u >"$scratch/pairs"
	tsort "$scratch/pairs" 2>&1 >/dev/null | sed 's/^tsort: //'
}

# nothing COMMAND...: the command prints nothing
nothing()
{
	"$@" >"$scratch/found"
	cat "$scratch/found"
	test ! -s "$scratch/found"
}

# something PATTERN COMMAND...: the command prints a line with the pattern
something()
{
	pattern=$1
	shift
	"$@" >"$scratch/found"
	cat "$scratch/found"
	grep -q "$pattern" "$scratch/found"
}

includes_go_up() { includes "$1" | upward includes; }
symbols_go_up() { symbols "$1" | upward calls; }
files_need_each_other() { { includes "$1"; symbols "$2"; } | circles; }

# The files of each room were looked at: a check of nothing is no check.
every_room_has_files()
{
	objects "$built" >"$scratch/objects"
	for room in $rooms; do
		ls "$core/$room"/*.c >/dev/null || return 1
		grep -q "^$room/" "$scratch/objects" || {
			echo "no object file of core/$room"
			return 1
		}
	done
	test "$(echo "$rooms" | wc -l)" -eq 9 &&
		test "$(includes "$core" | wc -l)" -gt 100 &&
		test "$(symbols "$built" | wc -l)" -gt 100
}

every_folder_is_a_room()
{
	for folder in "$core"/*/; do
		folder=$(basename "$folder")
		case " $(echo $rooms) " in
		*" $folder "*) ;;
		*) case $folder in .*) ;; *) echo "core/$folder is no room of core/README.md" ;; esac ;;
		esac
	done
}

readmes_are_short()
{
	for room in $rooms; do
		# a picture is made of a table, and has as many lines as that
		lines=$(sed '/^```mermaid$/,/^```$/d' "$core/$room/README.md" | wc -l)
		test "$lines" -le 40 || echo "core/$room/README.md has $lines lines, at most 40"
	done
}

# In strings and comments of the core. Names that are English words, or words of a config or
# of C, count only where they stand in quotes of their own.
plugin_names()
{
	for folder in "$abs_top_srcdir"/plugins/*/*/; do
		name=$(basename "$folder")
		except='^$'
		case $name in
		none) continue ;; # the config's word for no codec, and English
		split | poll | blocking | eject | backoff | gutter)
			pattern="[\"']$name[\"']" ;;
		md5) # also a value of key_rule, and what dalli puts into keys
			pattern="\\b$name\\b" except='tenon__key_rule_words|DALLI_MARK|its MD5 in hex' ;;
		tls) # also a key, which a sentence tells people to set
			pattern="\\b$name\\b" except='set `tls: true`' ;;
		*) pattern="\\b$name\\b" ;;
		esac
		grep -nE "$pattern" "$core"/*/*.c "$core"/*/*.h "$core"/*/*.sh |
			grep -vE "$except" | sed "s/^/$name: /" || true
	done
}

# public FOLDER: the public functions of rooms below api that core/README.md does not except
public()
{
	objects "$1" | while read -r module object; do
		case $module in
		api/*) ;;
		*) (cd "$1" && "${NM:-nm}" -P "$object") |
			awk -v module="$module" '$2 == "T" && $1 ~ /^tenon_[a-z]/ { print module ": " $1 }' ;;
		esac
	done | grep -vE '^(base/error: tenon_status_name|base/histogram: tenon_histogram_[a-z_]*|cluster/health: tenon_server_state_name)$' |
		sort -u
}

# A small core with one mistake of each kind: what the checks above have to find.
make_wrong_core()
{
	wrong=$scratch/wrong
	mkdir -p "$wrong/base" "$wrong/api"
	printf '#include <api/high.h>\n#include "base/low.h"\nint high(void);\nint low(void) { return high(); }\nint tenon_low(void) { return 0; }\n' \
		>"$wrong/base/low.c"
	printf '#include "base/low.h"\nint low(void);\nint high(void) { return low(); }\n' \
		>"$wrong/api/high.c"
	: >"$wrong/base/low.h"
	: >"$wrong/api/high.h"
	for file in base/low api/high; do
		${CC:-cc} -c -o "$wrong/$file.o" -I"$wrong" "$wrong/$file.c"
	done
}

make_wrong_core
try every_room_has_files every_room_has_files
try every_folder_is_a_room nothing every_folder_is_a_room
try readmes_of_rooms_have_40_lines_at_most nothing readmes_are_short
try no_include_goes_down_the_list nothing includes_go_up "$core"
try no_symbol_goes_down_the_list nothing symbols_go_up "$built"
try no_files_need_each_other nothing files_need_each_other "$core" "$built"
try public_functions_are_in_api nothing public "$built"
try no_plugin_is_named_in_the_core nothing plugin_names
try a_wrong_include_is_found something \
	'^core/base/low includes core/api/high: base may not use api' includes_go_up "$wrong"
try a_wrong_symbol_is_found something \
	'^core/base/low calls core/api/high (high): base may not use api' symbols_go_up "$wrong"
try a_wrong_public_function_is_found something '^base/low: tenon_low' public "$wrong"
try a_circle_is_found something 'base/low' files_need_each_other "$wrong" "$wrong"
plan
