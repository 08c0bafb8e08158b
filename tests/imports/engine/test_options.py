"""Options: read tolerantly from what is stored, strictly from what a client sends."""

from __future__ import annotations

import pytest

from imports.engine.options import ImportOptions, ReadingOptions, refuse_unknown
from imports.errors import UnknownOption, WrongOption

ALLOWED = ImportOptions.names() + ReadingOptions.names()


def test_the_names_of_the_options_are_those_of_the_api() -> None:
    assert ImportOptions.names() == ("send_invitations", "skip_duplicates", "default_role")
    assert ReadingOptions.names() == ("encoding", "delimiter", "sheet", "mapping")


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
