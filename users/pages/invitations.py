"""The pages of an invitation: its link, the form for a password, and a new link.

Programs that check the links of e-mails open them, and some submit forms. Nothing is changed
without a password, which only the person has.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from core.errors import Refusal
from core.requests.client_ip import client_ip
from users.accounts import mail_requests
from users.invitations import acceptance
from users.pages.base import BACKEND, Page, without_secret
from users.pages.forms import EmailForm, NewPasswordForm

HEADING = "Invitation"
IN_SESSION = "invitation"  # id and generation of the invitation whose link was opened


@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the e-mail. The session keeps which invitation it is of, and no secret."""
    found = acceptance.find(token)
    if found.id:
        request.session[IN_SESSION] = [str(found.id), found.generation]
    else:
        request.session.pop(IN_SESSION, None)
    return without_secret(request, "invitation-accept")


def opened(request: HttpRequest) -> acceptance.Found:
    """The invitation whose link this browser has opened."""
    known: Any = request.session.get(IN_SESSION)
    return acceptance.look(*known) if known else acceptance.Found(acceptance.UNFIT)


class AcceptPage(Page):
    """Asks for a password, and accepts the invitation with it."""

    template = "invitation.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, or why there is none."""
        found = opened(request)
        return self._form(found, NewPasswordForm()) if found.is_open else self._closed(found)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Sets the password, logs in, and goes on to the account."""
        found = opened(request)
        if not found.is_open or found.id is None:
            return self._closed(found)
        form = NewPasswordForm(request.POST)
        if form.is_valid():
            try:
                user = acceptance.accept(found.id, found.generation, form.cleaned_data["password"])
            except ValidationError as error:
                form.add_error("password", error)
            except acceptance.InvitationNotOpen:
                return self._closed(opened(request))
            else:
                login(request, user, backend=BACKEND)  # with a new session key
                request.session.pop(IN_SESSION, None)
                messages.success(request, "Welcome. Your account is ready.")
                return redirect("account")
        return self._form(found, form, 400)

    def _form(
        self, found: acceptance.Found, form: NewPasswordForm, status: int = 200
    ) -> HttpResponse:
        return self.show(status, form=form, person=found.user)

    def _closed(self, found: acceptance.Found) -> HttpResponse:
        """Why the invitation can't be accepted, and how to get a new link."""
        is_unknown = found.state == acceptance.UNFIT
        return self.say(
            HEADING,
            found.why,
            404 if is_unknown else 410,
            renew_form=EmailForm(),
            asks_for_email=is_unknown,
            offers_login=found.state == "accepted",
        )


class RenewPage(Page):
    """Asks for a new link. The answer is the same whether there is an account or not."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Sends a new invitation, if there is one that may be renewed."""
        form = EmailForm(request.POST)
        user = opened(request).user
        email = form.cleaned_data["email"] if form.is_valid() else user.email if user else ""
        try:
            mail_requests.request_invitation(email, client_ip(request))
        except Refusal as refusal:
            return self.refuse(HEADING, refusal)
        return self.say("Look into your inbox", mail_requests.ANSWER)
