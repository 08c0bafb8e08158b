"""render.yaml as the platform reads it: its services, their environment, and their processes."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db import connection

from tests.conftest import ROOT, environment

HOSTNAME = "marketedge-web.onrender.com"
AS_RENDER_ASKS = {"Host": HOSTNAME, "X-Forwarded-Proto": "https"}


def blueprint() -> dict[str, Any]:
    """The file."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "render.yaml").read_text())
    return found


def service(name: str) -> dict[str, Any]:
    """One of its services."""
    found: dict[str, Any] = next(one for one in blueprint()["services"] if one["name"] == name)
    return found


def variables(name: str) -> dict[str, str]:
    """What the platform sets for a service, with the servers of the tests in place of its own."""
    groups = {group["name"]: group["envVars"] for group in blueprint()["envVarGroups"]}
    entries = [
        entry
        for given in service(name)["envVars"]
        for entry in (groups[given["fromGroup"]] if "fromGroup" in given else [given])
    ]
    return {entry["key"]: _value(entry) for entry in entries}


def _value(entry: dict[str, Any]) -> str:
    if entry.get("generateValue"):
        return base64.b64encode(secrets.token_bytes(32)).decode()
    if "fromDatabase" in entry:
        return environment()["DATABASE_URL"]
    if "fromService" in entry:
        return str(settings.REDIS_URL)
    return str(entry["value"])


class Deployed:
    """A service, run by its own start command as the platform does."""

    def __init__(self, name: str, folder: Path, **extra: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.stdout, self.stderr = folder / f"{name}.out", folder / f"{name}.err"
        given = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        given["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        given |= {"PORT": str(self.port), "RENDER_EXTERNAL_HOSTNAME": HOSTNAME}
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self.popen = subprocess.Popen(
                ["bash", "-c", service(name)["startCommand"]],
                cwd=ROOT,
                env=given | variables(name) | extra,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def says(self, text: str) -> bool:
        """Whether it has written this to stdout. Raises AssertionError where it has ended."""
        assert self.popen.poll() is None, self.stdout.read_text() + self.stderr.read_text()
        return text in self.stdout.read_text()

    def stop(self) -> int:
        """Ends it as a deployment does, and gives its exit status."""
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.popen.pid, signal.SIGKILL)
        return self.popen.wait()


def query(statement: str) -> None:
    """Something that only SQL can do."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
