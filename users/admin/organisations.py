"""The admin page of organisations."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from users.admin.base import ModelAdmin
from users.models import Organisation


@admin.register(Organisation)
class OrganisationAdmin(ModelAdmin):
    """Organisations. Only platform staff see them."""

    list_display = ("name", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name",)
    readonly_fields = ("created_at", "updated_at")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: deleting an organisation would delete its users. It is made inactive instead."""
        return False
