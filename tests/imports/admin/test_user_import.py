"""Importing a file at the admin site: the two steps, and everything that can be in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from imports.models import ImportBatch, Upload
from tests.imports.admin.helpers import (
    CONFIRM,
    IMPORT,
    at_the_admin,
    confirm,
    hidden,
    nothing_was_staged,
    text_of,
    upload,
)
from tests.imports.api.helpers import INVALID_ROW, csv_bytes, valid_rows
from users.models import Organisation, User

pytestmark = pytest.mark.django_db


def test_the_addresses_are_those_of_import_export() -> None:
    assert reverse("admin:users_user_import") == IMPORT
    assert reverse("admin:users_user_process_import") == CONFIRM
    assert reverse("admin:users_user_export") == "/admin/users/user/export/"


def test_the_list_of_users_has_the_button(admin: User) -> None:
    assert IMPORT in at_the_admin(admin).get("/admin/users/user/").content.decode()


def test_the_form_offers_platform_staff_all_and_others_their_own_organisation(
    root: User, admin: User, globex: Organisation
) -> None:
    def offered(user: User) -> list[str]:
        form = at_the_admin(user).get(IMPORT).context["form"]
        return [str(label) for _, label in form.fields["organisation"].choices]

    assert offered(root) == ["Choose …", "Acme", "Globex"]
    assert offered(admin) == ["Acme"]


def test_a_preview_tells_what_would_happen_and_imports_nothing(
    admin: User, viewer: User, acme: Organisation
) -> None:
    client, before = at_the_admin(admin), User.objects.count()
    known = (viewer.email, "Ada", "Lovelace", "viewer", "", "")
    page = upload(client, acme, csv_bytes([*valid_rows(12), INVALID_ROW, known]))
    assert page.status_code == 200
    text = text_of(page)
    for said in (
        "12 will be imported",
        "1 exist already",
        "1 row has errors",
        "Nothing is imported",
    ):
        assert said in text
    assert "UTF-8, separated by commas, 14 rows" in text
    assert "&quot;boss&quot; is not a role" in text
    assert page.context["errors"][0]["row"] == 14
    assert len(page.context["rows"]) == 10
    assert (User.objects.count(), ImportBatch.objects.count()) == (before, 0)


def test_the_file_waits_in_the_database_and_the_confirmation_queues_it(
    admin: User, acme: Organisation
) -> None:
    client = at_the_admin(admin)
    page = upload(client, acme, default_role="analyst", send_invitations="")
    staged = Upload.objects.get()
    assert hidden(page)["upload_id"] == str(staged.id)
    answer = confirm(client, page)
    batch = ImportBatch.objects.get()
    assert (answer.status_code, answer.url) == (
        302,
        f"/admin/imports/importbatch/{batch.id}/change/",
    )
    assert (batch.status, batch.source, batch.uploaded_by) == ("pending", "admin", admin)
    assert (batch.organisation, batch.total_rows) == (acme, 3)
    assert batch.options == {
        "send_invitations": False,
        "skip_duplicates": True,
        "default_role": "analyst",
    }
    assert client.get(answer.url).status_code == 200


def test_a_second_click_on_confirm_leads_to_the_same_import(
    admin: User, acme: Organisation
) -> None:
    client = at_the_admin(admin)
    page = upload(client, acme)
    first, second = confirm(client, page), confirm(client, page)
    assert first.url == second.url
    assert ImportBatch.objects.count() == 1


REFUSED = {
    "no rows": (b"email,first_name,last_name\n", 400, "no rows"),
    "empty": (b"", 400, "empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(64), 400, "picture"),
    "no address": (b"first_name,last_name\nAda,Lovelace\n", 400, "email"),
    "an open quote": (b'email,first_name,last_name\n"a@b.example,A,B\n', 400, "quot"),
    "a forbidden column": (
        b"email,first_name,last_name,is_staff\na@b.example,A,B,1\n",
        400,
        "is_staff",
    ),
    "too many rows": (csv_bytes(valid_rows(5001)), 400, "5,000"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_is_refused_says_why_at_its_field_and_leaves_nothing(
    admin: User, acme: Organisation, case: str
) -> None:
    content, status, said = REFUSED[case]
    page = upload(at_the_admin(admin), acme, content)
    assert page.status_code == status
    assert said.lower() in " ".join(page.context["form"].errors["import_file"]).lower()
    assert nothing_was_staged()


def test_a_file_that_is_too_large_is_refused_with_413(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.MAX_FILE_SIZE = 1000
    page = upload(at_the_admin(admin), acme, csv_bytes(valid_rows(100)))
    assert page.status_code == 413
    assert "larger than 1,000 bytes" in text_of(page)
    assert nothing_was_staged()


def test_the_size_limit_holds_before_the_csrf_check_reads_the_form(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.MAX_FILE_SIZE = 1000
    client = at_the_admin(admin, enforce_csrf_checks=True)
    assert upload(client, acme, csv_bytes(valid_rows(100))).status_code == 413


@pytest.mark.parametrize("path", [IMPORT, CONFIRM])
def test_without_the_csrf_token_nothing_happens(admin: User, acme: Organisation, path: str) -> None:
    client = at_the_admin(admin, enforce_csrf_checks=True)
    client.get(IMPORT)  # which gives the cookie
    sent = {"organisation": acme.id, "import_file": SimpleUploadedFile("a.csv", b"x")}
    assert client.post(path, sent).status_code == 403
    assert nothing_was_staged()


def test_a_get_confirms_nothing(admin: User) -> None:
    assert at_the_admin(admin).get(CONFIRM).status_code == 405


def test_without_a_file_or_an_organisation_the_form_says_so(root: User, acme: Organisation) -> None:
    client = at_the_admin(root)
    page = client.post(IMPORT, {"default_role": "viewer"})
    assert (page.status_code, set(page.context["form"].errors)) == (
        400,
        {"import_file", "organisation"},
    )


def test_a_mapping_and_a_separator_can_be_given(admin: User, acme: Organisation) -> None:
    content = csv_bytes([("a@new.example", "A", "B")], ("Contact", "Vor", "Nach"), ";")
    client = at_the_admin(admin)
    assert upload(client, acme, content).status_code == 400
    mapping = "email = Contact\n\nfirst_name=Vor\nlast_name = Nach"
    page = upload(client, acme, content, mapping=mapping, delimiter=";")
    assert "1 will be imported" in text_of(page)
    page = upload(client, acme, content, mapping="email Contact")
    assert page.context["form"].errors["mapping"] == ["'email Contact' is not: field = header."]


def test_an_unknown_encoding_is_guessed_and_warned_about(admin: User, acme: Organisation) -> None:
    content = "email,first_name,last_name\nzoe@new.example,Zoë,Müller\n".encode("windows-1252")
    text = text_of(upload(at_the_admin(admin), acme, content))
    assert "Zoë" in text
    assert "WINDOWS-1252" in text
    assert "1 warning" in text


# --- whose organisation, whose upload ---------------------------------------------------------


def test_another_organisation_is_no_choice(
    admin: User, acme: Organisation, globex: Organisation
) -> None:
    client = at_the_admin(admin)
    assert upload(client, globex).status_code == 400
    assert nothing_was_staged()
    assert confirm(client, upload(client, acme), organisation=globex.id).status_code == 400
    assert not ImportBatch.objects.exists()


def test_another_persons_upload_can_not_be_confirmed(
    admin: User, make_user: Callable[..., User], acme: Organisation
) -> None:
    colleague = make_user("second@acme.example", "admin", acme)
    page = upload(at_the_admin(colleague), acme)
    answer = confirm(at_the_admin(admin), page)
    assert answer.status_code == 404
    assert "Upload the file again" in text_of(answer)
    assert not ImportBatch.objects.exists()


def test_an_upload_that_has_been_purged_is_asked_for_again(admin: User, acme: Organisation) -> None:
    client = at_the_admin(admin)
    page = upload(client, acme)
    Upload.objects.all().delete()
    answer = confirm(client, page)
    assert answer.status_code == 404
    assert answer.context["form"] is not None


def test_an_organisation_that_is_not_active_is_no_choice(admin: User, acme: Organisation) -> None:
    client = at_the_admin(admin)
    page = upload(client, acme)
    Organisation.objects.update(is_active=False)
    assert upload(client, acme).status_code == 400
    assert confirm(client, page).status_code == 400


def test_a_file_name_is_shown_and_not_run(admin: User, acme: Organisation) -> None:
    file = SimpleUploadedFile("<img src=x onerror=alert(1)>.csv", csv_bytes(valid_rows(1)))
    client = at_the_admin(admin)
    page = upload(client, acme, import_file=file)
    again = client.get(confirm(client, page).url)
    for answer in (page, again, client.get("/admin/imports/importbatch/")):
        assert "<img src=x" not in answer.content.decode()
        assert "&lt;img src=x" in answer.content.decode()
