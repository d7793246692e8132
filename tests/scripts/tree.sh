#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Rules for every file and every folder of the tree. Reports in TAP.
set -eu

cd "$abs_top_srcdir"
number=0
# none FUNCTION: run the function as a test. The function prints the faults, so the test
# passes when it prints nothing.
none()
{
	number=$((number + 1))
	wrong=$("$1" | sed 's/^/# /')
	if test -z "$wrong"; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		echo "$wrong"
	fi
}

# Print the files of the tree, without built files and without files from autotools.
files()
{
	find . \( -name .git -o -name build -o -name build-aux -o -name _build -o -name _inst -o -name .deps \
		-o -name .libs -o -name autom4te.cache -o -name 'tenon-[0-9]*' \
		-o -name deb -o -name rpm -o -name doc -o -name __pycache__ \
		-o -name .pytest_cache \) -prune -o "$@" -print
}

# Files that an in-tree build generates, such as config.h, say so in their first line.
every_source_names_its_licence()
{
	files -type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name '*.pyi' \
		-o -name '*.awk' -o -name 'tenon-*.m4' -o -name '*.inc' -o -name '*.am' \
		-o -name '*.ac' -o -name '*.map' -o -name '*.1' -o -name '*.[357]in' \
		-o -name '*.spec.in' -o -name '*.bash' -o -name rules -o -path './tools/check*' \
		-o -path './tools/demo' -o -path './tools/packaging/[a-z]*-[a-z]*' ! -path '*/debian/*' \) |
		xargs awk '
			FNR == 1 { seen[FILENAME] = /^\/\* .*[Gg]enerated/ }
			/SPDX-License-Identifier: BSD-3-Clause/ { seen[FILENAME] = 1 }
			FNR == 4 { nextfile }
			END { for (file in seen) if (!seen[file]) print file " names no licence" }'
}

version=$(sed -n 's/^AC_INIT(\[tenon\], \[\(.*\)\])$/\1/p' configure.ac)
version_stands_in_one_place()
{
	files -type f \( -name '*.[ch]' -o -name '*.in' -o -name '*.sh' -o -name '*.py' \
		-o -name '*.m4' -o -name '*.inc' -o -name '*.am' -o -name '*.ac' \) |
		grep -vE '^\./(configure\.ac|config\.h|aclocal\.m4|Makefile\.in|m4/l)' |
		xargs grep -HnF -e "[$version]" -e "\"$version\"" || true
}

every_folder_has_a_readme()
{
	for folder in include core core/* plugins plugins/* tests tests/* tools tools/* m4; do
		test ! -d "$folder" || test -e "$folder/README.md" ||
			case $folder in
			*/.* | */__pycache__ | tests/*.dSYM) ;;
			*) echo "$folder has no README.md" ;;
			esac
	done
}

links_of_readmes_lead_to_files()
{
	files -name README.md | while read -r readme; do
		grep -oE '\]\([^)#:]+' "$readme" | sed 's/^](//' | while read -r link; do
			test -e "$(dirname "$readme")/$link" ||
				echo "$readme: $link is not there"
		done
	done
}

# A reader who sees "server.h" knows which one. Public headers are always written with their
# folder, as in tenon/error.h.
headers_have_names_of_their_own()
{
	files -type f -name '*.h' | grep -vE '^\./(config\.h$|include/)' | sed 's|.*/||' | sort | uniq -d |
		while read -r name; do
			echo "$name is the name of several headers"
		done
}

# A test that asks a real server waits longer than the defaults, which are for fast machines.
tests_of_the_command_are_patient()
{
	grep -nE '^[[:space:]]*(run [0-9]|watch) .*--servers "\$(one|two|three|address)' tests/cli/*.sh |
		grep -vE ' (-c|"\$@"|\$patient) |nonsense|where ' || true
}

# A build in the tree leaves nothing that git shows as a new file. make says what it builds.
git_ignores_built_files()
{
	for file in $BUILT_FILES; do
		git -c safe.directory='*' check-ignore -q "$file" || echo ".gitignore has no pattern for $file"
	done
}

none every_source_names_its_licence
none headers_have_names_of_their_own
none version_stands_in_one_place
none every_folder_has_a_readme
none links_of_readmes_lead_to_files
none tests_of_the_command_are_patient
if git -c safe.directory='*' rev-parse >/dev/null 2>&1; then
	none git_ignores_built_files
else
	number=$((number + 1))
	echo "ok $number - git_ignores_built_files # SKIP no git, or this is no checkout"
fi
echo "1..$number"
