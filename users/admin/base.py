"""What the admin pages of all apps share: who is logged in, and rows of one organisation only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

# Registers itself; below, as it is made of what is above.
from users.models import User
from users.roles import Role


def current_user(request: HttpRequest) -> User:
    """Who is logged in: the admin site lets nobody else in."""
    return cast(User, request.user)


def is_platform_staff(request: HttpRequest) -> bool:
    """Whether this is platform staff, who belong to no organisation."""
    return current_user(request).role == Role.SUPER_ADMIN


if TYPE_CHECKING:  # Django's own class can't be subscripted when the program runs
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class OwnOrganisationAdmin(ModelAdmin):
    """A page that shows an organisation's administrator their own organisation's rows alone."""

    organisation_lookup = "organisation"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What this person may see; nothing for an administrator without an organisation."""
        rows: QuerySet[Any] = super().get_queryset(request)
        if is_platform_staff(request):
            return rows
        own = current_user(request).organisation_id
        return rows.filter(**{self.organisation_lookup: own}) if own else rows.none()

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Without the organisation where all rows have the same."""
        return self._without_organisation(request, super().get_list_display(request))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The filter would list the names of the other organisations."""
        return self._without_organisation(request, super().get_list_filter(request))

    def _without_organisation(self, request: HttpRequest, names: Sequence[Any]) -> list[Any]:
        hidden = () if is_platform_staff(request) else ("organisation", self.organisation_lookup)
        return [name for name in names if name not in hidden]

    def _get_obj_does_not_exist_redirect(self, *args: Any) -> NoReturn:
        """Django redirects to the start page; a 404 says the same of what is not there and of
        what is somebody else's."""
        raise Http404
