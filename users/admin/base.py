"""The base of the admin pages of all apps.

It limits pages to rows of the user's organisation, lists to their own filters, and the history of a
row to names of the own organisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.text import capfirst

from users.admin.lists import BoundedPaginator, OrganisationFilter
from users.models import User
from users.rights.roles import Role


def current_user(request: HttpRequest) -> User:
    """The user who is logged in. Nobody else reaches a page of the admin site."""
    return cast(User, request.user)


def is_platform_staff(request: HttpRequest) -> bool:
    """Whether the user is platform staff. They see the rows of all organisations."""
    return current_user(request).role == Role.SUPER_ADMIN


HIDDEN_USER = "MarketEdge's staff"

if TYPE_CHECKING:  # Django's class can't be subscripted at run time
    DjangoModelAdmin = admin.ModelAdmin[Any]
else:
    DjangoModelAdmin = admin.ModelAdmin


class FilteredList(ChangeList):
    """A list that can be filtered by its own filters only."""

    model_admin: ModelAdmin

    def get_filters(self, request: HttpRequest) -> Any:
        """The filters. Raises DisallowedModelAdminLookup, which is answered with 400, where the URL
        has another parameter.

        Django would filter by any field of the model and any look-up (`?key_hash__startswith=`), so
        that users could guess values that no page shows them."""
        found = super().get_filters(request)
        by_date = self.date_hierarchy or ""
        allowed = {f"{by_date}__gte", f"{by_date}__lt", *self.model_admin.extra_lookups}
        for name in found[2]:  # the parameters that no filter of the list has taken
            if name not in allowed:
                raise DisallowedModelAdminLookup(f"Filtering by {name} not allowed")
        return found

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_popup:
            self.title = str(capfirst(self.opts.verbose_name_plural))

    def get_results(self, request: HttpRequest) -> None:
        """Reads the page. `is_cut`: there are more rows than all pages show."""
        super().get_results(request)
        self.is_cut = getattr(self.paginator, "is_cut", False)
        self.result_count_text = f"{self.result_count:,}"
        if self.is_cut:  # beside the search, Django would show it as the number of all results
            self.full_result_count = self.result_count


class ModelAdmin(DjangoModelAdmin):
    """Admin pages whose list can be filtered by its own filters only."""

    # Parameters of the list's URL besides those of `list_filter`, for links from other pages.
    extra_lookups: tuple[str, ...] = ()
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # it would count all rows for each choice

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The class of the list."""
        return FilteredList


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

    def has_platform_permission(self, request: HttpRequest) -> bool:
        """Whether an action is offered that is for platform staff (`permissions=["platform"]`)."""
        return is_platform_staff(request)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns. The organisation is left out where it is the same in all rows."""
        return self._without_organisation(request, super().get_list_display(request))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The filters. That by organisation would list the names of the other organisations."""
        return self._without_organisation(request, super().get_list_filter(request))

    def _without_organisation(self, request: HttpRequest, names: Sequence[Any]) -> list[Any]:
        if is_platform_staff(request):
            return list(names)
        hidden = ("organisation", self.organisation_lookup)
        return [name for name in names if name not in hidden and not _is_by_organisation(name)]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with the scripts of its filter by organisation where it has one."""
        context: dict[str, Any] = {}
        filters = self.get_list_filter(request)
        if is_platform_staff(request) and any(map(_is_by_organisation, filters)):
            context["media"] = self.media + OrganisationFilter.media(self.admin_site)
        return super().changelist_view(request, context | (extra_context or {}))

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

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The history of a row. Administrators do not see the names of users who do not belong to
        their organisation, such as platform staff."""
        response = super().history_view(request, object_id, extra_context)
        entries = (getattr(response, "context_data", None) or {}).get("action_list", ())
        for entry in entries:
            if not is_visible_user(request, entry.user):
                entry.user = User(email=HIDDEN_USER)
        return response


def _is_by_organisation(name: Any) -> bool:
    return isinstance(name, type) and issubclass(name, OrganisationFilter)


def is_visible_user(request: HttpRequest, user: User) -> bool:
    """Whether a page may name this user: to platform staff, and within an organisation."""
    own = current_user(request).organisation_id
    return is_platform_staff(request) or (own is not None and user.organisation_id == own)
