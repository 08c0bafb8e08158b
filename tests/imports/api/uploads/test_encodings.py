"""A preview of a file that is not UTF-8 shows how it reads in the two likeliest encodings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from imports.models import Upload
from tests.imports.admin.helpers import admin_client, upload, visible_text
from tests.imports.api.helpers import csv_upload, imports_url
from tests.imports.management.helpers import output_of
from users.models import Organisation, User

pytestmark = pytest.mark.django_db

FILE = (
    "email;first_name;last_name;department\r\n"
    "anna@new.example;Anna;Nowak;Sales\r\n"
    "zofia@new.example;Zofia;Wiśniewska;Księgowość\r\n"
    "lukasz@new.example;Łukasz;Żółć;Księgowość\r\n"
).encode("windows-1250")


def previewed(api: APIClient, acme: Organisation, content: bytes, **form: Any) -> dict[str, Any]:
    answer = api.post(
        f"{imports_url(acme)}/preview", {"file": csv_upload(content), **form}, format="multipart"
    )
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()["file"]
    return found


def test_a_preview_shows_the_same_cells_in_the_two_likeliest_encodings(
    api: APIClient, acme: Organisation
) -> None:
    file = previewed(api, acme, FILE)
    first, second = file["encoding_readings"]
    assert (first["encoding"], first["is_read"]) == ("windows-1250", True)
    assert first["encoding"] == file["encoding"]
    assert first["examples"] == ["Wiśniewska", "Księgowość", "Łukasz"]
    assert (second["encoding"] != first["encoding"], second["is_read"]) == (True, False)
    assert second["examples"] == [
        text.encode(first["encoding"]).decode(second["encoding"]) for text in first["examples"]
    ]


def test_the_second_encoding_can_be_named_and_shows_no_readings(
    api: APIClient, acme: Organisation
) -> None:
    _, second = previewed(api, acme, FILE)["encoding_readings"]
    file = previewed(api, acme, FILE, encoding=second["encoding"])
    assert file["encoding"] == second["encoding"]
    assert file["encoding_readings"] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_known_encoding_has_no_other_reading(
    api: APIClient, acme: Organisation, encoding: str
) -> None:
    content = FILE.decode("windows-1250").encode(encoding)
    assert previewed(api, acme, content)["encoding_readings"] == []


def test_a_header_is_an_example_where_all_cells_are_ascii(
    api: APIClient, acme: Organisation
) -> None:
    content = "email;Prénom;Nom\r\na@new.example;Ann;Lee\r\n".encode("windows-1252")
    first, _ = previewed(api, acme, content)["encoding_readings"]
    assert first["examples"] == ["Prénom"]


def test_passwords_are_no_examples(api: APIClient, acme: Organisation) -> None:
    content = "email;first_name;last_name;password\r\na@new.example;Ann;Lee;gehäim\r\n"
    file = previewed(api, acme, content.encode("windows-1252"))
    assert file["encoding_readings"] == []
    assert not Upload.objects.everywhere().filter(encoding_guesses=[]).exists()


def test_the_admin_shows_the_readings_and_offers_the_second_encoding(
    admin: User, acme: Organisation
) -> None:
    client = admin_client(admin)
    page = upload(client, acme, FILE)
    first, second = page.context["preview"].encoding_readings
    text = visible_text(page)
    for example in (*first["examples"], *second["examples"]):
        assert example in text
    link = f"{reverse('admin:users_user_import')}?encoding={second['encoding']}"
    assert link in page.content.decode()
    form = client.get(link).context["form"]
    assert form["encoding"].value() == second["encoding"]
    chosen = upload(client, acme, FILE, encoding=second["encoding"])
    assert chosen.context["preview"].upload.encoding == second["encoding"]
    assert "The encoding is a guess" not in visible_text(chosen)


def test_the_link_to_an_encoding_that_does_not_exist_chooses_none(admin: User) -> None:
    page = admin_client(admin).get(reverse("admin:users_user_import"), {"encoding": "<rot13>"})
    assert page.status_code == 200
    assert "rot13" not in visible_text(page)
    assert "&lt;rot13&gt;" not in page.content.decode()


def test_a_dry_run_prints_the_readings(acme: Organisation, tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes(FILE)
    output = output_of("import_users", path, "--organization", "Acme", "--dry-run")
    assert "--encoding windows-1250   Wiśniewska | Księgowość | Łukasz" in output
    named = output_of(
        "import_users", path, "--organization", "Acme", "--dry-run", "--encoding", "windows-1250"
    )
    assert "guess" not in named
