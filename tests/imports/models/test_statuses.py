"""The statuses of a batch: a move to another status is allowed only if it is listed."""

from __future__ import annotations

import itertools
from uuid import uuid4

import pytest

from imports.errors import MoveNotAllowed
from imports.models import ImportBatch
from imports.models.statuses import FINISHED, LIVE, MOVES, Status
from users.models import Organisation

# Repeats imports.models.statuses.MOVES on purpose: this list comes from the contract.
ALLOWED = {
    ("pending", "processing"),
    ("pending", "cancelled"),
    ("processing", "completed"),
    ("processing", "failed"),
    ("processing", "cancelled"),
}


def make_batch(acme: Organisation, status: str) -> ImportBatch:
    """A batch with this status."""
    return ImportBatch.objects.create(organisation=acme, filename="users.csv", status=status)


@pytest.mark.parametrize(("source", "target"), [*itertools.product(Status.values, repeat=2)])
def test_only_listed_moves_are_allowed(acme: Organisation, source: str, target: str) -> None:
    batch = make_batch(acme, source)
    if (source, target) in ALLOWED:
        ImportBatch.objects.move(batch.id, Status(target))
    else:
        with pytest.raises(MoveNotAllowed):
            ImportBatch.objects.move(batch.id, Status(target), error_message="overwritten")
    batch.refresh_from_db()
    assert batch.status == (target if (source, target) in ALLOWED else source)
    assert batch.error_message == ""


def test_the_list_of_moves_matches_the_contract() -> None:
    assert {(source.value, target.value) for source, target in MOVES} == ALLOWED
    assert {*LIVE, *FINISHED} == set(Status)
    assert not set(LIVE) & set(FINISHED)


@pytest.mark.parametrize("target", FINISHED)
def test_a_final_status_sets_completed_at_by_the_database_clock(
    acme: Organisation, target: Status
) -> None:
    batch = make_batch(acme, "processing")
    ImportBatch.objects.move(batch.id, target)
    batch.refresh_from_db()
    assert batch.completed_at is not None
    assert batch.completed_at >= batch.created_at


def test_the_second_of_two_moves_is_refused(acme: Organisation) -> None:
    batch = make_batch(acme, "processing")
    ImportBatch.objects.move(batch.id, Status.CANCELLED)
    with pytest.raises(MoveNotAllowed):  # by a worker that read the row earlier
        ImportBatch.objects.move(batch.id, Status.COMPLETED)


def test_a_missing_batch_cannot_move(acme: Organisation) -> None:
    with pytest.raises(MoveNotAllowed):
        ImportBatch.objects.move(uuid4(), Status.CANCELLED)
