"""The lists of the admin: their columns, search and filters, and that none counts a whole table."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from imports.admin.filters import ERROR_WORDS
from imports.models import ImportBatch, UploadBlock
from tests.conftest import MakeUser
from tests.imports.admin.helpers import (
    INVALID_ROW,
    admin_client,
    batch_url,
    csv_bytes,
    import_file,
    valid_rows,
    visible_text,
)
from tests.paths import ROOT
from users.admin import lists
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

IMPORTS, ERRORS, USERS = (
    f"/admin/{name}/" for name in ("imports/importbatch", "imports/importerror", "users/user")
)


def found(page: Any) -> set[str]:
    """The rows of a list, as texts."""
    assert page.status_code == 200
    return {str(row) for row in page.context["cl"].result_list}


@pytest.fixture
def by_admin(admin: User, acme: Organisation) -> ImportBatch:
    return import_file(admin_client(admin), acme, csv_bytes([*valid_rows(2), INVALID_ROW]))


@pytest.fixture
def by_staff(root: User, acme: Organisation) -> ImportBatch:
    return import_file(admin_client(root), acme, csv_bytes(valid_rows(1, domain="staff.example")))


def test_imports_show_who_uploaded_them_and_how_long_they_took(
    root: User, by_admin: ImportBatch
) -> None:
    text = visible_text(admin_client(root).get(IMPORTS))
    for part in ("admin@acme.example", "rows/s", " s ", "3 rows", "2 imported", "1 failed"):
        assert part in text


def test_imports_are_found_by_the_address_of_who_uploaded_them(
    root: User, by_admin: ImportBatch, by_staff: ImportBatch
) -> None:
    client = admin_client(root)
    for term in ("Admin@acme", "admin@acme.example", str(by_admin.id)):
        listed = client.get(IMPORTS, {"q": term}).context["cl"].result_list
        assert [batch.id for batch in listed] == [by_admin.id], term
    assert found(client.get(IMPORTS, {"q": "nobody@"})) == set()


def test_administrators_do_not_learn_who_of_the_staff_uploaded_a_file(
    admin: User, by_admin: ImportBatch, by_staff: ImportBatch
) -> None:
    client = admin_client(admin)
    for path in (IMPORTS, batch_url(by_staff)):
        page = client.get(path).content.decode()
        assert "root@" not in page
        assert "MarketEdge&#x27;s staff" in page
    assert found(client.get(IMPORTS, {"q": "root@marketedge.example"})) == set()


def test_users_show_the_import_that_they_came_from(
    root: User, viewer: User, by_admin: ImportBatch
) -> None:
    client = admin_client(root)
    page = client.get(USERS).content.decode()
    link = f'<a href="{batch_url(by_admin)}">{by_admin.filename}</a>'
    assert page.count(link) == 2
    person = User.objects.everywhere().get(email="person0@new.example")
    assert link in client.get(f"{USERS}{person.id}/change/").content.decode()
    assert link not in client.get(f"{USERS}{viewer.id}/change/").content.decode()


def test_blocks_name_the_user_or_the_network(root: User, viewer: User) -> None:
    UploadBlock.objects.create(user=viewer, reason="test")
    UploadBlock.objects.create(network="192.0.2.0/24", reason="test")
    text = visible_text(admin_client(root).get("/admin/imports/uploadblock/"))
    assert "viewer@acme.example" in text
    assert "192.0.2.0/24" in text


def test_every_documented_code_of_a_row_error_can_be_filtered_by() -> None:
    table = (ROOT / "docs" / "file-format.md").read_text().partition("<!-- codes:begin -->")[2]
    lines = table.partition("<!-- codes:end -->")[0].splitlines()[3:]
    codes = {line.split("`")[1] for line in lines if "warning only" not in line}
    assert codes == set(ERROR_WORDS)


# --- organisations ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "users/user",
        "users/apikey",
        "imports/importbatch",
        "imports/importerror",
        "imports/auditevent",
    ],
)
def test_no_list_names_all_organisations(root: User, path: str) -> None:
    Organisation.objects.bulk_create(Organisation(name=f"Many {n}") for n in range(5))
    page = admin_client(root).get(f"/admin/{path}/").content.decode()
    assert "Many 3" not in page
    assert "admin-autocomplete" in page


def test_the_filter_by_organisation_keeps_the_other_filters(
    root: User, by_admin: ImportBatch, globex: Organisation, acme: Organisation
) -> None:
    client = admin_client(root)
    chosen = {"outcome": "partly", "q": ".csv", "organisation__id__exact": str(acme.id)}
    page = client.get(IMPORTS, chosen)
    assert len(page.context["cl"].result_list) == 1
    form = page.content.decode().partition("data-organisation-filter")[2].partition("</form>")[0]
    assert '<input type="hidden" name="outcome" value="partly">' in form
    assert '<input type="hidden" name="q" value=".csv">' in form
    assert "Acme" in form
    assert found(client.get(IMPORTS, chosen | {"organisation__id__exact": str(globex.id)})) == set()


# --- counting -----------------------------------------------------------------------------------


def test_a_list_ends_after_the_most_rows_that_are_counted_and_says_so(
    root: User, make_user: MakeUser, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MOST_COUNTED", 3)
    for n in range(3):
        make_user(f"user{n}@acme.example", Role.VIEWER, acme)
    client = admin_client(root)
    text = visible_text(client.get(USERS))
    assert "The first 3 users are listed. Search or filter to find others." in text
    assert "Select all" not in text
    text = visible_text(client.get(USERS, {"q": "user"}))
    assert "3 users" in text
    assert "The first" not in text


@pytest.mark.parametrize(
    "path", ["users/user", "imports/importbatch", "imports/importerror", "imports/auditevent"]
)
def test_no_list_counts_all_rows(root: User, by_admin: ImportBatch, path: str) -> None:
    client = admin_client(root)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/admin/{path}/")
    for query in queries.captured_queries:
        sql = query["sql"]
        assert "DISTINCT" not in sql
        assert "COUNT(" not in sql or "LIMIT 10001" in sql
