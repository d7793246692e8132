# SPDX-License-Identifier: BSD-3-Clause

# TENON_CFLAG(VARIABLE, FLAG)
# Append FLAG to VARIABLE if the compiler accepts it.
AC_DEFUN([TENON_CFLAG], [
	AS_VAR_PUSHDEF([cache], [tenon_cv_cflag_$2])
	AC_CACHE_CHECK([whether $CC accepts $2], [cache], [
		tenon_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $2"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
			[AS_VAR_SET([cache], [yes])],
			[AS_VAR_SET([cache], [no])])
		CFLAGS=$tenon_save_CFLAGS
	])
	AS_VAR_IF([cache], [yes], [AS_VAR_APPEND([$1], [" $2"])])
	AS_VAR_POPDEF([cache])
])

# TENON_C11
# Set TENON_CFLAGS: C11, symbols hidden by default. Stop if the compiler has no C11 with atomics.
AC_DEFUN([TENON_C11], [
	AC_CACHE_CHECK([whether $CC accepts -std=c11], [tenon_cv_c11], [
		tenon_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -std=c11"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
			#include <stdatomic.h>
			_Static_assert(sizeof(atomic_uint) >= 4, "C11");
			]])], [tenon_cv_c11=yes], [tenon_cv_c11=no])
		CFLAGS=$tenon_save_CFLAGS
	])
	AS_IF([test "x$tenon_cv_c11" != xyes],
		[AC_MSG_ERROR([$CC does not compile C11 with <stdatomic.h>])])
	TENON_CFLAGS=-std=c11
	TENON_CFLAG([TENON_CFLAGS], [-fvisibility=hidden])
	AC_SUBST([TENON_CFLAGS])
])

# TENON_WARNINGS
# Set WARNING_CFLAGS; with --enable-werror warnings are errors.
AC_DEFUN([TENON_WARNINGS], [
	AC_ARG_ENABLE([werror],
		[AS_HELP_STRING([--enable-werror],
			[treat compiler warnings as errors (for developers)])],
		[], [enable_werror=no])
	WARNING_CFLAGS=
	m4_foreach_w([flag], [-Wall -Wextra -Wconversion -Wshadow
			-Wstrict-prototypes -Wmissing-prototypes -Wvla],
		[TENON_CFLAG([WARNING_CFLAGS], flag)])
	AS_IF([test "x$enable_werror" != xno],
		[AS_VAR_APPEND([WARNING_CFLAGS], [" -Werror"])])
	AC_SUBST([WARNING_CFLAGS])
])

# TENON_VERSION_SCRIPT
# Set HAVE_VERSION_SCRIPT for Makefiles if the linker accepts a symbol map.
AC_DEFUN([TENON_VERSION_SCRIPT], [
	AC_CACHE_CHECK([whether the linker accepts --version-script],
		[tenon_cv_version_script], [
		tenon_save_LDFLAGS=$LDFLAGS
		LDFLAGS="$LDFLAGS -Wl,--version-script=conftest.map"
		echo 'TEST_1 { global: main; local: *; };' >conftest.map
		AC_LINK_IFELSE([AC_LANG_PROGRAM()],
			[tenon_cv_version_script=yes],
			[tenon_cv_version_script=no])
		LDFLAGS=$tenon_save_LDFLAGS
		rm -f conftest.map
	])
	AM_CONDITIONAL([HAVE_VERSION_SCRIPT],
		[test "x$tenon_cv_version_script" = xyes])
])
