#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# usage: smoke.sh SECONDS SOURCE-FOLDER TARGET...
#
# Run each fuzz target for some seconds, starting from its corpus. Stop at the first
# target that fails and show the output of libFuzzer. New inputs go to found/ in the
# working folder.
set -eu

seconds=$1
source=$2
shift 2
for target in "$@"; do
	name=${target##*libfuzzer_}
	found=tests/fuzz/found/$name
	dict=$source/$name.dict
	mkdir -p "$found"
	set -- "$found" "$source/corpus/$name"
	test ! -d "$source/crashes/$name" || set -- "$@" "$source/crashes/$name"
	test ! -e "$dict" || set -- "-dict=$dict" "$@"
	if ! "./$target" -max_len=4096 -timeout=300 -print_final_stats=1 \
		"-max_total_time=$seconds" "-artifact_prefix=$found-" \
		"$@" >"$found.log" 2>&1; then
		tail -n 50 "$found.log"
		echo "tests/fuzz/smoke.sh: $name broke; see $found.log" >&2
		exit 1
	fi
	echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' \
		"$found.log") runs in $seconds s"
done
