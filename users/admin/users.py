"""The admin site's pages of users and organisations.

Platform staff see everything. An organisation's administrator with `is_staff` sees what is of their
own organisation: anything else is not in their lists, and its page is a 404.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.forms import UserChangeForm as DjangoUserChangeForm
from django.db.models import Model
from django.http import HttpRequest

from users.admin.base import OwnOrganisationAdmin, current_user
from users.models import User, UserManager

if TYPE_CHECKING:  # Django's own classes can't be subscripted when the program runs
    BaseUserAdmin = DjangoUserAdmin[User]
    UserForm = forms.ModelForm[User]
    BaseAddForm = AdminUserCreationForm[User]
    BaseChangeForm = DjangoUserChangeForm[User]
else:
    BaseUserAdmin = DjangoUserAdmin
    UserForm = forms.ModelForm
    BaseAddForm = AdminUserCreationForm
    BaseChangeForm = DjangoUserChangeForm


class _OneFormOfAddress(UserForm):
    def clean_email(self) -> str:
        """As it is stored, so that the check for a second one finds it."""
        return UserManager.normalize_email(self.cleaned_data["email"])


class UserChangeForm(_OneFormOfAddress, BaseChangeForm):
    """A user as they are; the password has a page of its own."""

    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, Any] = {}


class UserAddForm(_OneFormOfAddress, BaseAddForm):
    """A user with or without a password."""

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "role", "organisation")
        field_classes: dict[str, Any] = {}


PERSON = ("email", "first_name", "last_name", "role", "organisation")
DETAILS = ("department", "location", "phone")
ACCESS = ("market_edge_access", "causal_edge_access", "value_edge_access")
RIGHTS = ("is_active", "is_staff", "is_superuser", "wants_import_mail", "password")
HISTORY = ("import_batch_id", "invitation_requested", "last_login", "created_at", "updated_at")


class UserAdmin(OwnOrganisationAdmin, BaseUserAdmin):
    """Users. Only platform staff add and change them by hand; administrators import them."""

    form = UserChangeForm
    add_form = UserAddForm
    fieldsets = (
        (None, {"fields": PERSON}),
        ("Details", {"fields": DETAILS}),
        ("Applications", {"fields": ACCESS}),
        ("Account", {"fields": RIGHTS}),
        ("History", {"fields": HISTORY}),
    )
    add_fieldsets = (
        (None, {"fields": PERSON}),
        ("Password", {"fields": ("usable_password", "password1", "password2")}),
    )
    readonly_fields = HISTORY
    filter_horizontal = ()
    list_display = ("email", "full_name", "role", "organisation", "is_active")
    list_filter = ("role", "is_active", "organisation", "created_at")
    list_select_related = ("organisation",)
    search_fields = ("email", "first_name", "last_name", "department")
    search_help_text = "Address, name or department"
    ordering = ("email",)
    list_per_page = 50
    show_full_result_count = False

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """An administrator looks, and need not see how a password is kept."""
        if obj is None or current_user(request).is_superuser:
            return super().get_fieldsets(request, cast(User | None, obj))
        account = ("is_active", "last_login", "created_at")
        return (*self.fieldsets[:3], ("Account", {"fields": account}))

    @admin.display(description="name", ordering="last_name")
    def full_name(self, user: User) -> str:
        """First and last name."""
        return user.get_full_name()

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """By hand, a user can be given any role and organisation: that is for platform staff."""
        return current_user(request).is_superuser and super().has_add_permission(request)
