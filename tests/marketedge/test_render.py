"""render.yaml follows Render's Blueprint specification (render.com/docs/blueprint-spec, as of
November 2026), and its commands start this service."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.marketedge.render_helpers import PROXY_HEADERS, Deployed, blueprint, service, variables
from tests.paths import ROOT
from tests.process_helpers import wait_for

# --- the specification ------------------------------------------------------------------------

ROOT_KEYS = {"services", "databases", "envVarGroups", "projects", "ungrouped", "previews"}
COMMON = {"name", "type", "runtime", "plan", "region", "repo", "branch", "autoDeployTrigger"}
COMMON |= {"buildCommand", "startCommand", "envVars", "previews", "buildFilter", "rootDir"}
SCALED = {"preDeployCommand", "numInstances", "scaling", "maxShutdownDelaySeconds", "disk"}
KEYS = {
    "web": COMMON | SCALED | {"healthCheckPath", "domains"},
    "worker": COMMON | SCALED,
    "cron": COMMON | {"schedule"},
    "keyvalue": {"name", "type", "region", "plan", "previewPlan", "maxmemoryPolicy", "ipAllowList"},
}
REQUIRED = {
    "web": {"name", "type", "runtime", "buildCommand", "startCommand"},
    "worker": {"name", "type", "runtime", "buildCommand", "startCommand"},
    "cron": {"name", "type", "runtime", "buildCommand", "startCommand", "schedule"},
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
IN_GROUPS = ({"value"}, {"generateValue"})  # a group can't refer to services, and can't use `sync`

SERVICES = blueprint()["services"]
DATABASES = blueprint()["databases"]
GROUPS = blueprint()["envVarGroups"]
PROGRAMS = [definition for definition in SERVICES if definition["type"] != "keyvalue"]
each_service = pytest.mark.parametrize("definition", SERVICES, ids=lambda each: each["name"])
each_program = pytest.mark.parametrize("definition", PROGRAMS, ids=lambda each: each["name"])


def test_the_file_has_only_keys_of_the_specification_and_no_name_twice() -> None:
    assert set(blueprint()) <= ROOT_KEYS
    names = [definition["name"] for definition in [*SERVICES, *DATABASES, *GROUPS]]
    assert len(names) == len({(name, i < len(SERVICES)) for i, name in enumerate(names)})


@each_service
def test_a_service_has_the_required_keys_of_its_type_and_no_unknown_ones(
    definition: dict[str, Any],
) -> None:
    assert REQUIRED[definition["type"]] <= set(definition) <= KEYS[definition["type"]]
    assert definition["plan"] in PLANS
    assert definition.get("runtime", "python") == "python"
    assert definition.get("autoDeployTrigger", "off") in TRIGGERS
    assert 1 <= definition.get("maxShutdownDelaySeconds", 30) <= 300
    assert definition.get("maxmemoryPolicy", "noeviction") in POLICIES


def test_a_database_has_the_required_keys_and_no_unknown_ones() -> None:
    for database in DATABASES:
        assert {"name"} <= set(database) <= DATABASE_KEYS
        assert DATABASE_PLANS.fullmatch(database["plan"])
        assert database["postgresMajorVersion"] == "18"  # as text


def test_everything_is_in_one_region_because_a_private_network_is() -> None:
    regions = {definition["region"] for definition in [*SERVICES, *DATABASES]}
    assert len(regions) == 1
    assert regions <= REGIONS


@each_program
def test_every_variable_has_one_source_that_exists(definition: dict[str, Any]) -> None:
    for entry in definition["envVars"]:
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


def test_a_group_has_only_kinds_of_values_that_groups_allow() -> None:
    for group in GROUPS:
        for entry in group["envVars"]:
            assert set(entry) - {"key"} in IN_GROUPS
            assert isinstance(entry.get("value", ""), str)


# --- the decisions ----------------------------------------------------------------------------


def test_the_key_value_store_evicts_nothing_and_no_store_is_open_to_the_internet() -> None:
    store = service("marketedge-keyvalue")
    assert store["maxmemoryPolicy"] == "noeviction"
    assert [definition["ipAllowList"] for definition in (store, *DATABASES)] == [[], []]


def test_the_file_contains_no_secret() -> None:
    secret = [entry for group in GROUPS for entry in group["envVars"] if "SECRET" in entry["key"]]
    assert secret == [{"key": "SECRET_KEY", "generateValue": True}]


@each_program
def test_signals_reach_the_program_and_not_a_shell(definition: dict[str, Any]) -> None:
    assert re.search(r"(^|\s)exec (gunicorn|celery|python manage.py) ", definition["startCommand"])


@each_program
def test_no_service_has_a_disk(definition: dict[str, Any]) -> None:
    assert "disk" not in definition


@each_program
def test_a_service_has_all_required_variables_and_only_documented_ones(
    definition: dict[str, Any], db: None
) -> None:
    names = set(variables(definition["name"]))
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"} <= names
    known = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in names - {"PYTHON_VERSION"} if f"`{name}`" not in known] == []


# --- the commands -----------------------------------------------------------------------------


@pytest.fixture
def deploy(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Deployed]]:
    """deploy("marketedge-web") runs the service with its start command until the test ends."""
    started: list[Deployed] = []

    def start(name: str, **extra: str) -> Deployed:
        started.append(Deployed(name, tmp_path, **extra))
        return started[-1]

    yield start
    for running in started:
        running.stop()


def test_the_deployment_check_reports_nothing_with_these_variables(db: None) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={"PATH": ""} | variables("marketedge-web"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_a_deployment_migrates_checks_and_collects_static_files() -> None:
    web = service("marketedge-web")
    assert "manage.py migrate --no-input" in web["preDeployCommand"]
    assert "manage.py check --deploy" in web["preDeployCommand"]
    assert "collectstatic --no-input" in web["buildCommand"]
    for definition in PROGRAMS:
        assert "-r requirements.txt" in definition["buildCommand"]


def test_static_files_are_collected_without_database_and_redis(db: None) -> None:
    environment = variables("marketedge-web") | {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "REDIS_URL": "redis://127.0.0.1:1",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "--dry-run"],
        cwd=ROOT,
        env={"PATH": ""} | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "imports/batch.js" in done.stdout


def test_the_web_service_answers_under_its_own_host_name_over_https_only(
    deploy: Callable[..., Deployed],
) -> None:
    web = deploy("marketedge-web")
    wait_for(lambda: web.says("Booting worker"))
    path = service("marketedge-web")["healthCheckPath"]
    wait_for(lambda: _answers(web.url))
    # Render's health check uses the host name, and HTTP inside the private network.
    own_name = {"Host": PROXY_HEADERS["Host"]}
    assert requests.get(web.url + path, headers=own_name, timeout=30).status_code == 200
    assert requests.get(f"{web.url}/readyz", headers=own_name, timeout=30).status_code == 200
    page = requests.get(f"{web.url}/admin/login/", headers=PROXY_HEADERS, timeout=30)
    assert page.status_code == 200
    assert "Secure" in page.headers["Set-Cookie"]
    style = requests.get(f"{web.url}/static/imports/admin.css", headers=PROXY_HEADERS, timeout=30)
    assert style.status_code == 200
    plain = requests.get(f"{web.url}/admin/", headers=own_name, timeout=30, allow_redirects=False)
    assert plain.headers["Location"].startswith("https://")
    strange = requests.get(f"{web.url}/admin/login/", headers={"Host": "x.example"}, timeout=30)
    assert strange.status_code == 400
    assert web.stop() == 0


@pytest.mark.parametrize(
    ("name", "text"), [("marketedge-worker", "ready."), ("marketedge-beat", "Sending due task")]
)
def test_worker_and_beat_start_and_end_with_sigterm(
    deploy: Callable[..., Deployed], name: str, text: str
) -> None:
    running = deploy(name, IMPORT_SWEEP_SECONDS="0.2")
    wait_for(lambda: running.says(text))
    assert running.stop() == 0
    assert not list(ROOT.glob("celerybeat*"))


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", headers=PROXY_HEADERS, timeout=5).ok
    except requests.ConnectionError:
        return False
