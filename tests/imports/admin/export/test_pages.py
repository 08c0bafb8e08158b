"""Rows are read in pages: each row once, in short queries, with nothing open in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from imports.admin.export import pages as paging
from imports.admin.export.resources import RESOURCES
from imports.models import ImportBatch, ImportError
from tests.imports.admin.export.helpers import CSV, XLSX, add_people, export, form_for, leave
from tests.imports.admin.helpers import admin_client
from users.models import Organisation, User

ROWS = 7


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "ROWS_PER_PAGE", 3)


@pytest.fixture
def rows(acme: Organisation, globex: Organisation) -> None:
    """Seven rows of each list."""
    add_people(acme, ROWS)
    for organisation in (acme, globex, acme, acme, acme, globex, acme):
        ImportBatch.objects.create(organisation=organisation, filename="users.csv")
    some = list(ImportBatch.objects.everywhere())
    for number in range(ROWS):
        ImportError.objects.create(
            import_batch=some[number % 3],
            row_number=10 - number,
            field_name="email" if number % 2 else "",
            error_code="invalid_email",
        )


@pytest.mark.django_db
@pytest.mark.parametrize("model", RESOURCES)
def test_every_row_comes_once_and_in_order(rows: None, model: Any) -> None:
    resource = RESOURCES[model]
    read = paging.pages(
        model.objects.everywhere(), ["id"], resource.key, is_descending=resource.is_descending
    )
    found = [id_ for page in read for (id_,) in page]
    sign = "-" if resource.is_descending else ""
    order = [f"{sign}{name}" for name in resource.key]
    assert found == list(model.objects.everywhere().order_by(*order).values_list("id", flat=True))
    assert len(found) == ROWS


@pytest.mark.django_db
@pytest.mark.parametrize(("rows_there", "queries"), [(0, 1), (2, 1), (3, 2), (4, 2), (6, 3)])
def test_a_page_is_one_query(acme: Organisation, rows_there: int, queries: int) -> None:
    add_people(acme, rows_there)
    with CaptureQueriesContext(connection) as captured:
        found = sum(map(len, paging.pages(User.objects.of(acme.id), ["email"], ["email"])))
    assert (found, len(captured)) == (rows_there, queries)
    assert all(f"LIMIT {paging.ROWS_PER_PAGE}" in query["sql"] for query in captured)


@pytest.mark.django_db
def test_rows_that_go_and_come_meanwhile_double_and_lose_no_other(acme: Organisation) -> None:
    add_people(acme, 9)
    read = paging.pages(User.objects.of(acme.id), ["email"], ["email"])
    found = [email for (email,) in next(read)]
    User.objects.of(acme.id).filter(email__in=[found[0], found[2]]).delete()
    User.objects.create_user("00000000@acme.example", organisation=acme)
    found += [email for page in read for (email,) in page]
    assert found == [f"{number:08}@acme.example" for number in range(1, 10)]


@pytest.mark.django_db
def test_an_index_gives_the_pages(acme: Organisation, rows: None) -> None:
    """PostgreSQL compares two rows in the order of the index, however far behind the page is."""
    expected = {User: "users_email_unique", ImportError: "import_errors_once"}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    for model, index in expected.items():
        key = RESOURCES[model].key
        with CaptureQueriesContext(connection) as captured:
            assert len(list(paging.pages(model.unscoped.all(), ["id"], key))) == 3
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + captured[1]["sql"])
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert f"using {index}" in plan
        assert "Index Cond" in plan


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("file_format", [CSV, XLSX])
def test_nothing_is_open_in_the_database_while_the_client_takes_its_time(
    admin: User, acme: Organisation, file_format: str
) -> None:
    """Neither a transaction nor a cursor, so that no time-out of PostgreSQL ends an export."""
    add_people(acme, ROWS)
    answer = admin_client(admin).post(
        "/admin/users/user/export/", form_for("users/user", file_format)
    )
    parts = iter(answer.streaming_content)
    for _ in range(2 if file_format == CSV else 1):
        assert next(parts)
        state = _state_of_session()
        assert state == ("idle", None, 0)
    leave(answer)


def _state_of_session() -> tuple[str, Any, int]:
    """State, begin of transaction, and number of cursors of this process' session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE is_holdable")
        (cursors,) = cursor.fetchone()
    pid = connection.connection.info.backend_pid
    with connection.copy().cursor() as other:
        other.execute("SELECT state, xact_start FROM pg_stat_activity WHERE pid = %s", [pid])
        state, begun = other.fetchone()
        other.db.close()
    return state, begun, cursors


@pytest.mark.django_db
def test_an_export_of_all_pages_has_all_rows(
    admin: User, acme: Organisation, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    add_people(acme, 10)
    client = admin_client(admin)
    with django_assert_max_num_queries(20):  # of which 4 are for pages
        answer = export(client, "users/user", "?q=acme")
        assert answer.getvalue().count(b"\r\n") == 12
