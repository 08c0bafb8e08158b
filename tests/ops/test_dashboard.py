"""The dashboard in ops/grafana. The drill runs its queries (test_drill.py)."""

from __future__ import annotations

import json
import re

from tests.ops.helpers import DASHBOARD, panels, queries, unknown_metrics

FIRST = [
    "Success rate",
    "Seconds per user",
    "Rate limit violations",
    "Background task failures",
    "Upload errors",
]


def test_the_dashboard_can_be_provisioned_as_it_is() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    assert dashboard["title"] == "CSV Import Monitoring Dashboard"
    assert dashboard["schemaVersion"] == 39
    assert dashboard["id"] is None
    (variable,) = dashboard["templating"]["list"]
    assert (variable["name"], variable["type"]) == ("datasource", "datasource")


def test_every_query_asks_the_data_source_that_is_chosen() -> None:
    sources = {one["datasource"]["uid"] for one in panels()}
    sources |= {target["datasource"]["uid"] for one in panels() for target in one["targets"]}
    assert sources == {"${datasource}"}


def test_the_key_metrics_are_on_the_first_screen() -> None:
    on_top = [one["title"] for one in panels() if one["gridPos"]["y"] < 6]
    assert on_top == FIRST


def test_every_panel_has_a_title_of_its_own_a_description_and_a_unit() -> None:
    titles = [one["title"] for one in panels()]
    assert len(titles) == len(set(titles)) > 15
    assert all(one["description"] for one in panels())
    assert all(one["fieldConfig"]["defaults"]["unit"] for one in panels())


def test_panels_do_not_overlap() -> None:
    taken = [
        (x, y)
        for one in panels()
        for x in range(one["gridPos"]["x"], one["gridPos"]["x"] + one["gridPos"]["w"])
        for y in range(one["gridPos"]["y"], one["gridPos"]["y"] + one["gridPos"]["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


def test_queries_name_metrics_that_exist() -> None:
    assert {query for _, query in queries() if unknown_metrics(query)} == set()


def test_a_rate_is_over_at_least_four_scrapes() -> None:
    for title, query in queries():
        for window in re.findall(r"\[([^\]]+)\]", query):
            assert window in ("$__rate_interval", "$__range", "1h"), title
