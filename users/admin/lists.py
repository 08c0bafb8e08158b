"""What lists of large tables share: pages without a count of all rows, and a filter by organisation
that is searched instead of listing all names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.forms import Media, ModelChoiceField
from django.http import HttpRequest

from users.models import Organisation, User
from users.rights.roles import Role

MOST_COUNTED = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg] # can't be subscripted at run time
    """Pages of the first MOST_COUNTED rows. To count all rows of a table takes as long as to read
    them, and nobody turns so many pages: a search and filters lead further."""

    @cached_property
    def count(self) -> int:
        """The number of rows that are shown."""
        return min(self._counted, MOST_COUNTED)

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows."""
        return self._counted > MOST_COUNTED

    @cached_property
    def _counted(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by().values("pk")[: MOST_COUNTED + 1].count()


def titled(title: str, kind: type[admin.FieldListFilter]) -> type[admin.FieldListFilter]:
    """A filter of a column with a title of its own, instead of the name of the column."""

    class Titled(kind):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.title = title

    return Titled


class _Select(AutocompleteSelect):
    def build_attrs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Django's attributes, with words for an empty field."""
        return super().build_attrs(*args, **kwargs) | {"data-placeholder": "All organisations"}


class OrganisationFilter(admin.ListFilter):
    """Filters by organisation, for platform staff: a field that finds a name while it is typed."""

    title = "organisation"
    template = "admin/organisation_filter.html"
    parameter_name = "organisation__id__exact"
    lookup = "organisation_id"  # from the model to the id of the organisation

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.admin_site = model_admin.admin_site
        with suppress(ValueError):  # what is no id chooses nothing
            self.used_parameters[self.parameter_name] = UUID(
                params.pop(self.parameter_name, [""])[-1]
            )

    def has_output(self) -> bool:
        """Whether the filter is shown and used. For administrators it does nothing."""
        return cast(User, self.request.user).role == Role.SUPER_ADMIN

    def expected_parameters(self) -> list[str | None]:
        """The parameters of the URL that the filter takes."""
        return [self.parameter_name]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Gives the rows of the chosen organisation, or all."""
        chosen = self.used_parameters.get(self.parameter_name)
        return queryset.filter(**{self.lookup: chosen}) if chosen else queryset

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Gives one thing: the field, and the other parameters of the URL, which it keeps."""
        chosen = str(self.used_parameters.get(self.parameter_name, ""))
        dropped = (self.parameter_name, PAGE_VAR)
        yield {
            "field": self._field().widget.render(
                self.parameter_name,
                [chosen] if chosen else [],
                {"id": "organisation-filter", "data-placeholder": "All organisations"},
            ),
            "others": [
                (name, value)
                for name, values in changelist.filter_params.items()
                for value in values
                if name not in dropped
            ]
            + [(name, changelist.params[name]) for name in ("q", "o") if name in changelist.params],
            "all": changelist.get_query_string(remove=[self.parameter_name]),
            "chosen": chosen,
        }

    def _field(self) -> Any:
        return ModelChoiceField(
            Organisation.objects.all(),
            required=False,
            widget=_Select(User._meta.get_field("organisation"), self.admin_site),
        )

    @classmethod
    def media(cls, admin_site: Any) -> Media:
        """The scripts and styles of the field."""
        widget = AutocompleteSelect(User._meta.get_field("organisation"), admin_site)
        return widget.media + Media(js=("users/organisation_filter.js",))
