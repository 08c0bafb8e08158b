"""Every block of the runbook runs, and it names every alert."""

from __future__ import annotations

import re

import pytest

from tests.imports.engine.support.samples import mixed
from tests.imports.engine.support.stack import Stack
from tests.paths import ROOT
from tests.runbook.reader import PLACEHOLDERS, TEXT, blocks, run


def test_every_alert_is_named() -> None:
    rules = (ROOT / "ops" / "prometheus" / "alerts.yml").read_text()
    names = re.findall(r"- alert: (\w+)", rules)
    assert names
    assert [name for name in names if f"`{name}`" not in TEXT] == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_block_runs(stack: Stack) -> None:
    """Runs them in the order of the document, with an import that waits for a worker."""
    tenant = stack.new_tenant()
    batch_id = stack.submit(mixed(200, tenant.name), tenant)
    for process in ("worker", "beat", "sweep", "purge"):  # or the daily check is critical
        # As young as it is at the end of the blocks, however long they take.
        later = "INSERT INTO heartbeats (name, at) VALUES (%s, now() + interval '1 hour')"
        stack.sql(later, f"{process}:")
    assert len(blocks()) == TEXT.count("\n```") // 2
    known = {
        "BATCH_ID": batch_id,
        "USER_ID": tenant.user_id,
        "PROCESS_ID": 0,
        "START_TIME": "2026-01-01T00:00",
        "END_TIME": "2026-12-31T23:59",
    }
    assert set(known) == set(PLACEHOLDERS)
    for one in blocks():
        run(stack, one, **known)
