"""What the audit trail keeps of an export."""

from __future__ import annotations

import json
from typing import Any

import pytest

from imports.admin.export import pages as paging
from imports.admin.export import running
from imports.admin.export.record import details, in_words
from tests.imports.admin.export.helpers import CSV, LISTS, XLSX, add_people, export, leave
from tests.imports.admin.helpers import admin_client, visible_text
from tests.imports.audit.helpers import LIST_URL, events
from users.models import Organisation, User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(("file_format", "name"), [(CSV, "csv"), (XLSX, "xlsx")])
def test_an_export_is_recorded_before_its_first_row_leaves(
    admin: User, path: str, file_format: str, name: str
) -> None:
    answer = export(admin_client(admin, REMOTE_ADDR="2001:db8::7"), path, "", file_format)
    (event,) = events()
    assert (event.event_type, event.source, event.client_ip) == ("exported", "admin", "2001:db8::7")
    assert (event.user_id, event.organisation_id) == (admin.id, admin.organisation_id)
    assert event.details["list"] == path.replace("/", ".")
    assert event.details["format"] == name
    assert event.details["rows"] == LISTS[path].objects.of(admin.organisation_id).count()
    answer.getvalue()
    assert events() == [event]


def test_filters_are_recorded_and_no_personal_data(admin: User, viewer: User) -> None:
    query = f"?q={viewer.email}&role__exact=viewer&is_active__exact=1&o=-2&application=Ada"
    export(admin_client(admin), "users/user", query, CSV, "email", "role")
    (event,) = events()
    assert event.details == {
        "list": "users.user",
        "format": "csv",
        "columns": ["email", "role"],
        "filters": {
            "search": "…",
            "role__exact": "viewer",
            "is_active__exact": "1",
            "application": "…",
        },
        "rows": 1,
    }
    text = json.dumps(event.details)
    assert "viewer@" not in text
    assert "Ada" not in text


@pytest.mark.parametrize(
    "value",
    [
        "4f7c0c5e-9f43-4a55-8d0e-0b1f6a1f2c3d",
        "4f7c0c5e9f434a558d0e0b1f6a1f2c3d",
        "2026-11-27",
        "2026-11-27 00:00:00+00:00",
        "True",
        "0",
    ],
)
def test_formal_values_of_filters_are_kept(value: str) -> None:
    assert details("users.user", "csv", [], {"x": value}, 0)["filters"] == {"x": value}


@pytest.mark.parametrize("value", ["ada@acme.example", "Ada", "+442079460123", "", "viewer "])
def test_other_values_of_filters_are_not(value: str) -> None:
    assert details("users.user", "csv", [], {"x": value}, 0)["filters"] == {"x": "…"}


def test_the_page_of_an_event_says_what_was_exported(admin: User) -> None:
    client = admin_client(admin)
    export(client, "users/user", "?role__exact=admin", CSV, "email", "phone")
    (event,) = events()
    words = "1 row of users.user as csv; filters: role__exact=admin; columns: email, phone"
    assert words in visible_text(client.get(f"{LIST_URL}{event.id}/change/"))
    assert in_words({}) == ""


def test_an_export_that_ends_early_is_recorded_with_the_rows_that_were_given(
    admin: User, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "ROWS_PER_PAGE", 3)
    add_people(acme, 8)
    answer = export(admin_client(admin), "users/user", "", CSV)
    parts = iter(answer.streaming_content)
    for _ in range(3):  # the header and two pages
        next(parts)
    leave(answer)
    begun, stopped = events()
    assert (begun.event_type, begun.details["rows"]) == ("exported", 9)
    assert (stopped.event_type, stopped.source) == ("export_stopped", "admin")
    assert stopped.user_id == admin.id
    # The second page may have been sent or not: it counts once the third is asked for.
    assert stopped.details == begun.details | {"rows": 3}


def test_a_failure_of_the_database_ends_the_file_and_is_recorded(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        yield [("a@acme.example",)]
        raise ConnectionError

    monkeypatch.setattr("imports.admin.export.views.pages", fail)
    answer = export(admin_client(admin), "users/user", "", CSV, "email")
    with pytest.raises(ConnectionError):
        answer.getvalue()
    assert [event.event_type for event in events()] == ["exported", "export_stopped"]


def test_only_some_exports_run_at_once_and_others_are_told_to_wait(admin: User) -> None:
    client = admin_client(admin)
    running_ones = [export(client, "users/user") for _ in range(running.MAX_AT_ONCE)]
    refused = export(client, "users/user")
    assert refused.status_code == 503
    assert "Other exports are running." in visible_text(refused)
    assert len(events()) == running.MAX_AT_ONCE
    running_ones[0].getvalue()
    assert export(client, "users/user").streaming  # its place is free again
    next(iter(running_ones[1].streaming_content))
    leave(running_ones[1])
    assert export(client, "users/user").streaming
