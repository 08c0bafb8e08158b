"""Each test begins without exports that run."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(autouse=True)
def no_export_runs() -> None:
    """Lets go of answers that an earlier test has not read: no server closes those."""
    gc.collect()
