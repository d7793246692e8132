#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
toy=xor
. "$abs_top_srcdir/tests/toys/some.sh"
