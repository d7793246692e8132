# SPDX-License-Identifier: BSD-3-Clause
"""The example programs, the bench for Python, and the types of the package."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

# Raises the timeouts: a test must not fail because the machine is slow.
PATIENT = """
import libmc
class Patient(libmc.Client):
    def __init__(self, *args):
        self.config(libmc.MC_POLL_TIMEOUT, 60000)
        self.config(libmc.MC_CONNECT_TIMEOUT, 10000)
libmc.Client = Patient
"""

PYTHON = pathlib.Path(__file__).parents[1]


def run_example(name, folder, **replaced):
    source = (PYTHON / "examples" / name).read_text(encoding="utf-8")
    for old, new in replaced.items():
        assert old.replace("_", ":") in source
        source = source.replace(old.replace("_", ":"), new)
    return subprocess.run(
        [sys.executable, "-c", PATIENT + source], cwd=folder, check=True, text=True,
        stdout=subprocess.PIPE,
    ).stdout


def test_the_first_program_runs(servers, tmp_path):
    (tmp_path / "tenon.yaml").write_text(
        "servers: [%s]\npoll_timeout: 60s\nconnect_timeout: 10s\n" % servers[0])
    assert run_example("first.py", tmp_path) == "{'greeting': b'hello, cluster'}\n"


def test_the_first_program_with_libmc_runs(servers, tmp_path):
    output = run_example(
        "first_libmc.py", tmp_path, localhost_11211=servers[0],
        localhost_11212=servers[1])
    assert output == "{'hello': 'cluster'}\n"


def test_the_bench_runs():
    bench = PYTHON.parent / "bench" / "python_bench.py"
    output = subprocess.run(
        [sys.executable, str(bench), "--build", os.environ["abs_top_builddir"],
         "--cases", "*100 x 100 B", "--rounds", "1", "--slice-ms", "1", "--json"],
        check=True, text=True, stdout=subprocess.PIPE,
    ).stdout
    rows = json.loads(output)["rows"]
    assert [row["call"] for row in rows] == [
        "get_multi 100 x 100 B", "set_multi 100 x 100 B"]
    assert all(row["clients"]["tenon"]["cpu_us"] > 0 for row in rows)
    assert all(row["clients"]["ours"]["ratio"] == 1 for row in rows)


def test_a_strict_type_checker_accepts_the_package(tmp_path):
    pytest.importorskip("mypy")
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-version=3.9",
         "--cache-dir=%s" % tmp_path, "--warn-unused-ignores",
         str(PYTHON / "tenon"), str(PYTHON / "tests" / "typed.py")],
        env=dict(os.environ, MYPYPATH=str(PYTHON), PYTHONPATH="", LD_PRELOAD=""),
        text=True, stdout=subprocess.PIPE,
    )
    assert result.returncode == 0, result.stdout
