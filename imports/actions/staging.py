"""Stages files, for a preview or for an import."""

from __future__ import annotations

from typing import Any, BinaryIO
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from core.errors import NotFound
from imports import audit, quotas
from imports.actions.permissions import organisation_for, refuse_while_halted
from imports.engine import locks
from imports.engine.options import ReadingOptions
from imports.engine.staged import file_reading, staging
from imports.engine.staged.file_reading import ReadFile
from imports.models import EventType, Upload
from users.models import User

GONE = "There is no such upload any more. Upload the file again."


def read_for_import(
    file: BinaryIO,
    *,
    filename: str,
    user: User | None,
    organisation_id: UUID | str,
    options: ReadingOptions | None = None,
) -> ReadFile:
    """Reads a file to its end, for `store`. `file` is seekable and binary. The caller closes the
    result. Do not call this in a transaction, which would wait for a slow file.

    Raises `FileRefused`, also if the encoding would have to be guessed, `ImportsHalted`, and the
    errors of `organisation_for`."""
    organisation_for(user, organisation_id)
    refuse_while_halted()
    return file_reading.read_for_import(file, filename=filename, options=options)


@transaction.atomic
def store(file: ReadFile, *, user: User | None, organisation_id: UUID | str) -> Upload:
    """Stores a file that was read, for `submit`.

    Raises `StagingFull` and the errors of `organisation_for`."""
    organisation = organisation_for(user, organisation_id)
    quotas.refuse_over_budget(organisation.id, file.staged_bytes)
    return staging.store(file, organisation_id=organisation.id, staged_by=user.id if user else None)


def stage_for_import(
    file: BinaryIO,
    *,
    filename: str,
    user: User | None,
    organisation_id: UUID | str,
    options: ReadingOptions | None = None,
) -> Upload:
    """Calls `read_for_import` and `store`."""
    into: dict[str, Any] = {"user": user, "organisation_id": organisation_id}
    with read_for_import(file, filename=filename, options=options, **into) as read:
        return store(read, **into)


def read_for_preview(
    file: BinaryIO,
    *,
    filename: str,
    user: User | None,
    organisation_id: UUID | str,
    options: ReadingOptions | None = None,
) -> ReadFile:
    """Reads a file to its end, for `store_preview`. Works as `read_for_import`, but guesses an
    unknown encoding and warns of the guess."""
    organisation_for(user, organisation_id)
    return file_reading.read_for_preview(file, filename=filename, options=options)


@transaction.atomic
def store_preview(file: ReadFile, *, user: User | None, organisation_id: UUID | str) -> Upload:
    """Stores a file that was read, and records the preview in the audit trail."""
    upload = store(file, user=user, organisation_id=organisation_id)
    audit.record(
        EventType.PREVIEWED, user=user, organisation_id=upload.organisation_id, upload_id=upload.id
    )
    return upload


def stage_for_preview(
    file: BinaryIO,
    *,
    filename: str,
    user: User | None,
    organisation_id: UUID | str,
    options: ReadingOptions | None = None,
) -> Upload:
    """Calls `read_for_preview` and `store_preview`."""
    into: dict[str, Any] = {"user": user, "organisation_id": organisation_id}
    with read_for_preview(file, filename=filename, options=options, **into) as read:
        return store_preview(read, **into)


def staged(upload_id: UUID | str, *, user: User | None, organisation_id: UUID | str) -> Upload:
    """Gives the upload of an earlier preview by the same user, or one that was reviewed, which
    administrators of an organisation do together.

    Raises `NotFound` if another user made it or it was deleted, and the errors of
    `organisation_for`."""
    organisation = organisation_for(user, organisation_id)
    shared = Q(staged_by=user) | Q(review__isnull=False)
    upload = Upload.objects.of(organisation.id).filter(shared, id=upload_id).first()
    if upload is None:
        raise NotFound(GONE)
    return upload


def locked_upload(upload: Upload) -> Upload:
    """Gives the upload as it stands, with its organisation and its row locked until the end of the
    transaction. Raises `NotFound` if it was deleted."""
    locks.lock_organisation(upload.organisation_id)
    uploads = Upload.objects.of(upload.organisation_id).select_for_update()
    locked = uploads.filter(id=upload.id).first()
    if locked is None:
        raise NotFound(GONE)
    return locked
