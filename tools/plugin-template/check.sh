#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# make check: every plugin passes the tests of its kind, and a config takes it.
# Tests of what is special to yours go here as well.
set -eu

for library in $LIBRARIES; do
	plugin=${library%.la}
	kind=${plugin%%_*}
	name=${plugin#*_}
	"$CONFORMANCE" "$PWD/.libs/$plugin.so"

	key=$kind
	test "$kind" != hash || key=hash_function
	# Nobody listens on port 1, and nobody is asked.
	cat >check.yaml <<-HERE
	servers: ["127.0.0.1:1 a", "127.0.0.1:2 b"]
	plugins: [.libs/$plugin.so]
	$key: $name
	HERE
	"$TENON_TOOL" -c check.yaml check
done
