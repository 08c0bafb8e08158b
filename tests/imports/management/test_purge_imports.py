"""`manage.py purge_imports`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError
from django.db.models.functions import Now

from imports import actions
from imports.models import ImportBatch, Upload, UploadChunk
from imports.models.statuses import Status
from tests.imports.management.conftest import MakeFile
from tests.imports.management.helpers import output_of
from users.models import Organisation, User

pytestmark = pytest.mark.django_db


def test_old_imports_are_deleted_and_their_users_are_kept(
    batch: ImportBatch, admin: User, settings: Any
) -> None:
    old = Now() - timedelta(days=31)
    running = batch.id
    Upload.objects.everywhere().filter(import_batch=batch).update(created_at=old)
    ImportBatch.objects.everywhere().filter(id=running).update(created_at=old)
    done = ImportBatch.objects.create(
        filename="old.csv", organisation=batch.organisation, status=Status.COMPLETED
    )
    ImportBatch.objects.everywhere().filter(id=done.id).update(created_at=old)
    young = ImportBatch.objects.create(
        filename="new.csv", organisation=batch.organisation, status=Status.COMPLETED
    )
    users = User.objects.everywhere().count()
    dry_run = output_of("purge_imports", "--dry-run")
    assert dry_run.startswith("Would delete 1 import older than 30 days")
    assert ImportBatch.objects.everywhere().count() == 3
    assert output_of("purge_imports").startswith("Deleted 1 import older than 30 days")
    assert set(ImportBatch.objects.everywhere().values_list("id", flat=True)) == {running, young.id}
    assert User.objects.everywhere().count() == users
    assert output_of("purge_imports").startswith("Deleted 0 imports")


def test_a_staged_file_without_an_import_is_kept_for_an_hour(
    admin: User, acme: Organisation, make_file: MakeFile
) -> None:
    with make_file().open("rb") as content:
        actions.stage_for_import(content, filename="a.csv", user=admin, organisation_id=acme.id)
    assert ", 0 staged files" in output_of("purge_imports")
    Upload.objects.everywhere().update(created_at=Now() - timedelta(minutes=61))
    assert ", 1 staged file that" in output_of("purge_imports")
    assert not UploadChunk.objects.everywhere().exists()


def test_days_must_be_at_least_one() -> None:
    with pytest.raises(CommandError, match="1 or more"):
        output_of("purge_imports", "--days", "0")
