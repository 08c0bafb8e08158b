"""The action of the list of users that gives quotas again."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from imports.quotas import reset_limits
from users.models import User


@admin.action(description="Reset upload limits", permissions=["change"])
def reset_upload_limits(
    modeladmin: ModelAdmin[User], request: HttpRequest, queryset: QuerySet[User]
) -> None:
    """Gives those who were chosen the whole quota again. For platform staff."""
    users = list(queryset)
    for user in users:
        reset_limits(user.pk)
    modeladmin.message_user(request, f"The upload limits of {len(users)} user(s) are reset.")
