"""A real Prometheus that scrapes a stack, with the rules of ops/prometheus."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import requests
import yaml

from devtools.processes import die_with_parent
from devtools.servers import free_port
from tests.imports.engine.support.processes import wait_until
from tests.ops.helpers import RULES

# The one setting that differs from production: how often it scrapes and evaluates, and so how long
# a condition has to last. The expressions are those of production.
SCRAPE_SECONDS, EVALUATION_SECONDS, FOR_SECONDS = 2, 1, 3
ALERT_SECONDS = 240.0  # an alert of the drill fires or resolves by then


class Prometheus:
    """Prometheus, started for one web server."""

    def __init__(self, folder: Path, target: str, token: str) -> None:
        self.folder, self.url = folder, f"http://127.0.0.1:{free_port()}"
        folder.mkdir()
        rules = re.sub(r"(?m)^( +for:) .*$", rf"\1 {FOR_SECONDS}s", RULES.read_text())
        (folder / "alerts.yml").write_text(rules)
        scrape = {
            "job_name": "marketedge",
            "authorization": {"credentials": token},
            "static_configs": [{"targets": [target]}],
        }
        times = {
            "scrape_interval": f"{SCRAPE_SECONDS}s",
            "scrape_timeout": f"{SCRAPE_SECONDS}s",
            "evaluation_interval": f"{EVALUATION_SECONDS}s",
        }
        config = {"global": times, "rule_files": ["alerts.yml"], "scrape_configs": [scrape]}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.log = (folder / "prometheus.log").open("wb")
        self.popen = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
                "--web.enable-admin-api",
            ],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )

    def stop(self) -> None:
        """Ends it."""
        self.popen.terminate()
        self.popen.wait(30)
        self.log.close()

    def is_ready(self) -> bool:
        """Whether it answers."""
        assert self.popen.poll() is None, (self.folder / "prometheus.log").read_text()
        try:
            return requests.get(f"{self.url}/-/ready", timeout=5).ok
        except requests.ConnectionError:
            return False

    def query(self, query: str) -> list[dict[str, Any]]:
        """The series of an instant query, with their values now."""
        answer = requests.post(f"{self.url}/api/v1/query", {"query": query}, timeout=30).json()
        assert answer["status"] == "success", (query, answer)
        series: list[dict[str, Any]] = answer["data"]["result"]
        return series

    def states(self) -> dict[str, str]:
        """Alert -> inactive, pending or firing."""
        answer = requests.get(f"{self.url}/api/v1/rules?type=alert", timeout=30).json()
        groups = answer["data"]["groups"]
        return {rule["name"]: rule["state"] for group in groups for rule in group["rules"]}

    def wait_for(self, alert: str, state: str) -> None:
        """Waits until the alert is in this state."""
        wait_until(
            lambda: self.states()[alert] == state,
            seconds=ALERT_SECONDS,
            what=f"{alert} to be {state}",
        )

    def was_pending(self, alert: str) -> bool:
        """Whether the alert was pending before it fired, as Prometheus itself has recorded."""
        series = f'ALERTS{{alertname="{alert}",alertstate="pending"}}'
        return bool(self.query(f"max_over_time({series}[1h])"))

    def let_an_hour_pass_for(self, *names: str) -> None:
        """Deletes the samples of these metrics until now. A range of an hour then holds what it
        would hold after an hour without new events."""
        found = requests.post(
            f"{self.url}/api/v1/admin/tsdb/delete_series",
            params={"match[]": list(names)},
            timeout=30,
        )
        found.raise_for_status()
        for name in names:
            wait_until(
                lambda name=name: bool(self.query(f"increase({name}[1h])")),  # type: ignore[misc]
                seconds=60,
                what=f"new samples of {name}",
            )
