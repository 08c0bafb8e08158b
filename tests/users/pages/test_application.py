"""The document of the page: who gets it, what it says, and which files it names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from tests.conftest import MakeUser
from tests.users.pages.helpers import text_of
from users.models import Organisation, User
from users.pages import application

pytestmark = pytest.mark.django_db
IMPORT = f"/imports/{uuid4()}"
BUILT = application.MANIFEST
ADDRESSES = ["/", "/people", "/imports", "/imports/{}", "/uploads/{}"]
CHUNKS = {
    "src/main.tsx": {
        "file": "assets/main-12345678.js",
        "isEntry": True,
        "imports": ["_react.js"],
        "dynamicImports": ["src/people.tsx"],
        "css": ["assets/main-12345678.css"],
    },
    "_react.js": {"file": "assets/react-12345678.js", "imports": ["_shared.js"]},
    "_shared.js": {"file": "assets/shared-12345678.js", "css": ["assets/shared-1.css"]},
    "src/people.tsx": {"file": "assets/people-12345678.js", "imports": ["src/main.tsx"]},
}


@pytest.fixture(autouse=True)
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest as Vite writes it."""
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(CHUNKS))
    monkeypatch.setattr(application, "MANIFEST", path)
    return path


def open_as(user: User, address: str = "/", **headers: str) -> Any:
    """The answer to a browser in which this user has logged in."""
    browser = Client()
    browser.force_login(user)
    return browser.get(address.format(uuid4()), headers=headers)


def data_of(answer: Any) -> dict[str, Any]:
    """What the document hands to the page."""
    found = re.search(
        r'<script id="page-data" type="application/json">(.+?)</script>', answer.content.decode()
    )
    assert found
    return dict(json.loads(found[1]))


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_of_the_page_gives_the_document_after_the_login(
    address: str, viewer: User
) -> None:
    path = address.format(uuid4())
    assert Client().get(path)["Location"] == f"/login?next={path}"
    answer = open_as(viewer, address)
    assert answer.status_code == 200
    assert 'src="/static/app/assets/main-12345678.js"' in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"


def test_the_document_names_what_the_entry_imports_and_nothing_that_waits(viewer: User) -> None:
    html = open_as(viewer).content.decode()
    assert re.findall(r'type="module" src="/static/app/assets/([^"]+)"', html) == [
        "main-12345678.js"
    ]
    assert re.findall(r'rel="modulepreload" href="/static/app/assets/([^"]+)"', html) == [
        "react-12345678.js",
        "shared-12345678.js",
    ]
    assert re.findall(r'rel="stylesheet" href="/static/app/assets/([^"]+)"', html) == [
        "main-12345678.css",
        "shared-1.css",
    ]


def test_a_new_build_is_served_without_a_restart(manifest: Path, viewer: User) -> None:
    assert "main-12345678.js" in open_as(viewer).content.decode()
    manifest.write_text(manifest.read_text().replace("main-12345678", "main-abcdefgh"))
    assert "main-abcdefgh.js" in open_as(viewer).content.decode()


def test_the_page_learns_who_reads_it_and_what_a_file_may_hold(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.MAX_FILE_SIZE, settings.MAX_ROWS_PER_IMPORT = 1234, 56
    data = data_of(open_as(admin))
    assert data["organization"] == {"id": str(acme.id), "name": "Acme"}
    assert data["user"] == {"email": admin.email, "role": "admin", "manages_users": True}
    assert data["limits"] == {"max_file_bytes": 1234, "max_rows": 56}
    assert data["static_url"] == "/static/app/"
    assert (data["login_url"], data["logout_url"]) == ("/login", "/logout")


def test_only_who_may_open_the_admin_site_learns_its_address(admin: User, settings: Any) -> None:
    assert data_of(open_as(admin))["admin_url"] is None
    User.objects.everywhere().filter(id=admin.id).update(is_staff=True)
    assert data_of(open_as(admin))["admin_url"] == "/admin/"
    settings.FEATURE_ADMIN_PANEL = False
    assert data_of(open_as(admin))["admin_url"] is None


def test_a_name_can_not_end_the_data(make_user: MakeUser) -> None:
    name = "</script><script>alert(1)</script>"
    user = make_user("eve@evil.example", "viewer", Organisation.objects.create(name=name))
    answer = open_as(user)
    assert "<script>alert" not in answer.content.decode()
    assert data_of(answer)["organization"]["name"] == name


def test_the_document_brings_the_cookie_that_a_post_repeats(viewer: User) -> None:
    assert open_as(viewer).cookies["csrftoken"].value


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("de-AT,en;q=0.5", "de"), ("fr,de;q=0.8", "de"), ("fr", "en")],
)
def test_the_document_is_in_a_language_of_its_reader(
    accepted: str, language: str, viewer: User
) -> None:
    answer = open_as(viewer, **{"accept-language": accepted})
    html = answer.content.decode()
    assert f'<html lang="{language}" dir="ltr">' in html
    assert data_of(answer)["language"] == answer["Content-Language"] == language
    assert ("braucht JavaScript" in html) == (language == "de")


def test_the_choice_of_a_language_stays(viewer: User) -> None:
    browser = Client(headers={"accept-language": "de"})
    browser.force_login(viewer)
    browser.cookies[data_of(browser.get("/"))["language_cookie"]] = "en"
    assert data_of(browser.get("/"))["language"] == "en"


def test_platform_staff_get_a_sentence_and_a_link(root: User, settings: Any) -> None:
    answer = open_as(root)
    assert answer.status_code == 200
    assert "for the members of an organisation" in text_of(answer)
    assert 'href="/admin/"' in answer.content.decode()
    german = open_as(root, "/people", **{"accept-language": "de"})
    assert "Mitglieder einer Organisation" in text_of(german)
    assert '<html lang="de"' in german.content.decode()
    settings.FEATURE_ADMIN_PANEL = False
    assert 'href="/admin/"' not in open_as(root).content.decode()


def test_the_link_of_an_e_mail_leads_platform_staff_to_the_admin_site(
    root: User, settings: Any
) -> None:
    path = IMPORT.replace("/imports/", "/admin/imports/importbatch/") + "/change/"
    assert open_as(root, IMPORT)["Location"] == path
    settings.FEATURE_ADMIN_PANEL = False
    assert "for the members of an organisation" in text_of(open_as(root, IMPORT))


def test_the_admin_site_links_to_the_page_for_members_of_an_organisation(
    admin: User, root: User
) -> None:
    User.objects.everywhere().filter(id=admin.id).update(is_staff=True)
    assert '<a href="/">View site</a>' in open_as(admin, "/admin/").content.decode()
    assert "View site" not in open_as(root, "/admin/").content.decode()


def test_missing_files_are_said_in_words(manifest: Path, viewer: User) -> None:
    manifest.unlink()
    answer = open_as(viewer)
    assert answer.status_code == 503
    assert "The files of this page are missing on the server." in text_of(answer)
    assert 'href="/account"' in answer.content.decode()


def test_the_page_is_there_while_user_management_is_off(viewer: User, settings: Any) -> None:
    settings.FEATURE_USER_MANAGEMENT = False
    assert open_as(viewer).status_code == 200


def test_nothing_is_changed_by_a_post(viewer: User) -> None:
    browser = Client()
    browser.force_login(viewer)
    assert browser.post("/").status_code == 405


def test_files_whose_names_vite_has_hashed_are_kept_for_good(client: Client) -> None:
    built = json.loads(BUILT.read_bytes())
    names = {file for chunk in built.values() for file in (chunk["file"], *chunk.get("css", ()))}
    assert any(name.endswith(".css") for name in names)
    for name in names:
        answer = client.get(f"/static/app/{name}")
        b"".join(answer)  # closes the file
        assert "immutable" in answer["Cache-Control"], name
    for path in ("app/manifest.json", "users/pages.css"):
        answer = client.get(f"/static/{path}")
        b"".join(answer)
        assert "immutable" not in answer["Cache-Control"], path
