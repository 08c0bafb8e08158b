"""An import that nothing disturbs."""

from __future__ import annotations

from tests.imports.engine.support.samples import mixed
from tests.imports.engine.support.stack import ConsistencyChecker, Stack


def test_every_row_has_its_outcome_and_counters_always_add_up(
    live_stack: Stack,
) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(5000, tenant.name)
    batch_id = live_stack.submit(sample, tenant, enqueue=False)
    with ConsistencyChecker(live_stack, batch_id) as checker:
        live_stack.make_older(batch_id, 31)
        live_stack.wait_until_completed(batch_id, sample)
    assert checker.reads > 10
    assert checker.violations == []
    assert live_stack.batch(batch_id)["attempt"] > 1  # it was released between slices
