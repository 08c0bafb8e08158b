"""A stack whose processes send traces, and a collector."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.imports.engine.conftest import databases as databases
from tests.imports.engine.conftest import stack as stack
from tests.marketedge.tracing.collector import Collector


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that keeps the spans that it gets."""
    with Collector() as running:
        yield running
