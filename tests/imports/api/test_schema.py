"""Generated requests to every call of the OpenAPI document, valid and invalid ones.

The administrators of two organisations send them. Every answer must be documented, none may be a
server error, and none may reveal anything of the other organisation. Environment variables:

SCHEMA_EXAMPLES   number of requests for each call and caller (default 20)
FUZZ_SECONDS      how long mutated files are uploaded, in seconds (default 20)
"""

from __future__ import annotations

import io
import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from imports import actions
from imports.engine import runner
from imports.engine.options import ImportOptions
from tests.conftest import ROOT, MakeUser, ModuleProcess, serve
from tests.fuzz import Fuzzer, seeds
from tests.imports.api.helpers import (
    INVALID_ROW,
    csv_bytes,
    imports_url,
    valid_rows,
)
from users.credentials import tokens
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.django_db(transaction=True)]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_path(ROOT / "docs" / "openapi.yaml")
OPERATIONS = {
    one.ok().definition.raw["operationId"]: one.ok() for one in SCHEMA.get_all_operations()
}
NEW_PERSON = {"email": "new@person.example", "first_name": "Grace", "last_name": "Hopper"}
# The answers for another organisation. 406: the Accept header was checked first.
HIDDEN = {404, 406}
# Answers that show that a request passed the checks of its form. Default: 200 and 202.
ACCEPTED = {
    "log_in": {401, 429},
    "refresh": {401},
    "log_out": {401},
    "reset_password": {202, 429},
    "renew_invitation": {202, 429},
    "confirm_password": {400},
    "change_password": {400, 429},
    "look_at_invitation": {404},
    "accept_invitation": {404},
    "cancel": {409},
    "retry": {409},
    "add_person": {201, 409},
    "revoke_invitation": {409},
}


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """An organisation, its administrator and imports, and words that others may not see."""

    organisation_id: str
    batch_id: str
    upload_id: str  # of a preview
    person_id: str
    access: str
    secrets: tuple[str, ...]

    def ids(self) -> dict[str, str]:
        """The parameters of paths."""
        return {
            "org_id": self.organisation_id,
            "batch_id": self.batch_id,
            "user_id": self.person_id,
            "upload_id": self.upload_id,
        }

    def headers(self) -> dict[str, str]:
        """The headers that authenticate the administrator."""
        return {"Authorization": f"Bearer {self.access}"}


def tenant(name: str, make_user: MakeUser) -> Tenant:
    """An organisation with an import that ended with errors, and an upload that waits."""
    organisation = Organisation.objects.create(name=f"{name} Confidential")
    user = make_user(f"admin@{name}.example", Role.ADMIN, organisation)
    rows = [*valid_rows(3, domain=f"{name}.example"), INVALID_ROW]
    upload, preview = stage(user, rows), stage(user, rows)
    batch = actions.submit(upload, user=user, options=ImportOptions())
    runner.run(batch.id, lambda: False)
    person = User.objects.of(organisation.id).filter(import_batch_id=batch.id)[0]
    return Tenant(
        organisation_id=str(organisation.id),
        batch_id=str(batch.id),
        upload_id=str(preview.id),
        person_id=str(person.id),
        access=tokens.pair(user)["access"],
        secrets=(
            organisation.name,
            f"@{name}.example",
            str(user.id),
            str(batch.id),
            str(person.id),
        ),
    )


def stage(user: User, rows: list[tuple[str, ...]]) -> Any:
    return actions.stage_for_preview(
        io.BytesIO(csv_bytes(rows)),
        filename="users.csv",
        user=user,
        organisation_id=user.organisation_id or "",
    )


@pytest.fixture
def unlimited_server(start: Callable[..., ModuleProcess], tmp_path: Path) -> str:
    """A web server without quotas, which would soon refuse everything. E-mail is on; no worker
    sends any."""
    mail = {
        "EMAIL_FILE_PATH": str(tmp_path),
        "PUBLIC_URL": "https://marketedge.example",
        "DEFAULT_FROM_EMAIL": "noreply@marketedge.example",
    }
    return serve(start, RATE_LIMIT_ENABLED="false", **mail)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_call_answers_as_documented_and_reveals_nothing_of_others(
    name: str, unlimited_server: str, make_user: MakeUser
) -> None:
    acme, globex = tenant("acme", make_user), tenant("globex", make_user)
    for caller, other in ((acme, globex), (globex, acme)):
        seen = send_generated(name, unlimited_server, caller, other, caller.ids())
        assert seen & ACCEPTED.get(name, {200, 202}), seen
        path = OPERATIONS[name].path
        if "{org_id}" in path:
            send_generated(name, unlimited_server, caller, other, other.ids(), HIDDEN)
        if any(name in path for name in ("{batch_id}", "{user_id}", "{upload_id}")):
            mixed = other.ids() | {"org_id": caller.organisation_id}
            send_generated(name, unlimited_server, caller, other, mixed, HIDDEN)


def send_generated(
    name: str,
    server: str,
    caller: Tenant,
    other: Tenant,
    known: dict[str, str],
    statuses: set[int] | None = None,
) -> set[int]:
    """Sends valid and invalid requests; gives the statuses of the answers. `statuses`: the allowed
    ones, where not every documented status is."""
    operation, seen = OPERATIONS[name], set[int]()
    path = {key: value for key, value in known.items() if f"{{{key}}}" in operation.path}
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    cases = [operation.as_strategy(mode, path_parameters=path or None) for mode in modes]
    if name in ("preview", "import"):  # a valid file, because generated ones never are
        file = {"body": {"file": csv_bytes(valid_rows(3))}, "media_type": "multipart/form-data"}
        cases += [operation.as_strategy(mode, path_parameters=path, **file) for mode in modes]
    if name == "change_review":  # generated changes name rows that the file does not have
        body = {"revision": 1, "edits": [{"row": 2, "field": "role", "value": "viewer"}]}
        cases.append(operation.as_strategy(modes[0], path_parameters=path, body=body))
    if name == "add_person":  # generated addresses never are valid
        cases.append(operation.as_strategy(modes[0], path_parameters=path, body=NEW_PERSON))

    @settings(
        max_examples=int(os.environ.get("SCHEMA_EXAMPLES", 20)),
        deadline=None,
        derandomize="SCHEMA_EXAMPLES" not in os.environ,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=st.one_of(*cases))
    def send(case: Any) -> None:
        answer = case.call(base_url=server, headers=caller.headers(), timeout=30)
        case.validate_response(answer, checks=CHECKS)
        seen.add(answer.status_code)
        assert answer.status_code < 500
        assert statuses is None or answer.status_code in statuses
        text = answer.text + str(answer.headers)
        assert [secret for secret in other.secrets if secret in text] == []

    send()
    return seen


def test_the_upload_of_another_organisation_can_not_be_imported(
    unlimited_server: str, make_user: MakeUser
) -> None:
    acme, globex = tenant("acme", make_user), tenant("globex", make_user)
    url = unlimited_server + imports_url(acme.organisation_id)
    sent = {"upload_id": globex.upload_id}
    answer = requests.post(url, json=sent, headers=acme.headers(), timeout=30)
    assert answer.status_code == 404
    assert [secret for secret in globex.secrets if secret in answer.text] == []


def test_no_mutated_file_causes_a_server_error(unlimited_server: str, make_user: MakeUser) -> None:
    acme = tenant("acme", make_user)
    session = requests.Session()
    session.headers.update(acme.headers())
    end = time.monotonic() + float(os.environ.get("FUZZ_SECONDS", 20))
    found, seen = seeds(), set[int]()
    for number in itertools.count(7_000_000_000):
        content, _ = Fuzzer(number, found).case()
        call = "/preview" if number % 2 else ""
        answer = session.post(
            unlimited_server + imports_url(acme.organisation_id) + call,
            files={"file": ("users.csv", content)},
            timeout=60,
        )
        assert answer.status_code in (200, 202, 400, 413), (number, answer.status_code, answer.text)
        assert answer.ok or answer.json()["code"]
        seen.add(answer.status_code)
        if time.monotonic() > end:
            break
    assert seen >= {200, 202, 400}
