"""Setting a password: the rules, and what others are told of it.

A new password ends all sessions and tokens of the user (`User.get_session_auth_hash`).
"""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.dispatch import Signal
from django.views.decorators.debug import sensitive_variables

from users.models import User

# Sent in the transaction in which a user sets the own password, with `user`.
password_changed = Signal()


@sensitive_variables("password")
def check(password: str, user: User) -> None:
    """Raises Django's ValidationError, which says in words what is wrong with a new password."""
    validate_password(password, user)


@sensitive_variables("password")
def change(user: User, password: str) -> None:
    """Checks and stores a new password. Raises ValidationError. To be called in a transaction."""
    check(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    password_changed.send(User, user=user)
