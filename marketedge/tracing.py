"""Traces: sends spans of requests, tasks, chunks and SQL to a collector, if one is named.

Imports nothing of OpenTelemetry unless OTEL_EXPORTER_OTLP_ENDPOINT is set. Each process patches the
libraries once, before Django builds its middleware. A thread sends the spans. It would not survive
a fork, so each child process of gunicorn and Celery starts its own (`start`).

No personal data leaves the service: a span keeps only the attributes in `ALLOWED`.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import structlog
from celery.signals import worker_process_init, worker_process_shutdown

from imports.engine import spans

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

# https://opentelemetry.io/docs/specs/semconv/ names them, except those of the service.
ALLOWED = frozenset(
    (
        *("http.method", "http.route", "http.scheme", "http.status_code"),
        *("http.request.method", "http.response.status_code", "url.scheme"),
        *("db.system", "db.name", "db.statement", "db.operation"),
        *("db.system.name", "db.namespace", "db.query.text", "db.operation.name"),
        *("messaging.message.id", "messaging.destination", "messaging.destination.name"),
        *("celery.action", "celery.task_name", "celery.retries", "celery.state"),
        *("exception.type", "exception.escaped", "error.type"),
        *("marketedge.request_id", "marketedge.batch_id", "marketedge.chunk"),
    )
)
STATEMENTS = ("db.statement", "db.query.text")
NEEDED = (  # packages of `opentelemetry`
    *("sdk", "exporter.otlp.proto.http"),
    *("instrumentation.django", "instrumentation.celery", "instrumentation.psycopg"),
)
UNTRACED_URLS = "/healthz,/readyz,/metrics,/static/"  # parts of URLs
STOP_SECONDS = 3.0  # how long the end of a process may wait for the collector

_LITERAL = re.compile(r"'(?:[^']|'')*'")
_provider: Any = None


def endpoint() -> str:
    """The URL of the collector, or "" where no traces are wanted."""
    return os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")


def instrument() -> None:
    """Patches Django, Celery and psycopg, so that they make spans. Without a collector, does
    nothing.

    Raises SystemExit where the packages are missing or the collector's URL is none."""
    if not endpoint():
        return
    _require()
    from opentelemetry import propagate
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    # Not `baggage`, which would carry any text of a client into the messages.
    propagate.set_global_textmap(TraceContextTextMapPropagator())
    # After RequestLog and ResponseHeaders, which then see the answers to wrong hosts as well.
    DjangoInstrumentor().instrument(
        excluded_urls=UNTRACED_URLS, middleware_position=2, request_hook=_add_request_id
    )
    celery: Any = CeleryInstrumentor  # has no types
    celery().instrument()
    PsycopgInstrumentor().instrument()
    spans.use(_span)
    worker_process_init.connect(_start_in_worker)
    worker_process_shutdown.connect(_stop_in_worker)


def start(part: str) -> None:
    """Starts to send the spans of this process, which must not fork any more. `part` is what the
    process does, such as "web". Does nothing without a collector."""
    global _provider
    if not endpoint():
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = "OTEL_SERVICE_NAME" in os.environ
    resource = Resource.create({} if named else {"service.name": f"marketedge-{part}"})
    # At its exit this process waits for STOP_SECONDS, and not for the collector.
    _provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    _provider.add_span_processor(BatchSpanProcessor(_cleaning(OTLPSpanExporter())))
    trace.set_tracer_provider(_provider)


def stop() -> None:
    """Sends the spans that this process still has. Waits for STOP_SECONDS at most."""
    if _provider is not None:
        sender = threading.Thread(target=_provider.shutdown, daemon=True)
        sender.start()
        sender.join(STOP_SECONDS)


def _require() -> None:
    if not re.match(r"https?://", endpoint()):
        raise SystemExit(
            "MarketEdge can't start: OTEL_EXPORTER_OTLP_ENDPOINT is not a URL like"
            " http://collector.example:4318."
        )
    if any(not _is_installed(f"opentelemetry.{name}") for name in NEEDED):
        raise SystemExit(
            "MarketEdge can't start: OTEL_EXPORTER_OTLP_ENDPOINT is set, and the packages that send"
            " traces are not installed. Install requirements/otel.txt instead of"
            " requirements.txt, or remove the variable."
        )


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that it is in
        return False


def _start_in_worker(**_: Any) -> None:
    start("worker")


def _stop_in_worker(**_: Any) -> None:
    stop()


def _add_request_id(span: Any, _: object) -> None:
    if request_id := structlog.contextvars.get_contextvars().get("request_id"):
        span.set_attribute("marketedge.request_id", request_id)


@contextmanager
def _span(name: str) -> Iterator[spans.Describe]:
    """Opens a span of the service: see `imports.engine.spans`."""
    from opentelemetry import trace

    with trace.get_tracer("marketedge").start_as_current_span(name) as span:

        def describe(**attributes: spans.Value) -> None:
            span.set_attributes({f"marketedge.{key}": each for key, each in attributes.items()})

        yield describe


# --- without personal data --------------------------------------------------------------------


def _cleaning(exporter: SpanExporter) -> SpanExporter:
    """An exporter that passes spans without personal data on to another exporter."""
    from opentelemetry.sdk.trace.export import SpanExporter as Base

    class Cleaning(Base):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return exporter.export([cleaned(span) for span in spans])

        def shutdown(self) -> None:
            exporter.shutdown()

    return Cleaning()


def cleaned(span: ReadableSpan) -> ReadableSpan:
    """A copy of the span with known attributes only. URLs, addresses of clients, messages and
    stacks of exceptions, and what a client sent as `tracestate` are left out."""
    from opentelemetry.sdk.trace import ReadableSpan as Copy
    from opentelemetry.trace import Status

    return Copy(
        name=span.name,
        context=_without_state(span.context),
        parent=_without_state(span.parent),
        resource=span.resource,
        attributes=_known(span.attributes),
        events=[_cleaned_event(event) for event in span.events],
        kind=span.kind,
        status=Status(span.status.status_code),  # the description may be that of an exception
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _known(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    known = {key: value for key, value in (attributes or {}).items() if key in ALLOWED}
    for key in STATEMENTS:
        if key in known:
            known[key] = _LITERAL.sub("'…'", str(known[key]))
    return known


def _cleaned_event(event: Event) -> Event:
    return type(event)(event.name, _known(event.attributes), event.timestamp)


def _without_state(context: Any) -> Any:
    if context is None:
        return None
    return type(context)(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
