"""After an import of wrong data: which imports ran, back out of them, and in again."""

from __future__ import annotations

import json
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from imports.engine import runner
from imports.models import ImportBatch, ImportHalt
from tests.imports.notifications.helpers import ended, submitted
from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("patient_redis")]


def command(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def users_of(batch: ImportBatch) -> int:
    return User.objects.everywhere().filter(import_batch_id=batch.id).count()


def test_a_wrong_import_is_found_undone_and_imported_again(admin: User) -> None:
    batch = ended(admin)
    count = users_of(batch)
    span = ["--since", "2020-01-01", "--until", "2100-01-01"]
    [found] = json.loads(command("affected_imports", *span, "--json"))
    assert (found["id"], found["successful_rows"], found["undone"]) == (str(batch.id), count, False)
    assert str(batch.id) in command("affected_imports", *span, "--organization", "Acme")
    assert f"{count} of {count} users" in command("undo_import", found["id"], "--dry-run")
    assert users_of(batch) == count
    for _ in range(2):  # the second call changes nothing
        assert f"{count} users deleted, 0 kept" in command("undo_import", found["id"])
    assert users_of(batch) == 0
    assert "would be imported again" in command("reprocess_import", found["id"], "--dry-run")
    told = command("reprocess_import", found["id"])
    assert command("reprocess_import", found["id"]) == told  # while it is pending
    again = ImportBatch.objects.everywhere().get(retry_of=batch)
    assert str(again.id) in told
    runner.run(again.id, lambda: False)
    assert users_of(again) == count


def test_imports_of_another_time_are_not_listed(admin: User) -> None:
    ended(admin)
    assert command("affected_imports", "--since", "2020-01-01", "--until", "2020-01-02").startswith(
        "0 imports ran"
    )


def test_what_can_not_be_done_is_said_in_a_sentence(admin: User) -> None:
    running = submitted(admin)
    for name, arguments, words in (
        ("undo_import", [str(uuid4())], "no import with the id"),
        ("reprocess_import", ["nonsense"], "no import with the id"),
        ("undo_import", [str(running.id)], "still running"),
        ("reprocess_import", [str(running.id)], "only one that ended"),
        (
            "affected_imports",
            ["--since", "2026-02-01", "--until", "2026-01-01"],
            "must not be later",
        ),
    ):
        with pytest.raises(CommandError, match=words):
            command(name, *arguments)
    ImportHalt.objects.create(reason="test")
    with pytest.raises(CommandError, match="halted"):
        command("reprocess_import", str(running.id))
