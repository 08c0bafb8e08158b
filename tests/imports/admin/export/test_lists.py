"""What an export holds, for whom, and what is refused."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from imports.admin.export.formats import Xlsx
from imports.engine import runner
from imports.models import ImportBatch, ImportError
from tests.conftest import MakeUser
from tests.imports.admin.export.helpers import (
    CSV,
    LISTS,
    XLSX,
    export,
    form_for,
    read_csv,
    read_xlsx,
)
from tests.imports.admin.helpers import (
    INVALID_ROW,
    admin_client,
    confirm,
    csv_bytes,
    csv_upload,
    import_file,
    upload,
    valid_rows,
    visible_text,
)
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


@pytest.fixture
def batches(root: User, acme: Organisation, globex: Organisation) -> dict[str, ImportBatch]:
    """A finished import of each organisation, with two people and a failed row."""
    client, finished = admin_client(root), {}
    for organisation in (acme, globex):
        rows = [*valid_rows(2, domain=f"{organisation.name.lower()}.example"), INVALID_ROW]
        finished[organisation.name] = import_file(client, organisation, csv_bytes(rows))
    return finished


def test_administrators_export_rows_of_their_own_organisation_only(
    admin: User, other_admin: User, batches: dict[str, ImportBatch]
) -> None:
    client = admin_client(admin)
    people = read_csv(export(client, "users/user"))
    emails = ["admin@acme.example", "person0@acme.example", "person1@acme.example"]
    assert [row["email"] for row in people] == emails
    assert {row["organisation__name"] for row in people} == {"Acme"}
    imports = read_csv(export(client, "imports/importbatch"))
    assert [row["id"] for row in imports] == [str(batches["Acme"].id)]
    assert imports[0]["successful_rows"] == "2"
    errors = read_csv(export(client, "imports/importerror"))
    assert {row["import_batch__id"] for row in errors} == {str(batches["Acme"].id)}
    assert {row["error_code"] for row in errors} >= {"invalid_email"}
    for path in LISTS:  # nor by a filter of the URL
        field = {"users/user": "organisation", "imports/importbatch": "organisation"}.get(
            path, "import_batch__organisation"
        )
        theirs = f"?{field}__id__exact={other_admin.organisation_id}"
        assert export(client, path, theirs).status_code == 400


def test_platform_staff_export_rows_of_all_organisations(
    root: User, batches: dict[str, ImportBatch]
) -> None:
    client = admin_client(root)
    for path in LISTS:
        rows = read_csv(export(client, path))
        names = {value for row in rows for name, value in row.items() if "organisation" in name}
        assert names - {""} == {"Acme", "Globex"}
        assert len(rows) == LISTS[path].objects.everywhere().count()


@pytest.mark.parametrize("file_format", [CSV, XLSX])
def test_filters_and_search_of_the_list_apply(
    admin: User, acme: Organisation, make_user: MakeUser, file_format: str
) -> None:
    make_user("grace@acme.example", Role.ANALYST, acme, department="Navy")
    make_user("joan@acme.example", Role.VIEWER, acme, department="Navy")
    client = admin_client(admin)

    def exported(query: str) -> list[Any]:
        answer = export(client, "users/user", query, file_format, "email")
        if file_format == CSV:
            return [row["email"] for row in read_csv(answer)]
        return [row[0] for row in read_xlsx(answer.getvalue())[1:]]

    both = ["grace@acme.example", "joan@acme.example"]
    assert exported("?q=navy&o=-1") == both
    assert exported("?q=navy&role__exact=analyst") == ["grace@acme.example"]
    assert exported("?role__exact=viewer") == ["joan@acme.example"]
    assert exported("?q=nobody") == []
    assert exported("") == ["admin@acme.example", *both]


def test_the_button_keeps_the_filters(admin: User, batches: dict[str, ImportBatch]) -> None:
    client = admin_client(admin)
    for path, query in (
        ("users/user", "?role__exact=viewer"),
        ("imports/importbatch", "?status__exact=completed"),
        ("imports/importerror", "?error_code=invalid_email"),
    ):
        page = client.get(f"/admin/{path}/{query}").content.decode()
        assert f'href="/admin/{path}/export/{query}"' in page
        assert client.get(f"/admin/{path}/export/{query}").status_code == 200


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.mark.parametrize("file_format", [CSV, XLSX])
def test_no_cell_is_a_formula(
    admin: User, acme: Organisation, make_user: MakeUser, file_format: str
) -> None:
    for number, text in enumerate(FORMULAS):
        make_user(f"p{number}@acme.example", Role.VIEWER, acme, department=text, first_name=text)
    columns = ("email", "first_name", "department")
    answer = export(admin_client(admin), "users/user", "?q=p", file_format, *columns)
    if file_format == CSV:
        text = answer.getvalue().decode("utf-8-sig")
        rows = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""))]
    else:
        rows = [(mail, _read(a), _read(b)) for mail, a, b in read_xlsx(answer.getvalue())]
    marked = [f"'{text}" for text in FORMULAS]
    assert [row[1:] for row in rows if row[0].startswith("p")] == [(one, one) for one in marked]


def _read(cell: str | None) -> str:
    return (cell or "").replace("_x000D_", "\r")  # openpyxl does not read this escape


@pytest.mark.parametrize("file_format", [CSV, XLSX])
def test_an_import_reads_what_was_exported(
    admin: User, acme: Organisation, make_user: MakeUser, file_format: str
) -> None:
    make_user("eve@acme.example", Role.ANALYST, acme, department="Navy", phone="+442079460123")
    User.objects.everywhere().update(market_edge_access=True)
    client = admin_client(admin)
    content = export(client, "users/user", "", file_format).getvalue()
    assert file_format == XLSX or b"'+442079460123" in content  # it is escaped
    for user in User.objects.everywhere().exclude(id=admin.id):
        user.delete()
    name = f"users.{'csv' if file_format == CSV else 'xlsx'}"
    import_file_of(client, acme, content, name)
    eve = User.objects.everywhere().get(email="eve@acme.example")
    assert (eve.department, eve.phone, eve.role) == ("Navy", "+442079460123", "analyst")
    assert (eve.market_edge_access, eve.causal_edge_access) == (True, False)


def import_file_of(client: Any, organisation: Organisation, content: bytes, name: str) -> None:

    page = upload(client, organisation, import_file=csv_upload(content, name))
    batch_id = confirm(client, page).url.split("/")[-3]
    runner.run(batch_id, lambda: False)
    batch = ImportBatch.objects.everywhere().get(id=batch_id)
    assert [error.error_message for error in batch.errors.all()] == []
    assert (batch.successful_rows, batch.skipped_rows) == (1, 1)


@pytest.mark.parametrize("path", LISTS)
def test_others_may_not_export(
    make_user: MakeUser, acme: Organisation, path: str, client: Any
) -> None:
    as_analyst = admin_client(make_user("someone@acme.example", Role.ANALYST, acme))
    assert export(as_analyst, path).status_code == 403
    assert as_analyst.get(f"/admin/{path}/export/").status_code == 403
    assert export(client, path).status_code == 302  # to the login


def test_more_rows_than_a_sheet_holds_are_refused_before_the_file_begins(
    admin: User, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = admin_client(admin)
    monkeypatch.setattr(Xlsx, "max_rows", 2)
    assert export(client, "users/user", "", XLSX).streaming
    monkeypatch.setattr(Xlsx, "max_rows", 1)
    answer = export(client, "users/user", "", XLSX)
    assert answer.status_code == 400
    sentence = "The list has 2 rows. A sheet of Excel holds 1 below its header."
    assert sentence in visible_text(answer)
    assert len(read_csv(export(client, "users/user"))) == 2
    assert len(read_xlsx(export(client, "users/user", "?role__exact=viewer", XLSX).getvalue())) == 2


def test_a_sheet_of_excel_holds_1048575_rows_below_its_header() -> None:
    assert Xlsx.max_rows == 1_048_575


def test_wrong_forms_and_filters_are_answered_with_a_page(admin: User) -> None:
    client = admin_client(admin)
    url = "/admin/users/user/export/"
    good = form_for("users/user")
    assert client.get(f"{url}?created_at__gte=yesterday").status_code == 302
    for wrong in ({"format": "7"}, {"format": "x"}, {"resource": "9"}):
        assert not client.post(url, good | wrong).streaming
    page = client.post(url, {"format": "0", "resource": "0"})
    assert "Select at least 1 field" in visible_text(page)
    with_items = client.post(url, good | {"export_items": [str(admin.id)]})
    assert [row["email"] for row in read_csv(with_items)] == [admin.email]


def test_the_file_is_named_after_the_list_and_is_not_stored_by_caches(admin: User) -> None:
    answer = export(admin_client(admin), "imports/importerror", "", XLSX)
    assert 'attachment; filename="row-errors-' in answer["Content-Disposition"]
    assert answer["Content-Disposition"].endswith('.xlsx"')
    assert "no-store" in answer["Cache-Control"]
    assert len(read_xlsx(answer.getvalue())) == 1 + ImportError.objects.everywhere().count()
