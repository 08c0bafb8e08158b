"""The rules for changes of people."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from rest_framework.test import APIClient

from core.errors import NotAllowed, NotFound, Refusal
from tests.conftest import MakeUser, client_of
from tests.imports.audit.helpers import events
from users.credentials import api_keys, tokens
from users.models import Invitation, Organisation, User
from users.people import changes
from users.people.refusals import (
    AddressUnavailable,
    AlreadyExists,
    LastAdministrator,
    OwnAccount,
    PersonChanged,
    RoleAboveOwn,
)
from users.rights.roles import Role

pytestmark = pytest.mark.django_db

NEW = {"email": "grace@acme.example", "first_name": "Grace", "last_name": "Hopper"}


@pytest.fixture
def colleague(make_user: MakeUser, acme: Organisation) -> User:
    """Acme's second administrator."""
    return make_user("second@acme.example", Role.ADMIN, acme)


def fresh(user: User) -> User:
    return User.objects.everywhere().get(id=user.id)


# --- what is allowed ----------------------------------------------------------------------------


def test_an_administrator_changes_what_is_editable(admin: User, viewer: User) -> None:
    values = {
        "first_name": "Grace", "last_name": "Hopper", "role": "admin", "department": "IT",
        "location": "London", "phone": "+44 20 7946 0123", "market_edge_access": True,
        "causal_edge_access": True, "value_edge_access": True,
    }  # fmt: skip
    assert set(values) == set(changes.EDITABLE)
    changed = changes.change(viewer, by=admin, values=values)
    assert {name: getattr(changed, name) for name in values} == values
    assert {name: getattr(fresh(viewer), name) for name in values} == values


@pytest.mark.parametrize("name", ["email", "organisation", "is_staff", "wants_import_mail"])
def test_only_platform_staff_change_the_rest(
    admin: User, root: User, viewer: User, globex: Organisation, name: str
) -> None:
    new = {"email": "new@acme.example", "organisation": globex}.get(name, name == "is_staff")
    with pytest.raises(NotAllowed):
        changes.change(viewer, by=admin, values={name: new})
    changes.change(viewer, by=root, values={name: new})
    assert getattr(fresh(viewer), name) == new


def test_the_same_value_is_no_change(admin: User, viewer: User) -> None:
    before = fresh(viewer)
    changes.change(viewer, by=admin, values={"role": viewer.role, "department": ""})
    assert fresh(viewer).updated_at == before.updated_at
    assert events(event_type="user_changed") == []


# --- who is out of reach ------------------------------------------------------------------------


def test_people_of_other_organisations_and_platform_staff_do_not_exist(
    admin: User, other_admin: User, root: User
) -> None:
    for person in (other_admin, root):
        for act in (changes.deactivate, changes.activate):
            with pytest.raises(NotFound):
                act(person, by=admin)
        with pytest.raises(NotFound):
            changes.change(person, by=admin, values={"department": "IT"})
    assert fresh(other_admin).is_active
    assert fresh(root).is_active


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_others_change_nobody(
    make_user: MakeUser, acme: Organisation, viewer: User, role: str
) -> None:
    someone = make_user("someone@acme.example", role, acme)
    with pytest.raises(NotAllowed):
        changes.change(viewer, by=someone, values={"department": "IT"})
    with pytest.raises(NotAllowed):
        changes.add(organisation=acme, by=someone, values=NEW, invite=False)


def test_nobody_gives_a_role_above_their_own(admin: User, viewer: User, acme: Organisation) -> None:
    with pytest.raises(RoleAboveOwn):
        changes.change(viewer, by=admin, values={"role": Role.SUPER_ADMIN})
    values = NEW | {"role": Role.SUPER_ADMIN}
    with pytest.raises(RoleAboveOwn):
        changes.add(organisation=acme, by=admin, values=values, invite=False)
    assert fresh(viewer).role == Role.VIEWER


# --- oneself and the last administrator ---------------------------------------------------------


@pytest.mark.parametrize("values", [{"role": "viewer"}, {"is_active": False}])
@pytest.mark.usefixtures("colleague")
def test_nobody_shuts_themselves_out(admin: User, root: User, values: dict[str, Any]) -> None:
    for oneself in (admin, root):
        with pytest.raises(OwnAccount):
            changes.change(oneself, by=oneself, values=values)
    changes.change(admin, by=admin, values={"role": "admin", "department": "IT"})
    assert fresh(admin).department == "IT"


@pytest.mark.parametrize(
    "values", [{"role": "viewer"}, {"is_active": False}, {"organisation": None}]
)
def test_nobody_removes_the_last_active_administrator(
    root: User, admin: User, colleague: User, values: dict[str, Any]
) -> None:
    changes.deactivate(colleague, by=admin)
    for by in (root, None):
        with pytest.raises(LastAdministrator):
            changes.change(admin, by=by, values=values)
    changes.activate(colleague, by=root)
    changes.change(admin, by=root, values=values)


def test_an_inactive_administrator_is_not_the_last_one(
    root: User, admin: User, colleague: User
) -> None:
    changes.deactivate(colleague, by=admin)
    assert changes.change(colleague, by=admin, values={"role": "viewer"}).role == "viewer"


def in_threads(*acts: Callable[[], object]) -> list[object]:
    """Does all at once; gives the results or the refusals."""
    results: list[object] = []
    all_at_once = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        all_at_once.wait()
        try:
            results.append(act())
        except Refusal as refusal:
            results.append(refusal)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_demote_each_other_do_not_both_succeed(
    admin: User, colleague: User, acme: Organisation
) -> None:
    for _ in range(5):
        results = in_threads(
            lambda: changes.change(colleague, by=admin, values={"role": "viewer"}),
            lambda: changes.change(admin, by=colleague, values={"role": "viewer"}),
        )
        assert sum(isinstance(result, Refusal) for result in results) == 1
        assert User.objects.of(acme.id).filter(role="admin").count() == 1
        User.objects.of(acme.id).update(role="admin")


@pytest.mark.django_db(transaction=True)
def test_a_change_of_rights_does_not_wait_for_an_import(admin: User, viewer: User) -> None:
    """An import shares the organisation with others (FOR KEY SHARE)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT FROM organisations FOR KEY SHARE")
        (changed,) = in_threads(lambda: changes.deactivate(viewer, by=admin))
    assert isinstance(changed, User)
    assert not changed.is_active


# --- two administrators at the same time --------------------------------------------------------


def test_a_stale_version_overwrites_nothing(admin: User, viewer: User) -> None:
    version = changes.version_of(fresh(viewer))
    changed = changes.change(viewer, by=admin, values={"department": "IT"}, version=version)
    assert changes.version_of(changed) == changes.version_of(fresh(viewer)) != version
    with pytest.raises(PersonChanged):
        changes.change(viewer, by=admin, values={"department": "Sales"}, version=version)
    assert fresh(viewer).department == "IT"


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_of_the_same_version_one_succeeds(admin: User, viewer: User) -> None:
    version = changes.version_of(fresh(viewer))
    results = in_threads(
        *(
            lambda text=text: changes.change(
                viewer, by=admin, values={"department": text}, version=version
            )
            for text in ("IT", "Sales", "Legal")
        )
    )
    assert sum(isinstance(result, User) for result in results) == 1
    assert sum(isinstance(result, PersonChanged) for result in results) == 2


# --- sessions, tokens and keys ------------------------------------------------------------------


def clients_of(user: User) -> list[Any]:
    """A session, a token and an API key."""
    session = Client()
    session.force_login(user)
    _, secret = api_keys.create(user_id=user.id, organisation_id=user.organisation_id, name="sync")
    key = APIClient(headers={"Authorization": f"Api-Key {secret}"})
    return [session, client_of(user), key]


def test_who_is_deactivated_is_out_at_once(
    admin: User, colleague: User, acme: Organisation
) -> None:
    clients, pair = clients_of(colleague), tokens.pair(colleague)
    url = f"/api/v1/organizations/{acme.id}/users"
    assert [client.get(url).status_code for client in clients] == [200, 200, 200]
    changes.deactivate(colleague, by=admin)
    assert [client.get(url).status_code for client in clients] == [401, 401, 401]
    assert tokens.refresh(pair["refresh"]) is None
    changes.activate(colleague, by=admin)
    # The key was made to work without a login; a session and tokens have ended for good.
    assert [client.get(url).status_code for client in clients] == [401, 401, 200]
    assert tokens.refresh(pair["refresh"]) is None


def test_who_is_demoted_has_the_new_role_at_once(
    admin: User, colleague: User, acme: Organisation
) -> None:
    clients = clients_of(colleague)
    url = f"/api/v1/organizations/{acme.id}/users"
    changes.change(colleague, by=admin, values={"role": "viewer"})
    assert [client.get(url).status_code for client in clients] == [403, 403, 403]


def test_platform_staff_who_are_demoted_are_no_superusers(root: User, acme: Organisation) -> None:
    other = User.objects.create_superuser("other@marketedge.example", "x")
    values = {"role": "viewer", "organisation": acme}
    assert not changes.change(other, by=root, values=values).is_superuser


def test_deactivating_revokes_an_open_invitation(admin: User, viewer: User) -> None:
    invitation = Invitation.objects.create(user=viewer, organisation=viewer.organisation)
    changes.deactivate(viewer, by=admin)
    invitation.refresh_from_db()
    assert invitation.status == "revoked"


# --- adding -------------------------------------------------------------------------------------


def test_a_person_is_added(admin: User, acme: Organisation) -> None:
    person = changes.add(organisation=acme, by=admin, values=NEW, invite=False)
    assert (person.organisation, person.role, person.has_usable_password()) == (
        acme,
        "viewer",
        False,
    )
    assert not Invitation.objects.of(acme.id).exists()


def test_a_known_address_is_refused_without_telling_of_others(
    admin: User, viewer: User, other_admin: User, acme: Organisation
) -> None:
    values = NEW | {"email": viewer.email}
    with pytest.raises(AlreadyExists):
        changes.add(organisation=acme, by=admin, values=values, invite=False)
    values = NEW | {"email": other_admin.email}
    with pytest.raises(AddressUnavailable) as refusal:
        changes.add(organisation=acme, by=admin, values=values, invite=False)
    assert "organisation" not in refusal.value.detail


# --- the audit trail ----------------------------------------------------------------------------


def test_changes_are_recorded_with_the_names_of_the_fields(
    admin: User, viewer: User, acme: Organisation
) -> None:
    changes.change(viewer, by=admin, values={"phone": "112233", "department": "Secret"})
    changes.deactivate(viewer, by=admin)
    changes.deactivate(viewer, by=admin)
    changes.activate(viewer, by=admin)
    added = changes.add(organisation=acme, by=admin, values=NEW, invite=False)
    found = events(organisation_id=acme.id, user_id=admin.id)
    assert [(event.event_type, event.subject_id, event.fields) for event in found] == [
        ("user_changed", viewer.id, "department,phone"),
        ("user_deactivated", viewer.id, ""),
        ("user_activated", viewer.id, ""),
        ("user_added", added.id, ""),
    ]
