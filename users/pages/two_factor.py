"""The pages of the second factor: the code at a login, and switching it on and off."""

from __future__ import annotations

import time
from base64 import b32encode
from collections.abc import Callable
from typing import Any, cast

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare

from core.requests.client_ip import client_ip
from users.accounts import second_factor
from users.accounts.login_forms import with_refusal
from users.models import User
from users.pages.base import BACKEND, OwnPage, Page
from users.pages.forms import CodeForm

# Pages that are open to those who have to switch it on before anything else.
OPEN = frozenset({"account-two-factor", "logout", "healthz", "readyz"})
IN_SESSION = "second_factor"  # who has given the right password, and where they want to go
VALID_SECONDS = 300


class RequireSecondFactor:
    """Middleware that sends platform staff without a second factor to the page that switches it on,
    where STAFF_TOTP_REQUIRED is set. The API refuses them itself (`imports.api.authentication`)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers the request."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Called once the route is known."""
        match = request.resolver_match
        if not settings.STAFF_TOTP_REQUIRED or not request.COOKIES or not match:
            return None
        if match.url_name in OPEN or request.path_info.startswith("/api/"):
            return None
        user = request.user
        must = isinstance(user, User) and second_factor.must_set_up(user)
        return redirect("account-two-factor") if must else None


def ask(request: HttpRequest, user: User, url: str) -> HttpResponse:
    """Goes on to the page that asks for the code. The user is not logged in yet."""
    request.session.cycle_key()
    proof = user.get_session_auth_hash()
    request.session[IN_SESSION] = [str(user.id), proof, time.time() + VALID_SECONDS, url]
    return redirect("login-code")


class CodePage(Page):
    """Asks for the code after the password."""

    template = "code.html"

    def _waiting(self) -> tuple[User, str] | None:
        """Who waits for a code, and where they want to go."""
        found: Any = self.request.session.get(IN_SESSION)
        if not found or found[2] < time.time():
            return None
        users = User.objects.everywhere().select_related("organisation")
        user = users.filter(id=found[0]).first()
        if not user or not user.may_log_in:
            return None
        is_same = constant_time_compare(found[1], user.get_session_auth_hash())
        return (user, found[3]) if is_same else None

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self.show(form=CodeForm()) if self._waiting() else redirect("login")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Logs in, if the code is right."""
        waiting = self._waiting()
        if waiting is None:
            return redirect("login")
        user, url = waiting
        form = CodeForm(request.POST)
        if form.is_valid() and form.check_code(user, client_ip(request)):
            login(request, user, backend=BACKEND)
            request.session.pop(IN_SESSION, None)
            return HttpResponseRedirect(url)
        return with_refusal(self.show(400, form=form), form)


class TwoFactorPage(OwnPage):
    """Switches the second factor of the own account on and off."""

    template = "two_factor.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Only for platform staff. Others find no such page."""
        if request.user.is_authenticated and not second_factor.may_have(self.user):
            raise Http404
        return cast(HttpResponse, super().dispatch(request, *args, **kwargs))

    def get(self, request: HttpRequest) -> HttpResponse:
        """The state, or the key for an app."""
        return self._page(CodeForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Does what the pressed button says, if the code is right."""
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        if not second_factor.is_on(self.user):
            codes = second_factor.switch_on(self.user, form.cleaned_data["code"])
            if codes is None:
                form.add_error("code", CodeForm.WRONG)
                return self._page(form, 400)
            return self.show(codes=codes)
        if not form.check_code(self.user, client_ip(request)):
            return with_refusal(self._page(form, 400), form)
        if request.POST.get("do") == "codes":
            return self.show(codes=second_factor.new_recovery_codes(self.user))
        second_factor.switch_off(self.user)
        messages.success(request, "The second factor is switched off.")
        return redirect("account-two-factor")

    def _page(self, form: CodeForm, status: int = 200) -> HttpResponse:
        if second_factor.is_on(self.user):
            left = second_factor.recovery_codes_left(self.user)
            return self.show(status, form=form, is_on=True, codes_left=left)
        device = second_factor.prepare(self.user)
        return self.show(
            status,
            form=form,
            key=_in_groups(b32encode(device.bin_key).decode()),
            picture=segno.make(device.config_url).svg_data_uri(scale=5, border=4, light="white"),
            is_required=second_factor.must_set_up(self.user),
        )


def _in_groups(key: str) -> str:
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))
