"""render.yaml against the rules of Render's Blueprint specification, as of November 2026
(render.com/docs/blueprint-spec), and its commands against this service."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.marketedge.render_helpers import AS_RENDER_ASKS, Deployed, blueprint, service, variables
from tests.paths import ROOT
from tests.process_helpers import wait_for

# --- the rules --------------------------------------------------------------------------------

ROOT_KEYS = {"services", "databases", "envVarGroups", "projects", "ungrouped", "previews"}
COMMON = {"name", "type", "runtime", "plan", "region", "repo", "branch", "autoDeployTrigger"}
COMMON |= {"buildCommand", "startCommand", "envVars", "previews", "buildFilter", "rootDir"}
SCALED = {"preDeployCommand", "numInstances", "scaling", "maxShutdownDelaySeconds", "disk"}
KEYS = {
    "web": COMMON | SCALED | {"healthCheckPath", "domains"},
    "worker": COMMON | SCALED,
    "keyvalue": {"name", "type", "region", "plan", "previewPlan", "maxmemoryPolicy", "ipAllowList"},
}
REQUIRED = {
    "web": {"name", "type", "runtime", "buildCommand", "startCommand"},
    "worker": {"name", "type", "runtime", "buildCommand", "startCommand"},
    "keyvalue": {"name", "type", "ipAllowList"},
}
DATABASE_KEYS = {"name", "plan", "previewPlan", "diskSizeGB", "previewDiskSizeGB", "region"}
DATABASE_KEYS |= {"ipAllowList", "postgresMajorVersion", "databaseName", "user"}
DATABASE_KEYS |= {"readReplicas", "highAvailability"}
REGIONS = {"oregon", "ohio", "virginia", "frankfurt", "singapore"}
PLANS = {"starter", "standard", "pro", "pro plus", "pro max", "pro ultra"}  # free: no workers
DATABASE_PLANS = re.compile(r"basic-(256mb|1gb|4gb)|(pro|accelerated)-\d+gb")
TRIGGERS = {"commit", "checksPass", "off"}
POLICIES = {"allkeys-lru", "volatile-lru", "allkeys-random", "volatile-random", "volatile-ttl"}
POLICIES |= {"noeviction"}
SOURCES = ({"value"}, {"generateValue"}, {"sync"}, {"fromDatabase"}, {"fromService"})
IN_GROUPS = ({"value"}, {"generateValue"})  # a group can't refer to anything, nor be prompted for

SERVICES = blueprint()["services"]
DATABASES = blueprint()["databases"]
GROUPS = blueprint()["envVarGroups"]
by_name = pytest.mark.parametrize("one", SERVICES, ids=lambda one: one["name"])
running = pytest.mark.parametrize(
    "one", [s for s in SERVICES if s["type"] != "keyvalue"], ids=lambda one: one["name"]
)


def test_the_file_has_only_keys_that_there_are() -> None:
    assert set(blueprint()) <= ROOT_KEYS
    names = [one["name"] for one in [*SERVICES, *DATABASES, *GROUPS]]
    assert len(names) == len({(name, i < len(SERVICES)) for i, name in enumerate(names)})


@by_name
def test_a_service_has_what_its_type_needs_and_nothing_else(one: dict[str, Any]) -> None:
    assert REQUIRED[one["type"]] <= set(one) <= KEYS[one["type"]]
    assert one["plan"] in PLANS
    assert one.get("runtime", "python") == "python"
    assert one.get("autoDeployTrigger", "off") in TRIGGERS
    assert 1 <= one.get("maxShutdownDelaySeconds", 30) <= 300
    assert one.get("maxmemoryPolicy", "noeviction") in POLICIES


def test_a_database_has_what_it_needs_and_nothing_else() -> None:
    for database in DATABASES:
        assert {"name"} <= set(database) <= DATABASE_KEYS
        assert DATABASE_PLANS.fullmatch(database["plan"])
        assert database["postgresMajorVersion"] == "18"  # as text


def test_all_of_it_is_in_one_region_as_the_private_network_is() -> None:
    regions = {one["region"] for one in [*SERVICES, *DATABASES]}
    assert len(regions) == 1
    assert regions <= REGIONS


@running
def test_every_variable_has_one_source_and_it_is_there(one: dict[str, Any]) -> None:
    for entry in one["envVars"]:
        if set(entry) == {"fromGroup"}:
            assert entry["fromGroup"] in [group["name"] for group in GROUPS]
            continue
        assert set(entry) - {"key"} in SOURCES
        assert isinstance(entry.get("value", ""), str)
        if "fromDatabase" in entry:
            assert entry["fromDatabase"]["name"] in [database["name"] for database in DATABASES]
            assert entry["fromDatabase"]["property"] == "connectionString"
        if "fromService" in entry:
            other = service(entry["fromService"]["name"])
            assert other["type"] == entry["fromService"]["type"]
            assert entry["fromService"]["property"] == "connectionString"


def test_a_group_only_holds_what_a_group_may() -> None:
    for group in GROUPS:
        for entry in group["envVars"]:
            assert set(entry) - {"key"} in IN_GROUPS
            assert isinstance(entry.get("value", ""), str)


# --- the decisions ----------------------------------------------------------------------------


def test_the_queue_is_never_thrown_away_and_nothing_is_open_to_the_internet() -> None:
    store = service("marketedge-keyvalue")
    assert store["maxmemoryPolicy"] == "noeviction"
    assert [one["ipAllowList"] for one in (store, *DATABASES)] == [[], []]


def test_no_secret_stands_in_the_file() -> None:
    secret = [entry for group in GROUPS for entry in group["envVars"] if "SECRET" in entry["key"]]
    assert secret == [{"key": "SECRET_KEY", "generateValue": True}]


@running
def test_signals_reach_the_program_and_no_shell_and_there_is_no_disk(one: dict[str, Any]) -> None:
    assert re.search(r"(^|\s)exec (gunicorn|celery) ", one["startCommand"])
    assert "disk" not in one


@running
def test_every_service_gets_all_that_the_settings_need(one: dict[str, Any], db: None) -> None:
    names = set(variables(one["name"]))
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"} <= names
    known = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in names - {"PYTHON_VERSION"} if f"`{name}`" not in known] == []


# --- the commands -----------------------------------------------------------------------------


@pytest.fixture
def deploy(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Deployed]]:
    """deploy("marketedge-web"): the service, by its own start command."""
    done: list[Deployed] = []

    def start(name: str, **extra: str) -> Deployed:
        done.append(Deployed(name, tmp_path, **extra))
        return done[-1]

    yield start
    for one in done:
        one.stop()


def test_the_check_of_a_deployment_is_silent_with_these_variables(db: None) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={"PATH": ""} | variables("marketedge-web"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_the_commands_before_a_deployment_are_ours() -> None:
    web = service("marketedge-web")
    assert "manage.py migrate --no-input" in web["preDeployCommand"]
    assert "manage.py check --deploy" in web["preDeployCommand"]
    assert "collectstatic --no-input" in web["buildCommand"]
    for one in SERVICES:
        assert one["type"] == "keyvalue" or "-r requirements.txt" in one["buildCommand"]


def test_static_files_are_collected_without_a_server(tmp_path: Path, db: None) -> None:
    given = variables("marketedge-web") | {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "REDIS_URL": "redis://127.0.0.1:1",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "--dry-run"],
        cwd=ROOT,
        env={"PATH": ""} | given,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "imports/batch.js" in done.stdout


def test_the_web_service_answers_its_health_check_under_its_own_name(
    deploy: Callable[..., Deployed],
) -> None:
    web = deploy("marketedge-web")
    wait_for(lambda: web.says("Booting worker"))
    path = service("marketedge-web")["healthCheckPath"]
    wait_for(lambda: _is_there(web.address))
    # As the platform does it: by name, and by HTTP inside its network.
    own_name = {"Host": AS_RENDER_ASKS["Host"]}
    assert requests.get(web.address + path, headers=own_name, timeout=30).status_code == 200
    assert requests.get(f"{web.address}/readyz", headers=own_name, timeout=30).status_code == 200
    page = requests.get(f"{web.address}/admin/login/", headers=AS_RENDER_ASKS, timeout=30)
    assert page.status_code == 200
    assert "Secure" in page.headers["Set-Cookie"]
    style = requests.get(
        f"{web.address}/static/imports/admin.css", headers=AS_RENDER_ASKS, timeout=30
    )
    assert style.status_code == 200
    plain = requests.get(
        f"{web.address}/admin/", headers=own_name, timeout=30, allow_redirects=False
    )
    assert plain.headers["Location"].startswith("https://")
    strange = requests.get(f"{web.address}/admin/login/", headers={"Host": "x.example"}, timeout=30)
    assert strange.status_code == 400
    assert web.stop() == 0


@pytest.mark.parametrize(
    ("name", "said"), [("marketedge-worker", "ready."), ("marketedge-beat", "Sending due task")]
)
def test_worker_and_beat_start_and_end_with_sigterm(
    deploy: Callable[..., Deployed], name: str, said: str
) -> None:
    one = deploy(name, IMPORT_SWEEP_SECONDS="0.2")
    wait_for(lambda: one.says(said))
    assert one.stop() == 0
    assert not list(ROOT.glob("celerybeat*"))


def _is_there(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", headers=AS_RENDER_ASKS, timeout=5).ok
    except requests.ConnectionError:
        return False
