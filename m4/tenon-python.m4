# SPDX-License-Identifier: BSD-3-Clause

# TENON_PYTHON
# Read --with-python=auto|yes|no and --with-libmc-module. Set PYTHON, pythondir and pyexecdir as
# AM_PATH_PYTHON does, PYTHON_CPPFLAGS, PYTHON_LDFLAGS, PYTHON_LIBTENON, and for Makefiles PYTHON_MODULE
# and LIBMC_MODULE. Set tenon_python_reason, for the summary, to why the package is not built.
# The package needs shared libraries, because a Python extension is one.
AC_DEFUN([TENON_PYTHON], [
	AC_ARG_WITH([python],
		[AS_HELP_STRING([--with-python=auto|yes|no],
			[build the Python package tenon, which needs CPython
			3.9 and its headers (default: auto)])],
		[], [with_python=auto])
	AC_ARG_WITH([libmc-module],
		[AS_HELP_STRING([--with-libmc-module],
			[install the Python package libmc, which replaces
			Douban's package of that name (default: no)])],
		[], [with_libmc_module=no])
	AC_ARG_VAR([PYTHON_CPPFLAGS],
		[where Python.h is, such as -I/usr/include/python3.11;
		a cross build needs it, any other build asks PYTHON])
	tenon_python_missing=
	tenon_python_reason=
	AS_IF([test "x$enable_shared" != xyes],
		[tenon_python_missing="a Python extension is a shared library, but --disable-shared is given"])
	AS_IF([test "x$with_python" != xno && test -z "$tenon_python_missing"], [
		AM_PATH_PYTHON([3.9], [TENON_PYTHON_HEADERS],
			[tenon_python_missing="no Python 3.9 or later"])
	])
	AS_IF([test "x$with_python" = xno || test -n "$tenon_python_missing"], [
		AS_IF([test "x$with_python" = xyes],
			[AC_MSG_ERROR([--with-python: $tenon_python_missing])])
		AS_IF([test "x$with_libmc_module" != xno],
			[AC_MSG_ERROR([--with-libmc-module needs --with-python])])
		AS_IF([test "x$with_python" != xno],
			[tenon_python_reason=": $tenon_python_missing"])
		with_python=no
	], [with_python=yes])
	TENON_PYTHON_TESTS
	AM_CONDITIONAL([PYTHON_MODULE], [test "x$with_python" = xyes])
	AM_CONDITIONAL([LIBMC_MODULE], [test "x$with_libmc_module" != xno])
])

# TENON_PYTHON_HEADERS
# Set PYTHON_CPPFLAGS, unless it is given. Set tenon_python_missing if Python.h does not compile.
# Set PYTHON_LDFLAGS: the symbols of Python come from the interpreter, also with -z defs.
AC_DEFUN([TENON_PYTHON_HEADERS], [
	AS_IF([test -n "$PYTHON_CPPFLAGS"], [],
		[test "x$cross_compiling" = xyes],
		[tenon_python_missing="the Python.h of this machine is not that of $host: set PYTHON_CPPFLAGS=-I<folder of the Python.h for $host>"],
		[PYTHON_CPPFLAGS=-isystem`$PYTHON -c 'import sysconfig; print(sysconfig.get_path("include"))'`])
	tenon_save_CPPFLAGS=$CPPFLAGS
	CPPFLAGS="$CPPFLAGS $PYTHON_CPPFLAGS"
	AS_IF([test -z "$tenon_python_missing"], [AC_CHECK_HEADER([Python.h], [],
		[tenon_python_missing="Python.h of $PYTHON not found (Debian: python3-dev)"])])
	CPPFLAGS=$tenon_save_CPPFLAGS
	PYTHON_LDFLAGS=
	TENON_HARDENING_FLAG([PYTHON_LDFLAGS], [-Wl,-z,undefs])
	AC_SUBST([PYTHON_LDFLAGS])
	TENON_PYTHON_LIBTENON
])

# TENON_PYTHON_LIBTENON
# Set PYTHON_LIBTENON, what the extension links to. libtool writes the absolute path of a
# library of the build into the list of dependencies of another library, and splits that list at
# spaces. In a folder with a space in its path, the compiler gets the library itself instead; libtool
# then does not know where it will be installed, so that path is an argument too.
AC_DEFUN([TENON_PYTHON_LIBTENON], [
	AS_CASE([`pwd`],
		[*' '*], [PYTHON_LIBTENON='-Xcompiler core/.libs/libtenon.so -Xcompiler -Wl,--enable-new-dtags,-rpath,$(libdir)'],
		[PYTHON_LIBTENON=core/libtenon.la])
	AC_SUBST([PYTHON_LIBTENON])
])

# TENON_PYTHON_TESTS
# Set PYTHON_TESTS for Makefiles: true if pytest is installed, and if the interpreter can load the
# extension when it is built with sanitizers. Set SANITIZER_LIBRARY, which the interpreter has to
# load before the extension.
AC_DEFUN([TENON_PYTHON_TESTS], [
	SANITIZER_LIBRARY=
	tenon_python_tests=$with_python
	AS_IF([test "x$with_python" = xyes], [
		AC_MSG_CHECKING([whether $PYTHON has pytest])
		AS_IF([$PYTHON -c 'import pytest' >/dev/null 2>&1],
			[AC_MSG_RESULT([yes])],
			[AC_MSG_RESULT([no; the tests of the Python packages are left out])
			tenon_python_tests=no])
	])
	AS_CASE([$with_sanitizer],
		[no | undefined], [],
		[*address*], [
			SANITIZER_LIBRARY=`$CC -print-file-name=libasan.so`
			AS_IF([test ! -e "$SANITIZER_LIBRARY"], [
				AC_MSG_WARN([libasan.so not found; the tests of the Python packages are left out])
				tenon_python_tests=no
			])
		], [
			AC_MSG_WARN([the tests of the Python packages do not run with -fsanitize=$with_sanitizer; they are left out])
			tenon_python_tests=no
		])
	AC_SUBST([SANITIZER_LIBRARY])
	AM_CONDITIONAL([PYTHON_TESTS], [test "x$tenon_python_tests" = xyes])
])
