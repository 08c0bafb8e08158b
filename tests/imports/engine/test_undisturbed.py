"""What the other files compare with: an import that nothing disturbs."""

from __future__ import annotations

from tests.imports.engine.support.samples import mixed
from tests.imports.engine.support.world import Watcher, World


def test_every_row_has_its_outcome_and_every_reader_sees_numbers_that_add_up(crew: World) -> None:
    client = crew.client()
    sample = mixed(5000, client.tag)
    batch_id = crew.submit(sample, client, enqueue=False)
    with Watcher(crew, batch_id) as watcher:
        crew.later(batch_id, 31)
        crew.completed(batch_id, sample)
    assert watcher.glances > 10
    assert watcher.wrong == []
    assert crew.batch(batch_id)["attempt"] > 1  # it was handed over between slices
