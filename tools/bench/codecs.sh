#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# usage: codecs.sh LIBTOOL-EXECUTE CODEC-COST
#
# For each codec and size: MB/s and instructions per byte of the value, by the plugin
# and by its library called directly, as a table in Markdown.
set -eu

execute=$1
program=$2

# rate HOW CODEC BYTES COUNT: MB/s of the fastest.
rate()
{
	"$program" "$@" | sed -n 's/.* ns, \([0-9]*\) MB\/s$/\1/p'
}

# ir HOW CODEC BYTES COUNT
ir()
{
	# shellcheck disable=SC2086
	$execute valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		"$program" "$@" 2>&1 | sed -n 's/.*Collected : //p'
}

# cost HOW CODEC BYTES COUNT: instructions per byte, the difference of two runs.
cost()
{
	few=$(ir "$1" "$2" "$3" "$4")
	many=$(ir "$1" "$2" "$3" $(($4 * 3)))
	echo "$few $many $3 $4" |
		awk '{ printf "%.2f", ($2 - $1) / (2 * $4) / $3 }'
}

echo '| | MB/s | library | instructions a byte | library | ratio |'
echo '|---|---|---|---|---|---|'
for codec in lz4 zlib; do
	for row in 'compress encode 4096 4 KiB' 'compress encode 1048576 1 MiB' \
		'decompress decode 4096 4 KiB' 'decompress decode 1048576 1 MiB'
	do
		# shellcheck disable=SC2086
		set -- $row
		count=$((4194304 / $3 / 100 + 1))
		mine=$(cost "$2" "$codec" "$3" "$count")
		other=$(cost "$1" "$codec" "$3" "$count")
		ratio=$(echo "$mine $other" | awk '{ printf "%.3f", $1 / $2 }')
		echo "| $codec, $1 $4 $5 | $(rate "$2" "$codec" "$3" $((count * 30))) |" \
			"$(rate "$1" "$codec" "$3" $((count * 30))) |" \
			"$mine | $other | **$ratio** |"
	done
done
