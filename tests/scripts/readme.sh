#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The command blocks of every README are run, and what the READMEs show is compared with
# what is compiled and printed. Reports in TAP.
#
# The blocks of one README are one session of a shell, in a folder that has the tree's
# folders in it. A block that cannot run in a test has `<!-- not run: REASON -->` above it.
# A text block directly below a block shows what it prints; with `<!-- figures vary -->`
# above it, all numbers in it are taken for equal.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

examples=$abs_top_srcdir/tools/examples
python_examples=$abs_top_srcdir/tools/python/examples
tenon=$abs_top_builddir/tools/tenon/tenon
dir=$(mktemp -d)
trap 'stop_servers; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

# memcached removes its pid file when it ends, so the process of a file that is there
# is ours.
stop_servers()
{
	for file in "$dir"/tmp/*.pid; do
		test ! -e "$file" || kill "$(cat "$file")" || true
	done
}

# ---- programs and configs ---------------------------------------------------

# block README LANGUAGE N: the Nth block of that language.
block()
{
	awk -v start="\`\`\`$2" -v wanted="$3" '
		$0 == "```" { inside = 0 }
		inside { print }
		$0 == start { inside = ++seen == wanted }' "$abs_top_srcdir/$1"
}

# same_program README LANGUAGE N FILE. The files have a licence line in front.
same_program()
{
	block "$1" "$2" "$3" >"$dir/shown"
	tail -n +2 "$4" | diff "$dir/shown" - && test -s "$dir/shown"
}

# valid_config README N
valid_config()
{
	block "$1" yaml "$2" >"$dir/tenon.yaml"
	test -s "$dir/tenon.yaml" && "$tenon" -c "$dir/tenon.yaml" check
}

# ---- commands ---------------------------------------------------------------

# READMEs say 127.0.0.1, ports from 11310 to 11319, and /tmp. A test has a loopback address
# and ports that nobody else uses, and a folder of its own. Sets $address, $ports.
choose_places()
{
	# shellcheck disable=SC2046
	set -- $(od -An -N4 -tu1 /dev/urandom)
	address=127.$1.$2.$((1 + $3 % 254))
	ports=$((2000 + $4))
}

to_places()
{
	sed "s/127\.0\.0\.1/$address/g; s/1131\([0-9?]\)/$ports\1/g; s,/tmp/,$dir/tmp/,g"
}

from_places()
{
	sed "s,$dir/tmp/,/tmp/,g; s/$address/127.0.0.1/g; s/$ports\([0-9]\)/1131\1/g"
}

# Programs by the names that READMEs use: the compiler and flags of this build, pkg-config
# that finds this build, and a memcached that has started when the command returns, after
# one of the session before has ended, which had the same port and pid file: a script is
# faster than a typist.
make_programs()
{
	mkdir "$dir/bin" "$dir/tmp"
	chmod a+rwx "$dir" "$dir/tmp"
	libraries=$abs_top_builddir/core/.libs
	static=
	test -e "$libraries/libtenon.so" || static=--static
	cat >"$dir/bin/cc" <<-HERE
	exec $CC $SANITIZER_CFLAGS "\$@"
	HERE
	cat >"$dir/bin/pkg-config" <<-HERE
	PKG_CONFIG_PATH='$abs_top_builddir/core' exec $PKG_CONFIG $static \
		--define-variable=libdir='$libraries' \
		--define-variable=includedir='$abs_top_srcdir/include' "\$@"
	HERE
	cat >"$dir/bin/memcached" <<-HERE
	file= previous=
	for argument; do
		test "\$previous" != -P || file=\$argument
		previous=\$argument
	done
	# await TEST SENTENCE: wait until the pid file passes the test
	await()
	{
		tries=0
		until test \$1 "\$file"; do
			tries=\$((tries + 1))
			test \$tries -lt 600 || { echo "memcached \$2 \$file" >&2; exit 1; }
			sleep 0.05
		done
	}
	await '! -e' 'did not remove'
	'$(command -v memcached)' "\$@" || exit
	await -s 'did not write'
	HERE
	for program in cc pkg-config memcached; do
		sed -i '1i #!/bin/sh' "$dir/bin/$program"
		chmod +x "$dir/bin/$program"
	done
}

# A folder that looks like the top of the tree, with this build in place of the demo's.
make_tree()
{
	rm -rf "$dir/tree"
	mkdir -p "$dir/tree/build"
	for entry in "$abs_top_srcdir"/*; do
		test "${entry##*/}" = build || ln -s "$entry" "$dir/tree"
	done
	ln -s "$abs_top_builddir" "$dir/tree/build/demo"
}

# line_numbers KIND: of the blocks that readme_blocks.awk wrote, in order
line_numbers()
{
	find "$dir/blocks" -name "$1.*" | sed 's/.*\.//' | sort -n
}

# One script for all blocks, so that variables and folders last; each block prints
# into a file of its own.
write_session()
{
	echo 'set -eu'
	for line in $(line_numbers commands); do
		echo "at=$line"
		echo '{'
		to_places <"$dir/blocks/commands.$line"
		echo "} >'$dir/blocks/output.$line'"
	done
}

# Make columns narrow, and figures alike when they vary.
compared()
{
	if test -e "$dir/blocks/varying.$1"; then
		sed -E 's/[0-9]+(\.[0-9]+)?/N/g; s/N (us|ms|s)/N/g; s/ +/ /g; s/ $//'
	else
		sed -E 's/ +/ /g; s/ $//'
	fi
}

# prints_what_it_shows README LINE: the output of the block is the text below it
prints_what_it_shows()
{
	compared "$2" <"$dir/blocks/expected.$2" >"$dir/expected"
	# A terminal gets a newline behind a value.
	{ from_places <"$dir/blocks/output.$2"; echo; } | compared "$2" >"$dir/printed"
	echo >>"$dir/expected"
	sed -i '/^$/d' "$dir/expected" "$dir/printed"
	diff "$dir/expected" "$dir/printed" || {
		echo "$1: the block of line $2 prints (>) something else than the text below it (<)"
		return 1
	}
}

find_blocks()
{
	rm -rf "$dir/blocks"
	mkdir "$dir/blocks"
	(cd "$abs_top_srcdir" &&
		awk -v dir="$dir/blocks" -f tests/scripts/readme_blocks.awk "$1")
}

# works_as_typed README: run the blocks in order, and compare what they print
works_as_typed()
{
	find_blocks "$1"
	make_tree
	write_session >"$dir/session"
	(
		cd "$dir/tree"
		PATH=$dir/bin:$abs_top_builddir/tools/tenon:$PATH
		LD_LIBRARY_PATH=$abs_top_builddir/core/.libs
		HOME=$dir/tmp
		export PATH LD_LIBRARY_PATH HOME
		unset TENON_CONFIG XDG_CONFIG_HOME
		sh -x "$dir/session" </dev/null 2>"$dir/log"
	) || {
		tail -n 20 "$dir/log"
		echo "$1: a command of the block of line $(sed -n 's/^+ at=//p' "$dir/log" |
			tail -n 1) failed"
		return 1
	}
	for line in $(line_numbers expected); do
		prints_what_it_shows "$1" "$line" || return 1
	done
}

readmes()
{
	(cd "$abs_top_srcdir" &&
		find . \( -name .git -o -name build -o -name _build -o -name _inst \
			-o -name 'tenon-[0-9]*' -o -name deb -o -name rpm -o -name .pytest_cache \) -prune \
			-o -name README.md -print | sed 's,^\./,,' | LC_ALL=C sort)
}

markers_and_languages_are_right()
{
	for readme in $(readmes); do
		find_blocks "$readme"
	done >"$dir/wrong"
	cat "$dir/wrong"
	test ! -s "$dir/wrong"
}

try first_program_is_the_compiled_one same_program README.md c 1 "$examples/first.c"
try plugin_is_the_compiled_one same_program plugins/README.md c 1 \
	"$examples/hash_sum.c"
try python_program_is_the_tested_one same_program README.md python 1 \
	"$python_examples/first.py"
try libmc_program_is_the_tested_one same_program README.md python 2 \
	"$python_examples/first_libmc.py"
try long_config_is_valid valid_config tools/examples/README.md 1
try libmc_config_is_valid valid_config tools/examples/README.md 2
try markers_and_languages_are_right markers_and_languages_are_right
choose_places
make_programs
for readme in $(readmes); do
	find_blocks "$readme" >/dev/null
	test -z "$(line_numbers commands)" ||
		try "commands of $readme work as typed" works_as_typed "$readme"
done
plan
