"""The page /metrics, which Prometheus reads."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from imports.metrics import COUNTERS, Totals
from imports.models import MetricCounter, UploadChunk
from tests.imports.api.helpers import csv_bytes, post_import, valid_rows
from tests.paths import ROOT
from users.models import Organisation

TOKEN = "a token of at least 32 characters."
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def scrape(client: Client, token: str = TOKEN) -> Any:
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"})


def samples(client: Client) -> dict[tuple[str, str], float]:
    """(name, value of the label) -> value, as the parser of Prometheus reads them."""
    families = text_string_to_metric_families(scrape(client).content.decode())
    return {
        (sample.name, "".join(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_counter_exists_before_anything_is_counted(client: Client) -> None:
    assert samples(client) == {
        ("csv_rate_limit_violations_total", "csv_import"): 0,
        ("csv_rate_limit_violations_total", "file_upload"): 0,
        ("csv_rate_limit_violations_total", "refused_file"): 0,
        ("csv_rate_limit_violations_total", "retry"): 0,
        ("csv_rate_limit_store_away_total", ""): 0,
        ("csv_staging_full_total", ""): 0,
        ("csv_staged_bytes", ""): 0,
    }


def test_staged_bytes_are_those_of_all_chunks(
    client: Client, api: APIClient, acme: Organisation
) -> None:
    post_import(api, acme, csv_bytes(valid_rows(100)))
    content = b"".join(UploadChunk.objects.everywhere().values_list("content", flat=True))
    assert samples(client)["csv_staged_bytes", ""] == len(content) > 4000


def test_the_totals_come_from_the_table(client: Client) -> None:
    MetricCounter.objects.add("csv_rate_limit_violations_total", 3, limit_type="file_upload")
    MetricCounter.objects.add("csv_rate_limit_violations_total", 2, limit_type="another kind")
    MetricCounter.objects.add("csv_rate_limit_store_away_total")
    found = samples(client)
    assert found["csv_rate_limit_violations_total", "csv_import"] == 0
    assert found["csv_rate_limit_violations_total", "file_upload"] == 3
    assert found["csv_rate_limit_violations_total", "another kind"] == 2
    assert found["csv_rate_limit_store_away_total", ""] == 1


def test_a_scrape_takes_two_queries(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        scrape(client)


@pytest.mark.parametrize("token", ["", "another", TOKEN + " ", "ä"])
def test_a_wrong_token_gets_401_and_no_totals(client: Client, token: str) -> None:
    answer = scrape(client, token)
    assert answer.status_code == 401
    assert b"csv_" not in answer.content


def test_the_page_does_not_exist_while_metrics_token_is_not_set(
    client: Client, settings: Any
) -> None:
    settings.METRICS_TOKEN = ""
    assert scrape(client, "").status_code == 404


def test_a_database_error_is_503_and_not_a_total_of_zero(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Totals) -> Any:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(Totals, "collect", fail)
    assert scrape(client).status_code == 503


def test_every_counter_that_the_code_uses_is_exported() -> None:
    sources = [path.read_text() for path in (ROOT / "imports").rglob("*.py")]
    counted = {
        line.split('"')[1]
        for text in sources
        for line in text.splitlines()
        if "MetricCounter.objects.add(" in line
    }
    assert counted == set(COUNTERS)
