"""Options of previews and imports, and names that do not exist."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
import yaml
from django.urls import resolve
from rest_framework.test import APIClient

from imports.api.batches.representation import BatchOptions
from imports.api.uploads.options import OPTION_NAMES, ImportOptionsSerializer, OptionsSerializer
from imports.engine.options import ImportOptions, ReadingOptions
from imports.models import ImportBatch
from tests.conftest import client_of
from tests.core.test_problems import problem_of
from tests.imports.api.helpers import (
    csv_bytes,
    csv_upload,
    imports_url,
    nothing_is_stored,
    post_import,
    valid_rows,
)
from tests.paths import ROOT
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


def test_a_file_and_an_upload_id_together_are_400(api: APIClient, acme: Organisation) -> None:
    answer = post_import(api, acme, upload_id=str(uuid4()))
    problem_of(answer, 400, "invalid_option")


def test_reading_options_together_with_an_upload_id_are_400(
    api: APIClient, acme: Organisation
) -> None:
    preview = api.post(
        f"{imports_url(acme)}/preview", {"file": csv_upload()}, format="multipart"
    ).json()
    sent = {"upload_id": preview["upload_id"], "encoding": "windows-1252"}
    body = problem_of(api.post(imports_url(acme), sent), 400, "invalid_option")
    assert "encoding" in body["detail"]


@pytest.mark.parametrize("mapping", ["[]", "{", "1", '{"email": 1}', '"x"', "[" * 5000])
def test_an_invalid_mapping_is_400(api: APIClient, acme: Organisation, mapping: str) -> None:
    body = problem_of(post_import(api, acme, mapping=mapping), 400, "invalid")
    assert body["errors"][0]["field"] == "mapping"


def test_a_mapping_is_used_and_shown_by_the_preview(api: APIClient, acme: Organisation) -> None:
    rows = [("a@new.example", "A", "B")]
    file = csv_upload(csv_bytes(rows, ("Contact", "first_name", "last_name")))
    form = {"file": file, "mapping": '{"email": "Contact"}'}
    body = api.post(f"{imports_url(acme)}/preview", form, format="multipart").json()
    assert body["file"]["mapping"]["email"] == "Contact"
    assert body["file"]["columns"][0] == {
        "header": "Contact", "field": "email", "examples": ["a@new.example"]
    }  # fmt: skip


def test_a_preview_uses_the_options_of_the_import(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    rows = [(admin.email, "A", "B", "", "", "")]
    path = f"{imports_url(acme)}/preview?skip_duplicates=false&default_role=admin"
    rows += valid_rows(1)
    body = api.post(path, {"file": csv_upload(csv_bytes(rows))}, format="multipart").json()
    assert (body["duplicate_count"], body["error_count"]) == (0, 1)
    assert body["error_codes"] == {"already_exists": 1}


# --- names that do not exist ------------------------------------------------------------------


def preview_url(organisation: Organisation) -> str:
    return f"{imports_url(organisation)}/preview"


def test_serializers_have_the_names_and_defaults_of_the_options() -> None:
    fields = OptionsSerializer().fields
    assert set(fields) == set(OPTION_NAMES)
    assert set(ImportOptionsSerializer().fields) == set(ImportOptions.names())
    for name, default in asdict(ImportOptions()).items():
        assert fields[name].default == default, name
    assert not any(fields[name].required for name in ReadingOptions.names())
    assert list(BatchOptions().fields) == list(ImportOptions.names())


@pytest.mark.parametrize("where", ["query", "form"])
@pytest.mark.parametrize("url", [imports_url, preview_url])
@pytest.mark.parametrize(
    ("name", "value", "nearest"),
    [("existing", "update", None), ("skip_duplicate", "false", "skip_duplicates")],
)
def test_an_unknown_option_is_400_and_does_not_count(
    api: APIClient,
    acme: Organisation,
    url: Callable[[Organisation], str],
    where: str,
    name: str,
    value: str,
    nearest: str | None,
) -> None:
    form = {"file": csv_upload(), **({name: value} if where == "form" else {})}
    query = f"?{name}={value}" if where == "query" else ""
    answer = api.post(url(acme) + query, form, format="multipart")
    body = problem_of(answer, 400, "unknown_option")
    assert (body["option"], body["nearest"]) == (name, nearest)
    assert repr(name) in body["detail"]
    assert "skip_duplicates" in body["detail"]
    assert answer["X-RateLimit-Remaining"] == answer["X-RateLimit-Limit"]
    assert nothing_is_stored()


@pytest.mark.parametrize("kind", ["json", "multipart", "urlencoded"])
def test_an_unknown_option_beside_an_upload_id_is_400(
    api: APIClient, acme: Organisation, kind: str
) -> None:
    preview = api.post(preview_url(acme), {"file": csv_upload()}, format="multipart").json()
    sent = {"upload_id": preview["upload_id"], "existing": "update"}
    if kind == "urlencoded":
        content_type = "application/x-www-form-urlencoded"
        answer = api.post(imports_url(acme), urlencode(sent), content_type=content_type)
    else:
        answer = api.post(imports_url(acme), sent, format=kind)
    assert problem_of(answer, 400, "unknown_option")["option"] == "existing"
    assert not ImportBatch.objects.everywhere().exists()


@pytest.mark.parametrize("url", [imports_url, preview_url])
def test_a_second_file_in_an_unknown_field_is_400(
    api: APIClient, acme: Organisation, url: Callable[[Organisation], str]
) -> None:
    form = {"file": csv_upload(), "other": csv_upload()}
    body = problem_of(api.post(url(acme), form, format="multipart"), 400, "unknown_option")
    assert body["option"] == "other"
    assert nothing_is_stored()


def test_the_csrf_token_may_be_a_form_field_but_no_query_parameter(
    api: APIClient, acme: Organisation
) -> None:
    assert post_import(api, acme, csrfmiddlewaretoken="x" * 64).status_code == 202
    url = f"{imports_url(acme)}?csrfmiddlewaretoken=x"
    answer = api.post(url, {"file": csv_upload()}, format="multipart")
    assert problem_of(answer, 400, "unknown_option")["option"] == "csrfmiddlewaretoken"


CALLS = [
    ("get", ""),
    ("get", "/template"),
    ("post", "/template"),
    ("get", "/{batch}"),
    ("get", "/{batch}/errors"),
    ("get", "/{batch}/errors?format=csv"),
    ("post", "/{batch}/cancel"),
    ("post", "/{batch}/retry"),
    ("post", "/{batch}/undo"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_an_unknown_query_parameter_is_400_at_every_call(
    api: APIClient, acme: Organisation, method: str, path: str
) -> None:
    batch = post_import(api, acme).json()
    url = imports_url(acme) + path.format(batch=batch["id"])
    url += ("&" if "?" in url else "?") + "stauts=failed"
    body = problem_of(getattr(api, method)(url), 400, "unknown_option")
    assert body["option"] == "stauts"
    assert ImportBatch.objects.everywhere().get().status == "pending"


def test_an_unknown_parameter_of_the_history_names_the_nearest_one(
    api: APIClient, acme: Organisation
) -> None:
    body = problem_of(api.get(imports_url(acme), {"stauts": "failed"}), 400, "unknown_option")
    assert "Did you mean 'status'?" in body["detail"]
    assert "created_after, created_before, page, page_size, status" in body["detail"]


def test_head_is_checked_like_get(api: APIClient, acme: Organisation) -> None:
    assert api.head(imports_url(acme), {"page": 1}).status_code == 200
    assert api.head(imports_url(acme), {"stauts": "failed"}).status_code == 400


def test_permissions_are_checked_before_names(
    api: APIClient, acme: Organisation, globex: Organisation, viewer: User, settings: Any
) -> None:
    def status(client: APIClient, organisation: Organisation) -> int:
        return int(client.get(imports_url(organisation), {"x": "y"}).status_code)

    assert status(APIClient(), acme) == 401
    assert status(api, globex) == 404
    assert status(client_of(viewer), acme) == 403
    settings.FEATURE_USER_MANAGEMENT = False
    assert status(api, acme) == 503
    settings.FEATURE_USER_MANAGEMENT = True
    assert status(api, acme) == 400


@pytest.mark.parametrize(("method", "path"), [call for call in CALLS if "{batch}" in call[1]])
def test_the_batch_is_looked_up_before_names_are_checked(
    api: APIClient, acme: Organisation, method: str, path: str
) -> None:
    url = imports_url(acme) + path.format(batch=uuid4())
    url += ("&" if "?" in url else "?") + "x=y"
    problem_of(getattr(api, method)(url), 404, "not_found")


def test_a_method_that_does_not_exist_is_405_whatever_its_parameters(
    api: APIClient, acme: Organisation
) -> None:
    problem_of(api.get(f"{preview_url(acme)}?x=y"), 405, "method_not_allowed")


def test_views_take_exactly_the_documented_query_parameters() -> None:
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    for path, operations in document["paths"].items():
        view = resolve(re.sub(r"\{\w+\}", str(UUID(int=0)), path)).func.view_class
        for method, operation in operations.items():
            parameters = operation.get("parameters", [])
            documented = {one["name"] for one in parameters if one["in"] == "query"}
            taken = getattr(view, "query_names", {}).get(method.upper(), ())
            assert set(taken) == documented, (method, path)


def test_a_file_is_read_below_the_header_row_that_is_named(
    api: APIClient, acme: Organisation
) -> None:
    content = b"email,first_name,last_name,role\n\nWork e-mail,Forename,Surname\na@b.example,A,B\n"
    form = {"file": csv_upload(content), "header_row": "3"}
    previewed = api.post(f"{imports_url(acme)}/preview", form, format="multipart").json()
    assert previewed["file"]["header_row"] == 3
    assert (previewed["total_rows"], previewed["valid_rows"]) == (1, 1)
    form = {"file": csv_upload(content), "header_row": "2"}
    answer = api.post(f"{imports_url(acme)}/preview", form, format="multipart")
    problem = problem_of(answer, 400, "no_header")
    assert "Row 2 can't be the header row" in problem["detail"]
