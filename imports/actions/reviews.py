"""The review of a staged file: who may look at it and change it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection, transaction

from core.errors import NotFound
from imports import audit
from imports.actions.permissions import organisation_for
from imports.actions.staging import GONE, locked_upload
from imports.engine.review import beginning, changes, comparing, queries
from imports.engine.review.changes import Change
from imports.engine.review.queries import Page, Wanted
from imports.engine.review.refusals import UploadImported
from imports.engine.review.summary import Summary, summary_of
from imports.models import EventType, Review, Upload
from users.models import User


def reviewable(upload_id: UUID | str, *, user: User | None, organisation_id: UUID | str) -> Upload:
    """Gives a staged file, whichever administrator of the organisation staged it.

    Raises `NotFound` if it was deleted or belongs to another organisation, and the errors of
    `organisation_for`."""
    organisation = organisation_for(user, organisation_id)
    upload = Upload.objects.of(organisation.id).filter(id=upload_id).first()
    if upload is None:
        raise NotFound(GONE)
    return upload


def review(upload: Upload, *, user: User | None) -> Summary:
    """Gives the review of a staged file with the counts of this moment. Begins it where this is the
    first look.

    Raises `UploadImported` once the file is imported, `NotFound` if it was deleted, and the errors
    of `organisation_for`."""
    with transaction.atomic():
        found = _begun_review(upload, user)
        if found and not comparing.users_have_changed(upload.id, upload.organisation_id):
            return summary_of(found)
    with transaction.atomic():
        found = _locked_review(upload, user)
        comparing.find_users(upload.id, upload.organisation_id)
        return summary_of(found)


def review_rows(upload: Upload, wanted: Wanted, *, user: User | None) -> Page:
    """Gives some rows of a staged file. Raises the same as `review`."""
    with transaction.atomic():
        if found := _begun_review(upload, user):
            return queries.page(found, wanted)
    with transaction.atomic():
        return queries.page(_locked_review(upload, user), wanted)


@transaction.atomic
def change_review(
    upload: Upload, change: Change, *, user: User | None, max_rows: int
) -> tuple[Summary, list[dict[str, Any]]]:
    """Changes a staged file. Gives the review after it and at most `max_rows` of the rows that the
    change concerns.

    Raises the errors of `review` and those of `changes.apply`; then nothing has changed."""
    found = _locked_review(upload, user)
    outcome = changes.apply(found, change, user)
    if outcome.words:
        audit.record(
            EventType.REVIEWED,
            user=user,
            organisation_id=upload.organisation_id,
            upload_id=upload.id,
            fields=outcome.words,
        )
    concerned = sorted(outcome.rows)[:max_rows]
    rows = queries.page(found, Wanted(limit=max_rows), concerned).rows if concerned else []
    return summary_of(found), rows


def _begun_review(upload: Upload, user: User | None) -> Review | None:
    """The review, which nobody changes until the end of the transaction; others may look at it,
    too. None where it has to be begun."""
    organisation_for(user, upload.organisation_id)
    with connection.cursor() as db:
        db.execute(_SHARE, [upload.id])
        is_there = db.fetchone()
    return beginning.begun(upload) if is_there else None


_SHARE = "SELECT 1 FROM import_uploads WHERE id = %s AND import_batch_id IS NULL FOR SHARE"


def _locked_review(upload: Upload, user: User | None) -> Review:
    """The review, with the row of its upload locked until the end of the transaction."""
    organisation_for(user, upload.organisation_id)
    locked = locked_upload(upload)
    if locked.import_batch_id:
        raise UploadImported(batch_id=str(locked.import_batch_id))
    return beginning.review_of(locked)
