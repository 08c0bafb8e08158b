"""The whole service for an incident: web server, two workers, beat, and customers who upload."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import Any
from uuid import UUID

import redis
import requests
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from devtools.servers import free_port
from imports import tasks
from tests.conftest import PASSWORD
from tests.imports.engine.support.processes import Process, wait_until
from tests.imports.engine.support.samples import Sample, plain
from tests.imports.engine.support.stack import Stack, Tenant
from tests.runbook.reader import OnCall

# Those of production. Recovery then does not come before the person on call.
TIMES = {
    "IMPORT_SLICE_SECONDS": "2",
    "IMPORT_TAKEOVER_SECONDS": "5",
    "IMPORT_STUCK_SECONDS": "600",
    "IMPORT_SWEEP_SECONDS": "30",
}
LIVE = "SELECT count(*) FROM import_batches WHERE status IN ('pending', 'processing')"


class Customer:
    """An organisation's administrator with a token of the API."""

    def __init__(self, site: Site, tenant: Tenant) -> None:
        self.site, self.tenant = site, tenant
        login = {"email": f"admin@{tenant.name}.test", "password": PASSWORD}
        tokens = site.post("auth/token", json=login).json()
        self.headers = {"Authorization": f"Bearer {tokens['access']}"}
        self.path = f"organizations/{tenant.organisation_id}/users/import"
        self.numbers = itertools.count(1)

    def sends(self, sample: Sample) -> requests.Response:
        """Uploads a file; gives the answer."""
        files = {"file": ("users.csv", sample.file())}
        return self.site.post(self.path, headers=self.headers, files=files)

    def imports(self, rows: int) -> UUID:
        """Uploads a file of new users, which the service accepts; gives the id of the import."""
        sample = plain(rows, f"{self.tenant.name}-{next(self.numbers)}")
        answer = self.sends(sample)
        assert answer.status_code == 202, answer.text
        batch_id = UUID(answer.json()["id"])
        self.site.samples[batch_id] = sample
        return batch_id


class Site:
    """A web server at an address. `samples` are the files of the imports that must be complete in
    the end."""

    def __init__(self, stack: Stack, address: str) -> None:
        self.stack, self.address = stack, address
        self.samples: dict[UUID, Sample] = {}
        stack.of_processes["IMPORT_CHUNK_SIZE"] = "100"

    def is_served(self) -> bool:
        """Whether the web server answers."""
        with suppress(requests.ConnectionError):
            return requests.get(f"http://{self.address}/healthz", timeout=5).ok
        return False

    def readiness(self) -> dict[str, Any]:
        """The answer of `/readyz`."""
        answer: dict[str, Any] = requests.get(f"http://{self.address}/readyz", timeout=10).json()
        return answer

    def post(self, path: str, **options: Any) -> requests.Response:
        """A request to the API."""
        return requests.post(f"http://{self.address}/api/v1/{path}", timeout=60, **options)

    def customer(self) -> Customer:
        """A new organisation whose administrator has logged in."""
        tenant = self.stack.new_tenant()
        hashed = PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1)
        self.stack.sql("UPDATE users SET password = %s WHERE id = %s", hashed, tenant.user_id)
        return Customer(self, tenant)

    def check_samples(self) -> None:
        """Waits until no import is left, and checks that those of `samples` have each row once."""
        wait_until(lambda: self.stack.value(LIVE) == 0, seconds=120, what="the end of all imports")
        for batch_id, sample in self.samples.items():
            assert self.stack.status(batch_id) == "completed", self.stack.batch(batch_id)
            self.stack.check_outcome(batch_id, sample)
        assert self.stack.sql("SELECT * FROM violations") == []


class Service(Site):
    """The processes of the service."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack, f"127.0.0.1:{free_port()}")
        self.on_call = OnCall(stack)
        stack.of_processes |= TIMES
        options = ["--no-control-socket", "--bind", self.address, "--workers", "1"]
        self.web = stack.start("-m", "gunicorn", "marketedge.wsgi", *options)
        self.workers = [stack.worker(wait=False), stack.worker(wait=False)]
        self.beat = stack.beat()
        for worker in self.workers:
            worker.wait_for_output("ready.")
        wait_until(self.is_served)
        tasks.purge.delay()  # beat sends it after an hour
        wait_until(lambda: self.on_call.checks() == {}, what="a service that is well")

    def worker_of(self, batch_id: UUID) -> Process:
        """The worker that has started an import, once one has."""
        wait_until(lambda: started_by(batch_id, self.workers), what=f"a worker with {batch_id}")
        return started_by(batch_id, self.workers)[0]

    def is_well_again(self) -> None:
        """Checks that all imports have ended, and the daily check finds nothing. A message that a
        dead worker had taken is not acknowledged for 10 minutes."""
        self.check_samples()
        with redis.Redis.from_url(self.stack.redis_url) as broker:
            wait_until(lambda: not broker.exists("imports:celery"), what="an empty queue")
        wait_until(lambda: self.on_call.checks() == {}, what="a daily check without a fault")


def started_by(batch_id: UUID, workers: list[Process]) -> list[Process]:
    """Those of the workers whose log says that they have started an import."""
    return [
        one
        for one in workers
        for line in one.output().splitlines()
        if "csv_import_started" in line and str(batch_id) in line
    ]
