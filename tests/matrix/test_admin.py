"""Every page and action of the admin site, for every kind of user and organisation. The answers
follow from `expected` and the tables of pages and actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import pytest
from django.contrib import admin as django_admin
from django.db.models.functions import Now
from django.test import Client, RequestFactory

from imports import models
from imports.models import (
    AuditEvent,
    Heartbeat,
    ImportBatch,
    ImportHalt,
    UploadBlock,
    UploadCounter,
    UploadLimit,
)
from imports.models.statuses import Status
from imports.quotas.limits import current_windows
from tests.conftest import MakeUser
from tests.matrix.matrix import (
    EVERYBODY,
    OTHER,
    OWN,
    Route,
    Who,
    batches,
    organisations,
    routes,
    set_status,
    undone,
    users,
)
from users.credentials import api_keys
from users.models import Invitation, Organisation, User

__all__ = ["batches", "organisations", "users"]  # fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

# --- the rules ----------------------------------------------------------------------------------

# For whom a page is.
STAFF = "staff"  # every user who may open the site
MANAGERS = "managers"  # administrators and platform staff
PLATFORM = "platform staff"
NOBODY = "nobody"
# The same for a page of one row. Rows of other organisations are 404 for administrators.
MANAGERS_ROW, PLATFORM_ROW, NOBODY_ROW = "managers, row", "platform staff, row", "nobody, row"
# Pages of an import and the list of an app are 404 instead of 403 for other users.
MANAGERS_BATCH, NOBODY_BATCH, MANAGERS_APP = "managers, import", "nobody, import", "managers, app"
LOGIN = 302.1  # to the page of the login, and not to another one


class Page(NamedTuple):
    """For whom GET and POST are, and what they answer where they are allowed. POST has no form."""

    get: str
    get_status: int
    post: str
    post_status: int


def expected(rule: str, status: int, who: Who, target: str) -> float:
    """The status of the answer."""
    if who.is_out:
        return LOGIN
    audience, _, kind = rule.partition(", ")
    if kind in ("row", "import") and not who.belongs_to(target):
        return 404
    is_allowed = {
        STAFF: True,
        MANAGERS: who.manages_users,
        PLATFORM: who.is_platform_staff,
        NOBODY: False,
    }[audience]
    if is_allowed:
        return status
    return 404 if kind in ("import", "app") and not who.manages_users else 403


def of_model(changelist: Page, add: Page, change: Page, delete: Page, history: Page) -> Any:
    """The pages that every model has."""
    return {
        "changelist": changelist, "add": add, "change": change, "delete": delete,
        "history": history,
    }  # fmt: skip


LIST = Page(MANAGERS, 200, MANAGERS, 200)
NO_ADD = Page(NOBODY, 0, NOBODY, 0)
VIEW_ROW = Page(MANAGERS_ROW, 200, NOBODY_ROW, 0)
NO_DELETE = Page(NOBODY_ROW, 0, NOBODY_ROW, 0)
HISTORY = Page(MANAGERS_ROW, 200, MANAGERS_ROW, 200)
READ_ONLY = of_model(LIST, NO_ADD, VIEW_ROW, NO_DELETE, HISTORY)
# Pages of platform staff answer 403 to others, for rows of any organisation.
ANY = Page(PLATFORM, 200, PLATFORM, 200)
ONLY_PLATFORM = of_model(ANY, ANY, ANY, ANY, ANY)
SHOWN = Page(PLATFORM, 200, NOBODY, 0)
ONLY_SHOWN = of_model(ANY, NO_ADD, SHOWN, Page(NOBODY, 0, NOBODY, 0), ANY)

MODELS = {
    "users_user": of_model(
        LIST,
        Page(PLATFORM, 200, PLATFORM, 200),
        Page(MANAGERS_ROW, 200, MANAGERS_ROW, 200),
        Page(PLATFORM_ROW, 200, PLATFORM_ROW, 200),
        HISTORY,
    ),
    "users_organisation": ONLY_PLATFORM | {"delete": Page(NOBODY, 0, NOBODY, 0)},
    "users_apikey": READ_ONLY | {"add": Page(MANAGERS, 200, MANAGERS, 200)},
    "imports_importbatch": READ_ONLY | {"change": Page(MANAGERS_BATCH, 200, NOBODY_BATCH, 0)},
    "imports_importerror": READ_ONLY,
    "imports_auditevent": READ_ONLY,
    "imports_uploadlimit": ONLY_PLATFORM,
    "imports_uploadblock": ONLY_PLATFORM,
    "imports_heartbeat": ONLY_SHOWN,
    "imports_importhalt": ONLY_SHOWN,
}
OTHER_PAGES = {
    "index": Page(STAFF, 200, STAFF, 200),
    "password_change": Page(STAFF, 200, STAFF, 200),
    "password_change_done": Page(STAFF, 200, STAFF, 405),
    "autocomplete": Page(STAFF, 403, STAFF, 405),  # without a field
    "jsi18n": Page(STAFF, 200, STAFF, 405),
    "view_on_site": Page(STAFF, 404, STAFF, 404),  # no model has a page elsewhere
    "app_list": Page(MANAGERS_APP, 200, MANAGERS_APP, 200),
    "auth_user_password_change": Page(PLATFORM_ROW, 200, PLATFORM_ROW, 200),
    "users_user_import": Page(MANAGERS, 200, MANAGERS, 400),
    "users_user_process_import": Page(STAFF, 405, MANAGERS, 400),
    "users_user_export": Page(MANAGERS, 200, MANAGERS, 200),
    "imports_importbatch_export": Page(MANAGERS, 200, MANAGERS, 200),
    "imports_importerror_export": Page(MANAGERS, 200, MANAGERS, 200),
    "imports_importbatch_progress": Page(MANAGERS_BATCH, 200, MANAGERS_BATCH, 200),
    "imports_importbatch_errors": Page(MANAGERS_BATCH, 200, MANAGERS_BATCH, 200),
    "imports_importbatch_cancel": Page(STAFF, 405, MANAGERS_BATCH, 302),
    "imports_importbatch_retry": Page(STAFF, 405, MANAGERS_BATCH, 302),
    "imports_importbatch_undo": Page(STAFF, 405, MANAGERS_BATCH, 302),
    "": Page(STAFF, 302, STAFF, 302),  # from a row's URL to its page, which checks
    "catch-all": Page(STAFF, 404, STAFF, 404),
}
PAGES = OTHER_PAGES | {
    f"{model}_{name}": page for model, pages in MODELS.items() for name, page in pages.items()
}
# The pages that FEATURE_USER_MANAGEMENT=false closes: 503 in place of the status.
IMPORTING = ("users_user_import", "users_user_process_import")
PUBLIC = {"login", "logout"}  # for everybody; tests/users/test_login_limits.py
ROUTES = [route for route in routes() if route.path.startswith("admin/")]


def name_of(route: Route) -> str:
    return "catch-all" if "(?P<url>" in route.path else route.name.removeprefix("admin:")


# --- the rows -----------------------------------------------------------------------------------


@pytest.fixture
def rows(
    organisations: dict[str, Organisation],
    batches: dict[str, ImportBatch],
    users: dict[Who, User],
    make_user: MakeUser,
) -> dict[str, dict[str, Any]]:
    """A row of each model for each target: rows["users_user"]["own"]."""
    found: dict[str, dict[str, Any]] = {model: {} for model in MODELS}
    for target, organisation in organisations.items():
        member = make_user(f"member@{target}.example", "admin", organisation)
        key, _ = api_keys.create(user_id=member.id, organisation_id=organisation.id, name="key")
        event = AuditEvent.objects.create(
            event_type="submitted", source="api", organisation_id=organisation.id
        )
        limit = UploadLimit.objects.create(
            organisation=organisation, limit_type="csv_import", per_hour=1, per_day=1
        )
        block = UploadBlock.objects.create(user=member, reason="test")
        beat = Heartbeat.objects.create(name=f"worker:{target}")
        halt = ImportHalt.objects.create(reason="test", ended_at=Now())
        error = models.ImportError.objects.everywhere().filter(import_batch=batches[target])[0]
        for model, row in zip(
            MODELS,
            (member, organisation, key, batches[target], error, event, limit, block, beat, halt),
            strict=True,
        ):
            found[model][target] = row
    return found


def url_of(route: Route, target: str, rows: dict[str, dict[str, Any]]) -> str:
    """The URL for the target's row of the route's model."""
    model = next((model for model in MODELS if model.replace("_", "/") in route.path), "")
    pk = rows[model or "users_user"][target].pk
    path = route.path.replace("^(?P<app_label>users|imports)/$", "users/")
    path = path.replace("(?P<url>.*)$", "no/such/page")
    return Route("", path, route.view).url(object_id=pk, id=pk, batch_id=pk, content_type_id=1)


def browser(user: User | None) -> Client:
    client = Client()
    if user:
        client.force_login(user)
    return client


def status_of(answer: Any) -> float:
    is_login = answer.status_code == 302 and answer["Location"].startswith("/admin/login/")
    return LOGIN if is_login else answer.status_code


# --- the tests ----------------------------------------------------------------------------------


def test_every_page_has_a_rule() -> None:
    assert {name_of(route) for route in ROUTES} == {*PAGES, *PUBLIC}


@pytest.mark.slow
@pytest.mark.parametrize("group", ["site", *MODELS])
def test_pages(
    group: str,
    rows: dict[str, dict[str, Any]],
    batches: dict[str, ImportBatch],
    users: dict[Who, User],
    settings: Any,
) -> None:
    """The feature is on for the own organisation, and off for the other one."""
    names = [name for name in PAGES if group_of(name) == group]
    clients = [(who, browser(users.get(who))) for who in EVERYBODY]
    wrong: list[Any] = []
    for target in (OWN, OTHER):
        settings.FEATURE_USER_MANAGEMENT = is_on = target == OWN
        for name in names:
            set_status(batches[target], Status.PENDING if "cancel" in name else Status.FAILED)
            for who, client in clients:
                wrong += wrong_answers(name, who, client, target, rows, is_on=is_on)
    assert wrong == []


def group_of(name: str) -> str:
    """The model that a page belongs to. Its pages share one test, whose fixtures take time."""
    return next((model for model in MODELS if name.startswith(model)), "site")


def wrong_answers(
    name: str,
    who: Who,
    client: Client,
    target: str,
    rows: dict[str, dict[str, Any]],
    *,
    is_on: bool,
) -> Iterator[tuple[Any, ...]]:
    """Answers that are not those of the rules."""
    page = PAGES[name]
    own_routes = [route for route in ROUTES if name_of(route) == name]
    for route, method in product(own_routes, ("get", "post")):
        url = url_of(route, target, rows)
        answer = undone(lambda: getattr(client, method)(url))  # noqa: B023
        rule, status = page[:2] if method == "get" else page[2:]
        if name in IMPORTING and not is_on and status != 405:
            status = 503
        right = expected(rule, status, who, target)
        if status_of(answer) != right:
            yield str(who), target, method, url, status_of(answer), f"not {right}"


@pytest.mark.slow
def test_only_users_with_is_staff_open_the_site(
    users: dict[Who, User], rows: dict[str, dict[str, Any]]
) -> None:
    """Whatever their role."""
    User.objects.everywhere().update(is_staff=False)
    for user in users.values():
        client = browser(user)
        for route in (route for route in ROUTES if name_of(route) in PAGES):
            answer = client.get(url_of(route, OWN, rows))
            assert status_of(answer) == LOGIN, (user.role, route.path)


# --- the actions of lists -----------------------------------------------------------------------


def is_gone(row: Any) -> bool:
    return not type(row)._base_manager.filter(pk=row.pk).exists()


def is_revoked(key: Any) -> bool:
    key.refresh_from_db()
    return key.revoked_at is not None


def has_new_limits(user: Any) -> bool:
    return not UploadCounter.objects.filter(user=user, count__gt=0).exists()


def is_inactive(user: Any) -> bool:
    user.refresh_from_db()
    return not user.is_active


def is_active(user: Any) -> bool:
    return not is_inactive(user)


def is_invited(user: Any) -> bool:
    return Invitation.objects.everywhere().get(user=user).generation == 2


def is_no_longer_invited(user: Any) -> bool:
    return Invitation.objects.everywhere().get(user=user).status == "revoked"


def prepare(member: User, action: str) -> None:
    """Brings a user into a state in which the action has something to do."""
    change: dict[str, Any] = {"password": "!"}
    if action == "activate":
        change["is_active"] = False
    User.objects.everywhere().filter(id=member.id).update(**change)
    Invitation.objects.create(user=member, organisation=member.organisation, status="sent")


# (model, action) -> for whom it is, and whether it was done to a row
ACTIONS: dict[tuple[str, str], tuple[str, Callable[[Any], bool]]] = {
    ("users_user", "delete_selected"): (PLATFORM, is_gone),
    ("users_user", "reset_upload_limits"): (PLATFORM, has_new_limits),
    ("users_user", "deactivate"): (MANAGERS_ROW, is_inactive),
    ("users_user", "activate"): (MANAGERS_ROW, is_active),
    ("users_user", "invite"): (MANAGERS_ROW, is_invited),
    ("users_user", "revoke_invitation"): (MANAGERS_ROW, is_no_longer_invited),
    ("users_apikey", "revoke"): (MANAGERS_ROW, is_revoked),
    ("imports_uploadlimit", "delete_selected"): (PLATFORM, is_gone),
    ("imports_uploadblock", "delete_selected"): (PLATFORM, is_gone),
}


def test_every_action_has_a_rule(root: User) -> None:
    request = RequestFactory().get("/admin/")
    request.user = root
    found = {
        (f"{model._meta.app_label}_{model._meta.model_name}", action)
        for model, model_admin in django_admin.site._registry.items()
        for action in model_admin.get_actions(request)
    }
    assert found == {*ACTIONS}


@pytest.mark.parametrize("target", [OWN, OTHER])
@pytest.mark.parametrize(("model", "action"), ACTIONS)
def test_actions(
    model: str,
    action: str,
    target: str,
    rows: dict[str, dict[str, Any]],
    users: dict[Who, User],
    make_user: MakeUser,
    settings: Any,
) -> None:
    settings.EMAIL_HOST = "mail.example"
    rule, is_done = ACTIONS[model, action]
    row, wrong = rows[model][target], []
    member = rows["users_user"][target]
    make_user("another@administrator.example", "admin", member.organisation)
    prepare(member, action)
    UploadCounter.objects.consume(current_windows(member.id, None, "csv_import"))
    form = {"action": action, "_selected_action": [str(row.pk)], "post": "yes"}
    url = f"/admin/{model.replace('_', '/')}/"
    for who in EVERYBODY:
        client = browser(users.get(who))

        def act() -> bool:
            client.post(url, form)  # noqa: B023
            return is_done(row)

        right = expected(rule, 200, who, target) == 200
        if undone(act) != right:
            wrong.append((str(who), f"not {right}"))
        row.refresh_from_db()
    assert wrong == []
