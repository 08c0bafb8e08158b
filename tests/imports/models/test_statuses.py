"""The life of a batch: of all pairs of statuses, only those that are listed lead anywhere."""

from __future__ import annotations

import itertools
from uuid import uuid4

import pytest

from imports.errors import MoveNotAllowed
from imports.models import ImportBatch
from imports.models.statuses import FINISHED, LIVE, MOVES, Status
from users.models import Organisation

# Written a second time, on purpose: from the contract, not from the code.
ALLOWED = {
    ("pending", "processing"),
    ("pending", "cancelled"),
    ("processing", "completed"),
    ("processing", "failed"),
    ("processing", "cancelled"),
}


def make_batch(acme: Organisation, status: str) -> ImportBatch:
    """A batch that has come there somehow."""
    return ImportBatch.objects.create(organisation=acme, filename="users.csv", status=status)


@pytest.mark.parametrize(("source", "target"), [*itertools.product(Status.values, repeat=2)])
def test_only_listed_moves_happen(acme: Organisation, source: str, target: str) -> None:
    batch = make_batch(acme, source)
    if (source, target) in ALLOWED:
        ImportBatch.objects.move(batch.id, Status(target))
    else:
        with pytest.raises(MoveNotAllowed):
            ImportBatch.objects.move(batch.id, Status(target), error_message="overwritten")
    batch.refresh_from_db()
    assert batch.status == (target if (source, target) in ALLOWED else source)
    assert batch.error_message == ""


def test_the_table_of_moves_is_the_contract() -> None:
    assert {(source.value, target.value) for source, target in MOVES} == ALLOWED
    assert {*LIVE, *FINISHED} == set(Status)
    assert not set(LIVE) & set(FINISHED)


@pytest.mark.parametrize("target", FINISHED)
def test_a_final_status_has_its_time_by_the_clock_of_the_database(
    acme: Organisation, target: Status
) -> None:
    batch = make_batch(acme, "processing")
    ImportBatch.objects.move(batch.id, target)
    batch.refresh_from_db()
    assert batch.completed_at is not None
    assert batch.completed_at >= batch.created_at


def test_of_two_moves_at_once_one_happens(acme: Organisation) -> None:
    batch = make_batch(acme, "processing")
    ImportBatch.objects.move(batch.id, Status.CANCELLED)
    with pytest.raises(MoveNotAllowed):  # of the worker, which read the row before
        ImportBatch.objects.move(batch.id, Status.COMPLETED)


def test_a_batch_that_is_not_there_can_not_move(acme: Organisation) -> None:
    with pytest.raises(MoveNotAllowed):
        ImportBatch.objects.move(uuid4(), Status.CANCELLED)
