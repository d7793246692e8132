#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What tools/demo, tools/check, `make deb` and `make rpm` say when they cannot begin, and what the
# spec file has to have. Nothing is built here. Reports in TAP.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bash=$(command -v bash)
packaging=$abs_top_srcdir/tools/packaging

# says STATUS TEXT COMMAND...: the command ends so, and its output has the text
says()
{
	expected=$1
	text=$2
	shift 2
	status=0
	"$@" >"$scratch/said" 2>&1 </dev/null || status=$?
	cat "$scratch/said"
	test "$status" -eq "$expected" && grep -qF "$text" "$scratch/said"
}

# without_programs SCRIPT: run it where no program is found
without_programs()
{
	PATH=$scratch/empty "$bash" "$packaging/$1" tenon.tar.gz "$scratch/packages"
}

# in_built_tree SCRIPT: run it in a source tree that was configured itself
in_built_tree()
{
	mkdir -p "$scratch/tree/tools"
	cp "$abs_top_srcdir/tools/$1" "$abs_top_srcdir"/tools/*.sh "$scratch/tree/tools/"
	: >"$scratch/tree/config.status"
	"$bash" "$scratch/tree/tools/$1"
}

# in_broken_tree: run tools/demo in a tree whose configure fails; packages are not installed
in_broken_tree()
{
	mkdir -p "$scratch/broken/tools"
	cp "$abs_top_srcdir/tools/demo" "$scratch/broken/tools/"
	printf 'need_clean_tree() { :; }\ninstall_packages() { :; }\n' >"$scratch/broken/tools/packages.sh"
	printf '#!/bin/sh\necho configure: error: libyaml not found\nfor i in 1 2 3 4 5 6 7 8 9 10 11; do echo; done\nexit 1\n' \
		>"$scratch/broken/configure"
	chmod +x "$scratch/broken/configure"
	"$bash" "$scratch/broken/tools/demo"
}

# has FILE PATTERN...: each pattern matches a line of the file
has()
{
	file=$1
	shift
	for pattern; do
		grep -Eq -e "$pattern" "$file" || { echo "${file##*/} has no line '$pattern'"; return 1; }
	done
}

# listed: the README names every package that make-deb and make-rpm can ask for
listed()
{
	sed -n 's/^needs //p' "$packaging/make-deb" "$packaging/make-rpm" | tr ' ' '\n' | sed 's/.*=//' |
		while read -r package; do
			grep -q "\`$package\`" "$packaging/README.md" || echo "README.md lacks $package"
		done >"$scratch/unlisted"
	cat "$scratch/unlisted"
	test ! -s "$scratch/unlisted"
}

mkdir "$scratch/empty"
try make_deb_names_what_is_missing says 2 'Install dpkg-dev debhelper dh-python lintian' without_programs make-deb
try make_rpm_names_what_is_missing says 2 'Install rpm make' without_programs make-rpm
try what_packages_need_is_listed listed
try the_demo_says_that_the_tree_is_configured says 1 "run 'make distclean' first" in_built_tree demo
try the_check_says_that_the_tree_is_configured says 1 "run 'make distclean' first" in_built_tree check
try the_demo_shows_why_the_build_fails says 1 'configure: error: libyaml not found' in_broken_tree
try the_spec_is_that_of_a_distribution has "$packaging/tenon.spec.in" '^%configure ' '^%check$' '^%changelog$' \
	'^URL: ' '^Release: .*%\{\?dist\}$' '^%dir %\{_libdir\}/tenon$'
plan
