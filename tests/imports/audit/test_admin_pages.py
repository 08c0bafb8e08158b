"""Who sees which events in the admin."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from imports.models import AuditEvent, EventType
from tests.conftest import MakeUser
from tests.imports.admin.helpers import admin_client
from tests.imports.audit.helpers import LIST_URL, events, make_event, submit_import
from users.models import Organisation, User
from users.rights.roles import Role


def listed_ids(page: Any) -> list[int]:
    """The ids of the events on a page of the list."""
    assert page.status_code == 200
    return sorted(event.id for event in page.context["cl"].result_list)


@pytest.fixture
def sample_events(
    admin: User, other_admin: User, root: User, acme: Organisation, globex: Organisation
) -> dict[str, AuditEvent]:
    """Events by and about different users, of two organisations and of none."""
    ours = {"organisation_id": acme.id, "client_ip": "192.0.2.1"}
    return {
        "ours": make_event(user_id=admin.id, batch_id=submit_import(admin).id, **ours),
        "by staff": make_event(user_id=root.id, organisation_id=acme.id, client_ip="198.51.100.66"),
        "theirs": make_event(user_id=other_admin.id, organisation_id=globex.id),
        "staff's": make_event(event_type=EventType.BLOCKED, user_id=root.id, subject_id=uuid4()),
    }


def test_platform_staff_see_all_events(root: User, sample_events: dict[str, AuditEvent]) -> None:
    client = admin_client(root)
    assert listed_ids(client.get(LIST_URL)) == [event.id for event in events()]
    for event in events():
        assert client.get(f"{LIST_URL}{event.id}/change/").status_code == 200
    page = client.get(LIST_URL).content.decode()
    for text in ("admin@acme.example", "Globex", "198.51.100.66", "blocked uploads", "users.csv"):
        assert text in page


def test_an_administrator_sees_the_events_of_their_organisation_without_names_of_staff(
    admin: User, sample_events: dict[str, AuditEvent]
) -> None:
    client = admin_client(admin)
    page = client.get(LIST_URL)
    own = sorted(event.id for event in events() if event.organisation_id == admin.organisation_id)
    assert listed_ids(page) == own
    text = page.content.decode()
    assert "admin@acme.example" in text
    assert "MarketEdge&#x27;s staff" in text
    for hidden in ("root@", "Globex", "globex", "198.51.100.66"):
        assert hidden not in text
    one = client.get(f"{LIST_URL}{sample_events['by staff'].id}/change/").content.decode()
    assert "198.51.100.66" not in one
    assert "root@" not in one
    for name in ("theirs", "staff's"):
        assert client.get(f"{LIST_URL}{sample_events[name].id}/change/").status_code == 404
    assert listed_ids(client.get(LIST_URL, {"q": "198.51.100.66"})) == []
    assert listed_ids(client.get(LIST_URL, {"q": "root@marketedge.example"})) == []
    filtered = client.get(LIST_URL, {"organisation": str(sample_events["theirs"].organisation_id)})
    assert listed_ids(filtered) == own


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_other_roles_see_no_events(make_user: MakeUser, acme: Organisation, role: str) -> None:
    client = admin_client(make_user("eve@acme.example", role, acme))
    assert client.get(LIST_URL).status_code in (302, 403)


def test_the_admin_cannot_change_events(root: User, sample_events: dict[str, AuditEvent]) -> None:
    client, before, event = admin_client(root), events(), sample_events["ours"]
    one = f"{LIST_URL}{event.id}"
    assert client.get(f"{LIST_URL}add/").status_code == 403
    assert client.post(f"{one}/change/", {"deed": "x"}).status_code == 403
    assert client.post(f"{one}/delete/", {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": event.id, "post": "yes"}
    client.post(LIST_URL, action)
    assert events() == before


def test_events_can_be_filtered_and_searched(
    root: User, acme: Organisation, sample_events: dict[str, AuditEvent]
) -> None:
    client, ours = admin_client(root), sample_events["ours"]
    of_batch = sorted(event.id for event in events(batch_id=ours.batch_id))
    of_admin = sorted(event.id for event in events(user_id=ours.user_id))
    of_acme = sorted(event.id for event in events(organisation_id=acme.id))
    found = {
        "q=" + str(ours.batch_id): of_batch,
        "q=" + str(sample_events["staff's"].subject_id): [sample_events["staff's"].id],
        "q=Admin@acme.example": of_admin,
        "q=192.0.2.1": [ours.id],
        "q=nonsense": [],
        "deed=blocked": [sample_events["staff's"].id],
        f"organisation={acme.id}": of_acme,
        "organisation=nonsense": [event.id for event in events()],
        "source=command": sorted(event.id for event in events(source="command")),
    }
    assert {query: listed_ids(client.get(f"{LIST_URL}?{query}")) for query in found} == found
