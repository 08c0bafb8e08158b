"""The files of ops/, and the names of metrics in their queries."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from imports.metrics.families import HISTOGRAMS, NAMES
from tests.paths import ROOT

RULES = ROOT / "ops" / "prometheus" / "alerts.yml"
RULE_TESTS = ROOT / "ops" / "prometheus" / "alerts_test.yml"
DASHBOARD = ROOT / "ops" / "grafana" / "dashboard.json"

needs_prometheus = pytest.mark.skipif(
    not shutil.which("promtool"), reason="needs Debian's package prometheus"
)


def rules() -> list[dict[str, Any]]:
    """The alert rules."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """The panels of the dashboard, without the headings of its rows."""
    return [one for one in json.loads(DASHBOARD.read_text())["panels"] if one["type"] != "row"]


def queries() -> Iterator[tuple[str, str]]:
    """(title of the panel, query) of every query of the dashboard."""
    for one in panels():
        for target in one["targets"]:
            yield one["title"], target["expr"]


def unknown_metrics(query: str) -> set[str]:
    """The metrics in a query that `/metrics` does not have."""
    series = {f"{name}_{part}" for name in HISTOGRAMS for part in ("bucket", "count", "sum")}
    return set(re.findall(r"\bcsv_\w+", query)) - {*NAMES, *series}
