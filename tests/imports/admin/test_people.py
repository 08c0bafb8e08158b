"""Administrators look after the people of their organisation in the admin."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.test import Client

from tests.conftest import MakeUser
from tests.imports.admin.helpers import admin_client, visible_text
from tests.imports.audit.helpers import events
from users.invitations import tasks
from users.models import Invitation, Organisation, User
from users.people import changes
from users.rights.roles import Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

LIST = "/admin/users/user/"


@pytest.fixture(autouse=True)
def _email(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """E-mail is on. No broker is asked."""
    settings.EMAIL_HOST = "mail.example"
    monkeypatch.setattr(tasks, "enqueue", lambda: None)


@pytest.fixture
def person(acme: Organisation) -> User:
    """Somebody without a password."""
    return User.objects.create_user(
        "grace@acme.example", first_name="Grace", last_name="Hopper", organisation=acme
    )


def values_of(client: Client, user: User) -> dict[str, Any]:
    """What a browser would send of the form of this user."""
    form = client.get(f"{LIST}{user.id}/change/").context["adminform"].form
    values = {name: form.initial.get(name) for name in form.fields if name != "password"}
    return {name: value for name, value in values.items() if value not in (None, False, "")}


def save(client: Client, user: User, values: dict[str, Any]) -> Any:
    return client.post(f"{LIST}{user.id}/change/", values)


def act(client: Client, action: str, *people: User) -> str:
    """The page after an action on these people."""
    form = {"action": action, "_selected_action": [str(person.id) for person in people]}
    return text_of(client.post(LIST, form, follow=True))


def text_of(page: Any) -> str:
    """The visible text, with apostrophes as they are read."""
    return html.unescape(visible_text(page))


def fresh(user: User) -> User:
    return User.objects.everywhere().get(id=user.id)


# --- the form -----------------------------------------------------------------------------------


def test_an_administrator_changes_what_is_editable(admin: User, viewer: User) -> None:
    client = admin_client(admin)
    values = values_of(client, viewer)
    assert set(values) == {"first_name", "last_name", "role", "version"}
    new = {"department": "IT", "role": "analyst", "value_edge_access": "on", "phone": "112233"}
    forbidden = {"email": "x@acme.example", "is_active": "", "is_staff": "on"}
    assert save(client, viewer, values | new | forbidden).status_code == 302
    now = fresh(viewer)
    assert (now.department, now.role, now.value_edge_access) == ("IT", "analyst", True)
    assert (now.email, now.is_active, now.is_staff) == (viewer.email, True, False)
    (event,) = events(event_type="user_changed")
    assert (event.source, event.user_id, event.subject_id) == ("admin", admin.id, viewer.id)
    assert event.fields == "department,phone,role,value_edge_access"


def test_a_form_that_was_open_while_somebody_else_saved_overwrites_nothing(
    admin: User, viewer: User
) -> None:
    client = admin_client(admin)
    values = values_of(client, viewer)
    changes.change(viewer, by=None, values={"location": "London"})
    page = save(client, viewer, values | {"department": "IT"})
    assert "Somebody else has changed this person" in text_of(page)
    assert (fresh(viewer).location, fresh(viewer).department) == ("London", "")


def test_the_roles_that_are_offered_end_at_the_own_one(
    admin: User, root: User, viewer: User
) -> None:
    for user, offered in ((admin, False), (root, True)):
        client = admin_client(user)
        page = client.get(f"{LIST}{viewer.id}/change/").content.decode()
        assert ('value="super_admin"' in page) == offered
    values = values_of(admin_client(admin), viewer)
    page = save(admin_client(admin), viewer, values | {"role": "super_admin"})
    assert "not one of the available choices" in text_of(page)
    assert fresh(viewer).role == "viewer"


def test_the_rules_are_errors_of_the_form(admin: User, root: User, viewer: User) -> None:
    client = admin_client(admin)
    page = save(client, admin, values_of(client, admin) | {"role": "viewer"})
    assert "You can't deactivate yourself or lower your own role." in text_of(page)
    staff = admin_client(root)
    page = save(staff, admin, values_of(staff, admin) | {"role": "viewer"})
    assert "the last active administrator" in text_of(page)
    page = save(client, viewer, values_of(client, viewer) | {"first_name": "=SUM(1)"})
    assert "like a spreadsheet formula" in text_of(page)
    assert fresh(admin).role == "admin"


def test_what_is_refused_at_the_last_moment_is_said(
    admin: User, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = admin_client(admin)
    values = values_of(client, viewer) | {"department": "IT"}
    monkeypatch.setattr(changes, "version_of", lambda _: values["version"])
    monkeypatch.setattr(
        changes, "change", lambda *_, **__: (_ for _ in ()).throw(changes.LastAdministrator())
    )
    page = client.post(f"{LIST}{viewer.id}/change/", values, follow=True)
    assert "the last active administrator" in text_of(page)
    assert fresh(viewer).department == ""


def test_platform_staff_change_everything_by_the_same_rules(
    root: User, viewer: User, globex: Organisation
) -> None:
    client = admin_client(root)
    values = values_of(client, viewer)
    new = {"email": "New@Acme.example", "is_active": "", "organisation": globex.id}
    values.pop("is_active")
    assert save(client, viewer, values | new).status_code == 302
    now = fresh(viewer)
    assert (now.email, now.is_active, now.organisation) == ("new@acme.example", False, globex)
    assert [event.event_type for event in events(subject_id=viewer.id)] == [
        "user_changed",
        "user_deactivated",
    ]


# --- the list -----------------------------------------------------------------------------------


def test_actions(admin: User, person: User, viewer: User) -> None:
    client = admin_client(admin)
    page = act(client, "deactivate", person, viewer, admin)
    assert "2 users deactivated." in page
    assert f"{admin.email}: You can't deactivate yourself" in page
    assert not fresh(viewer).is_active
    assert "1 user activated." in act(client, "activate", person)
    page = act(client, "invite", person, viewer)
    assert "1 user invited." in page
    assert f"{viewer.email}: This person is not active." in page
    assert "pending" in page
    page = act(client, "revoke_invitation", person, viewer)
    assert "Invitations of 1 user revoked." in page
    assert f"{viewer.email}: This person has no open invitation" in page
    assert Invitation.objects.everywhere().get().status == "revoked"
    history = text_of(client.get(f"{LIST}{person.id}/history/"))
    assert "Deactivated." in history
    assert "Invitation revoked." in history


def test_an_action_is_for_a_limited_number_of_people(
    admin: User, person: User, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("users.admin.people_lists.MAX_PEOPLE", 1)
    page = act(admin_client(admin), "deactivate", person, viewer)
    assert "Select at most 1 users at once." in page
    assert fresh(viewer).is_active


def test_the_list_shows_and_filters_applications_and_invitations(
    admin: User, person: User, viewer: User, make_user: MakeUser, acme: Organisation
) -> None:
    make_user("third@acme.example", Role.VIEWER, acme, causal_edge_access=True)
    Invitation.objects.create(
        user=person, organisation=acme, status="failed", reason="The mailbox is full."
    )
    client = admin_client(admin)

    def listed(query: str) -> list[str]:
        found = client.get(f"{LIST}?{query}").context["cl"].result_list
        return [user.email.partition("@")[0] for user in found]

    assert listed("application=causal_edge_access") == ["third"]
    assert listed("application=market_edge_access") == []
    assert listed("invited=failed") == ["grace"]
    assert listed("invited=none") == ["admin", "third", "viewer"]
    assert "could not be sent: The mailbox is full." in text_of(client.get(LIST))


def test_the_export_holds_the_applications(admin: User, viewer: User) -> None:
    User.objects.everywhere().filter(id=viewer.id).update(value_edge_access=True)
    client = admin_client(admin)
    form = {"format": "0", "resource": "0"}
    names = ("email", "market_edge_access", "causal_edge_access", "value_edge_access")
    form |= {f"userresource_{name}": "on" for name in names}
    text = client.post(f"{LIST}export/", form).getvalue().decode("utf-8-sig")
    header, *rows = text.splitlines()
    assert header.endswith("market_edge_access,causal_edge_access,value_edge_access")
    assert any(row.startswith(viewer.email) and row.endswith("0,0,1") for row in rows)
