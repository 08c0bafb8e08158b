"""What the pages share: their base classes, and links whose secret leaves the address at once."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from core.errors import Refusal
from users.models import User

BACKEND = "users.backends.LimitedBackend"


@method_decorator([sensitive_post_parameters(), csrf_protect], name="dispatch")
class Page(View):
    """A page that is read with GET and answers a form with POST."""

    http_method_names = ["get", "head", "post", "options"]
    template = ""

    def show(self, status: int = 200, **context: Any) -> HttpResponse:
        """The page."""
        return render(self.request, f"users/pages/{self.template}", context, status=status)

    def say(self, heading: str, sentence: str, status: int = 200, **context: Any) -> HttpResponse:
        """A page with one sentence instead."""
        context = {"heading": heading, "sentence": sentence, **context}
        return render(self.request, "users/pages/sentence.html", context, status=status)

    def refuse(self, heading: str, refusal: Refusal, **context: Any) -> HttpResponse:
        """The sentence of a refusal, with its status and headers."""
        response = self.say(heading, refusal.detail, refusal.status, **context)
        for name, value in refusal.headers().items():
            response[name] = value
        return response


class OwnPage(LoginRequiredMixin, Page):
    """A page for those who are logged in. Others are sent to the login page."""

    @property
    def user(self) -> User:
        """Who is logged in."""
        return cast(User, self.request.user)


def home_of(user: User) -> str:
    """Where a user goes after logging in. Platform staff have no organisation to look after."""
    if user.organisation_id:
        return resolve_url("application")
    return resolve_url("admin:index" if may_open_admin(user) else "account")


def may_open_admin(user: User) -> bool:
    """Whether there is an admin site for this user."""
    return bool(settings.FEATURE_ADMIN_PANEL and user.is_staff and user.manages_users)


def without_secret(request: HttpRequest, name: str) -> HttpResponse:
    """The answer to a link with a secret: on to a page whose address has none. So the secret is
    in no history, and in no Referer."""
    response = HttpResponseRedirect(resolve_url(name))
    # Not on the page with the form: a browser would send its POST without Origin and Referer, by
    # which Django recognises forms of other sites.
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response
