"""A new password for somebody who has forgotten theirs: the e-mail with a link, and the link.

The link is Django's: signed, valid for PASSWORD_RESET_TIMEOUT, and void as soon as the password
changes or the user logs in. Nothing is stored.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.views.decorators.debug import sensitive_variables

from core.errors import Refusal
from users.credentials import passwords
from users.models import User


class ResetLinkNotValid(Refusal):
    """This link is not valid any more: it was used, or is too old. Ask for a new one."""

    code = "reset_link_not_valid"


def find(user_id: UUID | str, token: str) -> User | None:
    """The user of a link. None if it is not valid, or the user may not log in."""
    users = User.objects.everywhere().select_related("organisation")
    user = users.filter(id=user_id).first()
    if not user or not user.may_log_in or not user.has_usable_password():
        return None
    return user if default_token_generator.check_token(user, token) else None


@sensitive_variables("password")
@transaction.atomic
def set_password(user_id: UUID | str, token: str, password: str) -> User:
    """Sets a new password by a link. Gives the user, who is logged out everywhere.

    Raises ResetLinkNotValid, and ValidationError where the password breaks a rule."""
    # Locked, so that of two requests with one link the second finds it used.
    list(User.objects.everywhere().select_for_update(no_key=True).filter(id=user_id).values("id"))
    user = find(user_id, token)
    if user is None:
        raise ResetLinkNotValid
    passwords.change(user, password)
    return user


def message(user: User) -> EmailMultiAlternatives:
    """The e-mail with a link to a new password."""
    token = default_token_generator.make_token(user)
    context = {
        "link": f"{settings.PUBLIC_URL.rstrip('/')}/password/reset/{user.id}/{token}",
        "email": user.email,
        "minutes": settings.PASSWORD_RESET_TIMEOUT // 60,
    }
    email = EmailMultiAlternatives(
        subject="Set a new password for MarketEdge",
        body=render_to_string("users/mail/reset.txt", context),
        to=[user.email],
        headers={"Auto-Submitted": "auto-generated"},  # RFC 3834: stops out-of-office replies
    )
    email.attach_alternative(render_to_string("users/mail/reset.html", context), "text/html")
    return email
