"""Filters of the lists of imports and of row errors. None of them reads a whole table to offer its
choices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Case, F, Q, QuerySet, TextChoices, When
from django.db.models.functions import Coalesce, Now
from django.db.models.lookups import LessThan
from django.http import HttpRequest

from imports.models import LIVE, Status
from imports.schema.fields import FIELDS

# The codes of row errors (docs/file-format.md) in words.
ERROR_WORDS = {
    "required": "Value missing",
    "invalid_email": "Invalid e-mail address",
    "too_long": "Too long",
    "invalid_role": "Unknown role",
    "role_not_allowed": "Role not allowed",
    "invalid_phone": "Invalid phone number",
    "invalid_boolean": "Neither true nor false",
    "control_character": "Invisible character",
    "formula_injection": "Formula",
    "ragged_row": "Wrong number of cells",
    "duplicate_in_file": "Twice in the file",
    "already_exists": "User exists already",
    "address_unavailable": "Address can't be used",
    "refused_by_database": "Refused by the database",
    "stray_quote": "Stray quote",
    "error_cell": "Error of a formula",
    "formula_without_value": "Formula without a result",
    "broken_cell": "Damaged cell",
    "date_in_phone": "Date instead of a phone number",
    "hyperlink_differs": "Link to another address",
    "no_address": "No e-mail address",
}


class Outcome(TextChoices):
    """How an import ended, or that it has not."""

    COMPLETED = "completed", "Completed"
    PARTLY = "partly", "Completed with row errors"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    RUNNING = "running", "Pending or processing"


def is_stuck() -> Q:
    """Whether an import makes no progress for IMPORT_STUCK_SECONDS, as in `csv_imports_stuck`."""
    seen = Coalesce("heartbeat_at", "enqueued_at", "created_at")
    since = Case(When(status=Status.PENDING, then=F("created_at")), default=seen)
    limit = timedelta(seconds=settings.IMPORT_STUCK_SECONDS)
    return Q(status__in=LIVE) & Q(LessThan(since, Now() - limit))


_STUCK = ("stuck", "Stuck")
_CONDITIONS = {
    Outcome.COMPLETED: Q(status=Status.COMPLETED, failed_rows=0),
    Outcome.PARTLY: Q(status=Status.COMPLETED, failed_rows__gt=0),
    Outcome.FAILED: Q(status=Status.FAILED),
    Outcome.CANCELLED: Q(status=Status.CANCELLED),
    Outcome.RUNNING: Q(status__in=LIVE),
}


def outcome_of(status: str, *, has_failed_rows: bool) -> Outcome:
    """The outcome of an import, by which the filter finds it."""
    if status in LIVE:
        return Outcome.RUNNING
    return Outcome.PARTLY if status == Status.COMPLETED and has_failed_rows else Outcome(status)


class OutcomeFilter(admin.SimpleListFilter):
    """Filters imports by what became of them."""

    title = parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Gives (value, words) of every outcome, and of imports that are stuck."""
        return [*Outcome.choices, _STUCK]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Gives the imports with the chosen outcome, or all."""
        value = self.value()
        if value == _STUCK[0]:
            return queryset.filter(is_stuck())
        condition = _CONDITIONS.get(Outcome(value)) if value in Outcome.values else None
        return queryset.filter(condition) if condition else queryset


class ErrorCodeFilter(admin.SimpleListFilter):
    """Filters row errors by their code."""

    title = "error"
    parameter_name = "error_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Gives (code, words) of every code."""
        return list(ERROR_WORDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Gives the errors with the chosen code, or all."""
        return queryset.filter(error_code=self.value()) if self.value() else queryset


class FieldFilter(admin.SimpleListFilter):
    """Filters row errors by the field of the wrong cell."""

    title = "field"
    parameter_name = "field_name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Gives (field, words) of every field, and of errors of a whole row."""
        return [(WHOLE_ROW, field_label("")), *((name, field_label(name)) for name in FIELDS)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Gives the errors of the chosen field, or all."""
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(field_name="" if value == WHOLE_ROW else value)


WHOLE_ROW = "row"  # in a URL; an empty value would be no filter


def field_label(name: str) -> str:
    """The name of a field as pages show it: "E-mail address"; "Whole row" for no field."""
    if not name:
        return "Whole row"
    label = FIELDS[name].label if name in FIELDS else name
    return label[:1].upper() + label[1:]


def words_of(code: str) -> str:
    """A code in words: "Invalid e-mail address"."""
    return ERROR_WORDS.get(code) or code.replace("_", " ").capitalize()
