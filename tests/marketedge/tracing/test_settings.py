"""Traces are off unless a collector is named, and a wrong set-up is told in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Status, StatusCode

from marketedge import tracing
from tests.paths import ROOT

# redis-py imports the rest, where it is installed.
OURS = ("opentelemetry.instrumentation", "opentelemetry.exporter", "opentelemetry.sdk.trace")
REPORT = f"print([name for name in sys.modules if name.startswith({OURS})])"
START = "import sys, django; django.setup()"


def run(program: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a program with the settings of the service."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "marketedge.settings"} | more,
        capture_output=True,
        text=True,
    )


def test_nothing_of_opentelemetry_is_imported_without_a_collector() -> None:
    start = "from marketedge import tracing; tracing.start('web'); tracing.stop()"
    done = run(f"{START}; import celery_app, marketedge.wsgi; {start}; {REPORT}")
    assert done.stdout.splitlines()[-1:] == ["[]"], done


def test_packages_that_are_missing_are_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").touch()
    collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.test:4318"}
    done = run(START, PYTHONPATH=str(tmp_path), **collector)
    assert done.returncode == 1
    assert done.stderr == (
        "MarketEdge can't start: OTEL_EXPORTER_OTLP_ENDPOINT is set, and the packages that send"
        " traces are not installed. Install requirements/otel.txt instead of requirements.txt, or"
        " remove the variable.\n"
    )


def test_a_collector_that_is_no_url_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector.test:4318")
    with pytest.raises(SystemExit, match=r"is not a URL like http://collector\.example:4318\."):
        tracing.instrument()


def test_a_span_keeps_known_attributes_only() -> None:
    tracer = TracerProvider().get_tracer("test")
    with suppress(ValueError), tracer.start_as_current_span("SELECT") as span:
        span.set_attribute("db.statement", "SELECT 'it''s ann@acme.test' WHERE id = %s")
        span.set_attribute("http.url", "http://acme.test/?q=ann@acme.test")
        raise ValueError("ann@acme.test")
    cleaned = tracing.cleaned(span)
    assert "ann@" not in cleaned.to_json()
    assert cleaned.attributes == {"db.statement": "SELECT '…' WHERE id = %s"}
    assert cleaned.status.status_code is StatusCode.ERROR
    assert cleaned.status.description is Status(StatusCode.ERROR).description is None
    (event,) = cleaned.events
    assert event.attributes == {"exception.type": "ValueError", "exception.escaped": "False"}


@pytest.mark.slow
def test_a_process_ends_although_its_collector_hangs() -> None:
    program = f"""
import socket, time, os
silent = socket.create_server(("127.0.0.1", 0))
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{{silent.getsockname()[1]}}"
{START}
from marketedge import tracing
from imports.engine import spans
tracing.STOP_SECONDS = 0.2
tracing.start('web')
with spans.span("imports.chunk") as describe:
    describe(chunk=1)
tracing.stop()
print("ended")
os._exit(0)
"""
    assert run(program).stdout == "ended\n"
