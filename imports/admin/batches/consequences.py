"""What an action on an import will do, in numbers: the page says it before the action is confirmed.

The numbers are those of this moment. While an import runs, or others work, they may be others a
moment later; the message after the action gives those that it had.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from core.text import count_of
from imports.admin.presentation import undo_deadline
from imports.engine import undo
from imports.engine.options import ImportOptions
from imports.engine.review.preview import Preview, preview
from imports.models import ImportBatch, Upload
from imports.models.statuses import Status
from users.models import Invitation

MOST_CHECKED_ROWS = 20_000  # of a file whose rows are checked to answer a request


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmation:
    """The question before an action."""

    action: str  # the name of its view
    question: str
    sentences: list[str]
    button: str  # "" where the action would do nothing


def confirmation(batch: ImportBatch, action: str) -> Confirmation | None:
    """The question before an action; None where the action is unknown or not possible now."""
    if action == "cancel" and batch.is_live:
        return _cancel(batch)
    if action == "retry" and batch.status in (Status.FAILED, Status.CANCELLED):
        return _retry(batch)
    if action == "undo" and undo_deadline(batch):
        return _undo(batch)
    return None


def _cancel(batch: ImportBatch) -> Confirmation:
    left = batch.total_rows - batch.processed_rows
    return Confirmation(
        action="cancel",
        question="Cancel this import?",
        sentences=[
            f"{_are(left, 'row')} not processed yet and will not be imported.",
            f"{_are(batch.successful_rows, 'user')} imported already and will be kept. "
            "You can take them back afterwards with Undo."
            if batch.successful_rows
            else "No user has been imported yet.",
            "Rows that are being written at this moment are still imported.",
        ],
        button="Cancel the import",
    )


def _retry(batch: ImportBatch) -> Confirmation:
    options = ImportOptions.from_json(batch.options)
    sentences = [f"The file of {count_of(batch.total_rows, 'row')} runs again, as a new import."]
    if found := _would_be(batch, options):
        sentences += _outcome(found)
        if options.send_invitations and found.successful_rows:
            sentences.append("New users are invited by e-mail, except where a row says otherwise.")
    else:
        word = "skipped" if options.skip_duplicates else "refused"
        sentences.append(f"Rows of users who exist by now are {word}.")
    sentences.append("It counts as one of your retries.")
    return Confirmation(
        action="retry",
        question="Import this file again?",
        sentences=sentences,
        button="Import the file again",
    )


def _would_be(batch: ImportBatch, options: ImportOptions) -> Preview | None:
    """What the import would come to now; None where the file is kept no longer, or is too large to
    check it at once."""
    upload = Upload.objects.of(batch.organisation_id).filter(import_batch=batch).first()
    if upload is None or upload.total_rows > MOST_CHECKED_ROWS:
        return None
    with transaction.atomic():
        found = preview(upload, options)
        transaction.set_rollback(True)  # nobody has seen it as a preview
    return found


def _outcome(found: Preview) -> list[str]:
    return [
        f"{count_of(found.successful_rows, 'user')} will be imported.",
        *(
            [f"{count_of(found.skipped_rows, 'row')} will be skipped: these users exist already."]
            if found.skipped_rows
            else []
        ),
        *(
            [f"{count_of(found.failed_rows, 'row')} will fail, with the errors of the cells."]
            if found.failed_rows
            else []
        ),
    ]


def _undo(batch: ImportBatch) -> Confirmation:
    untouched, created = undo.untouched(batch), undo.users_of(batch).count()
    deleted = untouched.count()
    invitations = Invitation.objects.of(batch.organisation_id).filter(
        user__in=untouched.values("id"), status__in=Invitation.OPEN
    )
    kept, revoked = created - deleted, invitations.count()
    gone = batch.successful_rows - batch.undone_rows - created
    sentences = [
        f"{count_of(deleted, 'user')} will be deleted." if deleted else "No user would be deleted."
    ]
    if revoked:
        sentences.append(f"{count_of(revoked, 'open invitation')} of them will be revoked.")
    if kept:
        sentences.append(
            f"{count_of(kept, 'user')} will be kept: they have logged in, accepted an invitation or"
            " been changed since."
        )
    if gone > 0:
        sentences.append(
            f"{count_of(gone, 'user')} of this import have been deleted, or moved to another"
            " organisation, before."
        )
    if deleted:
        sentences.append("This can't be reversed, but the file can be imported again.")
    return Confirmation(
        action="undo",
        question="Undo this import?",
        sentences=sentences,
        button=f"Delete {count_of(deleted, 'user')}" if deleted else "",
    )


def _are(number: int, noun: str) -> str:
    return f"{count_of(number, noun)} {'is' if number == 1 else 'are'}"
