"""The measurements. Each compares two things in the same run, or holds one against a target."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from statistics import median
from time import perf_counter

import psutil
from django.db import connection

from bench import (
    comparison,
    fixtures,
    invitations,
    page,
    people,
    reading,
    retention,
    reviews,
    service,
)
from bench import variants as engine_variants
from bench.report import NO_TARGET, Result
from imports.engine import runner
from imports.engine.review import preview
from imports.models import ImportBatch

ROUNDS = 5


def import_against_copy(rows: int) -> Result:
    """One import, in this process, and raw COPY of the same file, alternating."""
    data = fixtures.make_file(rows)
    pairs = [(fixtures.copy_seconds(data), fixtures.engine_seconds(data)) for _ in range(ROUNDS)]
    copy, engine = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    return Result(
        measure=f"one import of {rows:,} rows, engine ÷ raw COPY of the same file",
        figure=f"{copy / engine:.2f}",
        target="≥ 0.65",
        detail=f"engine {rows / engine:,.0f} rows/s, COPY {rows / copy:,.0f} rows/s;"
        f" medians of {ROUNDS} alternating runs",
    )


def variants(rows: int) -> list[Result]:
    """The same import with one part of the engine changed, and unchanged, alternating."""
    data, results = fixtures.make_file(rows), []
    for name, apply in engine_variants.ALL.items():
        unchanged, changed = [], []
        for _round in range(ROUNDS):
            unchanged.append(fixtures.engine_seconds(data))
            with apply():
                changed.append(fixtures.engine_seconds(data))
        results.append(
            Result(
                measure=f"time with {name} ÷ time of the unchanged engine",
                figure=f"{median(changed) / median(unchanged):.2f}",
                target=NO_TARGET,
                detail=f"{rows / median(changed):,.0f} and {rows / median(unchanged):,.0f} rows/s",
            )
        )
    return results


def concurrent(_: int) -> Result:
    """Eight imports at once with two worker processes, and one COPY of all their rows."""
    files = fixtures.make_files(*[25_000] * 8)
    all_rows = fixtures.concatenate(files)
    copies, seconds = [], []
    with fixtures.workers(2):
        for _round in range(ROUNDS):
            fixtures.empty_tables()
            copies.append(fixtures.copy_seconds(all_rows))
            seconds.append(_concurrent_seconds(files))
    copy, engine = median(copies), median(seconds)
    return Result(
        measure="eight imports of 25,000 rows at once, 2 worker processes, ÷ one raw COPY of all",
        figure=f"{copy / engine:.2f}",
        target="≥ 0.9",
        detail=f"all imports {200_000 / engine:,.0f} rows/s, COPY {200_000 / copy:,.0f} rows/s;"
        f" medians of {ROUNDS} alternating runs",
    )


def _concurrent_seconds(files: list[bytes]) -> float:
    users = [fixtures.administrator(f"Acme{number}") for number in range(len(files))]
    uploads = [fixtures.stage(data, user) for data, user in zip(files, users, strict=True)]
    started = perf_counter()
    pairs = zip(uploads, users, strict=True)
    batches = [fixtures.submit(upload, user) for upload, user in pairs]
    fixtures.wait_for([batch.id for batch in batches])
    return perf_counter() - started


def libraries(rows: int) -> Result:
    """The same rows through the engine, django-import-export and bulk_create."""
    engine = rows / fixtures.engine_seconds(fixtures.make_file(rows))
    rates = {name: measure() for name, measure in comparison.ALL.items()}
    return Result(
        measure="engine ÷ django-import-export (defaults; bulk without checks) and bulk_create",
        figure=", ".join(f"{engine / rate:.0f}×" for rate in rates.values()),
        target="≥ 100×, ≥ 8×, ≥ 7×",
        detail=f"engine {engine:,.0f} rows/s; "
        + ", ".join(f"{name} {rate:,.0f} rows/s" for name, rate in rates.items()),
    )


def large_table(rows: int) -> Result:
    """An import into a table that holds a million users, and into an empty one."""
    data = fixtures.make_file(rows)
    empty = median(fixtures.engine_seconds(data) for _ in range(3))
    full = []
    for _ in range(3):
        fixtures.empty_tables()
        fixtures.create_users(1_000_000)
        full.append(fixtures.engine_seconds(data, empty_first=False))
    return Result(
        measure="rate with 1,000,000 users in the table ÷ rate with none",
        figure=f"{empty / median(full):.2f}",
        target="≥ 0.8",
        detail=f"{rows / median(full):,.0f} rows/s and {rows / empty:,.0f} rows/s",
    )


def large_file(_: int) -> Result:
    """A million rows in one worker: its memory, and the time of a small import meanwhile."""
    fixtures.empty_tables()
    user, other = fixtures.administrator(), fixtures.administrator("Globex")
    data, small_data = fixtures.make_files(1_000_000, 5_000)
    big, small = fixtures.stage(data, user), fixtures.stage(small_data, other)
    with fixtures.workers(1) as worker:
        pool = psutil.Process(worker.pid).children()[0]
        idle = pool.memory_info().rss
        with _PeakMemory(pool) as peak:
            started = perf_counter()
            big_batch = fixtures.submit(big, user)
            fixtures.wait_until(
                lambda: (
                    ImportBatch.objects.everywhere().get(id=big_batch.id).processed_rows > 100_000
                )
            )
            small_started = perf_counter()
            fixtures.wait_for([fixtures.submit(small, other).id])
            small_seconds = perf_counter() - small_started
            fixtures.wait_for([big_batch.id])
            seconds = perf_counter() - started
    return Result(
        measure=f"1,000,000 rows ({len(data) / 1e6:.0f} MB): worker's peak memory above idle;"
        " time of a 5,000-row import on the same worker meanwhile",
        figure=f"{(peak.bytes - idle) / 1e6:.0f} MB; {small_seconds:.1f} s",
        target="≤ 64 MB; ≤ 5 s",
        detail=f"{1_000_000 / seconds:,.0f} rows/s",
    )


class _PeakMemory:
    """Records the largest resident size of a process while the block runs."""

    def __init__(self, process: psutil.Process) -> None:
        self.process, self.bytes, self._stop = process, 0, threading.Event()

    def __enter__(self) -> _PeakMemory:
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self.bytes = max(self.bytes, self.process.memory_info().rss)


def statements(rows: int) -> Result:
    """The number of statements for a thousand rows, counted in libpq's trace of the protocol."""
    data = fixtures.make_file(rows)
    fixtures.empty_tables()
    user = fixtures.administrator()
    batch = fixtures.submit(fixtures.stage(data, user), user)
    with tempfile.TemporaryFile() as trace:
        connection.connection.pgconn.trace(trace.fileno())
        runner.run(batch.id, lambda: False)
        connection.connection.pgconn.untrace()
        trace.seek(0)
        sent = (line.split(b"\t") for line in trace if b"\tF\t" in line)
        calls = sum(columns[3] in (b"Query", b"Execute") for columns in sent)
    return Result(
        measure="statements per 1,000 rows",
        figure=f"{calls * 1000 / rows:.1f}",
        target="≤ 5",
        detail=f"{calls} for {rows:,} rows, BEGIN, SAVEPOINT and COMMIT counted",
    )


def http(_: int) -> Result:
    """5,000 rows over HTTP, from the start of the POST to `completed`, with an idle worker."""
    seconds = service.post_to_completed_seconds(rounds=7)
    return Result(
        measure="5,000 rows, POST to completed, idle worker",
        figure=f"{median(seconds):.2f} s",
        target="≤ 1 s median",
        detail=f"{min(seconds):.2f} to {max(seconds):.2f} s in {len(seconds)} rounds,"
        f" {os.cpu_count()} cores for web, worker, database and client",
    )


def polling(_: int) -> Result:
    """200 clients that request the batch every 2 s while the import runs."""
    seconds = sorted(service.poll_seconds())
    percentile = seconds[int(len(seconds) * 0.99)]
    return Result(
        measure="200 clients that poll every 2 s while an import runs, 99th percentile",
        figure=f"{percentile * 1000:.0f} ms",
        target="≤ 50 ms",
        detail=f"{len(seconds):,} polls, median {median(seconds) * 1000:.0f} ms;"
        f" one gunicorn with 2 workers, {os.cpu_count()} cores for everything",
    )


def upload(_: int) -> Result:
    """The upload of a file of 10 MB, from POST to 202."""
    seconds = service.upload_seconds(rounds=7)
    return Result(
        measure="upload of 10 MB (5,000 rows), POST to 202",
        figure=f"{median(seconds):.2f} s",
        target="≤ 0.5 s",
        detail=f"{min(seconds):.2f} to {max(seconds):.2f} s in {len(seconds)} rounds",
    )


def previews(_: int) -> Result:
    """The time of a preview without HTTP."""
    medians = {}
    for rows in (1_000, 100_000):
        data, rounds = fixtures.make_file(rows), []
        for _round in range(5):
            fixtures.empty_tables()
            user = fixtures.administrator()
            started = perf_counter()
            preview.preview(fixtures.stage(data, user))
            rounds.append(perf_counter() - started)
        medians[rows] = median(rounds)
    return Result(
        measure="preview of 1,000 and of 100,000 rows, server time",
        figure=f"{medians[1_000] * 1000:.0f} ms; {medians[100_000]:.2f} s",
        target="≤ 50 ms; ≤ 1.5 s",
        detail="reading, staging, checking, and the query for existing users",
    )


ALL: dict[str, Callable[[int], Result | list[Result]]] = {
    "engine": import_against_copy,
    "concurrent": concurrent,
    "libraries": libraries,
    "large_table": large_table,
    "large_file": large_file,
    "statements": statements,
    "http": http,
    "upload": upload,
    "previews": previews,
    "reviews": reviews.calls,
    "polling": polling,
    "csv": reading.csv_files,
    "xlsx": reading.workbooks,
    "invitations": invitations.all_of,
    "people": people.lists,
    "page": page.of_5000_rows,
    "retention": retention.during_purge,
    "variants": variants,
}
