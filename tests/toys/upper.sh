#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
toy=upper
. "$abs_top_srcdir/tests/toys/some.sh"
