"""Measures how fast files are read, beside the libraries that read them without any check."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from itertools import islice
from statistics import median
from time import perf_counter

import openpyxl
import python_calamine
from django.conf import settings

from bench import fixtures
from bench.report import Result
from imports import files
from imports.files.xlsx import processes

ROUNDS = 7
_LIMITS = files.Limits(max_rows=1_000_000, max_bytes=1 << 30)


def csv_files(rows: int) -> Result:
    """Rows of a CSV file, as an import reads them, and as `csv.reader` alone gives them."""
    plain = fixtures.make_file(rows)
    with_quotes = _quoted(plain)
    ratios, rates = [], []
    for data in (plain, with_quotes):
        alone, ours = _alternating(lambda d=data: _csv_reader(d), lambda d=data: _read(d, "u.csv"))
        ratios.append(ours / alone)
        rates.append(f"{rows / ours:,.0f} and {rows / alone:,.0f} rows/s")
    return Result(
        measure=f"reading a CSV file of {rows:,} rows ÷ csv.reader alone; the same with every cell"
        " in quotes",
        figure="; ".join(f"{ratio:.2f}" for ratio in ratios),
        target="–",
        detail="; ".join(rates),
    )


def workbooks(rows: int) -> Result:
    """Rows of a workbook, as an import reads them, and as calamine alone gives them."""
    data = _workbook(fixtures.make_file(rows))
    processes.start()
    alone, ours = _alternating(lambda: _calamine(data), lambda: _read(data, "u.xlsx"))
    return Result(
        measure=f"reading a workbook of {rows:,} rows ÷ calamine alone",
        figure=f"{ours / alone:.2f}",
        target="≤ 1.5",
        detail=f"{rows / ours:,.0f} and {rows / alone:,.0f} rows/s; read in a process of its own",
    )


def _alternating(one: Callable[[], None], other: Callable[[], None]) -> tuple[float, float]:
    """The median seconds of two functions that are called in turns."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for call, taken in zip((one, other), seconds, strict=True):
            started = perf_counter()
            call()
            taken.append(perf_counter() - started)
    return median(seconds[0]), median(seconds[1])


def _read(data: bytes, filename: str) -> None:
    reading = files.read(io.BytesIO(data), filename=filename, limits=_LIMITS)
    try:
        _in_chunks(reading.records())
    finally:
        reading.close()


def _in_chunks(rows: Iterator[object]) -> None:
    """Takes the rows in chunks, as staging does. Rows that are freed one by one are faster."""
    while list(islice(rows, settings.IMPORT_CHUNK_SIZE)):
        pass


def _csv_reader(data: bytes) -> None:
    _in_chunks(csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="")))


def _calamine(data: bytes) -> None:
    workbook = python_calamine.load_workbook(io.BytesIO(data))
    workbook.get_sheet_by_index(0).to_python()


def _quoted(data: bytes) -> bytes:
    text = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(data.decode(), newline=""))
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _workbook(data: bytes) -> bytes:
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet()
    for row in csv.reader(io.StringIO(data.decode(), newline="")):
        sheet.append(row)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()
