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


def urls(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of the worker that has this environment. None where it is no worker.

    Raises pytest.UsageError where the worker has no servers."""
    name = environment.get("PYTEST_XDIST_WORKER")
    if name is None:
        return {}
    servers = json.loads(environment.get(VARIABLE, "[]"))
    number = int(name.removeprefix("gw"))
    if number >= len(servers):
        raise pytest.UsageError("Only script/test without paths runs two tests at a time.")
    return dict(servers[number])


os.environ.update(urls(os.environ))
