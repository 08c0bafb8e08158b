"""The authentication backend of every login."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from core.requests.client_ip import client_ip
from users.credentials import login_limits
from users.models import User


class LimitedBackend(ModelBackend):
    """Checks a password, unless the limits of `users.credentials.login_limits` are reached."""

    @sensitive_variables("password")
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """The user, or None if the e-mail address or the password is wrong or the account is not
        active. Callers give the address as `email`, or like Django's forms as `username`.

        Raises TooManyLogins, without a check of the password."""
        email = credentials.get(User.USERNAME_FIELD) if username is None else username
        if email is None or password is None:
            return None
        reserved = login_limits.reserve(email, client_ip(request) if request else "")
        user = super().authenticate(request, username=email, password=password)
        if not isinstance(user, User):
            return None
        login_limits.refund(reserved)
        return user

    def get_user(self, user_id: Any) -> User | None:
        """The user of a session, with the organisation. None ends the session."""
        user = User.objects.everywhere().select_related("organisation").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: Any) -> bool:
        """Whether the user may log in: `users.rights.permissions.may_log_in`."""
        return isinstance(user, User) and user.may_log_in
