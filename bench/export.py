"""Measures exports of users at the admin site: the memory of a process, and the time.

Each export runs in a process of its own, `python -m bench.export`, which reads the answer of the
view as a web server does, and throws it away. `BENCH_EXPORTED` is the larger number of rows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

SMALL = 10_000
LARGE = int(os.environ.get("BENCH_EXPORTED", 1_000_000))
TARGET_MIB = 8
FORMATS = {"0": "CSV", "1": "XLSX"}  # the places in the form
_CREATE = """
    INSERT INTO users (email, first_name, last_name, role, department, location, phone,
        organisation_id, market_edge_access)
    SELECT 'maria.chen' || n || '@acme.example', 'Maria', 'Chen-' || n, 'viewer',
        'Department ' || n %% 40, 'Zürich', '+4420794' || lpad((n %% 100000)::text, 5, '0'),
        %(organisation)s, n %% 3 = 0
    FROM generate_series(1, %(people)s) n
"""


def exports(_: int) -> list[Any]:
    """The peak memory of an export of 10,000 and of 1,000,000 users, in each format."""
    from bench.report import Result

    measured: dict[tuple[str, int], dict[str, float]] = {}
    for people in (SMALL, LARGE):
        _create(people)
        for file_format, name in FORMATS.items():
            command = [sys.executable, "-m", "bench.export", file_format]
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            measured[file_format, people] = json.loads(
                answer.stdout.splitlines()[-1]
            )  # after the log
            print(
                f"    {name} {people:,}: {measured[file_format, people]}",
                file=sys.stderr,
                flush=True,
            )
    results = []
    for file_format, name in FORMATS.items():
        small, large = measured[file_format, SMALL], measured[file_format, LARGE]
        results.append(
            Result(
                measure=f"export of {LARGE:,} users as {name}: peak memory of the process above"
                f" that of {SMALL:,}; time",
                figure=f"{large['mib'] - small['mib']:.0f} MiB; {large['seconds']:.0f} s",
                target=f"≤ {TARGET_MIB} MiB",
                detail=f"peaks {small['mib']:.0f} and {large['mib']:.0f} MiB;"
                f" {large['bytes'] / 1e6:.0f} MB, the first part after {large['first']:.1f} s;"
                f" {large['cpu']:.0f} s of processor time",
            )
        )
    return results


def _create(people: int) -> None:
    from django.db import connection

    from bench import fixtures
    from users.models import Organisation, User

    fixtures.empty_tables()
    organisation = Organisation.objects.create(name="Acme")
    User.objects.create_user(
        "admin@acme.example", "-", organisation=organisation, role="admin", is_staff=True
    )
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(_CREATE, {"organisation": organisation.id, "people": people})
        cursor.execute("VACUUM ANALYZE users")
        cursor.execute("RESET statement_timeout")


def _export(file_format: str) -> dict[str, float]:
    """Exports the users of the organisation, with all columns."""
    from django.test import Client

    from imports.admin.export.resources import UserResource, columns_of
    from users.models import User

    client = Client(HTTP_HOST="localhost")
    client.force_login(User.objects.everywhere().get(email="admin@acme.example"))
    columns = {f"userresource_{name}": "on" for name in columns_of(UserResource)}
    started, used = perf_counter(), process_time()
    form = {"format": file_format, "resource": "0", **columns}
    parts = iter(client.post("/admin/users/user/export/", form).streaming_content)
    size = len(next(parts))
    first = perf_counter() - started
    size += sum(map(len, parts))
    return {
        "mib": _peak_mib(),
        "seconds": perf_counter() - started,
        "cpu": process_time() - used,
        "first": first,
        "bytes": size,
    }


def _peak_mib() -> float:
    """The peak of this process' resident memory. (`getrusage` also knows that of its parent.)"""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(_export(sys.argv[1])))
