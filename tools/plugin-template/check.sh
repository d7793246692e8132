#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# make check: every plugin passes the conformance suite of its kind, and a config can use it.
# Add tests of your plugin's own behaviour here.
set -eu

for library in $LIBRARIES; do
	plugin=${library%.la}
	kind=${plugin%%_*}
	name=${plugin#*_}
	"$CONFORMANCE" "$PWD/.libs/$plugin.so"

	case $kind in
	hash) line="hash_function: $name" ;;
	codec) line="codecs: [$name]" ;;
	*) line="$kind: $name" ;;
	esac
	# The command only checks the config: it connects to no server. Status 1 is a warning, such as
	# that the hash function places keys unevenly.
	cat >check.yaml <<-HERE
	servers: ["127.0.0.1:1 a", "127.0.0.1:2 b"]
	plugins: [.libs/$plugin.so]
	$line
	HERE
	"$TENON_TOOL" -c check.yaml check || test $? -eq 1
done
