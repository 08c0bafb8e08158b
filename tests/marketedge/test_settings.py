"""Settings from the environment: each one is documented, and an invalid one stops the start."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.paths import ROOT

SOURCES = (
    "marketedge/settings.py",
    "users/mail/environment.py",
    "marketedge/server/worker.py",
    "marketedge/tracing.py",
    "gunicorn.conf.py",
    "devtools/demo.py",
)
READ = re.compile(r'(?:env\.[a-z_]+|os\.environ\.get|= seconds)\(\s*"([A-Z_]+)"')
GOOD = {
    "DATABASE_URL": "postgresql://marketedge@127.0.0.1:1/marketedge",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "0123456789" * 5,
}


def variables() -> list[str]:
    """The names of all variables that the code reads from the environment."""
    found = {name for path in SOURCES for name in READ.findall((ROOT / path).read_text())}
    return sorted(found)


def load_settings(**environment: str) -> subprocess.CompletedProcess[str]:
    """Imports the settings in a new process with only these variables."""
    program = "from marketedge import settings as s; print(s.DEBUG, s.MAX_FILE_SIZE)"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )


def test_the_search_for_variables_finds_those_of_each_file() -> None:
    assert {"DATABASE_URL", "PORT", "IMPORT_CHUNK_SIZE", "WEB_CONCURRENCY"} <= set(variables())


@pytest.mark.parametrize("name", variables())
def test_every_variable_is_documented(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "settings.md").read_text()


def test_every_documented_variable_exists() -> None:
    documented = re.findall(
        r"^\| (`[A-Z_`, ]+`) \|", (ROOT / "docs" / "settings.md").read_text(), re.M
    )
    names = {name for cell in documented for name in re.findall(r"`([A-Z_]+)`", cell)}
    assert names == set(variables())


def test_by_default_debug_is_off_and_a_file_may_have_ten_mebibytes() -> None:
    assert load_settings(**GOOD).stdout == "False 10485760\n"


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_variable_stops_the_start_and_is_named(name: str) -> None:
    done = load_settings(**{key: value for key, value in GOOD.items() if key != name})
    assert done.returncode == 1
    assert f"  {name}: " in done.stderr
    assert "docs/settings.md" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "nonsense"),
        ("REDIS_URL", "http://127.0.0.1"),
        ("SECRET_KEY", "short"),
        ("DEBUG", "perhaps"),
        ("MAX_FILE_SIZE", "10MB"),
        ("MAX_ROWS_PER_IMPORT", "0"),
        ("IMPORT_CHUNK_SIZE", "60000"),
        ("UPLOAD_RATE_LIMIT_CSV_IMPORT", "ten an hour"),
        ("FEATURE_ADMIN_PANEL", "ja"),
    ],
)
def test_an_invalid_value_stops_the_start_and_is_named(name: str, value: str) -> None:
    done = load_settings(**GOOD | {name: value})
    assert done.returncode == 1
    assert f"  {name}: " in done.stderr
    assert "Traceback" not in done.stderr


def test_all_missing_and_invalid_variables_are_named_at_once() -> None:
    errors = load_settings(DEBUG="perhaps").stderr
    for name in (*GOOD, "DEBUG"):
        assert f"  {name}: " in errors
