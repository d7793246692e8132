# SPDX-License-Identifier: BSD-3-Clause

# TENON_FUZZING
# Read --enable-fuzzing: build the fuzz targets with libFuzzer, each linked to the static library
# with every plugin built in. Call it before LT_INIT, TENON_SANITIZER and TENON_PLUGINS_BEGIN,
# because it changes their defaults.
AC_DEFUN([TENON_FUZZING], [
	AC_BEFORE([$0], [LT_INIT])
	AC_ARG_ENABLE([fuzzing],
		[AS_HELP_STRING([--enable-fuzzing],
			[build the fuzz targets with libFuzzer, which needs
			clang, and everything with the address and
			undefined-behaviour sanitizers (for developers)])],
		[], [enable_fuzzing=no])
	AS_IF([test "x$enable_fuzzing" != xno], [
		enable_shared=no
		enable_static=yes
		with_sanitizer=address,undefined,fuzzer-no-link
		with_builtin_plugins=all
	])
	AM_CONDITIONAL([FUZZING], [test "x$enable_fuzzing" != xno])
])

# TENON_DEBUGGING
# Read --enable-debug: check every change of a state. On by default with a sanitizer. Call it
# after TENON_SANITIZER.
AC_DEFUN([TENON_DEBUGGING], [
	AC_ARG_ENABLE([debug],
		[AS_HELP_STRING([--enable-debug],
			[check every change of a state, and end the process
			when one is not allowed (for developers; on by default
			with --with-sanitizer)])],
		[], [AS_IF([test "x$with_sanitizer" = xno],
			[enable_debug=no], [enable_debug=yes])])
	AS_IF([test "x$enable_debug" != xno], [
		AC_DEFINE([TENON_DEBUG], [1],
			[Define to 1 to check every change of a state.])
	])
])

# TENON_SANITIZER
# Read --with-sanitizer=LIST. Set SANITIZER_CFLAGS, for compiling and linking. Stop if a program
# built with these flags does not run.
AC_DEFUN([TENON_SANITIZER], [
	AC_ARG_WITH([sanitizer],
		[AS_HELP_STRING([--with-sanitizer=LIST],
			[build with sanitizers, such as address,undefined or
			thread (for developers)])],
		[], [with_sanitizer=no])
	SANITIZER_CFLAGS=
	AS_CASE([$with_sanitizer], [no], [], [yes],
		[AC_MSG_ERROR([--with-sanitizer needs a list, such as address,undefined])],
	[
		SANITIZER_CFLAGS="-fsanitize=$with_sanitizer -fno-sanitize-recover=all -fno-omit-frame-pointer"
		AC_MSG_CHECKING([whether $CC can use -fsanitize=$with_sanitizer])
		tenon_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS $SANITIZER_CFLAGS"
		AC_RUN_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])], [
			AC_MSG_RESULT([no])
			AC_MSG_ERROR([a program built with -fsanitize=$with_sanitizer does not compile, link or run; see config.log])
		], [AC_MSG_RESULT([cross compiling, assumed])])
		CFLAGS=$tenon_save_CFLAGS
	])
	AC_SUBST([SANITIZER_CFLAGS])
	AM_CONDITIONAL([SANITIZED], [test "x$with_sanitizer" != xno])
])
