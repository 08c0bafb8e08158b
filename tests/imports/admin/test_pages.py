"""Who sees what at the admin site."""

from __future__ import annotations

from collections.abc import Callable
from importlib import reload
from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.db import connection
from django.test import Client
from django.urls import clear_url_caches

import marketedge.urls
from imports.engine import runner
from imports.models import ImportBatch
from tests.imports.admin.helpers import at_the_admin, batch_page, confirm, text_of, upload
from tests.imports.api.helpers import INVALID_ROW, csv_bytes, valid_rows
from users.models import Organisation, User
from users.roles import Role

pytestmark = pytest.mark.django_db

LISTS = [f"{m._meta.app_label}/{m._meta.model_name}" for m in django_admin.site._registry]


@pytest.fixture
def done(root: User, acme: Organisation, globex: Organisation) -> dict[str, ImportBatch]:
    """One import into each organisation, each with a row that failed."""
    client, batches = at_the_admin(root), {}
    for organisation in (acme, globex):
        rows = [*valid_rows(2, domain=f"{organisation.name.lower()}.example"), INVALID_ROW]
        answer = confirm(client, upload(client, organisation, csv_bytes(rows)))
        batches[organisation.name] = ImportBatch.objects.get(id=answer.url.split("/")[-3])
        runner.run(batches[organisation.name].id, lambda: False)
    return batches


@pytest.mark.parametrize("path", LISTS)
def test_every_list_and_every_page_opens_for_platform_staff(
    root: User, done: dict[str, ImportBatch], path: str
) -> None:
    client = at_the_admin(root)
    page = client.get(f"/admin/{path}/")
    assert page.status_code == 200
    for row in page.context["cl"].result_list:
        assert client.get(f"/admin/{path}/{row.pk}/change/").status_code == 200


def test_an_administrator_sees_their_own_organisations_rows_alone(
    admin: User, other_admin: User, done: dict[str, ImportBatch]
) -> None:
    client = at_the_admin(admin)
    users = client.get("/admin/users/user/")
    assert {user.organisation.name for user in users.context["cl"].result_list} == {"Acme"}
    batches = client.get("/admin/imports/importbatch/").context["cl"].result_list
    assert [batch.id for batch in batches] == [done["Acme"].id]
    errors = client.get("/admin/imports/importerror/").context["cl"].result_list
    assert {error.import_batch_id for error in errors} == {done["Acme"].id}


@pytest.mark.parametrize("path", ["users/user", "imports/importbatch", "imports/importerror"])
def test_no_list_names_another_organisation(
    admin: User, done: dict[str, ImportBatch], path: str
) -> None:
    assert "Globex" not in at_the_admin(admin).get(f"/admin/{path}/").content.decode()


def test_another_organisations_page_is_a_404_like_one_that_never_was(
    admin: User, other_admin: User, done: dict[str, ImportBatch]
) -> None:
    client, theirs = at_the_admin(admin), done["Globex"]
    paths = [f"/admin/users/user/{other_admin.id}/{page}/" for page in ("change", "history")]
    paths += [f"/admin/imports/importbatch/{theirs.id}/{page}" for page in ("progress", "history/")]
    paths += [f"/admin/imports/importbatch/{theirs.id}/errors.csv", batch_page(theirs)]
    paths += [f"/admin/imports/importerror/{theirs.errors.first().id}/change/"]
    paths += ["/admin/imports/importbatch/00000000-0000-0000-0000-000000000000/change/"]
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)
    for action in ("cancel", "retry", "undo"):
        assert client.post(f"/admin/imports/importbatch/{theirs.id}/{action}").status_code == 404


def test_an_administrator_without_an_organisation_sees_nobody(
    make_user: Callable[..., User],
) -> None:
    make_user("root@marketedge.example", Role.SUPER_ADMIN)
    client = at_the_admin(make_user("lost@acme.example", Role.ADMIN, None))
    assert not client.get("/admin/users/user/").context["cl"].result_list


def test_an_administrator_changes_nobody_by_hand_and_sees_no_password(
    admin: User, viewer: User, globex: Organisation
) -> None:
    client = at_the_admin(admin)
    assert "/admin/users/user/add/" not in client.get("/admin/users/user/").content.decode()
    page = client.get(f"/admin/users/user/{viewer.id}/change/")
    assert page.status_code == 200
    assert "algorithm" not in page.content.decode()
    sent = {"email": viewer.email, "role": "super_admin", "is_superuser": "on"}
    assert client.post(f"/admin/users/user/{viewer.id}/change/", sent).status_code == 403
    assert client.get("/admin/users/user/add/").status_code == 403
    assert client.post("/admin/users/user/add/", sent).status_code == 403
    assert client.post(f"/admin/users/user/{viewer.id}/delete/").status_code == 403
    assert client.get(f"/admin/users/user/{viewer.id}/password/").status_code == 403
    assert client.get("/admin/users/organisation/").status_code == 403
    assert client.get("/admin/imports/uploadblock/").status_code == 403


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_who_may_not_import_has_no_business_here(
    make_user: Callable[..., User], acme: Organisation, role: str
) -> None:
    client = at_the_admin(make_user("someone@acme.example", role, acme))
    for path in ("users/user/", "users/user/import/", "users/user/export/", "imports/importbatch/"):
        assert client.get(f"/admin/{path}").status_code == 403


def test_without_a_login_every_page_asks_for_one(done: dict[str, ImportBatch]) -> None:
    paths = [f"/admin/{path}/" for path in LISTS] + ["/admin/users/user/import/"]
    paths += [f"/admin/imports/importbatch/{done['Acme'].id}/progress"]
    for path in paths:
        answer = Client().get(path)
        assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/admin/login/")


@pytest.mark.parametrize("path", ["importbatch", "importerror"])
def test_nothing_of_an_import_can_be_changed_by_hand(
    root: User, done: dict[str, ImportBatch], path: str
) -> None:
    client, batch = at_the_admin(root), done["Acme"]
    row = batch if path == "importbatch" else batch.errors.first()
    address = f"/admin/imports/{path}/"
    answers = [
        client.get(f"{address}add/"),
        client.post(f"{address}{row.id}/change/", {"successful_rows": "99"}),
        client.post(f"{address}{row.id}/delete/", {"post": "yes"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert ImportBatch.objects.get(id=batch.id).successful_rows == 2


def test_platform_staff_add_a_user_whose_address_gets_its_one_form(
    root: User, acme: Organisation
) -> None:
    client = at_the_admin(root)
    sent = {
        "email": " Grace@ACME.example ",
        "first_name": "Grace",
        "last_name": "Hopper",
        "role": "analyst",
        "organisation": acme.id,
        "usable_password": "false",
    }
    assert client.post("/admin/users/user/add/", sent).status_code == 302
    user = User.objects.get(email="grace@acme.example")
    assert (user.organisation, user.has_usable_password()) == (acme, False)
    again = client.post("/admin/users/user/add/", sent)
    assert "already exists" in text_of(again)


def test_platform_staff_change_a_user(root: User, viewer: User) -> None:
    client = at_the_admin(root)
    page = client.get(f"/admin/users/user/{viewer.id}/change/")
    values = page.context["adminform"].form.initial
    sent = {name: value for name, value in values.items() if value not in (None, False, "")}
    sent |= {"role": "analyst", "organisation": viewer.organisation_id}
    assert client.post(f"/admin/users/user/{viewer.id}/change/", sent).status_code == 302
    assert User.objects.get(id=viewer.id).role == "analyst"


def test_an_organisation_is_never_deleted_with_all_its_users(
    root: User, acme: Organisation
) -> None:
    client = at_the_admin(root)
    answer = client.post(f"/admin/users/organisation/{acme.id}/delete/", {"post": "yes"})
    assert (answer.status_code, Organisation.objects.filter(id=acme.id).exists()) == (403, True)


def test_an_export_holds_the_own_users_and_no_formula(
    admin: User, other_admin: User, make_user: Callable[..., User], acme: Organisation
) -> None:
    make_user("eve@acme.example", Role.VIEWER, acme, department="=1+1", phone="+44 20 7946 0123")
    fields = {"format": "0", "resource": ""}
    fields |= {f"userresource_{name}": "on" for name in ("email", "department", "phone", "role")}
    answer = at_the_admin(admin).post("/admin/users/user/export/", fields)
    assert answer["Content-Type"] == "text/csv"
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert "eve@acme.example,viewer,'=1+1,'+44 20 7946 0123" in lines
    assert not [line for line in lines if other_admin.email in line]
    assert "password" not in lines[0]


def test_the_panel_can_be_switched_off(settings: Any, root: User) -> None:
    client = at_the_admin(root)
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


def test_pages_that_say_that_there_is_none_look_like_ours(root: User, client: Client) -> None:
    answer = client.get("/nothing/here")
    assert answer.status_code == 404
    assert "This page does not exist, or you are not allowed to see it." in text_of(answer)
    client = at_the_admin(root, raise_request_exception=False)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE organisations RENAME TO gone")
    answer = client.get("/admin/users/organisation/")
    assert answer.status_code == 500
    assert "The error is on our side" in text_of(answer)
