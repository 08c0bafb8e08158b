"""The form that asks for e-mail address and password, on the login page and at the admin site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpResponse

from users.credentials.login_limits import TooManyLogins

if TYPE_CHECKING:
    Base = AuthenticationForm
else:
    Base = object


class LimitedLogin(Base):
    """A mixin for Django's login forms: says so where there were too many wrong passwords. Then
    `refusal` says how long to wait."""

    refusal: TooManyLogins | None = None

    def clean(self) -> dict[str, Any]:
        """Checks the password. Raises ValidationError where that is refused."""
        try:
            return super().clean()
        except TooManyLogins as refusal:
            self.refusal = refusal
            raise ValidationError(refusal.detail, code=refusal.code) from None


class LoginForm(LimitedLogin, AuthenticationForm):
    """The form of the login page."""

    error_messages = {
        "invalid_login": "No active account has this e-mail address and password.",
        "inactive": "No active account has this e-mail address and password.",
    }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["username"].label = "E-mail address"
        self.fields["username"].widget.input_type = "email"
        self.fields["username"].widget.attrs.update(autocomplete="username")


def with_refusal(response: HttpResponse, form: Any) -> HttpResponse:
    """The page of a form, with status 429 and Retry-After where the form was refused so."""
    refusal = getattr(form, "refusal", None)
    if refusal:
        response.status_code = refusal.status
        for name, value in refusal.headers().items():
            response[name] = value
    return response
