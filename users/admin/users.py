"""The admin site's page of users.

Platform staff see all users. Administrators with `is_staff` see the users of their own
organisation. Other users are not in their list, and the pages of those answer 404.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html

from core.errors import Refusal
from core.text import utc
from users.admin.base import OwnOrganisationAdmin, current_user, is_platform_staff
from users.admin.lists import OrganisationFilter, titled
from users.admin.people_form import UserAddForm, UserChangeForm
from users.admin.people_lists import (
    ACTIONS,
    ApplicationFilter,
    InvitationFilter,
    state_in_words,
)
from users.models import User
from users.people import changes
from users.people.queries import with_invitation
from users.rights.roles import Role, is_above

if TYPE_CHECKING:  # Django's class can't be subscripted at run time
    BaseUserAdmin = DjangoUserAdmin[User]
else:
    BaseUserAdmin = DjangoUserAdmin


NAME_AND_ROLE = ("email", "first_name", "last_name", "role", "organisation")
DETAILS = ("department", "location", "phone")
ACCESS = tuple(changes.APPLICATIONS)
RIGHTS = ("is_active", "is_staff", "wants_import_mail", "password")
HISTORY = (
    *("import_batch_id", "invitation_requested", "invitation"),
    *("last_login", "created_at", "updated_at"),
)
# What administrators only see.
ADDRESS_AND_STATE = ("email", "is_active")


class UserAdmin(OwnOrganisationAdmin, BaseUserAdmin):
    """Users. Administrators change the people of their organisation by the rules of
    `users.people.changes`; platform staff add users, and change all of them."""

    form = UserChangeForm
    add_form = UserAddForm
    fieldsets = (
        (None, {"fields": (*NAME_AND_ROLE, "version")}),
        ("Details", {"fields": DETAILS}),
        ("Applications", {"fields": ACCESS}),
        ("Account", {"fields": RIGHTS}),
        ("History", {"fields": HISTORY}),
    )
    add_fieldsets = (
        (None, {"fields": NAME_AND_ROLE}),
        ("Password", {"fields": ("usable_password", "password1", "password2")}),
    )
    readonly_fields = HISTORY
    filter_horizontal = ()
    actions = ACTIONS
    list_display: tuple[Any, ...] = (
        *("person", "role", "organisation", "active"),
        *("invitation", "seen"),
    )
    list_filter = (
        OrganisationFilter,
        "role",
        ("is_active", titled("active", admin.BooleanFieldListFilter)),
        *(InvitationFilter, ApplicationFilter),
        ("created_at", titled("date added", admin.DateFieldListFilter)),
    )
    list_select_related = ("organisation",)
    extra_lookups = ("import_batch_id",)  # the link to the users that an import created
    search_fields = ("email", "first_name", "last_name", "department")
    search_help_text = "E-mail address, name or department"
    ordering = ("email",)
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Reads the invitations along."""
        return with_invitation(super().get_queryset(request))

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Administrators do not see the organisation, the password and the rights."""
        if obj is None or is_platform_staff(request):
            return super().get_fieldsets(request, cast(User | None, obj))
        names = ("email", "first_name", "last_name", "role", "version")
        account = ("is_active", "invitation", "last_login", "created_at")
        return (
            (None, {"fields": names}),
            *self.fieldsets[1:3],
            ("Account", {"fields": account}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Administrators do not change an address, and deactivate people from the list."""
        fields = super().get_readonly_fields(request, cast(User | None, obj))
        return fields if is_platform_staff(request) else (*fields, *ADDRESS_AND_STATE)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form. It knows who sends it."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.by = current_user(request)  # a class of its own for each request
        return form

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offers the roles that the user may give."""
        if db_field.name == "role":
            own = current_user(request).role
            kwargs["choices"] = [choice for choice in Role.choices if not is_above(choice[0], own)]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    @admin.display(description="invitation")
    def invitation(self, user: User) -> str:
        """The state of the invitation, and why it failed."""
        return state_in_words(user)

    @admin.display(description="user", ordering="email")
    def person(self, user: User) -> str:
        """The e-mail address, and below it the name."""
        name = user.get_full_name()
        return format_html("{}<small>{}</small>", user.email, name)

    @admin.display(description="active", ordering="is_active", boolean=True)
    def active(self, user: User) -> bool:
        """Whether the user may log in."""
        return user.is_active

    @admin.display(description="last login", ordering="last_login")
    def seen(self, user: User) -> str:
        """The time of the last login in UTC."""
        return utc(user.last_login) if user.last_login else "never"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Platform staff only, as the form lets them choose any role and organisation."""
        return is_platform_staff(request) and super().has_add_permission(request)

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """The page that sets a password. Platform staff only: others invite people."""
        if not is_platform_staff(request):
            self.get_object(request, unquote(id))  # 404 for users of other organisations
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The page of a user. What is refused only when it is saved, because somebody else was
        faster by a moment, shows the page again."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            self.message_user(request, refusal.detail, messages.ERROR)
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Saves the user. `is_superuser`, which Django expects, follows from the role.

        Raises what `changes.change` raises."""
        by = current_user(request)
        if not change:
            obj.is_superuser = obj.role == Role.SUPER_ADMIN
            super().save_model(request, obj, form, change)
            changes.person_added.send(User, person=obj, by=by)
            return
        before = User.objects.everywhere().select_related("organisation").get(id=obj.id)
        version = form.cleaned_data["version"]
        changes.change(before, by=by, values=form.changed_values(), version=version)
