"""Two tests at a time never share a server."""

from __future__ import annotations

import json
import os

import pytest

from tests.servers_of_workers import VARIABLE, check, urls

SERVERS = [{"DATABASE_URL": "first", "REDIS_URL": "1"}, {"DATABASE_URL": "second"}]


@pytest.mark.parametrize("number", [0, 1])
def test_each_worker_has_the_servers_of_its_number(number: int) -> None:
    environment = {"PYTEST_XDIST_WORKER": f"gw{number}", VARIABLE: json.dumps(SERVERS)}
    assert urls(environment) == SERVERS[number]


def test_a_process_that_is_no_worker_uses_those_of_its_environment() -> None:
    assert urls({VARIABLE: json.dumps(SERVERS)}) == {}


def test_workers_that_would_share_servers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps(SERVERS))
    check(2)
    with pytest.raises(pytest.UsageError, match=r"Only script/test without paths"):
        check(3)


def test_this_process_uses_the_servers_that_are_meant_for_it() -> None:
    meant = urls(os.environ)
    assert {name: os.environ[name] for name in meant} == meant
