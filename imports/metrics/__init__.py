"""`/metrics` for Prometheus: totals of all processes on all machines, from PostgreSQL.

Workers can't be scraped, and one web process doesn't know the numbers of another. Every web process
gives the same totals: if several are scraped, use `max`, not `sum`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from imports.models import LimitType, MetricCounter, UploadChunk

# Name -> help text, and the labels that exist from the start. Prometheus sees no increase where a
# counter first appears with the value 1.
COUNTERS: dict[str, tuple[str, list[dict[str, str]]]] = {
    "csv_rate_limit_violations_total": (
        "Uploads refused because a user's quota was used up.",
        [{"limit_type": name} for name in LimitType.values],
    ),
    "csv_rate_limit_store_away_total": (
        "Minutes in which a process could not count quotas on Redis, and did in PostgreSQL.",
        [{}],
    ),
    "csv_staging_full_total": (
        "Files refused because the files of an organisation took up all the space they may.",
        [{}],
    ),
}


class Totals(Collector):
    """Reads the totals of the table `metric_counters` in one query, and adds up the chunks."""

    def collect(self) -> Iterator[Metric]:
        """Gives every counter with all its labels, and what is staged now."""
        yield GaugeMetricFamily(
            "csv_staged_bytes",
            "Bytes of all staged files, of all organisations.",
            value=UploadChunk.objects.staged_bytes(),
        )
        rows = MetricCounter.objects.filter(name__in=COUNTERS).order_by("name", "id")
        found = {(row.name, json.dumps(row.labels)): row.value for row in rows}
        for name, (text, labels) in COUNTERS.items():
            known = [json.dumps(one) for one in labels]
            seen = [key for other, key in found if other == name and key not in known]
            family = CounterMetricFamily(name, text, labels=sorted(labels[0]))
            for key in [*known, *seen]:
                values = json.loads(key)
                family.add_metric(
                    [values[label] for label in sorted(values)], found.get((name, key), 0)
                )
            yield family


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
    try:
        registry.register(Totals())
        return HttpResponse(generate_latest(registry), CONTENT_TYPE_LATEST)
    except DatabaseError:
        return HttpResponse("The database is not available at the moment.\n", "text/plain", 503)


urlpatterns = [path("", metrics, name="metrics")]
