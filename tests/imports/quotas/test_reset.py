"""Giving a user the whole quota again."""

from __future__ import annotations

from uuid import uuid4

import pytest

from imports import quotas
from tests.imports.quotas.helpers import passes, refusal, run_command, usage
from users.models import User

pytestmark = pytest.mark.usefixtures("patient_redis")


def test_a_reset_gives_the_whole_quota_again(admin: User) -> None:
    passes(admin, 10)
    passes(admin, 10, "file_upload")
    refusal(admin)
    quotas.reset_limits(str(admin.id), "csv_import")
    assert usage(admin, "file_upload").remaining == 20
    assert passes(admin, 20) == 10
    assert quotas.reset_limits(admin.id) == 4
    assert usage(admin).remaining == 10
    assert usage(admin, "file_upload").remaining == 30


def test_a_reset_of_an_unknown_user_or_kind_is_refused(admin: User) -> None:
    with pytest.raises(ValueError, match="csv_export"):
        quotas.reset_limits(admin.id, "csv_export")
    with pytest.raises(ValueError, match="badly formed"):
        quotas.reset_limits("nobody")
    with pytest.raises(User.DoesNotExist):
        quotas.reset_limits(uuid4())


@pytest.mark.parametrize("name", ["admin@acme.example", " Admin@ACME.example", "id"])
def test_the_command_takes_an_email_or_an_id(admin: User, name: str) -> None:
    passes(admin, 10)
    output = run_command("reset_upload_limits", str(admin.id) if name == "id" else name)
    kinds = "csv_import, file_upload, refused_file, retry"
    assert output == f"The {kinds} limits of user {admin.id} were reset.\n"
    assert usage(admin).remaining == 10


def test_the_command_resets_only_the_kind_it_is_given(admin: User) -> None:
    passes(admin, 10)
    run_command("reset_upload_limits", "admin@acme.example", "--limit-type", "file_upload")
    refusal(admin)
