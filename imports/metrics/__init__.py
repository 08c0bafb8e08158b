"""`/metrics` for Prometheus: totals of all processes on all machines, from PostgreSQL.

Workers can't be scraped, and one web process doesn't know the numbers of another. Every web process
gives the same totals: if several are scraped, use `max`, not `sum`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core.probes import Probe
from imports.metrics import parts
from imports.metrics.families import Values, gauge

log = structlog.get_logger(__name__)

# Prometheus waits for 10 seconds, if not told otherwise.
SCRAPE_SECONDS = 5.0

_PROBES = (Probe(parts.read_database), Probe(parts.read_queue))


class Scrape(Collector):
    """Everything that can be read within SCRAPE_SECONDS, and which parts could not."""

    def collect(self) -> Iterator[Metric]:
        """Gives the metrics of every part that answers, and `csv_scrape_errors`."""
        deadline = time.monotonic() + SCRAPE_SECONDS
        found: parts.Found = {}
        for asked in [probe.ask() for probe in _PROBES]:
            try:
                found |= asked.result(max(0.0, deadline - time.monotonic()))
            except Exception:  # whatever it is, the other parts are served
                log.warning("csv_scrape_error", exc_info=True)
        for metrics in found.values():
            yield from metrics
        yield gauge(
            Values("csv_scrape_errors", {part: float(part not in found) for part in parts.PARTS})
        )


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answers Prometheus, which sends METRICS_TOKEN as a bearer token. 404 if it is not set."""
    if not settings.METRICS_TOKEN:
        return HttpResponse("Set METRICS_TOKEN to turn metrics on.\n", "text/plain", 404)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token, settings.METRICS_TOKEN):
        response = HttpResponse("Send METRICS_TOKEN as a bearer token.\n", "text/plain", 401)
        response["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return response
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Scrape())
    return HttpResponse(generate_latest(registry), CONTENT_TYPE_LATEST)


urlpatterns = [path("", metrics, name="metrics")]
