"""The pages to log in and out."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from users.accounts import second_factor
from users.accounts.login_forms import LoginForm, with_refusal
from users.models import User
from users.pages import two_factor
from users.pages.base import home_of


class PasswordFirst(LoginView):
    """Asks for e-mail address and password, and goes on to `next` if that is on this host. Whoever
    has a second factor is asked for its code before they are logged in."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Logs in, or asks for the code."""
        user: User = form.get_user()
        if second_factor.is_on(user):
            return two_factor.ask(self.request, user, self.get_redirect_url() or home_of(user))
        return super().form_valid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form with its errors."""
        return with_refusal(super().form_invalid(form), form)


class LoginPage(PasswordFirst):
    """The login page for everybody. The admin site has its own."""

    http_method_names = ["get", "head", "post", "options"]
    template_name = "users/pages/login.html"
    form_class = LoginForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Whoever is logged in already goes on."""
        if request.method != "POST" and request.user.is_authenticated:
            return HttpResponseRedirect(self.get_success_url())
        return cast(HttpResponse, super().dispatch(request, *args, **kwargs))

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """`next`, unless it is this page."""
        url = super().get_redirect_url()
        return "" if urlsplit(url).path == resolve_url("login") else url

    def get_default_redirect_url(self) -> str:
        """Where to go without `next`."""
        return home_of(cast(User, self.request.user))


class LogoutPage(LogoutView):
    """Ends the session. POST only, so that no link of somebody else does it."""

    next_page = "login"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Logs out and goes on to the login page."""
        response = super().post(request, *args, **kwargs)
        messages.success(request, "You have logged out.")
        return response
