"""The guide and the OpenAPI document agree with the API."""

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
from users.rights.roles import Role

GUIDE = ROOT / "docs" / "api.md"
SCHEMA = ROOT / "docs" / "openapi.yaml"
# Codes of commands and of the admin; no call of the API answers with them.
OPERATORS_ONLY = {
    *("quota_store_away", "unknown_target", "refused"),
    *("exports_are_running", "too_many_rows_for_format"),
}


def blocks(language: str) -> str:
    """All code blocks of the guide in this language."""
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL))


def subclasses(parent: type[errors.Refusal]) -> Iterator[type[errors.Refusal]]:
    for child in parent.__subclasses__():
        yield child
        yield from subclasses(child)


# --- the OpenAPI document ---------------------------------------------------------------------


def test_the_committed_openapi_document_is_current(tmp_path: Path) -> None:
    """`script/manage spectacular --file docs/openapi.yaml` updates it."""
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(made))
    assert made.read_text() == SCHEMA.read_text()


def test_the_document_is_openapi_3_1_and_every_operation_has_examples() -> None:
    document = yaml.safe_load(SCHEMA.read_text())
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            good = next(a for s, a in operation["responses"].items() if s.startswith("2"))
            content = good.get("content", {}).get("application/json")  # a 204 has none
            assert content is None or content["examples"], (method, path)
            assert operation["summary"]


def test_examples_have_the_members_of_their_schemas() -> None:
    """Only names are compared; values are not."""
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


def test_the_docs_page_loads_nothing_from_other_hosts(client: Client) -> None:
    page = client.get("/api/v1/docs")
    assert page.status_code == 200
    found = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert found
    for url in found:
        assert url.startswith("/"), url
        answer = client.get(url)
        assert answer.status_code == 200, url
        answer.close()
    assert not re.search(r"https?://(?!www\.w3\.org)", page.content.decode())


# --- the guide --------------------------------------------------------------------------------


def test_the_guide_lists_every_error_code() -> None:
    guide = GUIDE.read_text()
    codes = {refusal.code for refusal in subclasses(errors.Refusal)} - OPERATORS_ONLY
    codes |= {code for _, _, code, _ in problems.KNOWN_ERRORS}
    assert sorted(code for code in codes if f"`{code}`" not in guide) == []


def test_the_guide_lists_every_call_and_no_other() -> None:
    paths = [path for path in yaml.safe_load(SCHEMA.read_text())["paths"] if "/import" in path]
    expected = {path.rpartition("/import")[2].replace("_id}", "}") for path in paths}
    table = GUIDE.read_text().partition("## The calls")[2].partition("**Files**")[0]
    named = set(
        re.findall(r"^\| `(?:GET|POST|PATCH)(?:` or `POST)?(?: (/[^`]+))?`", table, re.MULTILINE)
    )
    assert named == expected


def test_the_guide_lists_every_call_about_people_and_no_other() -> None:
    document = yaml.safe_load(SCHEMA.read_text())
    expected = {
        f"{method.upper()} {path.rpartition('/users')[2].replace('user_id', 'user')}".strip()
        for path, operations in document["paths"].items()
        if "/users" in path and "/import" not in path
        for method in operations
    }
    table = GUIDE.read_text().partition("## People")[2].partition("**The list**")[0]
    assert set(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)) == expected


@pytest.fixture
def demo(
    shared_server: str,
    worker: ModuleProcess,
    make_user: MakeUser,
    acme: Organisation,
    settings: Any,
) -> str:
    """A server with accounts of `script/demo`; gives its URL."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    for name in (Role.ADMIN, Role.VIEWER):
        user = make_user(f"{name}@acme.example", name, acme)
        user.set_password("marketedge-demo")
        user.save()
    return shared_server


def run(command: list[str], server: str, text: str) -> str:
    """Runs a command in the checkout, with `text` as its input; gives its output."""
    environment = os.environ | {"MARKETEDGE": server, "no_proxy": "127.0.0.1"}
    done = subprocess.run(
        command, input=text, text=True, capture_output=True, cwd=ROOT, env=environment, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_example_with_curl_works(demo: str) -> None:
    printed = run(["bash", "-euo", "pipefail", "-s"], demo, blocks("bash"))
    assert '"status": "completed"' in printed
    assert "import_errors" in printed
    assert ImportBatch.objects.everywhere().get().processed_rows == 5000


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_example_with_python_works(demo: str) -> None:
    printed = run([sys.executable, "-"], demo, blocks("python"))
    assert "completed Partial import: " in printed
    failed = ImportError.objects.everywhere().values("row_number").distinct().count()
    assert len(set(re.findall(r"^row (\d+):", printed, re.MULTILINE))) == failed > 50


@pytest.mark.django_db(transaction=True)
def test_the_calls_of_a_browser_client_work_with_real_processes(
    demo: str, acme: Organisation
) -> None:
    """Preview, import with options in the query, polling, and the template by GET and POST."""
    import requests

    from tests.imports.api.helpers import (
        csv_bytes,
        imports_url,
        valid_rows,
    )
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

    def has_ended() -> bool:
        return client.get(path, timeout=10).json()["status"] in ("completed", "failed")

    wait_for(has_ended)
    assert client.get(path, timeout=10).json()["successful_rows"] == 20
    by_get, by_post = (
        getattr(client, m)(f"{imports}/template", timeout=10) for m in ("get", "post")
    )
    assert by_get.content == by_post.content
