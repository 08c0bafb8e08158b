"""Measures an import while retention deletes the row errors of an old one."""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from time import perf_counter

from django.db import connection

from bench import fixtures
from bench.report import Result
from imports import models
from imports.models import ImportBatch
from users.models import Organisation

ROUNDS = 3
ERRORS = 1_000_000
_CREATE_ERRORS = """
    INSERT INTO import_errors
        (import_batch_id, row_number, field_name, error_code, error_message, row_data)
    SELECT %s, n, 'email', 'invalid_email', 'This is not a valid e-mail address: it has no @.',
        jsonb_build_object('email', 'user' || n, 'first_name', 'Ada', 'last_name', 'Lovelace')
    FROM generate_series(1, %s) n
"""


def during_purge(rows: int) -> Result:
    """An import, in this process, while another deletes 1,000,000 row errors, and alone."""
    data = fixtures.make_file(rows)
    alone, meanwhile, purges = [], [], []
    for _ in range(ROUNDS):
        alone.append(fixtures.engine_seconds(data))
        fixtures.empty_tables()
        old = _create_old_import()
        errors = models.ImportError.objects.everywhere().filter(import_batch_id=old)
        started = perf_counter()
        with subprocess.Popen([sys.executable, "manage.py", "purge_imports"]) as purge:
            fixtures.wait_until(lambda errors=errors: errors.count() < ERRORS)
            meanwhile.append(fixtures.engine_seconds(data, empty_first=False))
            assert purge.poll() is None, "the purge ended before the import"
            assert purge.wait() == 0
        purges.append(perf_counter() - started)
        assert not errors.exists()
    return Result(
        measure=f"rate of one import of {rows:,} rows while {ERRORS:,} row errors are deleted ÷"
        " its rate alone",
        figure=f"{median(alone) / median(meanwhile):.2f}",
        target="≥ 0.8",
        detail=f"{rows / median(meanwhile):,.0f} and {rows / median(alone):,.0f} rows/s; the errors"
        f" were deleted in {median(purges):.0f} s",
    )


def _create_old_import() -> object:
    """A finished import of another organisation, 400 days old, with many row errors."""
    organisation = Organisation.objects.create(name="Globex")
    batch = ImportBatch.objects.create(
        organisation=organisation, filename="users.csv", status="completed"
    )
    ImportBatch.objects.everywhere().filter(id=batch.id).update(
        created_at="2020-01-01T00:00:00Z", completed_at="2020-01-01T00:00:00Z"
    )
    with connection.cursor() as cursor:
        cursor.execute(_CREATE_ERRORS, [batch.id, ERRORS])
        cursor.execute("VACUUM ANALYZE import_errors")
    return batch.id
