"""The pages to change the own password, and to get a new one by e-mail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from core.errors import Refusal
from core.requests.client_ip import client_ip
from users.accounts import mail_requests, password_reset
from users.accounts.login_forms import with_refusal
from users.credentials import passwords
from users.models import User
from users.pages.base import OwnPage, Page, without_secret
from users.pages.forms import EmailForm, NewPasswordForm, PasswordChangeForm

HEADING = "New password"
IN_SESSION = "password_reset"  # the id of the user and the token of a link that was opened


class ChangePage(OwnPage):
    """Changes the own password. Other sessions and all tokens of the user end."""

    template = "password_change.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self.show(form=PasswordChangeForm(request=request, user=self.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Changes the password."""
        form = PasswordChangeForm(request.POST, request=request, user=self.user)
        if form.is_valid():
            try:
                with transaction.atomic():
                    passwords.change(self.user, form.cleaned_data["password"])
            except ValidationError as error:
                form.add_error("password", error)
            else:
                update_session_auth_hash(request, self.user)
                messages.success(request, "Your password is changed.")
                return redirect("account")
        return with_refusal(self.show(400, form=form), form)


class ResetPage(Page):
    """Asks for the e-mail address to which a link is sent."""

    template = "password_reset.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self.show(form=EmailForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Sends the link, if the account exists. The answer does not tell."""
        form = EmailForm(request.POST)
        if not form.is_valid():
            return self.show(400, form=form)
        try:
            mail_requests.request_password_reset(form.cleaned_data["email"], client_ip(request))
        except Refusal as refusal:
            return self.refuse(HEADING, refusal)
        return self.say("Look into your inbox", mail_requests.ANSWER)


@require_safe
def open_link(request: HttpRequest, user_id: UUID, token: str) -> HttpResponse:
    """The link of the e-mail. Nothing is changed by opening it."""
    request.session.pop(IN_SESSION, None)
    if password_reset.find(user_id, token):
        request.session[IN_SESSION] = [str(user_id), token]
    return without_secret(request, "password-new")


class NewPasswordPage(Page):
    """Sets a new password, once a link was opened."""

    template = "password_new.html"

    def _opened(self) -> tuple[str, str]:
        found: Any = self.request.session.get(IN_SESSION)
        return (found[0], found[1]) if found else ("", "")

    def _user(self) -> User | None:
        user_id, token = self._opened()
        return password_reset.find(user_id, token) if user_id else None

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        user = self._user()
        if user is None:
            return self._not_valid()
        return self.show(form=NewPasswordForm(), email=user.email)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Sets the password. The user then logs in with it."""
        user = self._user()
        if user is None:
            return self._not_valid()
        form = NewPasswordForm(request.POST)
        if form.is_valid():
            try:
                password_reset.set_password(*self._opened(), form.cleaned_data["password"])
            except ValidationError as error:
                form.add_error("password", error)
            except password_reset.ResetLinkNotValid:
                return self._not_valid()
            else:
                del request.session[IN_SESSION]
                messages.success(request, "Your new password is set. Log in with it.")
                return redirect("login")
        return self.show(400, form=form, email=user.email)

    def _not_valid(self) -> HttpResponse:
        sentence = password_reset.ResetLinkNotValid().detail
        return self.say(HEADING, sentence, 410, offers_reset=True)
