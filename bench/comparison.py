"""Imports the same rows with other libraries, to compare the engine with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from time import perf_counter
from typing import Any

import tablib
from import_export import resources

from bench import fixtures
from users.models import User

FIELDS = tuple(name.strip() for name in fixtures.COLUMNS.split(","))


class WithDefaults(resources.ModelResource):
    """django-import-export with its defaults."""

    class Meta:
        model = User
        import_id_fields = ("email",)
        fields = FIELDS


class Bulk(resources.ModelResource):
    """django-import-export with its fastest options: no look-ups, no diffs, no checks."""

    class Meta:
        model = User
        import_id_fields = ("email",)
        fields = FIELDS
        use_bulk = True
        batch_size = 1000
        force_init_instance = True
        skip_diff = True
        clean_model_instances = False
        use_transactions = False


def _rows(count: int) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(fixtures.make_file(count).decode(), newline=""))
    true_values = {"yes", "true", "1", "y", "on", "enabled", "t"}
    rows = []
    for row in reader:
        row["invitation_requested"] = row.pop("send_invitation")
        for name in FIELDS[-4:]:
            row[name] = str(row[name]).strip().lower() in true_values  # type: ignore[assignment]
        row["role"] = "viewer"
        rows.append(row)
    return rows


def _with_resource(resource: type[resources.ModelResource], count: int) -> float:
    dataset = tablib.Dataset(headers=FIELDS)
    for row in _rows(count):
        dataset.append([row[name] for name in FIELDS])
    fixtures.empty_tables()
    started = perf_counter()
    result = resource().import_data(dataset, dry_run=False, raise_errors=True)
    assert not result.has_errors()
    return count / (perf_counter() - started)


def _bulk_create() -> float:
    rows = _rows(20_000)
    fixtures.empty_tables()
    started = perf_counter()
    User.objects.bulk_create((User(**row) for row in rows), batch_size=1000, ignore_conflicts=True)
    return len(rows) / (perf_counter() - started)


# name -> a function that returns rows a second. Slow ways get fewer rows, which does not change
# their rate.
ALL: dict[str, Callable[[], float]] = {
    "django-import-export": lambda: _with_resource(WithDefaults, 2_000),
    "its bulk mode": lambda: _with_resource(Bulk, 20_000),
    "bulk_create": _bulk_create,
}
