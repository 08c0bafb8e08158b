"""Options: read tolerantly from what is stored, strictly from what a tenant sends."""

from __future__ import annotations

import io
from dataclasses import asdict
from typing import Any

import pytest
from rest_framework.fields import empty

from imports import actions
from imports.admin.forms import UploadForm
from imports.api.uploads.options import OptionsSerializer
from imports.engine import runner
from imports.engine.options import DEFAULT_ROLES, ImportOptions, ReadingOptions, refuse_unknown
from imports.errors import UnknownOption, WrongOption
from imports.management.commands import import_users
from imports.models import ImportBatch
from imports.models.statuses import Status
from tests.imports.api.helpers import csv_bytes, valid_rows
from users.models import User

ALLOWED = ImportOptions.names() + ReadingOptions.names()


def test_the_names_of_the_options_are_those_of_the_api() -> None:
    assert ImportOptions.names() == ("send_invitations", "skip_duplicates", "default_role")
    assert ReadingOptions.names() == (
        "encoding",
        "delimiter",
        "sheet",
        "header_row",
        "mapping",
        "skip_hidden_rows",
        "skip_suspended",
    )


def test_missing_members_take_their_defaults() -> None:
    assert ImportOptions.from_json({}) == ImportOptions()
    assert ImportOptions.from_json({"default_role": None}) == ImportOptions()
    assert ImportOptions.from_json({"skip_duplicates": False}) == ImportOptions(
        skip_duplicates=False
    )


def test_unknown_members_are_ignored() -> None:
    assert ImportOptions.from_json({"existing": "update"}) == ImportOptions()


def test_a_default_role_that_no_file_may_set_is_refused() -> None:
    with pytest.raises(WrongOption, match="allowed are admin, analyst, viewer"):
        ImportOptions(default_role="super_admin")


def test_allowed_names_are_not_refused() -> None:
    refuse_unknown(["sheet", "default_role"], ALLOWED)


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("skip_duplicate", "skip_duplicates"),
        ("send-invitations", "send_invitations"),
        ("Encoding", "encoding"),
        ("existing", None),
        ("x" * 100_000, None),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_allowed_one(
    given: str, nearest: str | None
) -> None:
    with pytest.raises(UnknownOption) as caught:
        refuse_unknown(["sheet", given], ALLOWED)
    refusal = caught.value
    assert (refusal.code, refusal.status) == ("unknown_option", 400)
    assert refusal.facts["nearest"] == nearest
    assert f"There is no option {given[:20]!r}"[:-1] in refusal.detail
    assert (f"Did you mean {nearest!r}?" in refusal.detail) is (nearest is not None)
    assert "default_role" in refusal.detail
    assert len(refusal.detail) < 300


def test_an_unknown_name_can_be_written_as_json() -> None:
    with pytest.raises(UnknownOption) as caught:
        refuse_unknown(["\ud800\x00"], ALLOWED)
    caught.value.detail.encode()
    caught.value.facts["option"].encode()


def test_a_call_without_options_says_so() -> None:
    with pytest.raises(UnknownOption, match="No options are allowed"):
        refuse_unknown(["page"], ())


# --- the declarations elsewhere -----------------------------------------------------------------

DEFAULTS = asdict(ImportOptions()) | asdict(ReadingOptions())


def test_the_options_of_the_api_have_these_names_and_defaults() -> None:
    fields = OptionsSerializer().fields
    assert set(fields) == {*ALLOWED}
    given = {name: field.default for name, field in fields.items() if field.default is not empty}
    assert given == asdict(ImportOptions())
    assert tuple(fields["default_role"].choices) == DEFAULT_ROLES


def test_the_options_of_the_admin_form_have_these_names_and_defaults() -> None:
    fields = UploadForm.base_fields
    assert set(fields) == {*ALLOWED, "organisation", "import_file"}
    for name in ImportOptions.names():
        assert fields[name].initial == DEFAULTS[name]
    assert {value for value, _ in fields["default_role"].choices} == {*DEFAULT_ROLES}


def test_the_options_of_the_command_have_these_names_and_defaults() -> None:
    parser = import_users.Command().create_parser("manage.py", "import_users")
    given = vars(parser.parse_args(["users.csv", "--organization", "Acme"]))
    assert {name: given[name] or None for name in ReadingOptions.names()} == asdict(
        ReadingOptions()
    )
    assert {name: given[name] for name in ImportOptions.names()} == asdict(ImportOptions())


# --- batches of other versions ------------------------------------------------------------------

OTHER_VERSIONS = {
    "an older version": {},
    "a newer version": {"existing": "update", "default_role": "analyst", "skip_duplicates": True},
}


@pytest.fixture(params=OTHER_VERSIONS)
def foreign_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Options of a batch that another version of the service has stored."""
    return OTHER_VERSIONS[request.param]


def submitted(user: User, options: dict[str, Any], **fields: Any) -> ImportBatch:
    """Submits a file with a valid row, an invalid one and an existing user."""
    invalid = ("not an address", "A", "B", "", "", "")
    existing = (user.email, "A", "B", "", "", "")
    assert user.organisation_id
    upload = actions.stage_for_import(
        io.BytesIO(csv_bytes([*valid_rows(1), invalid, existing])),
        filename="users.csv",
        user=user,
        organisation_id=user.organisation_id,
    )
    batch = actions.submit(upload, user=user, options=ImportOptions())
    ImportBatch.objects.everywhere().filter(id=batch.id).update(options=options, **fields)
    return ImportBatch.objects.everywhere().get(id=batch.id)


def outcome(batch: ImportBatch) -> tuple[int, int, int]:
    """Runs the batch to its end; gives (successful, skipped, failed)."""
    assert runner.run(batch.id, lambda: False) is runner.Result.DONE
    ended = ImportBatch.objects.everywhere().get(id=batch.id)
    return ended.successful_rows, ended.skipped_rows, ended.failed_rows


def test_a_batch_of_another_version_runs(admin: User, foreign_options: dict[str, Any]) -> None:
    assert outcome(submitted(admin, foreign_options)) == (1, 1, 1)


def test_a_batch_of_another_version_can_be_retried(
    admin: User, foreign_options: dict[str, Any]
) -> None:
    failed = submitted(admin, foreign_options, status=Status.FAILED)
    retry = actions.retry(failed, user=admin, ip=None)
    assert retry.options.keys() == set(ImportOptions.names())
    assert retry.options["default_role"] == foreign_options.get("default_role", "viewer")
    assert outcome(retry) == (1, 1, 1)
