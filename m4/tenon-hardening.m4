# SPDX-License-Identifier: BSD-3-Clause

# TENON_HARDENING
# Read --disable-hardening. Set HARDENING_CFLAGS and HARDENING_LDFLAGS: flags that make mistakes in the
# program harder to exploit, each when the compiler and the linker take it. Call it after
# TENON_SANITIZER, as sanitizers do not see into functions that _FORTIFY_SOURCE replaces.
# -fstack-protector-strong is left to the builds of packages: it adds 6 % to the instructions of a get.
AC_DEFUN([TENON_HARDENING], [
	AC_ARG_ENABLE([hardening],
		[AS_HELP_STRING([--disable-hardening],
			[build without _FORTIFY_SOURCE, control-flow
			protection and a read-only table of calls])],
		[], [enable_hardening=yes])
	HARDENING_CFLAGS=
	HARDENING_LDFLAGS=
	AS_IF([test "x$enable_hardening" != xno], [
		TENON_HARDENING_FLAG([HARDENING_CFLAGS], [-fcf-protection])
		TENON_HARDENING_FLAG([HARDENING_LDFLAGS], [-Wl,-z,relro])
		TENON_HARDENING_FLAG([HARDENING_LDFLAGS], [-Wl,-z,now])
		AS_IF([test "x$with_sanitizer" = xno], [TENON_FORTIFY])
	])
	AC_SUBST([HARDENING_CFLAGS])
	AC_SUBST([HARDENING_LDFLAGS])
])

# TENON_HARDENING_FLAG(VARIABLE, FLAG)
# Append FLAG to VARIABLE if a program with an array on the stack compiles and links with FLAG.
AC_DEFUN([TENON_HARDENING_FLAG], [
	AS_VAR_PUSHDEF([cache], [tenon_cv_hardening_$2])
	AC_CACHE_CHECK([whether $CC can use $2], [cache], [
		tenon_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $2"
		AC_LINK_IFELSE([AC_LANG_SOURCE([[
			#include <string.h>
			int main(int argc, char **argv)
			{
				char text[100];
				strncpy(text, argv[argc - 1], sizeof(text) - 1);
				return text[1];
			}]])],
			[AS_VAR_SET([cache], [yes])],
			[AS_VAR_SET([cache], [no])])
		CFLAGS=$tenon_save_CFLAGS
	])
	AS_VAR_IF([cache], [yes], [AS_VAR_APPEND([$1], [" $2"])])
	AS_VAR_POPDEF([cache])
])

# TENON_FORTIFY
# Add _FORTIFY_SOURCE=2 to HARDENING_CFLAGS if the compiler optimises, which it needs, and if neither
# the compiler nor the user has set a level.
AC_DEFUN([TENON_FORTIFY], [
	AC_CACHE_CHECK([whether to set _FORTIFY_SOURCE], [tenon_cv_fortify], [
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
			#if !defined(__OPTIMIZE__) || defined(_FORTIFY_SOURCE)
			#error without optimising, or set already
			#endif
			]])], [tenon_cv_fortify=yes], [tenon_cv_fortify=no])
	])
	AS_IF([test "x$tenon_cv_fortify" = xyes],
		[AS_VAR_APPEND([HARDENING_CFLAGS], [" -D_FORTIFY_SOURCE=2"])])
])
