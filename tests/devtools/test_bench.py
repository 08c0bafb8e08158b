"""The benchmarks run. Their results are not checked: they depend on the machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.imports.engine.support.databases import Databases
from tests.imports.engine.support.databases import databases as databases
from tests.paths import ROOT

FAST = ["engine", "statements", "variants", "http"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_benchmarks_run_and_print_a_line_for_each_result(databases: Databases) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *FAST, "--rows", "3000"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": databases.new()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line for line in done.stdout.splitlines() if not line.startswith((" ", "{"))]
    assert len(lines) == len(FAST) + 6  # "variants" prints seven lines
    assert sum("(target " in line for line in lines) == len(FAST) - 1
