"""The measurements, each beside its yardstick in the same run."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from statistics import median
from time import perf_counter

import psutil
from django.db import connection

from bench import ground, rivals, service
from bench import parts as part_by_part
from bench.report import NO_TARGET, Result
from imports.engine import preview, runner
from imports.models import ImportBatch

ROUNDS = 5


def engine(rows: int) -> Result:
    """One import, in this process, against raw COPY of the same file, in turns."""
    data = ground.make_file(rows)
    pairs = [(ground.copy_seconds(data), engine_seconds(data)) for _ in range(ROUNDS)]
    copy, ours = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    return Result(
        measure=f"one import of {rows:,} rows, engine ÷ raw COPY of the same file",
        figure=f"{copy / ours:.2f}",
        target="≥ 0.65",
        detail=f"engine {rows / ours:,.0f} rows/s, COPY {rows / copy:,.0f} rows/s;"
        f" medians of {ROUNDS} in turns",
    )


def parts(rows: int) -> list[Result]:
    """The same import with one part of the engine other than it is."""
    data, results = ground.make_file(rows), []
    for name, changed in part_by_part.ALL.items():
        ours, theirs = [], []
        for _round in range(ROUNDS):
            ours.append(engine_seconds(data))
            with changed():
                theirs.append(engine_seconds(data))
        results.append(
            Result(
                measure=f"time with {name} ÷ time as it is",
                figure=f"{median(theirs) / median(ours):.2f}",
                target=NO_TARGET,
                detail=f"{rows / median(theirs):,.0f} and {rows / median(ours):,.0f} rows/s",
            )
        )
    return results


def engine_seconds(data: bytes, *, clear: bool = True) -> float:
    """How long the engine takes for a staged file, in this process."""
    if clear:
        ground.clear()
    user = ground.administrator()
    batch = ground.submit(ground.stage(data, user), user)
    started = perf_counter()
    result = runner.run(batch.id, lambda: False)
    seconds = perf_counter() - started
    ground.wait_for([batch.id])
    assert result is runner.Result.ENDED
    return seconds


def together(_: int) -> Result:
    """Eight imports at once with two worker processes against one COPY of all the rows."""
    files = ground.make_files(*[25_000] * 8)
    yardstick = ground.joined(files)
    copies, seconds = [], []
    with ground.workers(2):
        for _round in range(ROUNDS):
            ground.clear()
            copies.append(ground.copy_seconds(yardstick))
            seconds.append(_together_seconds(files))
    copy, ours = median(copies), median(seconds)
    return Result(
        measure="eight imports of 25,000 rows at once, 2 worker processes, ÷ one raw COPY of all",
        figure=f"{copy / ours:.2f}",
        target="≥ 0.9",
        detail=f"together {200_000 / ours:,.0f} rows/s, COPY {200_000 / copy:,.0f} rows/s;"
        f" medians of {ROUNDS} in turns",
    )


def _together_seconds(files: list[bytes]) -> float:
    users = [ground.administrator(f"Acme{number}") for number in range(len(files))]
    uploads = [ground.stage(data, user) for data, user in zip(files, users, strict=True)]
    started = perf_counter()
    batches = [ground.submit(one, user) for one, user in zip(uploads, users, strict=True)]
    ground.wait_for([batch.id for batch in batches])
    return perf_counter() - started


def libraries(rows: int) -> Result:
    """The same rows through django-import-export and bulk_create."""
    ours = rows / engine_seconds(ground.make_file(rows))
    rates = {name: rate() for name, rate in rivals.ALL.items()}
    return Result(
        measure="against django-import-export (defaults; bulk without checks) and bulk_create",
        figure=", ".join(f"{ours / rate:.0f}×" for rate in rates.values()),
        target="≥ 100×, ≥ 8×, ≥ 7×",
        detail=f"engine {ours:,.0f} rows/s; "
        + ", ".join(f"{name} {rate:,.0f} rows/s" for name, rate in rates.items()),
    )


def crowded(rows: int) -> Result:
    """An import into a table that holds a million users, against an empty one."""
    data = ground.make_file(rows)
    empty = median(engine_seconds(data) for _ in range(3))
    full = []
    for _ in range(3):
        ground.clear()
        ground.fill_users(1_000_000)
        full.append(engine_seconds(data, clear=False))
    return Result(
        measure="with 1,000,000 users already there ÷ with none",
        figure=f"{empty / median(full):.2f}",
        target="≥ 0.8",
        detail=f"{rows / median(full):,.0f} rows/s and {rows / empty:,.0f} rows/s",
    )


def million(_: int) -> Result:
    """A million rows through one worker: its memory, and a small import that comes in between."""
    ground.clear()
    user, other = ground.administrator(), ground.administrator("Globex")
    data, small_data = ground.make_files(1_000_000, 5_000)
    big, small = ground.stage(data, user), ground.stage(small_data, other)
    with ground.workers(1) as worker:
        pool = psutil.Process(worker.pid).children()[0]
        idle = pool.memory_info().rss
        with _Peak(pool) as peak:
            started = perf_counter()
            big_batch = ground.submit(big, user)
            ground.wait_until(
                lambda: ImportBatch.objects.get(id=big_batch.id).processed_rows > 100_000
            )
            small_started = perf_counter()
            ground.wait_for([ground.submit(small, other).id])
            small_seconds = perf_counter() - small_started
            ground.wait_for([big_batch.id])
            seconds = perf_counter() - started
    return Result(
        measure=f"1,000,000 rows ({len(data) / 1e6:.0f} MB): worker's peak memory above idle;"
        " a 5,000-row import that comes in meanwhile, on the only worker",
        figure=f"{(peak.bytes - idle) / 1e6:.0f} MB; {small_seconds:.1f} s",
        target="≤ 64 MB; ≤ 5 s",
        detail=f"{1_000_000 / seconds:,.0f} rows/s",
    )


class _Peak:
    """The largest resident size of a process while the block runs."""

    def __init__(self, process: psutil.Process) -> None:
        self.process, self.bytes, self._over = process, 0, threading.Event()

    def __enter__(self) -> _Peak:
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.bytes = max(self.bytes, self.process.memory_info().rss)


def statements(rows: int) -> Result:
    """How many statements the engine sends for a thousand rows, by the protocol's own trace."""
    data = ground.make_file(rows)
    ground.clear()
    user = ground.administrator()
    batch = ground.submit(ground.stage(data, user), user)
    with tempfile.TemporaryFile() as trace:
        connection.connection.pgconn.trace(trace.fileno())
        runner.run(batch.id, lambda: False)
        connection.connection.pgconn.untrace()
        trace.seek(0)
        sent = (line.split(b"\t") for line in trace if b"\tF\t" in line)
        calls = sum(parts[3] in (b"Query", b"Execute") for parts in sent)
    return Result(
        measure="statements per 1,000 rows",
        figure=f"{calls * 1000 / rows:.1f}",
        target="≤ 5",
        detail=f"{calls} for {rows:,} rows, BEGIN, SAVEPOINT and COMMIT counted",
    )


def http(_: int) -> Result:
    """5,000 rows over HTTP: from the first byte of the POST to `completed`, idle worker."""
    seconds = service.post_to_completed(rounds=7)
    return Result(
        measure="5,000 rows, POST to completed, idle worker",
        figure=f"{median(seconds):.2f} s",
        target="≤ 1 s median",
        detail=f"{min(seconds):.2f} to {max(seconds):.2f} s in {len(seconds)} rounds,"
        f" {os.cpu_count()} cores for web, worker, database and client",
    )


def polls(_: int) -> Result:
    """200 clients that ask every 2 s how far an import is, while it runs."""
    seconds = sorted(service.polled())
    at = seconds[int(len(seconds) * 0.99)]
    return Result(
        measure="200 clients that poll every 2 s while an import runs, 99th percentile",
        figure=f"{at * 1000:.0f} ms",
        target="≤ 50 ms",
        detail=f"{len(seconds):,} polls, median {median(seconds) * 1000:.0f} ms;"
        f" one gunicorn with 2 workers, {os.cpu_count()} cores for everything",
    )


def upload(_: int) -> Result:
    """A file of 10 MB, from POST to 202."""
    seconds = service.uploaded(rounds=7)
    return Result(
        measure="upload of 10 MB (5,000 rows), POST to 202",
        figure=f"{median(seconds):.2f} s",
        target="≤ 0.5 s",
        detail=f"{min(seconds):.2f} to {max(seconds):.2f} s in {len(seconds)} rounds",
    )


def previews(_: int) -> Result:
    """Server time of a preview."""
    took = {}
    for rows in (1_000, 100_000):
        data, rounds = ground.make_file(rows), []
        for _round in range(5):
            ground.clear()
            user = ground.administrator()
            started = perf_counter()
            preview.preview(ground.stage(data, user))
            rounds.append(perf_counter() - started)
        took[rows] = median(rounds)
    return Result(
        measure="preview of 1,000 and of 100,000 rows, server time",
        figure=f"{took[1_000] * 1000:.0f} ms; {took[100_000]:.2f} s",
        target="≤ 50 ms; ≤ 1.5 s",
        detail="reading, staging, checking, and asking for existing users",
    )


ALL: dict[str, Callable[[int], Result | list[Result]]] = {
    "engine": engine,
    "together": together,
    "libraries": libraries,
    "crowded": crowded,
    "million": million,
    "statements": statements,
    "http": http,
    "upload": upload,
    "previews": previews,
    "polls": polls,
    "parts": parts,
}
