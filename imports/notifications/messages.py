"""The e-mail about the end of an import.

Its templates are ended.txt and ended.html in imports/templates/imports/mail.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from core.text import count_of, excerpt
from imports.models import ImportBatch
from imports.models.statuses import Status
from users.mail import sender_domain
from users.models import User


def message(batch: ImportBatch, recipient: User) -> EmailMultiAlternatives:
    """Gives the e-mail about a batch that has ended: outcome, counts and a link. It contains no
    data of the users in the file."""
    filename = excerpt(batch.filename)
    context = {
        "filename": filename,
        "organisation": excerpt(batch.organisation.name),
        "sentence": sentence(batch),
        "counts": list(counts(batch)),
        "has_errors": bool(batch.failed_rows),
        "link": link(batch),
    }
    email = EmailMultiAlternatives(
        subject=f"Import of {filename}: {headline(batch)}",
        body=render_to_string("imports/mail/ended.txt", context),
        to=[recipient.email],
        headers={
            "Message-ID": f"<import.{batch.id}@{sender_domain()}>",
            "Auto-Submitted": "auto-generated",  # RFC 3834: stops out-of-office replies
        },
    )
    email.attach_alternative(render_to_string("imports/mail/ended.html", context), "text/html")
    return email


def link(batch: ImportBatch) -> str:
    """Gives the URL of the import. It is the same for every recipient and must work for ever,
    because e-mails that were sent can't be changed."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/imports/{batch.id}"


def headline(batch: ImportBatch) -> str:
    """Gives the outcome in a few words, for the subject."""
    if batch.status == Status.COMPLETED and batch.failed_rows:
        return f"completed, {count_of(batch.failed_rows, 'row')} failed"
    return str(batch.status)


def sentence(batch: ImportBatch) -> str:
    """Gives the outcome in a sentence."""
    if batch.status == Status.CANCELLED:
        return "Somebody else cancelled the import. What was imported before that stays."
    if batch.status == Status.FAILED:
        return excerpt(batch.error_message.rstrip(".") or "The import failed", 300) + "."
    if batch.failed_rows:
        failed = count_of(batch.failed_rows, "row")
        return f"The import is complete. {failed} could not be imported."
    if batch.skipped_rows and not batch.successful_rows:
        return "There was nothing to do: all of these users exist already."
    return "The import is complete."


def counts(batch: ImportBatch) -> Iterator[tuple[str, str]]:
    """Gives (label, number) of each kind of row. Leaves out zeros, except for the first."""
    numbers = {
        "Users created": batch.successful_rows,
        "Users who existed already": batch.skipped_rows,
        "Rows that failed": batch.failed_rows,
        "Rows not processed": batch.total_rows - batch.processed_rows,
    }
    for index, (label, number) in enumerate(numbers.items()):
        if number or not index:
            yield label, f"{number:,}"
