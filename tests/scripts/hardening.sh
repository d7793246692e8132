#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The library, the plugins that are modules, tenon(1) and the Python extension are hardened: the
# flags that configure chose, and those in CPPFLAGS and CFLAGS, show in the files. m4/tenon-hardening.m4 chooses.
# Reports in TAP.
set -eu

export LC_ALL=C
. "$abs_top_srcdir/tests/runner/tap.sh"

readelf=${READELF:-readelf}
library=$abs_top_builddir/core/.libs/libtenon.so
modules=$(echo "$abs_top_builddir"/plugins/.libs/*.so)
tool=$abs_top_builddir/tools/tenon/.libs/tenon
extension=$abs_top_builddir/tools/python/.libs/_tenon.so

# The files of this build. A build may leave out the tool and the extension.
files="$library $modules"
for file in "$tool" "$extension"; do
	test ! -e "$file" || files="$files $file"
done

# has FILE COMMAND PATTERN: what readelf says of the file has the pattern
has()
{
	$readelf $2 -W "$1" 2>&1 | grep -Eq "$3" || {
		echo "${1##*/}: readelf $2 has no '$3'"
		return 1
	}
}

calls_are_read_only()
{
	for file in $files; do
		has "$file" -l GNU_RELRO && has "$file" -d 'BIND_NOW|Flags:.* NOW' ||
			return 1
	done
}

# Modules are small: not each has a function with an array.
stacks_are_protected()
{
	for file in $files; do
		case " $modules " in
		*" $file "*) has "$file" --dyn-syms __stack_chk_fail >/dev/null || continue ;;
		*) has "$file" --dyn-syms __stack_chk_fail || return 1 ;;
		esac
		protected="${protected-} ${file##*/}"
	done
	echo "protected: $protected"
	for file in $modules; do
		case "$protected " in
		*" ${file##*/} "*) return 0 ;;
		esac
	done
	echo 'no module is protected'
	return 1
}

functions_are_fortified()
{
	has "$library" --dyn-syms '__snprintf_chk'
}

# The linker marks a file only when all objects in it are marked, also those of the C library.
branches_are_marked()
{
	for object in "$abs_top_builddir"/core/base/.libs/*.o \
		"$abs_top_builddir"/plugins/*/*/.libs/*.o; do
		has "$object" -n 'IBT' && has "$object" -n 'SHSTK' || return 1
	done
	start=$($CC -print-file-name=crti.o)
	$readelf -n "$start" 2>/dev/null | grep -q SHSTK || return 0
	for file in $files; do
		has "$file" -n 'SHSTK' || return 1
	done
}

# when FLAG NAME: run a test if configure or the builder chose the flag; FLAG is a pattern
when()
{
	case " $HARDENING " in
	*" "$1" "*) try "$2" "$2" ;;
	*) skip "$2" "configured without $1" ;;
	esac
}

when -Wl,-z,now calls_are_read_only
when -fstack-protector-strong stacks_are_protected
when '-D_FORTIFY_SOURCE=[23]' functions_are_fortified
when -fcf-protection branches_are_marked
plan
