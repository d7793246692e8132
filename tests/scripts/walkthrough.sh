#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# make installcheck: run the walk-through of plugins/README.md, command by command, with
# the installed tenon.
set -eu

readme=$abs_top_srcdir/plugins/README.md
leave_out()
{
	echo "The walk-through of plugins/README.md is left out: $*"
	exit 0
}

test -z "$DESTDIR" || leave_out 'with DESTDIR nothing is where it belongs.'
test -n "$tenon" || leave_out 'configured --without-tools.'
test -n "$conformance" || leave_out 'configured without tests or shared libraries.'

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
PATH=$(dirname "$tenon"):$PATH
PKG_CONFIG_PATH=$libdir/pkgconfig
LD_LIBRARY_PATH=$libdir
export PATH PKG_CONFIG_PATH LD_LIBRARY_PATH CC CFLAGS
unset MAKEFLAGS MAKELEVEL MFLAGS DESTDIR

# Print the shell blocks of that section, up to the block that uses files of other
# people.
awk '/^## / { inside = $0 == "## Write a plugin outside this tree" }
	$0 == "```" { block = 0 }
	inside && block && /^tenon-conformance/ { exit }
	inside && block { print }
	inside && $0 == "```sh" { block = 1 }' "$readme" >"$dir/steps"

# Each step has to succeed. A step that begins with "!" has to fail.
steps=0
echo 'set -eu' >"$dir/script"
while IFS= read -r step; do
	steps=$((steps + 1))
	case $step in
	'! '*) step="if ${step#! }; then echo 'It was to fail.'; exit 1; fi" ;;
	esac
	printf 'echo "+ step %s"\n%s\n' "$steps" "$step" >>"$dir/script"
done <"$dir/steps"

cd "$dir"
if test "$steps" -lt 10 || ! sh script >log 2>&1 </dev/null; then
	tail -n 40 log >&2
	echo "walkthrough.sh: of $steps steps the last one above failed:" >&2
	sed -n "$(sed -n 's/^+ step //p' log | tail -n 1)p" steps >&2
	exit 1
fi
grep -Eq '^user:1	(anna|bert)	127' log || {
	echo 'walkthrough.sh: no server for user:1' >&2
	exit 1
}
echo "The walk-through of plugins/README.md works: $steps steps."

# Check the whole template with all of its examples, and the policy: the keys of a zone
# go to the servers of the zone as long as one of them lives.
cd "$dir"
cat >template <<'HERE'
set -eu
cp -R "$(pkg-config --variable=templatedir tenon)" all
cd all
./autogen.sh
./configure
make
make check
make install
tenon plugins times33
pids=
trap 'kill $pids' EXIT
for server in a-1 a-2 b-1; do
	memcached -u "$(id -un)" -t 1 -s "$PWD/$server.sock" &
	pids="$pids $!"
	until test -S "$server.sock"; do kill -0 $!; sleep 0.1; done
done
cat >zones.yaml <<YAML
servers: ["$PWD/a-1.sock a-1", "$PWD/a-2.sock a-2", "$PWD/b-1.sock b-1"]
failover: {nearby: {zone: b}}
YAML
tenon -c zones.yaml check
sed s/zone:.b/zone:\ c/ zones.yaml >wrong.yaml
if tenon -c wrong.yaml check; then exit 1; fi
for key in 1 2 3 4 5 6 7 8; do tenon -c zones.yaml set "$key" value; done
tenon -c zones.yaml --servers "$PWD/b-1.sock b-1" stats | tee stats
grep -Eq 'curr_items +8$' stats
make uninstall
HERE
sh template >log 2>&1 </dev/null || {
	tail -n 40 log >&2
	echo 'walkthrough.sh: the template failed' >&2
	exit 1
}
echo 'The template works as a whole.'
