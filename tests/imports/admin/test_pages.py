"""What each role sees in the admin, and the export of users."""

from __future__ import annotations

from collections.abc import Callable
from importlib import reload
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin as django_admin
from django.db import connection
from django.test import Client
from django.urls import clear_url_caches

import marketedge.urls
from imports.models import ImportBatch, ImportHalt
from tests.imports.admin.helpers import (
    IMPORT_URL,
    INVALID_ROW,
    admin_client,
    batch_url,
    confirm,
    csv_bytes,
    import_file,
    upload,
    valid_rows,
    visible_text,
)
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = pytest.mark.django_db

REGISTERED = [model for model in apps.get_models() if django_admin.site.is_registered(model)]
LISTS = [f"{model._meta.app_label}/{model._meta.model_name}" for model in REGISTERED]


@pytest.fixture
def batches(root: User, acme: Organisation, globex: Organisation) -> dict[str, ImportBatch]:
    """A finished import of each organisation, with a failed row. The keys are Acme and Globex."""
    client, finished = admin_client(root), {}
    for organisation in (acme, globex):
        rows = [*valid_rows(2, domain=f"{organisation.name.lower()}.example"), INVALID_ROW]
        finished[organisation.name] = import_file(client, organisation, csv_bytes(rows))
    return finished


@pytest.mark.parametrize("path", LISTS)
def test_every_list_and_every_page_opens_for_platform_staff(
    root: User, batches: dict[str, ImportBatch], path: str
) -> None:
    client = admin_client(root)
    page = client.get(f"/admin/{path}/")
    assert page.status_code == 200
    for row in page.context["cl"].result_list:
        assert client.get(f"/admin/{path}/{row.pk}/change/").status_code == 200


def test_an_administrator_sees_only_rows_of_their_own_organisation(
    admin: User, other_admin: User, batches: dict[str, ImportBatch]
) -> None:
    client = admin_client(admin)
    users = client.get("/admin/users/user/")
    assert {user.organisation.name for user in users.context["cl"].result_list} == {"Acme"}
    listed = client.get("/admin/imports/importbatch/").context["cl"].result_list
    assert [batch.id for batch in listed] == [batches["Acme"].id]
    errors = client.get("/admin/imports/importerror/").context["cl"].result_list
    assert {error.import_batch_id for error in errors} == {batches["Acme"].id}


@pytest.mark.parametrize("path", ["users/user", "imports/importbatch", "imports/importerror"])
def test_no_list_names_another_organisation(
    admin: User, batches: dict[str, ImportBatch], path: str
) -> None:
    assert "Globex" not in admin_client(admin).get(f"/admin/{path}/").content.decode()


def test_a_page_of_another_organisation_answers_404_like_one_that_does_not_exist(
    admin: User, other_admin: User, batches: dict[str, ImportBatch]
) -> None:
    client, theirs = admin_client(admin), batches["Globex"]
    paths = [f"/admin/users/user/{other_admin.id}/{page}/" for page in ("change", "history")]
    paths += [f"/admin/imports/importbatch/{theirs.id}/{page}" for page in ("progress", "history/")]
    paths += [f"/admin/imports/importbatch/{theirs.id}/errors.csv", batch_url(theirs)]
    paths += [f"/admin/imports/importerror/{theirs.errors.first().id}/change/"]
    paths += ["/admin/imports/importbatch/00000000-0000-0000-0000-000000000000/change/"]
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)
    for action in ("cancel", "retry", "undo"):
        assert client.post(f"/admin/imports/importbatch/{theirs.id}/{action}").status_code == 404


def test_an_administrator_without_an_organisation_sees_nobody(
    make_user: Callable[..., User],
) -> None:
    make_user("root@marketedge.example", Role.SUPER_ADMIN)
    client = admin_client(make_user("lost@acme.example", Role.ADMIN, None))
    assert not client.get("/admin/users/user/").context["cl"].result_list


def test_an_administrator_adds_and_deletes_nobody_by_hand_and_sees_no_password(
    admin: User, viewer: User, globex: Organisation
) -> None:
    client = admin_client(admin)
    assert "/admin/users/user/add/" not in client.get("/admin/users/user/").content.decode()
    page = client.get(f"/admin/users/user/{viewer.id}/change/")
    assert page.status_code == 200
    assert "algorithm" not in page.content.decode()
    sent = {"email": viewer.email, "role": "super_admin", "is_superuser": "on"}
    client.post(f"/admin/users/user/{viewer.id}/change/", sent)
    assert User.objects.everywhere().get(id=viewer.id).role == Role.VIEWER
    assert client.get("/admin/users/user/add/").status_code == 403
    assert client.post("/admin/users/user/add/", sent).status_code == 403
    assert client.post(f"/admin/users/user/{viewer.id}/delete/").status_code == 403
    assert client.get(f"/admin/users/user/{viewer.id}/password/").status_code == 403
    assert client.get("/admin/users/organisation/").status_code == 403
    assert client.get("/admin/imports/uploadblock/").status_code == 403


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_other_roles_are_refused(
    make_user: Callable[..., User], acme: Organisation, role: str
) -> None:
    client = admin_client(make_user("someone@acme.example", role, acme))
    for path in ("users/user/", "users/user/import/", "users/user/export/", "imports/importbatch/"):
        assert client.get(f"/admin/{path}").status_code == 403


def test_every_page_needs_a_login(batches: dict[str, ImportBatch]) -> None:
    paths = [f"/admin/{path}/" for path in LISTS] + [IMPORT_URL]
    paths += [f"/admin/imports/importbatch/{batches['Acme'].id}/progress"]
    for path in paths:
        answer = Client().get(path)
        assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/admin/login/")


@pytest.mark.parametrize("path", ["importbatch", "importerror"])
def test_imports_and_row_errors_can_not_be_changed(
    root: User, batches: dict[str, ImportBatch], path: str
) -> None:
    client, batch = admin_client(root), batches["Acme"]
    row = batch if path == "importbatch" else batch.errors.first()
    url = f"/admin/imports/{path}/"
    answers = [
        client.get(f"{url}add/"),
        client.post(f"{url}{row.id}/change/", {"successful_rows": "99"}),
        client.post(f"{url}{row.id}/delete/", {"post": "yes"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert ImportBatch.objects.everywhere().get(id=batch.id).successful_rows == 2


def test_platform_staff_add_a_user_and_the_email_is_stored_in_its_normal_form(
    root: User, acme: Organisation
) -> None:
    client = admin_client(root)
    sent = {
        "email": " Grace@ACME.example ",
        "first_name": "Grace",
        "last_name": "Hopper",
        "role": "analyst",
        "organisation": acme.id,
        "usable_password": "false",
    }
    assert client.post("/admin/users/user/add/", sent).status_code == 302
    user = User.objects.everywhere().get(email="grace@acme.example")
    assert (user.organisation, user.has_usable_password()) == (acme, False)
    again = client.post("/admin/users/user/add/", sent)
    assert "already exists" in visible_text(again)


def test_platform_staff_change_a_user(root: User, viewer: User) -> None:
    client = admin_client(root)
    page = client.get(f"/admin/users/user/{viewer.id}/change/")
    values = page.context["adminform"].form.initial
    sent = {name: value for name, value in values.items() if value not in (None, False, "")}
    sent |= {"role": "analyst", "organisation": viewer.organisation_id}
    assert client.post(f"/admin/users/user/{viewer.id}/change/", sent).status_code == 302
    assert User.objects.everywhere().get(id=viewer.id).role == "analyst"


def test_an_organisation_can_not_be_deleted(root: User, acme: Organisation) -> None:
    client = admin_client(root)
    answer = client.post(f"/admin/users/organisation/{acme.id}/delete/", {"post": "yes"})
    assert (answer.status_code, Organisation.objects.filter(id=acme.id).exists()) == (403, True)


def test_an_export_has_the_users_of_the_own_organisation_and_no_formulas(
    admin: User, other_admin: User, make_user: Callable[..., User], acme: Organisation
) -> None:
    make_user("eve@acme.example", Role.VIEWER, acme, department="=1+1", phone="+44 20 7946 0123")
    fields = {"format": "0", "resource": ""}
    fields |= {f"userresource_{name}": "on" for name in ("email", "department", "phone", "role")}
    answer = admin_client(admin).post("/admin/users/user/export/", fields)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    lines = answer.getvalue().decode("utf-8-sig").splitlines()
    assert "eve@acme.example,viewer,'=1+1,'+44 20 7946 0123" in lines
    assert not [line for line in lines if other_admin.email in line]
    assert "password" not in lines[0]


def test_the_admin_can_be_switched_off(settings: Any, root: User) -> None:
    client = admin_client(root)
    settings.FEATURE_ADMIN_PANEL = False
    try:
        reload(marketedge.urls)
        clear_url_caches()
        assert client.get("/admin/").status_code == 404
        assert client.get("/admin/login/").status_code == 404
    finally:
        settings.FEATURE_ADMIN_PANEL = True
        reload(marketedge.urls)
        clear_url_caches()
    assert client.get("/admin/").status_code == 200


def test_error_pages_are_pages_of_the_site(root: User, client: Client) -> None:
    answer = client.get("/nothing/here")
    assert answer.status_code == 404
    assert "This page does not exist, or you are not allowed to see it." in visible_text(answer)
    client = admin_client(root, raise_request_exception=False)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE organisations RENAME TO gone")
    answer = client.get("/admin/users/organisation/")
    assert answer.status_code == 500
    assert "The error is on our side" in visible_text(answer)


def test_every_page_tells_of_a_halt_and_an_upload_is_refused(
    root: User, admin: User, acme: Organisation, client: Client
) -> None:
    ImportHalt.objects.create(reason="A wrong file of Globex.")
    for user, shows_reason in ((root, True), (admin, False)):
        page = visible_text(admin_client(user).get("/admin/"))
        assert "Imports are halted since" in page
        assert ("A wrong file of Globex." in page) == shows_reason
    assert "halted" not in client.get("/admin/login/").content.decode()
    as_admin = admin_client(admin)
    answer = confirm(as_admin, upload(as_admin, acme))
    assert "Imports are halted for the moment." in visible_text(answer)
    assert not ImportBatch.objects.everywhere().exists()
