"""The form of a user, with the rules that hold for the values of a file, and the import that a user
came from."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from imports.models import ImportBatch
from imports.schema.fields import FIELDS
from imports.validation.problems import Problem
from imports.validation.rules import rules_of_row
from users.admin.people_form import UserChangeForm
from users.rights.roles import Role

_RULES = {
    name: rule
    for (name, field), rule in zip(FIELDS.items(), rules_of_row(Role.VIEWER), strict=True)
    if field.kind in ("text", "phone")
}


class CheckedUserForm(UserChangeForm):
    """Changes a user, to values that a file could have as well. What is not changed stays."""

    def clean(self) -> dict[str, Any]:
        """Refuses values that a row of a file could not have."""
        values = super().clean()
        for name in set(self.changed_data) & set(_RULES) & set(values):
            outcome = _RULES[name](values[name])
            if isinstance(outcome, Problem):
                self.add_error(name, outcome.message)
        return values


_ORIGIN = {"import_batch_id": "origin"}


class WithOrigin:
    """Pages of users that name the import which created a user."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Adds the names of the files that users were imported from."""
        files = ImportBatch.objects.everywhere().filter(id=OuterRef("import_batch_id"))
        users: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        with_files: QuerySet[Any] = users.annotate(origin_name=Subquery(files.values("filename")))
        return with_files

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Names the import in place of its id."""
        return [
            (
                title,
                options | {"fields": tuple(_ORIGIN.get(name, name) for name in options["fields"])},
            )
            for title, options in super().get_fieldsets(request, obj)  # type: ignore[misc]
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The import can't be changed."""
        return (*super().get_readonly_fields(request, obj), "origin")  # type: ignore[misc]

    @admin.display(description="imported from")
    def origin(self, user: Any) -> str:
        """A link to the import that created the user."""
        if not user.origin_name:
            return "–"
        url = reverse("admin:imports_importbatch_change", args=[user.import_batch_id])
        return format_html('<a href="{}">{}</a>', url, user.origin_name)
