"""What became of the invitations of a batch: numbers, and a sentence."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from django.db import connection

from imports.engine.options import ImportOptions
from imports.models import ImportBatch
from users import mail

MAIL_IS_OFF = "E-mail is not set up, so no invitations are sent."
# State -> the words for it in a sentence.
WORDS = {
    "pending": "waiting to be sent",
    "sent": "sent",
    "unknown": "may have been sent",
    "accepted": "accepted",
    "expired": "expired",
    "revoked": "revoked",
    "failed": "could not be sent",
    "bounced": "came back",
}
# The numbers as JSON, as a part of a raw query of `import_batches batch`. Null where the
# batch invites nobody: then the invitations are not looked at.
COUNTS = """
    CASE WHEN batch.options->'send_invitations' IS DISTINCT FROM 'false'::jsonb THEN (
        SELECT coalesce(jsonb_object_agg(state, number), '{}') FROM (
            SELECT state, sum(number) AS number FROM (
                SELECT CASE WHEN status = 'sending' THEN 'pending'
                            WHEN status IN ('sent', 'unknown')
                                AND expires_at <= statement_timestamp()
                            THEN 'expired' ELSE status END AS state,
                       count(*) AS number
                FROM user_invitations
                WHERE import_batch_id = batch.id AND organisation_id = batch.organisation_id
                GROUP BY 1
                UNION ALL SELECT 'pending', number FROM user_invitation_requests
                WHERE import_batch_id = batch.id
            ) AS parts GROUP BY 1
        ) AS counted
    ) END
"""
_COUNTS_OF_ONE = f"SELECT {COUNTS} FROM import_batches batch WHERE batch.id = %s"  # noqa: S608


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitations:
    """How many invitations of a batch are in which state."""

    pending: int = 0  # also those that are still to be written, or are being sent at this moment
    sent: int = 0
    accepted: int = 0
    expired: int = 0
    revoked: int = 0
    failed: int = 0
    bounced: int = 0
    unknown: int = 0  # may have been sent: the sender died before it stored the answer
    message: str = ""  # why none are sent


def of(batch: ImportBatch) -> Invitations | None:
    """Gives the numbers of a batch; None if it was told to invite nobody.

    `batch.invitation_counts`, where a query has added it (`COUNTS`), saves a query. Invitations of
    users who have moved to another organisation are not counted."""
    if not ImportOptions.from_json(batch.options).send_invitations:
        return None
    counts = getattr(batch, "invitation_counts", None)
    return Invitations(
        **(_counts(batch) if counts is None else counts),
        message="" if mail.is_on() else MAIL_IS_OFF,
    )


def _counts(batch: ImportBatch) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS_OF_ONE, [batch.id])
        (numbers,) = cursor.fetchone()
    return dict(json.loads(numbers or "{}"))


def tag(invitations: Invitations | None) -> str:
    """A short text that differs where the numbers do, for an ETag."""
    if invitations is None:
        return ""
    *numbers, message = asdict(invitations).values()
    return "-".join(map(str, [*numbers, len(message)]))


def announcement(options: ImportOptions) -> str:
    """A sentence that says, before an import, whom it will invite."""
    if not options.send_invitations:
        return "Nobody is invited."
    if not mail.is_on():
        return MAIL_IS_OFF
    return "New users get an invitation by e-mail, except where a row says otherwise."


def sentence(batch: ImportBatch) -> str:
    """The numbers that are not 0 in words, such as "Invitations: 12 sent, 1 accepted."; "" if the
    batch was told to invite nobody, or has created nobody who is to be invited."""
    invitations = of(batch)
    if invitations is None:
        return ""
    numbers = {state: getattr(invitations, state) for state in WORDS}
    parts = [f"{number:,} {WORDS[state]}" for state, number in numbers.items() if number]
    sentences = [f"Invitations: {', '.join(parts)}."] if parts else []
    return " ".join(filter(None, [*sentences, invitations.message]))
