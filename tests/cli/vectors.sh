#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon where names the same server for every key as libmc.
. "$abs_top_srcdir/tests/cli/lib.sh"

for file in "$abs_top_srcdir"/tests/vectors/libmc/libmc-ketama-*.tsv; do
	begin "places_of_$(basename "$file" .tsv | tr -- - _)"
	hash=$(awk -F '\t' '$1 == "meta" && $2 == "hash" { print $3 }' "$file")
	awk -F '\t' '
		BEGIN { print "servers:" }
		$1 == "server" { print "  - \"" $2 "\"" }' "$file" >tenon.yaml
	echo "hash_function: $hash" >>tenon.yaml
	awk -F '\t' '$1 == "key" { print $2 }' "$file" >keys
	# A server is named by its alias, or by its address with the port.
	awk -F '\t' '
		$1 == "server" {
			count = split($2, word, " ")
			plain = count == 1 && !index(word[1], ":") && \
				substr(word[1], 1, 1) != "/"
			name[servers++] = word[count] (plain ? ":11211" : "")
		}
		$1 == "key" { print $2 "\t" name[$3] }' "$file" >want
	input=$dir/keys
	run 0 where --stdin
	input=/dev/null
	cut -f 1,2 out >got
	check 'there are keys' test -s want
	check 'every key has its place' cmp -s got want
	end
done

finish
