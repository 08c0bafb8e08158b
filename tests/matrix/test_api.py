"""Every call of the API, for every kind of user, organisation and credential, and with the feature
on and off. The answers follow from `expected` and the table of calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from rest_framework.test import APIClient

from imports.models import ImportBatch, ImportHalt, Upload
from imports.models.statuses import Status
from tests.conftest import client_of
from tests.imports.api.helpers import csv_upload
from tests.matrix.matrix import (
    EVERYBODY,
    INACTIVE,
    OTHER,
    OWN,
    TARGETS,
    Route,
    Who,
    batches,
    organisations,
    people,
    routes,
    set_status,
    undone,
    uploads,
    users,
)
from users.credentials import api_keys
from users.models import Organisation, User

__all__ = ["batches", "organisations", "people", "uploads", "users"]  # fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


@dataclass(frozen=True)
class Call:
    """What a call needs, and answers where it is allowed. `status`: that of its batch."""

    answer: str
    status: Status = Status.COMPLETED
    form: Callable[[], dict[str, Any]] = dict
    as_json: bool = False  # the form is sent as JSON
    is_upload: bool = False  # blocked users may not make it
    is_start: bool = False  # of an import: refused while imports are halted


def a_file() -> dict[str, Any]:
    return {"file": csv_upload()}


def a_person() -> dict[str, Any]:
    return {"email": "new@matrix.example", "first_name": "Grace", "last_name": "Hopper"}


def a_change() -> dict[str, Any]:
    return {"revision": 1, "edits": [{"row": 2, "field": "role", "value": "admin"}]}


# (name of the route, method) -> call. All are below /organizations/{org_id}.
CALLS = {
    ("import-template", "get"): Call("200"),
    ("import-template", "post"): Call("200"),
    ("import-preview", "post"): Call("200", form=a_file, is_upload=True),
    ("import-review", "get"): Call("200"),
    ("import-review", "patch"): Call("200", form=a_change, as_json=True),
    ("import-review-rows", "get"): Call("200"),
    ("import", "post"): Call("202", form=a_file, is_upload=True, is_start=True),
    ("import", "get"): Call("200"),
    ("import-batch", "get"): Call("200"),
    ("import-errors", "get"): Call("200"),
    ("import-cancel", "post"): Call("200", Status.PENDING),
    ("import-retry", "post"): Call("202", Status.FAILED, is_upload=True, is_start=True),
    ("import-undo", "post"): Call("200", Status.COMPLETED),
    ("people", "get"): Call("200"),
    ("people", "post"): Call("201", form=a_person, as_json=True),
    ("person", "get"): Call("200"),
    ("person", "patch"): Call("200", form=lambda: {"department": "IT"}, as_json=True),
    ("person-deactivate", "post"): Call("200"),
    ("person-activate", "post"): Call("200"),
    ("person-invite", "post"): Call("200"),
    ("person-revoke-invitation", "post"): Call("200"),
}
ANY_VERSION = {"If-Match": "*"}
# Calls without an organisation: the answer without and with a valid credential.
OTHER_CALLS = {
    ("token", "post"): ("400 invalid", "400 invalid"),
    ("refresh", "post"): ("400 invalid", "400 invalid"),
    ("auth-logout", "post"): ("400 invalid", "400 invalid"),
    ("auth-password-reset", "post"): ("400 invalid", "400 invalid"),
    ("auth-password-confirm", "post"): ("400 invalid", "400 invalid"),
    ("auth-password-change", "post"): ("401", "400 invalid"),
    ("auth-invitation", "post"): ("400 invalid", "400 invalid"),
    ("auth-invitation-accept", "post"): ("400 invalid", "400 invalid"),
    ("auth-invitation-renew", "post"): ("400 invalid", "400 invalid"),
    ("me", "get"): ("401", "200"),
    ("schema", "get"): ("200", "200"),
    ("docs", "get"): ("200", "200"),
    ("unknown-url", ""): ("404 not_found", "404 not_found"),
    ("healthz", ""): ("200", "200"),
    ("readyz", ""): ("200", "200"),
    ("metrics", ""): ("404", "404"),  # without METRICS_TOKEN
}
# Pages: the answer without and with a session.
PAGES = {
    # The page of an organisation. The API checks who may do what.
    "application": ("302", "200"),
    "application-people": ("302", "200"),
    "application-imports": ("302", "200"),
    "application-upload": ("302", "200"),
    "import-page": ("302", "200"),  # platform staff go on to the admin
    "login": ("200", "302"),
    "login-code": ("302", "302"),  # no password was given
    "account-two-factor": ("302", "404"),  # platform staff: 200
    "logout": ("405", "405"),  # a POST
    "account": ("302", "200"),  # without a session: to the login page
    "password-change": ("302", "200"),
    "password-reset": ("200", "200"),
    "password-link": ("302", "302"),
    "password-new": ("410", "410"),  # no link was opened
    "invitation-link": ("302", "302"),
    "invitation-accept": ("404", "404"),  # no link was opened
    "invitation-renew": ("405", "405"),  # a POST
}
ROUTES = [route for route in routes() if not route.path.startswith("admin/")]


def expected(call: Call, who: Who, target: str, *, by_key: bool, imports: str) -> str:
    """The rules, in the order in which they are checked."""
    if who.is_out:
        return "401"
    if by_key and target != OWN:  # a key is for one organisation, even of platform staff
        return "404 not_found"
    if not who.belongs_to(target):
        return "404 not_found"
    if not who.manages_users:
        return "403 permission_denied"
    if imports == "off":
        return "503 feature_disabled"
    if target == INACTIVE:
        return "403 organization_inactive"
    if who.state == "blocked" and call.is_upload:
        return "403 upload_blocked"
    if imports == "halted" and call.is_start:
        return "503 imports_halted"
    return call.answer


def summary(answer: Any) -> str:
    """The status, with the code of an error other than 401."""
    is_problem = answer["Content-Type"] == "application/problem+json" if answer.content else False
    if not is_problem or answer.status_code == 401:
        return str(answer.status_code)
    return f"{answer.status_code} {answer.json()['code']}"


# --- credentials --------------------------------------------------------------------------------


def by_token(user: User | None, organisation: Organisation) -> APIClient:
    return client_of(user)


def by_session(user: User | None, organisation: Organisation) -> APIClient:
    client = APIClient()
    if user:
        client.force_login(user)
    return client


def by_key(user: User | None, organisation: Organisation) -> APIClient:
    if user is None:
        return APIClient()
    own = user.organisation_id or organisation.id
    _, secret = api_keys.create(user_id=user.id, organisation_id=own, name="key")
    return APIClient(headers={"Authorization": f"Api-Key {secret}"})


CREDENTIALS = [by_token, by_session, by_key]


# --- the tests ----------------------------------------------------------------------------------


def test_every_route_has_a_rule() -> None:
    found = {(route.name, method) for route in ROUTES for method in route.methods() or [""]}
    assert found == {*CALLS, *OTHER_CALLS, *((name, "") for name in PAGES)}


def route_named(name: str) -> Route:
    return next(route for route in ROUTES if route.name == name)


@pytest.mark.parametrize(
    ("credential", "imports"),
    [*((one, "on") for one in CREDENTIALS), (by_token, "off"), (by_token, "halted")],
)
def test_calls_of_an_organisation(
    credential: Any,
    imports: str,
    organisations: dict[str, Organisation],
    batches: dict[str, ImportBatch],
    people: dict[str, User],
    users: dict[Who, User],
    uploads: dict[str, Upload],
    settings: Any,
) -> None:
    """All calls share one test, whose fixtures take time. Each change is taken back."""
    clients = [(who, credential(users.get(who), organisations[OWN])) for who in EVERYBODY]
    wrong = []
    settings.FEATURE_USER_MANAGEMENT = imports != "off"
    settings.EMAIL_HOST = "mail.example"
    if imports == "halted":
        ImportHalt.objects.create(reason="test")
    for ((name, method), call), target in product(CALLS.items(), TARGETS):
        set_status(batches[target], call.status)
        ids = {
            "batch_id": batches[target].id,
            "user_id": people[target].id,
            "upload_id": uploads[target].id,
        }
        url = route_named(name).url(org_id=organisations[target].id, **ids)
        kind = "json" if call.as_json else "multipart"
        for who, client in clients:
            send = getattr(client, method)
            answer = undone(lambda: send(url, call.form(), format=kind, headers=ANY_VERSION))  # noqa: B023
            rule = expected(call, who, target, by_key=credential is by_key, imports=imports)
            if summary(answer) != rule:
                wrong.append((str(who), method, url, summary(answer), f"not {rule}"))
    assert wrong == []


def test_other_calls(users: dict[Who, User], organisations: dict[str, Organisation]) -> None:
    wrong = []
    clients = [(who, client_of(users.get(who))) for who in EVERYBODY]
    for (name, method), (without, with_credential) in OTHER_CALLS.items():
        url = route_named(name).url(object_id=organisations[OWN].id)
        for who, client in clients:
            send = getattr(client, method or "get")
            answer = undone(lambda: send(url))  # noqa: B023
            rule = without if who.is_out else with_credential
            if summary(answer) != rule:
                wrong.append((str(who), method, url, summary(answer), f"not {rule}"))
    assert wrong == []


def test_pages(users: dict[Who, User], organisations: dict[str, Organisation]) -> None:
    wrong = []
    values = {"user_id": organisations[OWN].id, "object_id": organisations[OWN].id, "token": "x"}
    for (name, answers), who in product(PAGES.items(), EVERYBODY):
        url = route_named(name).url(**values)
        for client in (by_session(users.get(who), organisations[OWN]), client_of(users.get(who))):
            has_session = bool(client.cookies) and not who.is_out
            answer = undone(lambda: client.get(url))  # noqa: B023
            rule = answers[has_session]
            if name == "account-two-factor" and has_session and who.is_platform_staff:
                rule = "200"
            if name == "import-page" and has_session and who.is_platform_staff:
                rule = "302"
            if str(answer.status_code) != rule:
                wrong.append((str(who), url, answer.status_code, has_session))
    assert wrong == []


def test_a_batch_is_not_found_under_another_organisation(
    organisations: dict[str, Organisation], batches: dict[str, ImportBatch], root: User
) -> None:
    """Not even by platform staff, who may see both."""
    client = client_of(root)
    calls = [call for call in CALLS if "batch_id" in route_named(call[0]).path]
    assert calls
    for name, method in calls:
        url = route_named(name).url(org_id=organisations[OWN].id, batch_id=batches["other"].id)
        assert summary(getattr(client, method)(url)) == "404 not_found", (name, method)


def test_a_person_is_not_found_under_another_organisation(
    organisations: dict[str, Organisation], people: dict[str, User], root: User
) -> None:
    """Not even by platform staff, who may see both."""
    client = client_of(root)
    calls = [call for call in CALLS if "user_id" in route_named(call[0]).path]
    assert calls
    for name, method in calls:
        url = route_named(name).url(org_id=organisations[OWN].id, user_id=people[OTHER].id)
        assert summary(getattr(client, method)(url)) == "404 not_found", (name, method)


def test_a_staged_file_is_not_found_under_another_organisation(
    organisations: dict[str, Organisation], uploads: dict[str, Upload], root: User
) -> None:
    """Not even by platform staff, who may see both, and whatever else the request holds."""
    client = client_of(root)
    calls = [call for call in CALLS if "upload_id" in route_named(call[0]).path]
    assert calls
    for name, method in calls:
        url = route_named(name).url(org_id=organisations[OWN].id, upload_id=uploads[OTHER].id)
        for sent in (CALLS[name, method].form(), {"colour": "red"}):
            answer = getattr(client, method)(url, sent)
            assert summary(answer) == "404 not_found", (name, method)
