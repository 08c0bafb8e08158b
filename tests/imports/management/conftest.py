"""Fixtures of the tests of the commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imports.models import ImportBatch
from imports.models.statuses import Status
from tests.imports.management.helpers import csv_bytes, output_of, valid_rows
from users.models import Organisation, User

MakeFile = Callable[..., Path]


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    """A function that writes a file: make_file(content). By default it has three valid rows."""

    def make(content: bytes | None = None, name: str = "users.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(csv_bytes(valid_rows(3)) if content is None else content)
        return path

    return make


@pytest.fixture
def batch(acme: Organisation, make_file: MakeFile, settings: Any) -> ImportBatch:
    """A batch of six rows that is processing. Two rows are committed."""
    settings.IMPORT_CHUNK_SIZE = 2
    output_of("import_users", make_file(csv_bytes(valid_rows(6))), "--organization", "Acme")
    User.objects.everywhere().exclude(email__in=[row[0] for row in valid_rows(2)]).delete()
    counters = {"processed_rows": 2, "successful_rows": 2, "next_chunk": 1, "completed_at": None}
    ImportBatch.objects.everywhere().update(status=Status.PROCESSING, **counters)
    return ImportBatch.objects.everywhere().get()
