# SPDX-License-Identifier: BSD-3-Clause

# TENON_LIBRARY(NAME, PKG-CONFIG-MODULE, DEBIAN-PACKAGE, DEFAULT, PLUGIN)
# Read --with-NAME=auto|yes|no (default: DEFAULT) and look for a library that PLUGIN needs.
# Set with_NAME to yes or no, tenon_requires_NAME to its pkg-config module, and for Makefiles
# WITH_NAME, NAME_CFLAGS and NAME_LIBS (NAME in capitals).
AC_DEFUN([TENON_LIBRARY], [
	m4_pushdef([VARIABLE], m4_toupper([$1]))
	AC_ARG_WITH([$1],
		[AS_HELP_STRING([--with-$1=auto|yes|no],
			[build the plugin $5, which needs $3 (default: $4)])],
		[], [with_$1=$4])
	AS_IF([test "x$with_$1" != xno],
		[PKG_CHECK_MODULES(VARIABLE, [$2], [with_$1=yes], [
			AS_IF([test "x$with_$1" != xauto],
				[AC_MSG_ERROR([m4_car(m4_unquote(m4_split([$2]))) not found; plugin $5 needs it: install it (Debian: $3), or configure --without-$1])])
			with_$1=no
		])])
	tenon_requires_$1="m4_bpatsubst([$2], [ .*])"
	AC_SUBST(VARIABLE[_CFLAGS])
	AC_SUBST(VARIABLE[_LIBS])
	AM_CONDITIONAL([WITH_]VARIABLE, [test "x$with_$1" = xyes])
	m4_popdef([VARIABLE])
])
