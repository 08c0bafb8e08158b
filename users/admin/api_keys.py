"""The admin site's pages of API keys: they create a key, show it once and revoke it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers

from users.admin.base import (
    HIDDEN_USER,
    OwnOrganisationAdmin,
    current_user,
    is_platform_staff,
)
from users.admin.lists import OrganisationFilter, titled
from users.credentials import api_keys
from users.models import ApiKey


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg] # can't be subscripted at run time
    """Creates a key."""

    def clean(self) -> dict[str, Any]:
        """Refuses a key that could do nothing, as its user may not manage the organisation."""
        values = super().clean() or {}
        user, organisation = values.get("user"), values.get("organisation")
        if user and organisation and not user.may_manage_users_of(organisation.id):
            raise ValidationError(
                f"{user} may not manage the users of {organisation}, so this key could not either."
                " Choose an administrator of that organisation."
            )
        return values


@admin.action(description="Revoke selected keys", permissions=["view"])
def revoke(modeladmin: ModelAdmin[ApiKey], request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
    """Revokes the keys. They stop working at once, for good."""
    for key in keys:
        api_keys.revoke(key)
        modeladmin.log_change(request, key, "Revoked.")
    modeladmin.message_user(request, "The chosen keys can't be used any more.")


@admin.register(ApiKey)
class ApiKeyAdmin(OwnOrganisationAdmin):
    """API keys of scripts.

    Administrators create keys for themselves. Platform staff create keys for any user who may
    manage users."""

    form = ApiKeyForm
    actions = [revoke]
    list_display = ("name", "prefix", "owner", "organisation", "state", "last_used_at")
    list_filter = (
        OrganisationFilter,
        ("created_at", titled("date created", admin.DateFieldListFilter)),
    )
    list_select_related = ("user", "organisation")
    search_fields = ("name", "prefix")
    autocomplete_fields = ("user", "organisation")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Adds whether the page may name the user of a key."""
        keys: QuerySet[Any] = super().get_queryset(request)
        own = Q(user__organisation=current_user(request).organisation_id)
        is_visible = Value(True) if is_platform_staff(request) else own
        with_flag: QuerySet[Any] = keys.annotate(is_visible_user=is_visible)
        return with_flag

    def get_search_fields(self, request: HttpRequest) -> Any:
        """The columns that are searched. A search by e-mail address would find hidden users."""
        by_user = ("user__email",) if is_platform_staff(request) else ()
        return (*self.search_fields, *by_user)

    @admin.display(description="user")
    def owner(self, key: Any) -> str:
        """The user whose permissions the key has, where the page may name them.

        Keys of an organisation may be those of platform staff, or of a user who has left it."""
        return str(key.user) if key.is_visible_user else HIDDEN_USER

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        """Whether the key can be used."""
        return key.state()

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """The fields to fill in for a new key, or all details of an existing one."""
        new = ("name", "expires_at")
        if obj is None:
            return (*new, "user", "organisation") if is_platform_staff(request) else new
        return (
            *("name", "prefix", "owner", "organisation", "created_at"),
            *("expires_at", "revoked_at", "last_used_at", "state"),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """An existing key can't be changed here. It is revoked from the list."""
        return self.get_fields(request, obj) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Creates the key. `response_add` shows it."""
        if not is_platform_staff(request):
            obj.user = current_user(request)
            obj.organisation_id = current_user(request).organisation_id
        form.secret = obj.secret = api_keys.make_secret(obj)
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The only page that shows the key.

        It does not redirect, as the key would have to be stored for the next request."""
        context = {
            **self.admin_site.each_context(request),
            "title": "The new API key",
            "opts": self.opts,
            "key": obj,
            "secret": obj.secret,
        }
        response = TemplateResponse(request, "admin/users/apikey/created.html", context)
        add_never_cache_headers(response)
        return response

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Users who may manage users may give that right to a script."""
        user = current_user(request)
        return user.is_authenticated and user.manages_users

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the user may view keys. `get_queryset` limits them to the own organisation."""
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the user may create keys. Administrators need an organisation for that."""
        user = current_user(request)
        has_organisation = is_platform_staff(request) or user.organisation_id is not None
        return self.has_module_permission(request) and has_organisation

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: keys are never changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: revoked keys stay on record."""
        return False
