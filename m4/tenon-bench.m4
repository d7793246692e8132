# SPDX-License-Identifier: BSD-3-Clause

# TENON_BENCH
# The clients with which tenon-bench compares tenon, and whether tenon-bench is installed.
AC_DEFUN([TENON_BENCH], [
	AC_ARG_ENABLE([bench-install],
		[AS_HELP_STRING([--enable-bench-install],
			[install tenon-bench, which is always built])],
		[], [enable_bench_install=no])
	AM_CONDITIONAL([BENCH_INSTALL], [test "x$enable_bench_install" != xno])
	TENON_BENCH_LIBMEMCACHED
	TENON_BENCH_LIBMC
])

# TENON_BENCH_LIBMEMCACHED
# Not by pkg-config: libmemcached's file names more libraries than a client needs.
AC_DEFUN([TENON_BENCH_LIBMEMCACHED], [
	AC_ARG_WITH([libmemcached],
		[AS_HELP_STRING([--with-libmemcached=auto|yes|no],
			[let tenon-bench measure libmemcached too (default:
			auto, if it is installed)])],
		[], [with_libmemcached=auto])
	LIBMEMCACHED_LIBS=
	AS_IF([test "x$with_libmemcached" != xno], [
		AC_CHECK_HEADER([libmemcached/memcached.h],
			[AC_CHECK_LIB([memcached], [memcached_generate_hash],
				[LIBMEMCACHED_LIBS=-lmemcached])])
		AS_IF([test -n "$LIBMEMCACHED_LIBS"],
			[AC_DEFINE([HAVE_LIBMEMCACHED], [1],
				[tenon-bench measures libmemcached])],
			[test "x$with_libmemcached" = xyes],
			[AC_MSG_ERROR([libmemcached not found (Debian: libmemcached-dev)])])
	])
	AC_SUBST([LIBMEMCACHED_LIBS])
	AM_CONDITIONAL([BENCH_LIBMEMCACHED], [test -n "$LIBMEMCACHED_LIBS"])
])

# TENON_BENCH_LIBMC
# DIR is a source tree of libmc in which the static library was built.
AC_DEFUN([TENON_BENCH_LIBMC], [
	AC_ARG_WITH([libmc],
		[AS_HELP_STRING([--with-libmc=DIR],
			[let tenon-bench measure libmc too: DIR/include holds
			c_client.h; DIR or a folder in it holds libmc.a
			(default: no)])],
		[], [with_libmc=no])
	LIBMC_CPPFLAGS=
	LIBMC_LIBS=
	AS_IF([test "x$with_libmc" != xno], [
		for libmc_dir in "$with_libmc" "$with_libmc"/*/; do
			AS_IF([test -f "$libmc_dir/libmc.a"],
				[LIBMC_LIBS="$libmc_dir/libmc.a -lstdc++ -lm"])
		done
		AS_IF([test -z "$LIBMC_LIBS" ||
		       test ! -f "$with_libmc/include/c_client.h"],
			[AC_MSG_ERROR([--with-libmc=$with_libmc: include/c_client.h is missing, or libmc.a is neither in this folder nor one level below])])
		LIBMC_CPPFLAGS="-isystem $with_libmc/include"
		AC_DEFINE([HAVE_LIBMC], [1], [tenon-bench measures libmc])
	])
	AC_SUBST([LIBMC_CPPFLAGS])
	AC_SUBST([LIBMC_LIBS])
	AM_CONDITIONAL([BENCH_LIBMC], [test -n "$LIBMC_LIBS"])
])
