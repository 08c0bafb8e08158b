"""What the admin pages of imports share."""

from __future__ import annotations

from django.db.models import Model
from django.http import HttpRequest

from users.admin.base import OwnOrganisationAdmin


class ReadOnlyAdmin(OwnOrganisationAdmin):
    """Nothing is added, changed or deleted here."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A file is imported from the list of users."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only the engine writes here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Retention deletes (`manage.py purge_imports`)."""
        return False
