# SPDX-License-Identifier: BSD-3-Clause
"""A pytest plugin that reports in TAP on standard output, for automake."""

import os

import pytest


class Tap:
    def __init__(self):
        # Tests may print. The report goes to standard output as it was at the start.
        self._output = os.fdopen(os.dup(1), "w", buffering=1)
        self._count = 0

    def _say(self, line):
        print(line, file=self._output)

    def _result(self, good, name, reason="", details=""):
        self._count += 1
        outcome = "ok" if good else "not ok"
        self._say("%s %d - %s%s" % (outcome, self._count, name, reason))
        for line in str(details).splitlines():
            self._say("# " + line)

    def pytest_runtest_logreport(self, report):
        if report.when != "call" and report.passed:
            return
        name = report.nodeid.rpartition("/")[2].replace("::", ": ").replace("#", " ")
        if report.when == "teardown":
            name += ": teardown"
        if report.skipped:
            self._result(True, name, " # SKIP %s" % report.longrepr[2])
        else:
            self._result(
                report.passed, name, details="" if report.passed else report.longrepr
            )

    def pytest_collectreport(self, report):
        if report.failed:
            self._result(False, report.nodeid + " is imported", details=report.longrepr)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self):
        self._say("1..%d" % self._count)


def pytest_configure(config):
    config.option.verbose = 0  # the terminal plugin's option; assertions read it
    config.pluginmanager.register(Tap())
