"""What is written about the API is true of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from core import problems
from imports import errors
from imports.models import ImportBatch, ImportError
from tests.conftest import MakeUser, ModuleProcess
from tests.paths import ROOT
from users.models import Organisation
from users.roles import Role

GUIDE = ROOT / "docs" / "api.md"
SCHEMA = ROOT / "docs" / "openapi.yaml"
OPERATORS_ONLY = {"quota_store_away", "unknown_target", "refused"}


def blocks(language: str) -> str:
    """The guide's code in this language."""
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL))


def kinds(kind: type[errors.Refusal]) -> Iterator[type[errors.Refusal]]:
    for one in kind.__subclasses__():
        yield one
        yield from kinds(one)


# --- the OpenAPI document ---------------------------------------------------------------------


def test_the_committed_openapi_document_is_current(tmp_path: Path) -> None:
    """To bring it up to date: `script/manage spectacular --file docs/openapi.yaml`."""
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(made))
    assert made.read_text() == SCHEMA.read_text()


def test_it_is_openapi_3_1_and_every_operation_shows_examples() -> None:
    document = yaml.safe_load(SCHEMA.read_text())
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            good = next(a for s, a in operation["responses"].items() if s.startswith("2"))
            content = good["content"].get("application/json")
            assert content is None or content["examples"], (method, path)
            assert operation["summary"]


def test_its_examples_are_what_its_schemas_say() -> None:
    """Names and nothing else: that the types are right is the serializers' business."""
    document = yaml.safe_load(SCHEMA.read_text())
    schemas = document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                for content in answer.get("content", {}).values():
                    name = content["schema"].get("$ref", "").rpartition("/")[2]
                    for example in content.get("examples", {}).values():
                        assert set(example["value"]) == set(schemas[name]["properties"]), name


def test_the_service_serves_the_document(client: Client) -> None:
    served = client.get("/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi"})
    assert yaml.safe_load(served.content) == yaml.safe_load(SCHEMA.read_text())
    assert client.get("/api/v1/schema?format=json").json()["openapi"].startswith("3.1")


def test_the_page_needs_nothing_from_the_internet(client: Client) -> None:
    page = client.get("/api/v1/docs")
    assert page.status_code == 200
    found = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert found
    for address in found:
        assert address.startswith("/"), address
        answer = client.get(address)
        assert answer.status_code == 200, address
        answer.close()
    assert not re.search(r"https?://(?!www\.w3\.org)", page.content.decode())


# --- the guide --------------------------------------------------------------------------------


def test_every_code_is_in_the_guide() -> None:
    guide = GUIDE.read_text()
    codes = {kind.code for kind in kinds(errors.Refusal)} - OPERATORS_ONLY
    codes |= {code for _, _, code, _ in problems.KNOWN_ERRORS}
    assert sorted(code for code in codes if f"`{code}`" not in guide) == []


def test_the_guide_names_every_call_and_no_other() -> None:
    paths = [path for path in yaml.safe_load(SCHEMA.read_text())["paths"] if "/import" in path]
    expected = {path.rpartition("/import")[2].replace("batch_id", "batch") for path in paths}
    table = GUIDE.read_text().partition("## The calls")[2].partition("**Files**")[0]
    named = set(re.findall(r"^\| `(?:GET|POST)(?:` or `POST)?(?: (/[^`]+))?`", table, re.MULTILINE))
    assert named == expected


@pytest.fixture
def demo(
    server: str, worker: ModuleProcess, make_user: MakeUser, acme: Organisation, settings: Any
) -> str:
    """What `script/demo` has made: the address."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    user = make_user("admin@acme.example", Role.ADMIN, acme)
    user.set_password("marketedge-demo")
    user.save()
    return server


def run(command: list[str], address: str, text: str) -> str:
    """Runs it in the checkout; gives what it printed."""
    environment = os.environ | {"MARKETEDGE": address, "no_proxy": "127.0.0.1"}
    done = subprocess.run(
        command, input=text, text=True, capture_output=True, cwd=ROOT, env=environment, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.django_db(transaction=True)
def test_the_walk_with_curl_works_as_written(demo: str) -> None:
    printed = run(["bash", "-euo", "pipefail", "-s"], demo, blocks("bash"))
    assert '"status": "completed"' in printed
    assert "import_errors" in printed
    assert ImportBatch.objects.get().processed_rows == 5000


@pytest.mark.django_db(transaction=True)
def test_the_walk_with_python_works_as_written(demo: str) -> None:
    printed = run([sys.executable, "-"], demo, blocks("python"))
    assert "completed Partial import: " in printed
    failed = ImportError.objects.values("row_number").distinct().count()
    assert len(set(re.findall(r"^row (\d+):", printed, re.MULTILINE))) == failed > 50


@pytest.mark.django_db(transaction=True)
def test_the_calls_of_a_browser_client_play_through_real_processes(
    demo: str, acme: Organisation
) -> None:
    """Multipart preview; import with options in the query; polling; the template both ways."""
    import requests

    from tests.imports.api.helpers import csv_bytes, imports_url, valid_rows
    from tests.process_helpers import wait_for

    client = requests.Session()
    sent = {"email": "admin@acme.example", "password": "marketedge-demo"}
    access = client.post(f"{demo}/api/v1/auth/token", json=sent, timeout=10).json()["access"]
    client.headers["Authorization"] = f"Bearer {access}"
    imports = demo + imports_url(acme)
    file = ("users.csv", csv_bytes(valid_rows(20)), "text/csv")
    preview = client.post(f"{imports}/preview", files={"file": file}, timeout=10).json()
    assert (preview["is_valid"], preview["valid_rows"]) == (True, 20)
    query = "send_invitations=true&skip_duplicates=true"
    batch = client.post(f"{imports}?{query}", files={"file": file}, timeout=10).json()
    path = f"{imports}/{batch['id']}"

    def is_over() -> bool:
        return client.get(path, timeout=10).json()["status"] in ("completed", "failed")

    wait_for(is_over)
    assert client.get(path, timeout=10).json()["successful_rows"] == 20
    by_get, by_post = (
        getattr(client, m)(f"{imports}/template", timeout=10) for m in ("get", "post")
    )
    assert by_get.content == by_post.content
