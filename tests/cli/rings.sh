#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon where names the server on which other clients put a key, for every ring of a preset.
. "$abs_top_srcdir/tests/cli/lib.sh"

# Print the config of a file of tests/vectors/interop: its `config`, with its servers.
config_of()
{
	awk -F '\t' '
		$1 == "meta" && $2 == "config" {
			printf "%s, \"servers\": [", substr($3, 1, length($3) - 1)
		}
		$1 == "server" {
			count = split($2, word, " ")
			printf "%s{address: \"%s\"", comma, word[1]
			if (count > 1)
				printf ", alias: \"%s\"", word[2]
			if (sub("weight=", "", $3))
				printf ", weight: %s", $3
			printf "}"
			comma = ", "
		}
		END { print "]}" }' "$1"
}

for file in "$abs_top_srcdir"/tests/vectors/interop/*.tsv; do
	# tenon has no ring for the files that name none.
	! grep -q '^meta	config	null$' "$file" || continue
	begin "places_of_$(basename "$file" .tsv | tr -- - _)"
	config_of "$file" >tenon.yaml
	awk -F '\t' '$1 == "key" { print $2 }' "$file" >keys
	awk -F '\t' '
		$1 == "server" { split($2, word, " "); address[servers++] = word[1] }
		$1 == "key" { print $2 "\t" address[$3] }' "$file" >want
	input=$dir/keys
	run 0 where --stdin
	input=/dev/null
	cut -f 1,3 out >got
	check 'there are keys' test -s want
	check 'every key has its place' cmp -s got want
	end
done

finish
