"""The alert rules in ops/prometheus: what promtool says, and what every rule has to have."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.ops.helpers import RULE_TESTS, RULES, needs_prometheus, rules, unknown_metrics
from tests.paths import ROOT

every_rule = pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])


@needs_prometheus
@pytest.mark.parametrize("arguments", [["check", "rules", RULES], ["test", "rules", RULE_TESTS]])
def test_promtool_accepts_the_rules_and_their_tests(arguments: list[Any]) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@every_rule
def test_a_rule_has_tests_of_every_kind(rule: dict[str, Any]) -> None:
    tests = yaml.safe_load(RULE_TESTS.read_text())["tests"]
    named = [test["name"].partition(": ") for test in tests]
    cases = [case for alert, _, case in named if alert == rule["alert"]]
    for kind in ("fires", "just does not fire", "resolves", "no metrics", "no traffic"):
        assert any(case.startswith(kind) for case in cases), kind
    assert len(cases) >= 6


@every_rule
def test_a_rule_says_how_urgent_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"].endswith(".")
    anchor = rule["annotations"]["runbook_url"].partition("#")[2]
    assert anchor == rule["alert"].lower()
    assert f"\n### {rule['alert']}\n" in (ROOT / "docs" / "monitoring.md").read_text()


@every_rule
def test_a_rule_names_metrics_that_exist(rule: dict[str, Any]) -> None:
    assert not unknown_metrics(rule["expr"])


@every_rule
def test_a_rule_means_the_same_in_prometheus_2_and_3(rule: dict[str, Any]) -> None:
    """Prometheus 3 writes buckets as floats, and a range no longer includes its left end."""
    for bucket in re.findall(r'le="([^"]+)"', rule["expr"]):
        assert "." in bucket
    for number, unit in re.findall(r"\[(\d+)(\w)\]", rule["expr"]):
        assert int(number) * {"s": 1, "m": 60, "h": 3600}[unit] >= 300
