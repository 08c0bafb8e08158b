"""Dockerfile, compose.yaml and the files that they mount fit the service. No image is pulled."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests
import yaml
from django.conf import settings

from devtools.processes import die_with_parent
from devtools.servers import free_port
from tests.conftest import environment
from tests.marketedge.render_helpers import service
from tests.ops.containers import (
    COMPOSE,
    OURS,
    SERVICES,
    Image,
    copied,
    healthcheck,
    instructions,
    interpolated,
    last_stage,
    same_command,
)
from tests.paths import ROOT
from tests.process_helpers import wait_for

TOKEN = "token-of-prometheus"
NGINX = ROOT / "ops" / "nginx" / "marketedge.conf"
needs_nginx = pytest.mark.skipif(not shutil.which("nginx"), reason="needs Debian's nginx-light")


# --- the files --------------------------------------------------------------------------------


def test_the_image_is_that_of_a_user_without_rights_and_has_a_health_check() -> None:
    names = [name for name, _ in last_stage()]
    assert ("USER", "marketedge") in last_stage()
    assert "HEALTHCHECK" in names
    assert [name for name in names[names.index("USER") :] if name in ("COPY", "RUN", "ADD")] == []


def test_the_image_installs_only_packages_with_hashes_for_the_python_of_render() -> None:
    (version,) = {rest.split()[0] for name, rest in instructions() if name == "FROM"}
    group = yaml.safe_load((ROOT / "render.yaml").read_text())["envVarGroups"][0]["envVars"]
    (wanted,) = (entry["value"] for entry in group if entry["key"] == "PYTHON_VERSION")
    assert version == f"python:{wanted}-slim"
    (install,) = (rest for _, rest in instructions() if "pip install" in rest)
    assert '--require-hashes --only-binary :all: -r "$REQUIREMENTS"' in install
    assert ("ARG", "REQUIREMENTS=requirements.txt") in instructions()


def test_docker_gets_only_the_files_that_it_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    lists = {"requirements.txt", "requirements/otel.txt", "requirements/anymail.txt"}
    sources = {source for source, _ in copied()} | lists
    assert {line[1:] for line in lines if line.startswith("!")} == sources
    assert "*" in lines
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_every_file_that_compose_mounts_exists() -> None:
    mounts = [mount.split(":") for one in SERVICES.values() for mount in one.get("volumes", [])]
    files = [source for source, *_ in mounts if source.startswith("./")]
    assert files
    assert [file for file in files if not (ROOT / file).is_file()] == []
    assert {source for source, *_ in mounts} - {*files} == set(COMPOSE["volumes"])


def test_compose_sets_only_variables_that_are_documented() -> None:
    known = (ROOT / "docs" / "settings.md").read_text()
    names = set(OURS["web"]["environment"])
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"} <= names
    assert [name for name in names if f"`{name}`" not in known] == []


def test_the_variables_that_compose_needs_are_named_at_its_top() -> None:
    text = (ROOT / "compose.yaml").read_text()
    needed = set(re.findall(r"\$\{(\w+):\?", text))
    assert needed == set(
        re.findall(r"[A-Z_]{5,}", text.partition("environment, or in")[2][:0])
    ) or (all(name in text.partition("\nname:")[0] for name in needed))


def test_compose_runs_the_commands_of_render() -> None:
    for name in ("web", "worker", "beat"):
        command = [part for part in OURS[name]["command"] if part != "--pidfile="]
        assert same_command(command, service(f"marketedge-{name}")["startCommand"]), name
    assert " ".join(OURS["migrate"]["command"]) in service("marketedge-web")["preDeployCommand"]


def test_web_and_workers_are_two_and_wait_for_the_migrations() -> None:
    assert [OURS[name]["deploy"]["replicas"] for name in ("web", "worker")] == [2, 2]
    for name in ("web", "worker", "beat"):
        waits = OURS[name]["depends_on"]["migrate"]
        assert waits == {"condition": "service_completed_successfully"}
    assert "noeviction" in SERVICES["valkey"]["command"]


def test_only_the_proxy_is_open_to_other_machines() -> None:
    ports = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert set(ports) == {"proxy", "grafana"}
    assert ports["grafana"] == ["127.0.0.1:3000:3000"]


def test_the_dashboard_is_mounted_where_its_provisioning_looks() -> None:
    path = yaml.safe_load((ROOT / "ops/grafana/provisioning.yml").read_text())["providers"][0]
    mounts = " ".join(SERVICES["grafana"]["volumes"])
    assert f":{path['options']['path']}/dashboard.json:" in mounts
    (source,) = yaml.safe_load((ROOT / "ops/grafana/datasource.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert source["isDefault"]


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs Debian's package prometheus")
def test_prometheus_reads_its_configuration(tmp_path: Path) -> None:
    for name in ("prometheus.yml", "alerts.yml"):
        shutil.copy(ROOT / "ops" / "prometheus" / name, tmp_path)
    (tmp_path / "token").write_text(TOKEN)
    file = tmp_path / "prometheus.yml"
    file.write_text(file.read_text().replace("/run/secrets/metrics_token", "token"))
    subprocess.run(["promtool", "check", "config", file], check=True, capture_output=True)


# --- running ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """A folder with the content of the image."""
    return Image(tmp_path_factory.mktemp("image"))


def variables() -> dict[str, str]:
    """The environment of compose.yaml, with the servers of the tests."""
    given = {"SECRET_KEY": "0123456789" * 5, "METRICS_TOKEN": TOKEN, "POSTGRES_PASSWORD": "secret"}
    found = {
        name: interpolated(value, **given) for name, value in OURS["web"]["environment"].items()
    }
    servers = {"DATABASE_URL": environment()["DATABASE_URL"], "REDIS_URL": settings.REDIS_URL}
    return found | servers


def end(*started: subprocess.Popen[bytes]) -> None:
    """Stops processes with SIGTERM, and checks that they end well."""
    for each in started:
        each.terminate()
    assert [each.wait(60) for each in started] == [0] * len(started)


@pytest.mark.slow
def test_the_files_of_the_image_are_all_that_worker_beat_and_commands_need(
    image: Image, tmp_path: Path, transactional_db: None
) -> None:
    image.run(OURS["migrate"]["command"], **variables())
    logs = {name: tmp_path / name for name in ("worker", "beat")}
    quick = variables() | {"IMPORT_SWEEP_SECONDS": "0.2"}
    started = [image.start(OURS[name]["command"], log, **quick) for name, log in logs.items()]
    try:
        wait_for(lambda: "ready." in logs["worker"].read_text())
        wait_for(lambda: "Sending due task" in logs["beat"].read_text())
        end(*started)
    finally:
        for each in started:
            with suppress(ProcessLookupError):
                os.killpg(each.pid, signal.SIGKILL)


class Proxied:
    """Two web processes of the image, and nginx before them with the configuration of compose."""

    def __init__(self, image: Image, folder: Path) -> None:
        self.image, self.folder = image, folder
        self.ports = [free_port(), free_port()]
        public, internal = free_port(), free_port()
        self.url, self.metrics = f"http://127.0.0.1:{public}", f"http://127.0.0.1:{internal}"
        self.logs = [folder / f"web{port}.log" for port in self.ports]
        self.started = [
            image.start(OURS["web"]["command"], log, PORT=str(port), **variables())
            for port, log in zip(self.ports, self.logs, strict=True)
        ]
        (folder / "nginx.conf").write_text(self.configuration(public, internal))
        command = ["nginx", "-p", folder, "-e", "stderr", "-c", "nginx.conf"]
        subprocess.run([*map(str, command), "-t"], check=True, capture_output=True)
        with (folder / "nginx.log").open("wb") as log:
            self.started.append(
                subprocess.Popen(
                    [*map(str, command), "-g", "daemon off;"],
                    stderr=log,
                    preexec_fn=die_with_parent(),
                )
            )

    def configuration(self, public: int, internal: int) -> str:
        """The configuration of compose, with ports of this machine, in that of a whole server."""
        text = NGINX.read_text().replace("listen 8080", f"listen 127.0.0.1:{public}")
        text = text.replace("listen 8081", f"listen 127.0.0.1:{internal}")
        servers = " ".join(f"server 127.0.0.1:{port};" for port in self.ports)
        text = re.sub(r"resolver .*;", f"upstream both {{ {servers} }}", text)
        text = text.replace("http://web:8000", "http://both")
        paths = " ".join(
            f"{kind}_temp_path {self.folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return f"pid {self.folder}/nginx.pid; events {{}} http {{ access_log off; {paths} {text} }}"

    def are_up(self) -> bool:
        """Whether both web processes answer."""
        for port in self.ports:
            try:
                if not requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok:
                    return False
            except requests.ConnectionError:
                return False
        return True

    def stop(self) -> None:
        """Stops all."""
        for each in self.started:
            each.terminate()
        for each in self.started:
            each.wait(60)


@pytest.fixture
def proxied(image: Image, tmp_path: Path, transactional_db: None) -> Iterator[Proxied]:
    """Two web processes behind nginx."""
    running = Proxied(image, tmp_path)
    try:
        wait_for(running.are_up)
        yield running
    finally:
        running.stop()


def connections_to(ports: list[int]) -> int:
    """How many connections to these ports are open."""
    established = "01"
    entries = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    places = {f"0100007F:{port:04X}" for port in ports}
    return sum(entry[1] in places and entry[3] == established for entry in entries)


@needs_nginx
@pytest.mark.slow
def test_the_proxy_shares_out_whole_requests_and_says_who_the_client_is(proxied: Proxied) -> None:
    health = proxied.image.run(healthcheck(), PORT=str(proxied.ports[0]))
    assert health.returncode == 0
    page = requests.get(f"{proxied.url}/admin/login/", timeout=30)
    assert page.status_code == 200
    assert requests.get(f"{proxied.url}/static/imports/admin.css", timeout=30).ok
    assert requests.get(f"{proxied.metrics}/healthz", timeout=30).status_code == 404
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    metrics = requests.get(f"{proxied.metrics}/metrics", headers=bearer, timeout=30)
    assert "csv_imports_total" in metrics.text
    too_large = requests.post(f"{proxied.url}/api/v1/me", data=b" " * 13 * 2**20, timeout=30)
    assert too_large.status_code == 413

    slow = socket.create_connection(("127.0.0.1", int(proxied.url.rpartition(":")[2])))
    slow.sendall(
        b"POST /api/v1/auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"
    )
    for _ in range(4):
        requests.post(f"{proxied.url}/api/v1/auth/token", json={}, timeout=30)
    assert connections_to(proxied.ports) == 0  # the body of the first one has not arrived
    lines = [log.read_text().count('"route": "api/v1/auth/token"') for log in proxied.logs]
    assert sum(lines) == 4
    assert all(lines)  # both web processes got some
    slow.close()
