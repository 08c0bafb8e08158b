"""What the e-mail with an invitation says, and its link."""

from __future__ import annotations

import gettext
import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

import pytest

from tests.paths import ROOT
from tests.users.invitations.helpers import token_in
from users.invitations import links
from users.invitations.messages import message
from users.models import Invitation, Organisation, User

ID = UUID("018f0000-0000-7000-8000-000000000001")
CATALOGUE = ROOT / "users" / "locale" / "de" / "LC_MESSAGES" / "django.po"


@pytest.fixture(autouse=True)
def _mail(settings: Any) -> None:
    settings.PUBLIC_URL = "https://marketedge.example/"
    settings.DEFAULT_FROM_EMAIL = "MarketEdge <imports@marketedge.example>"


def invitation(organisation: str = "Acme", language: str = "", **fields: Any) -> Invitation:
    """An invitation that is not in the database."""
    user = User(email="ada@acme.example", first_name="Adalina", last_name="Lovelace")
    values = {"id": ID, "expires_at": datetime(2026, 12, 4, 9, 30, tzinfo=UTC)} | fields
    owner = Organisation(name=organisation, language=language)
    return Invitation(user=user, organisation=owner, **values)


def sent(made: Invitation) -> Any:
    """The e-mail as a mail program reads it."""
    return message_from_bytes(message(made).message().as_bytes(), policy=policy.default)


def test_the_text_says_who_invites_how_and_until_when() -> None:
    email = sent(invitation())
    assert email["Subject"] == "You have been invited to Acme on MarketEdge"
    assert email["To"] == "ada@acme.example"
    text = " ".join(email.get_body(("plain",)).get_content().split())
    assert text.startswith(
        "Hello, you have been invited to Acme on MarketEdge, with the e-mail address"
        " ada@acme.example. To begin, choose a password: https://marketedge.example/invitations/mei_"
    )
    assert "The link can be used once, until Dec. 4, 2026, 09:30 UTC." in text
    html = email.get_body(("html",)).get_content()
    assert f'href="https://marketedge.example/invitations/{token_in(email)}"' in html
    assert "Adalina" not in text + html


def test_the_german_text() -> None:
    email = sent(invitation(language="de"))
    assert email["Subject"] == "Sie sind zu Acme auf MarketEdge eingeladen"
    text = " ".join(email.get_body(("plain",)).get_content().split())
    assert "Der Link gilt einmal, bis zum 4. Dezember 2026, 09:30 Uhr UTC." in text
    html = email.get_body(("html",)).get_content()
    for english in ("Hello", "invited", "password", "link can"):
        assert english not in text + html
    assert 'lang="de"' in html


def test_the_language_of_the_service_is_that_of_organisations_without_one(settings: Any) -> None:
    settings.INVITATION_LANGUAGE = "de"
    assert "eingeladen" in str(sent(invitation())["Subject"])
    assert "invited" in str(sent(invitation(language="en"))["Subject"])


def test_the_headers_by_which_duplicates_are_recognised() -> None:
    first, again, renewed = sent(invitation()), sent(invitation()), sent(invitation(generation=2))
    assert first["Message-ID"] == again["Message-ID"]
    assert first["Message-ID"].strip() == f"<invitation.{ID}.1@marketedge.example>"
    assert renewed["Message-ID"].strip() == f"<invitation.{ID}.2@marketedge.example>"
    assert first["Resend-Idempotency-Key"] == first["idempotencyKey"] == f"{ID}.1"
    assert first["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    "name", ["<b>Evil</b> & Co", "a\r\nBcc: all@acme.example\r\n", "株式会社", "x" * 200]
)
def test_the_name_of_an_organisation_is_escaped(name: str) -> None:
    email = sent(invitation(name))
    assert email["Bcc"] is None
    html = email.get_body(("html",)).get_content()
    assert "<b>Evil" not in html
    assert len(str(email["Subject"])) < 130


# --- links ---------------------------------------------------------------------------------------


def test_a_token_is_the_same_each_time_and_another_for_another_generation(settings: Any) -> None:
    token = links.token_of(ID, 1)
    assert re.fullmatch(r"mei_[\w-]{43}", token)
    assert links.token_of(ID, 1) == token
    others = {links.token_of(ID, 2), links.token_of(UUID(int=1), 1)}
    settings.SECRET_KEY = "another key" * 5
    others.add(links.token_of(ID, 1))
    assert len(others | {token}) == 4


def test_only_the_hash_of_a_token_is_stored() -> None:
    token = links.token_of(ID, 1)
    assert re.fullmatch(r"[0-9a-f]{64}", links.hash_of(token))
    assert links.hash_of(token) != links.hash_of(token + "x")


# --- translations --------------------------------------------------------------------------------


def test_the_compiled_translations_are_those_of_their_source() -> None:
    """After a change of the source: msgfmt -o django.mo django.po"""
    source = CATALOGUE.read_text()
    blocks = re.findall(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n?)+)', source, re.MULTILINE)
    wanted = {_joined(original): _joined(translated) for original, translated in blocks}
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    del wanted[""]
    assert len(wanted) > 8
    assert {original: compiled.gettext(original) for original in wanted} == wanted


def _joined(quoted: str) -> str:
    parts = re.findall(r'"(.*)"', quoted)
    return "".join(parts).replace("\\n", "\n").replace('\\"', '"')
