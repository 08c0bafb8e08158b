"""What the tests of the pages and of `imports.api.auth` share."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from users.invitations import links
from users.models import Invitation, User

NEW = "purple window seventeen"  # a password
LINK = re.compile(r"https?://\S+")


def invited(user: User, **fields: Any) -> tuple[Invitation, str]:
    """A user without a password to whom an invitation was sent; gives it and its token."""
    user.set_unusable_password()
    user.save()
    values: dict[str, Any] = {
        "status": Invitation.Status.SENT,
        "sent_at": timezone.now(),
        "expires_at": timezone.now() + timedelta(days=7),
    } | fields
    made = Invitation.objects.create(user=user, organisation_id=user.organisation_id, **values)
    token = links.token_of(made.id, made.generation)
    made.token_hash = links.hash_of(token)
    made.save(update_fields=["token_hash"])
    return made, token


def opened(token: str, **options: Any) -> Client:
    """A browser that has opened the link of an invitation."""
    browser = Client(**options)
    answer = browser.get(f"/invitations/{token}")
    assert (answer.status_code, answer["Location"]) == (302, "/invitations/accept")
    return browser


def twice(password: str = NEW) -> dict[str, str]:
    """The form of a new password."""
    return {"password": password, "repeat": password}


def text_of(answer: Any) -> str:
    """The words of a page."""
    text = re.sub(r"<[^>]+>", " ", answer.content.decode().partition("<main>")[2])
    return " ".join(text.replace("&#x27;", "'").split())
