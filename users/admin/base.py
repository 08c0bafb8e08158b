"""The base of the admin pages of all apps. It limits pages to rows of the user's organisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from users.models import User
from users.roles import Role


def current_user(request: HttpRequest) -> User:
    """The user who is logged in. Nobody else reaches a page of the admin site."""
    return cast(User, request.user)


def is_platform_staff(request: HttpRequest) -> bool:
    """Whether the user is platform staff. They see the rows of all organisations."""
    return current_user(request).role == Role.SUPER_ADMIN


if TYPE_CHECKING:  # Django's class can't be subscripted at run time
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class OwnOrganisationAdmin(ModelAdmin):
    """Admin pages on which administrators see only the rows of their own organisation.

    `organisation_lookup` is the path from the model to the organisation, as in a filter."""

    organisation_lookup = "organisation"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows that the user may see. None for administrators without an organisation."""
        rows: QuerySet[Any] = super().get_queryset(request)
        if is_platform_staff(request):
            return rows
        own = current_user(request).organisation_id
        return rows.filter(**{self.organisation_lookup: own}) if own else rows.none()

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns. The organisation is left out where it is the same in all rows."""
        return self._without_organisation(request, super().get_list_display(request))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The filters. That by organisation would list the names of the other organisations."""
        return self._without_organisation(request, super().get_list_filter(request))

    def _without_organisation(self, request: HttpRequest, names: Sequence[Any]) -> list[Any]:
        hidden = () if is_platform_staff(request) else ("organisation", self.organisation_lookup)
        return [name for name in names if name not in hidden]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """The row of a page. Raises Http404 where it does not exist or belongs to another
        organisation, so that the answer does not tell which.

        Django's pages would redirect to the start page and name the id."""
        found = super().get_object(request, object_id, from_field)
        if found is None:
            raise Http404
        return found
