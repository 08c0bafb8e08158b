"""The forms of the pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from users.accounts import second_factor
from users.credentials.login_limits import TooManyLogins
from users.models import User

MAX_PASSWORD = 1000  # characters; hashing takes time


def password_field(label: str, autocomplete: str = "new-password") -> forms.CharField:
    """A field for a password, which is taken as it is typed."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, max_length=MAX_PASSWORD, widget=widget)


class NewPasswordForm(forms.Form):
    """A new password, twice. The rules are checked where it is stored
    (`users.credentials.passwords`)."""

    password = password_field("Password")
    repeat = password_field("Password again")

    @staticmethod
    def rules() -> list[str]:
        """What a password has to be like, in sentences."""
        return password_validators_help_texts()

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Compares the two."""
        values: dict[str, Any] = super().clean() or {}
        both = (values.get("password"), values.get("repeat"))
        if all(both) and both[0] != both[1]:
            self.add_error("repeat", "The two passwords are not the same.")
        return values


class PasswordChangeForm(NewPasswordForm):
    """The current password, and a new one. The current one is checked with the limits of logins."""

    current = password_field("Current password", "current-password")
    field_order = ["current", "password", "repeat"]
    refusal: TooManyLogins | None = None

    def __init__(self, *args: Any, request: HttpRequest, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.request, self.user = request, user
        self.fields["password"].label = "New password"
        self.fields["repeat"].label = "New password again"

    @sensitive_variables()
    def clean_current(self) -> str:
        """Raises ValidationError where it is wrong, or was wrong too often."""
        current: str = self.cleaned_data["current"]
        try:
            found = authenticate(self.request, email=self.user.email, password=current)
        except TooManyLogins as refusal:
            self.refusal = refusal
            raise ValidationError(refusal.detail, code=refusal.code) from None
        if found != self.user:
            raise ValidationError("This is not your current password.", code="password_wrong")
        return current


class EmailForm(forms.Form):
    """An e-mail address."""

    email = forms.CharField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )


class CodeForm(forms.Form):
    """The code of an app, or a recovery code."""

    WRONG = "This code is not right. Wait for the next one, and check the clock of your phone."
    code = forms.CharField(
        label="Code",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "off"}),
    )
    refusal: TooManyLogins | None = None

    def check_code(self, user: User, ip: str) -> bool:
        """Whether the code is right. Otherwise the form says what is wrong."""
        try:
            if second_factor.check(user, self.cleaned_data["code"], ip):
                return True
            self.add_error("code", self.WRONG)
        except TooManyLogins as refusal:
            self.refusal = refusal
            self.add_error("code", refusal.detail)
        return False
