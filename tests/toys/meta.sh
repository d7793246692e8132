#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The meta protocol is no toy, but the tests of real servers run in it in the same way. The scripts
# of the fakes are in the classic protocol, so programs with such scripts cannot.
toy=meta
programs="client/test_client client/test_key_rule client/test_routing"
. "$abs_top_srcdir/tests/toys/some.sh"
