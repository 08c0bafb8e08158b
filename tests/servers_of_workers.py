"""A plugin of pytest: each process of pytest-xdist ("worker") uses servers of its own.

Tests empty databases, restart Redis and read what the whole server does, so that two at a time must
not share one. `script/test` starts the servers. Loaded with `-p`, before Django reads its settings.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

import pytest

VARIABLE = "SERVERS_OF_WORKERS"  # JSON: a list with the URLs of each worker's servers


def check(count: int) -> None:
    """Raises pytest.UsageError where this many workers would have to share servers."""
    if count > len(_servers(os.environ)):
        raise pytest.UsageError("Only script/test without paths runs two tests at a time.")


def urls(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of the worker that has this environment. None where it is no worker."""
    name = environment.get("PYTEST_XDIST_WORKER")
    return {} if name is None else dict(_servers(environment)[int(name.removeprefix("gw"))])


def _servers(environment: Mapping[str, str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(environment.get(VARIABLE, "[]"))
    return found


os.environ.update(urls(os.environ))
