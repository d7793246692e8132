# SPDX-License-Identifier: BSD-3-Clause
#
# The plugins of the tree: call TENON_PLUGINS_BEGIN, TENON_PLUGIN for each plugin, and
# TENON_PLUGINS_END.

# TENON_PLUGINS_BEGIN
# Read --with-builtin-plugins. Set PLUGIN_ABI to the major version of the plugin ABI.
AC_DEFUN([TENON_PLUGINS_BEGIN], [
	AC_ARG_WITH([builtin-plugins],
		[AS_HELP_STRING([--with-builtin-plugins=LIST],
			[plugins to link into the library, as kind_name
			separated by commas, such as hash_md5,failover_none;
			or all, or none (default: those that the default
			config needs; with --disable-shared all, as there are
			no loadable plugins then)])],
		[], [with_builtin_plugins=default])
	tenon_plugins_wanted=`echo "$with_builtin_plugins" | tr ',' ' '`
	AS_CASE([$tenon_plugins_wanted],
		[yes], [tenon_plugins_wanted=default],
		[no], [tenon_plugins_wanted=none])
	AS_IF([test "x$enable_shared$tenon_plugins_wanted" = xnodefault],
		[tenon_plugins_wanted=all])
	tenon_plugins_builtin=
	tenon_plugins_loadable=
	tenon_plugins_absent=
	BUILTIN_CFLAGS=
	BUILTIN_LIBS=
	BUILTIN_REQUIRES=

	PLUGIN_ABI=`sed -n 's/^#define TENON_PLUGIN_ABI_MAJOR //p' \
		"$srcdir/include/tenon/plugin/plugin.h"`
	AC_SUBST([PLUGIN_ABI])
])

# TENON_PLUGIN(KIND, NAME, BUILT-IN-BY-DEFAULT, [LIBRARY])
# Decide whether a plugin is built in, loadable or left out. It is left out if it needs a
# LIBRARY that TENON_LIBRARY has not found, or if it would be loadable but shared libraries are
# disabled.
# Set for Makefiles BUILTIN_<KIND>_<NAME>, LOADABLE_<KIND>_<NAME>, and HAVE_<KIND>_<NAME> for
# either; set tenon_have_<KIND>_<NAME> to yes or no.
AC_DEFUN([TENON_PLUGIN], [
	m4_pushdef([token], [$1_$2])
	AS_CASE([" $tenon_plugins_wanted "],
		[*' all '* | *' token '*], [tenon_place=builtin],
		[' default '], [tenon_place=m4_if([$3], [yes], [builtin], [loadable])],
		[tenon_place=loadable])
	AS_IF([test "x$enable_shared" != xyes && test $tenon_place = loadable],
		[tenon_place=none])
	m4_ifval([$4], [
	AS_IF([test "x$with_$4" = xno], [tenon_place=none])
	AS_CASE(["$tenon_place$BUILTIN_REQUIRES "],
		[*" $tenon_requires_$4 "*], [],
		[builtin*], [
		AS_VAR_APPEND([BUILTIN_CFLAGS], [" $]m4_toupper([$4])[_CFLAGS"])
		AS_VAR_APPEND([BUILTIN_LIBS], [" $]m4_toupper([$4])[_LIBS"])
		AS_VAR_APPEND([BUILTIN_REQUIRES], [" $tenon_requires_$4"])
	])
	])
	AS_CASE([$tenon_place],
		[builtin], [AS_VAR_APPEND([tenon_plugins_builtin], [" token"])],
		[loadable], [AS_VAR_APPEND([tenon_plugins_loadable], [" token"])],
		[AS_VAR_APPEND([tenon_plugins_absent], [" token"])])
	AM_CONDITIONAL([BUILTIN_]m4_toupper(token), [test $tenon_place = builtin])
	AM_CONDITIONAL([LOADABLE_]m4_toupper(token), [test $tenon_place = loadable])
	AM_CONDITIONAL([HAVE_]m4_toupper(token), [test $tenon_place != none])
	AS_IF([test $tenon_place = none],
		[tenon_have_]token[=no], [tenon_have_]token[=yes])
	m4_popdef([token])
])

# TENON_PLUGINS_END
# Stop if --with-builtin-plugins names an unknown plugin. Set BUILTIN_PLUGINS, LOADABLE_PLUGINS
# and, for tests, ABSENT_PLUGINS. For the libraries of built-in plugins set BUILTIN_CFLAGS,
# BUILTIN_LIBS, and BUILTIN_REQUIRES for pkg-config.
AC_DEFUN([TENON_PLUGINS_END], [
	for tenon_plugin in $tenon_plugins_wanted; do
		AS_CASE([" default all none$tenon_plugins_builtin "],
			[*" $tenon_plugin "*], [],
			[AC_MSG_ERROR([--with-builtin-plugins: unknown plugin '$tenon_plugin', expected some of:$tenon_plugins_builtin$tenon_plugins_loadable])])
	done
	AS_IF([test "x$enable_shared" != xyes && test -n "$tenon_plugins_absent"],
		[AC_MSG_WARN([with --disable-shared there are no loadable plugins. These are left out, because --with-builtin-plugins does not name them, or because their library is missing:$tenon_plugins_absent])])
	AM_CONDITIONAL([MODULES], [test "x$enable_shared" = xyes])
	AC_SUBST([BUILTIN_PLUGINS], [$tenon_plugins_builtin])
	AC_SUBST([LOADABLE_PLUGINS], [$tenon_plugins_loadable])
	AC_SUBST([ABSENT_PLUGINS], [$tenon_plugins_absent])
	AC_SUBST([BUILTIN_CFLAGS])
	AC_SUBST([BUILTIN_LIBS])
	AC_SUBST([BUILTIN_REQUIRES])
])
