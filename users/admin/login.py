"""The login form of the admin site."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError

from users.credentials.login_limits import TooManyLogins


class LoginForm(AdminAuthenticationForm):
    """Says so where there were too many wrong passwords. Then `refusal` says how long to wait."""

    refusal: TooManyLogins | None = None

    def clean(self) -> dict[str, Any]:
        """Logs the user in. Raises ValidationError where that is refused."""
        try:
            return super().clean()
        except TooManyLogins as refusal:
            self.refusal = refusal
            raise ValidationError(refusal.detail, code=refusal.code) from None
