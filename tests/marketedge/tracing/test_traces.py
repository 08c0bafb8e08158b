"""One trace runs from an upload through the message to the chunks, without personal data."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
import requests
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from devtools.servers import free_port
from tests.conftest import PASSWORD
from tests.imports.engine.support.processes import Process, wait_until
from tests.imports.engine.support.samples import Sample, mixed
from tests.imports.engine.support.stack import Stack
from tests.marketedge.tracing.collector import Collector

UPLOAD = "POST api/v1/organizations/<uuid:org_id>/users/import"
MARKERS = {
    "query": "query-marker@person.test",
    "agent": "agent-marker",
    "state": "state-marker",
    "baggage": "baggage-marker",
    "path": "path-marker@person.test",
    "login": "login-marker@person.test",
}


class Web:
    """A web server that sends traces, and a customer's administrator."""

    def __init__(self, stack: Stack) -> None:
        self.address = f"http://127.0.0.1:{free_port()}"
        options = ["--no-control-socket", "--bind", self.address.removeprefix("http://")]
        self.process = stack.start(
            "-m", "gunicorn", "marketedge.wsgi", *options, WEB_CONCURRENCY="1"
        )
        wait_until(self._is_served)
        self.tenant = stack.new_tenant()
        hashed = PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1)
        stack.sql("UPDATE users SET password = %s WHERE id = %s", hashed, self.tenant.user_id)
        self.headers: dict[str, str] = {}
        login = {"email": f"admin@{self.tenant.name}.test", "password": PASSWORD}
        token = self.request("POST", "auth/token", json=login).json()["access"]
        self.headers = {
            "Authorization": f"Bearer {token}",
            "User-Agent": MARKERS["agent"],
            "Baggage": f"who={MARKERS['baggage']}",
        }

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request to the API."""
        headers = self.headers | options.pop("headers", {})
        url = f"{self.address}/api/v1/{path}"
        return requests.request(method, url, headers=headers, timeout=60, **options)

    def upload(self, sample: Sample, **headers: str) -> requests.Response:
        """Imports a file."""
        path = f"organizations/{self.tenant.organisation_id}/users/import"
        files = {"file": ("users.csv", sample.file())}
        return self.request("POST", path, files=files, headers=headers)

    def _is_served(self) -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(f"{self.address}/healthz", timeout=5).ok
        return False


def stop(*processes: Process) -> None:
    """Stops processes as a deployment does. They then send what they have."""
    for process in processes:
        process.signal(signal.SIGTERM)
        process.popen.wait(60)


@pytest.mark.slow
def test_one_trace_runs_from_the_upload_to_the_chunks_and_names_nobody(
    stack: Stack, collector: Collector
) -> None:
    stack.of_processes |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "IMPORT_CHUNK_SIZE": "100",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    web, worker = Web(stack), stack.worker()
    sample = mixed(400, web.tenant.name)
    parent = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
    parent["tracestate"] = f"x={MARKERS['state']}"

    answer = web.upload(sample, **parent)
    assert answer.status_code == 202, answer.text
    batch_id = UUID(answer.json()["id"])
    stack.wait_until_ended(batch_id)
    web.request("GET", f"me?q={MARKERS['query']}")
    web.request("GET", MARKERS["path"])
    web.request("POST", "auth/token", json={"email": MARKERS["login"], "password": "wrong"})
    stop(web.process, worker)

    trace = [span for span in collector.spans() if span.trace_id == "ab" * 16]
    names = {span.name for span in trace}
    assert {UPLOAD, "apply_async/imports.run", "run/imports.run", "imports.chunk"} <= names
    chunks = [span for span in trace if span.name == "imports.chunk"]
    assert {span.attributes["marketedge.batch_id"] for span in chunks} == {str(batch_id)}
    assert sorted(span.attributes["marketedge.chunk"] for span in chunks) == ["0", "1", "2", "3"]
    assert {span.service for span in chunks} == {"marketedge-worker"}
    (request,) = collector.named(UPLOAD)
    assert request.service == "marketedge-web"
    assert request.attributes["http.status_code"] == "202"
    assert request.attributes["marketedge.request_id"] == answer.headers["X-Request-ID"]
    statements = [span.attributes.get("db.statement", "") for span in trace]
    assert any("UPDATE" in statement for statement in statements)

    everything = b"".join(collector.bodies).decode("latin-1")
    emails = [str(row[0]) for row in sample.users()]
    personal = [*MARKERS.values(), *emails, f"admin@{web.tenant.name}.test", "127.0.0.1"]
    assert [text for text in personal if text in everything] == []
    assert [each for each in collector.spans() if "@" in f"{each.name} {each.attributes}"] == []
