"""The drill: a real Prometheus beside a real stack, real faults, and every alert and panel."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from devtools.servers import free_port
from tests.conftest import PASSWORD
from tests.imports.api.helpers import csv_bytes, valid_rows
from tests.imports.engine.support.processes import Process, wait_until
from tests.imports.engine.support.servers import OwnValkey
from tests.imports.engine.support.stack import Stack
from tests.ops.helpers import needs_prometheus, queries, rules
from tests.ops.prometheus import Prometheus

TOKEN = "a token of at least 32 characters."
PREVIEWS_AN_HOUR = 5
PER_USER = [f"csv_import_seconds_per_user_{part}" for part in ("bucket", "count", "sum")]
SERVICE = {
    "METRICS_TOKEN": TOKEN,
    "IMPORT_STUCK_SECONDS": "5",
    "UPLOAD_RATE_LIMIT_CSV_IMPORT": "1000/h,1000/d",
    "UPLOAD_RATE_LIMIT_FILE_UPLOAD": f"{PREVIEWS_AN_HOUR}/h,1000/d",
}
pytestmark = [pytest.mark.slow, needs_prometheus, pytest.mark.timeout(1200)]


class Drill:
    """A web server, a worker, beat and Prometheus, and what a customer does."""

    def __init__(self, stack: Stack, valkey: OwnValkey, folder: Path) -> None:
        self.stack, self.valkey = stack, valkey
        stack.of_processes = SERVICE
        self.address = f"127.0.0.1:{free_port()}"
        self.web, self.running_worker, self.running_beat = (
            self.serve(),
            stack.worker(3),
            stack.beat(),
        )
        self.prometheus = Prometheus(folder / "prometheus", self.address, TOKEN)
        self.seen: set[str] = set()
        tenant = stack.new_tenant()
        hashed = PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1)
        stack.sql("UPDATE users SET password = %s WHERE id = %s", hashed, tenant.user_id)
        login = {"email": f"admin@{tenant.name}.test", "password": PASSWORD}
        wait_until(self.is_served, seconds=60)
        tokens = self.post("auth/token", json=login).json()
        self.headers = {"Authorization": f"Bearer {tokens['access']}"}
        self.imports = f"organizations/{tenant.organisation_id}/users/import"
        self.files = 0

    # --- processes --------------------------------------------------------------------------

    def serve(self) -> Process:
        """Starts the web server."""
        options = ["--no-control-socket", "--bind", self.address, "--workers", "2"]
        return self.stack.start("-m", "gunicorn", "marketedge.wsgi", *options)

    def is_served(self) -> bool:
        """Whether the web server answers."""
        try:
            return requests.get(f"http://{self.address}/healthz", timeout=5).ok
        except requests.ConnectionError:
            return False

    # --- a customer -------------------------------------------------------------------------

    def post(self, path: str, **options: Any) -> requests.Response:
        """A request to the API."""
        return requests.post(f"http://{self.address}/api/v1/{path}", timeout=60, **options)

    def upload(self, rows: list[list[str]], path: str = "") -> requests.Response:
        """Uploads a file."""
        files = {"file": ("users.csv", csv_bytes(rows))}
        return self.post(self.imports + path, headers=self.headers, files=files)

    def import_good(self, count: int) -> None:
        """Imports files of one user, and waits for their end."""
        for _ in range(count):
            self.files += 1
            answer = self.upload(valid_rows(1, domain=f"d{self.files}.example"))
            assert answer.status_code == 202, answer.text
        self.wait_for_end()

    def import_bad(self, count: int) -> None:
        """Imports files none of whose rows is valid."""
        for number in range(count):
            self.upload([["no address", "Ada", f"Lovelace{number}"]])
        self.wait_for_end()

    def wait_for_end(self) -> None:
        """Waits until no import is left."""
        live = "SELECT count(*) FROM import_batches WHERE status IN ('pending', 'processing')"
        wait_until(lambda: self.stack.value(live) == 0, seconds=120, what="the end of the imports")

    def processing(self) -> int:
        """How many imports a worker has claimed."""
        query = "SELECT count(*) FROM import_batches WHERE status = 'processing'"
        return int(self.stack.value(query))

    # --- alerts -----------------------------------------------------------------------------

    def fires(self, alert: str) -> None:
        """Waits until the alert fires, and checks that it was pending before."""
        began = time.monotonic()
        self.prometheus.wait_for(alert, "firing")
        assert self.prometheus.was_pending(alert), alert
        print(f"  {alert}: pending, firing after {time.monotonic() - began:.0f} s", flush=True)

    def resolves(self, alert: str) -> None:
        """Waits until the alert is resolved."""
        began = time.monotonic()
        self.prometheus.wait_for(alert, "inactive")
        self.seen.add(alert)
        print(f"  {alert}: resolved after {time.monotonic() - began:.0f} s", flush=True)


@pytest.fixture
def drill(stack_with_own_valkey: Stack, own_valkey: OwnValkey, tmp_path: Path) -> Iterator[Drill]:
    """The stack with Prometheus, once it has been scraped."""
    drill = Drill(stack_with_own_valkey, own_valkey, tmp_path)
    try:
        wait_until(drill.prometheus.is_ready, seconds=60)
        scraped = "csv_heartbeat_age_seconds"
        wait_until(lambda: bool(drill.prometheus.query(scraped)), seconds=60, what="a scrape")
        yield drill
    finally:
        drill.prometheus.stop()


def test_every_alert_fires_and_resolves_and_every_panel_finds_a_series(drill: Drill) -> None:
    scenarios: list[Callable[[Drill], None]] = [
        imports_fail,
        a_customer_floods_the_service,
        tasks_fail,
        the_workers_are_killed,
        beat_ends,
        redis_hangs,
        the_web_server_ends,
    ]
    for scenario in scenarios:
        print(f"\n{scenario.__doc__}", flush=True)
        scenario(drill)
        check_panels(drill)
    assert drill.seen == {rule["alert"] for rule in rules()}


def imports_fail(drill: Drill) -> None:
    """3 imports fail, then 30 succeed."""
    drill.import_bad(3)
    drill.fires("CSVImportHighFailureRate")
    drill.import_good(30)
    drill.resolves("CSVImportHighFailureRate")


def a_customer_floods_the_service(drill: Drill) -> None:
    """A customer makes more previews than an hour allows."""
    answers = [drill.upload(valid_rows(1), "/preview").status_code for _ in range(30)]
    assert answers.count(429) == 30 - PREVIEWS_AN_HOUR
    drill.fires("CSVRateLimitViolations")
    drill.prometheus.let_an_hour_pass_for("csv_rate_limit_violations_total")
    drill.resolves("CSVRateLimitViolations")


def tasks_fail(drill: Drill) -> None:
    """Two imports meet a bug at each of their three attempts."""
    drill.stack.set_faults("before_commit=bug")
    for _ in range(2):
        drill.upload(valid_rows(1, domain="bug.example"))
    drill.wait_for_end()
    drill.stack.set_faults("")
    drill.fires("CSVBackgroundTaskFailures")
    drill.prometheus.let_an_hour_pass_for("csv_background_task_failures_total")
    drill.resolves("CSVBackgroundTaskFailures")


def the_workers_are_killed(drill: Drill) -> None:
    """All workers are killed while 3 imports wait for a lock. After more than 2 minutes others
    start, and end these imports late."""
    prometheus = drill.prometheus
    with psycopg.connect(drill.stack.database_url) as other:
        other.execute("LOCK TABLE users IN SHARE MODE")
        for number in range(3):
            drill.upload(valid_rows(1, domain=f"late{number}.example"))
        wait_until(lambda: drill.processing() == 3, seconds=30, what="3 claimed imports")
        drill.running_worker.kill()
    drill.fires("CSVImportStuck")
    drill.fires("CSVWorkerDown")
    prometheus.let_an_hour_pass_for(*PER_USER)
    drill.running_worker = drill.stack.worker(3)
    drill.wait_for_end()
    drill.resolves("CSVImportStuck")
    drill.resolves("CSVWorkerDown")
    drill.fires("CSVImportSlowProcessing")
    drill.fires("CSVImportObjectiveMissed")
    prometheus.let_an_hour_pass_for(*PER_USER)
    prometheus.let_an_hour_pass_for("csv_import_objective_total")
    drill.resolves("CSVImportSlowProcessing")
    drill.resolves("CSVImportObjectiveMissed")


def beat_ends(drill: Drill) -> None:
    """Beat is stopped. What it starts last ran long ago, then beat starts again."""
    run_retention(drill)
    ran = "SELECT count(*) FROM heartbeats WHERE name = 'purge:'"
    wait_until(lambda: drill.stack.value(ran) == 1, seconds=60, what="retention")
    drill.running_beat.kill()
    last = "SELECT now() - at > interval '3 seconds' FROM heartbeats WHERE name = 'sweep:'"
    wait_until(lambda: drill.stack.value(last), seconds=60, what="the end of the last sweep")
    move_heartbeats(drill, "sweep", "6 minutes")
    drill.fires("CSVBeatDown")
    move_heartbeats(drill, "purge", "4 hours")
    drill.fires("CSVRetentionDown")
    drill.running_beat = drill.stack.beat()
    drill.resolves("CSVBeatDown")
    run_retention(drill)
    drill.resolves("CSVRetentionDown")


def run_retention(drill: Drill) -> None:
    """Enqueues what beat enqueues once an hour."""
    drill.stack.start("-m", "celery", "-A", "celery_app", "call", "imports.purge")


def move_heartbeats(drill: Drill, process: str, age: str) -> None:
    """Moves heartbeats into the past, in place of waiting."""
    update = f"UPDATE heartbeats SET at = now() - interval '{age}' WHERE name LIKE %s"
    drill.stack.sql(update, f"{process}:%")


def redis_hangs(drill: Drill) -> None:
    """Redis is frozen, then goes on."""
    drill.valkey.freeze()
    drill.fires("CSVScrapeIncomplete")
    drill.valkey.resume()
    drill.resolves("CSVScrapeIncomplete")


def the_web_server_ends(drill: Drill) -> None:
    """The only web server is stopped, then started again."""
    drill.web.signal(15)
    drill.fires("CSVMetricsAbsent")
    drill.web = drill.serve()
    drill.resolves("CSVMetricsAbsent")


def check_panels(drill: Drill) -> None:
    """Runs every query of the dashboard, with the ranges that Grafana would fill in."""
    for title, query in queries():
        filled = query.replace("$__rate_interval", "1m").replace("$__range", "1h")
        assert not re.search(r"\$", filled), query
        assert drill.prometheus.query(filled), f"{title}: no series for {filled}"
