"""All that is shown of a review beside its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from imports.engine.review import preview, queries
from imports.models import Review
from imports.schema.columns import Columns
from users import mail


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A review with its counts and problems."""

    review: Review
    columns: Columns
    counts: dict[str, int]
    problems: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    can_undo: bool
    expires_at: datetime


def summary_of(review: Review) -> Summary:
    """Counts the rows and their problems."""
    columns = Columns.from_json(review.columns)
    counts, can_undo = queries.counts_and_undo(review)
    if not (review.options["send_invitations"] and mail.is_on()):
        counts["invitations"] = 0
    problems = queries.groups(review) if counts["invalid"] else []
    return Summary(
        review=review,
        columns=columns,
        counts=counts,
        problems=problems,
        warnings=[*_mostly_wrong(review, columns, problems), *review.warnings][: preview.LISTED],
        can_undo=can_undo,
        expires_at=review.changed_at + timedelta(days=settings.REVIEW_KEPT_DAYS),
    )


def _mostly_wrong(
    review: Review, columns: Columns, problems: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """A sentence about each column most of whose values are wrong."""
    wrong = {
        one["field"]: one["count"]
        for one in problems
        if one["code"] in preview.WRONG_VALUE and one["field"] in columns.positions
    }
    mostly = {
        name: count
        for name, count in wrong.items()
        if count > 1 and 2 * count > queries.filled(review, columns.positions[name])
    }
    return [one.as_json() for one in preview.columns_mostly_wrong(mostly, columns)]
