"""What the matrices of permissions share: the users, the organisations, and the list of routes.

`test_matrix_api.py` and `test_matrix_admin.py` try every route of the URL conf for each of them.
They compare the answers with a small table of rules. A route without a rule fails."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.urls import URLPattern, get_resolver

from imports import models
from imports.engine.staged import file_reading, staging
from imports.models import ImportBatch, Upload, UploadBlock
from imports.models.statuses import Status
from tests.conftest import MakeUser, client_of
from tests.imports.api.helpers import INVALID_ROW, csv_bytes, import_file, valid_rows
from users.models import Invitation, Organisation, User
from users.rights.roles import USER_MANAGERS, Role

OWN, OTHER, INACTIVE = "own", "other", "inactive"
TARGETS = (OWN, OTHER, INACTIVE)


@dataclass(frozen=True)
class Who:
    """A kind of user. `role` None: nobody is logged in."""

    role: Role | None
    state: str = "active"

    def __str__(self) -> str:
        return f"{self.state} {self.role or 'anonymous'}"

    @property
    def is_out(self) -> bool:
        """Whether they can't log in, and a login of before has ended."""
        return self.role is None or self.state in ("inactive", "organisation inactive")

    @property
    def is_platform_staff(self) -> bool:
        return self.role == Role.SUPER_ADMIN

    @property
    def manages_users(self) -> bool:
        return self.role in USER_MANAGERS

    @property
    def own(self) -> str:
        """The target that is their organisation."""
        return INACTIVE if self.state == "organisation inactive" else OWN

    def belongs_to(self, target: str) -> bool:
        return self.is_platform_staff or target == self.own


EVERYBODY = [
    Who(None),
    *(Who(role, state) for role in Role for state in ("active", "inactive", "blocked")),
    *(Who(role, "organisation inactive") for role in Role if role != Role.SUPER_ADMIN),
    Who(Role.ANALYST, "demoted"),  # was platform staff; the role was changed by SQL
]


@pytest.fixture
def organisations(acme: Organisation, globex: Organisation) -> dict[str, Organisation]:
    """By target. `users` makes the inactive one inactive, after its import has run."""
    return {OWN: acme, OTHER: globex, INACTIVE: Organisation.objects.create(name="Initech")}


@pytest.fixture
def users(
    organisations: dict[str, Organisation], make_user: MakeUser, batches: Any
) -> dict[Who, User]:
    """A user of each kind, all of whom may open the admin site."""
    made = {}
    for number, who in enumerate(w for w in EVERYBODY if w.role):
        was = Role.SUPER_ADMIN if who.state == "demoted" else who.role
        organisation = None if was == Role.SUPER_ADMIN else organisations[who.own]
        made[who] = make_user(
            f"user{number}@matrix.example",
            was,
            organisation,
            is_staff=True,
            is_superuser=was == Role.SUPER_ADMIN,
            is_active=who.state != "inactive",
        )
        if who.state == "blocked":
            UploadBlock.objects.create(user=made[who], reason="test")
        if who.state == "demoted":
            User.objects.everywhere().filter(id=made[who].id).update(
                role=who.role, organisation=organisations[who.own], is_superuser=False
            )
    Organisation.objects.filter(id=organisations[INACTIVE].id).update(is_active=False)
    return made


@pytest.fixture
def batches(organisations: dict[str, Organisation], root: User) -> dict[str, ImportBatch]:
    """An import into each organisation, by target, with a row that failed."""
    found = {}
    for target, organisation in organisations.items():
        rows = [*valid_rows(1, domain=f"{target}.example"), INVALID_ROW]
        found[target] = import_file(client_of(root), organisation, csv_bytes(rows))
    assert models.ImportError.objects.everywhere().exists()
    return found


@pytest.fixture
def uploads(organisations: dict[str, Organisation], root: User, users: Any) -> dict[str, Upload]:
    """By target: a staged file that waits for its review."""
    found = {}
    content = csv_bytes(valid_rows(1))
    for target, organisation in organisations.items():
        with file_reading.read_for_preview(io.BytesIO(content), filename="a.csv") as read:
            found[target] = staging.store(read, organisation_id=organisation.id, staged_by=root.id)
    return found


@pytest.fixture
def people(organisations: dict[str, Organisation]) -> dict[str, User]:
    """By target: somebody who was invited and has no password yet."""
    found = {}
    for target, organisation in organisations.items():
        found[target] = User.objects.create_user(
            f"person@{target}.example", organisation=organisation
        )
        Invitation.objects.create(user=found[target], organisation=organisation, status="sent")
    return found


def set_status(batch: ImportBatch, status: Status) -> None:
    """Sets the status without regard to the moves that the service allows."""
    ended_at = None if status == Status.PENDING else Now()
    ImportBatch.objects.everywhere().filter(id=batch.id).update(
        status=status, completed_at=ended_at
    )


def undone(request: Callable[[], Any]) -> Any:
    """The answer to a request, whose changes of the database are taken back."""
    with transaction.atomic():
        answer = request()
        transaction.set_rollback(True)
    return answer


# --- the routes of the URL conf -----------------------------------------------------------------


class Route(NamedTuple):
    """A route: `admin:index`, `admin/`. Several may have one name, or none ("")."""

    name: str
    path: str
    view: Callable[..., Any]

    def url(self, **values: object) -> str:
        """The URL, with these values in place of the parameters."""
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), self.path)

    def methods(self) -> list[str]:
        """The methods that a view of the API has."""
        view_class: Any = getattr(self.view, "cls", None)
        names = ("get", "post", "put", "patch", "delete")
        return [n for n in names if hasattr(view_class, n) and n in view_class.http_method_names]


def routes() -> list[Route]:
    """All routes of the service."""
    return list(_routes(get_resolver().url_patterns, "", ""))


def _routes(patterns: Any, path: str, namespace: str) -> Iterator[Route]:
    for pattern in patterns:
        longer = path + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            name = namespace + pattern.name if pattern.name else ""
            yield Route(name, longer, pattern.callback)
        else:
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _routes(pattern.url_patterns, longer, namespace + inner)
