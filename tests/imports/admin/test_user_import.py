"""The two steps of an import in the admin, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from imports.models import ImportBatch, Upload
from tests.imports.admin.helpers import (
    CONFIRM_URL,
    IMPORT_URL,
    INVALID_ROW,
    admin_client,
    confirm,
    csv_bytes,
    hidden_fields,
    nothing_is_staged,
    upload,
    valid_rows,
    visible_text,
)
from users.models import Organisation, User

pytestmark = pytest.mark.django_db


def test_the_urls_are_those_of_import_export() -> None:
    assert reverse("admin:users_user_import") == IMPORT_URL
    assert reverse("admin:users_user_process_import") == CONFIRM_URL
    assert reverse("admin:users_user_export") == "/admin/users/user/export/"


def test_the_list_of_users_has_an_import_button(admin: User) -> None:
    assert IMPORT_URL in admin_client(admin).get("/admin/users/user/").content.decode()


def test_the_form_offers_all_organisations_to_platform_staff_and_their_own_to_others(
    root: User, admin: User, globex: Organisation
) -> None:
    def offered(user: User) -> list[str]:
        form = admin_client(user).get(IMPORT_URL).context["form"]
        return [str(label) for _, label in form.fields["organisation"].choices]

    assert offered(root) == ["Choose …", "Acme", "Globex"]
    assert offered(admin) == ["Acme"]


def test_a_preview_shows_what_would_happen_and_imports_nothing(
    admin: User, viewer: User, acme: Organisation
) -> None:
    client, before = admin_client(admin), User.objects.everywhere().count()
    known = (viewer.email, "Ada", "Lovelace", "viewer", "", "")
    page = upload(client, acme, csv_bytes([*valid_rows(12), INVALID_ROW, known]))
    assert page.status_code == 200
    text = visible_text(page)
    for part in (
        "12 will be imported",
        "1 will be skipped (exist already)",
        "1 row has errors",
        "Nothing has been imported",
    ):
        assert part in text
    assert "UTF-8, separated by commas, 14 rows" in text
    assert "&quot;boss&quot; is not a role" in text
    assert page.context["errors"][0]["row"] == 14
    assert len(page.context["rows"]) == 10
    assert (User.objects.everywhere().count(), ImportBatch.objects.everywhere().count()) == (
        before,
        0,
    )


def test_a_confirmed_preview_becomes_a_pending_batch_with_its_options(
    admin: User, acme: Organisation
) -> None:
    client = admin_client(admin)
    page = upload(client, acme, default_role="analyst", send_invitations="")
    staged = Upload.objects.everywhere().get()
    assert hidden_fields(page)["upload_id"] == str(staged.id)
    answer = confirm(client, page)
    batch = ImportBatch.objects.everywhere().get()
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
    client = admin_client(admin)
    page = upload(client, acme)
    first, second = confirm(client, page), confirm(client, page)
    assert first.url == second.url
    assert ImportBatch.objects.everywhere().count() == 1


REFUSED = {
    "no rows": (b"email,first_name,last_name\n", 400, "no rows"),
    "empty": (b"", 400, "empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(64), 400, "picture"),
    "no email column": (b"first_name,last_name\nAda,Lovelace\n", 400, "email"),
    "an open quote": (b'email,first_name,last_name\n"a@b.example,A,B\n', 400, "quot"),
    "a forbidden column": (
        b"email,first_name,last_name,is_staff\na@b.example,A,B,1\n",
        400,
        "is_staff",
    ),
    "too many rows": (csv_bytes(valid_rows(5001)), 400, "5,000"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_file_is_explained_at_its_field_and_is_not_stored(
    admin: User, acme: Organisation, case: str
) -> None:
    content, status, words = REFUSED[case]
    page = upload(admin_client(admin), acme, content)
    assert page.status_code == status
    assert words.lower() in " ".join(page.context["form"].errors["import_file"]).lower()
    assert nothing_is_staged()


def test_a_file_that_is_too_large_is_refused_with_413(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.MAX_FILE_SIZE = 1000
    page = upload(admin_client(admin), acme, csv_bytes(valid_rows(100)))
    assert page.status_code == 413
    assert "larger than 1,000 bytes" in visible_text(page)
    assert nothing_is_staged()


def test_the_size_limit_is_checked_before_the_csrf_token(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.MAX_FILE_SIZE = 1000
    client = admin_client(admin, enforce_csrf_checks=True)
    assert upload(client, acme, csv_bytes(valid_rows(100))).status_code == 413


@pytest.mark.parametrize("path", [IMPORT_URL, CONFIRM_URL])
def test_without_the_csrf_token_nothing_happens(admin: User, acme: Organisation, path: str) -> None:
    client = admin_client(admin, enforce_csrf_checks=True)
    client.get(IMPORT_URL)  # sets the cookie
    sent = {"organisation": acme.id, "import_file": SimpleUploadedFile("a.csv", b"x")}
    assert client.post(path, sent).status_code == 403
    assert nothing_is_staged()


def test_the_second_step_refuses_get(admin: User) -> None:
    assert admin_client(admin).get(CONFIRM_URL).status_code == 405


def test_the_form_requires_a_file_and_an_organisation(root: User, acme: Organisation) -> None:
    client = admin_client(root)
    page = client.post(IMPORT_URL, {"default_role": "viewer"})
    assert (page.status_code, set(page.context["form"].errors)) == (
        400,
        {"import_file", "organisation"},
    )


def test_a_mapping_and_a_delimiter_can_be_given(admin: User, acme: Organisation) -> None:
    content = csv_bytes([("a@new.example", "A", "B")], ("Contact", "Vor", "Nach"), ";")
    client = admin_client(admin)
    assert upload(client, acme, content).status_code == 400
    mapping = "email = Contact\n\nfirst_name=Vor\nlast_name = Nach"
    page = upload(client, acme, content, mapping=mapping, delimiter=";")
    assert "1 will be imported" in visible_text(page)
    page = upload(client, acme, content, mapping="email Contact")
    assert page.context["form"].errors["mapping"] == [
        "The line 'email Contact' is not of the form: field = header."
    ]


def test_an_unknown_encoding_is_guessed_and_warned_about(admin: User, acme: Organisation) -> None:
    content = "email,first_name,last_name\nzoe@new.example,Zoë,Müller\n".encode("windows-1252")
    text = visible_text(upload(admin_client(admin), acme, content))
    assert "Zoë" in text
    assert "WINDOWS-1252" in text
    assert "1 warning" in text


# --- permissions ------------------------------------------------------------------------------


def test_another_organisation_can_not_be_chosen(
    admin: User, acme: Organisation, globex: Organisation
) -> None:
    client = admin_client(admin)
    assert upload(client, globex).status_code == 400
    assert nothing_is_staged()
    assert confirm(client, upload(client, acme), organisation=globex.id).status_code == 400
    assert not ImportBatch.objects.everywhere().exists()


def test_the_upload_of_another_user_can_not_be_confirmed(
    admin: User, make_user: Callable[..., User], acme: Organisation
) -> None:
    colleague = make_user("second@acme.example", "admin", acme)
    page = upload(admin_client(colleague), acme)
    answer = confirm(admin_client(admin), page)
    assert answer.status_code == 404
    assert "Upload the file again" in visible_text(answer)
    assert not ImportBatch.objects.everywhere().exists()


def test_an_upload_that_was_deleted_has_to_be_sent_again(admin: User, acme: Organisation) -> None:
    client = admin_client(admin)
    page = upload(client, acme)
    Upload.objects.everywhere().all().delete()
    answer = confirm(client, page)
    assert answer.status_code == 404
    assert answer.context["form"] is not None


def test_an_inactive_organisation_can_not_be_chosen(root: User, acme: Organisation) -> None:
    client = admin_client(root)
    page = upload(client, acme)
    Organisation.objects.update(is_active=False)
    assert upload(client, acme).status_code == 400
    assert confirm(client, page).status_code == 400


def test_the_name_of_a_file_is_escaped(admin: User, acme: Organisation) -> None:
    file = SimpleUploadedFile("<img src=x onerror=alert(1)>.csv", csv_bytes(valid_rows(1)))
    client = admin_client(admin)
    page = upload(client, acme, import_file=file)
    batch_page = client.get(confirm(client, page).url)
    for answer in (page, batch_page, client.get("/admin/imports/importbatch/")):
        assert "<img src=x" not in answer.content.decode()
        assert "&lt;img src=x" in answer.content.decode()
