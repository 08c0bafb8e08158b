"""The limits of `files.Limits`: what is just allowed, and how the rest is refused."""

from __future__ import annotations

import csv
import io

import pytest

from imports import files
from imports.errors import FileRefused
from tests.imports.files.helpers import HEADER, LARGE_LIMITS, ROW, refusal_of, rows_of


def test_a_file_may_have_max_bytes_and_no_more() -> None:
    data = (HEADER + ROW).encode()
    assert rows_of(data, limits=files.Limits(max_bytes=len(data)))
    refusal = refusal_of(data, limits=files.Limits(max_bytes=len(data) - 1))
    assert (refusal.code, refusal.status) == ("file_too_large", 413)


def test_the_refusal_of_a_large_file_gives_its_size_in_mebibytes() -> None:
    refusal = refusal_of(b"x" * 11_534_336, limits=files.Limits())
    assert "11.0 MiB" in refusal.detail
    assert "10 MiB" in refusal.detail


@pytest.mark.parametrize("row", [ROW, ROW.replace("Ann", '"Ann"')])
def test_a_file_may_have_max_rows_and_no_more(row: str) -> None:
    limits = files.Limits(max_rows=5_000)
    assert len(rows_of(HEADER + (row + "\n") * 5_000, limits=limits)) == 5_000
    refusal = refusal_of(HEADER + (row + "\n") * 7_777, limits=limits)
    assert refusal.facts == {"rows": 7_777, "limit": 5_000}
    assert "7,777" in refusal.detail
    assert "5,000" in refusal.detail


def test_too_many_rows_are_refused_as_such_despite_an_error_after_them() -> None:
    refusal = refusal_of(HEADER + ROW * 9_000 + '"', limits=files.Limits(max_rows=10))
    assert refusal.code == "too_many_rows"
    assert "at least 9,000" in refusal.detail


def test_a_row_of_very_many_lines_is_refused() -> None:
    limits = files.Limits(max_rows=10, max_columns=10_000)
    refusal = refusal_of(HEADER + '"\n",' * 500_000, limits=limits)
    assert refusal.code == "record_too_long"
    assert "256 KiB" in refusal.detail


@pytest.mark.parametrize(
    "endless", ['"\n",' * 500_000, '"' + "x\n" * 1_000_000, "x" * 2_000_000, "," * 2_000_000]
)
def test_an_endless_row_is_refused_before_the_file_ends(endless: str) -> None:
    furthest = 0

    class RecordingFile(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal furthest
            data = super().read(size)
            furthest = max(furthest, self.tell())
            return data

    file = RecordingFile((HEADER + endless).encode())
    with pytest.raises(FileRefused):
        list(files.read(file, filename="", limits=LARGE_LIMITS).records())
    assert furthest < 500_000


def test_a_cell_of_many_short_lines_can_be_too_long() -> None:
    refusal = refusal_of(HEADER + 'a@example.com,A,"' + "some text\n" * 1_001 + '"\n')
    assert refusal.facts == {"row": 2, "column": 3, "limit": 10_000}
    assert "10,010" in refusal.detail


def test_limits_that_the_reader_cannot_enforce_are_refused() -> None:
    with pytest.raises(ValueError, match="max_cell_chars"):
        files.Limits(max_cell_chars=200_000)
    with pytest.raises(ValueError, match="max_record_bytes"):
        files.Limits(max_record_bytes=100)


def test_the_global_limit_of_the_csv_module_is_not_changed() -> None:
    before = csv.field_size_limit()
    refusal_of(HEADER + 'a@example.com,"' + "x\n" * 200_000)
    assert csv.field_size_limit() == before
