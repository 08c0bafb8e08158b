"""The measurements run; what they measure is for a quiet machine to say."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.imports.engine.support.databases import Databases
from tests.imports.engine.support.databases import databases as databases
from tests.paths import ROOT

FAST = ["engine", "statements", "parts", "http"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_measurements_run(databases: Databases) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *FAST, "--rows", "3000"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": databases.new()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line for line in done.stdout.splitlines() if not line.startswith((" ", "{"))]
    assert len(lines) == len(FAST) + 5  # of "parts" there are six
    assert sum("(must reach " in line for line in lines) == len(FAST) - 1
