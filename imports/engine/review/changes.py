"""Changes the rows, the columns and the options of a review, and takes the last change back.

The caller has locked the row of the upload, and commits all of a change or nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from imports.engine.options import ImportOptions
from imports.engine.review import comparing, edits, records
from imports.engine.review.beginning import fields_of
from imports.engine.review.records import Record
from imports.engine.review.refusals import FileNeeded, NothingToTakeBack, UploadChanged, WrongEdit
from imports.files.delimiters import named_delimiter
from imports.models import Review, ReviewChange
from imports.schema.columns import Columns
from imports.schema.remapping import OF_MAPPING, mapping_warnings, remap
from imports.validation.rows import RowChecker
from users.models import User

KEPT_CHANGES = 30  # so many can be taken back
_READING = ("encoding", "delimiter", "sheet", "header_row")


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What is to be changed, at which revision."""

    revision: int
    edits: list[dict[str, Any]] = field(default_factory=list)  # row, field, value
    replace: list[dict[str, Any]] = field(default_factory=list)  # field, from, to
    dropped: list[int] = field(default_factory=list)
    restored: list[int] = field(default_factory=list)
    undo: bool = False
    mapping: Mapping[str, str] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    reading: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Change:
        """The change from the members of a request. Raises `WrongEdit` where an undo comes with
        anything else."""
        options = {name: values[name] for name in ImportOptions.names() if name in values}
        reading = {name: values[name] for name in _READING if name in values}
        rest = {k: v for k, v in values.items() if k not in options and k not in reading}
        if values.get("undo") and len(values) > 2:
            raise WrongEdit("Send undo alone, with the revision only. Send the rest after it.")
        return cls(**rest, options=options, reading=reading)


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What a change did: the rows that it concerns, and words for the audit trail."""

    rows: set[int] = field(default_factory=set)
    words: list[str] = field(default_factory=list)


def apply(review: Review, change: Change, user: User | None) -> Outcome:
    """Changes a review, and raises its revision where anything has changed.

    Raises `UploadChanged`, `FileNeeded`, `WrongEdit`, `NothingToTakeBack`, and what `remap` and
    `ImportOptions` raise."""
    refuse_stale(review, change.revision)
    if change.undo:
        return _take_back(review, user)
    _refuse_reading(review, change.reading)
    before: dict[str, Any] = {}
    outcome = Outcome()
    if change.options and (options := _new_options(review, change.options)) != review.options:
        before["options"], review.options = review.options, options
        outcome.words.append("options")
    if change.mapping is not None:
        columns = remap(Columns.from_json(review.columns), change.mapping).as_json()
        if columns["positions"] != review.columns["positions"]:
            before["columns"] = review.columns
            _set_columns(review, columns)
            outcome.words.append("mapping")
    _change_rows(review, change, before, outcome)
    if before:
        ReviewChange.objects.create(
            upload_id=review.upload_id, revision=review.revision, before=before
        )
        if review.revision > KEPT_CHANGES:
            _forget_old_changes(review)
        _save(review, user)
    return outcome


def _forget_old_changes(review: Review) -> None:
    ReviewChange.objects.of(review.upload.organisation_id).filter(
        upload_id=review.upload_id, revision__lte=review.revision - KEPT_CHANGES
    ).delete()


def refuse_stale(review: Review, revision: int) -> None:
    """Raises `UploadChanged` where the review has another revision."""
    if revision == review.revision:
        return
    editor = review.edited_by
    who = f" by {editor.email}" if editor else ""
    raise UploadChanged(
        f"The rows were changed{who} meanwhile. Look at them again, then repeat it.",
        revision=review.revision,
        edited_by={"id": str(editor.id), "email": editor.email} if editor else None,
    )


def _new_options(review: Review, given: Mapping[str, Any]) -> dict[str, Any]:
    return asdict(ImportOptions.from_json({**review.options, **given}))


def _refuse_reading(review: Review, given: Mapping[str, Any]) -> None:
    """Raises `FileNeeded` for a way of reading that is not the one in which the file was read."""
    for name, value in given.items():
        current = getattr(review.upload, name)
        wanted = named_delimiter(value) if name == "delimiter" else value
        is_same = wanted == current or (
            name == "encoding" and str(value).lower() == str(current).lower()
        )
        if not is_same:
            raise FileNeeded(
                f"The file was read with another {name.replace('_', ' ')}. Send the file again, as"
                f" a preview with this {name}; the changes of rows begin anew then.",
                option=name,
            )


def _set_columns(review: Review, columns: dict[str, Any]) -> None:
    review.columns = columns
    kept = [one for one in review.warnings if one["code"] not in OF_MAPPING]
    new = [one.as_json() for one in mapping_warnings(Columns.from_json(columns))]
    review.warnings = [*new, *kept]


_SAVE = """
    UPDATE import_reviews SET revision = %(revision)s, edited_by = %(edited_by)s,
        edited_at = statement_timestamp(), changed_at = statement_timestamp(),
        columns = %(columns)s, warnings = %(warnings)s, options = %(options)s
    WHERE upload_id = %(upload)s RETURNING edited_at, changed_at
"""


def _save(review: Review, user: User | None) -> None:
    review.revision += 1
    review.edited_by = user
    values = {
        "upload": review.upload_id,
        "revision": review.revision,
        "edited_by": user.id if user else None,
        "columns": Jsonb(review.columns),
        "warnings": Jsonb(review.warnings),
        "options": Jsonb(review.options),
    }
    with records.cursor() as db:
        [(review.edited_at, review.changed_at)] = db.execute(_SAVE, values).fetchall()


# --- rows -------------------------------------------------------------------------------------


def _change_rows(review: Review, change: Change, before: dict[str, Any], outcome: Outcome) -> None:
    columns = Columns.from_json(review.columns)
    edited = edits.edit_rows(
        review.upload_id,
        columns,
        edits=change.edits,
        replace=change.replace,
        dropped=change.dropped,
        restored=change.restored,
    )
    if edited.changed:
        before["rows"] = edited.before
        outcome.words += edited.words
    outcome.rows |= edited.concerned
    _write(review, columns, edited.changed, outcome, check_all="columns" in before)


def _write(
    review: Review,
    columns: Columns,
    changed: list[Record],
    outcome: Outcome,
    *,
    check_all: bool,
) -> None:
    """Writes the changed rows, checked; with another mapping, checks all rows."""
    checker, fields = RowChecker(columns), fields_of(columns)
    upload_id, organisation_id = review.upload_id, review.upload.organisation_id
    touched: set[str] = set()
    for one in changed:
        one.check(checker, fields)
        touched |= one.touched
    if changed:
        records.update(upload_id, changed)
    for block in records.read_all(upload_id) if check_all else ():
        for one in block:
            one.check(checker, fields)
            touched |= one.touched
        if others := [one for one in block if one.is_checked_differently]:
            records.update(upload_id, others)
    if touched:
        outcome.rows |= comparing.compare(upload_id, organisation_id, touched)


# --- taking back ------------------------------------------------------------------------------


def _take_back(review: Review, user: User | None) -> Outcome:
    changes = ReviewChange.objects.of(review.upload.organisation_id)
    last = changes.filter(upload_id=review.upload_id).order_by("-revision").first()
    if last is None:
        raise NothingToTakeBack
    before: dict[str, Any] = last.before
    review.options = before.get("options", review.options)
    if "columns" in before:
        _set_columns(review, before["columns"])
    columns = Columns.from_json(review.columns)
    old = {one["row"]: one for one in before.get("rows", ())}
    found = records.read(review.upload_id, old) if old else {}
    for row, one in found.items():
        edits.take_back(one, old[row])
    outcome = Outcome(rows=set(found), words=["undo"])
    _write(review, columns, list(found.values()), outcome, check_all="columns" in before)
    changes.filter(upload_id=review.upload_id, revision=last.revision).delete()
    _save(review, user)
    return outcome
