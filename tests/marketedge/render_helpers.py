"""Reads render.yaml, and runs its services with their start commands as Render does."""

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
PROXY_HEADERS = {"Host": HOSTNAME, "X-Forwarded-Proto": "https"}


def blueprint() -> dict[str, Any]:
    """The content of render.yaml."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "render.yaml").read_text())
    return content


def service(name: str) -> dict[str, Any]:
    """The definition of the service with this name."""
    for definition in blueprint()["services"]:
        if definition["name"] == name:
            return dict(definition)
    raise LookupError(name)


def variables(name: str) -> dict[str, str]:
    """The environment variables of a service, with the URLs of the tests' servers."""
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
    """A service that runs with its start command from render.yaml."""

    def __init__(self, name: str, folder: Path, **extra: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.stdout, self.stderr = folder / f"{name}.out", folder / f"{name}.err"
        variables_of_system = {
            name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ
        }
        variables_of_system["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        variables_of_system |= {"PORT": str(self.port), "RENDER_EXTERNAL_HOSTNAME": HOSTNAME}
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self.popen = subprocess.Popen(
                ["bash", "-c", service(name)["startCommand"]],
                cwd=ROOT,
                env=variables_of_system | variables(name) | extra,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def says(self, text: str) -> bool:
        """Whether the text is in its output so far. Raises AssertionError where it has ended."""
        assert self.popen.poll() is None, self.stdout.read_text() + self.stderr.read_text()
        return text in self.stdout.read_text()

    def stop(self) -> int:
        """Stops it with SIGTERM, as a deployment does. Returns the exit status."""
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.popen.pid, signal.SIGKILL)
        return self.popen.wait()


def query(statement: str) -> None:
    """Executes an SQL statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
