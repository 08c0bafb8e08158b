"""The page of one's own account."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from users.accounts import second_factor
from users.pages.base import OwnPage, may_open_admin
from users.people.changes import APPLICATIONS


class AccountPage(OwnPage):
    """Who one is, and what one can change."""

    http_method_names = ["get", "head", "options"]
    template = "account.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        names = [name for field, name in APPLICATIONS.items() if getattr(self.user, field)]
        return self.show(
            user=self.user,
            applications=names,
            may_open_admin=may_open_admin(self.user),
            may_have_second_factor=second_factor.may_have(self.user),
        )
